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
    auth::{ApiKeys, Attempts, Credentials, EventsOfKeys},
    keeper::Keeper,
    memory::Memory,
    metrics::Metrics,
};

/// Keys whose event is remembered.
const EVENTS_OF_KEYS_MAX: u64 = 10_000;

/// Shared by all requests; cheap to clone. Nothing in it is a copy of stored state that is relied on.
#[derive(Clone)]
pub struct App {
    /// The shared state.
    pub store: Store,
    /// Who may use the admin API.
    pub credentials: Arc<Credentials>,
    /// How API keys are derived.
    pub keys: Arc<ApiKeys>,
    /// Where to look first for the event of a key.
    pub events_of_keys: EventsOfKeys,
    /// Events as this process last knew them.
    pub memory: Memory,
    /// Does what is due of events.
    pub keeper: Keeper,
    /// Failed authentications of administrators by client address.
    pub admin_attempts: Arc<Attempts>,
    /// Failed authentications of operators, apart from the other: a bridge with an old key must not
    /// lock out the administrator who comes to its help.
    pub key_attempts: Arc<Attempts>,
    /// What bounds history and messages.
    pub limits: Limits,
    /// The bound of JSON bodies.
    pub json_limit: BodyLimit,
    /// The bound of bodies that may hold a picture.
    pub event_limit: BodyLimit,
    /// Bytes of XML in one import.
    pub xml_bytes_max: usize,
    /// Imports at once.
    pub imports: Arc<Semaphore>,
    /// How long a request may take from its body's end to its commit.
    pub request_timeout: Duration,
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
        let attempts = || {
            let per_minute = config.auth_failures_per_minute;
            Arc::new(Attempts::new(per_minute, config.trust_forwarded))
        };
        Ok(Self {
            store,
            credentials: Arc::new(credentials),
            keys: Arc::new(keys),
            events_of_keys: EventsOfKeys::new(EVENTS_OF_KEYS_MAX),
            memory: Memory::default(),
            keeper: Keeper::default(),
            admin_attempts: attempts(),
            key_attempts: attempts(),
            limits: config.history.limits(&config.common.without),
            json_limit: config.json_limit(),
            event_limit: config.event_limit(),
            xml_bytes_max: config.xml_bytes_max,
            imports: Arc::new(Semaphore::new(config.xml_imports_max)),
            request_timeout: config.request_timeout(),
            metrics: Metrics::register(registry)?,
        })
    }
}
