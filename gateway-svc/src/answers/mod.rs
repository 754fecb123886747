//! Encoded REST answers, each true for a position that was read after its request came.
//!
//! An event is asked for its position once for all requests that wait at that moment; an answer is
//! built again only when its own resource has changed since. While Redis is away the last answers
//! stay, and name the position that they are true for.

mod body;
pub mod csv;
mod event;
mod kept;
pub mod shapes;

use std::{sync::Arc, time::Duration};

use common::{
    domain::{EventId, EventStatus},
    http::ApiError,
    store::{Limits, Store, StoreError},
};
use moka::sync::Cache;

pub use body::{Body, Resource};
use event::CachedEvent;

/// Events kept at most.
const EVENTS_MAX: u64 = 1024;
/// An event that nobody asks for is forgotten after this.
const IDLE_FOR: Duration = Duration::from_secs(600);

/// Answers of all events that are read here; cheap to clone.
#[derive(Clone)]
pub struct Answers {
    source: Source,
    events: Cache<EventId, Arc<CachedEvent>>,
}

/// Where answers come from.
#[derive(Clone)]
struct Source {
    store: Store,
    /// Of the commits that do what is due when somebody reads.
    limits: Limits,
}

/// An encoded answer, and where its event stood at the read.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The body with its own position.
    pub body: Arc<Body>,
    /// The event's position.
    pub position: common::protocol::Position,
}

impl Answers {
    /// Nothing read yet.
    pub fn new(store: Store, limits: Limits) -> Self {
        let events = Cache::builder()
            .max_capacity(EVENTS_MAX)
            .time_to_idle(IDLE_FOR)
            .build();
        let source = Source { store, limits };
        Self { source, events }
    }

    /// The state of a public event, asked for once for all who wait.
    pub async fn status(&self, event_id: &EventId) -> Result<EventStatus, StoreError> {
        let event = self.events.get_with_by_ref(event_id, Arc::default);
        let status = event.status(&self.source, event_id).await;
        if event.is_gone() {
            self.events.invalidate(event_id);
        }
        status
    }

    /// The answer for a resource of a public event: 404 where there is none.
    pub async fn get(&self, event_id: &EventId, resource: Resource) -> Result<Answer, ApiError> {
        let event = self.events.get_with_by_ref(event_id, Arc::default);
        let answer = event.get(&self.source, event_id, resource).await;
        if event.is_gone() {
            self.events.invalidate(event_id);
        }
        answer
    }
}
