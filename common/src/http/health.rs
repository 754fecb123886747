//! Liveness and readiness.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{Json, Router, extract::State, routing::get};
use serde_json::{Value, json};

use super::ApiError;
use crate::store::Store;

/// Whether the process should get requests.
#[derive(Clone)]
pub struct Readiness {
    store: Store,
    draining: Arc<AtomicBool>,
    leaving: Arc<AtomicBool>,
    writes: bool,
}

impl Readiness {
    /// Ready as long as `store` answers and nobody asked the process to stop.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            draining: Arc::default(),
            leaving: Arc::default(),
            writes: false,
        }
    }

    /// The same, for a process that writes: after a write has failed it is ready when one has succeeded.
    pub fn of_writer(store: Store) -> Self {
        Self {
            writes: true,
            ..Self::new(store)
        }
    }

    /// Says that the process is about to stop: it is not ready, but serves on.
    pub fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Says that the process serves nobody new any more.
    pub fn stop_serving(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Whether the process is about to stop.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    async fn check(&self) -> Result<(), ApiError> {
        if self.is_draining() {
            return Err(ApiError::Unavailable("draining".to_owned()));
        }
        if self.writes {
            return Ok(self.store.check_writable().await?);
        }
        Ok(self.store.ping().await?)
    }
}

/// `/health` (the process is alive), `/ready` (it can serve), and `/serving` (it takes newcomers,
/// whether or not Redis is there: for load balancers to fall back on while no process is ready).
pub fn routes(readiness: Readiness) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/serving", get(serving))
        .with_state(readiness)
}

async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

async fn serving(State(readiness): State<Readiness>) -> Result<Json<Value>, ApiError> {
    if readiness.leaving.load(Ordering::Relaxed) {
        return Err(ApiError::Unavailable("draining".to_owned()));
    }
    Ok(Json(json!({ "status": "ok" })))
}

async fn ready(State(readiness): State<Readiness>) -> Result<Json<Value>, ApiError> {
    readiness.check().await?;
    Ok(Json(json!({ "status": "ok" })))
}
