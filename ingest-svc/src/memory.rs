//! Events as this process last knew them, so that a push needs no read of its own.
//!
//! Nothing here is relied on. What is planned from memory is committed only if no part of the event
//! that the plan goes by was written since, and an answer without a commit is never given from it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use common::{
    domain::{EventId, EventRecord},
    plan::{Part, Plan},
    store::{Committed, Head, Store, StoreError},
};
use moka::sync::Cache;

/// What was read longer ago is read again before it is relied on: a slow body may have come in
/// between.
const FRESH_FOR: Duration = Duration::from_millis(50);
/// How long after its last read an event is remembered through this process's own commits.
const REMEMBERED_FOR: Duration = Duration::from_secs(1);
const EVENTS_MAX: u64 = 200;

/// An event as it was read, or as a commit left it.
#[derive(Debug, Clone)]
pub struct Known {
    head: Arc<Head>,
    read_at: Instant,
    remembered: bool,
}

impl Known {
    /// Reads the event.
    pub async fn read(store: &Store, event_id: &EventId) -> Result<Self, StoreError> {
        let read_at = Instant::now();
        let head = Arc::new(store.head(event_id).await?);
        Ok(Self {
            head,
            read_at,
            remembered: false,
        })
    }

    /// The event's record.
    pub fn record(&self) -> &EventRecord {
        &self.head.record
    }

    /// The event's record.
    pub fn into_record(self) -> EventRecord {
        Arc::unwrap_or_clone(self.head).record
    }

    /// Whether it comes from memory, and may no longer be true.
    pub fn is_remembered(&self) -> bool {
        self.remembered
    }

    /// Whether a plan may be made from it.
    pub fn is_usable(&self) -> bool {
        let usable_for = if self.remembered {
            REMEMBERED_FOR
        } else {
            FRESH_FOR
        };
        self.read_at.elapsed() < usable_for
    }

    /// The head, with the server's clock moved on to now if it comes from memory.
    pub fn head(&self) -> Arc<Head> {
        let mut head = Arc::clone(&self.head);
        if self.remembered {
            Arc::make_mut(&mut head).server_ms += millis(self.read_at.elapsed());
        }
        head
    }

    /// `deadline` by the server's clock, ms since 1970.
    pub fn server_deadline_ms(&self, deadline: Instant) -> i64 {
        self.head.server_ms + millis(deadline.saturating_duration_since(self.read_at))
    }

    /// `plan` with all that a plan from memory goes by.
    pub fn guarded(&self, mut plan: Plan) -> Plan {
        if self.remembered {
            plan.expected.push(self.head.revisions.expect(Part::Record));
        }
        plan
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The events that this process committed to a moment ago.
#[derive(Clone)]
pub struct Memory(Cache<EventId, Known>);

impl Default for Memory {
    fn default() -> Self {
        let events = Cache::builder().max_capacity(EVENTS_MAX);
        Self(events.time_to_live(REMEMBERED_FOR).build())
    }
}

impl Memory {
    /// What is remembered of an event.
    pub fn of(&self, event_id: &EventId) -> Option<Known> {
        self.0.get(event_id).filter(Known::is_usable)
    }

    /// Forgets an event of which something is no longer true.
    pub fn forget(&self, event_id: &EventId) {
        self.0.invalidate(event_id);
    }

    /// Remembers what `known` became by committing `plan`.
    pub fn committed(&self, known: Known, plan: &Plan, committed: Committed) {
        let Known { head, read_at, .. } = known;
        let event_id = head.record.event_id.clone();
        match Arc::unwrap_or_clone(head).after(plan, committed) {
            Some(head) => {
                let known = Known {
                    head: Arc::new(head),
                    read_at,
                    remembered: true,
                };
                self.0.insert(event_id, known);
            }
            None => self.forget(&event_id),
        }
    }
}
