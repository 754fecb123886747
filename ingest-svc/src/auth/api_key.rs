//! API keys: derived, never stored.
//!
//! A key is an HMAC of the event's id and salt under the service's secret, so that the admin list can
//! show it and a dump of Redis can't. Redis holds the key's digest, for finding the event.

use common::{
    domain::{EventId, EventRecord, KeyRecord, KeyWindow},
    hex::hex,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const KEY_CHARS: usize = 64;

/// Derives API keys.
pub struct ApiKeys {
    mac: Hmac<Sha256>,
}

impl ApiKeys {
    /// Keys under `secret`, which all ingest processes share.
    pub fn new(secret: &str) -> Self {
        let mac = Hmac::new_from_slice(secret.as_bytes());
        Self {
            mac: mac.expect("HMAC takes secrets of any length"),
        }
    }

    /// A fresh way to derive a key; none that was ever handed out before will fit it.
    pub fn new_record(given: KeyWindow, window: KeyWindow) -> KeyRecord {
        KeyRecord {
            salt: format!("{:032x}", rand::random::<u128>()),
            given,
            window,
        }
    }

    /// The key of an event: 64 hexadecimal digits.
    pub fn derive(&self, event_id: &EventId, key: &KeyRecord) -> String {
        let mut mac = self.mac.clone();
        mac.update(b"eddyline api key\0");
        mac.update(event_id.as_str().as_bytes());
        mac.update(b"\0");
        mac.update(key.salt.as_bytes());
        hex(&mac.finalize().into_bytes())
    }

    /// The key of an event by its record.
    pub fn of(&self, record: &EventRecord) -> String {
        self.derive(&record.event_id, &record.key)
    }

    /// The digest under which the event of `record` is found.
    pub fn digest_of(&self, record: &EventRecord) -> String {
        Self::digest(&self.of(record))
    }

    /// The digest under which the event of `key` is found.
    pub fn digest(key: &str) -> String {
        hex(&Sha256::digest(key.as_bytes()))
    }

    /// Whether `key` is the event's own; takes the same time for every wrong one.
    pub fn fits(&self, key: &str, record: &EventRecord) -> bool {
        self.of(record).as_bytes().ct_eq(key.as_bytes()).into()
    }

    /// Whether `key` could be one at all.
    pub fn is_well_formed(key: &str) -> bool {
        key.len() == KEY_CHARS && key.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    }
}
