//! How long pushes and reads take with spectators watching, and imports.

use std::{
    cell::Cell,
    future::Future,
    time::{Duration, Instant},
};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sim::race_day::{RaceDay, Size};

use super::{
    system::{anywhere, crowd, ready},
    table::{head, heading, row},
};
use crate::{Api, RedisServer, process::Process, servers::own_address};

const EVENT: &str = "PUSHES";
const PUSHES: usize = 200;
const SPECTATORS: usize = 200;
/// People of each of three classes, who make five races: an export of 3.6 MB, 3,300 people and 5,500 results.
const LARGE: usize = 1_100;
const IMPORTS: usize = 9;

struct Timed {
    took: Vec<Duration>,
}

impl Timed {
    fn ms(&self, quantile: f64) -> String {
        let mut took = self.took.clone();
        took.sort();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index into few samples"
        )]
        let index = ((took.len() - 1) as f64 * quantile) as usize;
        format!("{:.2}", took[index].as_secs_f64() * 1000.0)
    }
}

/// A push a tenth of a second, as the booth does it at most.
async fn time(api: &Api, count: usize, request: impl Fn(usize) -> RequestBuilder) -> Timed {
    let mut took = Vec::new();
    for number in 0..count {
        let started = Instant::now();
        let answer = api.send(request(number)).await;
        took.push(started.elapsed());
        assert!(
            answer.status.is_success() || answer.status == 304,
            "{}",
            answer.body
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Timed { took }
}

/// One value written to the same Redis and synced to disk: a push does that too, whatever else it does.
async fn bare_writes(redis_url: &str, count: usize) -> Timed {
    let client = redis::Client::open(redis_url).expect("a URL");
    let mut redis = client
        .get_multiplexed_async_connection()
        .await
        .expect("Redis answers");
    let mut took = Vec::new();
    for number in 0..count {
        let started = Instant::now();
        let written: redis::RedisResult<()> = redis::cmd("SET")
            .arg("bare")
            .arg(number)
            .query_async(&mut redis)
            .await;
        took.push(started.elapsed());
        written.expect("Redis writes");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Timed { took }
}

fn results(day: &RaceDay, count: usize, step: usize) -> Value {
    let race = &day.races[0];
    let rows = day.classes[race.class]
        .athletes
        .iter()
        .take(count)
        .enumerate();
    let row = |(order, athlete): (usize, &sim::race_day::Athlete)| {
        // One boat's time changes: what the bridge sends is always the whole list.
        let time = 8_000
            + order * 50
            + if order == step % count {
                1 + step % 40
            } else {
                0
            };
        json!({ "raceId": race.race_id, "participantId": athlete.participant_id, "bib": athlete.bib,
            "time": time, "pen": 0, "total": time, "rnk": order + 1 })
    };
    json!({ "results": rows.map(row).collect::<Vec<_>>() })
}

fn boats(day: &RaceDay, step: usize) -> Value {
    let race = &day.races[0];
    let boat = |order: usize| {
        let athlete = &day.classes[race.class].athletes[order];
        json!({ "raceId": race.race_id, "bib": athlete.bib, "name": "SOMEBODY Else", "club": "A club",
            "position": order + 1, "time": step * 100, "gates": vec![Value::from(0); step % 25] })
    };
    json!({ "oncourse": (0..5).map(boat).collect::<Vec<_>>() })
}

struct Services {
    ingest: String,
    gateway: String,
    gateway_pid: u32,
    _processes: Vec<Process>,
    redis: RedisServer,
}

impl Services {
    async fn start() -> Self {
        let redis = RedisServer::start().await;
        let (ingest, gateway) = (own_address(), own_address());
        let (ingest, gateway) = (format!("{ingest}:8080"), format!("{gateway}:8080"));
        let args = [format!("--listen={ingest}"), "--dev-mode".to_owned()];
        let first = anywhere("ingest-svc", &args, &redis.url());
        let args = [
            format!("--listen={gateway}"),
            "--max-connections-per-event=1000".to_owned(),
        ];
        let second = anywhere("gateway-svc", &args, &redis.url());
        ready(&ingest).await;
        ready(&gateway).await;
        Self {
            gateway_pid: second.id(),
            _processes: vec![first, second],
            ingest,
            gateway,
            redis,
        }
    }
}

/// Times pushes and reads.
pub async fn pushes() {
    heading("Pushes and reads, 200 spectators watching");
    head(&["what", "p50 ms", "p99 ms"]);
    let services = Services::start().await;
    let api = Api::new(&format!("http://{}", services.ingest));
    let day = RaceDay::new(
        1,
        Size {
            starts_per_class: 80,
            ..Size::default()
        },
    );
    let key = api.create(EVENT).await;
    api.push_xml(&key, &day.export_xml(0)).await;
    api.bring_to(EVENT, &key, "running").await;
    let gateway = services.gateway.clone();
    let watching = std::thread::spawn(move || {
        crowd(&gateway, EVENT, SPECTATORS, 90, services.gateway_pid, &[])
    });
    let keyed = |path: &str| api.request(Method::POST, path).header("X-API-Key", &key);
    let push =
        |path: &'static str, body: &dyn Fn(usize) -> Value, step| keyed(path).json(&body(step));
    let on_course = |step| boats(&day, step);
    let on_course = time(&api, PUSHES, |step| {
        push("/ingest/oncourse", &on_course, step)
    })
    .await;
    row(&[
        &"boats on the water",
        &on_course.ms(0.5),
        &on_course.ms(0.99),
    ]);
    let eighty = |step| results(&day, 80, step);
    let eighty = time(&api, PUSHES, |step| push("/ingest/results", &eighty, step)).await;
    row(&[&"results, 80 rows", &eighty.ms(0.5), &eighty.ms(0.99)]);
    let bare = bare_writes(&services.redis.url(), PUSHES).await;
    row(&[
        &"for comparison: one value set in this Redis",
        &bare.ms(0.5),
        &bare.ms(0.99),
    ]);
    let (client, url) = (
        reqwest::Client::new(),
        format!("http://{}/health", services.ingest),
    );
    let health = time(&api, PUSHES, |_| client.get(&url)).await;
    row(&[
        &"for comparison: ingest says that it lives",
        &health.ms(0.5),
        &health.ms(0.99),
    ]);
    let reader = Api::new(&format!("http://{}", services.gateway));
    let path = format!("/events/{EVENT}/results/{}", day.races[0].race_id);
    let read = time(&reader, PUSHES, |_| reader.request(Method::GET, &path)).await;
    row(&[&"read of these 80, cached", &read.ms(0.5), &read.ms(0.99)]);
    let tag = reader.get(&path).await.headers["etag"].clone();
    let unchanged = time(&reader, PUSHES, |_| {
        reader
            .request(Method::GET, &path)
            .header("If-None-Match", &tag)
    });
    let unchanged = unchanged.await;
    row(&[&"the same, 304", &unchanged.ms(0.5), &unchanged.ms(0.99)]);
    let report = watching.join().expect("the crowd watches");
    assert_eq!(report["holes"], 0);
}

/// Times imports of a large export, into events that are new and into events that hold it, with boats of
/// another event pushed meanwhile.
pub async fn import() {
    heading("Import of a large export");
    head(&["what", "p50 ms", "worst ms"]);
    let services = Services::start().await;
    let api = Api::new(&format!("http://{}", services.ingest));
    let day = RaceDay::new(
        1,
        Size {
            starts_per_class: LARGE,
            start_interval_ms: 1_000,
        },
    );
    let xml = day.export_xml(day.ends_at_ms());
    let mut keys = Vec::new();
    for number in 0..IMPORTS {
        keys.push(api.create(&format!("IMPORT{number}")).await);
    }
    let key = api.create(EVENT).await;
    assert_eq!(api.push_xml(&key, &xml).await.status, 200);
    api.bring_to(EVENT, &key, "running").await;
    let mut took = Timed { took: Vec::new() };
    for what in ["into a new event", "unchanged"] {
        let importing = import_each(&api, &keys, &xml);
        let (imports, beside) = beside(&api, &key, &day, importing).await;
        let what = format!("{what}, {:.1} MB", xml.len() as f64 / 1e6);
        row(&[&what, &imports.ms(0.5), &imports.ms(1.0)]);
        took.took.extend(beside.took);
    }
    row(&[
        &"boats of another event meanwhile",
        &took.ms(0.5),
        &took.ms(1.0),
    ]);
}

async fn import_each(api: &Api, keys: &[String], xml: &str) -> Timed {
    let mut took = Vec::new();
    for key in keys {
        let started = Instant::now();
        let answer = api.push_xml(key, xml).await;
        took.push(started.elapsed());
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    Timed { took }
}

/// Pushes boats until `work` is done.
async fn beside<T>(
    api: &Api,
    key: &str,
    day: &RaceDay,
    work: impl Future<Output = T>,
) -> (T, Timed) {
    let is_done = Cell::new(false);
    let pushes = async {
        let mut took = Vec::new();
        while !is_done.get() {
            let boats = boats(day, took.len());
            let started = Instant::now();
            let answer = api.push(key, "/ingest/oncourse", &boats).await;
            took.push(started.elapsed());
            assert_eq!(answer.status, 200, "{}", answer.body);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Timed { took }
    };
    let work = async {
        let done = work.await;
        is_done.set(true);
        done
    };
    tokio::join!(work, pushes)
}
