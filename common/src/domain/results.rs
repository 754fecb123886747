//! One participant in one race: the start and what came of it.

use serde::{Deserialize, Serialize};

use super::{Bib, CatId, Hundredths, ParticipantId, Penalty, ResultStatus, merge::LiveMark};

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
    /// Whether the judges are still at it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub under_review: bool,
    /// By gate, first to last; `None` is not judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Option<Penalty>>,
    /// Start as time of day.
    pub dt_start: Option<String>,
    /// Finish as time of day.
    pub dt_finish: Option<String>,
}

impl Run {
    /// Whether it says the same as `other` about time, penalty, total and status; no penalty is 0.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let pen = |run: &Self| run.pen.unwrap_or(Hundredths::ZERO);
        let said = |run: &Self| (run.time, pen(run), run.total, run.under_review);
        said(self) == said(other) && self.status == other.status
    }

    /// The total that ranks it: that of a run without a status.
    pub fn clean_total(&self) -> Option<Hundredths> {
        self.total.filter(|_| self.status.is_none())
    }
}

/// What only the export knows of a row: live data never changes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Exported {
    /// `Rnk`: the rank in this race alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<u32>,
    /// `CatRnk`: the same within the category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_rank: Option<u32>,
    /// `TotalRnk`: the rank by the better of two runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_rank: Option<u32>,
    /// `TotalCatRnk`: the same within the category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_category_rank: Option<u32>,
    /// `NrFLT` of a kayak cross: gates that were missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faults: Option<u32>,
    /// `HeatNr` of a row of heats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heat: Option<u32>,
    /// Order of arrival in the heat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heat_place: Option<u32>,
    /// `Qualified` of a kayak cross, such as `Q`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualified: Option<String>,
}

/// A start row of a race with its run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Never public.
    pub participant_id: ParticipantId,
    /// On the vest.
    pub bib: Option<Bib>,
    /// Place in the start order.
    pub start_order: Option<u32>,
    /// Scheduled start as time of day.
    pub start_time: Option<String>,
    /// The category that the row is in, where it is another one than the participant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cat_id: Option<CatId>,
    /// Whether live data made this row; it then stays until an export has its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub added_live: bool,
    /// What came of it.
    pub run: Run,
    /// What the last export said beside.
    #[serde(default)]
    pub exported: Exported,
    /// Whether time, penalty, total and status are those of the last export, to which its ranks belong.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_exported: bool,
    /// What the last export says of the run and is shown once live data is old enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Run>,
    /// What live data last said of it, if it ever did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveMark>,
    /// The rank that live data last gave it in a kayak cross.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_rank: Option<u32>,
}

impl Row {
    /// A row for somebody who races without standing in the export's start list.
    pub fn without_start(participant_id: ParticipantId, bib: Option<Bib>) -> Self {
        Self {
            participant_id,
            bib,
            start_order: None,
            start_time: None,
            cat_id: None,
            added_live: true,
            run: Run::default(),
            exported: Exported::default(),
            as_exported: false,
            waiting: None,
            live: None,
            live_rank: None,
        }
    }
}
