//! Start rows with their results.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    gates,
    sections::Section,
    units::{RawResult, Units},
    warnings::Warnings,
};
use crate::domain::{
    CatId, Competition, Course, Cross, Exported, Hundredths, Participant, ParticipantId, Race, Row,
    Run, Scoring, StatusField,
};

/// The order of arrival in a heat is written as a time of so many units.
const UNITS_PER_PLACE: u64 = 1_000;
const HEAT_PLACE_MAX: u64 = 100;

/// One section whose race and participant are known.
struct Known<'a> {
    section: &'a Section<'a>,
    race: &'a Race,
    participant: Arc<Participant>,
    scoring: Scoring,
    raw: RawResult,
    /// Only of rows of heats.
    heat: Option<Heat>,
}

#[derive(Clone, Copy)]
struct Heat {
    number: Option<u32>,
    place: Option<u32>,
}

/// Adds the rows of all `sections`, and returns how many rows there are. Rows of an unknown race or
/// participant are skipped.
pub(super) fn read(
    sections: &[Section<'_>],
    competition: &mut Competition,
    warnings: &mut Warnings<'_>,
) -> usize {
    let structure = Arc::clone(&competition.structure);
    let races: HashMap<&str, &Race> = structure
        .races
        .iter()
        .map(|race| (race.race_id.as_str(), race))
        .collect();
    let known: Vec<Known<'_>> = sections
        .iter()
        .filter_map(|section| Known::of(section, &races, competition, warnings))
        .collect();
    let timed = known.iter().filter(|row| row.heat.is_none());
    let units = Units::detect(timed.map(|row| row.raw));
    for known in known {
        let course = structure.course_of(known.race);
        let row = known.row(units, course, warnings);
        if let Some(rows) = competition.rows.get_mut(&known.race.race_id) {
            rows.insert(row.participant_id.clone(), Arc::new(row));
        }
    }
    competition.rows.values().map(BTreeMap::len).sum()
}

impl<'a> Known<'a> {
    fn of(
        section: &'a Section<'a>,
        races: &HashMap<&str, &'a Race>,
        competition: &Competition,
        warnings: &mut Warnings<'_>,
    ) -> Option<Self> {
        let race = races.get(section.text("RaceId")?)?;
        let participants = competition.participants.get(&race.class_id)?;
        let participant = participants.get(&ParticipantId::new(section.text("Id")?))?;
        let scoring = Scoring::of(race);
        let raw = RawResult {
            time: warnings.number(section, "Time"),
            pen: warnings.number(section, "Pen"),
            total: warnings.number(section, "Total"),
        };
        Some(Self {
            section,
            race,
            participant: Arc::clone(participant),
            scoring,
            heat: heat(section, scoring, raw, warnings),
            raw,
        })
    }

    fn row(&self, units: Units, course: Option<&Course>, warnings: &mut Warnings<'_>) -> Row {
        let section = self.section;
        let cat_id = section.text("CatId").map(CatId::new);
        let bib = warnings.bib(section, "Bib");
        Row {
            bib: bib.or_else(|| self.participant.bib.clone()),
            start_order: warnings.number(section, "StartOrder"),
            start_time: self.start_time(warnings),
            cat_id: cat_id.filter(|id| Some(id) != self.participant.cat_id.as_ref()),
            run: self.run(units, course, warnings),
            exported: self.exported(warnings),
            added_live: false,
            as_exported: true,
            ..Row::without_start(self.participant.participant_id.clone(), None)
        }
    }

    /// A time of day; in heats a start position stands there.
    fn start_time(&self, warnings: &mut Warnings<'_>) -> Option<String> {
        let text = self.section.text("StartTime")?;
        let time = time_of_day(text);
        if time.is_none() && !self.scoring.is_cross() {
            warnings.add(self.section, "StartTime", "not a time of day");
        }
        time
    }

    fn run(&self, units: Units, course: Option<&Course>, warnings: &mut Warnings<'_>) -> Run {
        let section = self.section;
        let mut known = |field, raw: Option<u64>, unit: &dyn Fn(u64) -> Option<Hundredths>| {
            let value = raw.and_then(unit);
            if raw.is_some() && value.is_none() {
                warnings.add(section, field, "longer than 24 hours");
            }
            value
        };
        let pen = known("Pen", self.raw.pen, &|pen| units.penalty(pen));
        let (time, total) = if self.heat.is_some() {
            (None, None)
        } else {
            let time = |time| units.time(time);
            (
                known("Time", self.raw.time, &time),
                known("Total", self.raw.total, &time),
            )
        };
        let StatusField {
            status,
            under_review,
        } = section
            .text("Status")
            .map(StatusField::parse)
            .unwrap_or_default();
        let sum = time
            .filter(|time| status.is_none() && *time > Hundredths::ZERO)
            .zip(pen)
            .map(|(time, pen)| time.plus(pen));
        let raw_gates = section.raw("Gates").unwrap_or_default();
        let course_gates = course.map(Course::gate_count);
        let gates = gates::read(raw_gates, course_gates, self.participant.is_team);
        if gates.unreadable {
            warnings.add(section, "Gates", "a gate has another penalty than 0, 2, 50");
        }
        let owned = |field| section.text(field).map(str::to_owned);
        Run {
            time,
            pen,
            total: total.or(sum),
            status,
            under_review,
            gates: gates.penalties,
            dt_start: owned("dtStart"),
            dt_finish: owned("dtFinish"),
        }
    }

    fn exported(&self, warnings: &mut Warnings<'_>) -> Exported {
        let section = self.section;
        let mut rank = |field| warnings.number(section, field).filter(|rank| *rank > 0);
        let exported = Exported {
            rank: rank("Rnk"),
            category_rank: rank("CatRnk"),
            total_rank: rank("TotalRnk"),
            total_category_rank: rank("TotalCatRnk"),
            heat: self.heat.and_then(|heat| heat.number),
            heat_place: self.heat.and_then(|heat| heat.place),
            ..Exported::default()
        };
        if !self.scoring.is_cross() {
            return exported;
        }
        Exported {
            faults: warnings.number(section, "NrFLT"),
            qualified: section.text("Qualified").map(str::to_owned),
            ..exported
        }
    }
}

/// What heats have instead of times; nothing for rows of other races.
fn heat(
    section: &Section<'_>,
    scoring: Scoring,
    raw: RawResult,
    warnings: &mut Warnings<'_>,
) -> Option<Heat> {
    let Scoring::Cross(cross) = scoring else {
        return None;
    };
    let number = warnings.number(section, "HeatNr").filter(|heat| *heat > 0);
    let is_heat = match cross {
        Cross::Heats => true,
        Cross::Other => number.is_some() && raw.total.is_none(),
        Cross::TimeTrial | Cross::Overall => false,
    };
    if !is_heat {
        return None;
    }
    let place = raw.time.filter(|time| *time > 0);
    let known = place
        .filter(|time| time.is_multiple_of(UNITS_PER_PLACE))
        .map(|time| time / UNITS_PER_PLACE)
        .filter(|place| *place <= HEAT_PLACE_MAX);
    if place.is_some() && known.is_none() {
        warnings.add(section, "Time", "not an order of arrival × 1000");
    }
    Some(Heat {
        number,
        place: known.and_then(|place| u32::try_from(place).ok()),
    })
}

/// `9:16:00` as `09:16:00`; nothing when it is no time of day.
fn time_of_day(text: &str) -> Option<String> {
    let padded = if text.find(':') == Some(1) {
        format!("0{text}")
    } else {
        text.to_owned()
    };
    let plain = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.');
    let is_time = padded.chars().all(plain)
        && padded.matches(':').count() == 2
        && padded.parse::<jiff::civil::Time>().is_ok();
    is_time.then_some(padded)
}

#[cfg(test)]
mod tests {
    use super::time_of_day;

    #[test]
    fn a_start_position_is_no_time_of_day() {
        assert_eq!(time_of_day("9:16:00").as_deref(), Some("09:16:00"));
        assert_eq!(time_of_day("10:11:00").as_deref(), Some("10:11:00"));
        assert_eq!(time_of_day("9:16:00.5").as_deref(), Some("09:16:00.5"));
        for position in [
            "1",
            "12",
            "25:00:00",
            "9:60:00",
            "9:16",
            "soon",
            ":::",
            "T09:16:00",
            "2026-06-20T09:16:00",
        ] {
            assert_eq!(time_of_day(position), None, "{position}");
        }
    }
}
