//! A push of the boats on the water.

use super::{Before, Part, Plan, PlanError, Write, guard};
use crate::{
    domain::{DataKind, Named, OnCourse, OnCourseEntry, Skipped, live::penalty_of_more_boats},
    protocol::{
        Change, Mark,
        change::{OnCourseChange, StructureChange},
        views::{StructureView, on_course_views},
    },
};

/// One boat of a push, with its place in it, counted from 0.
pub type Pushed = (usize, OnCourseEntry);

/// Takes `pushed` in; an empty push says that nobody is on the water. Entries that name nobody of their race's
/// class are skipped; what an entry lacks comes from the structure, of which `before` holds what the
/// entries need. Returns the boats that are on the water then. `now_ms` is the server's clock.
pub fn plan(
    before: &Before<'_>,
    pushed: Vec<Pushed>,
    now_ms: i64,
) -> Result<(OnCourse, Vec<Skipped>, Plan), PlanError> {
    guard(DataKind::OnCourse, before.record.status)?;
    let clears = pushed.is_empty();
    let mut known = Vec::new();
    let mut skipped = Vec::new();
    for (row, entry) in pushed {
        let bib = entry.bib.clone();
        match completed(entry, before) {
            Ok(entry) => known.push(entry),
            Err((why, unusable)) => skipped.push(Skipped {
                row,
                bib,
                why,
                unusable,
            }),
        }
    }
    let current = before.on_course;
    let after = if known.is_empty() && !clears {
        current.at(now_ms)
    } else {
        current.pushed(known, now_ms)
    };
    let mut plan = shown(before, &after);
    // Participants were looked up by the bibs of these races' rows.
    let consulted = before.competition.rows.keys().cloned().map(Part::Rows);
    plan.expected
        .extend(consulted.map(|part| before.revisions.expect(part)));
    Ok((after, skipped, plan))
}

/// Lets boats go that nobody speaks of any more, and shows what waits to be shown. `now_ms` is the
/// server's clock.
pub(super) fn refresh(before: &Before<'_>, now_ms: i64) -> (OnCourse, Plan) {
    let after = before.on_course.at(now_ms);
    let plan = shown(before, &after);
    (after, plan)
}

/// The plan from one list to another; a list that is not shown yet is stored without a message.
fn shown(before: &Before<'_>, after: &OnCourse) -> Plan {
    let mut plan = Plan {
        expected: [Part::OnCourse, Part::Structure]
            .map(|part| before.revisions.expect(part))
            .into(),
        ..Plan::default()
    };
    if before.on_course == after {
        return plan;
    }
    plan.touched.push(Part::OnCourse);
    plan.writes.push(Write::OnCourse(after.clone()));
    if before.on_course.shown != after.shown {
        let structure = &before.competition.structure;
        let oncourse = on_course_views(structure, &after.shown);
        let change = OnCourseChange { oncourse };
        plan.changes.push(if change.fits() {
            Change::OnCourse(change)
        } else {
            plan.expected.push(before.revisions.expect(Part::Record));
            Change::Structure(Box::new(StructureChange {
                view: StructureView::new(before.record, structure, &after.shown),
                reread: Vec::new(),
                also: vec![Mark::OnCourse],
            }))
        });
    }
    plan
}

/// Whether the people of the entry's race are needed to plan it.
pub fn needs_people(entry: &OnCourseEntry, current: &OnCourse) -> bool {
    let incomplete = entry.name.is_none() || entry.club.is_none();
    incomplete || current.known(entry).is_none()
}

/// The entry with all that it lacks, or why it is left out and whether a value in it can't be.
fn completed(
    mut entry: OnCourseEntry,
    before: &Before<'_>,
) -> Result<OnCourseEntry, (String, bool)> {
    let competition = before.competition;
    let race = competition.structure.race(&entry.race_id);
    let race = race.ok_or_else(|| (format!("the event has no race '{}'", entry.race_id), false))?;
    let rows = competition.rows.get(&race.race_id);
    let participants = competition.participants.get(&race.class_id);
    if let Some((rows, participants)) = rows.zip(participants) {
        let named = Named {
            participant_id: entry.participant_id.as_ref(),
            bib: entry.bib.as_ref(),
        };
        let id = named
            .find(rows, participants)
            .map_err(|why| (why.to_owned(), false))?;
        let participant = &participants[&id];
        let started = rows.get(&id).and_then(|row| row.bib.as_ref());
        let bib = started.or(participant.bib.as_ref());
        entry.bib = bib.cloned().or(entry.bib);
        entry.row_id = participant.row_id.clone();
        entry.is_team = participant.is_team;
        entry.name.get_or_insert_with(|| participant.name.clone());
        entry.club = entry.club.or_else(|| participant.club.clone());
        entry.participant_id = Some(id);
    } else if let Some(known) = before.on_course.known(&entry) {
        entry.bib = known.bib.clone().or(entry.bib);
        entry.row_id = known.row_id.clone();
        entry.is_team = known.is_team;
        entry.participant_id.clone_from(&known.participant_id);
    } else {
        return Err((
            "nobody in this race or its class is known".to_owned(),
            false,
        ));
    }
    match penalty_of_more_boats(&entry.gates, entry.is_team) {
        None => Ok(entry),
        Some(penalty) => {
            let seconds = penalty.seconds();
            let why = format!("gate penalty {seconds} is not 0, 2 or 50, and this is no team");
            Err((why, true))
        }
    }
}
