//! The WebSocket gateway: public reads, and one room for each event that somebody watches here.
//!
//! Everything in it can be rebuilt from Redis. A change comes in by the feed, goes through the
//! event's `room`, is encoded once, and its bytes are shared by all `connection`s of the room.

mod answers;
mod config;
mod connection;
mod metrics;
mod room;
mod routes;
mod state;

use std::{future::Future, time::Duration};

use common::{
    config::SecretError,
    http::{HttpMetrics, Readiness, health, layers, listener, metrics as metrics_http, server},
    store::{Feed, Store, StoreError},
};
use prometheus::Registry;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use answers::Answers;
pub use config::Config;
use metrics::Metrics;
use room::hub::Hub;
use state::App;

/// Why the gateway can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port can't be listened on.
    #[error("can't listen: {0}")]
    Listen(#[from] std::io::Error),
    /// A secret file can't be read.
    #[error("{0}")]
    Secret(#[from] SecretError),
    /// The Redis URL makes no sense.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A metric is registered twice.
    #[error("{0}")]
    Metrics(#[from] prometheus::Error),
}

/// The description of this service's calls.
pub fn api_document() -> utoipa::openapi::OpenApi {
    routes::described().into_openapi()
}

/// Time beyond the drain in which the last connections may say goodbye.
const GOODBYE: Duration = Duration::from_secs(3);

/// Serves until `shutdown`, then sends spectators elsewhere and ends.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), StartError> {
    let store = Store::new(&config.common.store()?)?;
    // Random, so that no process ever takes over the leases of another one.
    let process = format!("{:016x}", rand::random::<u64>());
    let feed = Feed::start(store.clone(), &process, config.common.without.feed());
    let registry = Registry::new();
    let http_metrics = HttpMetrics::register(&registry)?;
    let metrics = Metrics::register(&registry, feed.clone())?;
    let answers = Answers::new(store.clone());
    let stores = (store.clone(), answers.clone());
    let hub = Hub::new(stores, feed, process, &config, metrics);
    let readiness = Readiness::new(store.clone());

    let public = listener::listen(config.listen)?;
    info!(address = %public.local_addr()?, "listening");
    let router = routes::router(App::new(store, answers, hub.clone()));
    let router = layers::finish(router.merge(health::routes(readiness.clone())));
    let router = http_metrics.layer(router);
    let stop = CancellationToken::new();
    let limits = server::ServerLimits {
        sockets: config.common.max_sockets,
        header_time: config.common.read_timeout(),
    };
    let serving = tokio::spawn(server::serve(public, router, limits, stop.clone()));
    if let Some(address) = config.common.metrics_listen {
        let metrics = listener::listen(address)?;
        let router = layers::finish(metrics_http::routes(registry));
        tokio::spawn(server::serve(metrics, router, limits, stop.clone()));
    }

    shutdown.await;
    readiness.start_draining();
    let drain = Duration::from_secs(config.drain_seconds);
    if tokio::time::timeout(drain + GOODBYE, hub.drain(drain))
        .await
        .is_err()
    {
        warn!("some connections did not say goodbye in time");
    }
    stop.cancel();
    if let Err(error) = serving.await {
        warn!(%error, "the server ended badly");
    }
    info!("stopped");
    Ok(())
}
