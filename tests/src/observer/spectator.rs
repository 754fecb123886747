//! Watches as the page does: comes back with its position, and checks that nothing is missing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures::StreamExt;
use serde_json::Value;
use tokio::time::timeout;
use tokio_tungstenite::{
    connect_async_tls_with_config,
    tungstenite::{Error, Message},
};

use super::{Shared, TIMEOUT, millis, note};
use crate::authority::Trust;

/// As long as the page waits at first, at most.
const RETRY_MS: std::ops::Range<u64> = 100..400;
/// A stream that is silent for so long is given up.
const SILENT_MAX: Duration = Duration::from_secs(15);

/// Where a spectator stands, and when it last got something.
struct Standing {
    position: Option<(String, u64)>,
    began: Instant,
    /// Ms since then.
    heard: Arc<AtomicU64>,
}

pub(super) async fn watch(
    url: String,
    trust: Trust,
    (began, heard): (Instant, Arc<AtomicU64>),
    report: Shared,
) {
    let mut standing = Standing {
        position: None,
        began,
        heard,
    };
    loop {
        standing.once(&url, &trust, &report).await;
        let pause = rand::random_range(RETRY_MS);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}

impl Standing {
    /// One connection, from the attempt to its end.
    async fn once(&mut self, url: &str, trust: &Trust, report: &Shared) {
        let query = match &self.position {
            Some((epoch, seq)) => format!("?epoch={epoch}&since={seq}"),
            None => String::new(),
        };
        let url = format!("{}{query}", url.replacen("http", "ws", 1));
        let connecting = connect_async_tls_with_config(&url, None, true, trust.websocket());
        let mut socket = match timeout(TIMEOUT, connecting).await {
            Ok(Ok((socket, _))) => socket,
            Ok(Err(Error::Http(response))) => {
                let status = response.status().as_u16();
                return note(report, |report| {
                    *report.upgrade_errors.entry(status).or_default() += 1;
                });
            }
            Ok(Err(_)) | Err(_) => return note(report, |report| report.refused += 1),
        };
        while let Ok(Some(Ok(frame))) = timeout(SILENT_MAX, socket.next()).await {
            let Message::Text(text) = frame else {
                continue;
            };
            let now_ms = millis(self.began);
            let before_ms = self.heard.swap(now_ms, Ordering::Relaxed);
            let silent = Duration::from_millis(now_ms - before_ms);
            let fault = self.take(&text);
            note(report, |report| {
                report.longest_gap = report.longest_gap.max(silent);
                report.holes.extend(fault);
            });
        }
        note(report, |report| report.reconnects += 1);
    }

    /// Takes a message; what is wrong with it.
    fn take(&mut self, text: &str) -> Option<String> {
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            return Some(format!("no JSON: {text}"));
        };
        let seq = message["seq"].as_u64();
        match (message["type"].as_str(), seq, &mut self.position) {
            (Some("full"), Some(seq), position) => {
                let epoch = message["epoch"].as_str().unwrap_or_default().to_owned();
                let back = position
                    .as_ref()
                    .is_some_and(|(known, at)| *known == epoch && seq < *at);
                *position = Some((epoch, seq));
                back.then(|| format!("a full went back to {seq}"))
            }
            (Some("diff"), Some(seq), Some((_, at))) => {
                let wrong = seq != *at + 1;
                let fault = wrong.then(|| format!("{seq} after {at}"));
                *at = seq;
                fault
            }
            (Some("refresh"), Some(seq), Some((_, at))) => {
                // What is before it is settled by reading again.
                *at = seq.max(*at);
                None
            }
            (Some("resumed"), Some(_), Some(_)) => None,
            _ => Some(format!("unexpected: {text}")),
        }
    }
}
