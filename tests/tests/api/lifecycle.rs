//! Every transition and every cell of the state guard, over HTTP.

use serde_json::{Value, json};
use system_tests::{Answer, Api, SAMPLE_XML, Stack};

const STATES: [&str; 5] = ["draft", "startlist", "running", "finished", "official"];

fn next(state: &str) -> &'static [&'static str] {
    match state {
        "draft" => &["startlist"],
        "startlist" => &["running", "draft"],
        "running" => &["finished"],
        "finished" => &["official", "running"],
        _ => &[],
    }
}

#[tokio::test]
async fn all_25_transitions_are_as_listed() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    for from in STATES {
        for to in STATES {
            let event_id = format!("{from}-{to}");
            let key = api.create(&event_id).await;
            api.bring_to(&event_id, &key, from).await;
            let answer = api.set_status(&event_id, &key, to).await;
            if next(from).contains(&to) {
                assert_eq!(answer.status, 200, "{event_id}");
                assert_eq!(answer.body["previousStatus"], from);
                assert_eq!(answer.body["status"], to);
                assert!(answer.body["statusChangedAt"].is_string());
            } else {
                assert_eq!(answer.status, 400, "{event_id}");
                assert_eq!(answer.body["error"], "InvalidTransition");
                assert_eq!(answer.body["currentStatus"], from);
                assert_eq!(answer.body["requestedStatus"], to);
                assert_eq!(answer.body["validTransitions"], json!(next(from)));
            }
        }
    }
}

async fn push(api: &Api, event_id: &str, key: &str, kind: &str) -> Answer {
    match kind {
        "xml" => api.push_xml(key, SAMPLE_XML).await,
        "results" => api.push_result(key, "K1M_QUA_4", 1, 9523).await,
        "oncourse" => {
            let boat = json!({ "raceId": "K1M_QUA_4", "bib": 1 });
            api.push(key, "/ingest/oncourse", &json!({ "oncourse": [boat] }))
                .await
        }
        _ => config(api, event_id, key, &json!({ "displayMode": "simple" })).await,
    }
}

async fn config(api: &Api, event_id: &str, key: &str, patch: &Value) -> Answer {
    let path = format!("/admin/events/{event_id}/config");
    let request = api
        .request(reqwest::Method::PATCH, &path)
        .header("X-API-Key", key);
    api.send(request.json(patch)).await
}

#[tokio::test]
async fn all_20_cells_of_the_state_guard_hold() {
    let accepted: [(&str, &[&str]); 4] = [
        ("xml", &["draft", "startlist", "running", "finished"]),
        ("config", &["draft"]),
        ("results", &["running", "finished"]),
        ("oncourse", &["running"]),
    ];
    let stack = Stack::start().await;
    let api = stack.ingest();
    for state in STATES {
        let event_id = format!("in-{state}");
        let key = api.create(&event_id).await;
        api.push_xml(&key, SAMPLE_XML).await;
        api.bring_to(&event_id, &key, state).await;
        for (kind, states) in accepted {
            let answer = push(&api, &event_id, &key, kind).await;
            if states.contains(&state) {
                assert_eq!(answer.status, 200, "{kind} in {state}: {}", answer.body);
            } else {
                assert_eq!(answer.status, 403, "{kind} in {state}");
                assert_eq!(answer.body["error"], "Forbidden");
                let message = format!("Data type '{kind}' not accepted in '{state}' state");
                assert_eq!(answer.body["message"], message);
            }
        }
    }
}

#[tokio::test]
async fn the_merge_strategy_alone_may_change_until_the_results_are_final() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = api.create("EVENT").await;
    let draft = json!({ "displayMode": "detailed", "showOnCourse": true, "activeRaceId": null });
    let set = config(&api, "EVENT", &key, &draft).await;
    assert_eq!(
        set.body,
        json!({ "displayMode": "detailed", "showOnCourse": true })
    );
    api.bring_to("EVENT", &key, "finished").await;
    let alone = config(&api, "EVENT", &key, &json!({ "mergeStrategy": "live" })).await;
    assert_eq!(alone.status, 200);
    assert_eq!(alone.body["mergeStrategy"], "live");
    assert_eq!(alone.body["displayMode"], "detailed");
    let both = json!({ "mergeStrategy": "xml", "showOnCourse": false });
    assert_eq!(config(&api, "EVENT", &key, &both).await.status, 403);
    api.set_status("EVENT", &key, "official").await;
    let late = config(&api, "EVENT", &key, &json!({ "mergeStrategy": "xml" })).await;
    assert_eq!(late.status, 403);
}
