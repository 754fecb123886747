//! Events as this process last knew them, so that a push needs no read of its own.
//!
//! Nothing here is relied on. What is planned from memory is committed only if no part of the event
//! that the plan goes by was written since, and an answer without a commit is never given from it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use common::{
    domain::{Competition, EventId, EventRecord, RaceId},
    plan::{Part, Plan},
    store::{Committed, Head, Store, StoreError},
};
use moka::sync::Cache;

/// What was read longer ago is read again before it is relied on: a slow body may have come in
/// between.
const FRESH_FOR: Duration = Duration::from_millis(50);
/// How long after its last read an event is remembered through this process's own commits.
const REMEMBERED_FOR: Duration = Duration::from_secs(1);
/// Rows and participants of all remembered events; the rest of an event counts as [`HEAD_ROWS`].
const ROWS_MAX: u64 = 50_000;
const HEAD_ROWS: u32 = 200;

/// An event as it was read, or as a commit left it.
#[derive(Debug, Clone)]
pub struct Known {
    head: Arc<Head>,
    /// The rows last asked for; what a commit of this head expects makes them true for it.
    competition: Arc<Mutex<Arc<Competition>>>,
    read_at: Instant,
    remembered: bool,
}

impl Known {
    /// Reads the event.
    pub async fn read(store: &Store, event_id: &EventId) -> Result<Self, StoreError> {
        let read_at = Instant::now();
        let head = Arc::new(store.head(event_id).await?);
        Ok(Self {
            competition: Arc::new(Mutex::new(without_rows(&head))),
            head,
            read_at,
            remembered: false,
        })
    }

    /// The event.
    pub fn head(&self) -> &Head {
        &self.head
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

    /// The rows of `races`, and maybe of others, with the participants of their classes; read if
    /// they are not remembered. Races that the event lacks are left out.
    pub async fn competition(
        &self,
        store: &Store,
        races: &[RaceId],
    ) -> Result<Arc<Competition>, StoreError> {
        if races.is_empty() {
            return Ok(without_rows(&self.head));
        }
        let structure = &self.head.structure;
        let mut wanted = races.iter().filter(|id| structure.race(id).is_some());
        let remembered = self.remembered_competition();
        if wanted.all(|id| remembered.rows.contains_key(id)) {
            return Ok(remembered);
        }
        let read = Arc::new(store.competition(&self.head, races).await?);
        *self.lock() = Arc::clone(&read);
        Ok(read)
    }

    fn remembered_competition(&self) -> Arc<Competition> {
        Arc::clone(&self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Arc<Competition>> {
        let locked = self.competition.lock();
        locked.unwrap_or_else(PoisonError::into_inner)
    }

    /// The server's clock, ms since 1970: moved on since the read.
    pub fn now_ms(&self) -> i64 {
        self.head.server_ms + millis(self.read_at.elapsed())
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

    /// What it became by committing `plan`; `None` when that is better read.
    fn after(self, plan: &Plan, committed: Committed) -> Option<Self> {
        let competition = plan.applied_to(self.remembered_competition());
        let head = Arc::new(Arc::unwrap_or_clone(self.head).after(plan, committed)?);
        let competition = competition.unwrap_or_else(|| without_rows(&head));
        Some(Self {
            head,
            competition: Arc::new(Mutex::new(competition)),
            read_at: self.read_at,
            remembered: true,
        })
    }
}

fn without_rows(head: &Head) -> Arc<Competition> {
    Arc::new(Competition {
        structure: Arc::clone(&head.structure),
        ..Competition::default()
    })
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// How long nothing is remembered of an event of which the memory was wrong: mostly another process changes it too, and
/// it would be wrong each time.
const SHARED_FOR: Duration = Duration::from_secs(5);

/// The events that this process committed to a moment ago.
#[derive(Clone)]
pub struct Memory {
    events: Cache<EventId, Known>,
    /// Those of which it was wrong a moment ago.
    shared: Cache<EventId, ()>,
}

impl Default for Memory {
    fn default() -> Self {
        let weigh = |_: &EventId, known: &Known| {
            let rows = known.remembered_competition().row_count();
            HEAD_ROWS.saturating_add(u32::try_from(rows).unwrap_or(u32::MAX))
        };
        let events = Cache::builder().max_capacity(ROWS_MAX).weigher(weigh);
        let shared = Cache::builder().max_capacity(ROWS_MAX / u64::from(HEAD_ROWS));
        Self {
            events: events.time_to_live(REMEMBERED_FOR).build(),
            shared: shared.time_to_live(SHARED_FOR).build(),
        }
    }
}

impl Memory {
    /// What is remembered of an event.
    pub fn of(&self, event_id: &EventId) -> Option<Known> {
        if self.shared.contains_key(event_id) {
            return None;
        }
        self.events.get(event_id).filter(Known::is_usable)
    }

    /// Forgets an event of which something is no longer true.
    pub fn forget(&self, event_id: &EventId) {
        self.events.invalidate(event_id);
    }

    /// What was remembered was wrong: for a while every plan for the event is made from a read.
    pub fn overtaken(&self, event_id: &EventId) {
        self.forget(event_id);
        self.shared.insert(event_id.clone(), ());
    }

    /// Remembers what `known` became by committing `plan`.
    pub fn committed(&self, known: Known, plan: &Plan, committed: Committed) {
        let event_id = known.record().event_id.clone();
        match known.after(plan, committed) {
            Some(known) => self.events.insert(event_id, known),
            None => self.forget(&event_id),
        }
    }
}
