//! A gateway of another version that answers while gateways are replaced.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, header},
    response::Response,
};
use serde_json::json;
use system_tests::{browser::Look, servers::own_address};

use super::kit::{Day, Page};

/// A load balancer that gives what is asked for by version to a gateway of another one.
#[derive(Clone)]
struct Balancer {
    gateway: String,
    is_rolling: Arc<AtomicBool>,
}

async fn pass(State(balancer): State<Balancer>, request: Request) -> Response {
    let path = request.uri().path_and_query().expect("a path").to_string();
    let answer = sim::http::get(format!("{}{path}", balancer.gateway)).await;
    let answer = answer.expect("the gateway answers");
    let mut response = Response::builder().status(answer.status());
    for name in [header::CONTENT_TYPE, header::CACHE_CONTROL] {
        if let Some(value) = answer.headers().get(&name) {
            response = response.header(name, value);
        }
    }
    let body = answer.bytes().await.expect("a body");
    let mut response = response.body(Body::from(body)).expect("a response");
    if path.starts_with("/assets/") && balancer.is_rolling.load(Ordering::Relaxed) {
        let other = HeaderValue::from_static("no-store");
        response.headers_mut().insert(header::CACHE_CONTROL, other);
    }
    response
}

/// How an installation of the service worker ends.
const INSTALL: &str = "navigator.serviceWorker.register('/service-worker.js').then((registration) => { \
    const worker = registration.installing ?? registration.waiting ?? registration.active; \
    const look = () => (['activated', 'redundant'].includes(worker.state) ? arguments[0](worker.state) : setTimeout(look, 20)); look(); })";
const KEPT: &str = "caches.keys().then((names) => Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).length))) \
    .then((counts) => arguments[0](counts.reduce((sum, count) => sum + count, 0)))";

#[tokio::test]
async fn files_of_another_version_are_not_kept_as_ours() {
    let day = Day::half_way().await;
    let is_rolling = Arc::new(AtomicBool::new(true));
    let balancer = Balancer {
        gateway: day.origin(),
        is_rolling: Arc::clone(&is_rolling),
    };
    let address = format!("{}:0", own_address());
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("its address"));
    let router = axum::Router::new().fallback(pass).with_state(balancer);
    tokio::spawn(async { axum::serve(listener, router).await });
    let page = Page::at(&origin, Look::PHONE).await;
    page.goto("/").await;
    page.wait("document.querySelector('.card')").await;
    assert_eq!(page.browser.run(INSTALL, vec![]).await, "redundant");
    assert_eq!(page.browser.run(KEPT, vec![]).await, json!(0));
    is_rolling.store(false, Ordering::Relaxed);
    assert_eq!(page.browser.run(INSTALL, vec![]).await, "activated");
    assert_eq!(page.browser.run(KEPT, vec![]).await, json!(4));
    page.close_after_cuts().await;
}
