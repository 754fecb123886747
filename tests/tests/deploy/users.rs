//! Redis with a user for each service, as the compose file starts it.

use std::{path::Path, process::Command};

use common::store::{Store, StoreConfig};
use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind, Value, cmd};
use serde_json::json;
use system_tests::{
    Api, SAMPLE_XML, Spectator,
    process::{Process, binary},
    ready,
    servers::own_address,
    until,
};
use tempfile::TempDir;

const RACE: &str = "K1M_QUA_4";

struct Redis {
    address: String,
    _process: Process,
    _folder: TempDir,
}

impl Redis {
    async fn start(users: &[&str]) -> Self {
        let start = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/redis/start");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let address = own_address();
        let mut command = Command::new(&start);
        command
            .arg(start.with_file_name("redis.conf"))
            .args(["--bind", &address, "--dir"])
            .arg(folder.path())
            .env("TMPDIR", folder.path());
        for user in users {
            command.env(format!("REDIS_{user}_PASSWORD"), password(user));
        }
        let redis = Self {
            _process: Process::start("redis-server", &mut command),
            address,
            _folder: folder,
        };
        until("Redis to answer", || async {
            redis.ask("ingest", &["PING"]).await.ok()
        })
        .await;
        redis
    }

    fn url(&self, user: &str) -> String {
        format!("redis://{user}:{}@{}:6379", password(user), self.address)
    }

    async fn ask(&self, user: &str, words: &[&str]) -> RedisResult<Value> {
        let client = redis::Client::open(self.url(user))?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        cmd(words[0])
            .arg(&words[1..])
            .query_async(&mut connection)
            .await
    }

    /// Starts one, and waits until it is ready.
    async fn service(&self, name: &str, user: &str, more: &[&str]) -> (Process, String) {
        let address = format!("{}:8080", own_address());
        let mut command = Command::new(binary(name));
        command
            .env("REDIS_URL", self.url(user))
            .args(["--listen", &address])
            .args(more);
        let mut process = Process::start(name, &mut command);
        process.wait_for("listening address=");
        ready(&address).await;
        (process, format!("http://{address}"))
    }
}

fn password(user: &str) -> String {
    format!("{}-secret", user.to_lowercase())
}

fn is_refused(answer: RedisResult<Value>) -> bool {
    answer
        .is_err_and(|error: RedisError| error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm))
}

/// The whole life of an event, so that everything is done in Redis that ever is.
async fn live(redis: &Redis) {
    let (mut ingest, origin) = redis.service("ingest-svc", "ingest", &["--dev-mode"]).await;
    let (_first, first) = redis.service("gateway-svc", "gateway", &[]).await;
    let (_second, second) = redis.service("gateway-svc", "gateway", &[]).await;
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
    let (_ingest, origin) = redis.service("ingest-svc", "ingest", &["--dev-mode"]).await;
    let api = Api::new(&origin);
    let delete = api
        .request(reqwest::Method::DELETE, "/admin/events/E")
        .header("X-Master-Key", "any");
    assert_eq!(api.send(delete).await.status, 200);
    spectator.until_closed().await;
}

#[tokio::test]
async fn each_service_may_do_what_it_does_and_nothing_else() {
    let redis = Redis::start(&["INGEST", "GATEWAY", "OPERATOR"]).await;
    live(&redis).await;
    let refused = redis.ask("operator", &["ACL", "LOG"]).await;
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
        assert!(is_refused(redis.ask("gateway", words).await), "{words:?}");
    }
    for words in [&["GET", "other"][..], &["FLUSHALL"], &["KEYS", "*"]] {
        assert!(is_refused(redis.ask("ingest", words).await), "{words:?}");
    }
    let unknown = Store::new(&StoreConfig {
        url: format!("redis://ingest:wrong@{}:6379", redis.address),
        connections_max: 1,
        timeout: std::time::Duration::from_secs(5),
    });
    assert!(unknown.expect("a URL").ping().await.is_err());
}

#[tokio::test]
async fn without_passwords_there_is_no_operator_and_users_may_no_more_than_with_them() {
    let redis = Redis::start(&[]).await;
    assert!(redis.ask("operator", &["PING"]).await.is_err());
    assert!(is_refused(redis.ask("gateway", &["GET", "ed:key:x"]).await));
    assert!(redis.ask("ingest", &["GET", "ed:key:x"]).await.is_ok());
}
