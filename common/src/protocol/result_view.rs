//! One line of a result list.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::views::GateView;
use crate::domain::{CatId, Hundredths, RowId};

/// `DNS`, `DNF`, `DSQ`, `CAP`, `RAL`, or a code of letters as the timing software has it.
pub type StatusWord = Cow<'static, str>;

/// One line of a result list. Times are hundredths of a second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultView {
    /// Names the start in every message and read of the event; unique in its race.
    pub row_id: RowId,
    /// Rank in the race; null when not ranked.
    #[schema(example = 2)]
    pub rnk: Option<u32>,
    /// On the vest, if that is a number.
    #[schema(example = 1)]
    pub bib: Option<u32>,
    /// What is printed on the vest: a number, or a team's letter.
    #[schema(example = "1")]
    pub bib_text: Option<String>,
    /// The athlete's public number.
    #[schema(example = "10006")]
    pub athlete_id: Option<String>,
    /// `FAMILY Given`.
    #[schema(example = "VANĚK Matěj")]
    pub name: String,
    /// Club.
    #[schema(example = "TJ Dukla Praha")]
    pub club: Option<String>,
    /// Nation.
    #[schema(example = "CZE")]
    pub noc: Option<String>,
    /// Age category.
    pub cat_id: Option<CatId>,
    /// Rank in the category.
    #[schema(example = 1)]
    pub cat_rnk: Option<u32>,
    /// Time on the course; of run 2 where there are two.
    pub time: Option<Hundredths>,
    /// Penalties.
    pub pen: Option<Hundredths>,
    /// Time and penalties.
    pub total: Option<Hundredths>,
    /// `0.00` or `+1.23` s to the leader.
    #[schema(example = "+1.23")]
    pub total_behind: Option<String>,
    /// The same within the category.
    #[schema(example = "0.00")]
    pub cat_total_behind: Option<String>,
    /// Why there is no rank: `DNS`, `DNF`, `DSQ`, `CAP`, `RAL`, or a code as the timing software has it.
    #[schema(value_type = Option<String>, example = "DNF")]
    pub status: Option<StatusWord>,
    /// What only some rows have.
    #[serde(flatten)]
    pub further: Further,
    /// Only of best-run races.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = BestRunView)]
    pub best_run: Option<BestRunView>,
    /// Only in detailed answers.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ResultDetail)]
    pub detail: Option<ResultDetail>,
}

/// What only some rows have; absent otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Further {
    /// The timing software's own code, where `status` is only its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, nullable = false, example = "DSQ-R")]
    pub status_code: Option<StatusWord>,
    /// The judges are still at it; the rank stands until they are done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub under_review: bool,
    /// Number of the heat of a kayak cross.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 1)]
    pub heat: Option<u32>,
    /// Order of arrival in the heat.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 2)]
    pub heat_place: Option<u32>,
    /// Gates that were missed in a kayak cross; they count before time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 0)]
    pub faults: Option<u32>,
    /// That the boat goes on to the next round of a kayak cross, as the timing software writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Q")]
    pub qualified: Option<String>,
    /// Names of a team's members.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub members: Vec<String>,
}

/// What a best-run race adds: both runs come to one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BestRunView {
    /// 1 or 2; null when two runs exist and neither counts.
    #[schema(example = 2)]
    pub better_run_nr: Option<u8>,
    /// Total of the better run; what is ranked by.
    pub total_total: Option<Hundredths>,
    /// Time of run 1, when there are two.
    pub prev_time: Option<Hundredths>,
    /// Penalties of run 1.
    pub prev_pen: Option<Hundredths>,
    /// Total of run 1.
    pub prev_total: Option<Hundredths>,
    /// Rank in run 1 alone.
    pub prev_rnk: Option<u32>,
    /// Status of run 1.
    #[schema(value_type = Option<String>)]
    pub prev_status: Option<StatusWord>,
    /// Status of run 2, or of the only one.
    #[schema(value_type = Option<String>)]
    pub curr_status: Option<StatusWord>,
}

/// What `detailed=true` adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultDetail {
    /// Start as time of day.
    #[schema(example = "2026-06-20T14:02:10.000Z")]
    pub dt_start: Option<String>,
    /// Finish as time of day.
    pub dt_finish: Option<String>,
    /// Gates in order.
    #[schema(required = false)]
    pub gates: Vec<GateView>,
    /// Gates of the course; null when the course is not known.
    pub course_gate_count: Option<usize>,
    /// Only of best-run races.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = PrevDetail)]
    pub prev: Option<PrevDetail>,
}

/// What `detailed=true` adds of run 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrevDetail {
    /// Start as time of day.
    pub prev_dt_start: Option<String>,
    /// Finish as time of day.
    pub prev_dt_finish: Option<String>,
    /// Gates in order.
    #[schema(required = false)]
    pub prev_gates: Vec<GateView>,
}
