//! What every request handler can reach.

use std::{sync::Arc, time::Duration};

use common::{
    http::body::BodyLimit,
    store::{Limits, Store},
};
use prometheus::Registry;
use tokio::sync::Semaphore;

use crate::{
    Config,
    auth::{ApiKeys, Attempts, Credentials},
    metrics::Metrics,
    routes::Flushes,
};

/// Shared by all requests; cheap to clone. Nothing in it is a copy of stored state.
#[derive(Clone)]
pub struct App {
    /// The shared state.
    pub store: Store,
    /// Who may use the admin API.
    pub credentials: Arc<Credentials>,
    /// How API keys are derived.
    pub keys: Arc<ApiKeys>,
    /// Failed authentications by client address.
    pub attempts: Arc<Attempts>,
    /// What bounds history and messages.
    pub limits: Limits,
    /// The bound of JSON bodies.
    pub json_limit: BodyLimit,
    /// Bytes of XML in one import.
    pub xml_bytes_max: usize,
    /// Imports at once.
    pub imports: Arc<Semaphore>,
    /// How long a request may take from its body's end to its commit.
    pub request_timeout: Duration,
    /// Events whose boats on the water wait to be shown by this process.
    pub flushes: Flushes,
    /// What is counted.
    pub metrics: Metrics,
}

impl App {
    /// Puts together what the handlers need.
    pub fn new(
        config: &Config,
        store: Store,
        credentials: Credentials,
        keys: ApiKeys,
        registry: &Registry,
    ) -> Result<Self, prometheus::Error> {
        Ok(Self {
            store,
            credentials: Arc::new(credentials),
            keys: Arc::new(keys),
            attempts: Arc::new(Attempts::new(
                config.auth_failures_per_minute,
                config.trust_forwarded,
            )),
            limits: config.history.limits(),
            json_limit: config.json_limit(),
            xml_bytes_max: config.xml_bytes_max,
            imports: Arc::new(Semaphore::new(config.xml_imports_max)),
            request_timeout: config.request_timeout(),
            flushes: Flushes::default(),
            metrics: Metrics::register(registry)?,
        })
    }
}
