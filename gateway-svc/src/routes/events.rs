//! `GET /events`

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use common::{
    hex::hex,
    http::{ApiError, documented::AnyCall},
    protocol::views::EventSummary,
    store::{Store, StoreError},
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::answer::{self, NotModified};
use crate::state::App;

/// How old the list may be.
const FRESH_FOR: Duration = Duration::from_secs(1);
const ETAG_DIGITS: usize = 16;

/// All public events.
#[derive(Serialize, ToSchema)]
pub struct EventsAnswer {
    events: Vec<EventSummary>,
}

/// The public list, read at most once a second whoever asks, and kept while Redis is away.
#[derive(Clone)]
pub struct EventList {
    store: Store,
    last: Arc<Mutex<Option<(Instant, List)>>>,
}

/// The encoded list.
#[derive(Clone)]
struct List {
    body: Bytes,
    /// Weak, since compression changes the bytes and not what they say.
    etag: String,
}

impl EventList {
    /// Not read yet.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            last: Arc::default(),
        }
    }

    /// The encoded list. Whoever comes while it is being read waits for the same answer.
    async fn get(&self) -> Result<List, StoreError> {
        let mut last = self.last.lock().await;
        if let Some((read_at, body)) = &*last
            && read_at.elapsed() < FRESH_FOR
        {
            return Ok(body.clone());
        }
        match (self.read().await, &*last) {
            (Ok(body), _) => {
                *last = Some((Instant::now(), body.clone()));
                Ok(body)
            }
            (Err(StoreError::Unavailable(_)), Some((_, body))) => {
                // Whoever waits behind this one must not try again at once, one after the other.
                let body = body.clone();
                *last = Some((Instant::now(), body.clone()));
                Ok(body)
            }
            (Err(error), _) => Err(error),
        }
    }

    async fn read(&self) -> Result<List, StoreError> {
        let ids = self.store.event_ids().await?;
        let records = self.store.records(&ids).await?;
        let public = records.iter().filter(|record| record.status.is_public());
        let mut events: Vec<EventSummary> = public.map(EventSummary::new).collect();
        events.sort_by(|a, b| {
            let newest_first = b.start_date.cmp(&a.start_date);
            newest_first.then_with(|| a.event_id.cmp(&b.event_id))
        });
        let body = serde_json::to_vec(&EventsAnswer { events }).map_err(StoreError::corrupt)?;
        let digest = hex(&Sha256::digest(&body));
        Ok(List {
            etag: format!("W/\"{}\"", &digest[..ETAG_DIGITS]),
            body: body.into(),
        })
    }
}

/// List the public events
///
/// Newest start date first, those without a date last; drafts are absent.
#[utoipa::path(
    get,
    path = "/",
    operation_id = "listEvents",
    tag = "public",
    responses((status = 200, description = "The list", body = EventsAnswer), NotModified, AnyCall)
)]
pub async fn list(State(app): State<App>, asked: HeaderMap) -> Result<Response, ApiError> {
    let list = app.events.get().await?;
    let headers = [
        (header::CACHE_CONTROL, answer::CACHE_CONTROL.to_owned()),
        (header::ETAG, list.etag.clone()),
    ];
    if answer::has(&asked, &list.etag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    Ok((headers, content_type, list.body).into_response())
}
