//! A push of results as boats finish.

use std::collections::BTreeMap;

use super::{Part, Plan, PlanError, Revisions, Write, guard};
use crate::{
    domain::{Competition, DataKind, EventRecord, LiveRow, OnCourseEntry, RaceId, Row, Rows, live},
    protocol::{
        Change, RaceSheet,
        change::{ResultsChange, StructureChange},
        race_sheet::diff,
        views::StructureView,
    },
};

/// Applies `pushed` to the races that it names, of which `competition` holds rows and participants.
/// Returns how many rows were applied.
pub fn plan(
    record: &EventRecord,
    competition: &Competition,
    on_course: &[OnCourseEntry],
    revisions: &Revisions,
    pushed: Vec<LiveRow>,
) -> Result<(usize, Plan), PlanError> {
    guard(DataKind::Results, record.status)?;
    let mut after = competition.clone();
    let mut plan = Plan {
        expected: vec![revisions.expect(Part::Structure)],
        ..Plan::default()
    };
    let mut updated = 0;
    let mut startlists = Vec::new();
    for (race_id, rows) in by_race(pushed) {
        let Some(applied) = apply(&mut after, &race_id, &rows) else {
            continue;
        };
        updated += applied.count;
        if applied.startlist_changed {
            startlists.push(race_id.clone());
        }
        plan_race(&mut plan, competition, &after, revisions, race_id);
    }
    if !startlists.is_empty() {
        plan.expected.push(revisions.expect(Part::Record));
        plan.expected.push(revisions.expect(Part::OnCourse));
        let change = StructureChange {
            view: StructureView::new(record, &competition.structure, on_course),
            reread: Vec::new(),
            startlists,
            categories_changed: false,
        };
        plan.changes.insert(0, Change::Structure(Box::new(change)));
    }
    Ok((updated, plan))
}

fn by_race(pushed: Vec<LiveRow>) -> BTreeMap<RaceId, Vec<LiveRow>> {
    let mut races: BTreeMap<RaceId, Vec<LiveRow>> = BTreeMap::new();
    for row in pushed {
        races.entry(row.race_id.clone()).or_default().push(row);
    }
    races
}

fn apply(after: &mut Competition, race_id: &RaceId, pushed: &[LiveRow]) -> Option<live::Applied> {
    let class_id = &after.structure.race(race_id)?.class_id;
    let participants = after.participants.get(class_id)?;
    let rows = after.rows.get_mut(race_id)?;
    Some(live::apply(rows, participants, pushed))
}

fn plan_race(
    plan: &mut Plan,
    before: &Competition,
    after: &Competition,
    revisions: &Revisions,
    race_id: RaceId,
) {
    let part = Part::Rows(race_id.clone());
    plan.expected.push(revisions.expect(part.clone()));
    let changed = changed_rows(before.rows.get(&race_id), after.rows.get(&race_id));
    if changed.is_empty() {
        return;
    }
    plan.touched.push(part);
    plan.writes.push(Write::Rows(race_id.clone(), changed));
    let results = |competition| {
        RaceSheet::of(competition, &race_id).map_or_else(Vec::new, |sheet| sheet.results())
    };
    let diff = diff(&results(before), &results(after));
    if !diff.changed.is_empty() {
        plan.changes.push(Change::Results(ResultsChange {
            race_id,
            results: diff.changed,
        }));
    }
}

/// Rows of `after` that are new or differ from `before`.
pub(super) fn changed_rows(before: Option<&Rows>, after: Option<&Rows>) -> Vec<Row> {
    let unchanged = |row: &&Row| before.and_then(|b| b.get(&row.participant_id)) == Some(row);
    let rows = after.into_iter().flat_map(|rows| rows.values());
    rows.filter(|row| !unchanged(row)).cloned().collect()
}
