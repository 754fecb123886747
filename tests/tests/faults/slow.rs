//! Spectators who take nothing, beside one who does.

use serde_json::{Value, json};
use system_tests::{
    Api, SAMPLE_XML, Stack,
    raw::{Inflate, Raw},
    until,
};
use tokio::{io::AsyncReadExt, net::TcpStream};

const BOATS: u32 = 150;

/// A running system with so many starters in one race.
async fn running(flags: &[&str]) -> (Stack, String) {
    let (stack, key) = super::running(flags).await;
    let people = (5..=BOATS).map(|bib| {
        format!(
            "<Participants><Id>{bib}.K1M</Id><ClassId>K1M</ClassId><EventBib>{bib}</EventBib></Participants>"
        )
    });
    let people: Vec<String> = people.chain(["<Classes>".to_owned()]).collect();
    let xml = SAMPLE_XML.replacen("<Classes>", &people.concat(), 1);
    assert_eq!(stack.ingest().push_xml(&key, &xml).await.status, 200);
    (stack, key)
}

/// Boats with long names, so that little is needed to fill a socket.
async fn flood(api: &Api, key: &str, rounds: u32) {
    for round in 0..rounds {
        let boats: Vec<Value> = (1..=BOATS)
            .map(|bib| {
                json!({
                    "raceId": super::RACE, "bib": bib, "time": round,
                    "name": format!("{round} {}", noise(400)), "club": noise(400),
                })
            })
            .collect();
        let pushed = api
            .push(key, "/ingest/oncourse", &json!({ "oncourse": boats }))
            .await;
        assert_eq!(pushed.status, 200, "{}", pushed.body);
        tokio::time::sleep(std::time::Duration::from_millis(210)).await;
    }
}

/// Letters that no compression makes fewer than six bits of.
fn noise(length: usize) -> String {
    use rand::distr::{Alphanumeric, SampleString};
    Alphanumeric.sample_string(&mut rand::rng(), length)
}

const REFRESH: &str = r#""type":"refresh""#;
const ROUNDS: u32 = 30;

/// Whether a lazy spectator that reads at last is told to refresh, or gets everything to the last list.
async fn is_refreshed(socket: &mut TcpStream) -> bool {
    let last = format!(r#""time":{},"#, ROUNDS - 1);
    let mut received = String::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = socket.read(&mut buffer).await.expect("it goes on");
        assert_ne!(count, 0, "it ended early");
        received.push_str(&String::from_utf8_lossy(&buffer[..count]));
        if received.contains(REFRESH) || received.contains(&last) {
            return received.contains(REFRESH);
        }
    }
}

#[tokio::test]
async fn a_backlog_over_its_bound_becomes_one_refresh_and_the_others_notice_nothing() {
    for (batched, without, refreshed) in [
        ("--batched-sends=true", None, true),
        ("--batched-sends=false", None, true),
        (
            "--batched-sends=true",
            Some("--without=bounded-backlog"),
            false,
        ),
    ] {
        let mut flags = vec!["--backlog-bytes=300000", batched];
        flags.extend(without);
        let (stack, key) = running(&flags).await;
        let mut good = stack.watch(0, "E").await;
        good.message().await;
        let mut slow = Raw::ask(&stack, "", "").await;
        let api = stack.ingest();
        let flooding = tokio::spawn(async move { flood(&api, &key, ROUNDS).await });
        for _ in 0..ROUNDS {
            // It checks each seq by itself.
            good.message().await;
        }
        flooding.await.expect("all was pushed");
        assert_eq!(is_refreshed(&mut slow).await, refreshed, "{without:?}");
    }
}

#[tokio::test]
async fn who_takes_nothing_for_too_long_is_closed_and_its_seat_is_free() {
    let flags = [
        "--max-connections-per-event=2",
        "--stall-seconds=2",
        "--ping-seconds=60",
    ];
    let (stack, key) = running(&flags).await;
    let mut good = stack.watch(0, "E").await;
    good.message().await;
    let slow = Raw::ask(&stack, "", "").await;
    let api = stack.ingest();
    let flooding = tokio::spawn(async move { flood(&api, &key, 60).await });
    let mut next = until("the seat of the slow one to be free", || async {
        stack.try_watch(0, "E").await.ok()
    })
    .await;
    next.message().await;
    flooding.abort();
    drop(slow);
}

#[tokio::test]
async fn whoever_missed_something_can_read_on_although_messages_refer_to_those_before() {
    let (stack, key) = running(&["--backlog-bytes=300000"]).await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let mut slow = Raw::open(&stack, "?oncourse=delta", offer).await;
    let api = stack.ingest();
    flood(&api, &key, ROUNDS * 2).await;
    let mut inflate = Inflate::new(true);
    let mut texts = Vec::new();
    let mut pushed_on = false;
    let last = "\"time\":7777777,";
    while !texts.iter().any(|text: &String| text.contains(last)) {
        let frame = slow.frame().await.expect("it goes on");
        let text = String::from_utf8(inflate.text(&frame)).expect("text");
        if text.contains(REFRESH) && !pushed_on {
            pushed_on = true;
            flood(&api, &key, 6).await;
            let boats = json!({ "oncourse": [{
                "raceId": super::RACE, "bib": 1, "time": 7_777_777, "name": noise(400), "club": "a club",
            }] });
            api.push(&key, "/ingest/oncourse", &boats).await;
        }
        texts.push(text);
    }
    assert!(pushed_on, "it was never told to refresh");
}
