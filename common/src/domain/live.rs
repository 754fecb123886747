//! Results as they come live from the bridge, applied to the rows of their race.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Participant, ParticipantId, RaceId, Row,
    merge::{LiveRun, is_news, merge_live},
};

/// One row of a live push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveRow {
    /// The race it belongs to.
    pub race_id: RaceId,
    /// Left out by some clients; the bib then tells who it is.
    pub participant_id: Option<ParticipantId>,
    /// Number on the vest.
    pub bib: u32,
    /// What it says.
    pub run: LiveRun,
}

/// Rows of one race by participant; shared by the states of it before and after a change.
pub type Rows = BTreeMap<ParticipantId, Arc<Row>>;

/// Participants of one class by id.
pub type Participants = BTreeMap<ParticipantId, Arc<Participant>>;

/// What a live push did to one race.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Rows of the push that were taken; the others name nobody of the race's class.
    pub count: usize,
    /// Whether somebody got a start row that the export did not have.
    pub startlist_changed: bool,
}

/// Applies `pushed`, all of one race, to its `rows`. A participant of the class without a start row
/// gets one; whoever is not of the class is skipped. `now_ms` dates what is new.
pub fn apply(
    rows: &mut Rows,
    participants: &Participants,
    pushed: &[LiveRow],
    now_ms: i64,
) -> Applied {
    let mut applied = Applied::default();
    for live in pushed {
        let Some(id) = find_participant(rows, participants, live) else {
            continue;
        };
        let row = rows.entry(id.clone()).or_insert_with(|| {
            applied.startlist_changed = true;
            Arc::new(Row::without_start(id, live.bib))
        });
        applied.count += 1;
        if is_news(row.live.as_ref(), &live.run) {
            let row = Arc::make_mut(row);
            merge_live(&mut row.run, &mut row.live, live.run.clone(), now_ms);
        }
    }
    applied
}

fn find_participant(
    rows: &Rows,
    participants: &Participants,
    live: &LiveRow,
) -> Option<ParticipantId> {
    if let Some(id) = &live.participant_id {
        let known = rows.contains_key(id) || participants.contains_key(id);
        return known.then(|| id.clone());
    }
    let starting = rows.values().find(|row| row.bib == Some(live.bib));
    let of_class = || participants.values().find(|p| p.bib == Some(live.bib));
    starting
        .map(|row| &row.participant_id)
        .or_else(|| of_class().map(|p| &p.participant_id))
        .cloned()
}
