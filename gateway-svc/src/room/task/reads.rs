//! What a room asks Redis, beside its loop; the answers come back as inputs.

use common::{
    domain::EventId,
    protocol::{Position, Seq},
    store::{History, Store, StoreError},
};
use tokio::time::Instant;
use tracing::warn;

use super::{OPEN_WITHIN, Running, quiet};
use crate::{due, room::state::Input};

/// How long after the last boat was shown a room still looks whether a list waits.
const WATER_WATCHED_FOR: std::time::Duration = std::time::Duration::from_secs(5);

impl Running {
    pub(super) fn read_history(&self, since: Position) {
        let incarnation = self.room.incarnation().to_owned();
        self.read("history", move |store, event_id| async move {
            let history = store.history(&event_id, &incarnation, &since).await?;
            Ok(Input::History(history))
        });
    }

    pub(super) fn read_snapshot(&self) {
        self.read("snapshot", |store, event_id| async move {
            match store.head(&event_id).await {
                Ok(head) => Ok(Input::Snapshot(Some(Box::new(head)))),
                Err(StoreError::NoEvent) => Ok(Input::Snapshot(None)),
                Err(error) => Err(error),
            }
        });
    }

    pub(super) fn read_past(&mut self, seq: Seq) {
        self.returning.reading = true;
        let incarnation = self.room.incarnation().to_owned();
        let since = Position {
            seq,
            ..self.room.position().clone()
        };
        self.read("past", move |store, event_id| async move {
            let read = store.history(&event_id, &incarnation, &since).await;
            let history = read
                .inspect_err(|error| warn!(%error, event = %event_id, "history not read"))
                .ok();
            Ok(Input::Past { since, history })
        });
    }

    /// Bookkeeping of the reads that an input answers.
    pub(super) fn note_answer(&mut self, input: &Input) {
        match input {
            Input::Position { .. } | Input::PositionUnknown => {
                self.check_at = Instant::now() + quiet();
                self.position_unknown = matches!(input, Input::PositionUnknown);
                let again = self.checks.answer(!self.position_unknown);
                if again {
                    self.check_position();
                }
            }
            Input::Past { history, .. } => {
                self.returning.reading = false;
                self.past_unreadable = matches!(history, None | Some(History::Gone));
            }
            Input::History(_) => self.count_heal("history"),
            Input::Snapshot(_) => self.count_heal("snapshot"),
            Input::Changed(_) | Input::ReadFailed => {}
        }
    }

    pub(super) fn count_heal(&self, from: &str) {
        self.task.metrics.heals.with_label_values(&[from]).inc();
    }

    /// Does what is due beside the room; what it changes comes over the feed.
    pub(super) fn settle_due(&self) {
        self.task.metrics.reads.with_label_values(&["due"]).inc();
        let (store, limits) = (self.task.store.clone(), self.task.config.limits);
        let event_id = self.task.event_id.clone();
        tokio::spawn(async move {
            if let Err(error) = due::settle(&store, &event_id, limits).await {
                warn!(%error, event = %event_id, "what is due is not done");
            }
        });
    }

    /// While boats are on the water somebody must notice when nobody speaks of them any more, even
    /// when every ingest process is gone: the position is asked for each second.
    pub(super) fn watch_water(&mut self) {
        if self.room.has_boats() {
            self.boats_seen = Some(Instant::now());
        }
        if self
            .boats_seen
            .is_some_and(|seen| seen.elapsed() < WATER_WATCHED_FOR)
        {
            self.check_position();
        }
    }

    pub(super) fn check_position(&mut self) {
        // The answer sets the next check; this is for one that never comes, or is not asked for.
        self.check_at = Instant::now() + quiet() + OPEN_WITHIN;
        if !self.task.config.position_checks || !self.checks.ask() {
            return;
        }
        let asked = self.room.ask();
        self.read("position", move |store, event_id| async move {
            let input = match store.pulse(&event_id).await {
                Ok(read) => Input::Position { read, asked },
                Err(error) => {
                    warn!(%error, event = %event_id, "position not read");
                    Input::PositionUnknown
                }
            };
            Ok(input)
        });
    }

    /// Reads beside the room; the answer comes back as an input.
    pub(super) fn read<F, P>(&self, what: &'static str, read: F)
    where
        F: FnOnce(Store, EventId) -> P,
        P: Future<Output = Result<Input, StoreError>> + Send + 'static,
    {
        self.task.metrics.reads.with_label_values(&[what]).inc();
        let answers = self.answers.0.clone();
        let event_id = self.task.event_id.clone();
        let reading = read(self.task.store.clone(), event_id.clone());
        tokio::spawn(async move {
            let input = reading.await.unwrap_or_else(|error| {
                warn!(%error, event = %event_id, what, "a room's read failed");
                Input::ReadFailed
            });
            // A room that is over needs no answer.
            let _ = answers.send(input).await;
        });
    }
}
