//! The health that containers ask for: whether the service is ready, not whether it lives.

use std::process::{Command, Output};

use system_tests::{Stack, process::binary, stack::Service, until};

fn healthcheck(name: &str, service: &Service) -> Output {
    let mut command = Command::new(binary(name));
    // By the variable, as in a container.
    command.env("LISTEN", &service.address).arg("healthcheck");
    command.output().expect("it runs")
}

#[tokio::test]
async fn a_service_without_redis_is_not_healthy_and_says_why() {
    let mut stack = Stack::start().await;
    for away in [false, true] {
        for (name, service) in [
            ("ingest-svc", &stack.ingests[0]),
            ("gateway-svc", &stack.gateways[0]),
        ] {
            until("its health", || async {
                let output = healthcheck(name, service);
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                let expected = output.status.success() != away && said.contains("503") == away;
                expected.then_some(())
            })
            .await;
        }
        stack.redis_mut().kill();
    }
    stack.gateways[0].process.kill();
    let output = healthcheck("gateway-svc", &stack.gateways[0]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("no answer"));
}
