//! The penalty of one gate.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

/// A judged gate: clean, touched (2 s) or missed (50 s).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Penalty {
    /// Passed without a touch.
    Clean,
    /// Touched: 2 s.
    Touched,
    /// Missed: 50 s.
    Missed,
}

impl Penalty {
    /// The penalty of that many seconds; nothing but 0, 2 and 50 exists (ICF slalom rules).
    pub fn from_seconds(seconds: u64) -> Option<Self> {
        match seconds {
            0 => Some(Self::Clean),
            2 => Some(Self::Touched),
            50 => Some(Self::Missed),
            _ => None,
        }
    }

    /// Seconds added to the run.
    pub fn seconds(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Touched => 2,
            Self::Missed => 50,
        }
    }
}

impl Serialize for Penalty {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.seconds())
    }
}

impl<'de> Deserialize<'de> for Penalty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = u64::deserialize(deserializer)?;
        Self::from_seconds(seconds).ok_or_else(|| {
            serde::de::Error::custom(format!("gate penalty {seconds} is not 0, 2 or 50"))
        })
    }
}

impl PartialSchema for Penalty {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .enum_values(Some([0, 2, 50]))
            .description(Some("Seconds: clean, touched or missed."))
            .into()
    }
}

impl ToSchema for Penalty {
    fn name() -> Cow<'static, str> {
        "Penalty".into()
    }
}
