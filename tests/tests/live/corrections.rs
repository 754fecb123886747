//! An export against live data: what it says of a row that live data has just changed waits, and is shown
//! by whoever notices first. Boats on the water of an event that nobody watches, likewise.

use std::time::Duration;

use serde_json::{Value, json};
use system_tests::{
    SAMPLE_XML, Spectator, Stack, StackConfig,
    spectator::{Heard, Standing},
    until,
};

use super::racing;

const RACE: &str = "K1W_QUA_4";

/// The row of a bib, with its gates.
async fn row(stack: &Stack, bib: u64) -> Value {
    let path = format!("/events/E/results/{RACE}?detailed=true");
    let body = stack.gateway_at(0).get(&path).await.body;
    let mut rows = body["results"].as_array().expect("a list").iter();
    rows.find(|row| row["bib"] == bib).expect("its row").clone()
}

/// The sample with another result of bib 2: in hundredths.
fn corrected(pen: u32, gates: &str) -> String {
    let from = "<Id>20018.K1W</Id>";
    let at = SAMPLE_XML.rfind(from).expect("bib 2 of the women");
    let (before, after) = SAMPLE_XML.split_at(at);
    let end = after.find("</Results>").expect("its end");
    let (mut own, rest) = (after[..end].to_owned(), &after[end..]);
    for (name, value) in [
        ("Time", "92000".to_owned()),
        ("Pen", pen.to_string()),
        ("Total", (92_000 + pen * 1_000).to_string()),
        ("Gates", gates.to_owned()),
    ] {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let start = own.find(&open).expect("the field") + open.len();
        let stop = own.find(&close).expect("the field");
        own.replace_range(start..stop, &value);
    }
    format!("{before}{own}{rest}")
}

async fn live_row(stack: &Stack, key: &str, time: u32) {
    let row = json!({ "raceId": RACE, "bib": 2, "time": time, "pen": 0, "total": time });
    let rows = json!({ "results": [row] });
    let answer = stack.ingest().push(key, "/ingest/results", &rows).await;
    assert_eq!(answer.body, json!({ "updated": 1 }));
}

/// Three systems at once, since each takes half a minute: one that nobody watches, one whose ingest process
/// dies, and one in which live data changes again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_waits_for_30_seconds_and_is_never_mixed_or_lost() {
    let gates = "  0  0  0  0  0  2";
    let start = async || {
        let stack = Stack::start().await;
        let key = racing(&stack).await;
        live_row(&stack, &key, 9200).await;
        let began = tokio::time::Instant::now();
        let imported = stack.ingest().push_xml(&key, &corrected(2, gates)).await;
        assert_eq!(imported.status, 200, "{}", imported.body);
        let shown = row(&stack, 2).await;
        assert_eq!(shown["total"], 9200);
        assert_eq!(shown["gates"], json!([]), "gates of an export that waits");
        (stack, key, began)
    };
    let applied =
        |row: &Value| row["total"] == 9400 && row["gates"].as_array().is_some_and(|g| g.len() == 6);
    let unwatched = async {
        let (stack, _, began) = start().await;
        tokio::time::sleep_until(began + Duration::from_secs(29)).await;
        assert_eq!(row(&stack, 2).await["total"], 9200);
        // Nobody looks: the ingest process does it by itself.
        until("the correction in Redis", || async {
            let read = ["HGET", "ed:{E}:rows:K1W_QUA_4", "20018.K1W"];
            let row = stored(&stack, &read).await;
            (row["run"]["total"] == 9400).then_some(())
        })
        .await;
        let shown = row(&stack, 2).await;
        assert!(applied(&shown), "{shown}");
    };
    let orphaned = async {
        let (mut stack, _, began) = start().await;
        let mut spectator = stack.watch(0, "E").await;
        spectator.message().await;
        stack.ingests[0].process.kill();
        tokio::time::sleep_until(began + Duration::from_secs(32)).await;
        let shown = row(&stack, 2).await;
        assert!(applied(&shown), "{shown}");
        let told = spectator.message().await;
        assert_eq!(told["data"]["results"][0]["total"], 9400, "{told}");
    };
    let overtaken = async {
        let (stack, key, began) = start().await;
        tokio::time::sleep_until(began + Duration::from_secs(20)).await;
        live_row(&stack, &key, 9100).await;
        tokio::time::sleep_until(began + Duration::from_secs(33)).await;
        assert_eq!(row(&stack, 2).await["total"], 9100, "a newer live change");
    };
    tokio::join!(unwatched, orphaned, overtaken);
}

#[tokio::test]
async fn an_export_that_agrees_gives_its_gates_at_once() {
    let stack = Stack::start().await;
    let key = racing(&stack).await;
    let changed = json!({ "raceId": RACE, "bib": 2, "time": 9200, "pen": 200, "total": 9400 });
    let rows = json!({ "results": [changed] });
    stack.ingest().push(&key, "/ingest/results", &rows).await;
    let kept = row(&stack, 2).await;
    assert_eq!(
        kept["gates"][5]["penalty"], 2,
        "the penalty that they came with"
    );
    let other = json!({ "raceId": RACE, "bib": 2, "time": 9200, "pen": 0, "total": 9200 });
    stack
        .ingest()
        .push(&key, "/ingest/results", &json!({ "results": [other] }))
        .await;
    assert_eq!(row(&stack, 2).await["gates"], json!([]), "another penalty");
    stack
        .ingest()
        .push_xml(&key, &corrected(0, "  0  0  0  0  0  0"))
        .await;
    assert_eq!(row(&stack, 2).await["gates"][5]["penalty"], 0);
}

/// What an older client hears until it is asked to re-read, and then for a second.
async fn refreshes(spectator: &mut Spectator) -> usize {
    let mut count = 0;
    while let Ok(heard) = tokio::time::timeout(Duration::from_secs(1), spectator.next()).await {
        let Heard::Message(message) = heard else {
            break;
        };
        count += usize::from(message["type"] == "refresh");
    }
    count
}

#[tokio::test]
async fn older_clients_are_asked_to_reread_when_an_import_changes_details() {
    let stack = Stack::start().await;
    let key = racing(&stack).await;
    let origin = &stack.gateways[0].origin;
    let mut older = stack.watch(0, "E").await;
    let first = older.message().await;
    let standing = Standing {
        epoch: first["epoch"].as_str().expect("an epoch").to_owned(),
        seq: older.seq(),
    };
    let mut resumed = Spectator::resume(origin, "E", standing)
        .await
        .expect("a seat");
    let delta = Spectator::connect_with(origin, "E", "?oncourse=delta", Standing::default());
    let mut delta = delta.await.expect("a seat");
    // Gates alone.
    let gates = corrected(2, "  0  0  0  0  2  0");
    stack.ingest().push_xml(&key, &gates).await;
    stack
        .ingest()
        .push_xml(&key, &corrected(2, "  2  0  0  0  0  0"))
        .await;
    let (by_older, by_resumed, by_delta) = tokio::join!(
        refreshes(&mut older),
        refreshes(&mut resumed),
        refreshes(&mut delta)
    );
    assert_eq!((by_older, by_resumed, by_delta), (1, 0, 0));
    // The second one is not forgotten, and a live push asks for nothing.
    live_row(&stack, &key, 9100).await;
    let mut later = 0;
    for _ in 0..11 {
        later += refreshes(&mut older).await;
    }
    assert_eq!(later, 1);
}

#[tokio::test]
async fn no_diff_is_larger_than_common_libraries_take() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = api.create("E").await;
    let people: Vec<String> = (1..=300)
        .map(|bib| {
            format!(
                "<Participants><Id>{bib}</Id><ClassId>K1M</ClassId><EventBib>{bib}</EventBib>\
                 <FamilyName>P{bib}</FamilyName></Participants>\
                 <Results><RaceId>R</RaceId><Id>{bib}</Id></Results>"
            )
        })
        .collect();
    let people = people.concat();
    let xml = format!(
        "<Canoe123Data><Events><EventId>E</EventId></Events><Classes><ClassId>K1M</ClassId></Classes>\
         <Schedule><RaceId>R</RaceId><ClassId>K1M</ClassId></Schedule>{people}</Canoe123Data>"
    );
    assert_eq!(api.push_xml(&key, &xml).await.status, 200);
    api.bring_to("E", &key, "running").await;
    let mut spectator = stack.watch(0, "E").await;
    spectator.message().await;
    let rows: Vec<Value> = (1..=300)
        .map(|bib| json!({ "raceId": "R", "bib": bib, "time": 9000 + bib }))
        .collect();
    let answer = api
        .push(&key, "/ingest/results", &json!({ "results": rows }))
        .await;
    assert_eq!(answer.body, json!({ "updated": 300 }));
    let mut told = 0;
    let mut messages = 0;
    while told < 300 {
        let message = spectator.message().await;
        assert_eq!(message["type"], "diff");
        assert!(
            message.to_string().len() <= 30 << 10,
            "{}",
            message.to_string().len()
        );
        told += message["data"]["results"].as_array().expect("rows").len();
        messages += 1;
    }
    assert!((2..=6).contains(&messages), "{messages}");
    let seq = stack.gateway_at(0).get("/events/E/results/R").await.body["seq"].clone();
    assert_eq!(seq, spectator.seq(), "one commit");
    // More boats than one message holds are told as a full.
    let boats: Vec<Value> = (1..=200)
        .map(|bib| json!({ "raceId": "R", "bib": bib, "gates": [0, 0, 2, 50, null, null] }))
        .collect();
    api.push(&key, "/ingest/oncourse", &json!({ "oncourse": boats }))
        .await;
    let message = spectator.message().await;
    assert_eq!(message["type"], "full");
    assert_eq!(
        message["data"]["oncourse"].as_array().map(Vec::len),
        Some(200)
    );
}

/// What Redis holds, past every process that would do what is due when it is asked.
async fn stored(stack: &Stack, read: &[&str]) -> Value {
    let client = redis::Client::open(stack.redis().url()).expect("an address");
    let connection = client.get_multiplexed_async_connection().await;
    let mut connection = connection.expect("redis");
    let mut command = redis::cmd(read[0]);
    command.arg(&read[1..]);
    let text: Option<String> = command.query_async(&mut connection).await.expect("redis");
    text.map_or(Value::Null, |text| {
        serde_json::from_str(&text).expect("JSON")
    })
}

async fn boats(stack: &Stack) -> Value {
    stack.gateway_at(0).get("/events/E/oncourse").await.body["oncourse"].clone()
}

async fn push_boat(stack: &Stack, process: usize, key: &str, time: u32) {
    let boat = json!({ "oncourse": [{ "raceId": RACE, "bib": 1, "time": time }] });
    let api = stack.ingest_at(process);
    let answer = api.push(key, "/ingest/oncourse", &boat).await;
    assert_eq!(answer.body, json!({ "active": 1 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_list_of_a_burst_shows_watched_or_not_whoever_took_it() {
    for (ingests, watched) in [(1, false), (1, true), (2, false), (2, true)] {
        let config = StackConfig {
            ingests,
            ..StackConfig::default()
        };
        let stack = Stack::with(config).await;
        let key = racing(&stack).await;
        let mut spectator = None;
        if watched {
            spectator = Some(stack.watch(0, "E").await);
        }
        for round in 0..3_u32 {
            let began = tokio::time::Instant::now();
            for (number, at_ms) in (1..).zip([0, 100, 235, 265_u64]) {
                tokio::time::sleep_until(began + Duration::from_millis(at_ms)).await;
                let time = round * 10_000 + number * 1_000;
                push_boat(
                    &stack,
                    usize::try_from(number).unwrap_or(0) % ingests,
                    &key,
                    time,
                )
                .await;
            }
            // 250 ms is the promise; a busy machine may be late, and a list that was forgotten never comes. A read
            // over HTTP would see to it.
            let last = round * 10_000 + 4_000;
            until("the last list of the burst", || async {
                let water = stored(&stack, &["GET", "ed:{E}:oncourse"]).await;
                (water["shown"][0]["time"] == last).then_some(())
            })
            .await;
            assert_eq!(boats(&stack).await[0]["time"], last);
            if let Some(spectator) = &mut spectator {
                while spectator.message().await["data"]["oncourse"][0]["time"] != last {}
            }
        }
    }
}

#[tokio::test]
async fn boats_of_an_event_that_nobody_watches_leave_too() {
    let mut stack = Stack::start().await;
    let key = racing(&stack).await;
    push_boat(&stack, 0, &key, 1000).await;
    let began = tokio::time::Instant::now();
    stack.ingests[0].process.kill();
    assert_eq!(boats(&stack).await.as_array().map(Vec::len), Some(1));
    tokio::time::sleep_until(began + Duration::from_secs(12)).await;
    // Nobody has looked in between: neither a read nor the first message may show it.
    let mut spectator = stack.watch(0, "E").await;
    assert_eq!(spectator.message().await["data"]["oncourse"], json!([]));
    assert_eq!(boats(&stack).await, json!([]));
}

#[tokio::test]
async fn a_competitor_whom_an_export_drops_leaves_the_water_with_it() {
    let stack = Stack::start().await;
    let key = racing(&stack).await;
    let boat =
        json!({ "raceId": RACE, "bib": 3, "participantId": "20021.K1W", "name": "A", "club": "B" });
    let push = json!({ "oncourse": [boat] });
    stack.ingest().push(&key, "/ingest/oncourse", &push).await;
    assert_eq!(boats(&stack).await.as_array().map(Vec::len), Some(1));
    let without = SAMPLE_XML.replace("20021.K1W", "20099.K1W");
    stack.ingest().push_xml(&key, &without).await;
    assert_eq!(boats(&stack).await, json!([]));
    let answer = stack
        .ingest()
        .push(&key, "/ingest/oncourse", &push)
        .await
        .body;
    assert_eq!(
        (&answer["active"], &answer["skippedCount"]),
        (&json!(0), &json!(1))
    );
}

#[tokio::test]
async fn what_waits_is_shown_before_results_become_official() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = racing(&stack).await;
    live_row(&stack, &key, 9200).await;
    api.push_xml(&key, &corrected(2, "  0  0  0  0  0  2"))
        .await;
    let mut spectator = stack.watch(0, "E").await;
    spectator.message().await;
    for status in ["finished", "official"] {
        assert_eq!(api.set_status("E", &key, status).await.status, 200);
    }
    assert_eq!(spectator.message().await["data"]["status"], "finished");
    let told = spectator.message().await;
    assert_eq!(told["data"]["results"][0]["total"], 9400, "{told}");
    assert_eq!(row(&stack, 2).await["total"], 9400);
}
