//! The room as a pure state machine: nothing here awaits, reads a clock or touches a socket.
//!
//! A room's state is what it was at a snapshot plus every change since, in order. It applies exactly
//! the next seq; earlier ones are doubles, later ones mean a gap, which is closed from history or,
//! when that does not reach, by a new snapshot and a `full` for everyone.

mod apply;
mod exchange;
#[cfg(test)]
mod simulation;

use std::collections::HashMap;

use apply::step;
use common::{
    domain::{EventStatus, RaceId},
    protocol::{
        Envelope, Kind, Position, Seq,
        views::{RaceWithResultsSeq, StructureView},
    },
    store::{History, Limits, Pulse, Snapshot},
};
pub use exchange::{Effect, End, Input, Resumption};

use super::{
    message::{self, FullData},
    recent::{Missed, Recent},
};
use crate::websocket::Message;

/// What a room is reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    History,
    Snapshot,
}

/// The state of one room.
#[derive(Debug)]
pub struct Room {
    incarnation: String,
    position: Position,
    view: StructureView,
    results_seqs: HashMap<RaceId, Seq>,
    /// The last position heard of: the highest one of its epoch.
    heard: Position,
    /// The read that is under way; one at a time.
    reading: Option<Reading>,
    ended: Option<End>,
    /// When the position was last known to be that of the event, ms since 1970.
    confirmed_ms: i64,
    /// The `full` of the present position, made when somebody first needs it, and the moment that it names.
    full: Option<(Message, i64)>,
    recent: Recent,
    limits: Limits,
}

impl Room {
    /// A room at a snapshot that was read at `now_ms`. `limits` bound what is kept for spectators who come back.
    pub fn new(snapshot: &Snapshot, limits: Limits, now_ms: i64) -> Self {
        let mut room = Self {
            incarnation: snapshot.record.incarnation.clone(),
            position: snapshot.position.clone(),
            view: view(snapshot),
            results_seqs: results_seqs(snapshot),
            heard: snapshot.position.clone(),
            reading: None,
            ended: None,
            confirmed_ms: now_ms,
            full: None,
            recent: Recent::new(limits, snapshot.position.seq),
            limits,
        };
        room.ended = end_of(room.status());
        room
    }

    /// Which event it is, of all that had its id.
    pub fn incarnation(&self) -> &str {
        &self.incarnation
    }

    /// Where the room stands.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// How it ended, once it has.
    pub fn ended(&self) -> Option<End> {
        self.ended
    }

    /// Whether spectators are shown boats on the water.
    pub fn has_boats(&self) -> bool {
        !self.view.oncourse.is_empty()
    }

    fn status(&self) -> EventStatus {
        self.view.event.summary.status
    }

    /// The whole state as a message, encoded at most once for each time that its position is confirmed.
    pub fn full(&mut self) -> Message {
        match &self.full {
            Some((full, as_of_ms)) if *as_of_ms == self.confirmed_ms => full.clone(),
            _ => {
                let full = self.encode_full(self.confirmed_ms);
                self.full = Some((full.clone(), self.confirmed_ms));
                full
            }
        }
    }

    /// The answer to a spectator who stood at `since`. `verified` says that the position was checked
    /// since it came: what the room does not know of then is no truth any more.
    pub fn resume(&mut self, since: &Position, verified: bool) -> Resumption {
        let is_behind_us = since.epoch == self.position.epoch && since.seq <= self.position.seq;
        if !is_behind_us {
            return if verified && self.is_settled() {
                Resumption::Full
            } else {
                Resumption::Verify
            };
        }
        let full_bytes = self.full().plain_bytes();
        match self.recent.since(since.seq, full_bytes) {
            Missed::Replay(replay) => Resumption::Replay(replay),
            Missed::Full => Resumption::Full,
            Missed::Unknown => Resumption::ReadPast,
        }
    }

    fn past(&mut self, since: &Position, history: Option<History>) {
        if since.epoch != self.position.epoch {
            return;
        }
        match history {
            Some(History::Continues(missed)) => {
                let steps = missed.iter().map(|past| step(past, None)).collect();
                self.recent.extend_back(since.seq, steps);
            }
            Some(History::Broken) => self.recent.gone(since.seq),
            Some(History::Gone) | None => {}
        }
    }

    fn encode_full(&self, ts_ms: i64) -> Message {
        let with_results_seq = |race: &common::protocol::views::RaceView| RaceWithResultsSeq {
            results_seq: self.results_seqs.get(&race.race_id).copied().unwrap_or(0),
            race: race.clone(),
        };
        let data = FullData {
            event: &self.view.event,
            classes: &self.view.classes,
            races: self.view.races.iter().map(with_results_seq).collect(),
            categories: &self.view.categories,
            oncourse: &self.view.oncourse,
        };
        message::full(&self.position.epoch, self.position.seq, ts_ms, &data)
    }

    /// Takes something in at `now_ms`, and says what is to be done, in order.
    pub fn on(&mut self, input: Input, now_ms: i64) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Changed(envelope) => self.changed(&envelope, now_ms, &mut effects),
            Input::Position { read, asked } => self.checked(read, &asked, now_ms, &mut effects),
            Input::History(history) => self.caught_up(history, now_ms, &mut effects),
            Input::Snapshot(snapshot) => self.reset(snapshot, now_ms, &mut effects),
            Input::ReadFailed => self.reading = None,
            Input::Past { since, history } => self.past(&since, history),
            Input::PositionUnknown => {}
        }
        effects
    }

    fn changed(&mut self, envelope: &Envelope, now_ms: i64, effects: &mut Vec<Effect>) {
        if self.ended.is_some() {
            return;
        }
        self.hear_of(&envelope.position);
        if envelope.position.epoch != self.position.epoch {
            self.read_snapshot(effects);
        } else if envelope.kind == Kind::Deleted {
            self.delete(effects);
        } else if envelope.position.seq > self.position.seq {
            let is_next = envelope.position.seq == self.position.seq + 1;
            if is_next && envelope.kind != Kind::ByReference && self.apply(envelope, effects) {
                self.confirmed_ms = now_ms;
            } else {
                self.read_history(effects);
            }
        }
    }

    fn hear_of(&mut self, position: &Position) {
        let older = position.epoch == self.heard.epoch && position.seq <= self.heard.seq;
        if !older {
            self.heard = position.clone();
        }
    }

    /// Whether there is more to be had than the room has.
    fn is_behind(&self) -> bool {
        self.heard.epoch == self.position.epoch && self.heard.seq > self.position.seq
    }

    /// What to give back with the answer of a position check.
    pub fn ask(&self) -> Position {
        self.heard.clone()
    }

    /// Whether the room has all that it heard of, and reads nothing.
    fn is_settled(&self) -> bool {
        self.reading.is_none() && self.heard == self.position
    }

    fn checked(
        &mut self,
        read: Option<Pulse>,
        asked: &Position,
        now_ms: i64,
        effects: &mut Vec<Effect>,
    ) {
        if self.ended.is_some() {
            return;
        }
        let Some(pulse) = read.filter(|pulse| pulse.standing.incarnation == self.incarnation)
        else {
            return self.delete(effects);
        };
        if pulse.overdue {
            effects.push(Effect::SettleDue);
        }
        let position = pulse.standing.position;
        if position == self.position {
            self.confirmed_ms = now_ms;
        }
        self.hear_of(&position);
        if position.epoch != self.position.epoch {
            self.read_snapshot(effects);
        } else if position.seq > self.position.seq {
            self.read_history(effects);
        } else if self.reading.is_none() && self.heard == *asked {
            // What was heard of beyond this is not there any more: a primary was lost with it.
            self.heard = self.position.clone();
        }
    }

    fn caught_up(&mut self, history: History, now_ms: i64, effects: &mut Vec<Effect>) {
        self.reading = None;
        if self.ended.is_some() {
            return;
        }
        match history {
            History::Gone => self.delete(effects),
            History::Broken => self.read_snapshot(effects),
            History::Continues(missed) => {
                self.confirmed_ms = now_ms;
                for envelope in &missed {
                    let is_next = envelope.position.epoch == self.position.epoch
                        && envelope.position.seq == self.position.seq + 1;
                    if is_next && !self.apply(envelope, effects) {
                        return self.read_snapshot(effects);
                    }
                }
                self.read_on(!missed.is_empty(), effects);
            }
        }
    }

    /// Reads again what was heard of meanwhile. Without progress a next read would give the same:
    /// what was heard of may be lost with a failed primary, and the next position check tells.
    fn read_on(&mut self, progress: bool, effects: &mut Vec<Effect>) {
        if self.ended.is_some() {
            return;
        }
        if self.heard.epoch != self.position.epoch {
            self.read_snapshot(effects);
        } else if !progress {
            self.heard = self.position.clone();
        } else if self.is_behind() {
            self.read_history(effects);
        }
    }

    fn reset(&mut self, snapshot: Option<Box<Snapshot>>, now_ms: i64, effects: &mut Vec<Effect>) {
        self.reading = None;
        if self.ended.is_some() {
            return;
        }
        let same = |s: &Snapshot| s.record.incarnation == self.incarnation;
        let Some(snapshot) = snapshot.filter(|s| same(s)) else {
            return self.delete(effects);
        };
        // A server that lacks writes has another epoch: within one nobody is taken back.
        let same_epoch = snapshot.position.epoch == self.position.epoch;
        if same_epoch && snapshot.position.seq <= self.position.seq {
            // Whatever made the room ask is settled, or was old news.
            if snapshot.position == self.position {
                self.confirmed_ms = now_ms;
            }
            self.heard = self.position.clone();
            return;
        }
        let heard = self.heard.clone();
        *self = Self::new(&snapshot, self.limits, now_ms);
        if self.ended == Some(End::Unpublished) {
            return self.unpublish(effects);
        }
        let full = self.full();
        effects.push(Effect::Broadcast(full, self.position.seq));
        if let Some(end) = self.ended {
            effects.push(Effect::End(end));
        } else if heard.epoch == self.position.epoch {
            self.hear_of(&heard);
            self.read_on(true, effects);
        }
    }

    fn delete(&mut self, effects: &mut Vec<Effect>) {
        self.ended = Some(End::Deleted);
        let seq = self.position.seq;
        effects.push(Effect::Broadcast(message::refresh(seq), seq));
        effects.push(Effect::End(End::Deleted));
    }

    fn unpublish(&mut self, effects: &mut Vec<Effect>) {
        self.ended = Some(End::Unpublished);
        let seq = self.position.seq;
        effects.push(Effect::Broadcast(message::refresh(seq), seq));
        effects.push(Effect::End(End::Unpublished));
    }

    fn read_history(&mut self, effects: &mut Vec<Effect>) {
        if self.reading.is_none() {
            self.reading = Some(Reading::History);
            effects.push(Effect::ReadHistory(self.position.clone()));
        }
    }

    fn read_snapshot(&mut self, effects: &mut Vec<Effect>) {
        if self.reading.is_none() {
            self.reading = Some(Reading::Snapshot);
            effects.push(Effect::ReadSnapshot);
        }
    }
}

fn end_of(status: EventStatus) -> Option<End> {
    match status {
        EventStatus::Draft => Some(End::Unpublished),
        EventStatus::Official => Some(End::Official),
        EventStatus::Startlist | EventStatus::Running | EventStatus::Finished => None,
    }
}

fn view(snapshot: &Snapshot) -> StructureView {
    let boats = &snapshot.on_course.shown;
    StructureView::new(&snapshot.record, &snapshot.structure, boats)
}

fn results_seqs(snapshot: &Snapshot) -> HashMap<RaceId, Seq> {
    let races = snapshot.structure.races.iter();
    races
        .map(|race| {
            (
                race.race_id.clone(),
                snapshot.marks.results_seq(&race.race_id),
            )
        })
        .collect()
}
