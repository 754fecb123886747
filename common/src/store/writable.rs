//! Whether Redis takes writes. It may answer and take none: out of memory, out of disk, or about to end because of that.
//! Of a cluster only the node that holds the key is tried.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{FromRedisValue, ScriptInvocation, Value};

use super::{Store, StoreError, keys};

/// Pause between two tries. With `appendfsync always` each one ends a Redis whose disk is full.
const TRY_EVERY: Duration = Duration::from_secs(2);

/// What the last writes told.
#[derive(Debug, Default)]
pub(super) struct Writable {
    failed: AtomicBool,
    tried_at: Mutex<Option<Instant>>,
}

impl Writable {
    fn note<T>(&self, answer: &Result<T, StoreError>) {
        match answer {
            Err(StoreError::Unavailable(_) | StoreError::NoRoom(_)) => {
                self.failed.store(true, Ordering::Relaxed);
            }
            _ => self.failed.store(false, Ordering::Relaxed),
        }
    }

    /// Whether it is time for another try.
    fn is_due(&self) -> bool {
        let tried_at = self.tried_at.lock();
        let mut tried_at = tried_at.unwrap_or_else(PoisonError::into_inner);
        let due = tried_at.is_none_or(|at| at.elapsed() >= TRY_EVERY);
        if due {
            *tried_at = Some(Instant::now());
        }
        due
    }
}

impl Store {
    /// Runs a script that writes, once, and remembers whether that was possible.
    pub(super) async fn write<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let answer = self.invoke(script).await;
        self.writable().note(&answer);
        answer
    }

    /// Whether Redis answers and, if the last write failed, takes a write again.
    pub async fn check_writable(&self) -> Result<(), StoreError> {
        let writable = self.writable();
        if !writable.failed.load(Ordering::Relaxed) {
            return self.ping().await;
        }
        if !writable.is_due() {
            return Err(StoreError::Unavailable("the last write failed".to_owned()));
        }
        let mut set = redis::cmd("SET");
        let answer = self.command::<Value>(set.arg(keys::WRITABLE).arg(1)).await;
        writable.note(&answer);
        answer.map(drop)
    }
}
