//! What everybody may read.

use serde_json::json;
use system_tests::{SAMPLE_XML, Stack, until};

#[tokio::test]
async fn drafts_are_nowhere_and_public_events_are_listed_newest_first() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let gateway = stack.gateway_at(0);
    let mut keys = Vec::new();
    for event_id in ["OLD", "NEW", "HIDDEN"] {
        keys.push(api.create(event_id).await);
    }
    api.push_xml(&keys[0], &SAMPLE_XML.replace("2026-07", "2025-07"))
        .await;
    api.push_xml(&keys[1], SAMPLE_XML).await;
    for (event_id, key) in [("OLD", &keys[0]), ("NEW", &keys[1])] {
        api.bring_to(event_id, key, "startlist").await;
    }
    let ids = until("the list to be read anew", || async {
        let list = gateway.get("/events").await.body;
        let ids: Vec<_> = list["events"]
            .as_array()?
            .iter()
            .map(|e| e["eventId"].clone())
            .collect();
        (ids.len() == 2).then_some(ids)
    });
    assert_eq!(ids.await, [json!("NEW"), json!("OLD")]);
    let hidden = gateway.get("/events/HIDDEN").await;
    assert_eq!(
        (hidden.status.as_u16(), hidden.body["error"].as_str()),
        (404, Some("NotFound"))
    );
    assert_eq!(gateway.get("/events/NONE").await.status, 404);
    assert_eq!(gateway.get("/events/no%20id").await.status, 404);
}

#[tokio::test]
async fn the_detail_names_positions_and_moves_with_results() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = api.create("E").await;
    api.push_xml(&key, SAMPLE_XML).await;
    api.bring_to("E", &key, "running").await;
    let gateway = stack.gateway_at(0);
    let before = gateway.get("/events/E").await.body;
    assert_eq!(before["event"]["facility"], "Slalomová dráha Úpa");
    assert_eq!(before["event"]["mainTitle"], "Závod");
    assert_eq!(before["races"][0]["raceType"], "qualification");
    let race_seq = |body: &serde_json::Value| body["races"][0]["resultsSeq"].as_u64();
    api.push_result(&key, "K1M_QUA_4", 1, 9000).await;
    let after = gateway.get("/events/E").await.body;
    assert!(race_seq(&after) > race_seq(&before));
    assert_eq!(after["seq"], after["races"][0]["resultsSeq"]);
    assert_eq!(after["epoch"], before["epoch"]);
}

#[tokio::test]
async fn health_and_readiness_follow_redis() {
    let mut stack = Stack::start().await;
    let origins = [
        stack.ingests[0].origin.clone(),
        stack.gateways[0].origin.clone(),
    ];
    let ready = |origin: String| async move {
        let response = sim::http::get(format!("{origin}/ready"))
            .await
            .expect("an answer");
        response.status().as_u16()
    };
    for origin in &origins {
        assert_eq!(ready(origin.clone()).await, 200);
    }
    stack.redis_mut().kill();
    for origin in &origins {
        let health = sim::http::get(format!("{origin}/health"))
            .await
            .expect("an answer");
        let body: serde_json::Value = health.json().await.expect("JSON");
        assert_eq!(body, json!({ "status": "ok" }));
        assert_eq!(ready(origin.clone()).await, 503);
    }
    stack.redis_mut().restart().await;
    for origin in &origins {
        until("the service to be ready again", || async {
            (ready(origin.clone()).await == 200).then_some(())
        })
        .await;
    }
}
