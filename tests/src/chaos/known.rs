//! What there is to know of an event.

use std::collections::BTreeMap;

use common::protocol::{change::OnCourseDelta, views::OnCourseView};
use serde_json::{Value, json};

/// What a viewer knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    pub epoch: String,
    pub seq: u64,
    pub event: Value,
    pub classes: Value,
    pub categories: Value,
    pub races: Value,
    pub oncourse: Value,
    /// By race, rows by bib.
    pub results: BTreeMap<String, BTreeMap<u64, Value>>,
}

impl Known {
    /// Changes the list of boats; nothing when it can't be read.
    pub fn take_boats(&mut self, delta: &Value) -> Option<()> {
        let delta: OnCourseDelta = serde_json::from_value(delta.clone()).ok()?;
        let mut boats: Vec<OnCourseView> = serde_json::from_value(self.oncourse.take()).ok()?;
        delta.apply(&mut boats);
        self.oncourse = json!(boats);
        Some(())
    }
}

/// A difference in words, for whoever has to find its cause.
pub fn difference(seen: &Known, truth: &Known) -> Option<String> {
    if seen == truth {
        return None;
    }
    let parts = [
        ("epoch", json!(seen.epoch), json!(truth.epoch)),
        ("seq", json!(seen.seq), json!(truth.seq)),
        ("event", seen.event.clone(), truth.event.clone()),
        ("classes", seen.classes.clone(), truth.classes.clone()),
        (
            "categories",
            seen.categories.clone(),
            truth.categories.clone(),
        ),
        ("races", seen.races.clone(), truth.races.clone()),
        ("oncourse", seen.oncourse.clone(), truth.oncourse.clone()),
    ];
    let mut words: Vec<String> = parts
        .into_iter()
        .filter(|(_, seen, truth)| seen != truth)
        .map(|(name, seen, truth)| format!("{name}: {seen} instead of {truth}"))
        .collect();
    for (race, rows) in &truth.results {
        let other = seen.results.get(race);
        for (bib, row) in rows {
            let has = other.and_then(|rows| rows.get(bib));
            if has != Some(row) {
                words.push(format!("{race} bib {bib}: {has:?} instead of {row}"));
            }
        }
    }
    Some(words.join("\n  "))
}
