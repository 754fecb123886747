//! How rooms end: by final results, by being unpublished, by a gateway that stops.

use serde_json::json;
use system_tests::{SAMPLE_XML, Stack, StackConfig};

#[tokio::test]
async fn finished_and_official_arrive_on_both_gateways_then_the_room_closes_for_good() {
    let stack = Stack::pair().await;
    let api = stack.ingest();
    let key = api.create("E").await;
    api.push_xml(&key, SAMPLE_XML).await;
    api.bring_to("E", &key, "running").await;
    let boat = json!({ "oncourse": [{ "raceId": "K1M_QUA_4", "bib": 1 }] });
    api.push(&key, "/ingest/oncourse", &boat).await;
    let mut spectators = [stack.watch(0, "E").await, stack.watch(1, "E").await];
    for spectator in &mut spectators {
        let full = spectator.message().await;
        assert_eq!(full["data"]["oncourse"][0]["name"], "KŘÍŽ Ondřej");
    }
    api.set_status("E", &key, "finished").await;
    api.set_status("E", &key, "official").await;
    for spectator in &mut spectators {
        let (messages, code, reason) = spectator.until_closed().await;
        let data: Vec<_> = messages.iter().map(|message| &message["data"]).collect();
        let finished = json!({ "status": "finished" });
        let empty = json!({ "oncourse": [] });
        let official = json!({ "status": "official" });
        assert_eq!(data, [&finished, &empty, &official]);
        assert_eq!(
            (code, reason.as_str()),
            (1000, "Event results are official")
        );
    }
    for gateway in [0, 1] {
        let refused = stack
            .try_watch(gateway, "E")
            .await
            .err()
            .expect("it is over");
        assert_eq!(refused.status, 410);
        assert_eq!(refused.body["error"], "EventOfficial");
    }
}

#[tokio::test]
async fn a_correction_back_to_running_keeps_the_room() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = api.create("E").await;
    api.bring_to("E", &key, "finished").await;
    let mut spectator = stack.watch(0, "E").await;
    spectator.message().await;
    api.set_status("E", &key, "running").await;
    assert_eq!(
        spectator.message().await["data"],
        json!({ "status": "running" })
    );
}

#[tokio::test]
async fn an_unpublished_event_sends_its_spectators_away_at_once() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = api.create("E").await;
    api.bring_to("E", &key, "startlist").await;
    let mut spectator = stack.watch(0, "E").await;
    spectator.message().await;
    api.set_status("E", &key, "draft").await;
    let (messages, code, reason) = spectator.until_closed().await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["type"], "refresh");
    assert_eq!((code, reason.as_str()), (1000, "Event is not public"));
    let refused = stack
        .try_watch(0, "E")
        .await
        .err()
        .expect("it is not public");
    assert_eq!(
        (refused.status.as_u16(), refused.body["error"].as_str()),
        (404, Some("EventNotFound"))
    );
    // Published again it is watched again.
    api.set_status("E", &key, "startlist").await;
    let mut spectator = stack.watch(0, "E").await;
    assert_eq!(
        spectator.message().await["data"]["event"]["status"],
        "startlist"
    );
}

#[tokio::test]
async fn a_gateway_that_is_asked_to_stop_sends_everyone_elsewhere() {
    let config = StackConfig {
        gateways: 2,
        gateway_flags: vec![
            "--drain-delay-seconds=0".to_owned(),
            "--drain-seconds=1".to_owned(),
            "--max-connections-per-event=10".to_owned(),
        ],
        ..StackConfig::default()
    };
    let mut stack = Stack::with(config).await;
    let api = stack.ingest();
    let key = api.create("E").await;
    api.bring_to("E", &key, "startlist").await;
    let mut spectators = Vec::new();
    for _ in 0..10 {
        let mut spectator = stack.watch(0, "E").await;
        spectator.message().await;
        spectators.push(spectator);
    }
    stack.gateways[0].process.signal("TERM");
    for spectator in &mut spectators {
        let (_, code, reason) = spectator.until_closed().await;
        assert_eq!((code, reason.as_str()), (1012, "Service restart"));
    }
    assert!(stack.gateways[0].process.wait().success());
    // Their seats went back with them, not with the end of a lease.
    let mut moved = Vec::new();
    for _ in 0..10 {
        moved.push(stack.watch(1, "E").await);
    }
    assert!(stack.try_watch(1, "E").await.is_err());
}
