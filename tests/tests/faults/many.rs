//! More spectators than one system call sends to, some of whom go without a word or take nothing.

use futures::future::join_all;
use system_tests::{
    Spectator, metrics::metric, raw::Raw, servers::own_address, spectator::Standing,
};

use super::{push, running};

const SPECTATORS: usize = 600;
const RESULTS: u32 = 20;
/// Of the sample's race.
const BIB: u32 = 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_get_every_message_whether_sends_are_batched_or_not() {
    for batched in [true, false] {
        let metrics = format!("{}:9090", own_address());
        let flags = [
            "--max-connections-per-event=1000",
            "--workers=2",
            &format!("--batched-sends={batched}"),
            &format!("--metrics-listen={metrics}"),
        ];
        let (stack, key) = running(&flags).await;
        let origin = &stack.gateways[0].origin;
        let come = (0..SPECTATORS).map(|number| {
            let query = ["", "?oncourse=delta"][number % 2];
            Spectator::connect_with(origin, "E", query, Standing::default())
        });
        let mut spectators = Vec::new();
        for spectator in join_all(come).await {
            spectators.push(spectator.expect("it is let in"));
        }
        let slow = Raw::ask(&stack, "", "").await;
        join_all(spectators.iter_mut().map(Spectator::message)).await;
        for number in 0..RESULTS {
            // They break off in the middle of everything, one in each turn.
            drop(spectators.swap_remove(number as usize * 7));
            push(&stack, &key, BIB, 9_000 + number).await;
        }
        // Each checks that no seq is missing.
        let all = spectators.iter_mut().map(async |spectator| {
            for _ in 0..RESULTS {
                spectator.message().await;
            }
            spectator.seq()
        });
        let positions = join_all(all).await;
        assert_eq!(positions.len(), SPECTATORS - RESULTS as usize);
        assert!(
            positions.iter().all(|seq| *seq == positions[0]),
            "{batched}"
        );
        drop(slow);
        let batching = metric(&metrics, "gateway_batching_shards").await;
        assert_eq!(batching, Some(2 * u64::from(batched && may_have_rings())));
    }
}

/// Whether this machine, container included, allows `io_uring`.
fn may_have_rings() -> bool {
    #[cfg(target_os = "linux")]
    return io_uring::IoUring::new(256).is_ok_and(|ring| {
        let mut probe = io_uring::Probe::new();
        let probed = ring.submitter().register_probe(&mut probe);
        probed.is_ok() && probe.is_supported(io_uring::opcode::Send::CODE)
    });
    #[cfg(not(target_os = "linux"))]
    return false;
}
