//! Redis has no room for more: what is written is refused clearly, what is read goes on, and all heals when there is room.

use std::time::{Duration, Instant};

use common::{
    domain::{Competition, EventId},
    protocol::Seq,
};
use serde_json::json;
use system_tests::{SAMPLE_XML, Stack, StackConfig, redis::RedisOptions, until};

use super::{RACE, catch_up, push, running_with};

/// Enough for an event, and full soon.
const FILE_KIB_MAX: u64 = 200;

async fn is_ready(stack: &Stack) -> bool {
    let answer = sim::http::get(format!("{}/ready", stack.ingests[0].origin)).await;
    answer.expect("ingest answers").status().is_success()
}

/// The best time by REST.
async fn best(stack: &Stack) -> serde_json::Value {
    let path = format!("/events/E/results/{RACE}");
    let answer = stack.gateway_at(0).get(&path).await;
    assert_eq!(answer.status, 200);
    answer.body["results"][0]["time"].clone()
}

/// Everything that Redis has of the event.
async fn stored(stack: &Stack) -> (Seq, Competition) {
    let store = stack.servers.store();
    let event_id = EventId::parse("E").expect("an id");
    let head = store.head(&event_id).await.expect("the event");
    let competition = store.whole_competition(&head).await.expect("its rows");
    (head.position.seq, competition)
}

async fn operator(stack: &Stack) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(stack.redis().url()).expect("a URL");
    let connection = client.get_multiplexed_async_connection().await;
    connection.expect("Redis answers")
}

/// Whether Redis takes a value of so many bytes.
async fn set(redis: &mut redis::aio::MultiplexedConnection, key: &str, bytes: usize) -> bool {
    let mut set = redis::cmd("SET");
    set.arg(key).arg(vec![b'x'; bytes]);
    set.query_async::<()>(redis).await.is_ok()
}

/// Waits until Redis has ended by itself.
async fn ended(stack: &mut Stack) {
    let since = Instant::now();
    while !stack.redis_mut().has_ended() {
        assert!(since.elapsed() < system_tests::DEADLINE, "Redis goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn without_memory_pushes_are_refused_and_everything_else_goes_on() {
    let (stack, key) = running_with(StackConfig::default()).await;
    push(&stack, &key, 1, 9000).await;
    let mut watching = stack.watch(0, "E").await;
    watching.message().await;
    stack.redis().set_memory_max(1).await;
    let refused = stack.ingest().push_result(&key, RACE, 1, 8000).await;
    assert_eq!(refused.status, 503);
    assert!(refused.headers.contains_key("retry-after"));
    let message = refused.body["message"].as_str().expect("a message");
    assert!(message.contains("out of memory"), "{message}");
    // What would remove rows before it adds some is refused as a whole.
    let before = stored(&stack).await;
    let other_class = SAMPLE_XML.replace("K1W", "C1W");
    assert_eq!(
        stack.ingest().push_xml(&key, &other_class).await.status,
        503
    );
    assert_eq!(stored(&stack).await, before);
    assert!(!is_ready(&stack).await);
    assert_eq!(best(&stack).await, 9000);
    let mut newcomer = stack.watch(0, "E").await;
    assert_eq!(newcomer.message().await["type"], "full");

    stack.redis().set_memory_max(0).await;
    until("ingest to be ready", || async {
        is_ready(&stack).await.then_some(())
    })
    .await;
    push(&stack, &key, 1, 8000).await;
    for spectator in [&mut watching, &mut newcomer] {
        // The next one: nothing was sent of what was refused.
        let diff = spectator.message().await;
        assert_eq!(diff["data"]["results"][0]["time"], 8000);
    }
}

#[tokio::test]
async fn without_disk_nothing_acknowledged_is_lost_and_spectators_stay() {
    let config = StackConfig {
        redis: RedisOptions {
            file_kib_max: Some(FILE_KIB_MAX),
            ..RedisOptions::default()
        },
        ..StackConfig::default()
    };
    let (mut stack, key) = running_with(config).await;
    let mut watching = stack.watch(0, "E").await;
    watching.message().await;
    let mut acknowledged = 0;
    let refused = loop {
        let time = 8000 + acknowledged;
        let pushed = stack.ingest().push_result(&key, RACE, 1, time).await;
        if pushed.status != 200 {
            break pushed;
        }
        acknowledged += 1;
        watching.message().await;
        best(&stack).await;
    };
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(acknowledged > 10);
    let last = json!(8000 + acknowledged - 1);
    // With `appendfsync always` Redis ends itself rather than acknowledge what it can't write.
    ended(&mut stack).await;
    assert_eq!(best(&stack).await, last, "from memory");

    // It is started again, as every deployment does. What little is left of the disk goes too, and again.
    stack.redis_mut().restart().await;
    let mut redis = operator(&stack).await;
    while set(&mut redis, "f", 1).await {}
    ended(&mut stack).await;
    stack.redis_mut().restart().await;
    assert!(!is_ready(&stack).await);
    assert_eq!(best(&stack).await, last);

    stack.redis_mut().kill();
    stack.redis_mut().set_options(RedisOptions::default());
    stack.redis_mut().restart().await;
    until("ingest to be ready", || async {
        is_ready(&stack).await.then_some(())
    })
    .await;
    assert_eq!(best(&stack).await, last);
    // A full of another epoch for each restart that was noticed, and no end.
    catch_up(&stack, &mut watching).await;
    push(&stack, &key, 1, 7000).await;
    let diff = watching.message().await;
    assert_eq!(diff["data"]["results"][0]["time"], 7000);
}
