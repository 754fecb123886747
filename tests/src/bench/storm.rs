//! Everybody connects at once, and everybody comes back at once.

use std::fs;

use super::{
    system::{Kind, Stream, System},
    table::{head, heading, row},
};

/// SYNs that this machine has sent again.
fn syn_retries() -> u64 {
    let text = fs::read_to_string("/proc/net/netstat").unwrap_or_default();
    let mut lines = text.lines().filter(|line| line.starts_with("TcpExt:"));
    let (Some(names), Some(values)) = (lines.next(), lines.next()) else {
        return 0;
    };
    let mut pairs = names.split_whitespace().zip(values.split_whitespace());
    let found = pairs.find(|(name, _)| *name == "TCPSynRetrans");
    found.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
}

/// Lets that many connect at once.
pub async fn storm(spectators: usize, rounds: usize) {
    heading(&format!("{spectators} connect at once"));
    head(&[
        "server",
        "all have their first message, ms",
        "p99 ms",
        "SYN retries",
        "CPU µs each",
        "KiB each, after traffic",
        "all back by resume, ms",
    ]);
    for kind in [Kind::Floor, Kind::Gateway, Kind::Plain] {
        for _ in 0..rounds {
            let stream = Stream {
                rate: 1,
                bytes: 600,
            };
            let system = System::start(kind, stream).await;
            let before = syn_retries();
            let again: &[&str] = if kind == Kind::Gateway {
                &["--again"]
            } else {
                &[]
            };
            let report = system.watched_by(spectators, 4, again);
            assert_eq!(report["inside"], spectators, "{report}");
            row(&[
                &kind.name(),
                &report["allInsideMs"],
                &report["firstMessage"]["p99Ms"],
                &(syn_retries() - before),
                &format!(
                    "{:.0}",
                    report["cost"]["cpuMicrosPerConnection"]
                        .as_f64()
                        .unwrap_or(0.0)
                ),
                &format!(
                    "{:.2}",
                    report["cost"]["kibPerConnection"].as_f64().unwrap_or(0.0)
                ),
                &report["allBackMs"],
            ]);
        }
    }
}
