//! Read, plan, commit; again from the start when somebody else was faster.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use common::{
    domain::{EventId, EventStatus},
    http::ApiError,
    plan::Plan,
    store::{Store, StoreError, Terms},
};

use crate::{auth::wrong_key, memory::Known, state::App};

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

impl Target {
    /// The answer when the event is no more: its key is as wrong as any.
    fn gone(&self) -> ApiError {
        match self.key_salt {
            Some(_) => wrong_key(),
            None => StoreError::NoEvent.into(),
        }
    }
}

/// Commits what `plan` makes of the event, and returns what it says beside. The work runs on when
/// the caller hangs up: a commit never stops half-way because a connection did.
pub async fn change<T, F, P>(app: &App, target: Target, plan: F) -> Result<T, ApiError>
where
    T: Send + 'static,
    F: Fn(Store, Known) -> P + Send + Sync + 'static,
    P: Future<Output = Result<(T, Plan), ApiError>> + Send + 'static,
{
    detached(Box::pin(run(app.clone(), target, plan))).await
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
    F: Fn(Store, Known) -> P,
    P: Future<Output = Result<(T, Plan), ApiError>>,
{
    let ts_ms = jiff::Timestamp::now().as_millisecond();
    let mut known = target.known.take().filter(|known| known.is_usable());
    loop {
        let from = match known.take() {
            Some(known) => *known,
            None => match Known::read(&app.store, &target.event_id).await {
                Err(StoreError::NoEvent) => return Err(target.gone()),
                read => read?,
            },
        };
        let from_memory = from.is_remembered();
        let tried = attempt(&app, &target, from, &plan, ts_ms).await?;
        if let Some(answer) = tried {
            return Ok(answer);
        }
        if from_memory {
            app.memory.forget(&target.event_id);
        } else {
            tokio::time::sleep(PAUSE_MAX.mul_f64(rand::random())).await;
        }
    }
}

/// Plans and commits once; `None` asks for another try from what is true now: somebody else was
/// faster, or memory said what only the store may say.
async fn attempt<T, F, P>(
    app: &App,
    target: &Target,
    from: Known,
    plan: &F,
    ts_ms: i64,
) -> Result<Option<T>, ApiError>
where
    F: Fn(Store, Known) -> P,
    P: Future<Output = Result<(T, Plan), ApiError>>,
{
    let head = from.head();
    if head.record.incarnation != target.incarnation {
        return Err(target.gone());
    }
    let salt = &head.record.key.salt;
    if target.key_salt.as_ref().is_some_and(|known| known != salt) {
        return Err(wrong_key());
    }
    let planned = plan(app.store.clone(), from.clone()).await;
    if from.is_remembered() && planned.as_ref().map_or(true, |(_, plan)| plan.is_empty()) {
        return Ok(None);
    }
    let (answer, plan) = planned?;
    let plan = from.guarded(plan);
    let deadline = target.received + app.request_timeout;
    let terms = Terms {
        states: target.states,
        ts_ms,
        deadline_ms: from.server_deadline_ms(deadline),
        same_epoch: from.is_remembered(),
        limits: app.limits,
    };
    match app.store.commit(head, &plan, terms).await {
        Ok(committed) => {
            app.metrics.commits.with_label_values(&[target.what]).inc();
            app.memory.committed(from, &plan, committed);
            Ok(Some(answer))
        }
        Err(StoreError::Conflict) if Instant::now() < deadline => {
            app.metrics.conflicts.inc();
            if from.is_remembered() {
                app.memory.overtaken(&target.event_id);
            }
            Ok(None)
        }
        Err(StoreError::NoEvent | StoreError::State(_)) if from.is_remembered() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
