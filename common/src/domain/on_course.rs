//! The boats on the water.

use serde::{Deserialize, Serialize};

use super::{Bib, Hundredths, ParticipantId, Penalty, RaceId, RowId};

/// One boat on the course, as the timing system last said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OnCourseEntry {
    /// The race it is in.
    pub race_id: RaceId,
    /// With the race it names the boat.
    #[serde(default)]
    pub row_id: RowId,
    /// On the vest.
    pub bib: Option<Bib>,
    /// Who it is; known of every boat that is on the water. Never public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant_id: Option<ParticipantId>,
    /// Whether it is a team.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_team: bool,
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

impl OnCourseEntry {
    /// A boat of which nothing is known but how it is named.
    pub fn new(race_id: RaceId, participant_id: Option<ParticipantId>, bib: Option<Bib>) -> Self {
        Self {
            race_id,
            row_id: RowId::default(),
            bib,
            participant_id,
            is_team: false,
            name: None,
            club: None,
            position: None,
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

    fn is_same_boat(&self, other: &Self) -> bool {
        self.race_id == other.race_id && self.participant_id == other.participant_id
    }

    /// Whether it says who it is in the words of `said`, which may lack the participant's id.
    fn is_named_by(&self, said: &Self) -> bool {
        let named = match &said.participant_id {
            Some(id) => self.participant_id.as_ref() == Some(id),
            None => said.bib.is_some() && self.bib == said.bib,
        };
        self.race_id == said.race_id && named
    }
}

/// Spectators see at most this many lists a second; the last one is always shown.
const SHOWN_EVERY_MS: i64 = 200;
/// A boat that nobody speaks of for so long is off the water, in ms.
const GONE_AFTER_MS: i64 = 10_000;
/// More than any course holds; beyond it the ones spoken of last stay.
const BOATS_MAX: usize = 200;

/// A boat with the moment at which it was last pushed, ms since 1970 by the server's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boat {
    /// What was said of it.
    pub entry: OnCourseEntry,
    /// When.
    pub refreshed_at_ms: i64,
}

/// All boats on the water: what is known, and what spectators were last shown of it. The two
/// differ for a moment when pushes come faster than they are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnCourse {
    /// What is known.
    pub boats: Vec<Boat>,
    /// What spectators were last shown, sorted.
    pub shown: Vec<OnCourseEntry>,
    /// When.
    pub shown_at_ms: i64,
}

impl OnCourse {
    /// After a push of `pushed`: entries are replaced or added by race and participant, and an empty
    /// push says that nobody is on the water.
    #[must_use]
    pub fn pushed(&self, pushed: Vec<OnCourseEntry>, now_ms: i64) -> Self {
        let mut boats = if pushed.is_empty() {
            Vec::new()
        } else {
            self.boats.clone()
        };
        for entry in pushed {
            let known = boats.iter_mut().find(|b| b.entry.is_same_boat(&entry));
            let boat = Boat {
                entry,
                refreshed_at_ms: now_ms,
            };
            match known {
                Some(known) => *known = boat,
                None => boats.push(boat),
            }
        }
        if boats.len() > BOATS_MAX {
            boats.sort_by_key(|boat| std::cmp::Reverse(boat.refreshed_at_ms));
            boats.truncate(BOATS_MAX);
        }
        let after = Self {
            boats,
            ..self.clone()
        };
        after.at(now_ms)
    }

    /// The boat on the water that `said` names, if there is exactly one.
    pub fn known(&self, said: &OnCourseEntry) -> Option<&OnCourseEntry> {
        let entries = self.boats.iter().map(|boat| &boat.entry);
        let mut named = entries.filter(|entry| entry.is_named_by(said));
        named.next().filter(|_| named.next().is_none())
    }

    /// At a later moment: boats that were not refreshed are gone, and what is due is shown.
    #[must_use]
    pub fn at(&self, now_ms: i64) -> Self {
        let mut after = self.clone();
        let stays = |boat: &Boat| now_ms - boat.refreshed_at_ms < GONE_AFTER_MS;
        after.boats.retain(stays);
        let list = after.list();
        let may_show = list.is_empty() || now_ms - self.shown_at_ms >= SHOWN_EVERY_MS;
        if list != after.shown && may_show {
            after.shown = list;
            after.shown_at_ms = now_ms;
        }
        after
    }

    /// Without the boats for which `may_stay` is false.
    #[must_use]
    pub fn only(&self, may_stay: impl Fn(&OnCourseEntry) -> bool) -> Self {
        let mut after = self.clone();
        after.boats.retain(|boat| may_stay(&boat.entry));
        after.shown.retain(|entry| may_stay(entry));
        after
    }

    /// When somebody must look again, ms since 1970: to show what waits, or to let a boat go.
    pub fn due_at_ms(&self) -> Option<i64> {
        if self.list() != self.shown {
            return Some(self.shown_at_ms + SHOWN_EVERY_MS);
        }
        let refreshed = self.boats.iter().map(|boat| boat.refreshed_at_ms);
        refreshed.min().map(|oldest| oldest + GONE_AFTER_MS)
    }

    /// Whether a list waits to be shown.
    pub fn is_waiting(&self) -> bool {
        self.list() != self.shown
    }

    /// By position (unknown last), then race, bib and row id.
    fn list(&self) -> Vec<OnCourseEntry> {
        let mut list: Vec<OnCourseEntry> = self.boats.iter().map(|b| b.entry.clone()).collect();
        list.sort_by(|a, b| order(a).cmp(&order(b)));
        list
    }
}

fn order(entry: &OnCourseEntry) -> (u32, &RaceId, bool, Option<&Bib>, &RowId) {
    let position = entry.position.unwrap_or(u32::MAX);
    let bib = entry.bib.as_ref();
    (position, &entry.race_id, bib.is_none(), bib, &entry.row_id)
}

#[cfg(test)]
mod tests {
    use super::{Bib, OnCourse, OnCourseEntry, ParticipantId, RaceId};

    fn entry(race: &str, bib: u32, position: Option<u32>) -> OnCourseEntry {
        OnCourseEntry {
            position,
            ..OnCourseEntry::new(
                RaceId::new(race),
                Some(ParticipantId::new(bib.to_string())),
                Some(Bib::Number(bib)),
            )
        }
    }

    fn shown(on_course: &OnCourse) -> Vec<(&str, u32)> {
        on_course
            .shown
            .iter()
            .map(|e| {
                let bib = e.bib.as_ref().and_then(Bib::number);
                (e.race_id.as_str(), bib.unwrap_or(0))
            })
            .collect()
    }

    #[test]
    fn a_push_replaces_by_race_and_bib_and_sorts_by_position() {
        let first = vec![entry("A", 1, Some(1)), entry("A", 2, Some(2))];
        let on_course = OnCourse::default().pushed(first, 1000);
        let second = vec![entry("A", 1, None), entry("B", 1, Some(1))];
        let on_course = on_course.pushed(second, 2000);
        assert_eq!(shown(&on_course), [("B", 1), ("A", 2), ("A", 1)]);
    }

    #[test]
    fn an_empty_push_clears_the_water_at_once() {
        let on_course = OnCourse::default().pushed(vec![entry("A", 1, None)], 1000);
        assert!(shown(&on_course.pushed(Vec::new(), 1001)).is_empty());
    }

    #[test]
    fn more_than_five_a_second_are_conflated_and_the_last_one_is_shown() {
        let mut on_course = OnCourse::default().pushed(vec![entry("A", 1, None)], 1000);
        for now_ms in [1050, 1100, 1199] {
            on_course = on_course.pushed(vec![entry("A", 1, Some(3))], now_ms);
            assert_eq!(on_course.shown[0].position, None);
        }
        assert_eq!(on_course.due_at_ms(), Some(1200));
        let on_course = on_course.at(1200);
        assert_eq!(on_course.shown[0].position, Some(3));
        assert!(!on_course.is_waiting());
    }

    #[test]
    fn a_boat_that_is_not_refreshed_for_ten_seconds_is_gone() {
        let on_course = OnCourse::default().pushed(vec![entry("A", 1, None)], 1000);
        let on_course = on_course.pushed(vec![entry("A", 2, None)], 6000);
        assert_eq!(on_course.due_at_ms(), Some(11_000));
        assert_eq!(shown(&on_course.at(10_999)), [("A", 1), ("A", 2)]);
        assert_eq!(shown(&on_course.at(11_000)), [("A", 2)]);
        assert_eq!(on_course.at(16_000).due_at_ms(), None);
    }
}
