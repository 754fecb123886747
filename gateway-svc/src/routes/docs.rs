//! `GET /openapi.json` and `/docs`: the description of the whole API, also of what ingest serves.

use axum::{
    Router,
    http::{HeaderName, HeaderValue, header},
    response::IntoResponse,
    routing::get,
};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Generated from the code of both services; a test holds it against them.
const DOCUMENT: &str = include_str!("../../openapi.json");
const DOCUMENT_PATHS: [&str; 2] = ["/openapi.json", "/api/v1/openapi.json"];
/// The page brings all that it needs; its library sets styles by script.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'";

/// The description, and a page that shows it and lets one try calls.
pub fn router() -> Router {
    let page = |path: &'static str| {
        Router::from(SwaggerUi::new(path).config(Config::from(DOCUMENT_PATHS[0])))
    };
    let policy = HeaderValue::from_static(PAGE_POLICY);
    let pages =
        page("/docs")
            .merge(page("/api/v1/docs"))
            .layer(SetResponseHeaderLayer::if_not_present(
                header::CONTENT_SECURITY_POLICY,
                policy,
            ));
    DOCUMENT_PATHS
        .into_iter()
        .fold(pages, |router, path| router.route(path, get(document)))
}

async fn document() -> impl IntoResponse {
    const HEADERS: [(HeaderName, &str); 2] = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (HEADERS, DOCUMENT)
}
