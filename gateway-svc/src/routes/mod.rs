//! The paths of the gateway, all in one place.

mod answer;
mod docs;
mod event;
pub mod events;
mod race;
mod ws;

pub use answer::accepts;

use axum::{
    Router,
    http::{HeaderName, Method, header},
};
use tower_http::{
    compression::CompressionLayer,
    cors::{Any, CorsLayer},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{page, state::App};

/// Everything that spectators and developers of clients read.
pub fn router(app: App) -> Router {
    let (events, _) = described().split_for_parts();
    events
        .with_state(app)
        .merge(docs::router())
        .merge(page::router())
        .layer(CompressionLayer::new())
        .layer(open_to_all())
}

/// Everything under `/api/v1/events`, with its description.
pub fn described() -> OpenApiRouter<App> {
    let events = OpenApiRouter::new()
        .routes(routes!(events::list))
        .routes(routes!(event::detail))
        .routes(routes!(event::show_categories))
        .routes(routes!(event::show_on_course))
        .routes(routes!(event::image))
        .routes(routes!(race::show_startlist))
        .routes(routes!(race::show_results))
        .routes(routes!(ws::connect));
    let mut described = OpenApiRouter::new().nest("/api/v1/events", events);
    race::describe_csv(described.get_openapi_mut());
    described
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
