//! Hours of racing as fast as the system takes them, watched by spectators on two gateways: the end
//! must be as computed from scratch, no stream may have a hole, and no process may grow. Prints what
//! it saw and fails when one of these does not hold. Run by `deploy/soak`.

use std::{sync::Arc, time::Duration};

use clap::Parser;
use sim::{
    booth::{Client, Pace, Plan, play},
    race_day::{RaceDay, Size},
};
use system_tests::{Spectator, Stack, process::Process, spectator::Heard, truth};
use tokio::task::JoinHandle;

/// Soaks a whole system.
#[derive(Parser)]
struct Args {
    /// Minutes of race time, about.
    #[arg(long, default_value_t = 480)]
    minutes: u64,

    /// Makes the day.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

const EVENT: &str = "SOAK";
/// Races of a day, in each of which everyone of a class starts.
const RACES: u64 = 5;
const SAMPLE_EVERY: Duration = Duration::from_secs(2);
/// What a process may grow by from the second quarter of the time to the last, in KiB: allocators
/// and buffers settle late.
const GROWTH_KIB_MAX: u64 = 8 << 10;

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
    let watchers = [0, 1].map(|gateway| watch(Arc::clone(&stack), gateway));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let samples = tokio::spawn(sample(Arc::clone(&stack), stopped));

    let plan = Plan {
        event_id: EVENT.to_owned(),
        api_key: Some(key),
        replace: false,
        begin_ms: 0,
        pace: Pace::AsFastAsAnswered,
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
    let samples = samples.await.expect("samples");
    show(&samples);
    assert_flat(&samples);
    println!("no process grew");
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
fn watch(stack: Arc<Stack>, gateway: usize) -> JoinHandle<u64> {
    tokio::spawn(async move {
        let mut spectator: Spectator = stack.watch(gateway, EVENT).await;
        let mut messages = 0;
        while let Heard::Message(_) = spectator.next().await {
            messages += 1;
        }
        messages
    })
}

/// A process with its memory over time, in KiB.
type Samples = Vec<(String, Vec<u64>)>;

async fn sample(stack: Arc<Stack>, mut stopped: tokio::sync::oneshot::Receiver<()>) -> Samples {
    let processes: Vec<(String, &Process)> = processes(&stack);
    let mut samples: Samples = processes
        .iter()
        .map(|(name, _)| (name.clone(), Vec::new()))
        .collect();
    loop {
        for ((_, process), (_, kib)) in processes.iter().zip(&mut samples) {
            kib.push(process.resident_kib());
        }
        tokio::select! {
            _ = &mut stopped => return samples,
            () = tokio::time::sleep(SAMPLE_EVERY) => {}
        }
    }
}

fn processes(stack: &Stack) -> Vec<(String, &Process)> {
    let ingests = stack.ingests.iter().enumerate();
    let gateways = stack.gateways.iter().enumerate();
    let mut all: Vec<_> = ingests
        .map(|(index, service)| (format!("ingest {index}"), &service.process))
        .chain(gateways.map(|(index, service)| (format!("gateway {index}"), &service.process)))
        .collect();
    all.push(("redis".to_owned(), stack.redis().process()));
    all
}

/// The largest value of the second quarter and of the last one.
fn quarters(kib: &[u64]) -> [u64; 2] {
    let quarter = (kib.len() / 4).max(1);
    let largest = |part: &[u64]| part.iter().copied().max().unwrap_or(0);
    [
        largest(&kib[quarter.min(kib.len())..(2 * quarter).min(kib.len())]),
        largest(&kib[kib.len() - quarter..]),
    ]
}

fn show(samples: &Samples) {
    println!(
        "{:<12}{:>12}{:>16}{:>14}",
        "memory, KiB", "at first", "2nd quarter", "last quarter"
    );
    for (name, kib) in samples {
        let [second, last] = quarters(kib);
        println!("{name:<12}{:>12}{second:>16}{last:>14}", kib[0]);
    }
}

fn assert_flat(samples: &Samples) {
    for (name, kib) in samples {
        let [second, last] = quarters(kib);
        assert!(
            last <= second + GROWTH_KIB_MAX,
            "{name} grew from {second} to {last} KiB"
        );
    }
}
