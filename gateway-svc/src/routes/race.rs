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
    domain::{CatId, ClassId, Competition, EventId, Race, RaceId},
    http::{
        ApiError,
        documented::{AnyCall, NamedCall},
    },
    protocol::{
        Mark, RaceSheet, Seq,
        result_view::ResultView,
        startlist::{StartView, startlist},
        views::RaceView,
    },
    store::Head,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::{NotModified, Resource, check_public, event_id, no_race, public_head};
use crate::state::App;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StartlistRace {
    race_id: RaceId,
    class_id: ClassId,
    start_time: Option<String>,
}

/// Who starts in a race.
#[derive(Serialize, ToSchema)]
pub struct StartlistAnswer {
    #[schema(value_type = u64)]
    seq: Seq,
    race: StartlistRace,
    startlist: Vec<StartView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ResultsRace {
    race_id: RaceId,
    class_id: ClassId,
    race_type: String,
    race_status: Option<u32>,
}

/// The result list of a race.
#[derive(Serialize, ToSchema)]
pub struct ResultsAnswer {
    #[schema(value_type = u64)]
    seq: Seq,
    race: ResultsRace,
    results: Vec<ResultView>,
}

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

impl ResultsQuery {
    fn is_detailed(&self) -> bool {
        matches!(self.detailed.as_deref(), Some("true" | "1"))
    }

    /// The category's rows by their rank in it, with or without detail.
    fn select(&self, results: Vec<ResultView>) -> Vec<ResultView> {
        let wanted = |row: &ResultView| self.cat_id.is_none() || row.cat_id == self.cat_id;
        let mut rows: Vec<ResultView> = results.into_iter().filter(wanted).collect();
        if self.cat_id.is_some() {
            rows.sort_by_key(|row| row.cat_rnk.unwrap_or(u32::MAX));
        }
        if !self.is_detailed() {
            for row in &mut rows {
                row.detail = None;
            }
        }
        rows
    }
}

/// The last change of something of a race, the race's own included.
fn seq_of(head: &Head, race_id: &RaceId, mark: fn(RaceId) -> Mark) -> Seq {
    let of = |mark: fn(RaceId) -> Mark| head.marks.seq(&mark(race_id.clone()));
    of(mark).max(of(Mark::Race))
}

/// A race as it was read, or the answer that the client has it already.
enum Read {
    Unchanged(Response),
    Race(Box<RaceRead>),
}

struct RaceRead {
    head: Head,
    competition: Competition,
    race: Race,
    seq: Seq,
}

/// Reads a race for a resource of it. Where the client has the present one, rows are not read.
async fn read(
    app: &App,
    (event, race): (String, String),
    asked: &HeaderMap,
    mark: fn(RaceId) -> Mark,
) -> Result<Read, ApiError> {
    let (event_id, race_id) = (event_id(&event)?, RaceId::new(race));
    let head = public_head(&app.store, &event_id).await?;
    let seq = seq_of(&head, &race_id, mark);
    let known = Resource {
        asked,
        head: &head,
        seq,
    };
    if let (Some(_), Some(unchanged)) = (head.structure.race(&race_id), known.unchanged()) {
        return Ok(Read::Unchanged(unchanged));
    }
    let read = app.store.race(&event_id, &race_id).await?;
    let (head, competition) = read.ok_or_else(|| no_race(&race_id))?;
    check_public(&head)?;
    let race = competition.structure.race(&race_id).cloned();
    Ok(Read::Race(Box::new(RaceRead {
        seq: seq_of(&head, &race_id, mark),
        race: race.ok_or_else(|| no_race(&race_id))?,
        head,
        competition,
    })))
}

impl RaceRead {
    fn answer(&self, asked: &HeaderMap, body: &impl Serialize) -> Result<Response, ApiError> {
        let (head, seq) = (&self.head, self.seq);
        Resource { asked, head, seq }.answer(body)
    }
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
    Path(path): Path<(String, String)>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    let read = match read(&app, path, &asked, Mark::Startlist).await? {
        Read::Unchanged(response) => return Ok(response),
        Read::Race(read) => read,
    };
    let race = &read.race;
    let list = || {
        let participants = read.competition.participants.get(&race.class_id)?;
        let rows = read.competition.rows.get(&race.race_id)?;
        Some(startlist(rows, participants))
    };
    let body = StartlistAnswer {
        seq: read.seq,
        race: StartlistRace {
            race_id: race.race_id.clone(),
            class_id: race.class_id.clone(),
            start_time: race.start_time.clone(),
        },
        startlist: list().unwrap_or_default(),
    };
    read.answer(&asked, &body)
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
    responses((status = 200, description = "The list in its order", body = ResultsAnswer), NotModified, NamedCall, AnyCall)
)]
pub async fn show_results(
    State(app): State<App>,
    Path(path): Path<(String, String)>,
    Query(query): Query<ResultsQuery>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    let read = match read(&app, path, &asked, Mark::Results).await? {
        Read::Unchanged(response) => return Ok(response),
        Read::Race(read) => read,
    };
    let race = RaceView::new(&read.race);
    let sheet = RaceSheet::of(&read.competition, &race.race_id);
    let body = ResultsAnswer {
        seq: read.seq,
        race: ResultsRace {
            race_id: race.race_id,
            class_id: race.class_id,
            race_type: race.race_type,
            race_status: race.race_status,
        },
        results: query.select(sheet.map_or_else(Vec::new, |sheet| sheet.results())),
    };
    read.answer(&asked, &body)
}
