//! What every response of every service gets.

use std::time::{Duration, Instant};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{error, info, warn};

use super::{ApiError, error::Cause, unread};

/// Adds the fallbacks and layers that both services share: JSON for unknown paths and methods,
/// security headers, panics turned into answers, one log line for each failed request.
pub fn finish(router: Router) -> Router {
    router
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(unread::drain_refused))
        .layer(from_fn(security_headers))
        .layer(from_fn(log_failure))
}

/// Answers 503 when a request takes longer than `limit` from its arrival: whatever hangs, the caller does
/// not.
pub fn in_time(router: Router, limit: Duration) -> Router {
    router.layer(from_fn(move |request: Request, next: Next| async move {
        let answered = tokio::time::timeout(limit, next.run(request)).await;
        answered.unwrap_or_else(|_| {
            ApiError::Unavailable("the request took too long".to_owned()).into_response()
        })
    }))
}

async fn unknown_path(request: Request) -> ApiError {
    ApiError::NotFound(format!("there is nothing at {}", request.uri().path()))
}

async fn unknown_method() -> ApiError {
    ApiError::MethodNotAllowed
}

fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    ApiError::Internal(format!("panic: {}", text.unwrap_or_default())).into_response()
}

async fn security_headers(request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, &str); 3] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ];
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        let headers = response.headers_mut();
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

async fn log_failure(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or("-", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        let duration_ms = started.elapsed().as_millis();
        let cause = response.extensions().get::<Cause>();
        let cause = cause.map_or("", |cause| &cause.0);
        match status {
            StatusCode::INTERNAL_SERVER_ERROR => {
                error!(%method, route, %status, duration_ms, cause, "request failed");
            }
            status if status.is_server_error() => {
                warn!(%method, route, %status, duration_ms, cause, "request not served");
            }
            status => info!(%method, route, %status, duration_ms, "request refused"),
        }
    }
    response
}
