//! Who comes in, and with what: a `full`, or exactly what was missed.

use std::sync::Arc;

use common::protocol::Position;

use super::{Running, farewell};
use crate::{
    connection::{CloseCode, Connection},
    room::{message::now_ms, state::Resumption},
};

impl Running {
    pub(super) fn join(&mut self, connection: Arc<Connection>, since: Option<Position>) {
        if let Some(end) = self.room.ended() {
            connection.close(CloseCode::Normal, farewell(end));
            return;
        }
        match since {
            None => self.let_in(connection, Resumption::Full),
            Some(since) => {
                self.returning.push(connection, since, &self.checks);
                self.settle_returning();
            }
        }
    }

    pub(super) fn let_in(&mut self, connection: Arc<Connection>, how: Resumption) {
        let first = match how {
            Resumption::Replay(replay) => {
                self.task
                    .metrics
                    .resumed
                    .with_label_values(&["diffs"])
                    .inc();
                replay
            }
            _ => self.room.full(now_ms()),
        };
        self.members
            .join(connection, &first, self.room.position().seq);
        if self.drain_until.is_some() {
            self.drain();
        }
    }

    /// Answers whoever came back and can be answered by now, and asks for what the others need.
    pub(super) fn settle_returning(&mut self) {
        if let Some(end) = self.room.ended() {
            return self.turn_away_returning(CloseCode::Normal, farewell(end));
        }
        if self.drain_until.is_some() {
            return self.turn_away_returning(CloseCode::ServiceRestart, "Service restart");
        }
        let past_unreadable = std::mem::take(&mut self.past_unreadable);
        let position_unknown = std::mem::take(&mut self.position_unknown);
        let room = &mut self.room;
        let resume = |since: &Position, verified| match room.resume(since, verified, now_ms()) {
            Resumption::ReadPast if past_unreadable => Resumption::Full,
            // Whoever is ahead of us must not be taken back to what we have.
            Resumption::Verify if position_unknown => Resumption::TryLater,
            how => how,
        };
        let (settled, wanted) = self.returning.settle(&self.checks, resume);
        for (returned, how) in settled {
            if how == Resumption::TryLater {
                let code = CloseCode::TryAgainLater;
                returned.connection.close(code, "the position is not known");
                continue;
            }
            if how == Resumption::Full {
                self.task.metrics.resumed.with_label_values(&["full"]).inc();
            }
            self.let_in(returned.connection, how);
        }
        if let Some(seq) = wanted.past {
            self.read_past(seq);
        }
        if wanted.check {
            self.check_position();
        }
    }

    pub(super) fn turn_away_returning(&mut self, code: CloseCode, reason: &str) {
        for returned in self.returning.give_up() {
            returned.connection.close(code, reason);
        }
    }
}
