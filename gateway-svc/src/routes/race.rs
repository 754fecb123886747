//! `GET /events/{eventId}/startlist/{raceId}` and `GET /events/{eventId}/results/{raceId}`

#![expect(
    unused_qualifications,
    reason = "the description's macro writes paths of its own"
)]

use axum::{
    extract::{Path, Query, State},
    http::HeaderMap,
    response::Response,
};
use common::{
    domain::{CatId, EventId, RaceId},
    http::{
        ApiError,
        documented::{AnyCall, NamedCall, QueryCall},
    },
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::{NotModified, answer};
use crate::{
    answers::{
        Resource,
        shapes::{ResultsAnswer, ResultsOf, StartlistAnswer},
    },
    state::App,
};

/// Longer than the id of any age category.
const CAT_ID_BYTES_MAX: usize = 64;

/// What a client may ask of results.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ResultsQuery {
    /// One age category, by its ranks; `rnk` and `totalBehind` stay overall.
    cat_id: Option<CatId>,
    /// `true` or `1` adds gates and times of day.
    detailed: Option<String>,
    /// Taken for clients that send it: best-run races always carry both runs.
    #[serde(rename = "includeAllRuns")]
    _include_all_runs: Option<String>,
}

/// Read the startlist of a race, by start order
#[utoipa::path(
    get,
    path = "/{eventId}/startlist/{raceId}",
    operation_id = "readStartlist",
    tag = "public",
    params(("eventId" = EventId, Path), ("raceId" = RaceId, Path)),
    responses((status = 200, description = "Who starts", body = StartlistAnswer), NotModified, NamedCall, AnyCall)
)]
pub async fn show_startlist(
    State(app): State<App>,
    Path((event, race)): Path<(String, String)>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    let startlist = Resource::Startlist(RaceId::new(race));
    answer(&app, &event, startlist, &asked).await
}

/// Read the results of a race
///
/// Of best-run races it is the combination of both runs, whichever is asked for.
#[utoipa::path(
    get,
    path = "/{eventId}/results/{raceId}",
    operation_id = "readResults",
    tag = "public",
    params(("eventId" = EventId, Path), ("raceId" = RaceId, Path), ResultsQuery),
    responses((status = 200, description = "The list in its order", body = ResultsAnswer), NotModified, QueryCall, NamedCall, AnyCall)
)]
pub async fn show_results(
    State(app): State<App>,
    Path((event, race)): Path<(String, String)>,
    Query(query): Query<ResultsQuery>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    // Answers are kept by what was asked for, which must not be as long as a client likes.
    if query
        .cat_id
        .as_ref()
        .is_some_and(|id| id.as_str().len() > CAT_ID_BYTES_MAX)
    {
        let text = format!("catId: longer than {CAT_ID_BYTES_MAX} bytes");
        return Err(ApiError::Invalid(text));
    }
    let results = Resource::Results(ResultsOf {
        race_id: RaceId::new(race),
        cat_id: query.cat_id,
        detailed: matches!(query.detailed.as_deref(), Some("true" | "1")),
    });
    answer(&app, &event, results, &asked).await
}
