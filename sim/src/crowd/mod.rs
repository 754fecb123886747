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
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use report::Report;
use server::Server;
use spectator::{Way, watch};

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
    /// How long to watch once everybody is inside.
    pub watch_for: Duration,
    /// Gateway process to look at.
    pub pid: Option<u32>,
}

#[derive(Default)]
struct Counts {
    inside: AtomicI64,
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

    fn count_close(&self, code: u16) {
        if let Ok(mut closes) = self.closes.lock() {
            *closes.entry(code).or_default() += 1;
        }
    }
}

fn histogram() -> Mutex<Histogram<u64>> {
    Mutex::new(Histogram::new_with_bounds(1, MS_MAX, 3).expect("valid bounds"))
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
            slow: number < plan.slow,
        };
        crowd.spawn(watch(way, Arc::clone(&shared)));
    }
    let all = i64::try_from(plan.spectators).unwrap_or(i64::MAX);
    let inside_within = Duration::from_secs(60);
    while shared.counts.inside.load(Ordering::Relaxed) < all && started.elapsed() < inside_within {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let all_inside = started.elapsed();
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
    let report = Report::new(
        plan,
        &shared,
        report::Measured {
            all_inside,
            watched: watching.elapsed(),
            messages_before: messages,
            servers: [before, server, plan.pid.and_then(Server::look)],
        },
    );
    shared.stop.cancel();
    crowd.close();
    crowd.wait().await;
    report
}
