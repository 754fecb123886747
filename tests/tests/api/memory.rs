//! What one ingest process remembers of an event never wins over what another one wrote.

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Api, SAMPLE_XML, Stack, StackConfig};

const RACE: &str = "K1M_QUA_4";

async fn two_processes() -> (Stack, Api, Api, String) {
    let config = StackConfig {
        ingests: 2,
        ..StackConfig::default()
    };
    let stack = Stack::with(config).await;
    let (one, other) = (stack.ingest_at(0), stack.ingest_at(1));
    let key = one.create("E").await;
    one.push_xml(&key, SAMPLE_XML).await;
    one.bring_to("E", &key, "running").await;
    (stack, one, other, key)
}

fn boat(bib: u32, time: u32) -> Value {
    json!({ "oncourse": [{ "raceId": RACE, "bib": bib, "time": time, "name": "SOMEBODY", "club": "A club" }] })
}

async fn push_boat(api: &Api, key: &str, bib: u32, time: u32) -> u16 {
    let answer = api.push(key, "/ingest/oncourse", &boat(bib, time)).await;
    answer.status.as_u16()
}

#[tokio::test]
async fn pushes_through_two_processes_in_turn_are_all_kept() {
    let (stack, one, other, key) = two_processes().await;
    for time in 1..20 {
        assert_eq!(push_boat(&one, &key, 1, time).await, 200);
        assert_eq!(push_boat(&other, &key, 2, time).await, 200);
        let last = one.push_result(&key, RACE, 1, 9000 + time).await;
        assert_eq!(last.body["updated"], 1, "{}", last.body);
    }
    let gateway = stack.gateway_at(0);
    let gateway = &gateway;
    system_tests::until("both boats show their last time", || async move {
        let shown = gateway.get("/events/E/oncourse").await.body;
        let boats = shown["oncourse"].as_array().expect("a list");
        let times: Vec<&Value> = boats.iter().map(|boat| &boat["time"]).collect();
        (times == [&json!(19), &json!(19)]).then_some(())
    })
    .await;
    let results = gateway.get(&format!("/events/E/results/{RACE}")).await.body;
    let rows = results["results"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["bib"] == 1).expect("its row");
    assert_eq!(row["time"], 9019);
}

/// What a server holds of an event, to be put back as if the writes since had been lost.
async fn dump(redis: &mut redis::aio::MultiplexedConnection) -> Vec<(String, Vec<u8>)> {
    let query = redis::cmd("KEYS").arg("ed:{E}:*").query_async(redis).await;
    let keys: Vec<String> = query.expect("an answer");
    let mut dumped = Vec::new();
    for key in keys {
        let query = redis::cmd("DUMP").arg(&key).query_async(redis).await;
        dumped.push((key, query.expect("a dump")));
    }
    dumped
}

async fn put_back(redis: &mut redis::aio::MultiplexedConnection, dumped: Vec<(String, Vec<u8>)>) {
    let mut pipe = redis::pipe();
    for (key, bytes) in dumped {
        let restore = pipe.cmd("RESTORE").arg(key).arg(0).arg(bytes);
        restore.arg("REPLACE").ignore();
    }
    // A server that lacks writes gives the event another epoch.
    pipe.hset("ed:{E}:meta", "epoch", "another").ignore();
    pipe.query_async::<()>(redis)
        .await
        .expect("all is put back");
}

#[tokio::test]
async fn writes_that_a_server_lost_are_written_again() {
    let (stack, one, other, key) = two_processes().await;
    let client = redis::Client::open(stack.redis().url()).expect("a URL");
    let mut redis = client.get_multiplexed_async_connection().await.expect("it");
    one.push_result(&key, RACE, 1, 9001).await;
    let before = dump(&mut redis).await;
    one.push_result(&key, RACE, 1, 9002).await;
    put_back(&mut redis, before).await;
    // As many writes as were lost: the revisions are the same again.
    other.push_result(&key, RACE, 2, 9500).await;
    let both = json!({ "results": [
        { "raceId": RACE, "bib": 1, "time": 9002, "pen": 200 },
        { "raceId": RACE, "bib": 2, "time": 9501, "pen": 200 },
    ] });
    let answer = one.push(&key, "/ingest/results", &both).await;
    assert_eq!(answer.body["updated"], 2, "{}", answer.body);
    let list = stack
        .gateway_at(0)
        .get(&format!("/events/E/results/{RACE}"))
        .await;
    let time = |bib: u32| {
        let mut rows = list.body["results"].as_array().expect("rows").iter();
        rows.find(|row| row["bib"] == bib).expect("its row")["time"].clone()
    };
    assert_eq!((time(1), time(2)), (json!(9002), json!(9501)));
}

#[tokio::test]
async fn a_key_rotated_elsewhere_opens_nothing_at_once() {
    let (_stack, one, other, key) = two_processes().await;
    assert_eq!(push_boat(&one, &key, 1, 1).await, 200);
    let rotate = other.request(Method::POST, "/admin/events/E/rotate-key");
    let rotated = other.send(rotate).await;
    assert_eq!(rotated.status, 200, "{}", rotated.body);
    let fresh = rotated.body["apiKey"].as_str().expect("a key").to_owned();
    assert_eq!(push_boat(&one, &key, 1, 2).await, 401);
    assert_eq!(push_boat(&one, &fresh, 1, 3).await, 200);
}

#[tokio::test]
async fn a_state_set_elsewhere_holds_at_once() {
    let (_stack, one, other, key) = two_processes().await;
    assert_eq!(push_boat(&one, &key, 1, 1).await, 200);
    other.set_status("E", &key, "finished").await;
    assert_eq!(push_boat(&one, &key, 1, 2).await, 403);
}

#[tokio::test]
async fn an_event_created_anew_elsewhere_is_another_one() {
    let (_stack, one, other, key) = two_processes().await;
    assert_eq!(push_boat(&one, &key, 1, 1).await, 200);
    let remove = other.request(Method::DELETE, "/admin/events/E");
    assert!(other.send(remove).await.status.is_success());
    other.create("E").await;
    assert_eq!(push_boat(&one, &key, 1, 2).await, 401);
}
