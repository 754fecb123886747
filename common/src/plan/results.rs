//! A push of results as boats finish.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Part, Plan, PlanError, Revisions, Write, guard};
use crate::{
    domain::{
        Competition, DataKind, EventRecord, LiveRow, OnCourseEntry, RaceId, Row, Rows, Structure,
        best_run, live,
    },
    protocol::{
        Change, Mark, RaceSheet,
        change::{ResultsChange, StructureChange},
        race_sheet::{ResultsDiff, diff},
        result_view::ResultView,
        views::StructureView,
    },
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

/// What a push is applied to.
pub struct Before<'a> {
    /// The event.
    pub record: &'a EventRecord,
    /// With rows and participants of all races [`concerned`].
    pub competition: &'a Competition,
    /// Boats on the water as they are shown.
    pub on_course: &'a [OnCourseEntry],
    /// Of all of it.
    pub revisions: &'a Revisions,
}

/// Applies `pushed`. Returns how many rows were applied. `now_ms` dates what is new.
pub fn plan(
    before: &Before<'_>,
    pushed: Vec<LiveRow>,
    now_ms: i64,
) -> Result<(usize, Plan), PlanError> {
    let Before {
        record,
        competition,
        on_course,
        revisions,
    } = before;
    guard(DataKind::Results, record.status)?;
    let mut after = (*competition).clone();
    let mut plan = Plan {
        expected: vec![revisions.expect(Part::Structure)],
        ..Plan::default()
    };
    let mut updated = 0;
    let mut startlists = Vec::new();
    let pushed = by_race(pushed);
    for (race_id, rows) in &pushed {
        let Some(applied) = apply(&mut after, race_id, rows, now_ms) else {
            continue;
        };
        updated += applied.count;
        if applied.startlist_changed {
            startlists.push(Mark::Startlist(race_id.clone()));
        }
        write_rows(&mut plan, competition, &after, race_id);
    }
    let mut reread = Vec::new();
    let mut diffs = Vec::new();
    let mut compared: BTreeMap<RaceId, ResultsDiff> = BTreeMap::new();
    for race_id in concerned(&competition.structure, pushed.keys()) {
        plan.expected
            .push(revisions.expect(Part::Rows(race_id.clone())));
        // Both runs of a best-run race have the same list.
        let structure = &competition.structure;
        let race = structure.race(&race_id);
        let partner = race.and_then(|race| best_run::partner(structure, race));
        let partner = partner.filter(|partner| best_run::partner(structure, partner) == race);
        let same = partner.and_then(|partner| compared.get(&partner.race_id));
        let difference = same.cloned().unwrap_or_else(|| {
            let before = results_of(competition, &race_id);
            diff(&before, &results_of(&after, &race_id))
        });
        if difference.removed {
            // A start row of its own in the second run can give a line another bib.
            reread.push(race_id.clone());
        } else if !difference.changed.is_empty() {
            diffs.push(Change::Results(ResultsChange {
                race_id: race_id.clone(),
                results: difference.changed.clone(),
            }));
        }
        compared.insert(race_id, difference);
    }
    if !startlists.is_empty() || !reread.is_empty() {
        plan.expected.push(revisions.expect(Part::Record));
        plan.expected.push(revisions.expect(Part::OnCourse));
        let change = StructureChange {
            view: StructureView::new(record, &competition.structure, on_course),
            reread,
            also: startlists,
        };
        plan.changes.push(Change::Structure(Box::new(change)));
    }
    plan.changes.extend(diffs);
    Ok((updated, plan))
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
    let class_id = &after.structure.race(race_id)?.class_id;
    let participants = after.participants.get(class_id)?;
    let rows = after.rows.get_mut(race_id)?;
    Some(live::apply(rows, participants, pushed, now_ms))
}

fn write_rows(plan: &mut Plan, before: &Competition, after: &Competition, race_id: &RaceId) {
    let changed = changed_rows(before.rows.get(race_id), after.rows.get(race_id));
    if !changed.is_empty() {
        plan.touched.push(Part::Rows(race_id.clone()));
        plan.writes.push(Write::Rows(race_id.clone(), changed));
    }
}

/// The detailed results of a race; none when there is no such race.
pub(super) fn results_of(competition: &Competition, race_id: &RaceId) -> Vec<ResultView> {
    RaceSheet::of(competition, race_id).map_or_else(Vec::new, |sheet| sheet.results())
}

/// Rows of `after` that are new or differ from `before`.
pub(super) fn changed_rows(before: Option<&Rows>, after: Option<&Rows>) -> Vec<Arc<Row>> {
    let unchanged = |row: &&Arc<Row>| before.and_then(|b| b.get(&row.participant_id)) == Some(row);
    let rows = after.into_iter().flat_map(|rows| rows.values());
    rows.filter(|row| !unchanged(row)).cloned().collect()
}
