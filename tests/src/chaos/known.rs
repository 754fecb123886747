//! What there is to know of an event.

use std::collections::BTreeMap;

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
    /// Changes the list of boats as README.md says that clients do.
    pub fn take_boats(&mut self, delta: &Value) {
        let boats = |list: &Value| list.as_array().cloned().unwrap_or_default();
        let is = |a: &Value, b: &Value| a["raceId"] == b["raceId"] && a["bib"] == b["bib"];
        let (set, gone) = (boats(&delta["set"]), boats(&delta["gone"]));
        let mut all = boats(&self.oncourse);
        all.retain(|boat| !set.iter().chain(&gone).any(|other| is(boat, other)));
        all.extend(set);
        all.sort_by_key(|boat| {
            let position = boat["position"].as_u64().unwrap_or(u64::MAX);
            let race = boat["raceId"].as_str().unwrap_or_default().to_owned();
            (position, race, boat["bib"].as_u64())
        });
        self.oncourse = all.into();
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
