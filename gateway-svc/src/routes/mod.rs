//! The paths of the gateway, all in one place.

mod event;
pub mod events;
mod ws;

use axum::{Router, routing::get};

use crate::state::App;

/// Everything under `/api/v1/events`.
pub fn router(app: App) -> Router {
    let events = Router::new()
        .route("/", get(events::list))
        .route("/{event_id}", get(event::detail))
        .route("/{event_id}/ws", get(ws::connect));
    Router::new().nest("/api/v1/events", events).with_state(app)
}
