//! Where in an event's history something stands.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The number of a change within an epoch; 0 is before the first.
pub type Seq = u64;

/// Identity of a history: seqs of different epochs can't be compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(example = "9f3c51d0a2b84e77")]
pub struct Epoch(String);

impl Epoch {
    /// A new random epoch: 16 hexadecimal digits.
    pub fn random() -> Self {
        Self(format!("{:016x}", rand::random::<u64>()))
    }

    /// Wraps an epoch as it is stored.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Identity of a history and the position of its last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Which history.
    pub epoch: Epoch,
    /// Where in it.
    pub seq: Seq,
}
