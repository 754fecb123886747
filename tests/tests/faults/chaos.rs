//! A short schedule of faults with every mechanism, and of one kind of fault without the mechanism
//! against it.

use system_tests::{
    Topology,
    chaos::{Kind, Schedule, Summary, run},
};

/// Long faults are likelier to break something, short ones leave what is broken in sight.
const LONG_MS: u64 = 1500;
const SHORT_MS: u64 = 60;

async fn schedule(
    faults: usize,
    kinds: &[Kind],
    lasts_ms_max: u64,
    without: &[&str],
) -> Result<Summary, String> {
    let schedule = Schedule {
        faults,
        seed: 11,
        kinds: kinds.to_vec(),
        lasts_ms_max,
        topology: Topology::Single,
        viewers: 5,
        without: without
            .iter()
            .map(|mechanism| (*mechanism).to_owned())
            .collect(),
        verbose: false,
    };
    Box::pin(run(&schedule)).await
}

/// Nothing is noticed of these faults but without the mechanism.
async fn is_needed(mechanism: &str, kind: Kind, faults: usize) {
    let (kinds, mechanisms) = ([kind], [mechanism]);
    let (with, without) = tokio::join!(
        schedule(3, &kinds, SHORT_MS, &[]),
        schedule(faults, &kinds, SHORT_MS, &mechanisms)
    );
    if let Err(what) = with {
        panic!("with {mechanism}: {what}");
    }
    assert!(without.is_err(), "{kind:?} is survived without {mechanism}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_ever_diverges() {
    if let Err(what) = schedule(20, &[], LONG_MS, &[]).await {
        panic!("{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_is_why_a_killed_gateway_s_spectators_get_exactly_what_they_missed() {
    is_needed("history", Kind::GatewayKilled, 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn position_checks_are_why_a_lost_last_message_is_found() {
    is_needed("position-checks", Kind::SubscriptionsKilled, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_atomic_step_is_why_a_killed_ingest_leaves_no_row_without_its_message() {
    is_needed("atomic-commit", Kind::IngestKilled, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_are_why_a_killed_gateway_s_seats_come_back() {
    is_needed("leases", Kind::GatewayKilled, 1).await;
}
