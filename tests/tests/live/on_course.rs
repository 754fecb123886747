//! Boats on the water: not too often, never too late, and never for ever.

use std::time::{Duration, Instant};

use serde_json::json;
use system_tests::{SAMPLE_XML, Stack};

use super::racing;

#[tokio::test]
async fn many_updates_are_conflated_and_the_last_one_is_always_shown() {
    let stack = Stack::pair().await;
    let key = racing(&stack).await;
    let mut spectator = stack.watch(0, "E").await;
    spectator.message().await;
    let started = Instant::now();
    let mut pushes = 0;
    while started.elapsed() < Duration::from_secs(2) {
        pushes += 1;
        let boat = json!({ "raceId": "K1M_QUA_4", "bib": 1, "time": pushes });
        let api = stack.ingest_at(pushes % 2);
        let answer = api
            .push(&key, "/ingest/oncourse", &json!({ "oncourse": [boat] }))
            .await;
        assert_eq!(answer.body, json!({ "active": 1 }));
    }
    let mut shown = 0;
    loop {
        shown += 1;
        if spectator.message().await["data"]["oncourse"][0]["time"] == pushes {
            break;
        }
    }
    let at_most = started.elapsed().as_millis() / 200 + 1;
    assert!(
        shown <= at_most,
        "{shown} lists of {pushes} pushes, at most {at_most} are allowed"
    );
    let read = stack.gateway_at(1).get("/events/E/oncourse").await.body;
    assert_eq!(read["oncourse"][0]["time"], pushes);
    assert_eq!(read["seq"], spectator.seq());
}

#[tokio::test]
async fn a_boat_that_nobody_speaks_of_leaves_also_when_every_ingest_is_dead() {
    let mut stack = Stack::start().await;
    let key = racing(&stack).await;
    let mut spectator = stack.watch(0, "E").await;
    spectator.message().await;
    let boat = json!({ "oncourse": [{ "raceId": "K1M_QUA_4", "bib": 1 }] });
    stack.ingest().push(&key, "/ingest/oncourse", &boat).await;
    assert_eq!(spectator.message().await["data"]["oncourse"][0]["bib"], 1);
    stack.ingests[0].process.kill();
    assert_eq!(spectator.message().await["data"], json!({ "oncourse": [] }));
}

#[tokio::test]
async fn entries_of_other_races_and_classes_are_skipped() {
    let stack = Stack::start().await;
    let key = racing(&stack).await;
    let boats = json!({ "oncourse": [
        { "raceId": "NONE", "bib": 1 },
        { "raceId": "K1M_QUA_4", "bib": 1, "participantId": "20015.K1W", "name": "x", "club": "y" },
        { "raceId": "K1M_QUA_4", "bib": 2, "participantId": "20006.K1M", "gates": [] },
    ] });
    let answer = stack.ingest().push(&key, "/ingest/oncourse", &boats).await;
    assert_eq!(answer.body["active"], 1);
    assert_eq!(answer.body["skippedCount"], 2, "{}", answer.body);
    let read = stack.gateway_at(0).get("/events/E/oncourse").await.body;
    assert_eq!(read["oncourse"][0]["name"], "TŮMA Šimon");
}

#[tokio::test]
async fn boats_of_a_class_that_an_export_drops_leave_the_water_with_it() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = api.create("E").await;
    api.push_xml(&key, SAMPLE_XML).await;
    api.bring_to("E", &key, "running").await;
    let boats = json!({ "oncourse": [
        { "raceId": "K1M_QUA_4", "bib": 1 },
        { "raceId": "K1W_QUA_4", "bib": 1 },
    ] });
    assert_eq!(
        api.push(&key, "/ingest/oncourse", &boats).await.body["active"],
        2
    );
    let mut spectator = stack.watch(0, "E").await;
    let full = spectator.message().await;
    assert_eq!(full["data"]["oncourse"].as_array().map(Vec::len), Some(2));
    let other_class = SAMPLE_XML.replace("K1W", "C1W");
    assert_eq!(api.push_xml(&key, &other_class).await.status, 200);
    let full = spectator.message().await;
    assert_eq!(full["type"], "full");
    for list in [
        &full["data"]["oncourse"],
        &stack.gateway_at(0).get("/events/E/oncourse").await.body["oncourse"],
    ] {
        let races: Vec<_> = list
            .as_array()
            .expect("a list")
            .iter()
            .map(|b| &b["raceId"])
            .collect();
        assert_eq!(races, ["K1M_QUA_4"]);
    }
}
