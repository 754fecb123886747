//! The WebSocket gateway: public reads, and one room for each event that somebody watches here.
//!
//! Everything in it can be rebuilt from Redis. A change comes in by the feed, goes through the
//! event's `room`, becomes a `websocket` message that is encoded once, and each `shard` writes its bytes to
//! those of the room's sockets that are its own. Spectators come in by the `entrance`.

mod answers;
mod config;
mod due;
mod entrance;
mod images;
mod metrics;
mod page;
mod room;
mod routes;
mod shard;
mod state;
pub mod websocket;

use std::{future::Future, num::NonZeroUsize, time::Duration};

use common::{
    config::SecretError,
    descriptors::Sockets,
    http::{HttpMetrics, Readiness, health, layers, listener, metrics as metrics_http, server},
    store::{Feed, Store, StoreError},
};
use prometheus::Registry;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use answers::Answers;
pub use config::Config;
use entrance::Entrance;
use metrics::Metrics;
use room::hub::Hub;
use shard::{Listening, Shards};
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

/// Threads that write to spectators.
fn workers(config: &Config) -> NonZeroUsize {
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    config.workers.unwrap_or_else(cores)
}

/// Time beyond the drain in which the last connections may say goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

/// Serves until `shutdown`. Then it is not ready, serves on until the load balancer has seen that, sends spectators
/// elsewhere, and ends.
pub async fn run(mut config: Config, shutdown: impl Future<Output = ()>) -> Result<(), StartError> {
    let sockets = Sockets::that_fit(Sockets {
        http: config.common.max_sockets,
        spectators: config.max_connections,
    })?;
    config.max_connections = sockets.spectators;
    let store = Store::new(&config.common.store()?)?;
    // Random, so that no process ever takes over the leases of another one.
    let process = format!("{:016x}", rand::random::<u64>());
    let feed = Feed::start(store.clone(), &process, config.common.without.feed());
    let registry = Registry::new();
    let http_metrics = HttpMetrics::register(&registry)?;
    let metrics = Metrics::register(&registry, feed.clone())?;
    let answers = Answers::new(store.clone(), config.room().limits);
    let stores = (store.clone(), answers.clone());
    let prepared = Shards::prepare(workers(&config))?;
    let shards = prepared.shards().clone();
    let hub = Hub::new(
        stores,
        feed,
        shards.clone(),
        process,
        &config,
        metrics.clone(),
    );
    let readiness = Readiness::new(store.clone());

    let listeners = listener::listen_widely(config.listen, config.accept_queue.get())?;
    if let Some(listener) = listeners.first() {
        info!(address = %listener.local_addr()?, "listening");
    }
    let router = routes::router(App::new(store, answers, hub.clone(), shards));
    let router = layers::finish(router.merge(health::routes(readiness.clone())));
    let router = routes::open_to_all(router);
    let router = http_metrics.clone().layer(router);
    let stop = CancellationToken::new();
    let mut limits = config.common.server_limits();
    limits.sockets = sockets.http;
    let server = server::Server::new(router, limits, stop.clone());
    let listening = Listening {
        listeners,
        places: server.places().clone(),
    };
    let entrance = Entrance::new(hub.clone(), server.clone(), http_metrics);
    let door = || Box::new(entrance.clone()) as Box<dyn shard::Door>;
    let running = prepared.start(listening, door, config.shard(), &metrics)?;
    if let Some(address) = config.common.metrics_listen {
        let metrics = listener::listen(address)?;
        let router = layers::finish(metrics_http::routes(registry));
        tokio::spawn(server::serve(metrics, router, limits, stop.clone()));
    }

    shutdown.await;
    readiness.start_draining();
    tokio::time::sleep(Duration::from_secs(config.drain_delay_seconds)).await;
    readiness.stop_serving();
    let drain = Duration::from_secs(config.drain_seconds);
    // The last fifth is for the last goodbyes, so that the process has ended after the drain.
    if tokio::time::timeout(drain + GOODBYE, hub.drain(drain.mul_f64(0.8)))
        .await
        .is_err()
    {
        warn!("some connections did not say goodbye in time");
    }
    stop.cancel();
    running.stop().await;
    server.finish().await;
    info!("stopped");
    Ok(())
}
