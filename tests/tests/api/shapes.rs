//! The public shapes to the letter: existing clients read them. A snapshot that changes is a change of
//! the API, which CHANGELOG.md has to name; `cargo insta review` takes it.

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use sim::race_day::{RaceDay, Size};
use system_tests::{SAMPLE_XML, Stack};

/// A shape with what differs from run to run left out.
macro_rules! shape {
    ($name:expr, $body:expr) => {
        assert_json_snapshot!($name, $body, {
            ".**.epoch" => "[epoch]",
            ".**.ts" => "[ts]",
            ".**.rowId" => "[row]",
            ".**.apiKey" => "[key]",
            ".**.createdAt" => "[instant]",
            ".**.statusChangedAt" => "[instant]",
        });
    };
}

const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

#[tokio::test]
async fn of_administrators_and_operators() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let event = json!({
        "eventId": "E", "mainTitle": "Závod", "startDate": "2026-06-20", "endDate": "2026-06-21",
    });
    let request = api.request(Method::POST, "/admin/events").json(&event);
    shape!("created", api.send(request).await.body);
    // Without dates at creation its key works today.
    let key = api.create("OPEN").await;
    let edit = json!({ "location": "Praha", "imageData": PICTURE });
    let request = api.request(Method::PATCH, "/admin/events/E").json(&edit);
    shape!("edited", api.send(request).await.body);
    shape!("config-at-first", {
        let request = api.request(Method::GET, "/admin/events/OPEN/config");
        api.send(request.header("X-API-Key", &key)).await.body
    });
    let config = json!({ "activeRaceId": "K1M_QUA_4", "displayMode": "detailed", "showOnCourse": true, "mergeStrategy": "live" });
    let request = api
        .request(Method::PATCH, "/admin/events/OPEN/config")
        .header("X-API-Key", &key);
    shape!("config", api.send(request.json(&config)).await.body);
    shape!(
        "results-ignored",
        api.push(&key, "/ingest/results", &json!({ "results": [] }))
            .await
            .body
    );
    shape!("imported", api.push_xml(&key, SAMPLE_XML).await.body);
    shape!(
        "invalid-transition",
        api.set_status("OPEN", &key, "running").await.body
    );
    shape!(
        "results-in-draft",
        api.push_result(&key, "K1M_QUA_4", 1, 9000).await.body
    );
    shape!(
        "status",
        api.set_status("OPEN", &key, "startlist").await.body
    );
    api.set_status("OPEN", &key, "running").await;
    shape!(
        "results-updated",
        api.push_result(&key, "K1M_QUA_4", 1, 9000).await.body
    );
    shape!(
        "oncourse-active",
        api.push(&key, "/ingest/oncourse", &json!({ "oncourse": [] }))
            .await
            .body
    );
    let request = api.request(Method::POST, "/admin/events/OPEN/rotate-key");
    shape!("rotated", api.send(request).await.body["eventId"].clone());
    let request = api.request(Method::DELETE, "/admin/events/OPEN");
    shape!("deleted", api.send(request).await.body);
    shape!("all-events", api.get("/admin/events").await.body);
}

#[tokio::test]
async fn of_spectators() {
    let stack = Stack::start().await;
    let (api, gateway) = (stack.ingest(), stack.gateway_at(0));
    let key = api.create("E").await;
    let day = RaceDay::new(
        4,
        Size {
            starts_per_class: 3,
            ..Size::default()
        },
    );
    let second_runs = day
        .races
        .iter()
        .find(|race| race.discipline == "BR2")
        .expect("second runs");
    api.push_xml(&key, &day.export_xml(second_runs.starts_at_ms + 130_000))
        .await;
    let request = api.request(Method::PATCH, "/admin/events/E");
    api.send(request.json(&json!({ "imageData": PICTURE })))
        .await;
    api.bring_to("E", &key, "running").await;
    let boats = json!({ "oncourse": [
        { "raceId": "K1M_ST_BR2_20", "bib": 2, "position": 2, "dtStart": null, "time": null },
        {
            "raceId": "K1M_ST_BR2_20", "bib": 1, "position": 1, "gates": [0, 2, 50, null],
            "dtStart": "2026-06-20T14:02:10.000Z", "dtFinish": "2026-06-20T14:03:50.000Z",
            "time": 10000, "pen": 5200, "total": 15200, "rank": 3, "ttbDiff": "+1.20", "ttbName": "M. KUČERA",
        },
    ] });
    api.push(&key, "/ingest/oncourse", &boats).await;
    for (name, path) in [
        ("events", "/events"),
        ("event", "/events/E"),
        ("categories", "/events/E/categories"),
        ("oncourse", "/events/E/oncourse"),
        ("startlist", "/events/E/startlist/K1M_ST_BR2_20"),
        ("results-best-run", "/events/E/results/K1M_ST_BR2_20"),
        (
            "results-best-run-detailed",
            "/events/E/results/K1M_ST_BR1_20?detailed=true",
        ),
        ("results-single", "/events/E/results/C2X_ST_FIN_20"),
        (
            "results-single-detailed",
            "/events/E/results/C2X_ST_FIN_20?detailed=1",
        ),
        ("event-not-found", "/events/NONE"),
        ("upgrade-required", "/events/E/ws"),
    ] {
        shape!(name, gateway.get(path).await.body);
    }

    let mut spectator = stack.watch(0, "E").await;
    shape!("message-full", spectator.message().await);
    api.push_result(&key, "C2X_ST_FIN_20", 1, 9000).await;
    shape!("message-results", spectator.message().await);
    api.push(&key, "/ingest/oncourse", &json!({ "oncourse": [] }))
        .await;
    shape!("message-oncourse", spectator.message().await);
    api.set_status("E", &key, "finished").await;
    shape!("message-status", spectator.message().await);
    let request = api.request(Method::DELETE, "/admin/events/E");
    api.send(request).await;
    let refresh: Value = spectator.message().await;
    shape!("message-refresh", refresh);
}
