//! Does what is due of the events that this process pushed to: shows a list that waits, lets boats go,
//! and shows what an export said of rows that live data had changed just before.
//!
//! Every process that leaves something due sees to it itself. Should it die before, a gateway does it when
//! somebody looks.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use common::{
    domain::{EventId, EventRecord},
    plan::due,
};
use tokio::{sync::Notify, time::Instant};
use tracing::debug;

use crate::{
    change::{Target, change},
    state::App,
};

/// Something is done so much after it is due; the store's own clock decides whether it is.
const MARGIN: Duration = Duration::from_millis(5);
/// So much later where another process is to do it: only in case that it died, or both would do it at once.
const BACKUP_AFTER: Duration = Duration::from_millis(100);
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// After so many failures in a row it is left to a gateway, or to the next push.
const TRIES_MAX: usize = 20;

/// When this process looks at which event.
#[derive(Clone, Default)]
pub struct Keeper {
    sleepers: Arc<Mutex<HashMap<EventId, Sleeper>>>,
}

/// When something is to be done, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// From now, in ms.
    pub in_ms: i64,
    /// Whether another push has left it due before, perhaps to another process.
    pub others: bool,
}

impl Due {
    fn wake_at(self) -> Instant {
        let wait = Duration::from_millis(u64::try_from(self.in_ms).unwrap_or(0));
        let backup = if self.others {
            BACKUP_AFTER
        } else {
            Duration::ZERO
        };
        Instant::now() + wait + MARGIN + backup
    }
}

struct Sleeper {
    incarnation: String,
    wake_at: Option<Instant>,
    /// Told when `wake_at` is an earlier one.
    sooner: Arc<Notify>,
}

impl Keeper {
    /// Looks at the event when it is due, or sooner if that was asked for before.
    pub fn remind(&self, app: &App, record: &EventRecord, due: Due) {
        let wake_at = due.wake_at();
        let mut sleepers = self.lock();
        let known = sleepers.get_mut(&record.event_id);
        if let Some(sleeper) = known.filter(|known| known.incarnation == record.incarnation) {
            if sleeper.wake_at.is_none_or(|known| wake_at < known) {
                sleeper.wake_at = Some(wake_at);
                sleeper.sooner.notify_one();
            }
            return;
        }
        let sooner = Arc::new(Notify::new());
        let sleeper = Sleeper {
            incarnation: record.incarnation.clone(),
            wake_at: Some(wake_at),
            sooner: Arc::clone(&sooner),
        };
        sleepers.insert(record.event_id.clone(), sleeper);
        let (event_id, incarnation) = (record.event_id.clone(), record.incarnation.clone());
        tokio::spawn(keep(app.clone(), event_id, incarnation, sooner));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<EventId, Sleeper>> {
        let locked = self.sleepers.lock();
        locked.unwrap_or_else(PoisonError::into_inner)
    }

    /// When to look; nothing, and forgotten, when there is nothing left to do.
    fn wake_at(&self, event_id: &EventId, incarnation: &str) -> Option<Instant> {
        let mut sleepers = self.lock();
        let known = sleepers.get(event_id)?;
        if known.incarnation != incarnation {
            return None;
        }
        let wake_at = known.wake_at;
        if wake_at.is_none() {
            sleepers.remove(event_id);
        }
        wake_at
    }

    fn awake(&self, event_id: &EventId, incarnation: &str) {
        let mut sleepers = self.lock();
        let known = sleepers.get_mut(event_id);
        if let Some(sleeper) = known.filter(|known| known.incarnation == incarnation) {
            sleeper.wake_at = None;
        }
    }

    fn sleep_again(&self, event_id: &EventId, incarnation: &str, wake_at: Instant) {
        let mut sleepers = self.lock();
        let known = sleepers.get_mut(event_id);
        if let Some(sleeper) = known.filter(|known| known.incarnation == incarnation) {
            let sooner = sleeper.wake_at.is_none_or(|known| wake_at < known);
            if sooner {
                sleeper.wake_at = Some(wake_at);
            }
        }
    }
}

async fn keep(app: App, event_id: EventId, incarnation: String, sooner: Arc<Notify>) {
    let keeper = app.keeper.clone();
    let mut failures = 0;
    while let Some(wake_at) = keeper.wake_at(&event_id, &incarnation) {
        tokio::select! {
            () = tokio::time::sleep_until(wake_at) => {}
            () = sooner.notified() => continue,
        }
        keeper.awake(&event_id, &incarnation);
        let again = match settle(&app, &event_id, &incarnation).await {
            Ok(again_in_ms) => {
                failures = 0;
                let due = |in_ms| Due {
                    in_ms,
                    others: true,
                };
                again_in_ms.map(|in_ms| due(in_ms).wake_at())
            }
            Err(error) => {
                debug!(%error, event = %event_id, "what is due is not done yet");
                failures += 1;
                (failures < TRIES_MAX).then(|| Instant::now() + RETRY_AFTER)
            }
        };
        if let Some(wake_at) = again {
            keeper.sleep_again(&event_id, &incarnation, wake_at);
        }
    }
}

/// Does what is due, and says in how many ms something is again.
async fn settle(
    app: &App,
    event_id: &EventId,
    incarnation: &str,
) -> Result<Option<i64>, common::http::ApiError> {
    let target = Target {
        event_id: event_id.clone(),
        incarnation: incarnation.to_owned(),
        what: "due",
        states: None,
        known: app.memory.of(event_id).map(Box::new),
        key_salt: None,
        received: std::time::Instant::now(),
    };
    change(app, target, |store, known| async move {
        let head = known.head();
        let now_ms = known.now_ms();
        let due = head.waiting.due(now_ms);
        let races = common::plan::results::concerned(&head.structure, &due);
        let competition = known.competition(&store, &races).await?;
        let (again_at_ms, plan) = due::plan(&head.before(&competition), now_ms);
        Ok((again_at_ms.map(|at_ms| at_ms - now_ms), plan))
    })
    .await
}
