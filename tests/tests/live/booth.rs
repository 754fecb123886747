//! A race day as the booth plays it.

use std::collections::BTreeMap;

use common::protocol::{change::OnCourseDelta, views::OnCourseView};
use serde_json::Value;
use sim::{
    booth::{Client, Pace, Plan, Rhythm, play},
    race_day::{RaceDay, Size},
};
use system_tests::{Spectator, Stack, spectator::Standing};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spectators_of_both_gateways_receive_the_same_stream_without_a_hole() {
    let stack = Stack::pair().await;
    let api = stack.ingest();
    let key = api.create("DEMO").await;
    api.bring_to("DEMO", &key, "startlist").await;
    let mut spectators = [stack.watch(0, "DEMO").await, stack.watch(1, "DEMO").await];
    let origin = &stack.gateways[1].origin;
    let delta = Spectator::connect_with(origin, "DEMO", "?oncourse=delta", Standing::default());
    let mut delta = delta.await.expect("it is let in");
    let size = Size {
        starts_per_class: 4,
        start_interval_ms: 20_000,
    };
    let plan = Plan {
        event_id: "DEMO".to_owned(),
        api_key: Some(key),
        replace: false,
        begin_ms: 0,
        pace: Pace::Times(60.0),
        rhythm: Rhythm::default(),
        last_status: "official".to_owned(),
        stop_after: None,
        progress: false,
        paused: None,
    };
    let client = Client::new(&stack.ingests[0].origin, None).expect("a client");
    let playing = tokio::spawn(play(client, RaceDay::weekend(3, size), plan));

    let [left, right] = &mut spectators;
    let (left, right, delta) = tokio::join!(
        left.until_closed(),
        right.until_closed(),
        delta.until_closed()
    );
    let report = playing
        .await
        .expect("the booth runs")
        .expect("nothing is refused");
    assert!(report.requests("oncourse") > 20, "{report}");

    for (messages, code, reason) in [&left, &right] {
        assert_eq!(
            (*code, reason.as_str()),
            (1000, "Event results are official")
        );
        assert!(messages.len() > 30, "{}", messages.len());
    }
    // Whoever joined first saw an earlier `full`; from there on the streams are the same.
    let stream = |messages: &[Value]| -> Vec<String> {
        let diffs = messages.iter().skip(1);
        diffs
            .map(|message| format!("{} {}", message["seq"], message["data"]))
            .collect()
    };
    assert_eq!(stream(&left.0), stream(&right.0));
    let changes = delta
        .0
        .iter()
        .filter(|m| !m["data"]["oncourseDelta"].is_null());
    assert!(changes.count() > 20);
    assert_eq!(boats(&delta.0), boats(&right.0));
}

/// The boats on the water after each message, by seq.
fn boats(messages: &[Value]) -> BTreeMap<u64, Vec<OnCourseView>> {
    let mut all = BTreeMap::new();
    let mut list: Vec<OnCourseView> = Vec::new();
    for message in messages {
        let seq = message["seq"].as_u64().expect("a seq");
        let data = &message["data"];
        if data["oncourse"].is_array() {
            list = serde_json::from_value(data["oncourse"].clone()).expect("boats");
        } else if data["oncourseDelta"].is_object() {
            let delta: OnCourseDelta =
                serde_json::from_value(data["oncourseDelta"].clone()).expect("a delta");
            delta.apply(&mut list);
        }
        all.insert(seq, list.clone());
    }
    all
}
