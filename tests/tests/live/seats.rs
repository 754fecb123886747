//! The limit of an event counts spectators on all gateways and is exact.

use futures::future::join_all;
use serde_json::json;
use system_tests::{Spectator, Stack, StackConfig, until};

async fn public_event(stack: &Stack) -> String {
    let api = stack.ingest();
    let key = api.create("E").await;
    api.bring_to("E", &key, "startlist").await;
    key
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_400_at_once_exactly_200_are_let_in_and_a_closed_one_frees_its_seat() {
    let stack = Stack::pair().await;
    public_event(&stack).await;
    let connects = (0..400).map(|number| stack.try_watch(number % 2, "E"));
    let (inside, refused): (Vec<_>, Vec<_>) = join_all(connects)
        .await
        .into_iter()
        .partition(Result::is_ok);
    let mut inside: Vec<Spectator> = inside.into_iter().flatten().collect();
    assert_eq!(inside.len(), 200);
    for refusal in refused.into_iter().filter_map(Result::err) {
        assert_eq!(refusal.status, 503);
        assert_eq!(refusal.body["error"], "ConnectionLimitReached");
        assert_eq!(refusal.body["maxConnections"], 200);
    }
    for spectator in &mut inside {
        assert_eq!(spectator.message().await["type"], "full");
    }

    for gateway in [0, 1] {
        inside.pop().expect("200 of them").leave().await;
        let back = until("the seat to be free", || async {
            stack.try_watch(gateway, "E").await.ok()
        });
        inside.push(back.await);
        assert!(stack.try_watch(1 - gateway, "E").await.is_err());
    }
}

#[tokio::test]
async fn a_killed_gateway_gives_its_seats_back_when_its_lease_ends() {
    let config = StackConfig {
        gateways: 2,
        // The spectators here read nothing while the test waits, so they answer no ping either.
        gateway_flags: vec![
            "--max-connections-per-event=3".to_owned(),
            "--ping-seconds=600".to_owned(),
        ],
        ..StackConfig::default()
    };
    let mut stack = Stack::with(config).await;
    public_event(&stack).await;
    let _inside = [
        stack.watch(0, "E").await,
        stack.watch(0, "E").await,
        stack.watch(1, "E").await,
    ];
    assert!(stack.try_watch(1, "E").await.is_err());
    stack.gateways[0].process.kill();
    let _first = until("a seat of the dead gateway", || async {
        stack.try_watch(1, "E").await.ok()
    })
    .await;
    let _second = stack.watch(1, "E").await;
    assert!(stack.try_watch(1, "E").await.is_err());
}

#[tokio::test]
async fn a_plain_request_costs_no_seat_and_is_told_to_upgrade() {
    let config = StackConfig {
        gateway_flags: vec!["--max-connections-per-event=1".to_owned()],
        ..StackConfig::default()
    };
    let stack = Stack::with(config).await;
    public_event(&stack).await;
    for _ in 0..3 {
        let answer = stack.gateway_at(0).get("/events/E/ws").await;
        assert_eq!(answer.status, 426);
        assert_eq!(answer.body["error"], "Upgrade required");
        assert_eq!(answer.headers["upgrade"], "websocket");
    }
    let _inside = stack.watch(0, "E").await;
}

#[tokio::test]
async fn a_gateway_at_its_own_maximum_refuses() {
    let config = StackConfig {
        gateway_flags: vec!["--max-connections=1".to_owned()],
        ..StackConfig::default()
    };
    let stack = Stack::with(config).await;
    public_event(&stack).await;
    let _inside = stack.watch(0, "E").await;
    let refused = stack.try_watch(0, "E").await.err().expect("no place");
    assert_eq!(refused.status, 503);
    assert_eq!(refused.body["error"], json!("Service unavailable"));
}
