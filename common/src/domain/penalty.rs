//! The penalty of one gate.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

/// A team is three boats (ICF slalom rules).
const TEAM_BOATS: usize = 3;
const OF_ONE_BOAT: [u64; 3] = [0, 2, 50];

/// A judged gate, in seconds: clean (0), touched (2) or missed (50); of a team the sum of its boats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Penalty(u8);

impl Penalty {
    /// Passed without a touch.
    pub const CLEAN: Self = Self(0);
    /// Touched: 2 s.
    pub const TOUCHED: Self = Self(2);
    /// Missed: 50 s.
    pub const MISSED: Self = Self(50);

    /// The penalty of that many seconds, of a boat or a team; nothing when the rules know none.
    pub fn from_seconds(seconds: u64) -> Option<Self> {
        sums(TEAM_BOATS)
            .any(|sum| sum == seconds)
            .then(|| u8::try_from(seconds).ok().map(Self))?
    }

    /// Seconds added to the run.
    pub fn seconds(self) -> u8 {
        self.0
    }

    /// Whether one boat alone can get it.
    pub fn is_of_one_boat(self) -> bool {
        OF_ONE_BOAT.contains(&u64::from(self.0))
    }
}

/// What up to `boats` boats come to at one gate.
fn sums(boats: usize) -> impl Iterator<Item = u64> {
    let counts = (0..=boats).flat_map(move |touched| {
        (0..=boats - touched).map(move |missed| (touched as u64, missed as u64))
    });
    counts.map(|(touched, missed)| 2 * touched + 50 * missed)
}

impl Serialize for Penalty {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
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
            .enum_values(Some(
                sums(TEAM_BOATS).collect::<std::collections::BTreeSet<_>>(),
            ))
            .description(Some(
                "Seconds: clean (0), touched (2) or missed (50); of a team the sum of its boats.",
            ))
            .into()
    }
}

impl ToSchema for Penalty {
    fn name() -> Cow<'static, str> {
        "Penalty".into()
    }
}

#[cfg(test)]
mod tests {
    use super::Penalty;

    #[test]
    fn a_team_has_sums_of_three_boats_and_a_boat_has_three_penalties() {
        let known: Vec<u64> = (0..=300)
            .filter(|seconds| Penalty::from_seconds(*seconds).is_some())
            .collect();
        assert_eq!(known, [0, 2, 4, 6, 50, 52, 54, 100, 102, 150]);
        let of_one = |seconds| Penalty::from_seconds(seconds).is_some_and(Penalty::is_of_one_boat);
        assert_eq!(
            known.into_iter().filter(|s| of_one(*s)).collect::<Vec<_>>(),
            [0, 2, 50]
        );
    }
}
