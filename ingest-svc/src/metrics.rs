//! What the service counts beside its requests.

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

/// Counters, in the order of a request's way.
#[derive(Clone)]
pub struct Metrics {
    /// `ingest_auth_failures_total`: requests with a wrong or missing key or password.
    pub auth_failures: IntCounter,
    /// `ingest_commits_total{what}`: changes committed.
    pub commits: IntCounterVec,
    /// `ingest_conflicts_total`: plans computed again because another process was faster.
    pub conflicts: IntCounter,
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
            conflicts: IntCounter::new(
                "ingest_conflicts_total",
                "Plans computed again because another process was faster.",
            )?,
        };
        registry.register(Box::new(metrics.auth_failures.clone()))?;
        registry.register(Box::new(metrics.commits.clone()))?;
        registry.register(Box::new(metrics.conflicts.clone()))?;
        Ok(metrics)
    }
}
