//! The walk that the project grew from, call by call, in both orders.

use serde_json::{Value, json};
use system_tests::{SAMPLE_XML, Stack, spectator::Heard};

fn result_of_bib_2() -> Value {
    json!({ "results": [{ "raceId": "K1M_QUA_4", "bib": 2, "time": 9523, "pen": 200 }] })
}

#[tokio::test]
async fn results_before_any_xml_are_ignored_and_after_it_arrive() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = api.create("TEST.WS").await;
    api.bring_to("TEST.WS", &key, "running").await;

    let mut spectator = stack.watch(0, "TEST.WS").await;
    let full = spectator.message().await;
    assert_eq!(full["type"], "full");
    assert_eq!(full["data"]["event"]["eventId"], "TEST.WS");

    let early = api.push(&key, "/ingest/results", &result_of_bib_2()).await;
    assert_eq!(early.body, json!({ "updated": 0, "ignored": true }));
    let boats = json!({ "oncourse": [{ "raceId": "K1M_QUA_4", "bib": 2 }] });
    let early = api.push(&key, "/ingest/oncourse", &boats).await;
    assert_eq!(early.body, json!({ "active": 0, "ignored": true }));

    let imported = api.push_xml(&key, SAMPLE_XML).await;
    let counts = json!({"participants": 7, "classes": 2, "races": 3, "results": 11, "courses": 1});
    assert_eq!(imported.body, json!({ "imported": counts }));
    let full = spectator.message().await;
    assert_eq!(full["type"], "full");
    assert_eq!(full["data"]["races"][0]["raceId"], "K1M_QUA_4");
    while spectator.seq() < last_seq(&stack).await {
        spectator.message().await;
    }

    let pushed = api.push(&key, "/ingest/results", &result_of_bib_2()).await;
    assert_eq!(pushed.body, json!({ "updated": 1 }));
    let diff = spectator.message().await;
    assert_eq!(diff["type"], "diff");
    assert_eq!(diff["data"]["raceId"], "K1M_QUA_4");
    let rows = diff["data"]["results"].as_array().expect("rows");
    assert_eq!(rows.len(), 1, "only what changed: {diff}");
    assert_eq!(rows[0]["total"], 9723);
    assert_eq!(rows[0]["rnk"], 1);
    assert_eq!(rows[0]["totalBehind"], "0.00");
    assert_eq!(rows[0]["name"], "TŮMA Šimon");

    api.set_status("TEST.WS", &key, "finished").await;
    assert_eq!(
        spectator.message().await["data"],
        json!({ "status": "finished" })
    );
    api.set_status("TEST.WS", &key, "official").await;
    assert_eq!(
        spectator.message().await["data"],
        json!({ "status": "official" })
    );
    let end = Heard::Closed(1000, "Event results are official".to_owned());
    assert_eq!(spectator.next().await, end);
}

/// The event's position, as every read names it.
async fn last_seq(stack: &Stack) -> u64 {
    let detail = stack.gateway_at(0).get("/events/TEST.WS").await;
    detail.body["seq"].as_u64().expect("a seq")
}

#[tokio::test]
async fn with_xml_first_the_same_calls_work() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = api.create("TEST.WS").await;
    assert_eq!(api.push_xml(&key, SAMPLE_XML).await.status, 200);
    api.bring_to("TEST.WS", &key, "running").await;
    let mut spectator = stack.watch(0, "TEST.WS").await;
    assert_eq!(
        spectator.message().await["data"]["classes"][0]["classId"],
        "K1M"
    );
    api.push(&key, "/ingest/results", &result_of_bib_2()).await;
    assert_eq!(spectator.message().await["data"]["results"][0]["bib"], 2);
}
