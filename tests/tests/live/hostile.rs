//! Clients that misbehave, beside one that does not.

use system_tests::{raw::Raw, spectator::Heard};
use tokio::io::AsyncReadExt;
use tokio_tungstenite::tungstenite::Message;

use super::{watched, watched_with};

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

#[tokio::test]
async fn who_answers_no_ping_is_found_dead_and_its_seat_is_free() {
    let flags = [
        "--max-connections-per-event=1",
        "--ping-seconds=1",
        "--pong-seconds=1",
    ];
    let (stack, _) = watched_with(flags.map(str::to_owned).to_vec()).await;
    let mut silent = Raw::ask(&stack, "", "").await;
    let mut received = Vec::new();
    // It reads, as a sleeping phone's proxy may, but never answers.
    silent.read_to_end(&mut received).await.expect("the end");
    let _next = system_tests::until("the seat to be free", || async {
        stack.try_watch(0, "E").await.ok()
    })
    .await;
}
