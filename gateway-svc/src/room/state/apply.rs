//! The next change, applied to what spectators see.

use common::{
    domain::RaceId,
    protocol::{
        Envelope, Kind,
        change::{OnCourseChange, OnCourseDelta, StatusChange, StructureChange},
    },
};
use serde::Deserialize;

use super::{Effect, End, Room, end_of};
use crate::room::{message, recent::Step};

/// What a results change says about itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultsOf {
    race_id: RaceId,
    #[serde(default)]
    detail_changed: bool,
}

impl Room {
    /// Applies the next change. False when it can't be understood, and then nothing has happened.
    pub(super) fn apply(&mut self, envelope: &Envelope, effects: &mut Vec<Effect>) -> bool {
        let mut delta = None;
        let mut reread = false;
        let applied = match envelope.kind {
            Kind::Results => self
                .apply_results(envelope)
                .map(|detail_changed| reread = detail_changed),
            Kind::OnCourse => self
                .apply_on_course(envelope)
                .map(|change| delta = Some(change)),
            Kind::Status => self.apply_status(envelope),
            Kind::Structure => self.apply_structure(envelope),
            Kind::Deleted | Kind::ByReference => None,
        };
        if applied.is_none() {
            return false;
        }
        self.position.seq = envelope.position.seq;
        self.hear_of(&self.position.clone());
        self.full = None;
        let step = step(envelope, delta);
        let message = match &step {
            Step::Full => self.encode_full(envelope.ts_ms),
            Step::Diff(diff) => diff.clone(),
        };
        self.recent.push(step);
        let end = end_of(self.status());
        if end == Some(End::Unpublished) {
            self.unpublish(effects);
            return true;
        }
        effects.push(Effect::Broadcast(message, self.position.seq));
        if reread {
            effects.push(Effect::RefreshOlder);
        }
        if let Some(end) = end {
            self.ended = Some(end);
            effects.push(Effect::End(end));
        }
        true
    }

    /// Also says whether details changed that the rows do not show.
    fn apply_results(&mut self, envelope: &Envelope) -> Option<bool> {
        let of: ResultsOf = serde_json::from_slice(&envelope.body).ok()?;
        self.results_seqs.insert(of.race_id, envelope.position.seq);
        Some(of.detail_changed)
    }

    /// Also says what changed.
    fn apply_on_course(&mut self, envelope: &Envelope) -> Option<OnCourseDelta> {
        let change: OnCourseChange = serde_json::from_slice(&envelope.body).ok()?;
        let before = std::mem::replace(&mut self.view.oncourse, change.oncourse);
        Some(OnCourseDelta::between(&before, &self.view.oncourse))
    }

    fn apply_status(&mut self, envelope: &Envelope) -> Option<()> {
        let change: StatusChange = serde_json::from_slice(&envelope.body).ok()?;
        self.view.event.summary.status = change.status;
        Some(())
    }

    fn apply_structure(&mut self, envelope: &Envelope) -> Option<()> {
        let change: StructureChange = serde_json::from_slice(&envelope.body).ok()?;
        self.view = change.view;
        let seq = envelope.position.seq;
        let reread = change.reread.into_iter().map(|race_id| (race_id, seq));
        self.results_seqs.extend(reread);
        Some(())
    }
}

/// What is replayed of a change. Without knowing the list before it a replay carries whole lists.
pub(super) fn step(envelope: &Envelope, delta: Option<OnCourseDelta>) -> Step {
    match envelope.kind {
        Kind::Structure | Kind::Deleted | Kind::ByReference => Step::Full,
        Kind::Results | Kind::OnCourse | Kind::Status => Step::Diff(message::diff(envelope, delta)),
    }
}
