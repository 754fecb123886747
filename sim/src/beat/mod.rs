//! A steady stream of messages of one size, for measuring what a server spends on sending it.
//!
//! [`message`] looks like a message of ours to the crowd; [`Beat`] says when the next ones are due;
//! [`metronome`] makes Eddyline send such a stream.

pub mod metronome;

use std::time::{Duration, Instant};

/// A message of about that many bytes.
pub fn message(kind: &str, seq: u64, bytes: usize) -> String {
    let ts_ms = jiff::Timestamp::now().as_millisecond();
    let head = format!(
        r#"{{"type":"{kind}","seq":{seq},"epoch":"beat","ts":{ts_ms},"data":{{"padding":""#
    );
    let padding = bytes.saturating_sub(head.len() + 3);
    format!("{head}{}\"}}}}", "x".repeat(padding))
}

/// Equal steps of time, none of which is skipped.
#[derive(Debug)]
pub struct Beat {
    started: Instant,
    step: Duration,
    done: u32,
}

impl Beat {
    /// So many times a second.
    ///
    /// # Panics
    ///
    /// When `per_second` is 0.
    pub fn new(per_second: u32) -> Self {
        Self {
            started: Instant::now(),
            step: Duration::from_secs(1) / per_second,
            done: 0,
        }
    }

    /// When the next step is due.
    pub fn next_at(&self) -> Instant {
        self.started + self.step * (self.done + 1)
    }

    /// How many steps are due by now, at least one where [`Beat::next_at`] was waited for; they
    /// count as done.
    pub fn take_due(&mut self) -> u32 {
        let steps = self.started.elapsed().as_nanos() / self.step.as_nanos();
        let due = u32::try_from(steps).unwrap_or(u32::MAX) - self.done;
        self.done += due;
        due
    }

    /// Takes one step.
    pub fn take_one(&mut self) {
        self.done += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn a_message_is_json_of_the_size_asked_for() {
        let text = message("diff", 7, 600);
        assert_eq!(text.len(), 600);
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(json["seq"], 7);
    }
}
