//! Clients that misbehave, beside one that does not.

use system_tests::{Stack, StackConfig, spectator::Heard};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::Message;

async fn watched() -> (Stack, String) {
    watched_with(Vec::new()).await
}

async fn watched_with(gateway_flags: Vec<String>) -> (Stack, String) {
    let config = StackConfig {
        gateway_flags,
        ..StackConfig::default()
    };
    let stack = Stack::with(config).await;
    let key = stack.ingest().create("E").await;
    stack.ingest().bring_to("E", &key, "startlist").await;
    (stack, key)
}

#[tokio::test]
async fn what_spectators_say_is_dropped_and_pings_are_answered() {
    let (stack, key) = watched().await;
    let mut spectator = stack.watch(0, "E").await;
    spectator.message().await;
    spectator.send(Message::text("hello")).await;
    spectator.send(Message::binary(vec![0; 60_000])).await;
    spectator.send(Message::Ping("are you there".into())).await;
    stack.ingest().set_status("E", &key, "running").await;
    assert_eq!(spectator.message().await["data"]["status"], "running");
}

#[tokio::test]
async fn too_large_a_message_closes_with_1009_and_a_flood_with_1008() {
    let (stack, _) = watched().await;
    let mut large = stack.watch(0, "E").await;
    large.message().await;
    large.send(Message::binary(vec![0; 65_537])).await;
    assert!(matches!(large.next().await, Heard::Closed(1009, _)));

    let mut flood = stack.watch(0, "E").await;
    flood.message().await;
    let heard = loop {
        for _ in 0..20 {
            flood.send(Message::text("x")).await;
        }
        let next = tokio::time::timeout(std::time::Duration::from_millis(100), flood.next());
        if let Ok(heard) = next.await {
            break heard;
        }
    };
    assert!(matches!(heard, Heard::Closed(1008, _)), "{heard:?}");
}

/// A WebSocket of raw bytes.
async fn raw(stack: &Stack) -> TcpStream {
    let address = stack.gateways[0].origin.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let request = "GET /api/v1/events/E/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
                   Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    socket
        .write_all(request.as_bytes())
        .await
        .expect("the request is sent");
    socket
}

#[tokio::test]
async fn the_opening_handshake_is_that_of_the_rfc() {
    let (stack, _) = watched().await;
    let mut socket = raw(&stack).await;
    let mut answer = vec![0; 4096];
    let count = socket.read(&mut answer).await.expect("an answer");
    let answer = String::from_utf8_lossy(&answer[..count]).to_lowercase();
    assert!(answer.starts_with("http/1.1 101"), "{answer}");
    // The example of RFC 6455, section 1.3.
    assert!(
        answer.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
        "{answer}"
    );
}

#[tokio::test]
async fn frames_without_a_mask_close_with_1002() {
    let (stack, _) = watched().await;
    let mut socket = raw(&stack).await;
    socket
        .write_all(&[0x81, 1, b'x', 0, 0, 0])
        .await
        .expect("it is sent");
    let mut received = Vec::new();
    socket.read_to_end(&mut received).await.expect("the end");
    let code = received
        .windows(4)
        .find(|bytes| bytes[0] == 0x88)
        .map(|bytes| &bytes[2..4]);
    assert_eq!(code, Some(&1002_u16.to_be_bytes()[..]));
}

#[tokio::test]
async fn who_answers_no_ping_is_found_dead_and_its_seat_is_free() {
    let flags = [
        "--max-connections-per-event=1",
        "--ping-seconds=1",
        "--pong-seconds=1",
    ];
    let (stack, _) = watched_with(flags.map(str::to_owned).to_vec()).await;
    let mut silent = raw(&stack).await;
    let mut received = Vec::new();
    // It reads, as a sleeping phone's proxy may, but never answers.
    silent.read_to_end(&mut received).await.expect("the end");
    let _next = system_tests::until("the seat to be free", || async {
        stack.try_watch(0, "E").await.ok()
    })
    .await;
}
