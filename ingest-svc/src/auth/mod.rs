//! Who sent a request, as extractors that come before the body is read.

mod api_key;
mod attempts;
mod master_key;

use std::time::Duration;

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use common::{
    domain::{EventId, EventRecord},
    http::ApiError,
    store::{Store, StoreError},
};
use jiff::{Timestamp, tz::TimeZone};
use moka::sync::Cache;
use tracing::warn;

pub use api_key::ApiKeys;
pub use attempts::Attempts;
pub use master_key::MasterKeys;

use crate::{memory::Known, state::App};

const SECRET_RETRY: Duration = Duration::from_millis(500);

/// What the service was started with to tell friend from stranger.
pub struct Credentials {
    master: MasterKeys,
    key_secret: Option<String>,
}

impl Credentials {
    /// Admin passwords (none: everyone is admin) and the secret of the API keys (none: development
    /// mode makes one up).
    pub fn new(master_passwords: &[String], key_secret: Option<String>) -> Self {
        Self {
            master: MasterKeys::new(master_passwords),
            key_secret,
        }
    }

    /// The derivation of API keys. Without a secret of our own it waits for Redis, which keeps the
    /// one of development mode.
    pub async fn api_keys(&self, store: &Store) -> ApiKeys {
        if let Some(secret) = &self.key_secret {
            return ApiKeys::new(secret);
        }
        loop {
            match store.dev_secret().await {
                Ok(secret) => return ApiKeys::new(&secret),
                Err(error) => warn!(%error, "waiting for redis to keep the key secret"),
            }
            tokio::time::sleep(SECRET_RETRY).await;
        }
    }
}

/// The sender is an administrator.
pub struct Admin;

impl FromRequestParts<App> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if app.credentials.master.is_open() {
            return Ok(Self);
        }
        let client = app.admin_attempts.client(parts);
        // Passwords can be guessed, so somebody who guesses is not even told when right.
        app.admin_attempts.check(client)?;
        let given = parts.headers.get("x-master-key");
        if given.is_some_and(|given| app.credentials.master.fits(given.as_bytes())) {
            return Ok(Self);
        }
        app.admin_attempts.count_failure(client);
        app.metrics.auth_failures.inc();
        let text = "send an admin password in the X-Master-Key header";
        Err(ApiError::Unauthorized(text.to_owned()))
    }
}

/// The sender is an administrator, and the event that the path names exists.
pub struct AdminOf(pub EventRecord);

impl FromRequestParts<App> for AdminOf {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Admin::from_request_parts(parts, app).await?;
        let event_id = event_in_path(parts, app).await?;
        Ok(Self(app.store.record(&event_id).await?))
    }
}

/// The sender has the key of an event, which stood like that a moment ago.
pub struct KeyHolder(pub Known);

/// The sender has the key of an event, by what this process remembers of it: the commit of what is
/// pushed finds out whether it is still true.
pub struct Pusher(pub Known);

/// Which event each key opened when it was last used. Whether it still does is always asked.
pub type EventsOfKeys = Cache<String, EventId>;

impl FromRequestParts<App> for KeyHolder {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let result = check_key(parts, app, false).await;
        count_failures(result, parts, app).map(Self)
    }
}

impl FromRequestParts<App> for Pusher {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let result = check_key(parts, app, true).await;
        count_failures(result, parts, app).map(Self)
    }
}

fn count_failures(
    result: Result<Known, ApiError>,
    parts: &Parts,
    app: &App,
) -> Result<Known, ApiError> {
    if let Err(ApiError::Unauthorized(_)) = result {
        let client = app.key_attempts.client(parts);
        app.metrics.auth_failures.inc();
        app.key_attempts.check(client)?;
        app.key_attempts.count_failure(client);
    }
    result
}

/// The event in a path; a name that no event can have is not found.
pub async fn event_in_path(parts: &mut Parts, app: &App) -> Result<EventId, ApiError> {
    let Path(name) = Path::<String>::from_request_parts(parts, app)
        .await
        .map_err(|_| ApiError::from(StoreError::NoEvent))?;
    EventId::parse(&name).map_err(|_| StoreError::NoEvent.into())
}

async fn check_key(parts: &Parts, app: &App, by_memory: bool) -> Result<Known, ApiError> {
    let given = parts.headers.get("x-api-key").ok_or_else(|| {
        ApiError::Unauthorized("send the event's API key in the X-API-Key header".to_owned())
    })?;
    let key = given
        .to_str()
        .ok()
        .filter(|key| ApiKeys::is_well_formed(key));
    let key = key.ok_or_else(wrong_key)?;
    let known = find_event(key, app, by_memory).await?;
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    known
        .record()
        .key
        .window
        .check(today)
        .map_err(|outside| ApiError::Unauthorized(outside.to_string()))?;
    Ok(known)
}

/// The answer to a key that opens nothing.
pub fn wrong_key() -> ApiError {
    ApiError::Unauthorized("the X-API-Key header opens no event".to_owned())
}

async fn find_event(key: &str, app: &App, by_memory: bool) -> Result<Known, ApiError> {
    let digest = ApiKeys::digest(key);
    if let Some(event_id) = app.events_of_keys.get(&digest) {
        let remembered = app.memory.of(&event_id).filter(|_| by_memory);
        let fitting = remembered.filter(|known| app.keys.fits(key, known.record()));
        if let Some(known) = fitting {
            return Ok(known);
        }
        if let Some(known) = read_if_fits(key, &event_id, app).await? {
            return Ok(known);
        }
        app.events_of_keys.invalidate(&digest);
    }
    let event_id = app.store.event_of_key(&digest).await?;
    let event_id = event_id.ok_or_else(wrong_key)?;
    let Some(known) = read_if_fits(key, &event_id, app).await? else {
        app.store.forget_key(&digest).await?;
        return Err(wrong_key());
    };
    app.events_of_keys.insert(digest, event_id);
    Ok(known)
}

/// Nothing when the event is gone, or has another key.
async fn read_if_fits(key: &str, event_id: &EventId, app: &App) -> Result<Option<Known>, ApiError> {
    match Known::read(&app.store, event_id).await {
        Ok(known) if app.keys.fits(key, known.record()) => Ok(Some(known)),
        Ok(_) | Err(StoreError::NoEvent) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
