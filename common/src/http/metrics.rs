//! Prometheus metrics: what every HTTP service counts, and the listener that shows them.

use std::time::{Duration, Instant};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use http::header;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder};

use super::ApiError;

/// What is counted of requests.
#[derive(Clone)]
pub struct HttpMetrics {
    /// `http_requests_total{method,route,status}`: answered requests.
    requests: IntCounterVec,
    /// `http_request_seconds{route}`: from the head of the request to the head of the answer.
    seconds: HistogramVec,
}

impl HttpMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    ///
    /// When the registry holds metrics of these names already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let buckets = vec![
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0,
        ];
        let metrics = Self {
            requests: IntCounterVec::new(
                Opts::new("http_requests_total", "Answered requests."),
                &["method", "route", "status"],
            )?,
            seconds: HistogramVec::new(
                HistogramOpts::new("http_request_seconds", "Time to the head of the answer.")
                    .buckets(buckets),
                &["route"],
            )?,
        };
        registry.register(Box::new(metrics.requests.clone()))?;
        registry.register(Box::new(metrics.seconds.clone()))?;
        Ok(metrics)
    }

    /// Counts a request that no router has seen.
    pub fn count(&self, method: &str, route: &str, status: &str, took: Duration) {
        let labels = [method, route, status];
        self.requests.with_label_values(&labels).inc();
        let seconds = self.seconds.with_label_values(&[route]);
        seconds.observe(took.as_secs_f64());
    }

    /// Counts every request of `router`.
    pub fn layer(self, router: Router) -> Router {
        router.layer(from_fn_with_state(self, count))
    }
}

async fn count(State(metrics): State<HttpMetrics>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = known_method(request.method());
    let matched = request.extensions().get::<MatchedPath>();
    // A path that no route has must not become a label: there are as many as attackers like.
    let route = matched.map_or("unknown", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let status = response.status();
    metrics.count(method, &route, status.as_str(), started.elapsed());
    response
}

fn known_method(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// `/metrics` in Prometheus's text format.
pub fn routes(registry: Registry) -> Router {
    Router::new()
        .route("/metrics", get(show))
        .with_state(registry)
}

async fn show(State(registry): State<Registry>) -> Result<Response, ApiError> {
    let text = TextEncoder::new()
        .encode_to_string(&registry.gather())
        .map_err(|error| ApiError::Internal(error.to_string()))?;
    let content_type = [(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)];
    Ok((content_type, text).into_response())
}
