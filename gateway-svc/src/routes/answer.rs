//! Answers of public reads: positions, `ETag`, 304 and compression.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header, header::InvalidHeaderValue},
    response::{IntoResponse, Response},
};
use common::{domain::EventId, http::ApiError, store::StoreError};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use utoipa::IntoResponses;

use crate::{
    answers::{Answer, Resource},
    state::App,
};

/// Caches that serve many may use an answer for a second; a browser, which may hold an older one than what
/// its stream has told, asks whether it is still good.
pub const CACHE_CONTROL: &str = "public, max-age=0, s-maxage=1";

/// Of the shapes of answers: raised with each change of one, so that no browser keeps an answer of the old shape.
const SHAPE: u32 = 2;

/// What an answer depends on beside its address.
const VARY: &str = "accept, accept-encoding";

/// The client's copy, which `If-None-Match` names by its `ETag`, is still good.
#[derive(IntoResponses)]
#[response(status = 304)]
pub struct NotModified;

/// The id in a path; a name that no event can have is not found.
pub fn event_id(name: &str) -> Result<EventId, ApiError> {
    EventId::parse(name).map_err(|_| StoreError::NoEvent.into())
}

/// Answers with a resource of a public event, or with 304 where the client has it.
pub async fn answer(
    app: &App,
    event: &str,
    resource: Resource,
    asked: &HeaderMap,
) -> Result<Response, ApiError> {
    let answer = app.answers.get(&event_id(event)?, resource).await?;
    let etag = etag(&answer);
    if has(asked, &etag) {
        return Ok(finish(
            StatusCode::NOT_MODIFIED,
            &answer,
            etag,
            Body::empty(),
        ));
    }
    let gzipped = accepts(asked, "gzip")
        .then(|| answer.body.gzipped())
        .flatten();
    let is_gzipped = gzipped.is_some();
    let body = Body::from(gzipped.unwrap_or_else(|| answer.body.plain()));
    let mut response = finish(StatusCode::OK, &answer, etag, body);
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static(answer.body.content_type());
    headers.insert(header::CONTENT_TYPE, content_type);
    if let Some(name) = answer.body.file_name()
        && let Ok(value) = attachment(name)
    {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    if is_gzipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

/// A file with that name, also where it is not ASCII (RFC 6266).
fn attachment(name: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let plain: String = name
        .chars()
        .map(|c| match c {
            ' '..='~' if !matches!(c, '"' | '\\' | '/') => c,
            _ => '_',
        })
        .collect();
    let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let value = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&value)
}

/// `seq` is that of the resource's own last change, so that what happens elsewhere leaves it alone.
fn etag(answer: &Answer) -> String {
    // Weak, since compression changes the bytes and not what they say.
    let suffix = answer.body.etag_suffix();
    format!(
        "W/\"{SHAPE}-{}-{}{suffix}\"",
        answer.position.epoch, answer.body.seq
    )
}

/// Whether the asker has what `etag` names, by weak comparison (RFC 9110, 8.8.3.2).
pub fn has(asked: &HeaderMap, etag: &str) -> bool {
    let known = asked.get_all(header::IF_NONE_MATCH).into_iter();
    let mut known = known
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let weak = |tag: &str| tag.trim_start_matches("W/").to_owned();
    known.any(|known| known.trim() == "*" || weak(known.trim()) == weak(etag))
}

/// Whether the asker understands a content coding (RFC 9110, 12.5.3).
pub fn accepts(asked: &HeaderMap, coding: &str) -> bool {
    let accepted = asked.get_all(header::ACCEPT_ENCODING).into_iter();
    let mut accepted = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    accepted.any(|accepted| {
        let (name, weight) = accepted.split_once(';').unwrap_or((accepted, ""));
        let refused = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        name.trim().eq_ignore_ascii_case(coding) && !refused
    })
}

fn finish(status: StatusCode, answer: &Answer, etag: String, body: Body) -> Response {
    let headers = [
        (header::ETAG.as_str(), etag),
        (header::CACHE_CONTROL.as_str(), CACHE_CONTROL.to_owned()),
        (header::VARY.as_str(), VARY.to_owned()),
        ("x-event-seq", answer.position.seq.to_string()),
        ("x-event-epoch", answer.position.epoch.to_string()),
    ];
    (status, headers, body).into_response()
}
