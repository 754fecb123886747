//! Every key and channel, built here and nowhere else.

use crate::domain::{ClassId, EventId, RaceId};

/// The set of all event ids.
pub(super) const EVENTS: &str = "ed:events";
/// The counter of integer event ids.
pub(super) const NUMBER: &str = "ed:number";
/// The secret that development mode makes up once for all its processes.
pub(super) const DEV_SECRET: &str = "ed:dev-secret";
/// What is written to see whether anything can be.
pub(super) const WRITABLE: &str = "ed:writable";
/// The channel on which a process hears itself, to prove that it hears at all.
pub(super) fn probe(process: &str) -> String {
    format!("ed:probe:{process}")
}

/// The pattern that finds every event, for repairing the indexes.
pub(super) const META_PATTERN: &str = "ed:{*}:meta";

/// Where the event of an API key is looked up.
pub(super) fn api_key(digest: &str) -> String {
    format!("ed:key:{digest}")
}

/// The id of the event that a meta key belongs to.
pub(super) fn event_of_meta(key: &str) -> Option<EventId> {
    let id = key.strip_prefix("ed:{")?.strip_suffix("}:meta")?;
    EventId::parse(id).ok()
}

/// The keys of one event; all share its hash tag.
#[derive(Debug, Clone)]
pub(super) struct EventKeys {
    tag: String,
}

impl EventKeys {
    pub fn new(event_id: &EventId) -> Self {
        Self {
            tag: format!("ed:{{{event_id}}}"),
        }
    }

    fn key(&self, suffix: &str) -> String {
        format!("{}:{suffix}", self.tag)
    }

    pub fn meta(&self) -> String {
        self.key("meta")
    }

    pub fn marks(&self) -> String {
        self.key("marks")
    }

    pub fn structure(&self) -> String {
        self.key("structure")
    }

    pub fn people(&self, class_id: &ClassId) -> String {
        format!("{}:people:{class_id}", self.tag)
    }

    pub fn rows(&self, race_id: &RaceId) -> String {
        format!("{}:rows:{race_id}", self.tag)
    }

    pub fn on_course(&self) -> String {
        self.key("oncourse")
    }

    pub fn image(&self) -> String {
        self.key("image")
    }

    pub fn history(&self) -> String {
        self.key("history")
    }

    pub fn seats(&self) -> String {
        self.key("seats")
    }

    /// The keys that every event may have beside its meta and image; the marks come first.
    pub fn others(&self) -> [String; 5] {
        [
            self.marks(),
            self.structure(),
            self.on_course(),
            self.history(),
            self.seats(),
        ]
    }

    /// The channel that the event's envelopes are published on.
    pub fn feed(&self) -> String {
        self.key("feed")
    }
}

#[cfg(test)]
mod tests {
    use super::{EventId, EventKeys, event_of_meta};

    #[test]
    fn the_meta_key_tells_its_event() {
        let event_id = EventId::parse("CZE2.2026062000").expect("a valid id");
        let meta = EventKeys::new(&event_id).meta();
        assert_eq!(event_of_meta(&meta), Some(event_id));
        assert_eq!(event_of_meta("ed:{x}:marks"), None);
    }
}
