//! Every mistake gets its own answer in JSON, and nothing is lost or stored by it.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{
    Answer, Api, SAMPLE_XML, Stack, StackConfig, metrics::metric, servers::own_address, until,
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

fn assert_error(answer: &Answer, status: u16, code: &str, mentions: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.body["error"], code);
    let message = answer.body["message"].as_str().unwrap_or_default();
    assert!(
        message.contains(mentions),
        "'{message}' does not mention '{mentions}'"
    );
    assert_eq!(answer.headers["content-type"], "application/json");
}

#[tokio::test]
async fn events_that_can_t_be_created_name_the_field() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let svg_too_large = format!("data:image/svg+xml;base64,{}", "A".repeat(1_500_000));
    let cases = [
        (json!({"mainTitle": "A"}), "eventId"),
        (json!({"eventId": "a b", "mainTitle": "A"}), "eventId"),
        (
            json!({"eventId": "x".repeat(65), "mainTitle": "A"}),
            "eventId",
        ),
        (json!({"eventId": "E"}), "mainTitle"),
        (json!({"eventId": "E", "mainTitle": null}), "mainTitle"),
        (json!({"eventId": "E", "mainTitle": ""}), "mainTitle"),
        (json!({"eventId": "E", "mainTitle": 5}), "mainTitle"),
        (
            json!({"eventId": "E", "mainTitle": "A", "startDate": "20. 6."}),
            "startDate",
        ),
        (
            json!({"eventId": "E", "mainTitle": "A", "endDate": "2026-13-01"}),
            "endDate",
        ),
        (
            json!({"eventId": "E", "mainTitle": "A", "startDate": "2026-06-21", "endDate": "2026-06-20"}),
            "endDate",
        ),
        (
            json!({"eventId": "E", "mainTitle": "A", "location": "x".repeat(600)}),
            "location",
        ),
        (
            json!({"eventId": "E", "mainTitle": "A", "imageData": "###"}),
            "imageData",
        ),
        (
            json!({"eventId": "E", "mainTitle": "A", "imageData": "bm8gcGljdHVyZQ=="}),
            "imageData",
        ),
        (
            json!({"eventId": "E", "mainTitle": "A", "imageData": svg_too_large}),
            "imageData",
        ),
        (json!([]), "not a JSON object"),
        (json!(["E", "A"]), "not a JSON object"),
    ];
    for (body, field) in cases {
        let answer = api
            .send(api.request(Method::POST, "/admin/events").json(&body))
            .await;
        assert_error(&answer, 400, "Invalid request", field);
    }
    assert_eq!(api.get("/admin/events").await.body, json!({ "events": [] }));
}

async fn running(api: &Api) -> String {
    let key = api.create("E").await;
    api.push_xml(&key, SAMPLE_XML).await;
    api.bring_to("E", &key, "running").await;
    key
}

#[tokio::test]
async fn a_row_that_can_t_be_right_names_itself_and_holds_nobody_up() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = running(&api).await;
    let good = json!({"raceId": "K1M_QUA_4", "bib": 1, "time": 9523});
    let bad_rows = [
        (json!({"raceId": "K1M_QUA_4", "bib": 2, "time": -1}), "time"),
        (json!({"raceId": "K1M_QUA_4", "bib": 2, "pen": 1.5}), "pen"),
        (
            json!({"raceId": "K1M_QUA_4", "bib": 2, "total": 8_640_001}),
            "total",
        ),
        (
            json!({"raceId": "K1M_QUA_4", "bib": 2, "time": "95.23"}),
            "time",
        ),
        (json!({"raceId": "K1M_QUA_4", "bib": 2.5}), "bib"),
        (json!({"bib": 2}), "raceId"),
        (json!("a row"), "not a JSON object"),
        (
            json!({"raceId": "K1M_QUA_4", "bib": 2, "gates": [{"gate": 1, "pen": 3}]}),
            "gates[0].pen",
        ),
        (
            json!({"raceId": "K1M_QUA_4", "bib": 2, "gates": [{"gate": 0}]}),
            "gates[0].gate",
        ),
    ];
    let mut spectator = stack.watch(0, "E").await;
    spectator.message().await;
    for (bad, field) in bad_rows {
        let rows = json!({ "results": [bad] });
        let alone = api.push(&key, "/ingest/results", &rows).await;
        assert_error(&alone, 400, "Invalid request", field);
        let rows = json!({ "results": [bad, good, { "raceId": "K1M_QUA_4" }] });
        let answer = api.push(&key, "/ingest/results", &rows).await.body;
        assert_eq!(answer["updated"], 1, "{answer}");
        assert_eq!(answer["skippedCount"], 2, "{answer}");
        assert_eq!(answer["skipped"][0]["row"], 0);
        let why = answer["skipped"][0]["why"].as_str().expect("a reason");
        assert!(why.contains(field), "{answer}");
        assert_eq!(answer["skipped"][1]["row"], 2);
    }
    let mixed = json!({ "results": [{ "raceId": "K1M_QUA_4", "bib": 2, "time": -1 }, { "raceId": "NONE", "bib": 2 }] });
    let answer = api.push(&key, "/ingest/results", &mixed).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["updated"], 0);
    for (bad, path) in [
        (
            json!({"oncourse": [{"raceId": "K1M_QUA_4", "bib": 1, "gates": [0, 3]}]}),
            "oncourse[0].gates[1]",
        ),
        (json!({"oncourse": [{"bib": 1}]}), "oncourse[0]"),
        (json!({"oncourse": null}), "oncourse"),
        (json!({}), "oncourse"),
    ] {
        let answer = api.push(&key, "/ingest/oncourse", &bad).await;
        assert_error(&answer, 400, "Invalid request", path);
    }
    // The first thing that spectators hear is the first thing that was right.
    assert_eq!(spectator.message().await["data"]["results"][0]["bib"], 1);
    api.push_result(&key, "K1M_QUA_4", 3, 9000).await;
    assert_eq!(spectator.message().await["data"]["results"][0]["bib"], 3);
}

#[tokio::test]
async fn rows_of_unknown_races_and_people_are_skipped() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = running(&api).await;
    let rows = json!({ "results": [
        { "raceId": "NONE", "bib": 1, "time": 9000 },
        { "raceId": "K1M_QUA_4", "bib": 99, "time": 9000 },
        { "raceId": "K1M_QUA_4", "participantId": "20015.K1W", "bib": 1, "time": 9000 },
        { "raceId": "K1M_QUA_4", "bib": 1, "time": 9000, "unknownField": {} },
    ] });
    let answer = api.push(&key, "/ingest/results", &rows).await.body;
    assert_eq!(
        (&answer["updated"], &answer["skippedCount"]),
        (&json!(1), &json!(3))
    );
    let named = answer["skipped"].as_array().expect("rows").iter();
    let named: Vec<_> = named.map(|row| (&row["row"], &row["bib"])).collect();
    assert_eq!(json!(named), json!([[0, 1], [1, 99], [2, 1]]), "{answer}");
}

#[tokio::test]
async fn xml_that_can_t_be_used_says_where_or_what() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = api.create("E").await;
    let cut = SAMPLE_XML.replace("</Canoe123Data>", "");
    let cut_in_a_tag = &SAMPLE_XML[..SAMPLE_XML.len() - 10];
    let crossed = SAMPLE_XML.replacen("</Events>", "</Event>", 1);
    let no_class = SAMPLE_XML.replace("Classes>", "Klasses>");
    let cases = [
        ("", "line 1"),
        ("<a/>", "Canoe123Data"),
        (&cut, "truncated"),
        (cut_in_a_tag, "line"),
        (&crossed, "line 12, column"),
        (&no_class, "class"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><Canoe123Data/>", "DTD"),
        ("<Canoe123Data></Canoe123Data>", "Events"),
    ];
    for (xml, mentions) in cases {
        assert_error(
            &api.push_xml(&key, xml).await,
            400,
            "Invalid request",
            mentions,
        );
        let answer = api.push(&key, "/ingest/xml", &json!({ "xml": xml })).await;
        assert_error(&answer, 400, "Invalid request", mentions);
    }
    assert_error(
        &api.push(&key, "/ingest/xml", &json!({})).await,
        400,
        "Invalid request",
        "xml",
    );
}

async fn push_raw(api: &Api, key: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let mut request = api
        .request(Method::POST, "/ingest/xml")
        .header("X-API-Key", key);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.send(request.body(body)).await
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

#[tokio::test]
async fn xml_comes_plain_zipped_in_json_and_in_old_encodings() {
    const XML: (&str, &str) = ("Content-Type", "application/xml");
    const JSON: (&str, &str) = ("Content-Type", "application/json");
    const GZIP: (&str, &str) = ("Content-Encoding", "gzip");
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = api.create("E").await;
    let json = serde_json::to_vec(&json!({ "xml": SAMPLE_XML })).expect("JSON");
    let utf16: Vec<u8> = std::iter::once(0xFEFF)
        .chain(SAMPLE_XML.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let good = [
        (
            vec![("Content-Type", "text/xml; charset=utf-8")],
            SAMPLE_XML.as_bytes().to_vec(),
        ),
        (vec![XML, GZIP], gzip(SAMPLE_XML.as_bytes())),
        (vec![JSON, GZIP], gzip(&json)),
        (vec![XML], utf16),
    ];
    for (headers, body) in good {
        let answer = push_raw(&api, &key, &headers, body).await;
        assert_eq!(answer.status, 200, "{headers:?}: {}", answer.body);
        assert_eq!(answer.body["imported"]["participants"], 7);
    }

    let large = format!("{SAMPLE_XML}<!--{}-->", "x".repeat(10 << 20));
    let large_json = serde_json::to_vec(&json!({ "xml": large })).expect("JSON");
    let too_large = [
        (vec![XML], large.as_bytes().to_vec()),
        (vec![XML, GZIP], gzip(large.as_bytes())),
        (vec![JSON], large_json),
        (vec![XML, GZIP], gzip(&vec![b' '; 200 << 20])),
    ];
    for (headers, body) in too_large {
        let answer = push_raw(&api, &key, &headers, body).await;
        assert_error(&answer, 413, "Payload too large", "10485760");
    }
    let broken = push_raw(&api, &key, &[XML, GZIP], b"no gzip".to_vec()).await;
    assert_error(&broken, 400, "Invalid request", "gzip");
    let brotli = push_raw(&api, &key, &[XML, ("Content-Encoding", "br")], vec![1]).await;
    assert_error(&brotli, 415, "Unsupported media type", "br");
    let plain = push_raw(&api, &key, &[("Content-Type", "text/plain")], vec![1]).await;
    assert_error(&plain, 415, "Unsupported media type", "application/xml");
    assert_error(
        &push_raw(&api, &key, &[], vec![1]).await,
        415,
        "Unsupported media type",
        "xml",
    );
}

#[tokio::test]
async fn unknown_paths_methods_states_and_settings_are_told() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = api.create("E").await;
    for (api, path) in [(&api, "/admin/nothing"), (&stack.gateway_at(0), "/nothing")] {
        assert_error(&api.get(path).await, 404, "NotFound", path);
    }
    let put = api.send(api.request(Method::PUT, "/admin/events")).await;
    assert_error(&put, 405, "Method not allowed", "Allow");
    let allow = put.headers["allow"].to_str().unwrap_or_default();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    let post = stack.gateway_at(0).request(Method::POST, "/events");
    assert_error(&api.send(post).await, 405, "Method not allowed", "Allow");
    for body in [
        json!({"status": "paused"}),
        json!({"status": null}),
        json!({}),
    ] {
        let request = api
            .request(Method::PATCH, "/admin/events/E/status")
            .json(&body);
        let answer = api.send(request.header("X-API-Key", &key)).await;
        assert_error(&answer, 400, "Invalid request", "status");
    }
    let settings: [(Value, &str); 3] = [
        (json!({"displayMode": "loud"}), "displayMode"),
        (json!({"showOnCourse": "yes"}), "showOnCourse"),
        (json!({"unknown": 1}), "unknown"),
    ];
    for (body, field) in settings {
        let request = api
            .request(Method::PATCH, "/admin/events/E/config")
            .json(&body);
        let answer = api.send(request.header("X-API-Key", &key)).await;
        assert_error(&answer, 400, "Invalid request", field);
    }
}

#[tokio::test]
async fn a_body_that_never_ends_times_out() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let config = StackConfig {
        ingest_flags: vec!["--read-timeout-seconds=1".to_owned()],
        ..Default::default()
    };
    let stack = Stack::with(config).await;
    let key = stack.ingest().create("E").await;
    let address = stack.ingests[0].origin.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "POST /api/v1/ingest/results HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    socket
        .write_all(head.as_bytes())
        .await
        .expect("the head is sent");
    let mut answer = vec![0; 4096];
    let count = socket.read(&mut answer).await.expect("an answer");
    let answer = String::from_utf8_lossy(&answer[..count]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("\"Request timeout\""), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_whose_callers_hang_up_are_bounded_too() {
    let address = format!("{}:9090", own_address());
    let flags = [
        "--xml-imports-max=1".to_owned(),
        format!("--metrics-listen={address}"),
    ];
    let config = StackConfig {
        ingest_flags: flags.into(),
        ..StackConfig::default()
    };
    let stack = Stack::with(config).await;
    let api = stack.ingest();
    let key = api.create("E").await;
    // Takes a while to read, and is refused at its very end.
    let filler = "<Statistics><Gate>12345</Gate></Statistics>".repeat(230_000);
    let xml = SAMPLE_XML.replace("</Canoe123Data>", &format!("{filler}</Canoe123Data"));
    let head = format!(
        "POST /api/v1/ingest/xml HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\n\
         Content-Type: application/xml\r\nContent-Length: {}\r\n\r\n",
        xml.len()
    );
    for _ in 0..4 {
        let mut socket = TcpStream::connect(&stack.ingests[0].address)
            .await
            .expect("a connection");
        socket.write_all(head.as_bytes()).await.expect("sent");
        socket.write_all(xml.as_bytes()).await.expect("sent");
        // Long enough for its bytes to be there.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let mut most = 0;
    until("an import at work, and then none", || async {
        let running: i64 = metric(&address, "ingest_imports_running").await?;
        running.gt(&0).then_some(())
    })
    .await;
    loop {
        let running: i64 = metric(&address, "ingest_imports_running")
            .await
            .expect("a number");
        most = most.max(running);
        if running == 0 {
            break;
        }
    }
    assert_eq!(most, 1);
}
