//! Request bodies: bounded in size and time, refused with reasons.

use std::{io::Read, time::Duration};

use axum::{body::Body, extract::Request};
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
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
    let gzip = is_gzip(request.headers())?;
    let bytes = read(request.into_body(), limit).await?;
    if gzip {
        parse_json(&gunzip(&bytes, limit.bytes)?)
    } else {
        parse_json(&bytes)
    }
}

/// Whether the body is compressed; 415 when in a way that is not understood.
pub fn is_gzip(headers: &HeaderMap) -> Result<bool, ApiError> {
    let encodings = headers.get_all(header::CONTENT_ENCODING).into_iter();
    let names: Vec<&str> = encodings
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"))
        .collect();
    match names.as_slice() {
        [] => Ok(false),
        [name] if name.eq_ignore_ascii_case("gzip") => Ok(true),
        names => Err(ApiError::UnsupportedMediaType(format!(
            "Content-Encoding '{}' is not understood; gzip is",
            names.join(", ")
        ))),
    }
}

/// The decompressed body; 413 when it is larger than `bytes_max`.
pub fn gunzip(bytes: &[u8], bytes_max: usize) -> Result<Bytes, ApiError> {
    let mut plain = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    MultiGzDecoder::new(bytes)
        .take(limit.saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(|error| ApiError::Invalid(format!("the gzip stream is broken: {error}")))?;
    if plain.len() > bytes_max {
        return Err(ApiError::TooLarge(bytes_max));
    }
    Ok(plain.into())
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
