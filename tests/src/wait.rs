//! Waiting by condition.

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Generous: a slow machine is no failure.
pub const DEADLINE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until `check` gives something.
///
/// # Panics
///
/// When it does not within [`DEADLINE`].
pub async fn until<T, P: Future<Output = Option<T>>>(
    what: &str,
    mut check: impl FnMut() -> P,
) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = check().await {
            return found;
        }
        assert!(started.elapsed() < DEADLINE, "waited too long for: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until a service, by its `host:port`, is ready.
pub async fn ready(address: &str) {
    let url = format!("http://{address}/ready");
    until("a service to be ready", || async {
        let ready = sim::http::get(&url).await.ok()?;
        ready.status().is_success().then_some(())
    })
    .await;
}
