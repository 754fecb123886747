//! Read, plan, commit; again from the start when somebody else was faster.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use common::{
    domain::{EventId, EventStatus},
    http::ApiError,
    plan::Plan,
    store::{Head, Store, StoreError},
};

use crate::{
    auth::{Known, wrong_key},
    state::App,
};

/// What was read longer ago is read again: a slow body may have come in between.
const KNOWN_FOR: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_millis(20);

/// What a change is made to, and how it is counted.
#[derive(Debug, Clone)]
pub struct Target {
    /// The event.
    pub event_id: EventId,
    /// The event that the caller was allowed to change: one created anew under the same id is
    /// another one.
    pub incarnation: String,
    /// The label of its metric.
    pub what: &'static str,
    /// The states that the event may be in at the commit; `None` when the plan's expectations
    /// cover it.
    pub states: Option<&'static [EventStatus]>,
    /// The event as it was read to check the sender's key, which the first try may go by.
    pub known: Option<Box<Known>>,
    /// The salt of the sender's key, if it had to have one: a key that was rotated since opens nothing.
    pub key_salt: Option<String>,
    /// When the request arrived; it is applied within the request time-out after this, or never.
    pub received: Instant,
}

/// Commits what `plan` makes of the event, and returns what it says beside. The work runs on when
/// the caller hangs up: a commit never stops half-way because a connection did.
pub async fn change<T, F, P>(app: &App, target: Target, plan: F) -> Result<T, ApiError>
where
    T: Send + 'static,
    F: Fn(Store, Head) -> P + Send + 'static,
    P: Future<Output = Result<(T, Plan), ApiError>> + Send + 'static,
{
    let work = run(app.clone(), target, plan);
    detached(work).await
}

/// Runs `work` to its end even when the caller is gone.
pub async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    let joined = tokio::spawn(work).await;
    joined.unwrap_or_else(|error| Err(ApiError::Internal(error.to_string())))
}

async fn run<T, F, P>(app: App, mut target: Target, plan: F) -> Result<T, ApiError>
where
    F: Fn(Store, Head) -> P,
    P: Future<Output = Result<(T, Plan), ApiError>>,
{
    let ts_ms = jiff::Timestamp::now().as_millisecond();
    let deadline = target.received + app.request_timeout;
    loop {
        let known = target.known.take();
        let known = known.filter(|known| known.read_at.elapsed() < KNOWN_FOR);
        let Known { head, read_at } = match known {
            Some(known) => *known,
            None => Known {
                read_at: Instant::now(),
                head: app.store.head(&target.event_id).await?,
            },
        };
        if head.record.incarnation != target.incarnation {
            return Err(StoreError::NoEvent.into());
        }
        let salt = &head.record.key.salt;
        if target.key_salt.as_ref().is_some_and(|known| known != salt) {
            return Err(wrong_key());
        }
        let left = deadline.saturating_duration_since(read_at);
        let deadline_ms = head.server_ms + i64::try_from(left.as_millis()).unwrap_or(i64::MAX);
        let (answer, plan) = plan(app.store.clone(), head.clone()).await?;
        let commit = app
            .store
            .commit(&head, &plan, target.states, ts_ms, deadline_ms, app.limits);
        match commit.await {
            Ok(_) => {
                app.metrics.commits.with_label_values(&[target.what]).inc();
                return Ok(answer);
            }
            Err(StoreError::Conflict) if Instant::now() < deadline => {
                app.metrics.conflicts.inc();
                tokio::time::sleep(PAUSE_MAX.mul_f64(rand::random())).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
