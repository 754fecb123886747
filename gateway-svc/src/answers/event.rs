//! The answers of one event.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use common::{
    domain::{EventId, EventStatus},
    http::ApiError,
    protocol::Seq,
    store::{Head, StoreError},
};
use tokio::sync::Mutex;
use tracing::warn;

use super::{
    Answer, Source,
    body::{Body, Resource},
    kept::Kept,
    shapes::List,
};
use crate::due;

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
    kept: Kept,
}

impl CachedEvent {
    /// Whether there was no such public event when it was last looked for.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// The answer, true for a position read after this call.
    pub async fn get(
        &self,
        source: &Source,
        event_id: &EventId,
        resource: Resource,
    ) -> Result<Answer, ApiError> {
        let asked = Instant::now();
        let mut known = self.known.lock().await;
        let found = known.find(source, event_id, resource, asked).await;
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
        source: &Source,
        event_id: &EventId,
    ) -> Result<EventStatus, StoreError> {
        let asked = Instant::now();
        let mut known = self.known.lock().await;
        let checked = known.check(source, event_id, asked).await;
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
        source: &Source,
        event_id: &EventId,
        resource: Resource,
        asked: Instant,
    ) -> Result<Option<Answer>, StoreError> {
        if let Err(error) = self.check(source, event_id, asked).await {
            // Without Redis the last answer is better than none; it says how old it is.
            let last = self.at.as_mut().and_then(|at| at.answer(&resource));
            return match (error, last) {
                (StoreError::Unavailable(_), Some(last)) => Ok(Some(last)),
                (error, _) => Err(error),
            };
        }
        let Some(at) = self.at.as_mut() else {
            return Err(StoreError::NoEvent);
        };
        if let Some(answer) = at.answer(&resource) {
            return Ok(Some(answer));
        }
        let body = if let Resource::Results(of) | Resource::Csv(of, _) = &resource {
            let Some((seq, list)) = at.list(source, event_id, of).await? else {
                return Ok(None);
            };
            let body = Arc::new(Body::of_list(seq, &resource, &list)?);
            if !list.has(of) {
                // Made from what is known, and not kept: there are as many of these as somebody likes to ask for.
                return Ok(Some(at.with_position(body)));
            }
            body
        } else {
            let read = Body::read(&source.store, event_id, &at.head, &resource).await?;
            let Some((head, body)) = read else {
                return Ok(None);
            };
            at.move_to(head)?;
            Arc::new(body)
        };
        at.kept.keep_answer(resource, Arc::clone(&body));
        Ok(Some(at.with_position(body)))
    }

    /// Makes sure that the head is that of a position read after `asked`.
    async fn check(
        &mut self,
        source: &Source,
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
        let checked = self.read(source, event_id).await;
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

    async fn read(&mut self, source: &Source, event_id: &EventId) -> Result<(), StoreError> {
        let store = &source.store;
        let pulse = store.pulse(event_id).await?.ok_or(StoreError::NoEvent)?;
        if pulse.overdue {
            // Nobody who watches noticed; a read must not show it.
            if let Err(error) = due::settle(store, event_id, source.limits).await {
                warn!(%error, event = %event_id, "what is due is not done");
            }
        } else if let Some(at) = &self.at {
            let same = at.head.record.incarnation == pulse.standing.incarnation
                && at.head.position == pulse.standing.position;
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
            kept: Kept::default(),
        });
        Ok(())
    }
}

impl At {
    /// The answer for a resource, unless it has changed since it was built.
    fn answer(&mut self, resource: &Resource) -> Option<Answer> {
        let body = self.kept.answer(resource)?;
        Some(self.with_position(body))
    }

    fn with_position(&self, body: Arc<Body>) -> Answer {
        Answer {
            body,
            position: self.head.position.clone(),
        }
    }

    /// The list of a race; `None` when there is no such race.
    async fn list(
        &mut self,
        source: &Source,
        event_id: &EventId,
        of: &super::shapes::ResultsOf,
    ) -> Result<Option<(Seq, Arc<List>)>, StoreError> {
        let race_id = &of.race_id;
        if self.head.structure.race(race_id).is_none() {
            return Ok(None);
        }
        if let Some(known) = self.kept.list(race_id) {
            return Ok(Some(known));
        }
        let Some((head, competition)) = source.store.race(event_id, race_id).await? else {
            return Ok(None);
        };
        let (race, seq) = (
            head.structure.race(race_id),
            Resource::results_seq(race_id, &head),
        );
        let Some((race, seq)) = race.zip(seq) else {
            return Ok(None);
        };
        let list = Arc::new(List::new(race, &competition));
        self.move_to(Arc::new(head))?;
        self.kept.keep_list(race_id.clone(), seq, Arc::clone(&list));
        Ok(Some((seq, list)))
    }

    /// Goes on to a later position; what did not change stays.
    fn move_to(&mut self, head: Arc<Head>) -> Result<(), StoreError> {
        check_public(&head)?;
        let same_history = self.head.record.incarnation == head.record.incarnation
            && self.head.position.epoch == head.position.epoch;
        self.head = head;
        if !same_history {
            self.kept.clear();
        }
        self.kept.move_to(&self.head);
        Ok(())
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
