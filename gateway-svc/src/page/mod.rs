//! The spectator page: a document, one script and one style sheet, served from memory.

mod assets;
mod modules;

use std::sync::LazyLock;

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use common::{domain::EventId, http::ApiError};

use assets::{Asset, Assets};

/// The page asks nobody but its own origin, and runs nothing but its own script.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
/// The name of an asset holds what it is, so it never changes.
const FOREVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

/// Built when somebody first asks: most gateways in tests are never asked.
static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::build);

/// The page's paths.
pub fn router() -> Router {
    Router::new()
        .route("/", get(list))
        .route("/events/{event_id}", get(event))
        .route("/assets/{version}/{name}", get(asset))
        .route("/manifest.webmanifest", get(manifest))
        .route("/service-worker.js", get(service_worker))
}

async fn list(asked: HeaderMap) -> Response {
    document(&asked, "")
}

async fn event(Path(event_id): Path<String>, asked: HeaderMap) -> Response {
    // What the script will ask for first is on its way before the script is.
    let preload = EventId::parse(&event_id).map_or_else(
        |_| String::new(),
        |id| {
            let path = format!("/api/v1/events/{id}");
            let link = |path: &str| {
                format!("<link rel=\"preload\" as=\"fetch\" crossorigin href=\"{path}\">\n")
            };
            link(&path) + &link(&format!("{path}/oncourse"))
        },
    );
    document(&asked, &preload)
}

fn document(asked: &HeaderMap, preload: &str) -> Response {
    let page = ASSETS.document.replace("{preload}", preload);
    let asset = Asset::plain("text/html; charset=utf-8", page.into_bytes());
    send(&asset, asked, ASK_AGAIN)
}

async fn manifest(asked: HeaderMap) -> Response {
    send(&ASSETS.manifest, &asked, ASK_AGAIN)
}

async fn service_worker(asked: HeaderMap) -> Response {
    send(&ASSETS.service_worker, &asked, ASK_AGAIN)
}

async fn asset(
    Path((version, name)): Path<(String, String)>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    let asset = ASSETS.named.get(name.as_str());
    let asset = asset.ok_or_else(|| ApiError::NotFound("there is no such file".to_owned()))?;
    // While gateways are being replaced, a page of another version asks for its own files: ours
    // are better than none, for now.
    let caching = if version == ASSETS.version {
        FOREVER
    } else {
        "no-store"
    };
    Ok(send(asset, &asked, caching))
}

fn send(asset: &Asset, asked: &HeaderMap, caching: &'static str) -> Response {
    let (coding, body) = asset.body(asked);
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    let mut response = (headers, body).into_response();
    if let Some(coding) = coding {
        let coding = HeaderValue::from_static(coding);
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, coding);
    }
    response
}
