//! A crowd of spectators: connects, follows the stream, comes back when it is sent away, and measures
//! what it gets.

mod frames;
mod report;
mod server;
mod spectator;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use report::{Latency, Report};
use server::Server;
use spectator::Way;

/// A minute: whoever waits longer has left.
const MS_MAX: u64 = 60_000;

/// Who comes, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Gateways or load balancers; the crowd spreads over them.
    pub servers: Vec<SocketAddr>,
    /// Addresses to come from, where one has too few ports for all.
    pub sources: Vec<IpAddr>,
    /// The event.
    pub event_id: String,
    /// How many.
    pub spectators: usize,
    /// How many of them never read.
    pub slow: usize,
    /// Connections a second; all at once when absent.
    pub rate: Option<u64>,
    /// Whether they offer compression.
    pub deflate: bool,
    /// Whether they ask for boats on the water as changes.
    pub delta: bool,
    /// Whether in the end everyone is cut off, and comes back at once with its position.
    pub again: bool,
    /// How long to watch once everybody is inside.
    pub watch_for: Duration,
    /// Gateway process to look at.
    pub pid: Option<u32>,
}

#[derive(Default)]
struct Counts {
    inside: AtomicI64,
    /// Times that somebody came in.
    came_in: AtomicU64,
    failed: AtomicU64,
    messages: AtomicU64,
    bytes: AtomicU64,
    holes: AtomicU64,
    fulls: AtomicU64,
    resumed: AtomicU64,
    refreshes: AtomicU64,
}

struct Shared {
    counts: Counts,
    /// ms from the time-stamp of a diff to its arrival.
    deliveries: Mutex<Histogram<u64>>,
    /// ms from the start of a connection to its first message.
    firsts: Mutex<Histogram<u64>>,
    closes: Mutex<BTreeMap<u16, u64>>,
    /// Everyone's connection breaks when this changes.
    cut_off: watch::Sender<()>,
    stop: CancellationToken,
}

impl Shared {
    fn record_delivery(&self, ms: i64) {
        // Clocks of two machines may differ; before it was sent nothing arrives.
        let ms = u64::try_from(ms).unwrap_or(0);
        if let Ok(mut deliveries) = self.deliveries.lock() {
            deliveries.saturating_record(ms);
        }
    }

    fn record_first(&self, took: Duration) {
        let ms = u64::try_from(took.as_millis()).unwrap_or(MS_MAX);
        if let Ok(mut firsts) = self.firsts.lock() {
            firsts.saturating_record(ms);
        }
    }

    fn count_bytes(&self, count: usize) {
        let count = count as u64;
        self.counts.bytes.fetch_add(count, Ordering::Relaxed);
    }

    fn count_close(&self, code: u16) {
        if let Ok(mut closes) = self.closes.lock() {
            *closes.entry(code).or_default() += 1;
        }
    }
}

fn histogram() -> Mutex<Histogram<u64>> {
    Mutex::new(Histogram::new_with_bounds(1, MS_MAX, 3).expect("valid bounds"))
}

fn latency(of: &Mutex<Histogram<u64>>) -> Latency {
    of.lock()
        .map_or_else(|e| Latency::of(&e.into_inner()), |h| Latency::of(&h))
}

/// Lets the crowd come, watch and go, and reports.
///
/// # Panics
///
/// When a spectator has panicked.
pub async fn run(plan: &Plan) -> Report {
    let shared = Arc::new(Shared {
        counts: Counts::default(),
        deliveries: histogram(),
        firsts: histogram(),
        closes: Mutex::default(),
        cut_off: watch::Sender::new(()),
        stop: CancellationToken::new(),
    });
    let before = plan.pid.and_then(Server::look);
    let crowd = TaskTracker::new();
    let started = Instant::now();
    for number in 0..plan.spectators {
        if let Some(rate) = plan.rate {
            let due = Duration::from_micros(1_000_000 * number as u64 / rate.max(1));
            tokio::time::sleep_until((started + due).into()).await;
        }
        let way = Way {
            server: plan.servers[number % plan.servers.len()],
            source: plan
                .sources
                .get(number % plan.sources.len().max(1))
                .copied(),
            path: format!("/api/v1/events/{}/ws", plan.event_id),
            deflate: plan.deflate,
            delta: plan.delta,
            slow: number < plan.slow,
        };
        crowd.spawn(spectator::watch(way, Arc::clone(&shared)));
    }
    let everyone = plan.spectators as u64;
    let all_inside = come_in(everyone, &shared, started).await;
    let first_message = latency(&shared.firsts);
    // What came while connecting is not part of the measurement.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (server, messages) = (
        plan.pid.and_then(Server::look),
        shared.counts.messages.load(Ordering::Relaxed),
    );
    if let Ok(mut deliveries) = shared.deliveries.lock() {
        deliveries.reset();
    }
    let watching = Instant::now();
    tokio::time::sleep(plan.watch_for).await;
    let watched = watching.elapsed();
    let seen = shared.counts.messages.load(Ordering::Relaxed);
    let after = plan.pid.and_then(Server::look);
    let delivery = latency(&shared.deliveries);
    let mut all_back = None;
    if plan.again {
        let before = shared.counts.came_in.load(Ordering::Relaxed);
        let cut_off = Instant::now();
        shared.cut_off.send_replace(());
        all_back = Some(come_in(before + everyone, &shared, cut_off).await);
    }
    let report = Report::new(
        plan,
        &shared,
        report::Measured {
            all_inside,
            first_message,
            delivery,
            all_back,
            watched,
            messages: seen - messages,
            servers: [before, server, after],
        },
    );
    shared.stop.cancel();
    crowd.close();
    crowd.wait().await;
    report
}

/// Waits until so many have come in since the start, at most a minute; returns how long it is since
/// `started`.
async fn come_in(count: u64, shared: &Shared, started: Instant) -> Duration {
    let within = Duration::from_secs(60);
    let came_in = || shared.counts.came_in.load(Ordering::Relaxed);
    while came_in() < count && started.elapsed() < within {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    started.elapsed()
}
