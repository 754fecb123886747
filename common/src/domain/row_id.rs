//! Names of starts that tell nothing about the person.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use utoipa::ToSchema;

use super::ParticipantId;

/// 48 bits: two of 5,000 starts share one in 1 of 20 million events.
const BYTES: usize = 6;

/// Names one start in every message, read and import of its event: eight characters of base64url.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, example = "q3Vd0b-Z")]
pub struct RowId(Arc<str>);

/// Of nobody; what was stored before starts had names.
impl Default for RowId {
    fn default() -> Self {
        Self("".into())
    }
}

impl RowId {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes the row ids of one event. They follow from the participant's id by a secret that is random
/// for each creation of an event and stored with it, never public.
#[derive(Clone)]
pub struct RowIds(Hmac<Sha256>);

impl RowIds {
    /// Row ids under the event's `secret`.
    pub fn new(secret: &str) -> Self {
        let mac = Hmac::new_from_slice(secret.as_bytes());
        let mut mac: Hmac<Sha256> = mac.expect("HMAC takes secrets of any length");
        mac.update(b"eddyline row\0");
        Self(mac)
    }

    /// The name of a participant's start.
    pub fn of(&self, participant_id: &ParticipantId) -> RowId {
        let mut mac = self.0.clone();
        mac.update(participant_id.as_str().as_bytes());
        let digest = mac.finalize().into_bytes();
        RowId(URL_SAFE_NO_PAD.encode(&digest[..BYTES]).into())
    }
}

#[cfg(test)]
mod tests {
    use super::{ParticipantId, RowIds};

    #[test]
    fn a_row_id_is_short_stable_and_another_one_in_another_event() {
        let id = ParticipantId::new("60070.K1M.ZS");
        let (one, other) = (RowIds::new("a"), RowIds::new("b"));
        assert_eq!(one.of(&id), RowIds::new("a").of(&id));
        assert_ne!(one.of(&id), other.of(&id));
        assert_ne!(one.of(&id), one.of(&ParticipantId::new("60070.K1M")));
        assert_eq!(one.of(&id).as_str().len(), 8);
    }
}
