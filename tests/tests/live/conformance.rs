//! The protocol itself (RFC 6455, RFC 7692): what a server must answer, and what it must not accept, each
//! sent at once and byte by byte.

use system_tests::{
    Stack,
    raw::{Inflate, Raw, masked},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::watched;

/// Reads past the first message and all others up to the end of the connection, and returns the code it
/// was closed with; `None` when there was none.
async fn close_code(raw: &mut Raw) -> Option<u16> {
    let mut code = None;
    while let Some(frame) = raw.frame().await {
        assert_eq!(code, None, "something came after the goodbye: {frame:?}");
        code = frame.close_code();
    }
    code
}

fn joined(frames: &[(u8, &[u8])]) -> Vec<u8> {
    let frames = frames
        .iter()
        .map(|(first, payload)| masked(*first, payload));
    frames.flatten().collect()
}

const ALL_AT_ONCE: usize = usize::MAX;

#[tokio::test]
async fn what_the_rfc_forbids_ends_the_connection_with_its_code() {
    let long = vec![b'x'; 126];
    let code = |code: u16| code.to_be_bytes();
    let cases: Vec<(&str, Vec<u8>, u16)> = vec![
        ("5.1 no mask", vec![0x81, 1, b'x'], 1002),
        ("5.2 RSV1", joined(&[(0xC1, b"x")]), 1002),
        ("5.2 RSV2", joined(&[(0xA1, b"x")]), 1002),
        ("5.2 RSV3 of a ping", joined(&[(0x99, b"x")]), 1002),
        ("5.2 opcode 3", joined(&[(0x83, b"")]), 1002),
        ("5.2 opcode 7", joined(&[(0x87, b"")]), 1002),
        ("5.2 opcode B", joined(&[(0x8B, b"")]), 1002),
        ("5.2 opcode F", joined(&[(0x8F, b"")]), 1002),
        (
            "5.2 126 for a short length",
            vec![0x82, 0xFE, 0, 5, 0, 0, 0, 0],
            1002,
        ),
        (
            "5.2 127 for a short length",
            vec![0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0],
            1002,
        ),
        (
            "5.2 a length of 2^63",
            vec![0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            1009,
        ),
        (
            "5.4 a continuation of nothing",
            joined(&[(0x80, b"x")]),
            1002,
        ),
        (
            "5.4 a message in a message",
            joined(&[(0x01, b"a"), (0x81, b"b")]),
            1002,
        ),
        (
            "5.4 more after the end",
            joined(&[(0x01, b"a"), (0x80, b"b"), (0x80, b"c")]),
            1002,
        ),
        ("5.5 a fragmented ping", joined(&[(0x09, b"")]), 1002),
        ("5.5 a fragmented close", joined(&[(0x08, b"")]), 1002),
        ("5.5 a long ping", joined(&[(0x89, &long)]), 1002),
        ("5.5 a long close", joined(&[(0x88, &long)]), 1002),
        ("5.5.1 a close of one byte", joined(&[(0x88, b"x")]), 1002),
        (
            "5.5.1 a reason in bad UTF-8",
            joined(&[(0x88, b"\x03\xE8\xFF")]),
            1007,
        ),
        (
            "5.6 bad UTF-8",
            joined(&[(0x81, b"\xCE\xBA\xED\xA0\x80")]),
            1007,
        ),
        (
            "5.6 half a character",
            joined(&[(0x81, b"\xCE\xBA\xE1\xBD")]),
            1007,
        ),
        (
            "5.6 bad UTF-8 across frames",
            joined(&[(0x01, b"\xCE"), (0x80, b"(")]),
            1007,
        ),
        ("7.4 close code 0", joined(&[(0x88, &code(0))]), 1002),
        ("7.4 close code 999", joined(&[(0x88, &code(999))]), 1002),
        ("7.4 close code 1004", joined(&[(0x88, &code(1004))]), 1002),
        ("7.4 close code 1005", joined(&[(0x88, &code(1005))]), 1002),
        ("7.4 close code 1006", joined(&[(0x88, &code(1006))]), 1002),
        ("7.4 close code 1015", joined(&[(0x88, &code(1015))]), 1002),
        ("7.4 close code 2999", joined(&[(0x88, &code(2999))]), 1002),
        ("7.4 close code 5000", joined(&[(0x88, &code(5000))]), 1002),
    ];
    let (stack, _) = watched().await;
    for (rule, bytes, expected) in cases {
        for step in [ALL_AT_ONCE, 1] {
            let mut raw = Raw::open(&stack, "", "").await;
            raw.send(&bytes, step).await;
            let code = close_code(&mut raw).await;
            assert_eq!(code, Some(expected), "{rule}, {step} at a time");
        }
    }
}

#[tokio::test]
async fn what_the_rfc_allows_is_taken_and_pings_in_between_are_answered() {
    let most = vec![b'x'; 125];
    let kosme = "κόσμε 🛶".as_bytes();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        (
            "5.4 empty frames",
            joined(&[(0x01, b""), (0x00, b""), (0x80, b"")]),
        ),
        (
            "5.4 fragments",
            joined(&[(0x01, b"a"), (0x00, b"b"), (0x80, b"c")]),
        ),
        (
            "5.4 a ping within",
            joined(&[(0x02, b"\xFF"), (0x89, b"here"), (0x80, b"\xFE")]),
        ),
        ("5.5.3 a pong nobody asked for", joined(&[(0x8A, b"well")])),
        ("5.5.3 a long pong", joined(&[(0x8A, &most)])),
        (
            "5.6 a character in two frames",
            joined(&[(0x01, &kosme[..3]), (0x80, &kosme[3..])]),
        ),
        ("5.6 binary", joined(&[(0x82, b"\xFF\xFE\xFD")])),
        ("5.2 a long message", joined(&[(0x82, &[0; 60_000])])),
    ];
    let (stack, _) = watched().await;
    for (rule, bytes) in cases {
        for step in [ALL_AT_ONCE, 1] {
            if step == 1 && bytes.len() > 1000 {
                continue;
            }
            let mut raw = Raw::open(&stack, "", "").await;
            raw.send(&bytes, step).await;
            raw.send(&masked(0x89, &most), step).await;
            let mut pongs = Vec::new();
            while pongs.last() != Some(&most) {
                let frame = raw
                    .frame()
                    .await
                    .unwrap_or_else(|| panic!("{rule}: it ended"));
                if frame.first == 0x8A {
                    pongs.push(frame.payload);
                }
            }
            let expected = if rule.contains("ping within") { 2 } else { 1 };
            assert_eq!(pongs.len(), expected, "{rule}: each ping has one answer");
        }
    }
}

#[tokio::test]
async fn a_goodbye_is_answered_with_its_own_code_and_then_the_socket_ends() {
    let (stack, _) = watched().await;
    for code in [1000_u16, 1001, 1003, 1007, 1011, 3000, 4999] {
        let mut raw = Raw::open(&stack, "", "").await;
        let goodbye = [&code.to_be_bytes()[..], b"bye"].concat();
        // What follows a goodbye is nobody's business.
        raw.send(&joined(&[(0x88, &goodbye), (0x83, b"")]), ALL_AT_ONCE)
            .await;
        assert_eq!(close_code(&mut raw).await, Some(code));
    }
    let mut raw = Raw::open(&stack, "", "").await;
    raw.send(&masked(0x88, b""), 1).await;
    let mut last = None;
    while let Some(frame) = raw.frame().await {
        last = Some(frame);
    }
    assert!(last.is_some_and(|frame| frame.first == 0x88 && frame.payload.is_empty()));
}

#[tokio::test]
async fn the_opening_handshake_is_that_of_the_rfc() {
    let (stack, _) = watched().await;
    let mut raw = Raw::open(&stack, "", "").await;
    // The example of RFC 6455, section 1.3.
    let accept = "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n";
    assert!(raw.head.contains(accept), "{}", raw.head);
    assert!(
        !raw.head.contains("sec-websocket-extensions"),
        "{}",
        raw.head
    );
    let first = raw.frame().await.expect("a message");
    assert!(first.first == 0x81 && first.payload.starts_with(b"{\"type\":\"full\""));
}

#[tokio::test]
async fn the_answer_and_the_first_message_come_together_even_if_the_client_speaks_early() {
    let (stack, _) = watched().await;
    let mut stream = Raw::ask(&stack, "", "").await;
    let early = masked(0x89, b"early");
    stream.write_all(&early).await.expect("it is sent");
    let mut received = Vec::new();
    while !received.windows(7).any(|bytes| bytes == b"\x8A\x05early") {
        let count = stream.read_buf(&mut received).await;
        assert!(count.expect("it goes on") > 0, "it ended");
    }
    let text = String::from_utf8_lossy(&received);
    let (head, full, pong) = (text.find("101"), text.find("\"full\""), text.find("early"));
    assert!(head < full && full < pong, "{text}");
}

async fn agreed(stack: &Stack, query: &str, offer: &str) -> Option<String> {
    let line = format!("Sec-WebSocket-Extensions: {offer}\r\n");
    let raw = Raw::open(stack, query, &line).await;
    let answer = raw
        .head
        .lines()
        .find_map(|line| line.strip_prefix("sec-websocket-extensions: "));
    answer.map(str::to_owned)
}

#[tokio::test]
async fn compression_is_agreed_on_where_shared_frames_can_do_it() {
    const PLAIN: &str =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    let named = format!("{PLAIN}; server_max_window_bits=15");
    let (stack, _) = watched().await;
    let cases = [
        ("permessage-deflate", Some(PLAIN)),
        ("permessage-deflate; client_max_window_bits", Some(PLAIN)),
        (
            "permessage-deflate; server_max_window_bits=15",
            Some(named.as_str()),
        ),
        ("permessage-deflate; server_max_window_bits=9", None),
        (
            "permessage-deflate; server_max_window_bits=9, permessage-deflate",
            Some(PLAIN),
        ),
        ("permessage-deflate; what=1", None),
        ("x-webkit-deflate-frame", None),
    ];
    for (offer, expected) in cases {
        let answer = agreed(&stack, "", offer).await;
        assert_eq!(answer.as_deref(), expected, "{offer}");
    }
    // Who asks for changes gets messages that refer back, unless it says that it forgets.
    let delta = "?oncourse=delta";
    let answer = agreed(&stack, delta, "permessage-deflate").await;
    assert_eq!(
        answer.as_deref(),
        Some("permessage-deflate; client_no_context_takeover")
    );
    let forgets = "permessage-deflate; server_no_context_takeover";
    assert_eq!(agreed(&stack, delta, forgets).await.as_deref(), Some(PLAIN));
}

#[tokio::test]
async fn compressed_or_plain_spectators_get_the_same_messages() {
    let (stack, key) = watched().await;
    let api = stack.ingest();
    let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let mut plain = Raw::open(&stack, "", "").await;
    let mut small = Raw::open(&stack, "", offer).await;
    api.push_xml(&key, system_tests::SAMPLE_XML).await;
    api.set_status("E", &key, "running").await;
    let boats = serde_json::json!({ "oncourse": [{
        "raceId": "K1M_QUA_4", "bib": 1, "position": 1, "time": 2300, "gates": [0, 2, null, null],
    }] });
    api.push(&key, "/ingest/oncourse", &boats).await;
    let (mut compressed, mut kinds) = (0, Vec::new());
    loop {
        let (one, other) = (plain.frame().await, small.frame().await);
        let (one, other) = (one.expect("a message"), other.expect("a message"));
        assert_eq!(one.first, 0x81);
        if other.first == 0xC1 {
            compressed += 1;
            assert!(other.payload.len() < one.payload.len());
        }
        let text = Inflate::new(false).text(&other);
        assert_eq!(text, one.payload);
        let text = String::from_utf8_lossy(&text).into_owned();
        // A status is too short to be worth it.
        kinds.push((text.contains("\"status\":\"running\"}"), other.first));
        if text.contains("\"oncourse\":[{") && text.contains("\"diff\"") {
            break;
        }
    }
    assert!(compressed >= 2, "{kinds:?}");
    assert!(kinds.contains(&(true, 0x81)), "{kinds:?}");
    // What such a spectator sends compressed is read past.
    small
        .send(&masked(0xC1, b"\xF2\x48\xCD\xC9\xC9\x07\x00"), 1)
        .await;
    small.send(&masked(0x89, b"still"), 1).await;
    assert_eq!(small.frame().await.expect("a pong").payload, b"still");
}

/// Reads up to the message that holds `last`; returns the texts and the bytes that they took.
async fn read_to(raw: &mut Raw, inflate: &mut Inflate, last: &str) -> (Vec<String>, usize) {
    let (mut texts, mut bytes) = (Vec::new(), 0);
    loop {
        let frame = raw.frame().await.expect("a message");
        bytes += frame.payload.len();
        let text = String::from_utf8(inflate.text(&frame)).expect("text");
        texts.push(text);
        if texts.last().is_some_and(|text| text.contains(last)) {
            return (texts, bytes);
        }
    }
}

#[tokio::test]
async fn messages_that_refer_back_are_the_same_in_far_fewer_bytes_also_for_who_comes_later() {
    let (stack, key) = watched().await;
    let api = stack.ingest();
    api.push_xml(&key, system_tests::SAMPLE_XML).await;
    api.set_status("E", &key, "running").await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let push = async |time: u32| {
        let boats: Vec<_> = (1..=4)
            .map(|bib| {
                serde_json::json!({ "raceId": "K1M_QUA_4", "bib": bib, "position": bib, "time": time,
                    "gates": vec![0; 20], "name": format!("SOMEBODY {bib}"), "club": "A club" })
            })
            .collect();
        let boats = serde_json::json!({ "oncourse": boats });
        api.push(&key, "/ingest/oncourse", &boats).await;
        tokio::time::sleep(std::time::Duration::from_millis(210)).await;
    };
    let mut plain = Raw::open(&stack, "?oncourse=delta", "").await;
    let mut early = Raw::open(&stack, "?oncourse=delta", offer).await;
    for time in 0..8 {
        push(time).await;
    }
    let mut late = Raw::open(&stack, "?oncourse=delta", offer).await;
    for time in 8..16 {
        push(time).await;
    }
    let last = "\"time\":15,";
    let (expected, plain_bytes) = read_to(&mut plain, &mut Inflate::new(false), last).await;
    let (texts, bytes) = read_to(&mut early, &mut Inflate::new(true), last).await;
    assert_eq!(texts[1..], expected[1..]);
    assert!(bytes * 8 < plain_bytes, "{bytes} of {plain_bytes}");
    let (texts, _) = read_to(&mut late, &mut Inflate::new(true), last).await;
    assert_eq!(texts.len(), 9);
    assert_eq!(texts[1..], expected[expected.len() - 8..]);
}

#[tokio::test]
async fn a_request_in_pieces_or_after_another_one_is_upgraded_too() {
    let (stack, key) = watched().await;
    let address = &stack.gateways[0].address;
    let request = Raw::request("?oncourse=delta", "");
    let mut spectators = Vec::new();
    for after in ["", "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        if !after.is_empty() {
            stream
                .write_all(after.as_bytes())
                .await
                .expect("it is sent");
            let mut answer = Vec::new();
            while !answer.windows(4).any(|four| four == b"\r\n\r\n") {
                let count = stream.read_buf(&mut answer).await.expect("an answer");
                assert!(count > 0, "it ended");
            }
        }
        // Whatever the first piece was taken for, the second one completes it.
        let (first, second) = request.split_at(60);
        stream
            .write_all(first.as_bytes())
            .await
            .expect("it is sent");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        stream
            .write_all(second.as_bytes())
            .await
            .expect("it is sent");
        spectators.push(Raw::answered(stream).await);
    }
    for raw in &mut spectators {
        let full = raw.frame().await.expect("a message");
        assert!(full.payload.starts_with(b"{\"type\":\"full\""));
    }
    stack.ingest().set_status("E", &key, "running").await;
    for raw in &mut spectators {
        let diff = raw.frame().await.expect("a message");
        assert!(diff.payload.starts_with(b"{\"type\":\"diff\""));
        raw.send(&masked(0x88, &1000_u16.to_be_bytes()), ALL_AT_ONCE)
            .await;
        assert_eq!(close_code(raw).await, Some(1000));
    }
}
