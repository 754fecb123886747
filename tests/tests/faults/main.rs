//! What fails, and what nobody notices of it. Mechanisms stand in pairs: with it the scenario passes,
//! without it the same scenario fails.

mod chaos;
mod durability;
mod many;
mod outage;
mod restored;
mod rolling;
mod room;
mod slow;
mod tls;
mod unread;

use serde_json::json;
use system_tests::{SAMPLE_XML, Spectator, Stack, StackConfig};

const RACE: &str = "K1M_QUA_4";

/// A system with one running event, and the event's key.
async fn running(gateway_flags: &[&str]) -> (Stack, String) {
    let config = StackConfig {
        gateway_flags: gateway_flags
            .iter()
            .map(|flag| (*flag).to_owned())
            .collect(),
        ..StackConfig::default()
    };
    running_with(config).await
}

/// The same, of a system of the test's choice.
async fn running_with(config: StackConfig) -> (Stack, String) {
    let stack = Stack::with(config).await;
    let api = stack.ingest();
    let key = api.create("E").await;
    api.push_xml(&key, SAMPLE_XML).await;
    api.bring_to("E", &key, "running").await;
    (stack, key)
}

async fn push(stack: &Stack, key: &str, bib: u32, time: u32) {
    let pushed = stack.ingest().push_result(key, RACE, bib, time).await;
    assert_eq!(pushed.body, json!({ "updated": 1 }));
}

/// Waits until a spectator has got everything up to where the event stands now: by diffs, or by a full of another epoch.
async fn catch_up(stack: &Stack, spectator: &mut Spectator) {
    let path = format!("/events/E/results/{RACE}");
    let read = stack.gateway_at(0).get(&path).await;
    let position = |name: &str| read.headers[name].to_str().expect("text").to_owned();
    let (epoch, seq) = (position("x-event-epoch"), position("x-event-seq"));
    while spectator.standing().epoch != epoch || spectator.seq().to_string() != seq {
        spectator.message().await;
    }
}
