//! The life of an event: which state follows which, and what data each state takes.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The state of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventStatus {
    /// Being prepared; not public.
    Draft,
    /// Published with its startlists; no results yet.
    Startlist,
    /// Racing.
    Running,
    /// Raced; results may still be corrected.
    Finished,
    /// Final: nothing changes any more.
    Official,
}

/// What a timing system pushes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataKind {
    /// The complete XML export.
    Xml,
    /// The event's display configuration.
    Config,
    /// Results as boats finish.
    Results,
    /// Boats on the water.
    OnCourse,
}

impl EventStatus {
    /// Every state, in the order of an event's life.
    pub const ALL: [Self; 5] = [
        Self::Draft,
        Self::Startlist,
        Self::Running,
        Self::Finished,
        Self::Official,
    ];

    /// The states that may follow this one; itself is never among them.
    pub fn next(self) -> &'static [Self] {
        match self {
            Self::Draft => &[Self::Startlist],
            Self::Startlist => &[Self::Running, Self::Draft],
            Self::Running => &[Self::Finished],
            Self::Finished => &[Self::Official, Self::Running],
            Self::Official => &[],
        }
    }

    /// Whether spectators may see the event.
    pub fn is_public(self) -> bool {
        self != Self::Draft
    }

    /// Whether boats can be on the water.
    pub fn has_on_course(self) -> bool {
        DataKind::OnCourse.accepted_in().contains(&self)
    }

    /// The word used in JSON and in Redis.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Startlist => "startlist",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Official => "official",
        }
    }

    /// The state of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

impl fmt::Display for EventStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl DataKind {
    /// The states in which this kind of data is taken (the state guard of the HTTP API).
    pub fn accepted_in(self) -> &'static [EventStatus] {
        use EventStatus::{Draft, Finished, Running, Startlist};
        match self {
            Self::Xml => &[Draft, Startlist, Running, Finished],
            Self::Config => &[Draft],
            Self::Results => &[Running, Finished],
            Self::OnCourse => &[Running],
        }
    }

    /// The word used in messages to the operator.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Config => "config",
            Self::Results => "results",
            Self::OnCourse => "oncourse",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::EventStatus::{self, Draft, Finished, Official, Running, Startlist};

    #[test]
    fn only_the_listed_transitions_exist() {
        let allowed = [
            (Draft, Startlist),
            (Startlist, Running),
            (Startlist, Draft),
            (Running, Finished),
            (Finished, Official),
            (Finished, Running),
        ];
        for from in EventStatus::ALL {
            for to in EventStatus::ALL {
                let expected = allowed.contains(&(from, to));
                assert_eq!(from.next().contains(&to), expected, "{from} -> {to}");
            }
        }
    }

    #[test]
    fn words_round_trip() {
        for status in EventStatus::ALL {
            assert_eq!(EventStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(EventStatus::parse("paused"), None);
    }
}
