//! Who may do what.

use reqwest::Method;
use serde_json::json;
use system_tests::{SAMPLE_XML, Stack, StackConfig};

const SECRETS: [&str; 2] = [
    "--master-passwords=first, second",
    "--key-secret=0123456789abcdef",
];

async fn guarded() -> Stack {
    let config = StackConfig {
        ingest_flags: SECRETS.map(str::to_owned).to_vec(),
        ..StackConfig::default()
    };
    Stack::with(config).await
}

#[tokio::test]
async fn any_master_password_opens_the_admin_api_and_nothing_else_does() {
    let stack = guarded().await;
    let api = stack.ingest();
    for (password, status) in [("first", 200), ("second", 200), ("third", 401), ("", 401)] {
        let request = api
            .request(Method::GET, "/admin/events")
            .header("X-Master-Key", password);
        let answer = api.send(request).await;
        assert_eq!(answer.status, status, "{password}");
    }
    let without = api.get("/admin/events").await;
    assert_eq!(
        (without.status.as_u16(), without.body["error"].as_str()),
        (401, Some("Unauthorized"))
    );
}

#[tokio::test]
async fn checks_come_in_the_order_401_404_415_413_400_403() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = api.create("E").await;
    let other = api.create("OTHER").await;
    let wrong = "0".repeat(64);
    let status = |key: &str, event: &str, content_type: &'static str, body: String| {
        let path = format!("/admin/events/{event}/status");
        let request = api.request(Method::PATCH, &path).header("X-API-Key", key);
        api.send(request.header("Content-Type", content_type).body(body))
    };
    let huge = "x".repeat(3 << 20);
    assert_eq!(
        status(&wrong, "NONE", "text/plain", huge.clone())
            .await
            .status,
        401
    );
    assert_eq!(
        status(&other, "E", "text/plain", huge.clone()).await.status,
        401
    );
    assert_eq!(
        status(&key, "NONE", "text/plain", huge.clone())
            .await
            .status,
        404
    );
    assert_eq!(
        status(&key, "E", "text/plain", huge.clone()).await.status,
        415
    );
    assert_eq!(
        status(&key, "E", "application/json", huge).await.status,
        413
    );
    assert_eq!(
        status(&key, "E", "application/json", "{".to_owned())
            .await
            .status,
        400
    );
    assert_eq!(api.push_result(&key, "R", 1, 1).await.status, 403);
    let config = api
        .request(Method::GET, "/admin/events/E/config")
        .header("X-API-Key", &other);
    assert_eq!(api.send(config).await.status, 404);
}

#[tokio::test]
async fn a_key_outside_its_days_is_refused_with_the_date() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    for (id, start, end, named) in [
        ("PAST", "2020-01-01", "2020-01-02", "2020-01-07"),
        ("FUTURE", "2090-01-20", "2090-01-21", "2090-01-10"),
    ] {
        let body = json!({"eventId": id, "mainTitle": "A", "startDate": start, "endDate": end});
        let created = api
            .send(api.request(Method::POST, "/admin/events").json(&body))
            .await;
        let key = created.body["apiKey"].as_str().expect("a key").to_owned();
        let answer = api.push_xml(&key, SAMPLE_XML).await;
        assert_eq!(answer.status, 401);
        let message = answer.body["message"].as_str().unwrap_or_default();
        assert!(message.contains(named), "{message}");
    }
}

#[tokio::test]
async fn who_guesses_too_often_is_refused_unheard() {
    let mut flags = SECRETS.map(str::to_owned).to_vec();
    flags.push("--auth-failures-per-minute=5".to_owned());
    let config = StackConfig {
        ingest_flags: flags,
        ..StackConfig::default()
    };
    let stack = Stack::with(config).await;
    let api = stack.ingest();
    for _ in 0..5 {
        assert_eq!(api.get("/admin/events").await.status, 401);
    }
    let request = api
        .request(Method::GET, "/admin/events")
        .header("X-Master-Key", "first");
    let answer = api.send(request).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body["error"].as_str()),
        (429, Some("Too many requests"))
    );
    assert!(answer.headers.contains_key("retry-after"));
}
