//! What must be true of an event however it got there: its public bodies are those of an event that was
//! given the last inputs alone.

use serde_json::Value;
use sim::race_day::RaceDay;

use crate::{Api, Stack};

/// Every public body of an event of that day, by path below `/events/<id>`.
///
/// # Panics
///
/// When one of them can't be read.
pub async fn public_bodies(gateway: &Api, event_id: &str, day: &RaceDay) -> Vec<(String, Value)> {
    let mut resources = vec![
        String::new(),
        "/categories".to_owned(),
        "/oncourse".to_owned(),
    ];
    for race in &day.races {
        let race_id = &race.race_id;
        resources.push(format!("/startlist/{race_id}"));
        resources.push(format!("/results/{race_id}?detailed=true"));
    }
    let mut bodies = Vec::new();
    for resource in resources {
        let answer = gateway.get(&format!("/events/{event_id}{resource}")).await;
        assert_eq!(answer.status, 200, "{resource}");
        bodies.push((resource, answer.body));
    }
    bodies
}

/// Asserts that a day that was played to its end reads like one that was imported whole.
///
/// # Panics
///
/// When it does not.
pub async fn assert_as_from_scratch(stack: &Stack, event_id: &str, day: &RaceDay) {
    const SCRATCH: &str = "SCRATCH";
    let api = stack.ingest();
    let key = api.create(SCRATCH).await;
    let imported = api.push_xml(&key, &day.export_xml(day.ends_at_ms())).await;
    assert_eq!(imported.status, 200, "{}", imported.body);
    api.bring_to(SCRATCH, &key, "running").await;
    let gateway = stack.gateway_at(0);
    let played = public_bodies(&gateway, event_id, day).await;
    let computed = public_bodies(&gateway, SCRATCH, day).await;
    for ((resource, played), (_, computed)) in played.iter().zip(&computed) {
        for part in ["results", "startlist", "categories", "oncourse", "classes"] {
            // Each event names its starts in its own way.
            let [played, computed] = [played, computed].map(|body| without_row_ids(&body[part]));
            assert_eq!(played, computed, "{resource}");
        }
    }
}

fn without_row_ids(value: &Value) -> Value {
    match value {
        Value::Array(rows) => rows.iter().map(without_row_ids).collect(),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| *name != "rowId")
            .map(|(name, value)| (name.clone(), without_row_ids(value)))
            .collect(),
        other => other.clone(),
    }
}
