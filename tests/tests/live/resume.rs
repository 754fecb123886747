//! Spectators who come back get exactly what they missed, on any gateway, or a `full`.

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{
    SAMPLE_XML, Spectator, Stack, StackConfig, metrics::metric, servers::own_address,
    spectator::Standing,
};

const RACE: &str = "K1M_QUA_4";

async fn running(stack: &Stack) -> String {
    let api = stack.ingest();
    let key = api.create("E").await;
    api.push_xml(&key, SAMPLE_XML).await;
    api.bring_to("E", &key, "running").await;
    key
}

async fn back(stack: &Stack, gateway: usize, standing: &Standing) -> Spectator {
    let origin = &stack.gateways[gateway].origin;
    let back = Spectator::resume(origin, "E", standing.clone()).await;
    back.expect("it is let in")
}

/// Where a spectator stands that has just come.
async fn stood(stack: &Stack, gateway: usize) -> Standing {
    let mut spectator = stack.watch(gateway, "E").await;
    spectator.message().await;
    let standing = spectator.standing();
    spectator.leave().await;
    standing
}

/// Pushes `count` results, each of which is one message.
async fn race_on(stack: &Stack, key: &str, count: u32) {
    for number in 0..count {
        let answer = stack
            .ingest()
            .push_result(key, RACE, 1, 9000 + number)
            .await;
        assert_eq!(answer.body, json!({ "updated": 1 }));
    }
}

async fn next(spectator: &mut Spectator, count: usize) -> Vec<Value> {
    let mut messages = Vec::new();
    for _ in 0..count {
        messages.push(spectator.message().await);
    }
    messages
}

#[tokio::test]
async fn exactly_what_was_missed_on_any_gateway_twice_in_a_row_then_live() {
    let stack = Stack::pair().await;
    let key = running(&stack).await;
    let standing = stood(&stack, 0).await;
    race_on(&stack, &key, 5).await;
    // The other gateway has no room yet: it reads the history, once for all who come.
    for gateway in [1, 0, 1] {
        let mut spectator = back(&stack, gateway, &standing).await;
        let messages = next(&mut spectator, 6).await;
        assert_eq!(messages[0]["type"], "resumed");
        assert_eq!(messages[0]["missed"], 5);
        for (index, message) in messages[1..].iter().enumerate() {
            assert_eq!(message["data"]["results"][0]["time"], 9000 + index);
        }
        race_on(&stack, &key, 0).await;
        spectator.leave().await;
    }
    let mut one = back(&stack, 1, &standing).await;
    next(&mut one, 6).await;
    let standing = one.standing();
    one.leave().await;
    let mut nothing_missed = back(&stack, 0, &standing).await;
    assert_eq!(nothing_missed.message().await["missed"], 0);
    stack.ingest().push_result(&key, RACE, 1, 8000).await;
    assert_eq!(
        nothing_missed.message().await["data"]["results"][0]["time"],
        8000
    );
}

#[tokio::test]
async fn a_resume_during_a_burst_has_neither_hole_nor_double() {
    let stack = Stack::pair().await;
    let key = running(&stack).await;
    let mut standings = vec![stood(&stack, 0).await; 4];
    let api = stack.ingest();
    let burst = tokio::spawn(async move {
        for number in 0..150 {
            api.push_result(&key, RACE, 1, 9000 + number).await;
        }
    });
    // The spectator itself checks every seq, also across its reconnections.
    for round in 0..12 {
        for (index, standing) in standings.iter_mut().enumerate() {
            let mut spectator = back(&stack, (round + index) % 2, standing).await;
            next(&mut spectator, 2).await;
            *standing = spectator.standing();
        }
    }
    burst.await.expect("all was pushed");
    let position = stack.gateway_at(0).get("/events/E").await.body["seq"].as_u64();
    for standing in &standings {
        let mut spectator = back(&stack, 0, standing).await;
        while Some(spectator.seq()) < position {
            spectator.message().await;
        }
    }
}

#[tokio::test]
async fn whatever_can_t_be_continued_gets_a_full() {
    let stack = Stack::start().await;
    let key = running(&stack).await;
    let Standing { epoch, seq } = stood(&stack, 0).await;
    race_on(&stack, &key, 1).await;
    let future = seq + 1000;
    for query in [
        format!("?epoch={epoch}&since={future}"),
        format!("?epoch={epoch}&since=-1"),
        format!("?epoch={epoch}&since=18446744073709551616"),
        format!("?epoch={epoch}&since={seq}.5"),
        format!("?epoch={epoch}&since="),
        format!("?epoch={epoch}"),
        format!("?epoch=0000000000000000&since={seq}"),
        format!("?epoch={}&since={seq}", "x".repeat(2000)),
        format!("?since={seq}"),
        format!("?since={seq}&since={seq}&epoch={epoch}"),
        "?epoch=%ff&since=1".to_owned(),
    ] {
        let origin = &stack.gateways[0].origin;
        let connected = Spectator::connect_with(origin, "E", &query, Standing::default()).await;
        let first = connected.expect("it is let in").message().await;
        assert_eq!(first["type"], "full", "{query}");
        assert_eq!(first["seq"], seq + 1, "{query}");
    }
}

#[tokio::test]
async fn a_new_structure_on_the_way_is_told_by_one_full() {
    let stack = Stack::start().await;
    let key = running(&stack).await;
    let standing = stood(&stack, 0).await;
    let edit = stack.ingest().request(Method::PATCH, "/admin/events/E");
    stack
        .ingest()
        .send(edit.json(&json!({ "location": "Praha" })))
        .await;
    race_on(&stack, &key, 2).await;
    let mut spectator = back(&stack, 0, &standing).await;
    let full = spectator.message().await;
    assert_eq!(
        (full["type"].as_str(), full["seq"].as_u64()),
        (Some("full"), Some(standing.seq + 3))
    );
    race_on(&stack, &key, 1).await;
    assert_eq!(spectator.message().await["type"], "diff");
}

#[tokio::test]
async fn a_history_that_does_not_reach_back_gives_a_full_and_one_that_does_the_diffs() {
    for (messages, expected) in [(3, "full"), (100, "resumed")] {
        let flag = format!("--history-messages={messages}");
        let config = StackConfig {
            ingest_flags: vec![flag.clone()],
            gateway_flags: vec![flag],
            ..StackConfig::default()
        };
        let stack = Stack::with(config).await;
        let key = running(&stack).await;
        let standing = stood(&stack, 0).await;
        race_on(&stack, &key, 6).await;
        let first = back(&stack, 0, &standing).await.message().await;
        assert_eq!(first["type"], expected, "history of {messages}");
    }
}

#[tokio::test]
async fn an_event_created_anew_is_never_continued() {
    let stack = Stack::start().await;
    running(&stack).await;
    let standing = stood(&stack, 0).await;
    let delete = stack.ingest().request(Method::DELETE, "/admin/events/E");
    stack.ingest().send(delete).await;
    running(&stack).await;
    let mut spectator = back(&stack, 0, &standing).await;
    let full = spectator.message().await;
    assert_eq!(full["type"], "full");
    assert_ne!(full["epoch"], standing.epoch.as_str());
}

#[tokio::test]
async fn many_who_come_back_at_once_cost_redis_one_read_of_the_history() {
    let metrics = format!("{}:9090", own_address());
    let config = StackConfig {
        gateway_flags: vec![
            "--max-connections-per-event=1000".to_owned(),
            format!("--metrics-listen={metrics}"),
        ],
        ..StackConfig::default()
    };
    let mut stack = Stack::with(config).await;
    let key = running(&stack).await;
    let standing = stood(&stack, 0).await;
    race_on(&stack, &key, 5).await;
    // A gateway without a room for the event must read all that they missed.
    stack.gateways[0].restart();
    let all = (0..300).map(|_| back(&stack, 0, &standing));
    let all = futures::future::join_all(all).await;
    for mut spectator in all {
        assert_eq!(spectator.message().await["missed"], 5);
    }
    for what in ["snapshot", "past"] {
        let reads = format!("gateway_room_reads_total{{what=\"{what}\"}}");
        assert_eq!(metric(&metrics, &reads).await, Some(1_u64), "{what}");
    }
}
