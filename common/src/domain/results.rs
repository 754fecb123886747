//! One participant in one race: the start and what came of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Hundredths, ParticipantId, Penalty, merge::LiveMark};

/// Why a participant has no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ResultStatus {
    /// Did not start.
    Dns,
    /// Did not finish.
    Dnf,
    /// Disqualified.
    Dsq,
    /// Capsized.
    Cap,
    /// Raced, then left without a result.
    Ral,
}

impl ResultStatus {
    /// Reads the timing system's word; anything unknown, such as `*` (under review), is no status.
    pub fn parse(word: &str) -> Option<Self> {
        match word.trim() {
            "DNS" => Some(Self::Dns),
            "DNF" => Some(Self::Dnf),
            "DSQ" => Some(Self::Dsq),
            "CAP" => Some(Self::Cap),
            "RAL" => Some(Self::Ral),
            _ => None,
        }
    }
}

/// What a run gave. `None` means not known, never 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Time on the course.
    pub time: Option<Hundredths>,
    /// Sum of penalties.
    pub pen: Option<Hundredths>,
    /// Time and penalties.
    pub total: Option<Hundredths>,
    /// Why there is no place.
    pub status: Option<ResultStatus>,
    /// By gate, first to last; `None` is not judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Option<Penalty>>,
    /// Start as time of day.
    pub dt_start: Option<String>,
    /// Finish as time of day.
    pub dt_finish: Option<String>,
}

/// A start row of a race with its run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Never public.
    pub participant_id: ParticipantId,
    /// Number on the vest.
    pub bib: Option<u32>,
    /// Place in the start order.
    pub start_order: Option<u32>,
    /// Scheduled start as time of day.
    pub start_time: Option<String>,
    /// Whether live data made this row; it then stays until an export has its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub added_live: bool,
    /// What came of it.
    pub run: Run,
    /// What live data last said of it, if it ever did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveMark>,
}

impl Row {
    /// A row for somebody who races without standing in the export's start list.
    pub fn without_start(participant_id: ParticipantId, bib: u32) -> Self {
        Self {
            participant_id,
            bib: Some(bib),
            start_order: None,
            start_time: None,
            added_live: true,
            run: Run::default(),
            live: None,
        }
    }

    /// What the start list shows of it; a change here is a change of the structure.
    pub fn start(&self) -> (Option<u32>, Option<u32>, Option<&str>) {
        (self.start_order, self.bib, self.start_time.as_deref())
    }
}
