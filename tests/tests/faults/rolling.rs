//! Restarts by the book: nobody is refused anything.

use system_tests::rolling::{Drill, Step, run};

/// What was wrong in two rounds.
async fn faults(step: Step, drain_delay_seconds: u64) -> Vec<String> {
    let drill = Drill {
        step,
        rounds: 2,
        spectators: 40,
        drain_delay_seconds,
    };
    let mut faults = Vec::new();
    let ended = run(&drill, |report| faults.extend(step.fault(report))).await;
    faults.extend(ended.err());
    faults
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_notices_more_than_a_reconnect() {
    for step in [
        Step::OneOfTwo,
        Step::TwoOfFour,
        Step::Ingest,
        Step::BalancerReload,
        Step::BalancerRestart,
    ] {
        let faults = faults(step, 3).await;
        assert!(faults.is_empty(), "{step:?}: {faults:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_does_not_wait_for_the_balancer_refuses_some() {
    assert!(!faults(Step::TwoOfFour, 0).await.is_empty());
}
