//! How a process is asked to end.

use tokio::signal::unix::{SignalKind, signal};
use tracing::info;

/// Completes when the process is asked to end, by SIGTERM or Ctrl-C.
///
/// # Panics
///
/// When the handlers can't be installed, which only happens without a tokio runtime.
pub async fn signalled() {
    let mut terminate = signal(SignalKind::terminate()).expect("inside a tokio runtime");
    let mut interrupt = signal(SignalKind::interrupt()).expect("inside a tokio runtime");
    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    info!(signal = name, "asked to stop");
}
