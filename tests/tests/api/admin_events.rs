//! Creating, listing, correcting and deleting events.

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Answer, Api, SAMPLE_XML, Stack};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One black pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

async fn post(api: &Api, body: &Value) -> Answer {
    api.send(api.request(Method::POST, "/admin/events").json(body))
        .await
}

#[tokio::test]
async fn an_event_is_created_once_listed_and_found_by_its_key() {
    let stack = Stack::pair().await;
    let api = stack.ingest();
    let body = json!({
        "eventId": "CZE.2026", "mainTitle": "Mistrovství", "subTitle": null, "location": "Praha",
        "startDate": "2026-06-20", "endDate": "2026-06-21T18:00:00+02:00", "imageData": PNG,
        "somethingElse": 1,
    });
    let created = post(&api, &body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    assert!(created.body["id"].is_u64());
    let validity =
        json!({"validFrom": "2026-06-10T00:00:00Z", "validUntil": "2026-06-26T23:59:59Z"});
    assert_eq!(created.body["validity"], validity);
    let key = created.body["apiKey"].as_str().expect("a key").to_owned();
    assert_eq!(key.len(), 64);

    let again = post(&stack.ingest_at(1), &body).await;
    assert_eq!(
        (again.status.as_u16(), again.body["error"].as_str()),
        (409, Some("Conflict"))
    );

    let list = stack.ingest_at(1).get("/admin/events").await;
    let event = &list.body["events"][0];
    assert_eq!(event["apiKey"], key.as_str());
    assert_eq!(event["hasImage"], true);
    assert_eq!(event["hasXmlData"], false);
    assert_eq!(event["status"], "draft");
    assert_eq!(event["endDate"], "2026-06-21");
    assert!(
        event["createdAt"]
            .as_str()
            .is_some_and(|text| text.ends_with('Z'))
    );
}

#[tokio::test]
async fn a_patch_replaces_clears_and_keeps() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    post(
        &api,
        &json!({"eventId": "E", "mainTitle": "A", "subTitle": "B", "location": "C"}),
    )
    .await;
    let patch = |body: Value| {
        let request = api.request(Method::PATCH, "/admin/events/E").json(&body);
        api.send(request)
    };
    let patched = patch(json!({"subTitle": null, "location": "D"})).await;
    assert_eq!(patched.status, 200, "{}", patched.body);
    assert_eq!(patched.body["mainTitle"], "A");
    assert_eq!(patched.body["subTitle"], Value::Null);
    assert_eq!(patched.body["location"], "D");
    for bad in [
        json!({"startDate": "2026-06-21", "endDate": "2026-06-20"}),
        json!({"mainTitle": " "}),
    ] {
        assert_eq!(patch(bad).await.status, 400);
    }
    let missing = api
        .request(Method::PATCH, "/admin/events/NONE")
        .json(&json!({}));
    assert_eq!(api.send(missing).await.status, 404);
}

#[tokio::test]
async fn spectators_see_a_corrected_title_at_once() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = api.create("E").await;
    api.bring_to("E", &key, "startlist").await;
    let mut spectator = stack.watch(0, "E").await;
    spectator.message().await;
    let patch = api.request(Method::PATCH, "/admin/events/E");
    api.send(patch.json(&json!({ "mainTitle": "Nový název" })))
        .await;
    let full = spectator.message().await;
    assert_eq!(full["type"], "full");
    assert_eq!(full["data"]["event"]["mainTitle"], "Nový název");
}

#[tokio::test]
async fn a_rotated_key_stops_working_at_once_on_all_processes() {
    let stack = Stack::pair().await;
    let api = stack.ingest();
    let old = api.create("E").await;
    let rotate = api.request(Method::POST, "/admin/events/E/rotate-key");
    let rotated = api.send(rotate).await;
    assert_eq!(rotated.status, 200);
    let new = rotated.body["apiKey"].as_str().expect("a key").to_owned();
    assert_ne!(old, new);
    for process in [0, 1] {
        let api = stack.ingest_at(process);
        assert_eq!(api.push_xml(&old, SAMPLE_XML).await.status, 401);
        assert_eq!(api.push_xml(&new, SAMPLE_XML).await.status, 200);
    }
}

#[tokio::test]
async fn a_deleted_event_leaves_nothing_and_its_key_never_opens_another_one() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let old = api.create("E").await;
    api.push_xml(&old, SAMPLE_XML).await;
    api.bring_to("E", &old, "running").await;
    api.push_result(&old, "K1M_QUA_4", 1, 9523).await;
    let mut spectator = stack.watch(0, "E").await;
    spectator.message().await;

    let delete = api.request(Method::DELETE, "/admin/events/E");
    let deleted = api.send(delete).await;
    assert_eq!(deleted.body, json!({ "deleted": true, "eventId": "E" }));
    let again = api.request(Method::DELETE, "/admin/events/E");
    assert_eq!(api.send(again).await.status, 404);
    assert_eq!(spectator.message().await["type"], "refresh");
    let refused = stack.try_watch(0, "E").await.err().expect("no such event");
    assert_eq!(
        (refused.status.as_u16(), refused.body["error"].as_str()),
        (404, Some("EventNotFound"))
    );
    let left = crate::concurrency::keys_of(&stack, "E").await;
    assert!(left.is_empty(), "{left:?}");

    let new = api.create("E").await;
    assert_eq!(api.push_xml(&old, SAMPLE_XML).await.status, 401);
    assert_eq!(api.push_xml(&new, SAMPLE_XML).await.status, 200);
    api.bring_to("E", &new, "startlist").await;
    let mut of_new = stack.watch(0, "E").await;
    assert_eq!(
        of_new.message().await["data"]["event"]["status"],
        "startlist"
    );
    let (messages, code, reason) = spectator.until_closed().await;
    assert_eq!(
        (messages.len(), code, reason.as_str()),
        (0, 1000, "Event deleted")
    );
}

#[tokio::test]
async fn a_rotated_key_also_stops_a_request_whose_body_is_still_on_its_way() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = api.create("E").await;
    api.push_xml(&key, SAMPLE_XML).await;
    api.bring_to("E", &key, "running").await;
    let mut socket = TcpStream::connect(&stack.ingests[0].address)
        .await
        .expect("a connection");
    let body = json!({ "oncourse": [{ "raceId": "K1M_QUA_4", "bib": 1 }] }).to_string();
    let head = format!(
        "POST /api/v1/ingest/oncourse HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.expect("it is sent");
    let mut answer = vec![0; 1024];
    let count = socket.read(&mut answer).await.expect("an answer");
    // The body is only asked for once the key was found good.
    assert!(answer[..count].starts_with(b"HTTP/1.1 100 "));
    let rotate = api.request(Method::POST, "/admin/events/E/rotate-key");
    assert_eq!(api.send(rotate).await.status, 200);
    // What was read to check the key is gone by for a moment more.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    socket.write_all(body.as_bytes()).await.expect("it is sent");
    let mut answer = String::new();
    socket
        .read_to_string(&mut answer)
        .await
        .expect("the answer");
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}
