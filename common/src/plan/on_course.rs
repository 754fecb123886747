//! A push of the boats on the water.

use super::{Part, Plan, PlanError, Revisions, Write, guard};
use crate::{
    domain::{
        Competition, DataKind, EventRecord, OnCourse, OnCourseEntry, Participant, Race, Structure,
    },
    protocol::{Change, change::OnCourseChange, views::on_course_views},
};

/// Takes `pushed` in. Entries of unknown races, or of participants of other classes, are skipped; a name or club that an entry lacks
/// comes from the structure, of which `competition` holds what the entries need. Returns the boats
/// that are on the water then. `now_ms` is the server's clock.
pub fn plan(
    record: &EventRecord,
    competition: &Competition,
    current: &OnCourse,
    revisions: &Revisions,
    pushed: Vec<OnCourseEntry>,
    now_ms: i64,
) -> Result<(OnCourse, Plan), PlanError> {
    guard(DataKind::OnCourse, record.status)?;
    let clears = pushed.is_empty();
    let known: Vec<OnCourseEntry> = pushed
        .into_iter()
        .filter_map(|entry| {
            let race = competition.structure.race(&entry.race_id)?;
            let may_race = current.knows(&entry) || is_of_class(&entry, competition, race);
            may_race.then(|| completed(entry, competition, race))
        })
        .collect();
    let after = if known.is_empty() && !clears {
        current.at(now_ms)
    } else {
        current.pushed(known, now_ms)
    };
    let mut plan = shown(&competition.structure, current, &after, revisions);
    // Names were looked up by the bibs of these races' rows.
    let consulted = competition.rows.keys().cloned().map(Part::Rows);
    plan.expected
        .extend(consulted.map(|part| revisions.expect(part)));
    Ok((after, plan))
}

/// Lets boats go that nobody speaks of any more, and shows what waits to be shown: for whoever
/// notices first. `now_ms` is the server's clock.
pub fn refresh(
    structure: &Structure,
    current: &OnCourse,
    revisions: &Revisions,
    now_ms: i64,
) -> Plan {
    shown(structure, current, &current.at(now_ms), revisions)
}

/// The plan from one list to another; a list that is not shown yet is stored without a message.
fn shown(
    structure: &Structure,
    before: &OnCourse,
    after: &OnCourse,
    revisions: &Revisions,
) -> Plan {
    let mut plan = Plan {
        expected: vec![
            revisions.expect(Part::OnCourse),
            revisions.expect(Part::Structure),
        ],
        ..Plan::default()
    };
    if before == after {
        return plan;
    }
    plan.touched.push(Part::OnCourse);
    plan.writes.push(Write::OnCourse(after.clone()));
    if before.shown != after.shown {
        let oncourse = on_course_views(structure, &after.shown);
        plan.changes
            .push(Change::OnCourse(OnCourseChange { oncourse }));
    }
    plan
}

/// Whether an entry that says who it is names somebody of the race's class.
fn is_of_class(entry: &OnCourseEntry, competition: &Competition, race: &Race) -> bool {
    let Some(participant_id) = &entry.participant_id else {
        return true;
    };
    let class = competition.participants.get(&race.class_id);
    class.is_some_and(|people| people.contains_key(participant_id))
}

/// Whether the people of the entry's race are needed to plan it.
pub fn needs_people(entry: &OnCourseEntry, current: &OnCourse) -> bool {
    let incomplete = entry.name.is_none() || entry.club.is_none();
    incomplete || (entry.participant_id.is_some() && !current.knows(entry))
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
    let found = match starting {
        Some(row) => participants.get(&row.participant_id),
        None => participants.values().find(|p| p.bib == Some(bib)),
    };
    found.map(AsRef::as_ref)
}
