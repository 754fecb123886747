//! How often a push asks Redis: the network between them is waited for each time.

use reqwest::Method;
use serde_json::json;
use system_tests::{RedisServer, SAMPLE_XML, Stack};

const PUSHES: u64 = 20;

/// Times that services have sent Redis something since the statistics were reset. What a script calls
/// counts as its own commands, which are none of these.
async fn round_trips(redis: &RedisServer) -> u64 {
    let client = redis::Client::open(redis.url()).expect("a URL");
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("a connection");
    let info: String = redis::cmd("INFO")
        .arg("commandstats")
        .query_async(&mut connection)
        .await
        .expect("an answer");
    let calls = |command: &str| -> u64 {
        let line = info.lines().find_map(|line| line.strip_prefix(command));
        let calls = line.and_then(|line| line.strip_prefix(":calls=")?.split(',').next());
        calls.map_or(0, |calls| calls.parse().expect("a number"))
    };
    ["cmdstat_evalsha", "cmdstat_ping", "cmdstat_unwatch"]
        .iter()
        .map(|c| calls(c))
        .sum()
}

async fn reset(redis: &RedisServer) {
    let client = redis::Client::open(redis.url()).expect("a URL");
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("a connection");
    redis::cmd("CONFIG")
        .arg("RESETSTAT")
        .query_async::<redis::Value>(&mut connection)
        .await
        .expect("it is reset");
}

#[tokio::test]
async fn a_push_is_one_commit() {
    // No gateway: rooms ask too.
    let config = system_tests::StackConfig {
        gateways: 0,
        ..system_tests::StackConfig::default()
    };
    let stack = Stack::with(config).await;
    let api = stack.ingest();
    let key = api.create("E").await;
    api.push_xml(&key, SAMPLE_XML).await;
    api.bring_to("E", &key, "running").await;
    let boats = |time| {
        json!({ "oncourse": [{
            "raceId": "K1M_QUA_4", "bib": 1, "time": time, "name": "SOMEBODY", "club": "A club",
        }] })
    };
    for path in ["/ingest/oncourse", "/ingest/results"] {
        reset(stack.redis()).await;
        for push in 0..PUSHES {
            let answer = if path == "/ingest/oncourse" {
                let request = api.request(Method::POST, path).json(&boats(push));
                api.send(request.header("X-API-Key", &key)).await
            } else {
                let time = 9000 + u32::try_from(push).expect("few");
                api.push_result(&key, "K1M_QUA_4", 1, time).await
            };
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        let trips = round_trips(stack.redis()).await;
        // A list that waits is shown by a commit of its own, or two when a push is faster, which then reads
        // again; the first connection is looked at, and the first push reads.
        let beside = 4 + 3 * PUSHES / 5;
        assert!(trips <= PUSHES + beside, "{path}: {trips}");
    }
}
