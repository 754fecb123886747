//! What the service counts beside its requests.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// Counters, in the order of a request's way.
#[derive(Clone)]
pub struct Metrics {
    /// `ingest_auth_failures_total`: requests with a wrong or missing key or password.
    pub auth_failures: IntCounter,
    /// `ingest_commits_total{what}`: changes committed.
    pub commits: IntCounterVec,
    /// `ingest_imports_running`: imports at work now, also those whose caller hung up.
    pub imports_running: IntGauge,
    /// `ingest_skipped_rows_total{what}`: rows of pushes that were left out.
    pub skipped_rows: IntCounterVec,
    /// `ingest_unread_values_total`: values of exports that could not be read.
    pub unread_values: IntCounter,
    /// `ingest_lists_against_totals_total`: lists of imports in which the export's places are others than totals give.
    pub lists_against_totals: IntCounter,
    /// `ingest_conflicts_total`: plans computed again because another process was faster.
    pub conflicts: IntCounter,
}

/// One more of something, for as long as it lives.
pub struct Running(IntGauge);

impl Running {
    /// Counts it in `gauge`.
    pub fn count(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Registers all of them.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            auth_failures: IntCounter::new(
                "ingest_auth_failures_total",
                "Requests with a wrong or missing key or password.",
            )?,
            commits: IntCounterVec::new(
                Opts::new("ingest_commits_total", "Changes committed."),
                &["what"],
            )?,
            imports_running: IntGauge::new(
                "ingest_imports_running",
                "Imports at work now, also those whose caller hung up.",
            )?,
            skipped_rows: IntCounterVec::new(
                Opts::new(
                    "ingest_skipped_rows_total",
                    "Rows of pushes that were left out.",
                ),
                &["what"],
            )?,
            unread_values: IntCounter::new(
                "ingest_unread_values_total",
                "Values of exports that could not be read.",
            )?,
            lists_against_totals: IntCounter::new(
                "ingest_lists_against_totals_total",
                "Lists of imports in which the export's places are others than totals give.",
            )?,
            conflicts: IntCounter::new(
                "ingest_conflicts_total",
                "Plans computed again because another process was faster.",
            )?,
        };
        registry.register(Box::new(metrics.auth_failures.clone()))?;
        registry.register(Box::new(metrics.commits.clone()))?;
        registry.register(Box::new(metrics.imports_running.clone()))?;
        registry.register(Box::new(metrics.skipped_rows.clone()))?;
        registry.register(Box::new(metrics.unread_values.clone()))?;
        registry.register(Box::new(metrics.lists_against_totals.clone()))?;
        registry.register(Box::new(metrics.conflicts.clone()))?;
        Ok(metrics)
    }
}
