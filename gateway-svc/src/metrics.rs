//! What the gateway counts beside its requests.

use std::sync::atomic::Ordering;

use common::store::Feed;
use prometheus::{
    Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    core::{Collector, Desc},
    proto::MetricFamily,
};

/// Counters and gauges of rooms and connections.
#[derive(Clone)]
pub struct Metrics {
    /// `gateway_rooms`: events watched here.
    pub rooms: IntGauge,
    /// `gateway_connections`: spectators here.
    pub connections: IntGauge,
    /// `gateway_batching_shards`: event loops here that send to many with one system call.
    pub batching: IntGauge,
    /// `gateway_refused_total{why}`: upgrades refused.
    pub refused: IntCounterVec,
    /// `gateway_closed_total{why}`: connections ended.
    pub closed: IntCounterVec,
    /// `gateway_messages_total`: messages of rooms, counted once each.
    pub messages: IntCounter,
    /// `gateway_deliveries_total`: messages times their spectators.
    pub deliveries: IntCounter,
    /// `gateway_refreshes_total`: backlogs dropped because their spectator was too slow.
    pub refreshes: IntCounter,
    /// `gateway_resumed_total{by}`: spectators who came back and said where they stood, by what they got.
    pub resumed: IntCounterVec,
    /// `gateway_heals_total{from}`: gaps closed, from history or by a new snapshot.
    pub heals: IntCounterVec,
    /// `gateway_room_reads_total{what}`: reads of Redis on behalf of rooms.
    pub reads: IntCounterVec,
}

fn labelled(name: &str, help: &str, label: &str) -> Result<IntCounterVec, prometheus::Error> {
    IntCounterVec::new(Opts::new(name, help), &[label])
}

impl Metrics {
    /// Registers all of them, those of the feed included.
    pub fn register(registry: &Registry, feed: Feed) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            rooms: IntGauge::new("gateway_rooms", "Events watched here.")?,
            connections: IntGauge::new("gateway_connections", "Spectators here.")?,
            batching: IntGauge::new(
                "gateway_batching_shards",
                "Event loops here that send to many with one system call.",
            )?,
            refused: labelled("gateway_refused_total", "Upgrades refused.", "why")?,
            closed: labelled("gateway_closed_total", "Connections ended.", "why")?,
            messages: IntCounter::new("gateway_messages_total", "Messages of rooms.")?,
            deliveries: IntCounter::new(
                "gateway_deliveries_total",
                "Messages times their spectators.",
            )?,
            refreshes: IntCounter::new(
                "gateway_refreshes_total",
                "Backlogs dropped because their spectator was too slow.",
            )?,
            resumed: labelled(
                "gateway_resumed_total",
                "Spectators who came back, by what they got.",
                "by",
            )?,
            heals: labelled("gateway_heals_total", "Gaps closed.", "from")?,
            reads: labelled(
                "gateway_room_reads_total",
                "Reads on behalf of rooms.",
                "what",
            )?,
        };
        registry.register(Box::new(metrics.rooms.clone()))?;
        registry.register(Box::new(metrics.connections.clone()))?;
        registry.register(Box::new(metrics.batching.clone()))?;
        registry.register(Box::new(metrics.refused.clone()))?;
        registry.register(Box::new(metrics.closed.clone()))?;
        registry.register(Box::new(metrics.messages.clone()))?;
        registry.register(Box::new(metrics.deliveries.clone()))?;
        registry.register(Box::new(metrics.refreshes.clone()))?;
        registry.register(Box::new(metrics.resumed.clone()))?;
        registry.register(Box::new(metrics.heals.clone()))?;
        registry.register(Box::new(metrics.reads.clone()))?;
        registry.register(Box::new(FeedCollector::new(feed)?))?;
        Ok(metrics)
    }
}

/// Shows the feed's own counters.
struct FeedCollector {
    feed: Feed,
    reconnects: Gauge,
    dropped: Gauge,
    deaf: Gauge,
    proof_age: Gauge,
}

impl FeedCollector {
    fn new(feed: Feed) -> Result<Self, prometheus::Error> {
        Ok(Self {
            feed,
            reconnects: Gauge::new(
                "feed_reconnects",
                "Subscriptions made anew since the start.",
            )?,
            dropped: Gauge::new("feed_dropped", "Messages dropped before a room saw them.")?,
            deaf: Gauge::new(
                "feed_deaf",
                "Connections given up because they delivered nothing.",
            )?,
            proof_age: Gauge::new(
                "feed_proof_age_seconds",
                "Since the subscription last delivered anything.",
            )?,
        })
    }

    fn gauges(&self) -> [&Gauge; 4] {
        [&self.reconnects, &self.dropped, &self.deaf, &self.proof_age]
    }
}

impl Collector for FeedCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.gauges()
            .into_iter()
            .flat_map(Collector::desc)
            .collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "metrics are floating point")]
    fn collect(&self) -> Vec<MetricFamily> {
        let stats = self.feed.stats();
        self.reconnects
            .set(stats.reconnects.load(Ordering::Relaxed) as f64);
        self.dropped
            .set(stats.dropped.load(Ordering::Relaxed) as f64);
        self.deaf.set(stats.deaf.load(Ordering::Relaxed) as f64);
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let age_ms = now_ms - stats.proof_ms.load(Ordering::Relaxed);
        self.proof_age.set(age_ms as f64 / 1000.0);
        self.gauges()
            .into_iter()
            .flat_map(Collector::collect)
            .collect()
    }
}
