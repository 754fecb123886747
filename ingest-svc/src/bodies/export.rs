//! The body of a push of the whole export: XML, or JSON around it, perhaps compressed.

use std::borrow::Cow;

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use common::{
    c123::{self, Parsed, decode::decode},
    http::{
        ApiError,
        body::{gunzip, is_gzip, media_type, parse_json},
    },
};
use serde::Deserialize;
use utoipa::ToSchema;

/// JSON may spend six bytes on a character of one (`\u0041`).
const JSON_BYTES_PER_XML_BYTE_MAX: usize = 6;
/// Room for what stands around the XML in a JSON body.
const JSON_FRAME_BYTES: usize = 1024;

/// The export inside JSON.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"xml": "<?xml version=\"1.0\"?><Canoe123Data>…</Canoe123Data>"}))]
pub struct XmlBody<'a> {
    #[serde(borrow)]
    xml: Cow<'a, str>,
}

/// How the XML stands in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Xml,
}

/// What the headers say about the body.
#[derive(Debug, Clone)]
pub struct ExportFormat {
    format: Format,
    gzip: bool,
    charset: Option<String>,
    xml_bytes_max: usize,
}

impl ExportFormat {
    /// Understands the headers, or says what is not understood. `xml_bytes_max` counts as UTF-8.
    pub fn of(headers: &HeaderMap, xml_bytes_max: usize) -> Result<Self, ApiError> {
        Ok(Self {
            format: format(headers)?,
            gzip: is_gzip(headers)?,
            charset: charset(headers),
            xml_bytes_max,
        })
    }

    /// Bytes that the body may have, before and after decompression.
    pub fn body_bytes_max(&self) -> usize {
        match self.format {
            Format::Json => self.xml_bytes_max * JSON_BYTES_PER_XML_BYTE_MAX + JSON_FRAME_BYTES,
            // UTF-16 spends two bytes where UTF-8 spends one.
            Format::Xml => self.xml_bytes_max * 2,
        }
    }

    /// Reads the export. The limit that a refusal names is that of the XML, which the sender knows.
    pub fn read(&self, bytes: Bytes) -> Result<Parsed, ApiError> {
        let bytes = if self.gzip {
            gunzip(&bytes, self.body_bytes_max())
        } else {
            Ok(bytes)
        };
        bytes
            .and_then(|bytes| self.parse(&bytes))
            .map_err(|error| self.named_limit(error))
    }

    /// The limit that the sender knows is that of the XML, not of the body around it.
    pub fn named_limit(&self, error: ApiError) -> ApiError {
        match error {
            ApiError::TooLarge(_) => ApiError::TooLarge(self.xml_bytes_max),
            other => other,
        }
    }

    fn parse(&self, bytes: &[u8]) -> Result<Parsed, ApiError> {
        let text = match self.format {
            Format::Json => parse_json::<XmlBody<'_>>(bytes)?.xml,
            Format::Xml => decode(bytes, self.charset.as_deref())?,
        };
        if text.len() > self.xml_bytes_max {
            return Err(ApiError::TooLarge(self.xml_bytes_max));
        }
        Ok(c123::parse(&text)?)
    }
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

fn charset(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let mut parameters = value.split(';').skip(1).filter_map(|p| p.split_once('='));
    let (_, charset) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(charset.trim().trim_matches('"').to_owned())
}
