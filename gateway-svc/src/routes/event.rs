//! `GET /events/{eventId}`

use axum::{
    extract::{Path, State},
    response::Response,
};
use common::{
    domain::EventId,
    http::ApiError,
    protocol::{
        Epoch, Mark, Seq,
        views::{ClassView, EventView, RaceWithResultsSeq, StructureView},
    },
    store::{Head, StoreError},
};
use serde::Serialize;

use super::events::json_body;
use crate::state::App;

#[derive(Serialize)]
struct EventDetail {
    seq: Seq,
    epoch: Epoch,
    event: EventView,
    classes: Vec<ClassView>,
    races: Vec<RaceWithResultsSeq>,
}

/// The event with its classes and races; 404 when there is no such public event.
pub async fn detail(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let event_id = EventId::parse(&name).map_err(|_| StoreError::NoEvent)?;
    let head = app.store.head(&event_id).await?;
    if !head.record.status.is_public() {
        return Err(StoreError::NoEvent.into());
    }
    let json = serde_json::to_vec(&EventDetail::new(head));
    let json = json.map_err(|error| ApiError::Internal(error.to_string()))?;
    Ok(json_body(json.into()))
}

impl EventDetail {
    fn new(head: Head) -> Self {
        let view = StructureView::new(&head.record, &head.structure, &[]);
        let with_results_seq = |race: common::protocol::views::RaceView| RaceWithResultsSeq {
            results_seq: head.marks.results_seq(&race.race_id),
            race,
        };
        let races: Vec<_> = view.races.into_iter().map(with_results_seq).collect();
        // The detail names the position of every race's results, so it changes with each of them.
        let results = races.iter().map(|race| race.results_seq).max();
        Self {
            seq: head.marks.seq(&Mark::Event).max(results.unwrap_or(0)),
            epoch: head.position.epoch,
            event: view.event,
            classes: view.classes,
            races,
        }
    }
}
