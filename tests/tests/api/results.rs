//! The sport over HTTP: what pushes make of result lists, and what spectators hear of it.

use reqwest::Method;
use serde_json::{Value, json};
use sim::race_day::{RaceDay, Size};
use system_tests::{Api, SAMPLE_XML, Spectator, Stack};

async fn running(stack: &Stack, xml: &str) -> String {
    let api = stack.ingest();
    let key = api.create("E").await;
    let imported = api.push_xml(&key, xml).await;
    assert_eq!(imported.status, 200, "{}", imported.body);
    api.bring_to("E", &key, "running").await;
    key
}

async fn results(stack: &Stack, race_id: &str) -> Value {
    let read = stack
        .gateway_at(0)
        .get(&format!("/events/E/results/{race_id}"))
        .await;
    assert_eq!(read.status, 200, "{}", read.body);
    read.body["results"].clone()
}

/// The row of a bib.
fn row(results: &Value, bib: u64) -> &Value {
    let rows = results.as_array().expect("rows");
    rows.iter()
        .find(|row| row["bib"] == bib)
        .expect("a row of that bib")
}

async fn watch(stack: &Stack) -> Spectator {
    let mut spectator = stack.watch(0, "E").await;
    spectator.message().await;
    spectator
}

#[tokio::test]
async fn the_same_export_says_nothing_a_changed_time_one_diff_and_a_removal_a_full() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = running(&stack, SAMPLE_XML).await;
    let mut spectator = watch(&stack).await;
    assert_eq!(api.push_xml(&key, SAMPLE_XML).await.status, 200);

    // The second of two slows down: the leader's row does not change.
    let slower = SAMPLE_XML
        .replace("91510", "92510")
        .replace("93510", "94510");
    api.push_xml(&key, &slower).await;
    let diff = spectator.message().await;
    assert_eq!(diff["data"]["raceId"], "K1W_QUA_4");
    assert_eq!(
        diff["data"]["results"].as_array().map(Vec::len),
        Some(1),
        "{diff}"
    );
    assert_eq!(diff["data"]["results"][0]["totalBehind"], "+4.51");

    let from = slower.rfind("  <Results>").expect("a row");
    let to = slower.rfind("</Results>").expect("its end") + "</Results>\n".len();
    let removed = format!("{}{}", &slower[..from], &slower[to..]);
    api.push_xml(&key, &removed).await;
    let full = spectator.message().await;
    assert_eq!(full["type"], "full");
    let fin = full["data"]["races"]
        .as_array()
        .expect("races")
        .iter()
        .find(|r| r["raceId"] == "K1M_FIN_5");
    assert_eq!(
        fin.map(|race| &race["resultsSeq"]),
        Some(&full["seq"]),
        "it is to be re-read"
    );
    assert_eq!(
        results(&stack, "K1M_FIN_5").await.as_array().map(Vec::len),
        Some(3)
    );
}

#[tokio::test]
async fn a_diff_of_one_boat_is_small_and_holds_no_unchanged_row() {
    let size = Size {
        starts_per_class: 60,
        ..Size::default()
    };
    let day = RaceDay::new(5, size);
    let stack = Stack::start().await;
    let key = running(&stack, &day.export_xml(0)).await;
    let mut spectator = stack.watch(0, "E").await;
    let full = spectator.message().await.to_string();
    stack
        .ingest()
        .push_result(&key, "C2X_ST_FIN_20", 7, 9000)
        .await;
    let diff = spectator.message().await;
    assert_eq!(diff["data"]["results"].as_array().map(Vec::len), Some(1));
    assert!(
        diff.to_string().len() * 5 < full.len(),
        "{} of {}",
        diff.to_string().len(),
        full.len()
    );
}

#[tokio::test]
async fn both_runs_are_one_list_asked_by_either_and_told_under_both() {
    let day = RaceDay::new(2, Size::default());
    let second_runs = day
        .races
        .iter()
        .find(|race| race.discipline == "BR2")
        .expect("second runs");
    let at_ms = second_runs.starts_at_ms + 200_000;
    let stack = Stack::start().await;
    let key = running(&stack, &day.export_xml(at_ms)).await;
    let first = results(&stack, "K1M_ST_BR1_20").await;
    assert_eq!(first, results(&stack, "K1M_ST_BR2_20").await);
    let leader = &first[0];
    assert_eq!(
        (leader["rnk"].as_u64(), leader["totalBehind"].as_str()),
        (Some(1), Some("0.00"))
    );
    let best = leader["totalTotal"].as_u64();
    assert!(
        best.is_some() && best <= leader["prevTotal"].as_u64(),
        "{leader}"
    );
    assert!(
        leader["betterRunNr"].is_u64() && leader["prevRnk"].is_u64(),
        "{leader}"
    );

    let mut spectator = watch(&stack).await;
    let last = day.classes[0].athletes.last().expect("starters").bib;
    stack
        .ingest()
        .push_result(&key, "K1M_ST_BR2_20", last, 5000)
        .await;
    let (one, other) = (spectator.message().await, spectator.message().await);
    assert_eq!(one["data"]["raceId"], "K1M_ST_BR1_20");
    assert_eq!(other["data"]["raceId"], "K1M_ST_BR2_20");
    assert_eq!(one["data"]["results"], other["data"]["results"]);
    assert_eq!(one["data"]["results"][0]["rnk"], 1);
}

async fn with_strategy(api: &Api, key: &str, strategy: &str) {
    let request = api
        .request(Method::PATCH, "/admin/events/E/config")
        .header("X-API-Key", key);
    let set = api
        .send(request.json(&json!({ "mergeStrategy": strategy })))
        .await;
    assert_eq!(set.status, 200);
}

/// The sample with a first result in the men's final, in hundredths of its milliseconds.
fn with_final_of_bib_1(time_ms: u32) -> String {
    let race = SAMPLE_XML
        .find("<RaceId>K1M_FIN_5</RaceId>\n    <Id>")
        .expect("a row");
    let (before, after) = SAMPLE_XML.split_at(race);
    let result =
        format!("<Status />\n    <Time>{time_ms}</Time><Pen>0</Pen><Total>{time_ms}</Total>");
    format!("{before}{}", after.replacen("<Status />", &result, 1))
}

#[tokio::test]
async fn each_strategy_decides_as_its_table_says() {
    // Live says 90.00 + 2, then exports say 80.00, then nothing, then live repeats itself.
    for (strategy, expected) in [
        ("newest", [Some(9200), Some(9200), Some(9200)]),
        ("live", [Some(9200), Some(9200), Some(9200)]),
        ("xml", [Some(8000), None, None]),
    ] {
        let stack = Stack::start().await;
        let api = stack.ingest();
        let key = running(&stack, SAMPLE_XML).await;
        with_strategy(&api, &key, strategy).await;
        api.push_result(&key, "K1M_FIN_5", 1, 9000).await;
        let mut seen = Vec::new();
        for push in [
            with_final_of_bib_1(80_000),
            SAMPLE_XML.to_owned(),
            String::new(),
        ] {
            if push.is_empty() {
                api.push_result(&key, "K1M_FIN_5", 1, 9000).await;
            } else {
                api.push_xml(&key, &push).await;
            }
            let list = results(&stack, "K1M_FIN_5").await;
            seen.push(row(&list, 1)["total"].as_u64());
        }
        assert_eq!(seen, expected, "{strategy}");
    }
}

#[tokio::test]
async fn a_starter_that_the_export_lacks_gets_a_row_and_counts_as_a_change_of_the_startlist() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let without = {
        let from = SAMPLE_XML.rfind("  <Results>").expect("a row");
        let to = SAMPLE_XML.rfind("</Results>").expect("its end") + "</Results>\n".len();
        format!("{}{}", &SAMPLE_XML[..from], &SAMPLE_XML[to..])
    };
    let key = running(&stack, &without).await;
    let mut spectator = watch(&stack).await;
    assert_eq!(
        api.push_result(&key, "K1M_FIN_5", 4, 9000).await.body,
        json!({ "updated": 1 })
    );
    assert_eq!(spectator.message().await["type"], "full");
    assert_eq!(spectator.message().await["data"]["results"][0]["bib"], 4);
    // It stays until the export has its own row or drops the participant.
    api.push_xml(&key, &without).await;
    let list = results(&stack, "K1M_FIN_5").await;
    assert_eq!(row(&list, 4)["total"], 9200);
}

#[tokio::test]
async fn results_are_filtered_detailed_and_listed_in_order() {
    let stack = Stack::start().await;
    running(&stack, SAMPLE_XML).await;
    let gateway = stack.gateway_at(0);
    let plain = gateway.get("/events/E/results/K1W_QUA_4").await.body;
    assert_eq!(plain["race"]["raceType"], "qualification");
    let bibs: Vec<_> = plain["results"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|r| r["bib"].clone())
        .collect();
    assert_eq!(bibs, [json!(1), json!(2), json!(3)]);
    assert!(plain["results"][0].get("gates").is_none());
    let detailed = gateway
        .get("/events/E/results/K1W_QUA_4?detailed=1&includeAllRuns=true")
        .await
        .body;
    let gate = json!({ "number": 6, "type": "normal", "penalty": 2 });
    assert_eq!(detailed["results"][1]["gates"][5], gate);
    assert_eq!(detailed["results"][1]["courseGateCount"], 6);
    assert_eq!(detailed["results"][2]["gates"], json!([]));
    let category = gateway
        .get("/events/E/results/K1W_QUA_4?catId=DS")
        .await
        .body;
    let rows = category["results"].as_array().expect("rows");
    assert_eq!(
        (
            rows.len(),
            rows[0]["rnk"].as_u64(),
            rows[0]["catRnk"].as_u64()
        ),
        (2, Some(2), Some(1))
    );
    let long = format!("/events/E/results/K1W_QUA_4?catId={}", "D".repeat(65));
    let long = gateway.get(&long).await;
    assert_eq!(
        (long.status.as_u16(), &long.body["error"]),
        (400, &json!("Invalid request"))
    );
    assert_eq!(gateway.get("/events/E/results/NONE").await.status, 404);
    let start = gateway.get("/events/E/startlist/K1M_QUA_4").await.body;
    assert_eq!(start["startlist"][2]["name"], "ĎURIŠ Řehoř");
    assert_eq!(start["startlist"][2]["startTime"], "09:02:00");
    let categories = gateway.get("/events/E/categories").await.body;
    assert_eq!(
        categories["categories"][0]["classIds"],
        json!(["K1M", "K1W"])
    );
}

#[tokio::test]
async fn an_etag_survives_changes_elsewhere_and_not_its_own() {
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = running(&stack, SAMPLE_XML).await;
    let gateway = stack.gateway_at(0);
    let path = "/events/E/results/K1M_QUA_4";
    let first = gateway.get(path).await;
    let etag = first.headers["etag"].clone();
    assert_eq!(first.headers["access-control-allow-origin"], "*");
    assert!(
        first.headers.contains_key("x-event-seq") && first.headers.contains_key("x-event-epoch")
    );
    let again = || {
        gateway.send(
            gateway
                .request(Method::GET, path)
                .header("If-None-Match", &etag),
        )
    };
    api.push_result(&key, "K1W_QUA_4", 3, 9000).await;
    assert_eq!(again().await.status, 304);
    api.push_result(&key, "K1M_QUA_4", 3, 9000).await;
    let changed = again().await;
    assert_eq!(changed.status, 200);
    assert_eq!(
        changed.headers["x-event-seq"].to_str().ok(),
        Some(changed.body["seq"].to_string().as_str())
    );
    let zipped = gateway
        .request(Method::GET, path)
        .header("Accept-Encoding", "gzip");
    assert_eq!(
        gateway.send(zipped).await.headers["content-encoding"],
        "gzip"
    );
}
