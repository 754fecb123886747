//! The paths of the service, all in one place.

mod config;
mod events;
mod on_course;
mod results;
mod status;
mod xml;

use common::{
    domain::{DataKind, EventId},
    http::server::ReceivedAt,
};
use tracing::info;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{bodies::rows::SkippedRows, change::Target, memory::Known, state::App};

/// Everything under `/api/v1/admin` and `/api/v1/ingest`, with its description.
pub fn router() -> OpenApiRouter<App> {
    let admin = OpenApiRouter::new()
        .routes(routes!(events::list, events::create))
        .routes(routes!(events::edit, events::remove))
        .routes(routes!(events::rotate_key))
        .routes(routes!(status::set))
        .routes(routes!(config::get, config::set));
    let ingest = OpenApiRouter::new()
        .routes(routes!(xml::push))
        .routes(routes!(results::push))
        .routes(routes!(on_course::push));
    OpenApiRouter::new()
        .nest("/api/v1/admin", admin)
        .nest("/api/v1/ingest", ingest)
}

/// The target of an ingest call, with the state guard checked again inside the commit.
fn ingest_target(known: Known, kind: DataKind, ReceivedAt(received): ReceivedAt) -> Target {
    let record = known.record();
    Target {
        event_id: record.event_id.clone(),
        incarnation: record.incarnation.clone(),
        what: kind.as_str(),
        states: Some(kind.accepted_in()),
        key_salt: Some(record.key.salt.clone()),
        known: Some(Box::new(known)),
        received,
    }
}

/// Counts and logs the rows of a push that were left out.
fn note_skipped(app: &App, kind: DataKind, event_id: &EventId, skipped: &SkippedRows) {
    let (count, what) = (skipped.count(), kind.as_str());
    if count > 0 {
        let counter = app.metrics.skipped_rows.with_label_values(&[what]);
        counter.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
        info!(event = %event_id, what, count, first = skipped.first(), "rows left out");
    }
}
