//! Answers of public reads: positions, `ETag` and 304.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use common::{
    domain::{EventId, RaceId},
    http::ApiError,
    protocol::Seq,
    store::{Head, Store, StoreError},
};
use serde::Serialize;
use utoipa::IntoResponses;

/// How long an answer may be used without asking again.
const CACHE_CONTROL: &str = "public, max-age=1";

/// The client's copy, which `If-None-Match` names by its `ETag`, is still good.
#[derive(IntoResponses)]
#[response(status = 304)]
pub struct NotModified;

/// The id in a path; a name that no event can have is not found.
pub fn event_id(name: &str) -> Result<EventId, ApiError> {
    EventId::parse(name).map_err(|_| StoreError::NoEvent.into())
}

/// The head of a public event; 404 for drafts.
pub async fn public_head(store: &Store, event_id: &EventId) -> Result<Head, ApiError> {
    let head = store.head(event_id).await?;
    check_public(&head)?;
    Ok(head)
}

/// Drafts are as good as absent.
pub fn check_public(head: &Head) -> Result<(), ApiError> {
    if head.record.status.is_public() {
        Ok(())
    } else {
        Err(StoreError::NoEvent.into())
    }
}

/// The error of a race that the event does not have.
pub fn no_race(race_id: &RaceId) -> ApiError {
    ApiError::NotFound(format!("there is no race '{race_id}'"))
}

/// A resource at a position: `seq` is that of its own last change, so that what happens elsewhere
/// leaves its `ETag` alone.
pub struct Resource<'a> {
    /// The request's headers.
    pub asked: &'a HeaderMap,
    /// Where the event stood at the read.
    pub head: &'a Head,
    /// The last change of the resource.
    pub seq: Seq,
}

impl Resource<'_> {
    fn etag(&self) -> String {
        // Weak, since compression changes the bytes and not what they say.
        format!("W/\"{}-{}\"", self.head.position.epoch, self.seq)
    }

    /// The answer that the client's copy is still good, if it is.
    pub fn unchanged(&self) -> Option<Response> {
        let etag = self.etag();
        let known = self.asked.get_all(header::IF_NONE_MATCH).into_iter();
        let mut known = known
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','));
        let matches = known.any(|known| matches!(known.trim(), "*") || known.trim() == etag);
        matches.then(|| self.finish(StatusCode::NOT_MODIFIED, Body::empty()))
    }

    /// The answer with its body, or 304 where the client has it.
    pub fn answer(&self, body: &impl Serialize) -> Result<Response, ApiError> {
        if let Some(unchanged) = self.unchanged() {
            return Ok(unchanged);
        }
        let json = serde_json::to_vec(body);
        let json = json.map_err(|error| ApiError::Internal(error.to_string()))?;
        let mut response = self.finish(StatusCode::OK, Body::from(json));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        Ok(response)
    }

    fn finish(&self, status: StatusCode, body: Body) -> Response {
        let position = &self.head.position;
        let headers = [
            (header::ETAG.as_str(), self.etag()),
            (header::CACHE_CONTROL.as_str(), CACHE_CONTROL.to_owned()),
            ("x-event-seq", position.seq.to_string()),
            ("x-event-epoch", position.epoch.to_string()),
        ];
        (status, headers, body).into_response()
    }
}
