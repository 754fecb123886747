//! A race as it is sent in real life: what it costs in bytes and in CPU.

use std::{fs, time::Duration};

use serde_json::Value;
use sim::{
    booth::{Client, Pace, Plan, Rhythm, play},
    race_day::{RaceDay, Size},
};

use super::{
    system::{Kind, Stream, System, anywhere, crowd},
    table::{head, heading, row},
};
use crate::{Api, RedisServer, Spectator, User, ready, servers::own_address, spectator::Heard};

const EVENT: &str = "RACE";
const STARTS: usize = 105;
/// Five boats on the water most of the time.
const INTERVAL_MS: u64 = 20_000;
/// How long a spectator watches. In this time of a recorded race there were 326 pushes of boats and 8 of results,
/// which the two below come near to.
const SECONDS: u64 = 246;
const ON_COURSE_EVERY: Duration = Duration::from_millis(750);
const RESULTS_EVERY: Duration = Duration::from_secs(30);
/// Results that are there when it begins.
const FINISHED_BEFORE: u64 = 30;
/// How long the floor is measured.
const FLOOR_SECONDS: u64 = 30;
/// Those whose CPU is counted, who ask for what the page asks for.
const SPECTATORS: usize = 1_000;

/// CPU seconds that processes have used.
fn cpu_seconds(pids: &[u32]) -> f64 {
    let ticks: u64 = pids
        .iter()
        .map(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
            let fields: Vec<u64> = fields
                .split_whitespace()
                .filter_map(|f| f.parse().ok())
                .collect();
            // Without the state, which is a letter: user and system time are the 11th and 12th.
            fields.get(10..12).map_or(0, |times| times.iter().sum())
        })
        .sum();
    Duration::from_millis(ticks * 10).as_secs_f64()
}

fn plan(day: &RaceDay, key: String) -> Plan {
    let second_run = day.races.iter().find(|race| race.discipline == "BR2");
    let second_run = second_run.expect("the day has second runs");
    Plan {
        event_id: EVENT.to_owned(),
        api_key: Some(key),
        replace: false,
        begin_ms: second_run.starts_at_ms + FINISHED_BEFORE * INTERVAL_MS,
        pace: Pace::Times(1.0),
        rhythm: Rhythm {
            on_course: ON_COURSE_EVERY,
            results: RESULTS_EVERY,
        },
        last_status: "running".to_owned(),
        stop_after: Some(Duration::from_secs(SECONDS + 10)),
        progress: false,
        paused: None,
    }
}

/// Plays it, and prints what each kind of spectator received.
pub async fn race() {
    let redis = RedisServer::start().await;
    let (ingest, gateway) = (
        format!("{}:8080", own_address()),
        format!("{}:8080", own_address()),
    );
    let args = [format!("--listen={ingest}"), "--dev-mode".to_owned()];
    let ingest_process = anywhere("ingest-svc", &args, &redis.url_of(User::Ingest));
    let args = [
        format!("--listen={gateway}"),
        "--max-connections-per-event=2000".to_owned(),
    ];
    let gateway_process = anywhere("gateway-svc", &args, &redis.url_of(User::Gateway));
    ready(&ingest).await;
    ready(&gateway).await;
    let day = RaceDay::new(
        1,
        Size {
            starts_per_class: STARTS,
            start_interval_ms: INTERVAL_MS,
        },
    );
    let api = Api::new(&format!("http://{ingest}"));
    let key = api.create(EVENT).await;
    api.bring_to(EVENT, &key, "startlist").await;
    let client = Client::new(&format!("http://{ingest}"), None).expect("a client");
    let plan = plan(&day, key);
    let race_id = day
        .races
        .iter()
        .find(|race| race.discipline == "BR2")
        .expect("there is one");
    let race_id = race_id.race_id.clone();
    let playing = tokio::spawn(play(client, day, plan));
    tokio::time::sleep(Duration::from_secs(3)).await;

    let pids = [
        ingest_process.id(),
        gateway_process.id(),
        redis.process().id(),
    ];
    let before = cpu_seconds(&pids);
    let forms: [(&str, usize, &[&str]); 4] = [
        ("deflate and delta", SPECTATORS, &["--deflate", "--delta"]),
        ("deflate", 5, &["--deflate"]),
        ("delta", 5, &["--delta"]),
        ("plain", 5, &[]),
    ];
    let crowds = forms.map(|(name, count, flags)| {
        let (gateway, pid) = (gateway.clone(), gateway_process.id());
        let watch = move || crowd(&gateway, EVENT, count, SECONDS - 1, pid, flags);
        (name, count, tokio::task::spawn_blocking(watch))
    });
    let list_bytes = list_bytes(&format!("http://{gateway}")).await;
    let mut reports = Vec::new();
    for (name, count, crowd) in crowds {
        reports.push((name, count, crowd.await.expect("the crowd watches")));
    }
    let cpu = cpu_seconds(&pids) - before;
    let sent = playing
        .await
        .expect("the booth runs")
        .expect("nothing is refused");
    let results = Api::new(&format!("http://{gateway}"));
    let results = results
        .get(&format!("/events/{EVENT}/results/{race_id}"))
        .await;
    let results_bytes = results.body["results"].to_string().len() as f64;
    // Whole lists of boats with each push, whole result lists twice, nothing compressed.
    let lists = sent.requests("oncourse") as f64 * list_bytes;
    let whole = lists + sent.requests("results") as f64 * 2.0 * results_bytes;

    heading("Bytes for one spectator in a race of 246 s");
    println!(
        "{} pushes of boats on the water, {} of results; everything whole and plain would be {:.0} kB.\n",
        sent.requests("oncourse"),
        sent.requests("results"),
        whole / 1000.0
    );
    head(&[
        "spectator",
        "kB",
        "of everything whole and plain",
        "messages",
    ]);
    for (name, count, report) in &reports {
        let bytes = report["bytes"].as_f64().unwrap_or(0.0) / *count as f64;
        assert_eq!(report["holes"], 0, "{report}");
        row(&[
            name,
            &format!("{:.1}", bytes / 1000.0),
            &format!("{:.1} %", 100.0 * bytes / whole),
            &(report["messages"].as_u64().unwrap_or(0) / *count as u64),
        ]);
    }
    let floor = floor_cpu_seconds(&reports[0].2).await;
    println!(
        "\nCPU of all processes for {SPECTATORS} spectators: {cpu:.2} s; of bare writes of as many messages, as \
         long, as often: {floor:.2} s"
    );
}

/// What the floor takes for what a crowd was sent.
async fn floor_cpu_seconds(report: &Value) -> f64 {
    let number = |name: &str| report[name].as_f64().unwrap_or(f64::NAN);
    let (messages, bytes) = (number("messages"), number("bytes"));
    let each = messages / SPECTATORS as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "few a second, of some kB"
    )]
    let stream = Stream {
        rate: (each / SECONDS as f64).round() as u32,
        bytes: (bytes / messages) as usize,
    };
    let floor = System::start(Kind::Floor, stream).await;
    let report = floor.watched_by(SPECTATORS, FLOOR_SECONDS, &[]);
    let million = report["cost"]["cpuSecondsPerMillion"].as_f64();
    million.unwrap_or(f64::NAN) * messages / 1e6
}

/// The mean size of a whole list of boats, as a spectator sees them go by.
async fn list_bytes(gateway: &str) -> f64 {
    let mut spectator = Spectator::connect(gateway, EVENT)
        .await
        .expect("it is let in");
    let (mut bytes, mut lists) = (0.0, 0.0);
    let until = tokio::time::Instant::now() + Duration::from_secs(SECONDS - 10);
    while let Ok(Heard::Message(message)) = tokio::time::timeout_at(until, spectator.next()).await {
        let list: &Value = &message["data"]["oncourse"];
        if message["type"] == "diff" && list.is_array() {
            bytes += list.to_string().len() as f64;
            lists += 1.0;
        }
    }
    bytes / f64::max(lists, 1.0)
}
