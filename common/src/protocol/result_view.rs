//! One line of a result list.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::views::GateView;
use crate::domain::{CatId, Hundredths, ResultStatus};

/// One line of a result list. Times are hundredths of a second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultView {
    /// Rank in the race; null when not ranked.
    #[schema(example = 2)]
    pub rnk: Option<u32>,
    /// Number on the vest.
    #[schema(example = 1)]
    pub bib: Option<u32>,
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
    /// Why there is no rank.
    pub status: Option<ResultStatus>,
    /// Only of best-run races.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = BestRunView)]
    pub best_run: Option<BestRunView>,
    /// Only in detailed answers.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ResultDetail)]
    pub detail: Option<ResultDetail>,
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
    pub prev_status: Option<ResultStatus>,
    /// Status of run 2, or of the only one.
    pub curr_status: Option<ResultStatus>,
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
