//! An event's record as fields of its meta hash.

use std::collections::HashMap;

use serde::{Serialize, de::DeserializeOwned};

use super::StoreError;
use crate::{
    domain::{EventId, EventRecord, EventStatus, ImageRecord},
    protocol::{Epoch, Position},
};

/// The version of everything that is stored of an event.
const VERSION: &str = "1";

/// The fields of meta.
pub(super) type Fields = HashMap<String, String>;

pub(super) fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("stored types have text keys and no failing serializers")
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(StoreError::corrupt)
}

/// The fields of a new event, but for its epoch, which the script adds.
pub(super) fn new_fields(record: &EventRecord) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("version", VERSION.to_owned()),
        ("incarnation", record.incarnation.clone()),
        ("seq", "0".to_owned()),
        ("history_bytes", "0".to_owned()),
        ("number", record.number.to_string()),
        ("status", record.status.to_string()),
        ("status_changed_at", record.status_changed_at_ms.to_string()),
        ("created_at", record.created_at_ms.to_string()),
        ("details", to_json(&record.details)),
        ("config", to_json(&record.config)),
        ("key", to_json(&record.key)),
    ];
    if let Some(image) = &record.image {
        fields.push(("image", to_json(image)));
    }
    if let Some(max) = record.max_connections {
        fields.push(("max_connections", max.to_string()));
    }
    fields
}

/// Reads the record and the position back.
pub(super) fn read(
    event_id: &EventId,
    fields: &Fields,
) -> Result<(EventRecord, Position), StoreError> {
    if fields.is_empty() {
        return Err(StoreError::NoEvent);
    }
    let field = |name: &str| {
        let missing = || StoreError::corrupt(format!("meta of {event_id} lacks '{name}'"));
        fields.get(name).map(String::as_str).ok_or_else(missing)
    };
    let number = |name: &str| field(name)?.parse::<i64>().map_err(StoreError::corrupt);
    let status = EventStatus::parse(field("status")?);
    let image = fields
        .get("image")
        .map(|text| from_json::<ImageRecord>(text));
    let record = EventRecord {
        event_id: event_id.clone(),
        incarnation: field("incarnation")?.to_owned(),
        number: number("number")?.unsigned_abs(),
        status: status.ok_or_else(|| StoreError::corrupt("unknown status"))?,
        status_changed_at_ms: number("status_changed_at")?,
        created_at_ms: number("created_at")?,
        details: from_json(field("details")?)?,
        config: from_json(field("config")?)?,
        key: from_json(field("key")?)?,
        has_xml: fields.contains_key("has_xml"),
        image: image.transpose()?,
        max_connections: fields
            .get("max_connections")
            .map(|max| max.parse().map_err(StoreError::corrupt))
            .transpose()?,
    };
    let position = Position {
        epoch: Epoch::new(field("epoch")?),
        seq: number("seq")?.unsigned_abs(),
    };
    Ok((record, position))
}
