//! Messages of the live stream as clients read them. Gateways write them without this type, from bytes
//! that are encoded once.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Epoch, Seq,
    change::{OnCourseChange, OnCourseDelta, ResultsChange, StatusChange},
    views::{CategoryView, ClassView, EventView, OnCourseView, RaceWithResultsSeq},
};

/// One text frame. Clients ignore fields and types that they do not know.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum LiveMessage {
    /// Complete state but for results, which are re-read over REST where `resultsSeq` is newer.
    Full {
        /// Where the state stands.
        #[schema(value_type = u64)]
        seq: Seq,
        /// Of which history.
        epoch: Epoch,
        /// When it was built or its change accepted, ms since 1970.
        ts: i64,
        /// The state.
        data: Box<FullData>,
    },
    /// One change; follows its predecessor's seq directly.
    Diff {
        /// Its position.
        #[schema(value_type = u64)]
        seq: Seq,
        /// When ingest accepted it, ms since 1970.
        ts: i64,
        /// What changed.
        data: DiffData,
    },
    /// The answer to who came back with `epoch` and `since`: what was missed follows.
    Resumed {
        /// The position after what follows.
        #[schema(value_type = u64)]
        seq: Seq,
        /// How many messages that is.
        missed: u64,
        /// ms since 1970.
        ts: i64,
    },
    /// Something was missed: what is shown is to be re-read over REST.
    Refresh {
        /// Everything up to here is settled by that.
        #[schema(value_type = u64)]
        seq: Seq,
        /// ms since 1970.
        ts: i64,
    },
}

/// The data of a `full`.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
pub struct FullData {
    /// The event.
    pub event: EventView,
    /// Its classes.
    pub classes: Vec<ClassView>,
    /// Its races, with the positions of their results.
    pub races: Vec<RaceWithResultsSeq>,
    /// Its age categories.
    pub categories: Vec<CategoryView>,
    /// Boats on the water.
    pub oncourse: Vec<OnCourseView>,
}

/// The data of a `diff`.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum DiffData {
    /// Rows to upsert by `bib` within `raceId`.
    Results(ResultsChange),
    /// The whole list of boats on the water.
    OnCourse(OnCourseChange),
    /// What changed in that list, for those who asked for it with `?oncourse=delta`; they may get a whole
    /// list too.
    OnCourseDelta(DeltaData),
    /// A new state of the event.
    Status(StatusChange),
}

/// The data of a `diff` about boats on the water, as a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeltaData {
    /// To be applied to the list before it.
    pub oncourse_delta: OnCourseDelta,
}
