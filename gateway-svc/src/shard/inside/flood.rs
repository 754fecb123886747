//! How many messages a spectator may send.

use std::time::Instant;

/// Messages of a spectator in one second before that second counts against it.
const MESSAGES_PER_SECOND_MAX: u32 = 100;
/// Such seconds, less the calm ones in between, before the connection is closed.
const FLOODED_SECONDS_MAX: u32 = 5;
/// So many in one second are too many at once.
const MESSAGES_AT_ONCE_MAX: u32 = 1_000;

/// Counts a spectator's messages by the second.
#[derive(Default)]
pub struct Flood {
    second_started: Option<Instant>,
    messages: u32,
    /// Seconds with too many messages, less those without.
    flooded_seconds: u32,
}

impl Flood {
    /// Counts a message; true when it is one too many.
    pub fn count(&mut self, now: Instant) -> bool {
        let started = *self.second_started.get_or_insert(now);
        let elapsed = now.saturating_duration_since(started).as_secs();
        if elapsed >= 1 {
            let over = self.messages > MESSAGES_PER_SECOND_MAX;
            self.flooded_seconds += u32::from(over);
            let calm = elapsed - u64::from(over);
            let calm = u32::try_from(calm).unwrap_or(u32::MAX);
            self.flooded_seconds = self.flooded_seconds.saturating_sub(calm);
            self.second_started = Some(now);
            self.messages = 0;
        }
        self.messages += 1;
        self.flooded_seconds >= FLOODED_SECONDS_MAX || self.messages > MESSAGES_AT_ONCE_MAX
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Flood;

    /// How many of these seconds pass before it is too much, with so many messages in each.
    fn seconds_until_flooded(by_second: &[u32]) -> Option<usize> {
        let started = Instant::now();
        let mut flood = Flood::default();
        by_second.iter().enumerate().find_map(|(second, messages)| {
            let now = started + Duration::from_secs(second as u64);
            let too_many = (0..*messages).any(|_| flood.count(now));
            too_many.then_some(second)
        })
    }

    #[test]
    fn many_for_long_are_too_many_and_pauses_do_not_hide_it() {
        assert_eq!(seconds_until_flooded(&[99; 60]), None);
        assert_eq!(seconds_until_flooded(&[150; 60]), Some(5));
        assert_eq!(
            seconds_until_flooded(&[150, 150, 150, 0].repeat(9)),
            Some(9)
        );
        assert_eq!(seconds_until_flooded(&[150, 0, 0].repeat(20)), None);
        assert_eq!(seconds_until_flooded(&[2_000]), Some(0));
    }
}
