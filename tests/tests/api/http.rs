//! HTTP as browsers, caches and careless programs speak it.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Answer, Api, SAMPLE_XML, Stack, until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const PICTURE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

async fn racing(stack: &Stack) -> (Api, String) {
    let api = stack.ingest();
    let key = api.create("E").await;
    api.push_xml(&key, SAMPLE_XML).await;
    api.bring_to("E", &key, "running").await;
    (api, key)
}

fn is_error(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert!(answer.body["error"].is_string() && answer.body["message"].is_string());
}

#[tokio::test]
async fn a_browser_may_ask_before_it_reads_from_elsewhere() {
    let stack = Stack::start().await;
    racing(&stack).await;
    let gateway = stack.gateway_at(0);
    for path in [
        "/events",
        "/events/E",
        "/events/E/results/K1M_QUA_4",
        "/events/E/image",
    ] {
        let preflight = gateway
            .request(Method::OPTIONS, path)
            .header("Origin", "https://results.example")
            .header("Access-Control-Request-Method", "GET")
            .header(
                "Access-Control-Request-Headers",
                "x-requested-with, authorization",
            );
        let answer = gateway.send(preflight).await;
        assert_eq!(answer.status, 204, "{path}");
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        let allowed = answer.headers["access-control-allow-headers"].to_str();
        let allowed = allowed.expect("text").to_lowercase();
        assert!(allowed.contains("x-requested-with") && allowed.contains("authorization"));
    }
    let plain = gateway
        .send(gateway.request(Method::OPTIONS, "/events"))
        .await;
    assert_eq!(plain.status, 204);
    let post = gateway.send(gateway.request(Method::POST, "/events")).await;
    is_error(&post, 405);
    assert!(post.headers.contains_key("allow"));
}

async fn conditional(gateway: &Api, path: &str, etag: &str) -> Answer {
    let request = gateway.request(Method::GET, path);
    gateway.send(request.header("If-None-Match", etag)).await
}

/// Scripts that Redis has run: every read of an event or its picture is one.
async fn scripts_run(stack: &Stack) -> u64 {
    let client = redis::Client::open(stack.redis().url()).expect("an address");
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("redis");
    let info: String = redis::cmd("INFO")
        .arg("commandstats")
        .query_async(&mut connection)
        .await
        .expect("redis answers");
    let line = info
        .lines()
        .find(|line| line.starts_with("cmdstat_evalsha:calls="));
    let calls = line.and_then(|line| line["cmdstat_evalsha:calls=".len()..].split(',').next());
    calls.and_then(|calls| calls.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let stack = Stack::start().await;
    let (api, key) = racing(&stack).await;
    let edit = json!({ "imageData": PICTURE });
    let request = api.request(Method::PATCH, "/admin/events/E").json(&edit);
    assert_eq!(api.send(request).await.status, 200);
    let gateway = stack.gateway_at(0);
    let listed = until("the picture in the list", || async {
        let list = gateway.get("/events").await;
        list.body["events"][0]["imageUrl"]
            .is_string()
            .then_some(list)
    });
    let listed = listed.await;
    let image_path = listed.body["events"][0]["imageUrl"]
        .as_str()
        .expect("a path");
    let image_path = image_path
        .strip_prefix("/api/v1")
        .expect("under the API")
        .to_owned();
    let results = "/events/E/results/K1M_QUA_4".to_owned();
    for path in ["/events".to_owned(), image_path.clone(), results] {
        let first = gateway.get(&path).await;
        assert_eq!(first.status, 200, "{path}");
        let etag = first.headers["etag"].to_str().expect("text").to_owned();
        let strong = etag.trim_start_matches("W/").to_owned();
        for known in [
            etag.clone(),
            strong.clone(),
            format!("W/{strong}"),
            format!("\"x\", {etag}"),
            "*".to_owned(),
        ] {
            let again = conditional(&gateway, &path, &known).await;
            assert_eq!(again.status, 304, "{path} {known}");
            assert_eq!(again.headers["etag"], etag.as_str());
        }
        assert_eq!(conditional(&gateway, &path, "\"x\"").await.status, 200);
    }
    let before = scripts_run(&stack).await;
    for _ in 0..5 {
        assert_eq!(gateway.get(&image_path).await.status, 200);
    }
    assert_eq!(
        scripts_run(&stack).await,
        before,
        "reads of a picture that is known"
    );
    api.set_status("E", &key, "finished").await;
}

#[tokio::test]
async fn a_category_that_nobody_is_in_is_answered_from_what_is_known() {
    let stack = Stack::start().await;
    racing(&stack).await;
    let gateway = stack.gateway_at(0);
    gateway.get("/events/E/results/K1M_QUA_4").await;
    // Each read asks for the position, and for nothing else.
    let before = scripts_run(&stack).await;
    for number in 0..10 {
        let path = format!("/events/E/results/K1M_QUA_4?catId=NONE{number}");
        let answer = gateway.get(&path).await;
        assert_eq!(answer.body["results"], json!([]), "{path}");
        assert_eq!(gateway.get(&path).await.body["results"], json!([]));
    }
    let spent = scripts_run(&stack).await - before;
    assert!(spent <= 20, "{spent} scripts for 20 reads");
    let known = gateway.get("/events/E/results/K1M_QUA_4?catId=DS").await;
    assert_eq!(known.body["results"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn paths_and_queries_that_make_no_sense_are_refused_in_our_own_words() {
    let stack = Stack::start().await;
    racing(&stack).await;
    let gateway = stack.gateway_at(0);
    for path in [
        "/events/%ff",
        "/events/%ff/oncourse",
        "/events/E/results/%ff",
        "/events/E/results/K1M_QUA_4?catId=a&catId=b",
        "/events/E/results/K1M_QUA_4?detailed=1&detailed=0",
        "/events/E/results/K1M_QUA_4?detailed=maybe",
        "/events/E/results/K1M_QUA_4.csv?sep=x",
        "/events/E/image?v=1&v=2",
    ] {
        is_error(&gateway.get(path).await, 400);
    }
    let format = gateway.get("/events/E/results/K1M_QUA_4?format=csv").await;
    is_error(&format, 400);
    let message = format.body["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("/events/E/results/K1M_QUA_4.csv"),
        "{message}"
    );
    let api = stack.ingest();
    for event_id in [".", ".."] {
        let body = json!({ "eventId": event_id, "mainTitle": "A" });
        is_error(
            &api.send(api.request(Method::POST, "/admin/events").json(&body))
                .await,
            400,
        );
    }
    for body in [json!({ "mainTitle": null }), json!({ "mainTitle": "" })] {
        let request = api.request(Method::PATCH, "/admin/events/E").json(&body);
        is_error(&api.send(request).await, 400);
    }
}

fn gzipped(body: &Value) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(body.to_string().as_bytes())
        .expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test]
async fn every_ingest_body_may_be_compressed_and_no_other_coding_is_guessed() {
    let stack = Stack::start().await;
    let (api, key) = racing(&stack).await;
    let results = json!({ "results": [{ "raceId": "K1M_QUA_4", "bib": 1, "time": 9000 }] });
    let boats = json!({ "oncourse": [{ "raceId": "K1M_QUA_4", "bib": 1 }] });
    for (path, body, answer) in [
        ("/ingest/results", &results, json!({ "updated": 1 })),
        ("/ingest/oncourse", &boats, json!({ "active": 1 })),
    ] {
        let push = |coding: &str, bytes: Vec<u8>| {
            api.request(Method::POST, path)
                .header("X-API-Key", &key)
                .header("Content-Type", "application/json")
                .header("Content-Encoding", coding)
                .body(bytes)
        };
        let sent = api.send(push("gzip", gzipped(body))).await;
        assert_eq!((sent.status.as_u16(), sent.body), (200, answer));
        is_error(&api.send(push("br", body.to_string().into())).await, 415);
        is_error(&api.send(push("gzip, gzip", gzipped(body))).await, 415);
        is_error(&api.send(push("gzip", body.to_string().into())).await, 400);
    }
}

/// Everything that the server answers to bytes, as text.
async fn spoken(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(system_tests::DEADLINE, stream.read_to_end(&mut answer));
    let _ = read.await.expect("an end in time");
    String::from_utf8_lossy(&answer).to_lowercase()
}

#[tokio::test]
async fn what_the_http_library_refuses_has_a_body_too() {
    let stack = Stack::start().await;
    let long = "x".repeat(20 << 10);
    for address in [&stack.gateways[0].address, &stack.ingests[0].address] {
        let head = format!("GET /api/v1/events HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n");
        let answer = spoken(address, &head).await;
        assert!(answer.starts_with("http/1.1 431"), "{answer}");
        assert!(
            answer.contains("content-type: application/json"),
            "{answer}"
        );
        assert!(
            answer.contains(r#"{"error":"headers too large""#),
            "{answer}"
        );
        let nonsense = spoken(address, "nonsense\r\n\r\n").await;
        assert!(nonsense.starts_with("http/1.1 400"), "{nonsense}");
        assert!(
            nonsense.contains(r#"{"error":"invalid request""#),
            "{nonsense}"
        );
    }
}

#[tokio::test]
async fn only_a_get_of_the_right_version_opens_a_stream() {
    let stack = Stack::start().await;
    racing(&stack).await;
    let address = &stack.gateways[0].address;
    let upgrade = system_tests::raw::request("/api/v1/events/E/ws", "");
    let closing = "Connection: Upgrade, close";
    let old = upgrade
        .replace("Version: 13", "Version: 8")
        .replace("Connection: Upgrade", closing);
    let answer = spoken(address, &old).await;
    assert!(answer.starts_with("http/1.1 426"), "{answer}");
    assert!(answer.contains("sec-websocket-version: 13"), "{answer}");
    assert!(answer.contains("upgrade: websocket"), "{answer}");
    let head = upgrade
        .replacen("GET", "HEAD", 1)
        .replace("Connection: Upgrade", closing);
    let answer = spoken(address, &head).await;
    assert!(answer.starts_with("http/1.1 426"), "{answer}");
}

#[tokio::test]
async fn a_list_for_spreadsheets_is_the_list() {
    let stack = Stack::start().await;
    let (api, key) = racing(&stack).await;
    api.push_result(&key, "K1M_QUA_4", 2, 9000).await;
    let origin = &stack.gateways[0].origin;
    let read = async |path: &str, accept: Option<&str>| {
        let request = sim::http::client().build().expect("a client");
        let mut request = request.get(format!("{origin}/api/v1/events/E/results/{path}"));
        if let Some(accept) = accept {
            request = request.header("Accept", accept);
        }
        let response = request.send().await.expect("an answer");
        let headers = response.headers().clone();
        (
            response.status(),
            headers,
            response.bytes().await.expect("a body"),
        )
    };
    let (status, headers, body) = read("K1M_QUA_4.csv", None).await;
    assert_eq!(status, 200);
    assert!(
        headers["content-type"]
            .to_str()
            .is_ok_and(|t| t.starts_with("text/csv"))
    );
    let name = headers["content-disposition"].to_str().expect("text");
    assert!(name.contains("startlist.csv"), "{name}");
    let text = std::str::from_utf8(&body).expect("UTF-8");
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert!(lines[0].starts_with("rank,bib,name,club"), "{}", lines[0]);
    assert!(lines[1].starts_with("1,2,TŮMA Šimon,"), "{}", lines[1]);
    assert!(lines[1].contains(",90.00,2.00,92.00,0.00,"), "{}", lines[1]);
    assert_eq!(lines.len(), 5);
    let (_, headers, by_accept) = read("K1M_QUA_4", Some("text/csv")).await;
    assert_eq!(by_accept, body);
    assert!(
        headers["vary"]
            .to_str()
            .is_ok_and(|vary| vary.contains("accept"))
    );
    let (_, _, semicolons) = read("K1M_QUA_4.csv?sep=;", None).await;
    assert!(
        std::str::from_utf8(&semicolons)
            .expect("UTF-8")
            .contains("rank;bib;name")
    );
    let (_, headers, _) = read("K1M_QUA_4", Some("text/html,*/*")).await;
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(read("NONE.csv", None).await.0, 404);
}

#[tokio::test]
async fn an_event_may_have_seats_of_its_own() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let body = json!({ "eventId": "E", "mainTitle": "A", "maxConnections": 2 });
    let created = api
        .send(api.request(Method::POST, "/admin/events").json(&body))
        .await;
    assert_eq!(created.status, 201, "{}", created.body);
    let key = created.body["apiKey"].as_str().expect("a key").to_owned();
    api.bring_to("E", &key, "startlist").await;
    let first = stack.watch(0, "E").await;
    let second = stack.watch(0, "E").await;
    let Err(refused) = stack.try_watch(0, "E").await else {
        panic!("two seats are taken");
    };
    assert_eq!(
        (refused.status.as_u16(), &refused.body["maxConnections"]),
        (503, &json!(2))
    );
    let set = async |max: Value| {
        let body = json!({ "maxConnections": max });
        api.send(api.request(Method::PATCH, "/admin/events/E").json(&body))
            .await
    };
    assert_eq!(set(json!(3)).await.body["maxConnections"], 3);
    let third = stack.watch(0, "E").await;
    // Fewer than are there end no stream.
    assert_eq!(set(json!(1)).await.body["maxConnections"], 1);
    assert!(stack.try_watch(0, "E").await.is_err());
    drop((first, second));
    assert_eq!(set(Value::Null).await.body["maxConnections"], Value::Null);
    stack.watch(0, "E").await;
    drop(third);
    for max in [json!(0), json!(100_001), json!("many"), json!(1.5)] {
        is_error(&set(max).await, 400);
    }
    let listed = api.get("/admin/events").await.body;
    assert_eq!(listed["events"][0]["maxConnections"], Value::Null);
}
