//! Revision numbers, by which two writers at once are found out.

use std::collections::HashMap;

use crate::domain::RaceId;

/// A part of an event that is written as a unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Details, configuration, status, key, picture.
    Record,
    /// Classes, races, courses and participants.
    Structure,
    /// The boats on the water.
    OnCourse,
    /// Which rows of an export wait.
    Waiting,
    /// The rows of one race.
    Rows(RaceId),
}

impl Part {
    /// The word under which its revision is stored.
    pub fn name(&self) -> String {
        match self {
            Self::Record => "record".to_owned(),
            Self::Structure => "structure".to_owned(),
            Self::OnCourse => "oncourse".to_owned(),
            Self::Waiting => "waiting".to_owned(),
            Self::Rows(race) => format!("rows:{race}"),
        }
    }
}

/// The revisions of all parts of an event at one read; a part never written is at 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revisions(HashMap<String, u64>);

impl Revisions {
    /// From stored names and numbers.
    pub fn new(stored: HashMap<String, u64>) -> Self {
        Self(stored)
    }

    /// The pair that a plan expects for `part`.
    pub fn expect(&self, part: Part) -> (Part, u64) {
        let revision = self.0.get(&part.name()).copied().unwrap_or(0);
        (part, revision)
    }

    /// Counts a write to `part`.
    pub fn touch(&mut self, part: &Part) {
        *self.0.entry(part.name()).or_default() += 1;
    }
}
