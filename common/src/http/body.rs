//! Request bodies: bounded in size and time, refused with reasons.

use std::time::Duration;

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{Deserialize, de::DeserializeOwned};

use super::ApiError;

/// How much of a body is read, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit {
    /// Bytes on the wire.
    pub bytes: usize,
    /// From the first byte to the last.
    pub time: Duration,
}

/// The media type of the body, in lower case, without parameters.
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next()?;
    Some(essence.trim().to_ascii_lowercase())
}

/// Reads a JSON body: 415 unless it is declared as JSON, 413 when too large, 408 when too slow, 400
/// with the path of the fault when it is not of type `T`.
pub async fn json<T: DeserializeOwned>(request: Request, limit: BodyLimit) -> Result<T, ApiError> {
    if media_type(request.headers()).as_deref() != Some("application/json") {
        let text = "send the body as Content-Type: application/json";
        return Err(ApiError::UnsupportedMediaType(text.to_owned()));
    }
    let bytes = read(request.into_body(), limit).await?;
    parse_json(&bytes)
}

/// Reads JSON; a fault is told with its path, such as `results[2].time`.
pub fn parse_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, ApiError> {
    // Structs would be read from arrays of their fields, too.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(ApiError::Invalid(
            "the body is not a JSON object".to_owned(),
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value: T = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let reason = error.into_inner();
        ApiError::Invalid(match path.as_str() {
            "." | "?" => format!("the body is not usable: {reason}"),
            path => format!("{path}: {reason}"),
        })
    })?;
    deserializer
        .end()
        .map_err(|error| ApiError::Invalid(format!("the body is not usable: {error}")))?;
    Ok(value)
}

/// Reads a whole body within its limits.
pub async fn read(body: Body, limit: BodyLimit) -> Result<Bytes, ApiError> {
    let collect = Limited::new(body, limit.bytes).collect();
    match tokio::time::timeout(limit.time, collect).await {
        Err(_) => Err(ApiError::RequestTimeout),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::TooLarge(limit.bytes)),
        Ok(Err(error)) => Err(ApiError::Invalid(format!("the body broke off: {error}"))),
    }
}
