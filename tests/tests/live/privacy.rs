//! What spectators get never holds participant ids, keys or years of birth, and ends as the last
//! inputs say.

use serde_json::Value;
use sim::{
    booth::{Client, Plan, play},
    race_day::{RaceDay, Size},
};
use system_tests::{Api, Stack};

const SIZE: Size = Size {
    starts_per_class: 5,
    start_interval_ms: 15_000,
};

/// Every public body of an event.
async fn bodies(gateway: &Api, event_id: &str, day: &RaceDay) -> Vec<(String, Value)> {
    let mut paths = vec![format!("/events/{event_id}")];
    for resource in ["categories", "oncourse"] {
        paths.push(format!("/events/{event_id}/{resource}"));
    }
    for race in &day.races {
        let race_id = &race.race_id;
        paths.push(format!("/events/{event_id}/startlist/{race_id}"));
        paths.push(format!(
            "/events/{event_id}/results/{race_id}?detailed=true"
        ));
    }
    let mut bodies = Vec::new();
    for path in paths {
        let answer = gateway.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        bodies.push((path, answer.body));
    }
    bodies
}

fn assert_nothing_private(text: &str, day: &RaceDay, key: &str) {
    assert!(!text.contains(key), "{text}");
    assert!(!text.contains("participant"), "{text}");
    for athlete in day.classes.iter().flat_map(|class| &class.athletes) {
        assert!(!text.contains(&athlete.participant_id), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_race_shows_nothing_private_and_ends_as_if_computed_from_scratch() {
    let stack = Stack::pair().await;
    let api = stack.ingest();
    let key = api.create("DEMO").await;
    api.bring_to("DEMO", &key, "startlist").await;
    let mut spectator = stack.watch(0, "DEMO").await;
    let plan = Plan {
        event_id: "DEMO".to_owned(),
        api_key: Some(key.clone()),
        replace: false,
        speed: 80.0,
        last_status: "official".to_owned(),
        stop_after: None,
        progress: false,
    };
    let client = Client::new(&stack.ingests[1].origin, None).expect("a client");
    let day = RaceDay::new(11, SIZE);
    let playing = tokio::spawn(play(client, day.clone(), plan));
    let (messages, ..) = spectator.until_closed().await;
    playing
        .await
        .expect("the booth runs")
        .expect("nothing is refused");

    for message in &messages {
        assert_nothing_private(&message.to_string(), &day, &key);
    }
    let gateway = stack.gateway_at(1);
    let played = bodies(&gateway, "DEMO", &day).await;
    for (_, body) in &played {
        let text = body.to_string();
        assert_nothing_private(&text, &day, &key);
    }

    let scratch = api.create("SCRATCH").await;
    api.push_xml(&scratch, &day.export_xml(day.ends_at_ms()))
        .await;
    api.bring_to("SCRATCH", &scratch, "running").await;
    let computed = bodies(&gateway, "SCRATCH", &day).await;
    for ((path, played), (_, computed)) in played.iter().zip(&computed) {
        for part in ["results", "startlist", "categories", "oncourse", "classes"] {
            assert_eq!(played[part], computed[part], "{path}");
        }
    }
}
