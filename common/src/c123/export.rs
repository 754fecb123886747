//! From sections to domain types.

use std::{collections::HashMap, sync::Arc};

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    ExportError, results,
    sections::{self, Section, line_and_column},
    warnings::{Warning, Warnings},
};
use crate::domain::{
    CatId, Category, Class, ClassId, Competition, Course, Export, Participant, ParticipantId, Race,
    RaceId, RowId, import::ExportedDetails,
};

const FIELD_CHARS_MAX: usize = 1_000;
/// No competition is larger; what is compared with each other stays cheap.
const CLASSES_MAX: usize = 200;
const RACES_MAX: usize = 1_000;
const CLASSES_TIMES_RACES_MAX: usize = 100_000;
const CATEGORIES_MAX: usize = 2_000;
const COURSES_MAX: usize = 1_000;

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

/// A whole export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What it says.
    pub export: Export,
    /// How much that is.
    pub imported: Imported,
    /// The first values that could not be read.
    pub warnings: Vec<Warning>,
    /// How many could not.
    pub warning_count: usize,
}

/// Reads a whole export, or says why it can't be used.
pub fn parse(text: &str) -> Result<Parsed, ExportError> {
    // The reader would skip a byte order mark without counting it.
    let text = text.trim_start_matches('\u{feff}');
    let mut sections = Sections::default();
    sections::read(text, &mut |section| sections.sort_in(section))?;
    sections.check_fields(text)?;
    let details = sections.event.as_ref().map(details);
    let mut export = Export {
        details: details.ok_or(ExportError::Missing("Events section"))?,
        ..Export::default()
    };
    let mut warnings = Warnings::of(text);
    let competition = &mut export.competition;
    read_classes(&sections.classes, competition, &mut warnings)?;
    let mut imported = Imported {
        classes: competition.structure.classes.len(),
        courses: read_courses(&sections.courses, competition, &mut warnings)?,
        participants: read_participants(&sections.participants, competition, &mut warnings),
        races: read_races(&sections.races, competition, &mut warnings)?,
        results: 0,
    };
    check_complete(&imported)?;
    check_bound(
        "classes × races",
        imported.classes * imported.races,
        CLASSES_TIMES_RACES_MAX,
    )?;
    imported.results = results::read(&sections.results, competition, &mut warnings);
    let (warnings, warning_count) = warnings.into_parts();
    Ok(Parsed {
        export,
        imported,
        warnings,
        warning_count,
    })
}

fn check_bound(what: &'static str, count: usize, max: usize) -> Result<(), ExportError> {
    if count > max {
        return Err(ExportError::TooMany { what, max });
    }
    Ok(())
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

    fn check_fields(&self, text: &str) -> Result<(), ExportError> {
        let lists = [
            &self.participants,
            &self.classes,
            &self.races,
            &self.results,
            &self.courses,
        ];
        let sections = lists.into_iter().flatten().chain(&self.event);
        let nested = sections.flat_map(|section| std::iter::once(section).chain(&section.nested));
        for section in nested {
            if let Some(field) = section.field_over(FIELD_CHARS_MAX) {
                return Err(ExportError::TooLong {
                    section: section.name.to_owned(),
                    line: line_and_column(text, section.offset_of(field)).0,
                    field: field.to_owned(),
                    max: FIELD_CHARS_MAX,
                });
            }
        }
        Ok(())
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

fn read_classes(
    sections: &[Section<'_>],
    competition: &mut Competition,
    warnings: &mut Warnings<'_>,
) -> Result<(), ExportError> {
    let mut categories = 0;
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
        let nested = section.nested.iter();
        classes.push(Class {
            class_id,
            name: owned(section, "Class"),
            long_title: owned(section, "LongTitle"),
            categories: nested
                .filter_map(|section| category(section, warnings))
                .collect(),
        });
        categories += classes.last().map_or(0, |class| class.categories.len());
        check_bound("classes", classes.len(), CLASSES_MAX)?;
        check_bound("categories", categories, CATEGORIES_MAX)?;
    }
    Ok(())
}

fn category(section: &Section<'_>, warnings: &mut Warnings<'_>) -> Option<Category> {
    if section.name != "Categories" {
        return None;
    }
    Some(Category {
        cat_id: CatId::new(section.text("CatId")?),
        name: owned(section, "Category"),
        first_year: warnings.number(section, "FirstYear"),
        last_year: warnings.number(section, "LastYear"),
    })
}

fn read_courses(
    sections: &[Section<'_>],
    competition: &mut Competition,
    warnings: &mut Warnings<'_>,
) -> Result<usize, ExportError> {
    let courses = &mut Arc::make_mut(&mut competition.structure).courses;
    for section in sections {
        if let Some(course_nr) = warnings.number(section, "CourseNr") {
            let config = section.text("CourseConfig").unwrap_or_default();
            courses.insert(course_nr, Course::from_config(config));
        }
        check_bound("courses", courses.len(), COURSES_MAX)?;
    }
    Ok(courses.len())
}

fn read_participants(
    sections: &[Section<'_>],
    competition: &mut Competition,
    warnings: &mut Warnings<'_>,
) -> usize {
    // A team's members are of other classes than the team.
    let sections_by_id: HashMap<&str, &Section<'_>> = sections
        .iter()
        .filter_map(|section| Some((section.text("Id")?, section)))
        .collect();
    for section in sections {
        let Some(participant) = participant(section, &sections_by_id, warnings) else {
            continue;
        };
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

fn participant(
    section: &Section<'_>,
    sections_by_id: &HashMap<&str, &Section<'_>>,
    warnings: &mut Warnings<'_>,
) -> Option<Participant> {
    let is_team = section
        .text("IsTeam")
        .is_some_and(|text| text.eq_ignore_ascii_case("true") || text == "1");
    let member = |field| {
        let member = sections_by_id.get(section.text(field)?)?;
        Some(name(member)).filter(|name| !name.is_empty())
    };
    let members = ["Member1", "Member2", "Member3"].into_iter();
    Some(Participant {
        participant_id: ParticipantId::new(section.text("Id")?),
        class_id: ClassId::new(section.text("ClassId")?),
        row_id: RowId::default(),
        bib: warnings.bib(section, "EventBib"),
        athlete_id: owned(section, "ICFId"),
        name: name(section),
        club: owned(section, "Club"),
        noc: owned(section, "NOC"),
        cat_id: section.text("CatId").map(CatId::new),
        is_team,
        members: members.filter(|_| is_team).filter_map(member).collect(),
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

fn read_races(
    sections: &[Section<'_>],
    competition: &mut Competition,
    warnings: &mut Warnings<'_>,
) -> Result<usize, ExportError> {
    for section in sections {
        let Some(race) = race(section, warnings) else {
            continue;
        };
        let races = &mut Arc::make_mut(&mut competition.structure).races;
        races.retain(|known| known.race_id != race.race_id);
        competition.rows.entry(race.race_id.clone()).or_default();
        races.push(race);
        check_bound("races", races.len(), RACES_MAX)?;
    }
    // A race without a place in the schedule comes last; equal places keep the export's order.
    let order = |race: &Race| race.race_order.unwrap_or(u32::MAX);
    let races = &mut Arc::make_mut(&mut competition.structure).races;
    races.sort_by_key(order);
    Ok(races.len())
}

fn race(section: &Section<'_>, warnings: &mut Warnings<'_>) -> Option<Race> {
    Some(Race {
        race_id: RaceId::new(section.text("RaceId")?),
        class_id: ClassId::new(section.text("ClassId")?),
        discipline: owned(section, "DisId").unwrap_or_default(),
        race_order: warnings.number(section, "RaceOrder"),
        start_time: owned(section, "StartTime"),
        start_interval: owned(section, "StartInterval"),
        course_nr: warnings.number(section, "CourseNr"),
        race_status: warnings.number(section, "RaceStatus"),
        custom_title: owned(section, "CustomTitle"),
    })
}

#[cfg(test)]
mod tests;
