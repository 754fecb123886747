//! Times and penalties in hundredths of a second.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

/// A duration in hundredths of a second, at most 24 hours: `9523` is 95.23 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(maximum = 8_640_000, example = 9523)]
pub struct Hundredths(u32);

impl Hundredths {
    /// 24 hours; anything longer is a mistake of the sender.
    pub const MAX: Self = Self(24 * 60 * 60 * 100);
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Takes a count of hundredths, or nothing when it is over [`Self::MAX`].
    pub fn new(value: u64) -> Option<Self> {
        u32::try_from(value)
            .ok()
            .map(Self)
            .filter(|v| *v <= Self::MAX)
    }

    /// The count of hundredths.
    pub fn get(self) -> u32 {
        self.0
    }

    /// The sum, held at [`Self::MAX`].
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0).min(Self::MAX)
    }

    /// What a results page shows as distance to `leader`: `0.00` for the leader's own time,
    /// `+1.23` (seconds) for a slower one, nothing for a faster one.
    pub fn behind(self, leader: Self) -> Option<String> {
        let gap = self.0.checked_sub(leader.0)?;
        Some(if gap == 0 {
            "0.00".to_owned()
        } else {
            format!("+{}.{:02}", gap / 100, gap % 100)
        })
    }
}

struct HundredthsVisitor;

const EXPECTATION: &str = "a whole number of hundredths of a second from 0 to 8640000";

impl de::Visitor<'_> for HundredthsVisitor {
    type Value = Hundredths;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTATION)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Hundredths, E> {
        Hundredths::new(value)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(value), &self))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Hundredths, E> {
        u64::try_from(value)
            .ok()
            .and_then(Hundredths::new)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Signed(value), &self))
    }
}

impl<'de> Deserialize<'de> for Hundredths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(HundredthsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::Hundredths;

    #[test]
    fn behind_is_zero_for_the_leader_and_signed_for_others() {
        let leader = Hundredths(9523);
        let behind = |time| Hundredths(time).behind(leader);
        assert_eq!(behind(9523).as_deref(), Some("0.00"));
        assert_eq!(behind(9646).as_deref(), Some("+1.23"));
        assert_eq!(behind(19528).as_deref(), Some("+100.05"));
        assert_eq!(behind(9522), None);
    }

    #[test]
    fn json_numbers_that_are_no_time_are_refused() {
        for bad in ["-1", "1.5", "8640001", "1e3", "\"95\"", "true"] {
            assert!(serde_json::from_str::<Hundredths>(bad).is_err(), "{bad}");
        }
        let longest: Hundredths = serde_json::from_str("8640000").expect("24 h is allowed");
        assert_eq!(longest, Hundredths::MAX);
    }
}
