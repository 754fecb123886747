//! Rooms, seats and streams, over real sockets.

mod booth;
mod clients;
mod conformance;
mod corrections;
mod ending;
mod hostile;
mod on_course;
mod privacy;
mod resume;
mod seats;

use system_tests::{SAMPLE_XML, Stack, StackConfig};

/// A system with the public event `E`, and its key.
async fn watched() -> (Stack, String) {
    watched_with(Vec::new()).await
}

async fn watched_with(gateway_flags: Vec<String>) -> (Stack, String) {
    let config = StackConfig {
        gateway_flags,
        ..StackConfig::default()
    };
    let stack = Stack::with(config).await;
    let key = stack.ingest().create("E").await;
    stack.ingest().bring_to("E", &key, "startlist").await;
    (stack, key)
}

/// The event `E` of a system, running with the sample's starters, and its key.
async fn racing(stack: &Stack) -> String {
    let api = stack.ingest();
    let key = api.create("E").await;
    api.push_xml(&key, SAMPLE_XML).await;
    api.bring_to("E", &key, "running").await;
    key
}
