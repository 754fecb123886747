//! The boats on the water.

use serde::{Deserialize, Serialize};

use super::{Hundredths, Penalty, RaceId};

/// One boat on the course, as the timing system last said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OnCourseEntry {
    /// The race it is in.
    pub race_id: RaceId,
    /// Number on the vest; with the race it names the boat.
    pub bib: u32,
    /// `FAMILY Given`.
    pub name: Option<String>,
    /// Club.
    pub club: Option<String>,
    /// Place on the course: 1 is nearest to the finish.
    pub position: Option<u32>,
    /// By gate, first to last; `None` is not reached.
    pub gates: Vec<Option<Penalty>>,
    /// When it started (RFC 3339).
    pub dt_start: Option<String>,
    /// When it finished (RFC 3339).
    pub dt_finish: Option<String>,
    /// Running or final time.
    pub time: Option<Hundredths>,
    /// Penalties so far.
    pub pen: Option<Hundredths>,
    /// Time and penalties as the timing system says it; never derived.
    pub total: Option<Hundredths>,
    /// Rank if it finished now.
    pub rank: Option<u32>,
    /// Gap to the boat to beat, as text.
    pub ttb_diff: Option<String>,
    /// The boat to beat.
    pub ttb_name: Option<String>,
}

/// The list after a push of `pushed`: entries are replaced or added by race and bib, and an empty
/// push says that nobody is on the water. Sorted by position (unknown last), then race and bib.
pub fn merged(current: &[OnCourseEntry], pushed: Vec<OnCourseEntry>) -> Vec<OnCourseEntry> {
    if pushed.is_empty() {
        return Vec::new();
    }
    let mut list = current.to_vec();
    for entry in pushed {
        let same = |e: &&mut OnCourseEntry| e.race_id == entry.race_id && e.bib == entry.bib;
        match list.iter_mut().find(same) {
            Some(existing) => *existing = entry,
            None => list.push(entry),
        }
    }
    list.sort_by(|a, b| order(a).cmp(&order(b)));
    list
}

fn order(entry: &OnCourseEntry) -> (u32, &RaceId, u32) {
    (
        entry.position.unwrap_or(u32::MAX),
        &entry.race_id,
        entry.bib,
    )
}

#[cfg(test)]
mod tests {
    use super::{OnCourseEntry, RaceId, merged};

    fn entry(race: &str, bib: u32, position: Option<u32>) -> OnCourseEntry {
        OnCourseEntry {
            race_id: RaceId::new(race),
            bib,
            name: None,
            club: None,
            position,
            gates: Vec::new(),
            dt_start: None,
            dt_finish: None,
            time: None,
            pen: None,
            total: None,
            rank: None,
            ttb_diff: None,
            ttb_name: None,
        }
    }

    #[test]
    fn a_push_replaces_by_race_and_bib_and_sorts_by_position() {
        let current = vec![entry("A", 1, Some(1)), entry("A", 2, Some(2))];
        let list = merged(&current, vec![entry("A", 1, None), entry("B", 1, Some(1))]);
        let order: Vec<_> = list.iter().map(|e| (e.race_id.as_str(), e.bib)).collect();
        assert_eq!(order, [("B", 1), ("A", 2), ("A", 1)]);
    }

    #[test]
    fn an_empty_push_clears_the_water() {
        assert!(merged(&[entry("A", 1, None)], Vec::new()).is_empty());
    }
}
