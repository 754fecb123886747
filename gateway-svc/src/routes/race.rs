//! `GET /events/{eventId}/startlist/{raceId}` and `GET /events/{eventId}/results/{raceId}`, the latter also as CSV.

#![expect(
    unused_qualifications,
    reason = "the description's macro writes paths of its own"
)]

use axum::{
    extract::State,
    http::{HeaderMap, Uri, header},
    response::Response,
};
use common::{
    domain::{CatId, EventId, RaceId},
    http::{
        ApiError,
        documented::{AnyCall, NamedCall, QueryCall},
        extract::{Path, query},
    },
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::{NotModified, answer};
use crate::{
    answers::{
        Resource,
        csv::Separator,
        shapes::{ResultsAnswer, ResultsOf, StartlistAnswer},
    },
    state::App,
};

/// Longer than the id of any age category.
const CAT_ID_BYTES_MAX: usize = 64;
const CSV_SUFFIX: &str = ".csv";

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
    /// Refused, with the address of the other format.
    #[param(ignore)]
    format: Option<String>,
}

/// What a client may ask of a list for spreadsheets.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct CsvQuery {
    /// One age category, by its ranks.
    cat_id: Option<CatId>,
    /// What stands between two fields: `,` or `;`.
    #[param(example = ";")]
    sep: Option<String>,
    /// Taken for clients that send it with every read of results.
    #[serde(rename = "detailed")]
    #[param(ignore)]
    _detailed: Option<String>,
    /// Refused, as in the other format.
    #[param(ignore)]
    format: Option<String>,
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
/// Of best-run races it is the combination of both runs, whichever is asked for. `Accept: text/csv` answers as
/// `….csv` does.
#[utoipa::path(
    get,
    path = "/{eventId}/results/{raceId}",
    operation_id = "readResults",
    tag = "public",
    params(("eventId" = EventId, Path), ("raceId" = RaceId, Path), ResultsQuery),
    responses(
        (status = 200, description = "The list in its order", content((ResultsAnswer = "application/json"), (String = "text/csv"))),
        NotModified, QueryCall, NamedCall, AnyCall,
    )
)]
pub async fn show_results(
    State(app): State<App>,
    Path((event, race)): Path<(String, String)>,
    uri: Uri,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(race) = race.strip_suffix(CSV_SUFFIX) {
        return answer_csv(&app, &event, race, query(&uri)?, &asked).await;
    }
    if wants_csv(&asked) {
        return answer_csv(&app, &event, &race, query(&uri)?, &asked).await;
    }
    let query: ResultsQuery = query(&uri)?;
    check_format(query.format.as_deref(), &event, &race)?;
    let detailed = match query.detailed.as_deref() {
        Some("true" | "1") => true,
        None | Some("false" | "0" | "") => false,
        Some(_) => return Err(ApiError::Invalid("detailed: true or false".to_owned())),
    };
    let results = Resource::Results(ResultsOf {
        race_id: RaceId::new(race),
        cat_id: checked(query.cat_id)?,
        detailed,
    });
    answer(&app, &event, results, &asked).await
}

/// Read the results of a race for a spreadsheet
///
/// The same list in the same order: UTF-8 with a byte order mark, RFC 4180, times in seconds.
#[utoipa::path(
    get,
    path = "/{eventId}/results/{raceId}.csv",
    operation_id = "readResultsCsv",
    tag = "public",
    params(("eventId" = EventId, Path), ("raceId" = RaceId, Path), CsvQuery),
    responses((status = 200, description = "The list in its order", body = String, content_type = "text/csv"), NotModified, QueryCall, NamedCall, AnyCall)
)]
async fn answer_csv(
    app: &App,
    event: &str,
    race: &str,
    query: CsvQuery,
    asked: &HeaderMap,
) -> Result<Response, ApiError> {
    check_format(query.format.as_deref(), event, race)?;
    let separator = match query.sep.as_deref() {
        None | Some("," | "") => Separator::Comma,
        Some(";") => Separator::Semicolon,
        Some(_) => return Err(ApiError::Invalid("sep: , or ;".to_owned())),
    };
    let of = ResultsOf {
        race_id: RaceId::new(race),
        cat_id: checked(query.cat_id)?,
        detailed: false,
    };
    answer(app, event, Resource::Csv(of, separator), asked).await
}

/// The description of the address for spreadsheets, which shares its handler with the other one.
pub fn describe_csv(api: &mut utoipa::openapi::OpenApi) {
    use utoipa::Path as _;
    let path = format!("/api/v1/events{}", __path_answer_csv::path());
    let methods = __path_answer_csv::methods();
    api.paths
        .add_path_operation(path, methods, __path_answer_csv::operation());
}

/// Formats have addresses, which caches can tell apart.
fn check_format(format: Option<&str>, event: &str, race: &str) -> Result<(), ApiError> {
    match format {
        None => Ok(()),
        Some(_) => Err(ApiError::Invalid(format!(
            "format: ask for /api/v1/events/{event}/results/{race}{CSV_SUFFIX} instead"
        ))),
    }
}

/// Whether CSV is asked for by name, and not JSON.
fn wants_csv(asked: &HeaderMap) -> bool {
    let accepted = asked.get_all(header::ACCEPT).into_iter();
    let accepted: Vec<&str> = accepted.filter_map(|value| value.to_str().ok()).collect();
    let named = |name: &str| accepted.iter().any(|value| value.contains(name));
    named("text/csv") && !named("text/csv;q=0,") && !named("application/json")
}

/// Answers are made by what was asked for, which must not be as long as a client likes.
fn checked(cat_id: Option<CatId>) -> Result<Option<CatId>, ApiError> {
    let is_over = |id: &CatId| id.as_str().len() > CAT_ID_BYTES_MAX;
    if cat_id.as_ref().is_some_and(is_over) {
        let text = format!("catId: longer than {CAT_ID_BYTES_MAX} bytes");
        return Err(ApiError::Invalid(text));
    }
    Ok(cat_id)
}
