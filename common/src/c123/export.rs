//! From sections to domain types.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    ExportError,
    sections::{self, Section, line_and_column},
    units::{RawResult, Units},
};
use crate::domain::{
    CatId, Category, Class, ClassId, Competition, Course, Export, Participant, ParticipantId,
    Penalty, Race, RaceId, ResultStatus, Row, Run, import::ExportedDetails,
};

/// How many rows of each kind an export brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Imported {
    /// Starts of persons or crews.
    pub participants: usize,
    /// Boat classes.
    pub classes: usize,
    /// Scheduled races.
    pub races: usize,
    /// Start rows, with or without a result.
    pub results: usize,
    /// Courses.
    pub courses: usize,
}

/// Sections by kind, since a row may stand before what it refers to.
#[derive(Default)]
struct Sections<'a> {
    event: Option<Section<'a>>,
    participants: Vec<Section<'a>>,
    classes: Vec<Section<'a>>,
    races: Vec<Section<'a>>,
    results: Vec<Section<'a>>,
    courses: Vec<Section<'a>>,
}

/// Reads a whole export, or says why it can't be used.
pub fn parse(text: &str) -> Result<(Export, Imported), ExportError> {
    // The reader would skip a byte order mark without counting it.
    let text = text.trim_start_matches('\u{feff}');
    let mut sections = Sections::default();
    sections::read(text, &mut |section| sections.sort_in(section))?;
    let details = sections.event.as_ref().map(details);
    let mut export = Export {
        details: details.ok_or(ExportError::Missing("Events section"))?,
        ..Export::default()
    };
    let competition = &mut export.competition;
    read_classes(&sections.classes, competition);
    let mut imported = Imported {
        classes: competition.structure.classes.len(),
        courses: read_courses(&sections.courses, competition),
        participants: read_participants(&sections.participants, competition),
        races: read_races(&sections.races, competition),
        results: 0,
    };
    check_complete(&imported)?;
    imported.results = read_results(text, &sections.results, competition)?;
    Ok((export, imported))
}

impl<'a> Sections<'a> {
    fn sort_in(&mut self, section: Section<'a>) {
        match section.name {
            "Events" if self.event.is_none() => self.event = Some(section),
            "Participants" => self.participants.push(section),
            "Classes" => self.classes.push(section),
            "Schedule" => self.races.push(section),
            "Results" => self.results.push(section),
            "CourseData" => self.courses.push(section),
            _ => {}
        }
    }
}

fn check_complete(imported: &Imported) -> Result<(), ExportError> {
    let counts = [
        (imported.classes, "class"),
        (imported.participants, "participant"),
        (imported.races, "race"),
    ];
    match counts.into_iter().find(|(count, _)| *count == 0) {
        Some((_, what)) => Err(ExportError::Missing(what)),
        None => Ok(()),
    }
}

fn owned(section: &Section<'_>, field: &str) -> Option<String> {
    section.text(field).map(str::to_owned)
}

/// A number that nothing depends on: anything else than a number is none.
fn number(section: &Section<'_>, field: &str) -> Option<u32> {
    section.text(field)?.parse().ok()
}

fn details(section: &Section<'_>) -> ExportedDetails {
    // The date part is what counts: the offset is the venue's and must not move the day.
    let date = |field| section.text(field)?.get(..10)?.parse().ok();
    ExportedDetails {
        sub_title: owned(section, "SubTitle"),
        location: owned(section, "Location"),
        facility: owned(section, "Facility"),
        start_date: date("StartDate"),
        end_date: date("EndDate"),
        discipline: owned(section, "CanoeDiscipline"),
    }
}

fn read_classes(sections: &[Section<'_>], competition: &mut Competition) {
    for section in sections {
        let Some(class_id) = section.text("ClassId").map(ClassId::new) else {
            continue;
        };
        let classes = &mut Arc::make_mut(&mut competition.structure).classes;
        classes.retain(|class| class.class_id != class_id);
        competition
            .participants
            .entry(class_id.clone())
            .or_default();
        classes.push(Class {
            class_id,
            name: owned(section, "Class"),
            long_title: owned(section, "LongTitle"),
            categories: section.nested.iter().filter_map(category).collect(),
        });
    }
}

fn category(section: &Section<'_>) -> Option<Category> {
    if section.name != "Categories" {
        return None;
    }
    Some(Category {
        cat_id: CatId::new(section.text("CatId")?),
        name: owned(section, "Category"),
        first_year: number(section, "FirstYear"),
        last_year: number(section, "LastYear"),
    })
}

fn read_courses(sections: &[Section<'_>], competition: &mut Competition) -> usize {
    let courses = &mut Arc::make_mut(&mut competition.structure).courses;
    for section in sections {
        if let Some(course_nr) = number(section, "CourseNr") {
            let config = section.text("CourseConfig").unwrap_or_default();
            courses.insert(course_nr, Course::from_config(config));
        }
    }
    courses.len()
}

fn read_participants(sections: &[Section<'_>], competition: &mut Competition) -> usize {
    for participant in sections.iter().filter_map(participant) {
        let class = competition.participants.get_mut(&participant.class_id);
        if let Some(class) = class {
            class.insert(participant.participant_id.clone(), Arc::new(participant));
        }
    }
    competition
        .participants
        .values()
        .map(std::collections::BTreeMap::len)
        .sum()
}

fn participant(section: &Section<'_>) -> Option<Participant> {
    Some(Participant {
        participant_id: ParticipantId::new(section.text("Id")?),
        class_id: ClassId::new(section.text("ClassId")?),
        bib: number(section, "EventBib"),
        athlete_id: owned(section, "ICFId"),
        name: name(section),
        club: owned(section, "Club"),
        noc: owned(section, "NOC"),
        cat_id: section.text("CatId").map(CatId::new),
    })
}

/// `FAMILY Given`, crews `FAMILY Given / FAMILY Given`.
fn name(section: &Section<'_>) -> String {
    let person = |family, given| {
        let parts = [section.text(family), section.text(given)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let crew = [
        person("FamilyName", "GivenName"),
        person("FamilyName2", "GivenName2"),
    ];
    let named = crew.into_iter().filter(|name| !name.is_empty());
    named.collect::<Vec<_>>().join(" / ")
}

fn read_races(sections: &[Section<'_>], competition: &mut Competition) -> usize {
    for race in sections.iter().filter_map(race) {
        let structure = Arc::make_mut(&mut competition.structure);
        structure
            .races
            .retain(|known| known.race_id != race.race_id);
        competition.rows.entry(race.race_id.clone()).or_default();
        structure.races.push(race);
    }
    // A race without a place in the schedule comes last; equal places keep the export's order.
    let order = |race: &Race| race.race_order.unwrap_or(u32::MAX);
    let races = &mut Arc::make_mut(&mut competition.structure).races;
    races.sort_by_key(order);
    races.len()
}

fn race(section: &Section<'_>) -> Option<Race> {
    Some(Race {
        race_id: RaceId::new(section.text("RaceId")?),
        class_id: ClassId::new(section.text("ClassId")?),
        discipline: owned(section, "DisId").unwrap_or_default(),
        race_order: number(section, "RaceOrder"),
        start_time: owned(section, "StartTime"),
        start_interval: owned(section, "StartInterval"),
        course_nr: number(section, "CourseNr"),
        race_status: number(section, "RaceStatus"),
        custom_title: owned(section, "CustomTitle"),
    })
}

fn read_results(
    text: &str,
    sections: &[Section<'_>],
    competition: &mut Competition,
) -> Result<usize, ExportError> {
    let raw = sections
        .iter()
        .map(|section| raw_result(text, section))
        .collect::<Result<Vec<_>, _>>()?;
    let units = Units::detect(&raw);
    for (section, raw) in sections.iter().zip(raw) {
        let absurd = |field| number_error(text, section, field);
        let run = Run {
            time: convert(raw.time, |time| units.time(time)).map_err(|()| absurd("Time"))?,
            pen: convert(raw.pen, |pen| units.penalty(pen)).map_err(|()| absurd("Pen"))?,
            total: convert(raw.total, |total| units.time(total)).map_err(|()| absurd("Total"))?,
            status: section.text("Status").and_then(ResultStatus::parse),
            gates: section.raw("Gates").map(gates).unwrap_or_default(),
            dt_start: owned(section, "dtStart"),
            dt_finish: owned(section, "dtFinish"),
        };
        add_row(section, run, competition);
    }
    Ok(competition
        .rows
        .values()
        .map(std::collections::BTreeMap::len)
        .sum())
}

/// Adds a start row, unless its race or participant is unknown.
fn add_row(section: &Section<'_>, run: Run, competition: &mut Competition) -> Option<()> {
    let race = competition
        .structure
        .race(&RaceId::new(section.text("RaceId")?))?;
    let participant_id = ParticipantId::new(section.text("Id")?);
    let participant = competition
        .participants
        .get(&race.class_id)?
        .get(&participant_id)?;
    let row = Row {
        participant_id: participant_id.clone(),
        bib: number(section, "Bib").or(participant.bib),
        start_order: number(section, "StartOrder"),
        start_time: owned(section, "StartTime"),
        added_live: false,
        run,
        live: None,
    };
    let rows = competition.rows.get_mut(&race.race_id)?;
    rows.insert(participant_id, Arc::new(row));
    Some(())
}

fn convert<T>(raw: Option<u64>, unit: impl Fn(u64) -> Option<T>) -> Result<Option<T>, ()> {
    raw.map(|raw| unit(raw).ok_or(())).transpose()
}

fn raw_result(text: &str, section: &Section<'_>) -> Result<RawResult, ExportError> {
    let strict = |field| match section.text(field).map(str::parse::<u64>) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(value)),
        Some(Err(_)) => Err(number_error(text, section, field)),
    };
    Ok(RawResult {
        time: strict("Time")?,
        pen: strict("Pen")?,
        total: strict("Total")?,
    })
}

fn number_error(text: &str, section: &Section<'_>, field: &'static str) -> ExportError {
    ExportError::Number {
        section: "Results",
        line: line_and_column(text, section.offset).0,
        field,
        value: owned(section, field).unwrap_or_default(),
    }
}

/// Three characters a gate, right-aligned, blank where not judged; when that does not fit, the
/// penalties split by blanks.
fn gates(raw: &str) -> Vec<Option<Penalty>> {
    let raw = raw.trim_matches(|c| matches!(c, '\n' | '\r' | '\t'));
    if raw.trim().is_empty() {
        return Vec::new();
    }
    fixed_width(raw).unwrap_or_else(|| {
        let parts = raw.split_whitespace();
        parts.map(|part| penalty(part).flatten()).collect()
    })
}

fn fixed_width(raw: &str) -> Option<Vec<Option<Penalty>>> {
    if !raw.is_ascii() || !raw.len().is_multiple_of(3) {
        return None;
    }
    let cells = raw.as_bytes().chunks(3);
    cells
        .map(|cell| std::str::from_utf8(cell).ok().and_then(cell_penalty))
        .collect()
}

/// A cell of three characters: blank or a right-aligned penalty; nothing else fits.
fn cell_penalty(cell: &str) -> Option<Option<Penalty>> {
    if cell.ends_with(' ') && !cell.trim().is_empty() {
        return None;
    }
    penalty(cell.trim())
}

fn penalty(text: &str) -> Option<Option<Penalty>> {
    if text.is_empty() {
        return Some(None);
    }
    text.parse().ok().and_then(Penalty::from_seconds).map(Some)
}

#[cfg(test)]
mod tests;
