//! When older clients are asked to re-read.

use std::time::Duration;

use tokio::time::Instant;

/// They re-read all that they show, so they are not asked more often.
const PAUSE: Duration = Duration::from_secs(10);

/// Whether they must be asked, and when they last were.
#[derive(Debug, Default)]
pub struct OlderRefreshes {
    wanted: bool,
    asked_at: Option<Instant>,
}

impl OlderRefreshes {
    /// Something changed that only a re-read shows.
    pub fn ask(&mut self) {
        self.wanted = true;
    }

    /// Whether to ask now; they have been asked then.
    pub fn is_due(&mut self, now: Instant) -> bool {
        let rested = self.asked_at.is_none_or(|at| now - at >= PAUSE);
        let due = self.wanted && rested;
        if due {
            self.wanted = false;
            self.asked_at = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::{Instant, OlderRefreshes, PAUSE};

    #[test]
    fn nobody_is_asked_twice_within_the_pause_and_nothing_is_forgotten() {
        let start = Instant::now();
        let mut refreshes = OlderRefreshes::default();
        assert!(!refreshes.is_due(start));
        refreshes.ask();
        assert!(refreshes.is_due(start));
        refreshes.ask();
        assert!(!refreshes.is_due(start + PAUSE / 2));
        assert!(refreshes.is_due(start + PAUSE));
        assert!(!refreshes.is_due(start + PAUSE * 3));
    }
}
