//! The description of the API against the API: what it says is what services answer and send.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Value, json};
use system_tests::{SAMPLE_XML, Stack, openapi};

/// The description, and its schemas as validators.
struct Described(Value);

impl Described {
    fn new() -> Self {
        Self(serde_json::from_str(&openapi::document()).expect("JSON"))
    }

    fn validator(&self, pointer: &str) -> Validator {
        // Schemas refer to each other by their place in the document.
        let schema = self.0.pointer(pointer).expect("a schema");
        let root = json!({ "components": self.0["components"], "allOf": [schema] });
        jsonschema::validator_for(&root).expect("a valid schema")
    }

    /// Asserts that an answer is one that the operation documents.
    fn check(&self, method: &str, path: &str, status: u16, body: &Value) {
        let pointer = format!("/paths/{}/{method}/responses/{status}", escaped(path));
        let response = self.0.pointer(&pointer);
        assert!(
            response.is_some(),
            "{method} {path} {status} is not documented: {body}"
        );
        let schema = format!("{pointer}/content/application~1json/schema");
        if self.0.pointer(&schema).is_some() {
            self.check_against(&schema, body);
        }
    }

    fn check_against(&self, pointer: &str, value: &Value) {
        let errors: Vec<String> = self
            .validator(pointer)
            .iter_errors(value)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{pointer}: {errors:?} in {value}");
    }
}

fn escaped(path: &str) -> String {
    path.replace('~', "~0").replace('/', "~1")
}

#[test]
fn the_served_description_is_that_of_the_code() {
    let served = include_str!("../../../gateway-svc/openapi.json");
    assert!(
        served == openapi::document(),
        "run: cargo run -p system-tests --bin openapi > gateway-svc/openapi.json"
    );
}

#[test]
fn every_operation_says_what_it_is_and_how_it_fails() {
    let Described(document) = Described::new();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(operation["responses"]["503"].is_object(), "{method} {path}");
            assert!(
                ids.insert(operation["operationId"].as_str()),
                "{method} {path}"
            );
        }
    }
    assert_eq!(ids.len(), 20);
}

#[tokio::test]
async fn answers_and_messages_are_as_described() {
    let described = Described::new();
    let stack = Stack::start().await;
    let (api, gateway) = (stack.ingest(), stack.gateway_at(0));
    let key = api.create("E").await;
    let list = api.get("/admin/events").await;
    described.check("get", "/api/v1/admin/events", 200, &list.body);
    let imported = api.push_xml(&key, SAMPLE_XML).await;
    described.check("post", "/api/v1/ingest/xml", 200, &imported.body);
    let refused = api.push_xml(&key, "<a/>").await;
    described.check("post", "/api/v1/ingest/xml", 400, &refused.body);
    let refused = api.set_status("E", &key, "official").await;
    described.check(
        "patch",
        "/api/v1/admin/events/{eventId}/status",
        400,
        &refused.body,
    );
    api.set_status("E", &key, "startlist").await;
    let mut spectator = stack.watch(0, "E").await;
    let running = api.set_status("E", &key, "running").await;
    described.check(
        "patch",
        "/api/v1/admin/events/{eventId}/status",
        200,
        &running.body,
    );
    let boat = json!({ "oncourse": [{ "raceId": "K1M_QUA_4", "bib": 1, "gates": [0, 2, null] }] });
    let active = api.push(&key, "/ingest/oncourse", &boat).await;
    described.check("post", "/api/v1/ingest/oncourse", 200, &active.body);
    let updated = api.push_result(&key, "K1M_QUA_4", 3, 9000).await;
    described.check("post", "/api/v1/ingest/results", 200, &updated.body);

    for (path, described_path) in [
        ("/events", "/api/v1/events"),
        ("/events/E", "/api/v1/events/{eventId}"),
        (
            "/events/E/categories",
            "/api/v1/events/{eventId}/categories",
        ),
        ("/events/E/oncourse", "/api/v1/events/{eventId}/oncourse"),
        (
            "/events/E/startlist/K1M_QUA_4",
            "/api/v1/events/{eventId}/startlist/{raceId}",
        ),
        (
            "/events/E/results/K1M_QUA_4",
            "/api/v1/events/{eventId}/results/{raceId}",
        ),
        (
            "/events/E/results/K1M_QUA_4?detailed=true",
            "/api/v1/events/{eventId}/results/{raceId}",
        ),
        ("/events/NONE", "/api/v1/events/{eventId}"),
        ("/events/E/ws", "/api/v1/events/{eventId}/ws"),
    ] {
        let answer = gateway.get(path).await;
        described.check("get", described_path, answer.status.as_u16(), &answer.body);
    }

    api.set_status("E", &key, "finished").await;
    api.set_status("E", &key, "official").await;
    let (messages, ..) = spectator.until_closed().await;
    let types: Vec<&str> = messages.iter().filter_map(|m| m["type"].as_str()).collect();
    assert_eq!(types.first(), Some(&"full"));
    assert!(messages.len() > 5, "{types:?}");
    for message in &messages {
        described.check_against("/components/schemas/LiveMessage", message);
    }
}

#[tokio::test]
async fn the_description_and_its_page_are_served_without_anything_from_elsewhere() {
    let stack = Stack::start().await;
    let origin = &stack.gateways[0].origin;
    for path in ["/openapi.json", "/api/v1/openapi.json"] {
        let served = sim::http::get(format!("{origin}{path}"))
            .await
            .expect("an answer");
        assert_eq!(served.headers()["content-type"], "application/json");
        assert_eq!(served.text().await.expect("text"), openapi::document());
    }
    let page = sim::http::get(format!("{origin}/docs/"))
        .await
        .expect("an answer");
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .expect("text");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';"),
        "{policy}"
    );
    let html = page.text().await.expect("text");
    assert!(
        html.contains("swagger-ui") && !html.contains("//"),
        "{html}"
    );
    let script = sim::http::get(format!("{origin}/docs/swagger-initializer.js")).await;
    let script = script.expect("an answer").text().await.expect("text");
    assert!(script.contains("/openapi.json"), "{script}");
}
