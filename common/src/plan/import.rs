//! An import of a whole XML export.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Before, Part, Plan, PlanError, Revisions, Write, guard, telling::changed_rows};
use crate::{
    domain::{
        ClassId, Competition, DataKind, EventRecord, Export, KeyRecord, OnCourseEntry,
        ParticipantId, Participants, RaceId, RowIds, Rows, Waiting,
    },
    protocol::{
        Change, Mark,
        change::{ResultsChange, StructureChange},
        race_sheet::{RaceSheet, results_of},
        results_diff::{ResultsDiff, diff},
        startlist::startlist,
        views::StructureView,
    },
};

/// What an import comes to beside its plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// When the first row of it that waits is due, ms since 1970.
    pub due_at_ms: Option<i64>,
    /// Lists that changed, and in which the export's places are others than totals would give.
    pub lists_against_totals: usize,
}

/// Everything that an import changes; `before` holds all races. `now_ms` tells how old live data are.
pub fn plan(
    before: &Before<'_>,
    export: &Export,
    now_ms: i64,
) -> Result<(Outcome, Plan), PlanError> {
    let Before {
        record,
        competition,
        on_course,
        waiting,
        revisions,
    } = *before;
    guard(DataKind::Xml, record.status)?;
    let strategy = record.config.merge_strategy.unwrap_or_default();
    let row_ids = RowIds::new(&record.incarnation);
    let exported = export.competition.clone().named_by(&row_ids);
    let after = competition.replaced_by(exported, strategy, now_ms);
    let record_after = imported_record(record, export);
    let mut plan = Plan {
        expected: expected(competition, &after, revisions),
        ..Plan::default()
    };
    write_record(&mut plan, record, &record_after);
    write_structure(&mut plan, competition, &after);
    write_rows(&mut plan, competition, &after);
    let waiting_after = Waiting::of(&after.rows);
    if waiting_after != *waiting {
        plan.touched.push(Part::Waiting);
        plan.writes.push(Write::Waiting(waiting_after.clone()));
    }
    let on_course_after = on_course.only(|entry| may_race(entry, &after));
    let states = [
        (record, competition, on_course.shown.as_slice()),
        (&record_after, &after, on_course_after.shown.as_slice()),
    ];
    plan.changes = changes(states);
    let tells_structure = |change: &Change| matches!(change, Change::Structure(_));
    let boats_gone = on_course_after != *on_course;
    if boats_gone || plan.changes.iter().any(tells_structure) {
        // The message shows the boats on the water, too.
        plan.expected.push(revisions.expect(Part::OnCourse));
    }
    if boats_gone {
        plan.touched.push(Part::OnCourse);
        plan.writes.push(Write::OnCourse(on_course_after));
    }
    let races = after.structure.races.iter().map(|race| &race.race_id);
    let changed = races.filter_map(|race_id| {
        let sheet = RaceSheet::of(&after, race_id)?;
        (RaceSheet::of(competition, race_id) != Some(sheet)).then_some(sheet)
    });
    let outcome = Outcome {
        due_at_ms: waiting_after.due_at_ms(),
        lists_against_totals: changed.filter(RaceSheet::is_against_totals).count(),
    };
    Ok((outcome, plan))
}

/// Whether an export still has the race and the competitor of a boat.
fn may_race(boat: &OnCourseEntry, competition: &Competition) -> bool {
    let race = competition.structure.race(&boat.race_id);
    race.is_some_and(|race| {
        let people = competition.participants.get(&race.class_id);
        let is_one = |id| people.is_some_and(|people| people.contains_key(id));
        boat.participant_id.as_ref().is_none_or(is_one)
    })
}

fn imported_record(record: &EventRecord, export: &Export) -> EventRecord {
    let details = export.details.applied_to(&record.details);
    let created = utc_day(record.created_at_ms);
    let key = KeyRecord {
        window: record.key.given.widened_by_export(&details, created),
        ..record.key.clone()
    };
    EventRecord {
        details,
        key,
        has_xml: true,
        ..record.clone()
    }
}

/// The UTC day of a moment in ms since 1970.
pub fn utc_day(ms: i64) -> Date {
    Timestamp::from_millisecond(ms)
        .unwrap_or_default()
        .to_zoned(TimeZone::UTC)
        .date()
}

fn expected(before: &Competition, after: &Competition, revisions: &Revisions) -> Vec<(Part, u64)> {
    let races: BTreeSet<&RaceId> = before.rows.keys().chain(after.rows.keys()).collect();
    let rows = races.into_iter().cloned().map(Part::Rows);
    [Part::Record, Part::Structure, Part::Waiting]
        .into_iter()
        .chain(rows)
        .map(|part| revisions.expect(part))
        .collect()
}

fn write_record(plan: &mut Plan, before: &EventRecord, after: &EventRecord) {
    let first = plan.writes.len();
    if before.details != after.details {
        plan.writes.push(Write::Details(after.details.clone()));
    }
    if before.key != after.key {
        plan.writes.push(Write::Key(after.key.clone()));
    }
    if !before.has_xml {
        plan.writes.push(Write::HasXml);
    }
    if plan.writes.len() > first {
        plan.touched.push(Part::Record);
    }
}

fn write_structure(plan: &mut Plan, before: &Competition, after: &Competition) {
    let first = plan.writes.len();
    if before.structure != after.structure {
        plan.writes
            .push(Write::Structure(Arc::clone(&after.structure)));
    }
    for (class_id, participants) in &after.participants {
        write_participants(
            plan,
            class_id,
            before.participants.get(class_id),
            participants,
        );
    }
    let gone = |class: &&ClassId| !after.participants.contains_key(*class);
    let dropped = before.participants.keys().filter(gone).cloned();
    plan.writes.extend(dropped.map(Write::DropParticipants));
    if plan.writes.len() > first {
        plan.touched.push(Part::Structure);
    }
}

fn write_participants(
    plan: &mut Plan,
    class_id: &ClassId,
    before: Option<&Participants>,
    after: &Participants,
) {
    let known = |id: &ParticipantId| before.and_then(|before| before.get(id));
    let set: Vec<_> = after
        .iter()
        .filter(|(id, participant)| known(id) != Some(participant))
        .map(|(_, participant)| participant.clone())
        .collect();
    if !set.is_empty() {
        plan.writes.push(Write::Participants(class_id.clone(), set));
    }
    let gone = missing(before, after);
    if !gone.is_empty() {
        let write = Write::RemoveParticipants(class_id.clone(), gone);
        plan.writes.push(write);
    }
}

/// Keys of `before` that `after` lacks.
fn missing<V>(
    before: Option<&BTreeMap<ParticipantId, V>>,
    after: &BTreeMap<ParticipantId, V>,
) -> Vec<ParticipantId> {
    let ids = before.into_iter().flat_map(BTreeMap::keys);
    ids.filter(|id| !after.contains_key(*id)).cloned().collect()
}

fn write_rows(plan: &mut Plan, before: &Competition, after: &Competition) {
    for (race_id, rows) in &after.rows {
        let known = before.rows.get(race_id);
        let set = changed_rows(known, Some(rows));
        let gone = missing(known, rows);
        if set.is_empty() && gone.is_empty() {
            continue;
        }
        plan.touched.push(Part::Rows(race_id.clone()));
        if !set.is_empty() {
            plan.writes.push(Write::Rows(race_id.clone(), set));
        }
        if !gone.is_empty() {
            plan.writes.push(Write::RemoveRows(race_id.clone(), gone));
        }
    }
    for race_id in before.rows.keys() {
        if !after.rows.contains_key(race_id) {
            plan.touched.push(Part::Rows(race_id.clone()));
            plan.writes.push(Write::DropRows(race_id.clone()));
        }
    }
}

/// First the new structure, if it is one, then the rows that changed, race by race.
fn changes(states: [(&EventRecord, &Competition, &[OnCourseEntry]); 2]) -> Vec<Change> {
    let [(_, before, _), (_, after, _)] = states;
    let [view_before, view] = states.map(|(record, competition, on_course)| {
        StructureView::new(record, &competition.structure, on_course)
    });
    let also = also_changed(before, after, &view_before, &view);
    let told = view != view_before || before.participants != after.participants || !also.is_empty();
    let diffs = result_diffs(before, after, told);
    if !told && diffs.reread.is_empty() {
        return diffs.changes;
    }
    let mut structure = StructureChange {
        view,
        reread: diffs.reread,
        also,
    };
    let mut changes = diffs.changes;
    if bytes(&changes) > structure.view_bytes() {
        // Whoever watches gets a `full` anyway and re-reads what it shows: that is less than all of this.
        let races = changes.drain(..).filter_map(Change::into_race);
        structure.reread.extend(races);
        // A list in parts is one race.
        structure.reread.dedup();
    }
    let structure = Change::Structure(Box::new(structure));
    std::iter::once(structure).chain(changes).collect()
}

#[derive(Default)]
struct ResultDiffs {
    changes: Vec<Change>,
    /// Races whose new lists upserts can't say, or should not.
    reread: Vec<RaceId>,
}

/// What changed in the lists of all races. When the structure is `told` anyway, lists that were empty
/// before are not told row by row.
fn result_diffs(before: &Competition, after: &Competition, told: bool) -> ResultDiffs {
    let mut diffs = ResultDiffs::default();
    for race in &after.structure.races {
        let race_id = &race.race_id;
        // Most imports leave most races alone, and comparing is cheaper than ranking.
        if RaceSheet::of(before, race_id) == RaceSheet::of(after, race_id) {
            continue;
        }
        if told && before.rows.get(race_id).is_none_or(Rows::is_empty) {
            diffs.reread.push(race_id.clone());
            continue;
        }
        let ResultsDiff {
            changed,
            removed,
            detail_changed,
        } = diff(&results_of(before, race_id), &results_of(after, race_id));
        if removed {
            diffs.reread.push(race_id.clone());
        } else if !changed.is_empty() {
            let change = ResultsChange {
                race_id: race_id.clone(),
                results: changed,
                detail_changed,
            };
            let parts = change.parts().into_iter().map(Change::Results);
            diffs.changes.extend(parts);
        }
    }
    diffs
}

fn bytes(changes: &[Change]) -> usize {
    changes.iter().map(|change| change.body().len()).sum()
}

/// Resources beside the event itself that are other ones now.
fn also_changed(
    before: &Competition,
    after: &Competition,
    view_before: &StructureView,
    view: &StructureView,
) -> Vec<Mark> {
    let mut marks = Vec::new();
    if view.categories != view_before.categories {
        marks.push(Mark::Categories);
    }
    if view.oncourse != view_before.oncourse {
        marks.push(Mark::OnCourse);
    }
    for race in &view.races {
        let race_id = &race.race_id;
        if !view_before.races.contains(race) {
            marks.push(Mark::Race(race_id.clone()));
        }
        if startlist_changed(before, after, race_id) {
            marks.push(Mark::Startlist(race_id.clone()));
        }
    }
    marks
}

fn startlist_changed(before: &Competition, after: &Competition, race_id: &RaceId) -> bool {
    let [sources_before, sources] =
        [before, after].map(|competition| startlist_sources(competition, race_id));
    let list = |sources: Option<(&Rows, &Participants)>| {
        sources.map_or_else(Vec::new, |(rows, participants)| {
            startlist(rows, participants)
        })
    };
    sources_before != sources && list(sources_before) != list(sources)
}

fn startlist_sources<'a>(
    competition: &'a Competition,
    race_id: &RaceId,
) -> Option<(&'a Rows, &'a Participants)> {
    let race = competition.structure.race(race_id)?;
    let participants = competition.participants.get(&race.class_id)?;
    Some((competition.rows.get(race_id)?, participants))
}
