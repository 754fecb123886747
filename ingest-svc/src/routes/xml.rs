//! The complete XML export.

use std::{borrow::Cow, io::Read, sync::Arc};

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, header},
};
use bytes::Bytes;
use common::{
    c123::{self, Imported, decode::decode},
    domain::{DataKind, Export},
    http::{
        ApiError,
        body::{self, BodyLimit, media_type, parse_json},
        server::ReceivedAt,
    },
    plan::import,
};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ingest_target;
use crate::{auth::KeyHolder, change::change, state::App};

/// JSON may spend six bytes on a character of one (`\u0041`).
const JSON_BYTES_PER_XML_BYTE_MAX: usize = 6;
/// Room for what stands around the XML in a JSON body.
const JSON_FRAME_BYTES: usize = 1024;

#[derive(Deserialize)]
struct XmlBody<'a> {
    #[serde(borrow)]
    xml: Cow<'a, str>,
}

/// How the XML stands in the body.
#[derive(Clone, Copy)]
enum Format {
    Json,
    Xml,
}

/// `POST /ingest/xml`
pub async fn push(
    State(app): State<App>,
    received: ReceivedAt,
    KeyHolder(record): KeyHolder,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let format = format(request.headers())?;
    let gzip = is_gzip(request.headers())?;
    let charset = charset(request.headers());
    let bytes_max = match format {
        Format::Json => app.xml_bytes_max * JSON_BYTES_PER_XML_BYTE_MAX + JSON_FRAME_BYTES,
        // UTF-16 spends two bytes where UTF-8 spends one.
        Format::Xml => app.xml_bytes_max * 2,
    };
    let limit = BodyLimit {
        bytes: bytes_max,
        ..app.json_limit
    };
    let bytes = body::read(request.into_body(), limit).await;
    let bytes = bytes.map_err(|error| named_limit(error, app.xml_bytes_max))?;
    // After the body: a slow sender must not keep others from importing.
    let deadline = received.0 + app.request_timeout;
    let permit = Arc::clone(&app.imports).acquire_owned();
    let permit = tokio::time::timeout_at(deadline.into(), permit).await;
    let permit = permit.map_err(|_| ApiError::Unavailable("too many imports".to_owned()))?;
    let xml_bytes_max = app.xml_bytes_max;
    let parsed = tokio::task::spawn_blocking(move || {
        let bytes = if gzip {
            gunzip(&bytes, bytes_max)?
        } else {
            bytes
        };
        parse(&bytes, format, charset.as_deref(), xml_bytes_max)
    });
    let parsed = parsed
        .await
        .map_err(|error| ApiError::Internal(error.to_string()))?;
    let (export, imported) = parsed.map_err(|error| named_limit(error, xml_bytes_max))?;
    let export = Arc::new(export);
    let target = ingest_target(&record, DataKind::Xml, received);
    change(&app, target, move |store, head| {
        let export = Arc::clone(&export);
        async move {
            let before = store.whole_competition(&head).await?;
            let planned = tokio::task::block_in_place(|| {
                let (record, boats) = (&head.record, &head.on_course.shown);
                import::plan(
                    record,
                    &before,
                    boats,
                    &head.revisions,
                    &export,
                    head.server_ms,
                )
            });
            Ok(((), planned?))
        }
    })
    .await?;
    drop(permit);
    Ok(Json(json!({ "imported": imported })))
}

fn format(headers: &HeaderMap) -> Result<Format, ApiError> {
    match media_type(headers).as_deref() {
        Some("application/json") => Ok(Format::Json),
        Some("application/xml" | "text/xml") => Ok(Format::Xml),
        _ => Err(ApiError::UnsupportedMediaType(
            "send the export as application/xml, text/xml or as application/json {\"xml\": \"…\"}"
                .to_owned(),
        )),
    }
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, ApiError> {
    let encoding = headers.get(header::CONTENT_ENCODING);
    match encoding.map(|value| value.to_str().unwrap_or_default()) {
        None | Some("identity") => Ok(false),
        Some(name) if name.eq_ignore_ascii_case("gzip") => Ok(true),
        Some(name) => Err(ApiError::UnsupportedMediaType(format!(
            "Content-Encoding '{name}' is not understood; gzip is"
        ))),
    }
}

fn charset(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let mut parameters = value.split(';').skip(1).filter_map(|p| p.split_once('='));
    let (_, charset) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(charset.trim().trim_matches('"').to_owned())
}

/// The limit that the sender knows is that of the XML, not of the body around it.
fn named_limit(error: ApiError, xml_bytes_max: usize) -> ApiError {
    match error {
        ApiError::TooLarge(_) => ApiError::TooLarge(xml_bytes_max),
        other => other,
    }
}

fn gunzip(bytes: &[u8], bytes_max: usize) -> Result<Bytes, ApiError> {
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

fn parse(
    bytes: &[u8],
    format: Format,
    charset: Option<&str>,
    xml_bytes_max: usize,
) -> Result<(Export, Imported), ApiError> {
    let text = match format {
        Format::Json => parse_json::<XmlBody<'_>>(bytes)?.xml,
        Format::Xml => decode(bytes, charset)?,
    };
    if text.len() > xml_bytes_max {
        return Err(ApiError::TooLarge(xml_bytes_max));
    }
    // In a JSON body the text is decoded already; only its byte order mark may be left.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(c123::parse(text)?)
}
