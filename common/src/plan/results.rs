//! A push of results as boats finish.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Before, Part, Plan, PlanError, guard,
    telling::{Told, tell_rows, write_rows},
};
use crate::{
    domain::{Competition, DataKind, LiveRow, RaceId, Scoring, Skipped, Structure, best_run, live},
    protocol::Mark,
};

/// The races whose lists depend on the rows of `races`: themselves and their partner runs, in the
/// order of the schedule. Unknown ones are left out.
pub fn concerned<'a>(
    structure: &Structure,
    races: impl IntoIterator<Item = &'a RaceId>,
) -> Vec<RaceId> {
    let mut concerned = BTreeSet::new();
    for race in races.into_iter().filter_map(|id| structure.race(id)) {
        concerned.insert(&race.race_id);
        concerned.extend(best_run::partner(structure, race).map(|partner| &partner.race_id));
    }
    let scheduled = structure.races.iter().map(|race| &race.race_id);
    scheduled
        .filter(|id| concerned.contains(id))
        .cloned()
        .collect()
}

/// What became of the rows of a push.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many were applied.
    pub updated: usize,
    /// Those that were not.
    pub skipped: Vec<Skipped>,
}

/// Applies `pushed`; `before` holds all races [`concerned`]. `now_ms` dates what is new.
pub fn plan(
    before: &Before<'_>,
    pushed: Vec<LiveRow>,
    now_ms: i64,
) -> Result<(Outcome, Plan), PlanError> {
    guard(DataKind::Results, before.record.status)?;
    let mut after = before.competition.clone();
    let mut plan = Plan {
        expected: vec![before.revisions.expect(Part::Structure)],
        ..Plan::default()
    };
    let mut outcome = Outcome::default();
    let mut startlists = Vec::new();
    let pushed = by_race(pushed);
    for (race_id, rows) in &pushed {
        let Some(applied) = apply(&mut after, race_id, rows, now_ms) else {
            outcome.skipped.extend(rows.iter().map(of_no_race));
            continue;
        };
        outcome.updated += applied.count;
        outcome.skipped.extend(applied.skipped);
        if applied.startlist_changed {
            startlists.push(Mark::Startlist(race_id.clone()));
        }
        write_rows(&mut plan, before.competition, &after, race_id);
    }
    let told = Told {
        startlists,
        imported: false,
    };
    tell_rows(&mut plan, before, &after, pushed.keys(), told);
    Ok((outcome, plan))
}

fn of_no_race(row: &LiveRow) -> Skipped {
    Skipped {
        row: row.index,
        bib: row.bib.clone(),
        why: format!("the event has no race '{}'", row.race_id),
        unusable: false,
    }
}

fn by_race(pushed: Vec<LiveRow>) -> BTreeMap<RaceId, Vec<LiveRow>> {
    let mut races: BTreeMap<RaceId, Vec<LiveRow>> = BTreeMap::new();
    for row in pushed {
        races.entry(row.race_id.clone()).or_default().push(row);
    }
    races
}

fn apply(
    after: &mut Competition,
    race_id: &RaceId,
    pushed: &[LiveRow],
    now_ms: i64,
) -> Option<live::Applied> {
    let race = after.structure.race(race_id)?;
    let scoring = Scoring::of(race);
    let participants = after.participants.get(&race.class_id)?;
    let rows = after.rows.get_mut(race_id)?;
    Some(live::apply(rows, participants, scoring, pushed, now_ms))
}
