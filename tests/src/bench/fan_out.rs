//! What a delivery costs, how long it takes, and how many there can be.

use serde_json::Value;

use super::{
    median,
    system::{Kind, Stream, System},
    table::{head, heading, row},
};

/// Messages a second, bytes of each, spectators. At 10,000 spectators a lower rate, so that the floor itself
/// keeps up: who is late joins messages, and would look cheaper.
const CELLS: [(u32, usize, usize); 5] = [
    (10, 600, 1_000),
    (10, 600, 5_000),
    (5, 600, 10_000),
    (10, 4_000, 1_000),
    (5, 4_000, 5_000),
];

struct Sample {
    cpu: f64,
    user: f64,
    p50: f64,
    p99: f64,
}

fn sample(report: &Value) -> Sample {
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    assert_eq!(report["holes"], 0, "{report}");
    Sample {
        cpu: number(&report["cost"]["cpuSecondsPerMillion"]),
        user: number(&report["cost"]["userSecondsPerMillion"]),
        p50: number(&report["delivery"]["p50Ms"]),
        p99: number(&report["delivery"]["p99Ms"]),
    }
}

/// CPU for each delivery and the delay, each system in turn in each round.
pub async fn cost(rounds: usize, seconds: u64) {
    heading("A delivery: CPU and delay");
    head(&[
        "messages/s × bytes × spectators",
        "server",
        "CPU µs",
        "of that user",
        "× floor",
        "delay p50 ms",
        "p99 ms",
    ]);
    for (rate, bytes, spectators) in CELLS {
        let kinds = [Kind::Floor, Kind::Gateway, Kind::Plain];
        let mut samples: Vec<Vec<Sample>> = kinds.iter().map(|_| Vec::new()).collect();
        for _ in 0..rounds {
            for (kind, samples) in kinds.iter().zip(&mut samples) {
                let system = System::start(*kind, Stream { rate, bytes }).await;
                samples.push(sample(&system.watched_by(spectators, seconds, &[])));
            }
        }
        let middle =
            |samples: &[Sample], of: fn(&Sample) -> f64| median(samples.iter().map(of).collect());
        let floor = middle(&samples[0], |s| s.cpu);
        for (kind, samples) in kinds.iter().zip(&samples) {
            let cpu = middle(samples, |s| s.cpu);
            row(&[
                &format!("{rate} × {bytes} × {spectators}"),
                &kind.name(),
                &format!("{cpu:.2}"),
                &format!("{:.2}", middle(samples, |s| s.user)),
                &format!("{:.2}", cpu / floor),
                &middle(samples, |s| s.p50),
                &middle(samples, |s| s.p99),
            ]);
        }
    }
}

/// The delay under which a rate counts as held.
const HELD_MS: u64 = 1_000;

/// What of the wanted rate counts as all of it.
const KEPT_UP: f64 = 0.98;

/// How many deliveries a second a core takes without loss.
pub async fn rate(seconds: u64) {
    heading("The most deliveries a second on one core");
    head(&[
        "spectators",
        "server",
        "wanted",
        "delivered",
        "holes",
        "refreshes",
        "p99 ms",
        "held",
    ]);
    for (spectators, rates) in [(1_000, [250, 340]), (10_000, [25, 45])] {
        for kind in [Kind::FloorJoined, Kind::Gateway, Kind::Plain] {
            for rate in rates {
                let system = System::start(kind, Stream { rate, bytes: 600 }).await;
                let report = system.watched_by(spectators, seconds, &[]);
                let per_second = report["messagesPerSecond"].as_f64().unwrap_or(0.0);
                let p99_ms = report["delivery"]["p99Ms"].as_u64().unwrap_or(u64::MAX);
                let loss_free = report["holes"] == 0 && report["refreshes"] == 0;
                let wanted = f64::from(rate) * spectators as f64;
                row(&[
                    &spectators,
                    &kind.name(),
                    &wanted,
                    &format!("{per_second:.0}"),
                    &report["holes"],
                    &report["refreshes"],
                    &p99_ms,
                    &(loss_free && p99_ms < HELD_MS && per_second > KEPT_UP * wanted),
                ]);
            }
        }
    }
}
