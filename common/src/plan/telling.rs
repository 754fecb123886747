//! What spectators are told when rows of races change.

use std::{collections::BTreeMap, sync::Arc};

use super::{Before, Part, Plan, Write, results::concerned};
use crate::{
    domain::{Competition, RaceId, Row, Rows, best_run},
    protocol::{
        Change, Mark,
        change::{ResultsChange, StructureChange},
        race_sheet::results_of,
        results_diff::{ResultsDiff, diff},
        views::StructureView,
    },
};

/// What else is to be told with rows.
#[derive(Default)]
pub(super) struct Told {
    /// Startlists that changed.
    pub startlists: Vec<Mark>,
    /// Whether the rows come from an import: older clients re-read details then.
    pub imported: bool,
}

/// Adds to `plan` what tells spectators that the rows of `races` are as in `after` now.
pub(super) fn tell_rows<'a>(
    plan: &mut Plan,
    before: &Before<'_>,
    after: &Competition,
    races: impl IntoIterator<Item = &'a RaceId>,
    told: Told,
) {
    let Told {
        startlists,
        imported,
    } = told;
    let Before {
        record,
        competition,
        on_course,
        revisions,
        ..
    } = before;
    let structure = &competition.structure;
    let mut reread = Vec::new();
    let mut diffs = Vec::new();
    let mut compared: BTreeMap<RaceId, ResultsDiff> = BTreeMap::new();
    for race_id in concerned(structure, races) {
        plan.expected
            .push(revisions.expect(Part::Rows(race_id.clone())));
        // Both runs of a best-run race have the same list.
        let race = structure.race(&race_id);
        let partner = race.and_then(|race| best_run::partner(structure, race));
        let partner = partner.filter(|partner| best_run::partner(structure, partner) == race);
        let same = partner.and_then(|partner| compared.get(&partner.race_id));
        let difference = same.cloned().unwrap_or_else(|| {
            let before = results_of(competition, &race_id);
            diff(&before, &results_of(after, &race_id))
        });
        if difference.removed {
            // A start row of its own in the second run can give a line another bib.
            reread.push(race_id.clone());
        } else if !difference.changed.is_empty() {
            let change = ResultsChange {
                race_id: race_id.clone(),
                results: difference.changed.clone(),
                detail_changed: imported && difference.detail_changed,
            };
            diffs.extend(change.parts().into_iter().map(Change::Results));
        }
        compared.insert(race_id, difference);
    }
    if !startlists.is_empty() || !reread.is_empty() {
        plan.expected.push(revisions.expect(Part::Record));
        plan.expected.push(revisions.expect(Part::OnCourse));
        let change = StructureChange {
            view: StructureView::new(record, structure, &on_course.shown),
            reread,
            also: startlists,
        };
        plan.changes.push(Change::Structure(Box::new(change)));
    }
    plan.changes.extend(diffs);
}

/// Adds to `plan` the rows of a race that are new or other ones in `after`.
pub(super) fn write_rows(
    plan: &mut Plan,
    before: &Competition,
    after: &Competition,
    race_id: &RaceId,
) {
    let changed = changed_rows(before.rows.get(race_id), after.rows.get(race_id));
    if !changed.is_empty() {
        plan.touched.push(Part::Rows(race_id.clone()));
        plan.writes.push(Write::Rows(race_id.clone(), changed));
    }
}

/// Rows of `after` that are new or differ from `before`.
pub(super) fn changed_rows(before: Option<&Rows>, after: Option<&Rows>) -> Vec<Arc<Row>> {
    let unchanged = |row: &&Arc<Row>| before.and_then(|b| b.get(&row.participant_id)) == Some(row);
    let rows = after.into_iter().flat_map(|rows| rows.values());
    rows.filter(|row| !unchanged(row)).cloned().collect()
}
