//! The answers of one event.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use common::{
    domain::{EventId, EventStatus},
    http::ApiError,
    store::{Head, Store, StoreError},
};
use tokio::sync::Mutex;

use super::{
    Answer,
    body::{Body, Resource},
};

/// Bytes of one event's answers; over this they are all built anew.
const BYTES_MAX: usize = 32 << 20;

/// What is known of an event. The lock is held while it is read, so that one read serves everyone.
#[derive(Default)]
pub struct CachedEvent {
    known: Mutex<Known>,
    gone: AtomicBool,
}

#[derive(Default)]
struct Known {
    at: Option<At>,
    /// When the last position check began, with its failure if it failed.
    checked: Option<(Instant, Option<String>)>,
}

/// An event at a position.
struct At {
    head: Arc<Head>,
    bodies: HashMap<Resource, Arc<Body>>,
    bytes: usize,
}

impl CachedEvent {
    /// Whether there was no such public event when it was last looked for.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// The answer, true for a position read after this call.
    pub async fn get(
        &self,
        store: &Store,
        event_id: &EventId,
        resource: Resource,
    ) -> Result<Answer, ApiError> {
        let asked = Instant::now();
        let mut known = self.known.lock().await;
        let found = known.find(store, event_id, resource, asked).await;
        let gone = matches!(found, Err(StoreError::NoEvent));
        self.gone.store(gone, Ordering::Relaxed);
        match found? {
            Some(answer) => Ok(answer),
            None => Err(ApiError::NotFound("there is no such race".to_owned())),
        }
    }
}

impl CachedEvent {
    /// The state of the event, true for a position read after this call; the last known one while Redis is
    /// away.
    pub async fn status(
        &self,
        store: &Store,
        event_id: &EventId,
    ) -> Result<EventStatus, StoreError> {
        let asked = Instant::now();
        let mut known = self.known.lock().await;
        let checked = known.check(store, event_id, asked).await;
        self.gone.store(
            matches!(checked, Err(StoreError::NoEvent)),
            Ordering::Relaxed,
        );
        match (checked, &known.at) {
            (Ok(()) | Err(StoreError::Unavailable(_)), Some(at)) => Ok(at.head.record.status),
            (Ok(()), None) => Err(StoreError::NoEvent),
            (Err(error), _) => Err(error),
        }
    }
}

impl Known {
    async fn find(
        &mut self,
        store: &Store,
        event_id: &EventId,
        resource: Resource,
        asked: Instant,
    ) -> Result<Option<Answer>, StoreError> {
        if let Err(error) = self.check(store, event_id, asked).await {
            // Without Redis the last answer is better than none; it says how old it is.
            let last = self.at.as_ref().and_then(|at| at.answer(&resource));
            return match (error, last) {
                (StoreError::Unavailable(_), Some(last)) => Ok(Some(last)),
                (error, _) => Err(error),
            };
        }
        let Some(at) = self.at.as_mut() else {
            return Err(StoreError::NoEvent);
        };
        if at.answer(&resource).is_none() {
            let Some((head, body)) = Body::read(store, event_id, &at.head, &resource).await? else {
                return Ok(None);
            };
            at.move_to(head)?;
            at.insert(resource.clone(), body);
        }
        Ok(at.answer(&resource))
    }

    /// Makes sure that the head is that of a position read after `asked`.
    async fn check(
        &mut self,
        store: &Store,
        event_id: &EventId,
        asked: Instant,
    ) -> Result<(), StoreError> {
        match &self.checked {
            Some((began, failed)) if *began > asked => {
                // Somebody who waited before us has asked meanwhile, also on our behalf.
                return match failed {
                    Some(why) => Err(StoreError::Unavailable(why.clone())),
                    None => Ok(()),
                };
            }
            _ => {}
        }
        let began = Instant::now();
        let checked = self.read(store, event_id).await;
        let failed = match &checked {
            Err(StoreError::Unavailable(why)) => Some(why.clone()),
            _ => None,
        };
        if matches!(checked, Err(StoreError::NoEvent)) {
            self.at = None;
        }
        self.checked = Some((began, failed));
        checked
    }

    async fn read(&mut self, store: &Store, event_id: &EventId) -> Result<(), StoreError> {
        let standing = store.standing(event_id).await?;
        let standing = standing.ok_or(StoreError::NoEvent)?;
        if let Some(at) = &self.at {
            let same = at.head.record.incarnation == standing.incarnation
                && at.head.position == standing.position;
            if same {
                return Ok(());
            }
        }
        let head = Arc::new(store.head(event_id).await?);
        if let Some(at) = &mut self.at {
            return at.move_to(head);
        }
        check_public(&head)?;
        self.at = Some(At {
            head,
            bodies: HashMap::new(),
            bytes: 0,
        });
        Ok(())
    }
}

impl At {
    /// The answer for a resource, unless it has changed since it was built.
    fn answer(&self, resource: &Resource) -> Option<Answer> {
        let body = self.bodies.get(resource)?;
        Some(Answer {
            body: Arc::clone(body),
            position: self.head.position.clone(),
        })
    }

    /// Goes on to a later position; answers of resources that did not change stay.
    fn move_to(&mut self, head: Arc<Head>) -> Result<(), StoreError> {
        check_public(&head)?;
        let same_history = self.head.record.incarnation == head.record.incarnation
            && self.head.position.epoch == head.position.epoch;
        self.head = head;
        if !same_history {
            self.bodies.clear();
        }
        let head = &self.head;
        self.bodies
            .retain(|resource, body| resource.seq(head) == Some(body.seq));
        self.bytes = self.bodies.values().map(|body| body.bytes()).sum();
        Ok(())
    }

    fn insert(&mut self, resource: Resource, body: Body) {
        self.bytes += body.bytes();
        if self.bytes > BYTES_MAX {
            self.bodies.clear();
            self.bytes = body.bytes();
        }
        self.bodies.insert(resource, Arc::new(body));
    }
}

/// Drafts are as good as absent.
fn check_public(head: &Head) -> Result<(), StoreError> {
    if head.record.status.is_public() {
        Ok(())
    } else {
        Err(StoreError::NoEvent)
    }
}
