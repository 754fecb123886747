//! Spectators who come back to a room that can't answer them yet: what they missed must be read first,
//! or they know more than the room, which must then be sure of its own position.

use std::time::Duration;

use common::protocol::{Position, Seq};
use tokio::time::Instant;

use super::state::Resumption;
use crate::shard::Entrant;

/// Whoever can't be answered by then is told to come again, whatever became of the read.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// One who waits.
pub struct Returned {
    /// The spectator.
    pub entrant: Entrant,
    /// Where it stood.
    pub since: Position,
    /// The position check that settles whether it is ahead of the truth.
    check: u64,
    until: Instant,
}

/// What the room is to do next.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Read the history after this seq.
    pub past: Option<Seq>,
    /// Check the position.
    pub check: bool,
}

/// Position checks, one at a time: whoever asks while one is under way gets the next one.
#[derive(Debug, Default)]
pub struct Checks {
    started: u64,
    answered: u64,
    under_way: bool,
    again: bool,
}

impl Checks {
    /// Whether a check is to be made now.
    pub fn ask(&mut self) -> bool {
        self.again = self.under_way;
        if self.under_way {
            return false;
        }
        self.started += 1;
        self.under_way = true;
        true
    }

    /// The one that was under way is over, with an answer or without; whether the next one is to be made
    /// now.
    pub fn answer(&mut self, known: bool) -> bool {
        self.under_way = false;
        if known {
            self.answered = self.started;
        }
        std::mem::take(&mut self.again)
    }

    /// The number of the first check that starts from now on.
    fn next(&self) -> u64 {
        self.started + 1
    }
}

/// All who wait.
#[derive(Default)]
pub struct Returning {
    waiting: Vec<Returned>,
    /// Those who have just come, and nobody has tried to answer.
    fresh: Vec<Returned>,
    /// Whether the history is being read for them.
    pub reading: bool,
}

impl Returning {
    /// Somebody who can't be answered at once.
    pub fn push(&mut self, entrant: Entrant, since: Position, checks: &Checks) {
        self.fresh.push(Returned {
            entrant,
            since,
            check: checks.next(),
            until: Instant::now() + ANSWERED_WITHIN,
        });
    }

    /// Takes out those who have just come and can be answered at once; see [`Returning::settle`].
    pub fn settle_fresh(
        &mut self,
        checks: &Checks,
        now: Instant,
        resume: impl FnMut(&Position, bool) -> Resumption,
    ) -> (Vec<(Returned, Resumption)>, Wanted) {
        let fresh = std::mem::take(&mut self.fresh);
        self.settle_these(fresh, checks, now, resume)
    }

    /// Takes out whoever can be answered by now. `resume` tells how, given whether the position
    /// was checked since the spectator came.
    pub fn settle(
        &mut self,
        checks: &Checks,
        now: Instant,
        resume: impl FnMut(&Position, bool) -> Resumption,
    ) -> (Vec<(Returned, Resumption)>, Wanted) {
        let all = self.give_up();
        self.settle_these(all, checks, now, resume)
    }

    fn settle_these(
        &mut self,
        these: Vec<Returned>,
        checks: &Checks,
        now: Instant,
        mut resume: impl FnMut(&Position, bool) -> Resumption,
    ) -> (Vec<(Returned, Resumption)>, Wanted) {
        let mut settled = Vec::new();
        let mut wanted = Wanted::default();
        for returned in these {
            match resume(&returned.since, checks.answered >= returned.check) {
                answer @ (Resumption::Replay(_) | Resumption::Full | Resumption::TryLater) => {
                    settled.push((returned, answer));
                    continue;
                }
                Resumption::ReadPast | Resumption::Verify if returned.until <= now => {
                    settled.push((returned, Resumption::TryLater));
                    continue;
                }
                Resumption::ReadPast if !self.reading => {
                    let seq = returned.since.seq;
                    wanted.past = Some(wanted.past.map_or(seq, |past: Seq| past.min(seq)));
                }
                Resumption::ReadPast => {}
                Resumption::Verify => wanted.check |= checks.started < returned.check,
            }
            self.waiting.push(returned);
        }
        (settled, wanted)
    }

    /// Takes out everyone whose position can't be checked now.
    pub fn give_up(&mut self) -> Vec<Returned> {
        let mut all = std::mem::take(&mut self.waiting);
        all.append(&mut self.fresh);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::Checks;

    #[test]
    fn one_check_at_a_time_and_whoever_asks_meanwhile_gets_the_next() {
        let mut checks = Checks::default();
        assert!(checks.ask());
        let newcomer = checks.next();
        assert!(!checks.ask());
        assert!(!checks.ask());
        assert!(checks.answer(true) && checks.answered < newcomer);
        assert!(checks.ask());
        assert!(!checks.answer(true) && checks.answered >= newcomer);
    }
}
