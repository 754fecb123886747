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

use system_tests::{Stack, StackConfig};

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
