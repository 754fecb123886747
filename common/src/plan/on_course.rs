//! A push of the boats on the water.

use super::{Part, Plan, PlanError, Revisions, Write, guard};
use crate::{
    domain::{
        Competition, DataKind, EventRecord, OnCourseEntry, Participant, Race, on_course::merged,
    },
    protocol::{Change, change::OnCourseChange, views::on_course_views},
};

/// Merges `pushed` into the list. Entries of unknown races are skipped; a name or club that an
/// entry lacks comes from the structure, of which `competition` holds what the entries need.
pub fn plan(
    record: &EventRecord,
    competition: &Competition,
    current: &[OnCourseEntry],
    revisions: &Revisions,
    pushed: Vec<OnCourseEntry>,
) -> Result<(usize, Plan), PlanError> {
    guard(DataKind::OnCourse, record.status)?;
    let clears = pushed.is_empty();
    let known: Vec<OnCourseEntry> = pushed
        .into_iter()
        .filter_map(|entry| {
            let race = competition.structure.race(&entry.race_id)?;
            Some(completed(entry, competition, race))
        })
        .collect();
    let mut plan = Plan {
        expected: vec![
            revisions.expect(Part::OnCourse),
            revisions.expect(Part::Structure),
        ],
        ..Plan::default()
    };
    if known.is_empty() && !clears {
        return Ok((current.len(), plan));
    }
    let list = merged(current, known);
    let active = list.len();
    if list != current {
        let oncourse = on_course_views(&competition.structure, &list);
        plan.touched.push(Part::OnCourse);
        plan.writes.push(Write::OnCourse(list));
        plan.changes
            .push(Change::OnCourse(OnCourseChange { oncourse }));
    }
    Ok((active, plan))
}

fn completed(mut entry: OnCourseEntry, competition: &Competition, race: &Race) -> OnCourseEntry {
    if entry.name.is_some() && entry.club.is_some() {
        return entry;
    }
    if let Some(participant) = participant(competition, race, entry.bib) {
        entry.name.get_or_insert_with(|| participant.name.clone());
        entry.club = entry.club.or_else(|| participant.club.clone());
    }
    entry
}

fn participant<'a>(competition: &'a Competition, race: &Race, bib: u32) -> Option<&'a Participant> {
    let participants = competition.participants.get(&race.class_id)?;
    let rows = competition.rows.get(&race.race_id)?;
    let starting = rows.values().find(|row| row.bib == Some(bib));
    match starting {
        Some(row) => participants.get(&row.participant_id),
        None => participants.values().find(|p| p.bib == Some(bib)),
    }
}
