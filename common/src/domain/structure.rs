//! What the XML export alone defines: classes, races, courses and who starts.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Bib, CatId, ClassId, ParticipantId, RaceId, RowId, best_run::Pairs};

/// An age category inside a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Category {
    /// Such as `ZS`.
    pub cat_id: CatId,
    /// Such as `Žáci starší`.
    pub name: Option<String>,
    /// First year of birth that belongs to it.
    pub first_year: Option<u32>,
    /// Last year of birth that belongs to it.
    pub last_year: Option<u32>,
}

/// A boat class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Class {
    /// Such as `K1M`.
    pub class_id: ClassId,
    /// Short name.
    pub name: Option<String>,
    /// Full name.
    pub long_title: Option<String>,
    /// In the order of the export.
    pub categories: Vec<Category>,
}

/// One scheduled run of a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Race {
    /// Such as `K1M-ZS_BR1_25`.
    pub race_id: RaceId,
    /// The class that races.
    pub class_id: ClassId,
    /// The export's `DisId`, such as `BR1`.
    pub discipline: String,
    /// Place in the schedule.
    pub race_order: Option<u32>,
    /// Scheduled start with offset, as the export has it.
    pub start_time: Option<String>,
    /// Time between starts, as the export has it (`0:40`).
    pub start_interval: Option<String>,
    /// Which course it is raced on.
    pub course_nr: Option<u32>,
    /// The timing software's own status number.
    pub race_status: Option<u32>,
    /// The organiser's own title.
    pub custom_title: Option<String>,
}

/// The direction in which a gate is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GateType {
    /// Downstream.
    Normal,
    /// Upstream.
    Reverse,
    /// No course is known, or the gate is beyond it.
    Unknown,
}

/// The gates of a course, first to last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Course(Vec<GateType>);

impl Course {
    /// Reads a `CourseConfig` such as `NNRNSNNR`: N normal, R reverse, anything else (the S that
    /// separates sections) is no gate.
    pub fn from_config(config: &str) -> Self {
        let gates = config.chars().filter_map(|letter| match letter {
            'N' => Some(GateType::Normal),
            'R' => Some(GateType::Reverse),
            _ => None,
        });
        Self(gates.collect())
    }

    /// The type of the gate at `index`, counted from 0.
    pub fn gate_type(&self, index: usize) -> GateType {
        self.0.get(index).copied().unwrap_or(GateType::Unknown)
    }

    /// How many gates it has.
    pub fn gate_count(&self) -> usize {
        self.0.len()
    }
}

/// One start of a person or crew in one class. Years of birth are never stored: nothing needs them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// Never public.
    pub participant_id: ParticipantId,
    /// The class that the participant starts in.
    pub class_id: ClassId,
    /// Names the participant's starts in public.
    #[serde(skip)]
    pub row_id: RowId,
    /// On the vest.
    pub bib: Option<Bib>,
    /// The athlete's public number.
    pub athlete_id: Option<String>,
    /// `FAMILY Given`, crews `FAMILY Given / FAMILY Given`.
    pub name: String,
    /// Club.
    pub club: Option<String>,
    /// Nation.
    pub noc: Option<String>,
    /// Age category.
    pub cat_id: Option<CatId>,
    /// Whether it is a team.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_team: bool,
    /// Names of a team's members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
}

/// Classes, races and courses of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Structure {
    /// In the order of the export.
    pub classes: Vec<Class>,
    /// In the order of the schedule.
    pub races: Vec<Race>,
    /// By course number.
    pub courses: BTreeMap<u32, Course>,
    /// Computed when it is first asked for.
    #[serde(skip)]
    pairs: Cached<Pairs>,
}

/// Something that follows from the rest: a copy computes it anew, and it takes no part in comparisons.
#[derive(Debug, Default)]
struct Cached<T>(OnceLock<T>);

impl<T> Clone for Cached<T> {
    fn clone(&self) -> Self {
        Self(OnceLock::new())
    }
}

impl<T> PartialEq for Cached<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Cached<T> {}

impl Structure {
    /// The race of that id.
    pub fn race(&self, race_id: &RaceId) -> Option<&Race> {
        self.races.iter().find(|race| race.race_id == *race_id)
    }

    /// Which best-run races belong together.
    pub fn pairs(&self) -> &Pairs {
        self.pairs.0.get_or_init(|| Pairs::of(&self.races))
    }

    /// The course of a race, where one is known.
    pub fn course_of(&self, race: &Race) -> Option<&Course> {
        self.courses.get(&race.course_nr?)
    }
}

#[cfg(test)]
mod tests {
    use super::{Course, GateType};

    #[test]
    fn separators_are_no_gates_and_beyond_the_course_is_unknown() {
        let course = Course::from_config("NRSN");
        assert_eq!(course.gate_count(), 3);
        assert_eq!(course.gate_type(1), GateType::Reverse);
        assert_eq!(course.gate_type(2), GateType::Normal);
        assert_eq!(course.gate_type(3), GateType::Unknown);
    }
}
