//! What the crowd saw, as a table or as JSON.

use std::{collections::BTreeMap, fmt, sync::atomic::Ordering, time::Duration};

use hdrhistogram::Histogram;
use serde::Serialize;

use super::{Plan, Shared, server::Server};

/// Percentiles in ms.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// Half of them.
    pub p50_ms: u64,
    /// All but one in a hundred.
    pub p99_ms: u64,
    /// The slowest.
    pub max_ms: u64,
}

impl Latency {
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        Self {
            p50_ms: histogram.value_at_quantile(0.5),
            p99_ms: histogram.value_at_quantile(0.99),
            max_ms: histogram.max(),
        }
    }
}

/// What the server spent.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// CPU seconds for a million deliveries, while the crowd watched.
    pub cpu_seconds_per_million: f64,
    /// Of these in user mode.
    pub user_seconds_per_million: f64,
    /// CPU microseconds to let one spectator in.
    pub cpu_micros_per_connection: f64,
    /// KiB of memory for each spectator.
    pub kib_per_connection: f64,
}

/// What the crowd saw.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    spectators: usize,
    slow: usize,
    inside: i64,
    failed_connections: u64,
    all_inside_ms: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    all_back_ms: Option<u128>,
    first_message: Latency,
    delivery: Latency,
    messages: u64,
    messages_per_second: f64,
    bytes: u64,
    fulls: u64,
    resumed: u64,
    refreshes: u64,
    holes: u64,
    closes: BTreeMap<u16, u64>,
    cost: Option<Cost>,
}

/// What was measured beside the counts.
pub(super) struct Measured {
    pub all_inside: Duration,
    pub first_message: Latency,
    pub delivery: Latency,
    /// From the moment when everyone was cut off, if that was asked for.
    pub all_back: Option<Duration>,
    pub watched: Duration,
    pub messages: u64,
    /// Before the first connection, with everybody inside, at the end.
    pub servers: [Option<Server>; 3],
}

impl Report {
    #[expect(clippy::cast_precision_loss, reason = "rounded when shown")]
    pub(super) fn new(plan: &Plan, shared: &Shared, measured: Measured) -> Self {
        let counts = &shared.counts;
        let messages = measured.messages;
        Self {
            spectators: plan.spectators,
            slow: plan.slow,
            inside: counts.inside.load(Ordering::Relaxed),
            failed_connections: counts.failed.load(Ordering::Relaxed),
            all_inside_ms: measured.all_inside.as_millis(),
            all_back_ms: measured.all_back.map(|took| took.as_millis()),
            first_message: measured.first_message,
            delivery: measured.delivery,
            messages,
            messages_per_second: messages as f64 / measured.watched.as_secs_f64(),
            bytes: counts.bytes.load(Ordering::Relaxed),
            fulls: counts.fulls.load(Ordering::Relaxed),
            resumed: counts.resumed.load(Ordering::Relaxed),
            refreshes: counts.refreshes.load(Ordering::Relaxed),
            holes: counts.holes.load(Ordering::Relaxed),
            closes: shared
                .closes
                .lock()
                .map_or_else(|e| e.into_inner().clone(), |c| c.clone()),
            cost: cost(plan, messages, measured.servers),
        }
    }

    /// Whether a diff ever came out of turn.
    pub fn has_holes(&self) -> bool {
        self.holes > 0
    }
}

#[expect(clippy::cast_precision_loss, reason = "rounded when shown")]
fn cost(plan: &Plan, messages: u64, servers: [Option<Server>; 3]) -> Option<Cost> {
    let [before, inside, after] = servers;
    let (before, inside, after) = (before?, inside?, after?);
    let seconds = |hundredths: u64| hundredths as f64 / 100.0;
    let cpu = |server: &Server| server.user_hundredths + server.system_hundredths;
    let millions = messages as f64 / 1e6;
    let spectators = plan.spectators as f64;
    Some(Cost {
        cpu_seconds_per_million: seconds(cpu(&after) - cpu(&inside)) / millions,
        user_seconds_per_million: seconds(after.user_hundredths - inside.user_hundredths)
            / millions,
        cpu_micros_per_connection: seconds(cpu(&inside) - cpu(&before)) * 1e6 / spectators,
        kib_per_connection: after.resident_kib.saturating_sub(before.resident_kib) as f64
            / spectators,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, delivery) = (&self.first_message, &self.delivery);
        writeln!(
            f,
            "spectators     {} of {} inside after {} ms ({} slow), {} failed attempts",
            self.inside, self.spectators, self.all_inside_ms, self.slow, self.failed_connections
        )?;
        writeln!(
            f,
            "first message  p50 {} ms, p99 {} ms, max {} ms",
            first.p50_ms, first.p99_ms, first.max_ms
        )?;
        writeln!(
            f,
            "delivery       p50 {} ms, p99 {} ms, max {} ms",
            delivery.p50_ms, delivery.p99_ms, delivery.max_ms
        )?;
        writeln!(
            f,
            "messages       {} ({:.0} a second), {} bytes in all",
            self.messages, self.messages_per_second, self.bytes
        )?;
        writeln!(
            f,
            "stream         {} holes, {} full, {} resumed, {} refresh, closes {:?}",
            self.holes, self.fulls, self.resumed, self.refreshes, self.closes
        )?;
        if let Some(all_back_ms) = self.all_back_ms {
            writeln!(f, "coming back    all inside again after {all_back_ms} ms")?;
        }
        if let Some(cost) = &self.cost {
            writeln!(
                f,
                "server         {:.2} CPU s per million deliveries ({:.2} user), {:.0} CPU µs and {:.2} KiB per connection",
                cost.cpu_seconds_per_million,
                cost.user_seconds_per_million,
                cost.cpu_micros_per_connection,
                cost.kib_per_connection
            )?;
        }
        Ok(())
    }
}
