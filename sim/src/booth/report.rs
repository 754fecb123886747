//! What the booth sent, and how long the answers took.

use std::{collections::BTreeMap, fmt, time::Duration};

use hdrhistogram::Histogram;

/// A minute: longer than any request may take.
const MICROS_MAX: u64 = 60_000_000;

/// Counts and latencies by kind of request.
#[derive(Debug, Clone, Default)]
pub struct Report {
    kinds: BTreeMap<&'static str, Kind>,
}

#[derive(Debug, Clone)]
struct Kind {
    failed: u64,
    micros: Histogram<u64>,
}

impl Default for Kind {
    fn default() -> Self {
        Self {
            failed: 0,
            micros: Histogram::new_with_bounds(1, MICROS_MAX, 3).expect("valid bounds"),
        }
    }
}

impl Report {
    /// Adds one request.
    pub fn count(&mut self, what: &'static str, took: Duration, ok: bool) {
        let kind = self.kinds.entry(what).or_default();
        kind.failed += u64::from(!ok);
        kind.micros
            .saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Requests of that kind, failed ones included.
    pub fn requests(&self, what: &str) -> u64 {
        self.kinds.get(what).map_or(0, |kind| kind.micros.len())
    }
}

impl fmt::Display for Report {
    #[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, numbers) = ("request", ["count", "failed", "p50 ms", "p99 ms", "max ms"]);
        let [count, failed, p50, p99, max] = numbers;
        writeln!(
            f,
            "{what:<10}{count:>8}{failed:>8}{p50:>10}{p99:>10}{max:>10}"
        )?;
        for (what, kind) in &self.kinds {
            let ms = |micros: u64| micros as f64 / 1000.0;
            writeln!(
                f,
                "{what:<10}{:>8}{:>8}{:>10.2}{:>10.2}{:>10.2}",
                kind.micros.len(),
                kind.failed,
                ms(kind.micros.value_at_quantile(0.5)),
                ms(kind.micros.value_at_quantile(0.99)),
                ms(kind.micros.max()),
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Report;

    #[test]
    fn latencies_are_shown_as_they_were() {
        let mut report = Report::default();
        for ms in [3, 5, 250] {
            report.count("xml", Duration::from_millis(ms), ms < 100);
        }
        let text = report.to_string();
        let line = text
            .lines()
            .find(|line| line.starts_with("xml"))
            .expect("a line of its kind");
        let numbers: Vec<&str> = line.split_whitespace().skip(1).collect();
        assert_eq!(numbers[..3], ["3", "1", "5.00"]);
        assert!(numbers[4].starts_with("250."), "{line}");
    }
}
