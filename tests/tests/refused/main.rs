//! A seccomp profile that refuses `io_uring` in the middle of a race. In a process of its own, since the profile is for
//! the whole process: the gateway runs inside this test.

#![cfg(target_os = "linux")]

use clap::Parser;
use futures::future::join_all;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use system_tests::{
    SAMPLE_XML, Spectator, Stack, StackConfig, User, metrics::metric, ready, servers::own_address,
    until,
};

const RACE: &str = "K1M_QUA_4";
const SPECTATORS: usize = 50;

/// From now on no thread of this process submits anything to a ring.
fn refuse_rings() {
    let arch = std::env::consts::ARCH
        .try_into()
        .expect("a known processor");
    let rules = [(libc::SYS_io_uring_enter, Vec::new())].into();
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch);
    let program: BpfProgram = filter.and_then(TryInto::try_into).expect("a filter");
    seccompiler::apply_filter_all_threads(&program).expect("it is applied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_notices_that_the_kernel_refuses_batches_from_now_on() {
    let config = StackConfig {
        gateways: 0,
        ..StackConfig::default()
    };
    let stack = Stack::with(config).await;
    let api = stack.ingest();
    let key = api.create("E").await;
    api.push_xml(&key, SAMPLE_XML).await;
    api.bring_to("E", &key, "running").await;

    let own = own_address();
    let (address, metrics) = (format!("{own}:8080"), format!("{own}:9090"));
    let gateway = gateway_svc::Config::parse_from([
        "gateway-svc",
        "--workers=1",
        &format!("--listen={address}"),
        &format!("--metrics-listen={metrics}"),
        &format!("--redis-url={}", stack.servers.url_of(User::Gateway)),
    ]);
    tokio::spawn(gateway_svc::run(gateway, std::future::pending()));
    ready(&address).await;
    let batching = async || metric::<u64>(&metrics, "gateway_batching_shards").await;
    if batching().await == Some(0) {
        // A machine that refuses rings from the start has nothing to lose.
        return;
    }

    let origin = format!("http://{address}");
    let come = (0..SPECTATORS).map(|_| Spectator::connect(&origin, "E"));
    let mut spectators: Vec<Spectator> = Vec::new();
    for spectator in join_all(come).await {
        spectators.push(spectator.expect("it is let in"));
    }
    join_all(spectators.iter_mut().map(Spectator::message)).await;
    for time in [9_000, 9_100] {
        api.push_result(&key, RACE, 1, time).await;
        let all = join_all(spectators.iter_mut().map(Spectator::message)).await;
        for message in all {
            assert_eq!(message["data"]["results"][0]["time"], time);
        }
        if time == 9_000 {
            refuse_rings();
        }
    }
    until("the gateway to do without", || async {
        (batching().await == Some(0)).then_some(())
    })
    .await;
}
