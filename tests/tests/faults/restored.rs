//! Redis comes back with an older copy of its data, and nobody pushes afterwards.

use std::time::Duration;

use serde_json::Value;
use system_tests::{Spectator, Stack, StackConfig, until};

use super::{RACE, catch_up, push, running_with};

/// Longer than any check of the position waits.
const LONG: Duration = Duration::from_secs(12);

/// A spectator at the position of 80.00, while Redis is back at 90.00.
async fn back_at_an_older_copy(flags: &[&str]) -> (Stack, String, Spectator) {
    let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let config = StackConfig {
        ingest_flags: flags.clone(),
        gateway_flags: flags,
        ..StackConfig::default()
    };
    let (mut stack, key) = running_with(config).await;
    let mut spectator = stack.watch(0, "E").await;
    push(&stack, &key, 1, 9000).await;
    stack.redis_mut().stop();
    let backup = stack.redis().back_up();
    stack.redis_mut().restart().await;
    push_again(&stack, &key, 1, 8000).await;
    assert_eq!(best(&stack).await.0, 8000);
    catch_up(&stack, &mut spectator).await;
    stack.redis_mut().stop();
    stack.redis().restore(&backup);
    stack.redis_mut().restart().await;
    (stack, key, spectator)
}

/// Pushes a result, as often as it takes while ingest finds Redis again.
async fn push_again(stack: &Stack, key: &str, bib: u32, time: u32) {
    until("ingest to take results again", || async {
        let pushed = stack.ingest().push_result(key, RACE, bib, time).await;
        (pushed.status == 200).then_some(())
    })
    .await;
}

/// The best time of the race by REST, and the epoch that it is of.
async fn best(stack: &Stack) -> (Value, String) {
    let path = format!("/events/E/results/{RACE}");
    let answer = stack.gateway_at(0).get(&path).await;
    let epoch = answer.headers["x-event-epoch"].to_str().expect("text");
    (answer.body["results"][0]["time"].clone(), epoch.to_owned())
}

#[tokio::test]
async fn an_older_copy_is_another_epoch_for_everybody_before_the_next_push() {
    let (stack, key, mut spectator) = back_at_an_older_copy(&[]).await;
    let before = spectator.standing();
    let full = spectator.message().await;
    assert_eq!(full["type"], "full");
    assert_ne!(full["epoch"], before.epoch.as_str());
    assert!(full["seq"].as_u64() < Some(before.seq), "{full}");
    let (time, epoch) = best(&stack).await;
    assert_eq!((&time, &full["epoch"]), (&9000.into(), &epoch.into()));

    let back = Spectator::resume(&stack.gateways[0].origin, "E", before).await;
    let first = back.expect("let in").message().await;
    assert_eq!(first["epoch"], full["epoch"]);

    push_again(&stack, &key, 2, 9500).await;
    let diff = spectator.message().await;
    assert_eq!(diff["seq"], full["seq"].as_u64().map_or(0, |seq| seq + 1));
}

#[tokio::test]
async fn without_new_epochs_spectators_go_on_believing_what_is_lost() {
    let (stack, _, mut spectator) = back_at_an_older_copy(&["--without=new-epoch"]).await;
    until("the older result by REST", || async {
        (best(&stack).await.0 == 9000).then_some(())
    })
    .await;
    let told = tokio::time::timeout(LONG, spectator.message()).await;
    assert!(told.is_err(), "{told:?}");
}
