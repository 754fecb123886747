//! Identifiers as distinct types, so that a race id never stands where a class id belongs.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $example:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
        )]
        #[serde(transparent)]
        #[schema(value_type = String, example = $example)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text as it stands in the export or the request.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// One scheduled run of a class, such as `K1M-ZS_BR1_25`.
    RaceId, "K1M_ST_BR2_20"
}
text_id! {
    /// A boat class with gender, such as `K1M`.
    ClassId, "K1M_ST"
}
text_id! {
    /// An age category inside a class, such as `ZS`.
    CatId, "DS"
}
text_id! {
    /// One start of a person or crew in one class, such as `60070.K1M.ZS`. Never public.
    ParticipantId, "10006.K1M_ST"
}

/// The name of one competition: 1 to 64 of letters, digits, `.`, `_`, `-`; but not `.` or `..`, which no path can name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(pattern = "^[A-Za-z0-9._-]{1,64}$", example = "CZE2.2026062000")]
pub struct EventId(String);

/// Why a text is not an event id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be 1 to 64 characters of letters, digits, '.', '_' and '-', and neither '.' nor '..'"
)]
pub struct InvalidEventId;

impl EventId {
    const LENGTH_MAX: usize = 64;

    /// Accepts `text` when it follows the rule above; letters and digits are ASCII.
    pub fn parse(text: &str) -> Result<Self, InvalidEventId> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let is_step = matches!(text, "." | "..");
        if text.is_empty() || text.len() > Self::LENGTH_MAX || is_step || !text.bytes().all(allowed)
        {
            return Err(InvalidEventId);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::EventId;

    #[test]
    fn event_ids_are_short_plain_text() {
        for good in ["TEST.WS", "CZE2.2026062000_ABC", "a", &"x".repeat(64)] {
            assert!(EventId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a/b", "č", "a{b}", "a\n", &"x".repeat(65)] {
            assert!(EventId::parse(bad).is_err(), "{bad}");
        }
    }
}
