//! What is known of an event beside its competition.

use serde::{Deserialize, Serialize};

use super::{EventConfig, EventDetails, EventId, EventStatus, KeyWindow};

/// How the event's API key is derived and when it works. The key itself is stored nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// Random text of each creation and rotation, so that an old key never fits again.
    pub salt: String,
    /// What the administrator gave; exports widen from here.
    pub given: KeyWindow,
    /// What is in force.
    pub window: KeyWindow,
}

/// The event's picture, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// Changes with the content; part of the picture's URL.
    pub version: String,
    /// Media type by content.
    pub content_type: String,
}

/// An event without its competition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// The event's name in every URL.
    pub event_id: EventId,
    /// Random text of this creation: an event created anew under the same id is another event.
    pub incarnation: String,
    /// The integer that the admin API calls `id`.
    pub number: u64,
    /// Where it is in its life.
    pub status: EventStatus,
    /// When it got there, ms since 1970.
    pub status_changed_at_ms: i64,
    /// When it was created, ms since 1970.
    pub created_at_ms: i64,
    /// Title, place, dates.
    pub details: EventDetails,
    /// Display and merge configuration.
    pub config: EventConfig,
    /// Its API key.
    pub key: KeyRecord,
    /// Whether an export was ever imported.
    pub has_xml: bool,
    /// Its picture.
    pub image: Option<ImageRecord>,
    /// Spectators at once on all gateways, where it is another number than the gateways' own.
    pub max_connections: Option<u32>,
}
