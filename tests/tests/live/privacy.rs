//! What spectators get never holds participant ids, keys or years of birth, and ends as the last
//! inputs say.

use sim::{
    booth::{Client, Pace, Plan, Rhythm, play},
    race_day::{RaceDay, Size},
};
use system_tests::{Stack, truth};

const SIZE: Size = Size {
    starts_per_class: 5,
    start_interval_ms: 15_000,
};

fn assert_nothing_private(text: &str, day: &RaceDay, key: &str) {
    assert!(!text.contains(key), "{text}");
    assert!(!text.contains("participant"), "{text}");
    for athlete in day.classes.iter().flat_map(|class| &class.athletes) {
        assert!(!text.contains(&athlete.participant_id), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_race_shows_nothing_private_and_ends_as_if_computed_from_scratch() {
    let stack = Stack::pair().await;
    let api = stack.ingest();
    let key = api.create("DEMO").await;
    api.bring_to("DEMO", &key, "startlist").await;
    let mut spectator = stack.watch(0, "DEMO").await;
    let plan = Plan {
        event_id: "DEMO".to_owned(),
        api_key: Some(key.clone()),
        replace: false,
        begin_ms: 0,
        pace: Pace::Times(80.0),
        rhythm: Rhythm::default(),
        last_status: "official".to_owned(),
        stop_after: None,
        progress: false,
        paused: None,
    };
    let client = Client::new(&stack.ingests[1].origin, None).expect("a client");
    let day = RaceDay::weekend(11, SIZE);
    let playing = tokio::spawn(play(client, day.clone(), plan));
    let (messages, ..) = spectator.until_closed().await;
    playing
        .await
        .expect("the booth runs")
        .expect("nothing is refused");

    for message in &messages {
        assert_nothing_private(&message.to_string(), &day, &key);
    }
    let gateway = stack.gateway_at(1);
    let played = truth::public_bodies(&gateway, "DEMO", &day).await;
    for (_, body) in &played {
        let text = body.to_string();
        assert_nothing_private(&text, &day, &key);
    }

    truth::assert_as_from_scratch(&stack, "DEMO", &day).await;
}
