//! What a shard does once a second: it pings those whose turn it is, and ends those that are dead or take nothing.

use std::time::Duration;

use super::{
    SlotKey,
    inside::{Ended, Outcome},
    slots::State,
    worker::Worker,
};
use crate::websocket::CloseCode;

pub(super) const TICK: Duration = Duration::from_secs(1);
/// How long a newcomer waits for its answer at most; what should have answered it has failed.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

impl Worker {
    pub(super) fn tick(&mut self) {
        self.next_tick = self.context.now + TICK;
        self.second += 1;
        for key in self.slots.keys() {
            let Some(slot) = self.slots.get(key) else {
                continue;
            };
            match slot.state {
                State::Inside(_) => {
                    if let Some(outcome) = self.look_after(key) {
                        self.settle(key, outcome);
                    }
                }
                State::Arriving(_) => self.drop_late(key),
            }
        }
    }

    /// Drops a newcomer who has said nothing, or to whom nothing was answered, for too long.
    fn drop_late(&mut self, key: SlotKey) {
        let Some(slot) = self.slots.get(key) else {
            return;
        };
        let State::Arriving(arriving) = &slot.state else {
            return;
        };
        let most = if arriving.read.is_empty() {
            self.context.config.arrive_within
        } else {
            ANSWERED_WITHIN
        };
        if self.context.now.saturating_duration_since(arriving.since) > most {
            self.slots.remove(key);
        }
    }

    /// What becomes of a spectator, if anything does.
    fn look_after(&mut self, key: SlotKey) -> Option<Outcome> {
        let (config, now) = (&self.context.config, self.context.now);
        let (stream, inside) = self.slots.inside(key)?;
        if let Some(ended) = inside.overdue(now) {
            return Some(Outcome::Over(ended));
        }
        if inside.silent_for(now) > config.pong_within {
            return Some(Outcome::Over(Ended::Dead));
        }
        if inside.stalled_for(now) > config.stall_max {
            let goodbye = (CloseCode::TryAgainLater, "too slow");
            return Some(inside.close(stream, goodbye, Ended::Closed, config.outbox, now));
        }
        let every = config.ping_every.as_secs().max(1);
        if key.index() % every == self.second % every {
            inside.ping(stream, &self.ping, config.outbox, now);
        }
        None
    }
}
