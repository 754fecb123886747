//! The paths of the gateway, all in one place.

mod answer;
mod event;
pub mod events;
mod race;
mod ws;

use axum::{
    Router,
    http::{HeaderName, Method, header},
    routing::get,
};
use tower_http::{
    compression::CompressionLayer,
    cors::{Any, CorsLayer},
};

use crate::state::App;

/// Everything under `/api/v1/events`.
pub fn router(app: App) -> Router {
    let events = Router::new()
        .route("/", get(events::list))
        .route("/{event_id}", get(event::detail))
        .route("/{event_id}/categories", get(event::show_categories))
        .route("/{event_id}/oncourse", get(event::show_on_course))
        .route("/{event_id}/image", get(event::image))
        .route("/{event_id}/startlist/{race_id}", get(race::show_startlist))
        .route("/{event_id}/results/{race_id}", get(race::show_results))
        .route("/{event_id}/ws", get(ws::connect));
    Router::new()
        .nest("/api/v1/events", events)
        .with_state(app)
        .layer(CompressionLayer::new())
        .layer(open_to_all())
}

/// Scoreboards and federations' pages read from other origins.
fn open_to_all() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers([header::IF_NONE_MATCH])
        .expose_headers([
            header::ETAG,
            header::RETRY_AFTER,
            HeaderName::from_static("x-event-seq"),
            HeaderName::from_static("x-event-epoch"),
        ])
}
