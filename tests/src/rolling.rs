//! Planned restarts under load.
//!
//! Goal: whatever is restarted as the documentation says, no connection is refused, no read fails, every push is
//! answered, no stream has a hole, and no spectator is without data for more than two seconds.
//!
//! Method: observers go through HAProxy with the delivered configuration while services stop by SIGTERM and start again,
//! round after round.

use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::{
    Stack, StackConfig,
    authority::Trust,
    haproxy::HaProxy,
    observer::{Observer, Report},
    ready,
    stack::Service,
};

/// Nobody may be without data for longer.
pub const GAP_MAX: Duration = Duration::from_secs(2);
const EVENT: &str = "ROLLING";
/// HAProxy looks every half a second and believes what it sees the second time.
const SEEN_WITHIN: Duration = Duration::from_millis(1_500);

/// What is restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// One gateway of two.
    OneOfTwo,
    /// Two gateways of four at once, as scaling down does.
    TwoOfFour,
    /// All gateways, one after the other.
    All,
    /// One ingest process of two.
    Ingest,
    /// HAProxy reads its configuration again.
    BalancerReload,
    /// HAProxy restarts: one reconnect each.
    BalancerRestart,
}

/// How the restarts are made.
#[derive(Debug, Clone)]
pub struct Drill {
    /// What is restarted.
    pub step: Step,
    /// How often.
    pub rounds: usize,
    /// Spectators.
    pub spectators: usize,
    /// How long a gateway serves on after SIGTERM, in seconds.
    pub drain_delay_seconds: u64,
}

impl Step {
    fn gateways(self) -> usize {
        if self == Self::TwoOfFour { 4 } else { 2 }
    }

    /// Whether connections may break.
    fn breaks_connections(self) -> bool {
        self == Self::BalancerRestart
    }

    /// What is wrong with a report, if anything.
    pub fn fault(self, report: &Report) -> Option<String> {
        let clean = report.is_clean() || (self.breaks_connections() && report.holes.is_empty());
        let in_time = report.longest_gap <= GAP_MAX && report.pushes > 0;
        (!clean || !in_time).then(|| report.to_string())
    }
}

/// Runs a drill: what was seen in each round, and at the end that nothing acknowledged is lost.
///
/// # Errors
///
/// When the event can't be prepared or read, or acknowledged pushes are lost.
pub async fn run(drill: &Drill, mut seen: impl FnMut(&Report)) -> Result<(), String> {
    let config = StackConfig {
        ingests: 2,
        gateways: drill.step.gateways(),
        ingest_flags: vec!["--drain-seconds=3".to_owned()],
        gateway_flags: vec![
            format!("--drain-delay-seconds={}", drill.drain_delay_seconds),
            // Hard: everybody comes back within a second.
            "--drain-seconds=1".to_owned(),
        ],
        ..StackConfig::default()
    };
    let mut stack = Stack::with(config).await;
    let addresses = |services: &[Service]| -> Vec<String> {
        services.iter().map(|s| s.address.clone()).collect()
    };
    let mut balancer =
        HaProxy::start(&addresses(&stack.ingests), &addresses(&stack.gateways)).await;
    let mut observer = Observer::start(
        &balancer.origin,
        &Trust::default(),
        None,
        EVENT,
        drill.spectators,
    )
    .await?;
    tokio::time::sleep(SEEN_WITHIN).await;
    observer.report();
    for round in 0..drill.rounds {
        observer.enter_in_ledger().await?;
        let started = Instant::now();
        match drill.step {
            Step::OneOfTwo => restart(&mut stack.gateways[round % 2..=round % 2]).await,
            Step::TwoOfFour => {
                let first = round % 2 * 2;
                restart(&mut stack.gateways[first..first + 2]).await;
            }
            Step::All => {
                for gateway in 0..stack.gateways.len() {
                    restart(&mut stack.gateways[gateway..=gateway]).await;
                }
            }
            Step::Ingest => restart(&mut stack.ingests[round % 2..=round % 2]).await,
            Step::BalancerReload => balancer.reload(),
            Step::BalancerRestart => balancer.restart(),
        }
        if started.elapsed() < SEEN_WITHIN {
            tokio::time::sleep(SEEN_WITHIN).await;
        }
        seen(&observer.report());
    }
    match observer.lost().await?.as_slice() {
        [] => Ok(()),
        lost => Err(format!("acknowledged and lost: {lost:?}")),
    }
}

/// Stops services by SIGTERM, all at once, and starts them again once they have ended.
async fn restart(services: &mut [Service]) {
    for service in services.iter() {
        service.process.signal("TERM");
    }
    for service in services.iter_mut() {
        while service.process.is_running() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        service.restart();
        ready(&service.address).await;
    }
    tokio::time::sleep(SEEN_WITHIN).await;
}
