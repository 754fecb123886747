//! Hours of racing as fast as the system takes them, watched by spectators on two gateways: the end
//! must be as computed from scratch, no stream may have a hole, and neither a process nor the page in
//! a browser may grow. Prints what it saw and fails when one of these does not hold. Run by
//! `deploy/soak`.

use std::{sync::Arc, time::Duration};

use clap::Parser;
use sim::{
    booth::{Client, Pace, Plan, Rhythm, play},
    race_day::{RaceDay, Size},
};
use system_tests::{
    Spectator, Stack,
    browser::{Browser, Look},
    growth::{self, Series},
    process::Process,
    spectator::Heard,
    truth,
};
use tokio::{sync::watch, task::JoinHandle};

/// Soaks a whole system.
#[derive(Parser)]
struct Args {
    /// Minutes of race time, about.
    #[arg(long, default_value_t = 480)]
    minutes: u64,

    /// Race time over real time, or `max`: as fast as the system answers.
    #[arg(long, default_value = "max")]
    speed: Pace,

    /// Watch the page in a browser too; Chromium and its driver must be installed.
    #[arg(long)]
    page: bool,

    /// Makes the day.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

const EVENT: &str = "SOAK";
/// Races of a day, in each of which everyone of a class starts.
const RACES: u64 = 5;
const SAMPLE_EVERY: Duration = Duration::from_secs(2);
const PAGE_SAMPLE_EVERY: Duration = Duration::from_secs(10);
/// KiB that a process may settle by.
const PROCESS_GROWTH_KIB: u64 = 8 << 10;
/// KiB of the page's heap: the lists of the races of a day.
const HEAP_GROWTH_KIB: u64 = 2 << 10;
/// Nodes and listeners of the page: a race of two runs has more of them than one of one run.
const NODE_GROWTH: u64 = 4_000;
const LISTENER_GROWTH: u64 = 400;

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let day = RaceDay::new(args.seed, size(args.minutes));
    println!(
        "{} minutes of racing, {} starts in {} races",
        day.ends_at_ms() / 60_000,
        day.races.iter().map(|race| race.runs.len()).sum::<usize>(),
        day.races.len()
    );
    let stack = Arc::new(Stack::pair().await);
    let api = stack.ingest();
    let key = api.create(EVENT).await;
    api.bring_to(EVENT, &key, "startlist").await;
    let watchers = [0, 1].map(|gateway| follow(Arc::clone(&stack), gateway));
    let (stop, stopped) = watch::channel(());
    let mut samplers = vec![tokio::spawn(processes(Arc::clone(&stack), stopped.clone()))];
    if args.page {
        let origin = stack.gateways[0].origin.clone();
        samplers.push(tokio::spawn(page(origin, stopped)));
    }

    let plan = Plan {
        event_id: EVENT.to_owned(),
        api_key: Some(key),
        replace: false,
        begin_ms: 0,
        pace: args.speed,
        rhythm: Rhythm::default(),
        last_status: "official".to_owned(),
        stop_after: None,
        progress: true,
        paused: None,
    };
    let client = Client::new(&stack.ingests[1].origin, None).expect("a client");
    let report = play(client, day.clone(), plan).await;
    println!("{}", report.expect("nothing is refused"));

    let mut messages = Vec::new();
    for watcher in watchers {
        messages.push(watcher.await.expect("a stream without a hole"));
    }
    println!("messages received on each gateway: {messages:?}");
    truth::assert_as_from_scratch(&stack, EVENT, &day).await;
    println!("the end is as computed from scratch");
    drop(stop);
    let mut all = Vec::new();
    for sampler in samplers {
        all.extend(sampler.await.expect("samples"));
    }
    growth::show(&all);
    growth::assert_flat(&all);
    println!("nothing grew");
}

fn size(minutes: u64) -> Size {
    let interval_ms = Size::default().start_interval_ms;
    let starts = minutes * 60_000 / interval_ms / RACES;
    Size {
        starts_per_class: usize::try_from(starts).map_or(999, |starts| starts.clamp(3, 999)),
        ..Size::default()
    }
}

/// Counts messages to the end; the spectator itself fails on any hole.
fn follow(stack: Arc<Stack>, gateway: usize) -> JoinHandle<u64> {
    tokio::spawn(async move {
        let mut spectator: Spectator = stack.watch(gateway, EVENT).await;
        let mut messages = 0;
        while let Heard::Message(_) = spectator.next().await {
            messages += 1;
        }
        messages
    })
}

/// The memory of all processes, in KiB, until `stopped`.
async fn processes(stack: Arc<Stack>, mut stopped: watch::Receiver<()>) -> Vec<Series> {
    let ingests = stack.ingests.iter().enumerate();
    let gateways = stack.gateways.iter().enumerate();
    let mut all: Vec<(String, &Process)> = ingests
        .map(|(index, service)| (format!("ingest {index}, KiB"), &service.process))
        .chain(gateways.map(|(index, service)| (format!("gateway {index}, KiB"), &service.process)))
        .collect();
    all.push(("redis, KiB".to_owned(), stack.redis().process()));
    let names = all.iter().map(|(name, _)| name);
    let mut series: Vec<_> = names
        .map(|name| Series::new(name, PROCESS_GROWTH_KIB))
        .collect();
    loop {
        for ((_, process), series) in all.iter().zip(&mut series) {
            series.push(process.resident_kib());
        }
        tokio::select! {
            _ = stopped.changed() => return series,
            () = tokio::time::sleep(SAMPLE_EVERY) => {}
        }
    }
}

/// What the page holds once garbage is collected, until `stopped`; then it must show that all is
/// final, and have had nothing to complain about.
async fn page(origin: String, mut stopped: watch::Receiver<()>) -> Vec<Series> {
    let browser = Browser::with(Look::PHONE).await;
    let url = format!("{origin}/events/{EVENT}");
    browser.client.goto(&url).await.expect("the page loads");
    let mut heap = Series::new("page heap, KiB", HEAP_GROWTH_KIB);
    let mut nodes = Series::new("page nodes", NODE_GROWTH);
    let mut listeners = Series::new("page listeners", LISTENER_GROWTH);
    loop {
        heap.push(browser.heap_bytes().await.unsigned_abs() >> 10);
        let counters = browser
            .devtools("Memory.getDOMCounters", serde_json::json!({}))
            .await;
        nodes.push(counters["nodes"].as_u64().expect("a number"));
        listeners.push(counters["jsEventListeners"].as_u64().expect("a number"));
        // The driver keeps what nobody asks for.
        browser.traffic().await;
        tokio::select! {
            _ = stopped.changed() => break,
            () = tokio::time::sleep(PAGE_SAMPLE_EVERY) => {}
        }
    }
    browser
        .wait("document.querySelector('.connection').dataset.status === 'final'")
        .await;
    let complaints = browser.console().await;
    assert!(complaints.is_empty(), "the console says {complaints:#?}");
    browser.close().await;
    vec![heap, nodes, listeners]
}
