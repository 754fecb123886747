//! Connections that were used a moment ago. The pool looks at a connection each time before it gives it
//! out, which is a round trip; one that has just answered need not be looked at.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use super::Pooled;

/// For so long a connection is taken to be alive. One that has died since costs its user another try, or
/// an error where a second one might do harm.
const WARM_FOR: Duration = Duration::from_millis(250);

/// Connections between two uses. At most half of the pool's, and none while somebody waits at the pool.
pub struct Warm {
    connections_max: usize,
    idle: Mutex<Vec<(Pooled, Instant)>>,
    /// Those who wait at the pool.
    waiting: AtomicUsize,
}

/// Somebody who waits at the pool.
pub struct Waiting<'a>(&'a Warm);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A connection in use.
pub struct Borrowed {
    link: Option<Pooled>,
    warm: Arc<Warm>,
    /// Whether its last command was answered.
    answered: bool,
}

impl Warm {
    /// Of a pool with so many connections.
    pub fn new(pool_max: usize) -> Self {
        Self {
            connections_max: pool_max / 2,
            idle: Mutex::default(),
            waiting: AtomicUsize::new(0),
        }
    }

    /// One that need not be looked at, if there is any.
    pub fn take(self: &Arc<Self>) -> Option<Borrowed> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let (link, used_at) = idle.pop()?;
        if used_at.elapsed() > WARM_FOR {
            // The others are even older.
            idle.clear();
            return None;
        }
        Some(self.lend(link))
    }

    /// Says that somebody is about to wait at the pool, and as long as that lasts.
    pub fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        Waiting(self)
    }

    /// Gives all of them back to the pool, which looks at them.
    pub fn forget(&self) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Lends one out that comes back here.
    pub fn lend(self: &Arc<Self>, link: Pooled) -> Borrowed {
        Borrowed {
            link: Some(link),
            warm: Arc::clone(self),
            answered: false,
        }
    }
}

impl Borrowed {
    /// The connection itself.
    pub fn link(&mut self) -> &mut Pooled {
        self.link.as_mut().expect("it is only taken at the end")
    }

    /// Its command was answered: it need not be looked at before its next use.
    pub fn answered(mut self) {
        self.answered = true;
    }

    /// Keeps the connection from being used again.
    pub fn discard(mut self) {
        if let Some(link) = self.link.take() {
            link.discard();
        }
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        let Some(link) = self.link.take() else {
            return;
        };
        // Whoever waits gets it through the pool, and one that owes an answer is looked at there.
        if !self.answered || self.warm.waiting.load(Ordering::Acquire) > 0 {
            return;
        }
        let mut idle = self
            .warm
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.warm.connections_max {
            idle.push((link, Instant::now()));
        }
    }
}
