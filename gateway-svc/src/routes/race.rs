//! `GET /events/{eventId}/startlist/{raceId}` and `GET /events/{eventId}/results/{raceId}`

use axum::{
    extract::{Path, Query, State},
    http::HeaderMap,
    response::Response,
};
use common::{
    domain::{CatId, RaceId},
    http::ApiError,
    protocol::{
        Mark, RaceSheet, Seq,
        result_view::ResultView,
        views::{RaceView, StartView, startlist},
    },
    store::Head,
};
use serde::{Deserialize, Serialize};

use super::answer::{Resource, check_public, event_id, no_race, public_head};
use crate::state::App;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StartlistRace {
    race_id: RaceId,
    class_id: common::domain::ClassId,
    start_time: Option<String>,
}

#[derive(Serialize)]
struct StartlistBody {
    seq: Seq,
    race: StartlistRace,
    startlist: Vec<StartView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultsRace {
    race_id: RaceId,
    class_id: common::domain::ClassId,
    race_type: String,
    race_status: Option<u32>,
}

#[derive(Serialize)]
struct ResultsBody {
    seq: Seq,
    race: ResultsRace,
    results: Vec<ResultView>,
}

/// What a client may ask of results.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultsQuery {
    cat_id: Option<CatId>,
    detailed: Option<String>,
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

/// The starters of a race, by start order.
pub async fn show_startlist(
    State(app): State<App>,
    Path((event, race)): Path<(String, String)>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    let (event_id, race_id) = (event_id(&event)?, RaceId::new(race));
    let head = public_head(&app.store, &event_id).await?;
    let known = Resource {
        asked: &asked,
        head: &head,
        seq: seq_of(&head, &race_id, Mark::Startlist),
    };
    if let (Some(_), Some(unchanged)) = (head.structure.race(&race_id), known.unchanged()) {
        return Ok(unchanged);
    }
    let read = app.store.race(&event_id, &race_id).await?;
    let (head, competition) = read.ok_or_else(|| no_race(&race_id))?;
    check_public(&head)?;
    let race = competition
        .structure
        .race(&race_id)
        .ok_or_else(|| no_race(&race_id))?;
    let list = || {
        let participants = competition.participants.get(&race.class_id)?;
        Some(startlist(competition.rows.get(&race_id)?, participants))
    };
    let seq = seq_of(&head, &race_id, Mark::Startlist);
    let body = StartlistBody {
        seq,
        race: StartlistRace {
            race_id: race.race_id.clone(),
            class_id: race.class_id.clone(),
            start_time: race.start_time.clone(),
        },
        startlist: list().unwrap_or_default(),
    };
    let (asked, head) = (&asked, &head);
    Resource { asked, head, seq }.answer(&body)
}

/// The results of a race; of best-run races the combination of both runs.
pub async fn show_results(
    State(app): State<App>,
    Path((event, race)): Path<(String, String)>,
    Query(query): Query<ResultsQuery>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    let (event_id, race_id) = (event_id(&event)?, RaceId::new(race));
    let head = public_head(&app.store, &event_id).await?;
    let known = Resource {
        asked: &asked,
        head: &head,
        seq: seq_of(&head, &race_id, Mark::Results),
    };
    if let (Some(_), Some(unchanged)) = (head.structure.race(&race_id), known.unchanged()) {
        return Ok(unchanged);
    }
    let read = app.store.race(&event_id, &race_id).await?;
    let (head, competition) = read.ok_or_else(|| no_race(&race_id))?;
    check_public(&head)?;
    let race = competition
        .structure
        .race(&race_id)
        .ok_or_else(|| no_race(&race_id))?;
    let race = RaceView::new(race);
    let results = RaceSheet::of(&competition, &race_id);
    let seq = seq_of(&head, &race_id, Mark::Results);
    let body = ResultsBody {
        seq,
        race: ResultsRace {
            race_id: race.race_id,
            class_id: race.class_id,
            race_type: race.race_type,
            race_status: race.race_status,
        },
        results: query.select(results.map_or_else(Vec::new, |sheet| sheet.results())),
    };
    let (asked, head) = (&asked, &head);
    Resource { asked, head, seq }.answer(&body)
}
