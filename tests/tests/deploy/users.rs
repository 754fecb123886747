//! Redis with a user for each service, as the compose file starts it.

use std::process::Command;

use common::{
    domain::{Competition, EventId, EventRecord},
    protocol::Seq,
};
use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind, Value, cmd};
use serde_json::json;
use system_tests::{
    Api, RedisServer, SAMPLE_XML, Spectator, User, delivered,
    process::{Process, binary},
    ready,
    servers::own_address,
};
const RACE: &str = "K1M_QUA_4";

struct Redis {
    server: RedisServer,
}

impl Redis {
    async fn start() -> Self {
        Self {
            server: RedisServer::start().await,
        }
    }

    async fn ask(&self, user: User, words: &[&str]) -> RedisResult<Value> {
        let client = redis::Client::open(self.server.url_of(user))?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        cmd(words[0])
            .arg(&words[1..])
            .query_async(&mut connection)
            .await
    }

    /// Starts one, and waits until it is ready.
    async fn service(&self, name: &str, more: &[&str]) -> (Process, String) {
        let address = format!("{}:8080", own_address());
        let mut command = Command::new(binary(name));
        command
            .env("REDIS_URL", self.server.url_of(User::of(name)))
            .args(["--listen", &address])
            .args(more);
        let mut process = Process::start(name, &mut command);
        process.wait_for("listening address=");
        ready(&address).await;
        (process, format!("http://{address}"))
    }
}

fn is_refused(answer: RedisResult<Value>) -> bool {
    answer
        .is_err_and(|error: RedisError| error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm))
}

/// The whole life of an event, so that everything is done in Redis that ever is.
async fn live(redis: &Redis) {
    let (mut ingest, origin) = redis.service("ingest-svc", &["--dev-mode"]).await;
    let (_first, first) = redis.service("gateway-svc", &[]).await;
    let (_second, second) = redis.service("gateway-svc", &[]).await;
    let api = Api::new(&origin);
    let key = api.create("E").await;
    assert_eq!(api.push_xml(&key, SAMPLE_XML).await.status, 200);
    api.bring_to("E", &key, "running").await;
    let mut spectator = Spectator::connect(&first, "E").await.expect("a seat");
    spectator.message().await;
    let standing = spectator.standing();
    assert_eq!(api.push_result(&key, RACE, 1, 9_000).await.status, 200);
    let mut back = Spectator::resume(&second, "E", standing)
        .await
        .expect("a seat");
    assert_eq!(back.message().await["missed"], 1);
    let results = format!("/events/E/results/{RACE}");
    assert_eq!(Api::new(&second).get(&results).await.status, 200);
    let boats = json!({ "oncourse": [{ "raceId": RACE, "bib": 2 }] });
    let pushed = api.push(&key, "/ingest/oncourse", &boats).await;
    assert_eq!(pushed.status, 200);
    // Gateways let boats go that nobody refreshes.
    ingest.kill();
    while spectator.message().await["data"]["oncourse"] != json!([]) {}
    let (_ingest, origin) = redis.service("ingest-svc", &["--dev-mode"]).await;
    let api = Api::new(&origin);
    let delete = api
        .request(reqwest::Method::DELETE, "/admin/events/E")
        .header("X-Master-Key", "any");
    assert_eq!(api.send(delete).await.status, 200);
    spectator.until_closed().await;
}

#[tokio::test]
async fn each_service_may_do_what_it_does_and_nothing_else() {
    let redis = Redis::start().await;
    live(&redis).await;
    let refused = redis.ask(User::Operator, &["ACL", "LOG"]).await;
    assert_eq!(refused.expect("an answer"), Value::Array(Vec::new()));

    for words in [
        &["GET", "ed:key:x"][..],
        &["GET", "ed:dev-secret"],
        &["SADD", "ed:events", "X"],
        &["GET", "other"],
        &["SCAN", "0"],
        &["FLUSHALL"],
        &["CONFIG", "GET", "*"],
        &["PUBLISH", "other", "x"],
    ] {
        assert!(
            is_refused(redis.ask(User::Gateway, words).await),
            "{words:?}"
        );
    }
    for user in [User::Ingest, User::Replica, User::Sentinel] {
        for words in [&["GET", "other"][..], &["FLUSHALL"], &["KEYS", "*"]] {
            assert!(is_refused(redis.ask(user, words).await), "{words:?}");
        }
    }
    let socket = redis.server.socket();
    for login in ["", "?user=ingest&pass=wrong", "?user=default&pass="] {
        let client = redis::Client::open(format!("redis+unix://{}{login}", socket.display()));
        let client = client.expect("a URL");
        let refused = match client.get_multiplexed_async_connection().await {
            Ok(mut connection) => cmd("PING").query_async::<Value>(&mut connection).await,
            Err(error) => Err(error),
        };
        assert!(refused.is_err(), "{login}");
    }
}

/// Redis replays what it wrote as the user "default": one that lacks a right loses data at a restart.
#[tokio::test]
async fn nothing_acknowledged_is_lost_when_redis_restarts() {
    let mut redis = Redis::start().await;
    let (_ingest, origin) = redis.service("ingest-svc", &["--dev-mode"]).await;
    let api = Api::new(&origin);
    let key = api.create("E").await;
    assert_eq!(api.push_xml(&key, SAMPLE_XML).await.status, 200);
    api.bring_to("E", &key, "running").await;
    for (time, clean) in [(9_000, true), (9_100, false), (9_200, true)] {
        assert_eq!(api.push_result(&key, RACE, 1, time).await.status, 200);
        let before = stored(&redis).await;
        if clean {
            redis.server.stop();
        }
        redis.server.restart().await;
        assert_eq!(stored(&redis).await, before);
        ready(origin.trim_start_matches("http://")).await;
    }
}

/// The event as a reader of Redis finds it.
async fn stored(redis: &Redis) -> (Seq, EventRecord, Competition) {
    let store = redis.server.store();
    let event_id = EventId::parse("E").expect("an id");
    let head = store.head(&event_id).await.expect("the event");
    let competition = store.whole_competition(&head).await.expect("its rows");
    (head.position.seq, head.record, competition)
}

#[test]
fn without_passwords_redis_does_not_start() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for missing in ["REDIS_INGEST_PASSWORD", "REDIS_GATEWAY_PASSWORD"] {
        let mut command = delivered::redis(folder.path());
        command.env_remove(missing).args(["--port", "0"]);
        let mut refused = Process::start("redis-server", &mut command);
        assert!(!refused.wait().success());
        assert!(refused.wait_for_end_of_output().contains(missing));
    }
}
