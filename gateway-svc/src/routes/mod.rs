//! The paths of the gateway, all in one place.

mod answer;
mod docs;
mod event;
pub mod events;
mod race;
mod ws;

pub use answer::accepts;

use std::time::Duration;

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, Method, StatusCode, header},
    middleware::{Next, from_fn},
    response::Response,
};
use tower_http::{
    compression::CompressionLayer,
    cors::{AllowHeaders, Any, CorsLayer},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{page, state::App};

/// How long a browser need not ask again.
const PREFLIGHT_KEPT_FOR: Duration = Duration::from_secs(3600);

/// Everything that spectators and developers of clients read.
pub fn router(app: App) -> Router {
    let (events, _) = described().split_for_parts();
    events
        .with_state(app)
        .merge(docs::router())
        .merge(page::router())
        .layer(CompressionLayer::new())
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

/// Lets scoreboards and federations' pages read from other origins, with whatever headers their programs send.
/// The outermost layer: refusals are to be read, too.
pub fn open_to_all(router: Router) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers(AllowHeaders::mirror_request())
        .max_age(PREFLIGHT_KEPT_FOR)
        .expose_headers([
            header::ETAG,
            header::RETRY_AFTER,
            HeaderName::from_static("x-event-seq"),
            HeaderName::from_static("x-event-epoch"),
        ]);
    router.layer(cors).layer(from_fn(without_content))
}

/// A preflight that is allowed has no body (Fetch, 4.8).
async fn without_content(request: Request, next: Next) -> Response {
    let is_preflight = request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    if is_preflight && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    response
}
