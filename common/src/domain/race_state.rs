//! Where a race is, in words.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a race is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RaceState {
    /// Planned.
    Scheduled,
    /// The startlist is out, or the boats get ready.
    Startlist,
    /// Boats are on the course.
    Running,
    /// Raced; protests may still change the result.
    Unofficial,
    /// The result is final.
    Official,
    /// Will not be raced.
    Cancelled,
    /// Will be raced at another time.
    Postponed,
    /// The timing system says nothing that is known.
    Unknown,
}

impl RaceState {
    /// Of the timing software's own number (`RaceStatus`).
    pub fn of(race_status: Option<u32>) -> Self {
        match race_status {
            Some(0) => Self::Scheduled,
            // 2 is delayed or getting ready.
            Some(1 | 2) => Self::Startlist,
            Some(3) => Self::Running,
            Some(4) => Self::Unofficial,
            // 6 is revised.
            Some(5 | 6) => Self::Official,
            Some(7) => Self::Cancelled,
            // 12 is rescheduled.
            Some(12 | 13) => Self::Postponed,
            _ => Self::Unknown,
        }
    }
}
