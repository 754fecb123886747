//! What a request changes: pure functions from the state before and the request to a [`Plan`],
//! which the store then commits in one atomic step.
//!
//! A plan names the revisions that it was computed from. When another process was faster, the
//! commit refuses it, and the plan is computed again from what is true then.

pub mod config;
pub mod due;
pub mod import;
pub mod on_course;
pub mod results;
pub mod revisions;
pub mod status;
mod telling;

use std::sync::Arc;

use crate::{
    domain::{
        ClassId, Competition, DataKind, EventConfig, EventDetails, EventRecord, EventStatus,
        ImageRecord, KeyRecord, OnCourse, Participant, ParticipantId, RaceId, Row, Structure,
        Waiting,
    },
    protocol::Change,
};
pub use revisions::{Part, Revisions};

/// One thing to be stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Title, place, dates.
    Details(EventDetails),
    /// Display and merge configuration.
    Config(EventConfig),
    /// The state, and since when (ms since 1970).
    Status(EventStatus, i64),
    /// How the API key is derived, and when it works.
    Key(KeyRecord),
    /// Spectators at once; none goes by the gateways' own number.
    MaxConnections(Option<u32>),
    /// The event's picture and its bytes, or none.
    Image(Option<(ImageRecord, Vec<u8>)>),
    /// That an export has been imported.
    HasXml,
    /// Classes, races, courses.
    Structure(Arc<Structure>),
    /// New or changed participants of a class.
    Participants(ClassId, Vec<Arc<Participant>>),
    /// Participants of a class that are gone.
    RemoveParticipants(ClassId, Vec<ParticipantId>),
    /// A class with all its participants is gone.
    DropParticipants(ClassId),
    /// New or changed rows of a race.
    Rows(RaceId, Vec<Arc<Row>>),
    /// Rows of a race that are gone.
    RemoveRows(RaceId, Vec<ParticipantId>),
    /// A race with all its rows is gone.
    DropRows(RaceId),
    /// All boats on the water.
    OnCourse(OnCourse),
    /// Which rows of an export wait.
    Waiting(Waiting),
}

/// An event as it was read: what a plan starts from.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// The event.
    pub record: &'a EventRecord,
    /// With rows and participants of all races that the plan is about.
    pub competition: &'a Competition,
    /// Boats on the water.
    pub on_course: &'a OnCourse,
    /// Which rows of the last export wait.
    pub waiting: &'a Waiting,
    /// Of all of it.
    pub revisions: &'a Revisions,
}

/// A change to one event, ready to be committed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The revisions of the parts that it was computed from.
    pub expected: Vec<(Part, u64)>,
    /// The parts that it writes to.
    pub touched: Vec<Part>,
    /// What to store.
    pub writes: Vec<Write>,
    /// What to tell spectators, in order; each takes one seq.
    pub changes: Vec<Change>,
}

impl Plan {
    /// What it stores and what it tells, as two plans of which the second expects nothing.
    pub fn torn(self) -> (Self, Self) {
        let Self { changes, .. } = self;
        let told = Self {
            changes,
            ..Self::default()
        };
        let stored = Self {
            changes: Vec::new(),
            expected: self.expected,
            touched: self.touched,
            writes: self.writes,
        };
        (stored, told)
    }

    /// What it makes of the rows in `competition`, which may lack races; `None` when it writes more
    /// than rows and boats.
    pub fn applied_to(&self, mut competition: Arc<Competition>) -> Option<Arc<Competition>> {
        for write in &self.writes {
            match write {
                Write::OnCourse(_) | Write::Waiting(_) => {}
                Write::Rows(race_id, changed) => {
                    let competition = Arc::make_mut(&mut competition);
                    if let Some(rows) = competition.rows.get_mut(race_id) {
                        let by_id = |row: &Arc<Row>| (row.participant_id.clone(), Arc::clone(row));
                        rows.extend(changed.iter().map(by_id));
                    }
                }
                _ => return None,
            }
        }
        Some(competition)
    }

    /// Whether committing it would do nothing at all.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.changes.is_empty()
    }
}

/// Why a request can't be planned: what the user did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The state guard: this data is not taken in this state.
    #[error("Data type '{}' not accepted in '{status}' state", kind.as_str())]
    NotAccepted {
        /// What was pushed.
        kind: DataKind,
        /// The state of the event.
        status: EventStatus,
    },
    /// The requested state does not follow the current one.
    #[error("an event in '{current}' state can't become '{requested}'")]
    InvalidTransition {
        /// The state it is in.
        current: EventStatus,
        /// The state asked for.
        requested: EventStatus,
    },
}

/// The state guard as every ingest call asks it.
pub fn guard(kind: DataKind, status: EventStatus) -> Result<(), PlanError> {
    if kind.accepted_in().contains(&status) {
        Ok(())
    } else {
        Err(PlanError::NotAccepted { kind, status })
    }
}
