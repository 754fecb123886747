//! The ingest and admin service: takes what administrators and timing crews push, computes what it
//! changes, and commits that to Redis in one atomic step, which also tells the gateways.
//!
//! It keeps nothing: any process takes any request. The way of a request: `auth` says who sent it,
//! `routes` take it, [`bodies`] read and check it, `change` reads the event, plans and commits, again if
//! another process was faster.

mod auth;
pub mod bodies;
mod change;
mod config;
mod keeper;
mod memory;
mod metrics;
mod routes;
mod state;

use std::{future::Future, time::Duration};

use common::{
    descriptors::Sockets,
    http::{HttpMetrics, Readiness, health, layers, listener, metrics as metrics_http, server},
    store::{Store, StoreError},
};
use prometheus::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use config::Config;
use state::App;

/// Why the service can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is not safe or not complete.
    #[error("{0}")]
    Config(#[from] config::ConfigError),
    /// A port can't be listened on.
    #[error("can't listen: {0}")]
    Listen(#[from] std::io::Error),
    /// The Redis URL makes no sense.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A metric is registered twice.
    #[error("{0}")]
    Metrics(#[from] prometheus::Error),
}

/// The description of this service's calls.
pub fn api_document() -> utoipa::openapi::OpenApi {
    routes::router().into_openapi()
}

/// Serves until `shutdown`, then finishes what is in flight.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), StartError> {
    let credentials = config.credentials()?;
    let sockets = Sockets::that_fit(Sockets {
        http: config.common.max_sockets,
        spectators: 0,
    })?;
    let store = Store::new(&config.common.store().map_err(config::ConfigError::from)?)?;
    let keys = credentials.api_keys(&store).await;
    let registry = Registry::new();
    let http_metrics = HttpMetrics::register(&registry)?;
    let readiness = Readiness::of_writer(store.clone());
    let app = App::new(&config, store, credentials, keys, &registry)?;

    let public = listener::listen(config.listen)?;
    info!(address = %public.local_addr()?, "listening");
    let (router, _) = routes::router().split_for_parts();
    let router = layers::in_time(router.with_state(app.clone()), config.answer_within());
    let router = router.merge(health::routes(readiness.clone()));
    let router = http_metrics.layer(layers::finish(router));
    let stop = CancellationToken::new();
    let mut limits = config.common.server_limits();
    limits.sockets = sockets.http;
    let serving = tokio::spawn(server::serve(public, router, limits, stop.clone()));
    if let Some(address) = config.common.metrics_listen {
        let metrics = listener::listen(address)?;
        serve_metrics(metrics, registry, limits, stop.clone());
    }
    tokio::spawn(repair_indexes(app));

    shutdown.await;
    readiness.start_draining();
    tokio::time::sleep(Duration::from_secs(config.drain_seconds)).await;
    stop.cancel();
    if let Err(error) = serving.await {
        warn!(%error, "the server ended badly");
    }
    info!("stopped");
    Ok(())
}

fn serve_metrics(
    listener: TcpListener,
    registry: Registry,
    limits: server::ServerLimits,
    stop: CancellationToken,
) {
    let router = layers::finish(metrics_http::routes(registry));
    tokio::spawn(server::serve(listener, router, limits, stop));
}

/// Indexes may lack an entry after a crash or a restore; every start makes them whole.
async fn repair_indexes(app: App) {
    let digest = |record: &_| app.keys.digest_of(record);
    match app.store.repair_indexes(digest).await {
        Ok(events) => info!(events, "indexes are whole"),
        Err(error) => warn!(%error, "indexes not checked"),
    }
}
