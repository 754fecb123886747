//! The bodies that describe an event.

use std::fmt;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use common::{
    domain::{EventDetails, EventId, ImageRecord, image::ImageType},
    hex::hex,
    http::ApiError,
};
use jiff::civil::Date;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, de};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

const TEXT_CHARS_MAX: usize = 500;
const IMAGE_BYTES_MAX: usize = 1 << 20;

/// A text of bounded length.
#[derive(Debug, Clone)]
pub struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.chars().count() > TEXT_CHARS_MAX {
            return Err(de::Error::custom(format!(
                "longer than {TEXT_CHARS_MAX} characters"
            )));
        }
        Ok(Self(text))
    }
}

/// A title: a text that is not blank.
#[derive(Debug, Clone)]
pub struct Title(String);

impl<'de> Deserialize<'de> for Title {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        if text.trim().is_empty() {
            return Err(de::Error::custom("must not be empty"));
        }
        Ok(Self(text))
    }
}

/// A day: `YYYY-MM-DD`, or a date-time that starts with one; only the day counts.
#[derive(Debug, Clone, Copy)]
pub struct Day(Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let day = text
            .get(..10)
            .filter(|_| matches!(text.as_bytes().get(10), None | Some(b'T' | b' ')));
        let day = day.and_then(|day| day.parse().ok());
        day.map(Self)
            .ok_or_else(|| de::Error::custom("must be a date such as 2026-06-20"))
    }
}

const MAX_CONNECTIONS_MAX: u32 = 100_000;

/// How many spectators an event takes at once.
#[derive(Debug, Clone, Copy)]
pub struct MaxConnections(pub u32);

impl<'de> Deserialize<'de> for MaxConnections {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            max @ 1..=MAX_CONNECTIONS_MAX => Ok(Self(max)),
            max => Err(de::Error::custom(format!(
                "{max} is not from 1 to {MAX_CONNECTIONS_MAX}"
            ))),
        }
    }
}

/// A picture of a known format and bounded size.
#[derive(Clone)]
pub struct Image {
    /// What is stored of it beside its bytes.
    pub record: ImageRecord,
    /// The picture.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} bytes",
            self.record.content_type,
            self.bytes.len()
        )
    }
}

impl<'de> Deserialize<'de> for Image {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::decode(&text).map_err(de::Error::custom)
    }
}

/// Base64 with or without padding, on one line or many.
fn base64(text: &str) -> Result<Vec<u8>, &'static str> {
    const ENGINE: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let text: String = text.split_ascii_whitespace().collect();
    ENGINE.decode(text).map_err(|_| "is not valid base64")
}

impl Image {
    /// Reads base64, plain or as a `data:` URI.
    fn decode(text: &str) -> Result<Self, &'static str> {
        let bytes = match text.strip_prefix("data:").map(|uri| uri.split_once(',')) {
            Some(Some((head, data))) if head.ends_with(";base64") => base64(data)?,
            Some(Some((_, data))) => percent_decode_str(data).collect(),
            Some(None) => return Err("a data: URI has its data after a comma"),
            None => base64(text)?,
        };
        if bytes.len() > IMAGE_BYTES_MAX {
            return Err("the image is larger than 1 MiB");
        }
        let image_type =
            ImageType::sniff(&bytes).ok_or("is not a PNG, JPEG, WebP, GIF or SVG image")?;
        let digest = hex(&Sha256::digest(&bytes));
        let record = ImageRecord {
            version: digest[..16].to_owned(),
            content_type: image_type.content_type().to_owned(),
        };
        Ok(Self { record, bytes })
    }

    /// As the store takes it.
    pub fn into_parts(self) -> (ImageRecord, Vec<u8>) {
        (self.record, self.bytes)
    }
}

/// The body that creates an event.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"eventId": "TEST.WS", "mainTitle": "My race", "startDate": "2026-06-20"}))]
pub struct NewEventBody {
    /// Its name in every URL.
    pub event_id: EventId,
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    main_title: Title,
    #[schema(value_type = Option<String>, max_length = 500)]
    sub_title: Option<Text>,
    #[schema(value_type = Option<String>, max_length = 500)]
    location: Option<Text>,
    #[schema(value_type = Option<String>, max_length = 500)]
    facility: Option<Text>,
    #[schema(value_type = Option<String>, format = Date)]
    start_date: Option<Day>,
    #[schema(value_type = Option<String>, format = Date)]
    end_date: Option<Day>,
    #[schema(value_type = Option<String>, max_length = 500)]
    discipline: Option<Text>,
    /// Its picture: base64 or a `data:` URI of PNG, JPEG, WebP, GIF or SVG, at most 1 MiB decoded.
    #[schema(value_type = Option<String>)]
    pub image_data: Option<Image>,
    /// Spectators at once, where the gateways' own number does not fit.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100_000)]
    pub max_connections: Option<MaxConnections>,
}

impl NewEventBody {
    /// The describing part, or what is wrong with it.
    pub fn details(&self) -> Result<EventDetails, ApiError> {
        let text = |text: &Option<Text>| text.as_ref().map(|Text(text)| text.clone());
        checked(EventDetails {
            main_title: self.main_title.0.clone(),
            sub_title: text(&self.sub_title),
            location: text(&self.location),
            facility: text(&self.facility),
            start_date: self.start_date.map(|Day(day)| day),
            end_date: self.end_date.map(|Day(day)| day),
            discipline: text(&self.discipline),
        })
    }
}

/// A field of a PATCH: absent stays, `null` clears, anything else replaces.
fn patch<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A field of a PATCH that can't be cleared: absent stays, anything else replaces.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let given = Option::deserialize(deserializer)?;
    given
        .map(Some)
        .ok_or_else(|| de::Error::custom("it can't be cleared"))
}

/// The body that corrects an event: what is absent stays, an explicit `null` clears.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditBody {
    /// It can't be cleared.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 500)]
    main_title: Option<Title>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, max_length = 500)]
    sub_title: Option<Option<Text>>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, max_length = 500)]
    location: Option<Option<Text>>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, max_length = 500)]
    facility: Option<Option<Text>>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, format = Date)]
    start_date: Option<Option<Day>>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, format = Date)]
    end_date: Option<Option<Day>>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, max_length = 500)]
    discipline: Option<Option<Text>>,
    /// Its picture.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>)]
    pub image_data: Option<Option<Image>>,
    /// Spectators at once; null goes by the gateways' own number. Fewer than are there end no stream.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100_000)]
    pub max_connections: Option<Option<MaxConnections>>,
}

impl EditBody {
    /// The details with what is given replaced, or what is wrong with them then.
    pub fn applied_to(&self, details: &EventDetails) -> Result<EventDetails, ApiError> {
        let text = |field: &Option<Option<Text>>, known: &Option<String>| match field {
            None => known.clone(),
            Some(value) => value.as_ref().map(|Text(text)| text.clone()),
        };
        let day = |field: Option<Option<Day>>, known: Option<Date>| match field {
            None => known,
            Some(value) => value.map(|Day(day)| day),
        };
        let title = self.main_title.as_ref().map(|Title(title)| title.clone());
        checked(EventDetails {
            main_title: title.unwrap_or_else(|| details.main_title.clone()),
            sub_title: text(&self.sub_title, &details.sub_title),
            location: text(&self.location, &details.location),
            facility: text(&self.facility, &details.facility),
            start_date: day(self.start_date, details.start_date),
            end_date: day(self.end_date, details.end_date),
            discipline: text(&self.discipline, &details.discipline),
        })
    }

    /// Whether it sets or clears a date.
    pub fn has_dates(&self) -> bool {
        self.start_date.is_some() || self.end_date.is_some()
    }
}

fn checked(details: EventDetails) -> Result<EventDetails, ApiError> {
    match (details.start_date, details.end_date) {
        (Some(start), Some(end)) if end < start => {
            let text = format!("endDate: {end} is before startDate {start}");
            Err(ApiError::Invalid(text))
        }
        _ => Ok(details),
    }
}
