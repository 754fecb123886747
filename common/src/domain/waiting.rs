//! What an export said and is not shown yet.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{RaceId, Rows};

/// Races with rows whose export waits until live data is old enough, and when the first of them is
/// due, ms since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Waiting(BTreeMap<RaceId, i64>);

impl Waiting {
    /// Of all races.
    pub fn of(rows: &BTreeMap<RaceId, Rows>) -> Self {
        let due = |(race_id, rows): (&RaceId, &Rows)| {
            let due_at_ms = rows.values().filter_map(|row| row.due_at_ms()).min()?;
            Some((race_id.clone(), due_at_ms))
        };
        Self(rows.iter().filter_map(due).collect())
    }

    /// When the first of all is due, ms since 1970.
    pub fn due_at_ms(&self) -> Option<i64> {
        self.0.values().min().copied()
    }

    /// The races of which something is due.
    pub fn due(&self, now_ms: i64) -> Vec<RaceId> {
        let due = self.0.iter().filter(|(_, at_ms)| **at_ms <= now_ms);
        due.map(|(race_id, _)| race_id.clone()).collect()
    }

    /// With what waits in the races of `rows` instead of what was known of them.
    #[must_use]
    pub fn with(&self, rows: &BTreeMap<RaceId, Rows>) -> Self {
        let mut all = self.0.clone();
        all.retain(|race_id, _| !rows.contains_key(race_id));
        all.extend(Self::of(rows).0);
        Self(all)
    }
}
