//! Who comes in, and with what: a `full`, or exactly what was missed.

use common::protocol::Position;
use tokio::time::Instant;

use super::{Running, farewell};
use crate::{room::state::Resumption, shard::Entrant, websocket::CloseCode};

/// Of those who came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Something has changed that may concern all of them.
    All,
    /// Thousands may wait already when the next one comes.
    Fresh,
}

impl Running {
    pub(super) async fn join(&mut self, entrant: Entrant, since: Option<Position>) {
        if let Some(end) = self.room.ended() {
            return entrant.turn_away(CloseCode::Normal, farewell(end)).await;
        }
        match since {
            None => self.let_in(entrant, Resumption::Full).await,
            Some(since) => {
                self.returning.push(entrant, since, &self.checks);
                self.settle(Who::Fresh).await;
            }
        }
    }

    async fn let_in(&mut self, entrant: Entrant, how: Resumption) {
        let first = match how {
            Resumption::Replay(replay) => {
                self.task
                    .metrics
                    .resumed
                    .with_label_values(&["diffs"])
                    .inc();
                replay
            }
            _ => self.room.full(),
        };
        self.members.join(entrant, first).await;
        if self.drain_until.is_some() {
            self.drain().await;
        }
    }

    /// Answers whoever came back and can be answered by now, and asks for what the others need.
    pub(super) async fn settle_returning(&mut self) {
        self.settle(Who::All).await;
    }

    async fn settle(&mut self, who: Who) {
        if let Some(end) = self.room.ended() {
            return self
                .turn_away_returning(CloseCode::Normal, farewell(end))
                .await;
        }
        if self.drain_until.is_some() {
            let code = CloseCode::ServiceRestart;
            return self.turn_away_returning(code, "Service restart").await;
        }
        let past_unreadable = std::mem::take(&mut self.past_unreadable);
        let position_unknown = std::mem::take(&mut self.position_unknown);
        let room = &mut self.room;
        let resume = |since: &Position, verified| match room.resume(since, verified) {
            Resumption::ReadPast if past_unreadable => Resumption::Full,
            // Whoever is ahead of us must not be taken back to what we have.
            Resumption::Verify if position_unknown => Resumption::TryLater,
            how => how,
        };
        let (checks, now) = (&self.checks, Instant::now());
        let (settled, wanted) = match who {
            Who::All => self.returning.settle(checks, now, resume),
            Who::Fresh => self.returning.settle_fresh(checks, now, resume),
        };
        for (returned, how) in settled {
            if how == Resumption::TryLater {
                let code = CloseCode::TryAgainLater;
                let reason = "the position is not known";
                returned.entrant.turn_away(code, reason).await;
                continue;
            }
            if how == Resumption::Full {
                self.task.metrics.resumed.with_label_values(&["full"]).inc();
            }
            self.let_in(returned.entrant, how).await;
        }
        if let Some(seq) = wanted.past {
            self.read_past(seq);
        }
        if wanted.check {
            self.check_position();
        }
    }

    async fn turn_away_returning(&mut self, code: CloseCode, reason: &'static str) {
        for returned in self.returning.give_up() {
            returned.entrant.turn_away(code, reason).await;
        }
    }
}
