//! The paths of the service, all in one place.

mod config;
mod event_body;
mod events;
mod on_course;
mod results;
mod status;
mod xml;

pub use on_course::Flushes;

use axum::{
    Router,
    routing::{delete, get, patch, post},
};

use common::{
    domain::{DataKind, EventRecord},
    http::server::ReceivedAt,
};

use crate::{change::Target, state::App};

/// Everything under `/api/v1/admin` and `/api/v1/ingest`.
pub fn router(app: App) -> Router {
    let admin = Router::new()
        .route("/events", get(events::list).post(events::create))
        .route(
            "/events/{event_id}",
            delete(events::remove).patch(events::edit),
        )
        .route("/events/{event_id}/rotate-key", post(events::rotate_key))
        .route("/events/{event_id}/status", patch(status::set))
        .route(
            "/events/{event_id}/config",
            get(config::get).patch(config::set),
        );
    let ingest = Router::new()
        .route("/xml", post(xml::push))
        .route("/results", post(results::push))
        .route("/oncourse", post(on_course::push));
    Router::new()
        .nest("/api/v1/admin", admin)
        .nest("/api/v1/ingest", ingest)
        .with_state(app)
}

/// The target of an ingest call, with the state guard checked again inside the commit.
fn ingest_target(record: &EventRecord, kind: DataKind, ReceivedAt(received): ReceivedAt) -> Target {
    Target {
        event_id: record.event_id.clone(),
        incarnation: record.incarnation.clone(),
        what: kind.as_str(),
        states: Some(kind.accepted_in()),
        received,
    }
}
