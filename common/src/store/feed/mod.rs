//! The subscription to the channels of all rooms of a process.
//!
//! What arrives is a hint: messages may be lost with a connection, or dropped when a room falls
//! behind. A room hears of every confirmed (re)subscription and must then compare positions. Probes
//! through the normal publish path find a connection that looks healthy and delivers nothing.

mod probes;
mod task;

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64},
};

use tokio::sync::mpsc;

use super::{Store, keys::EventKeys};
use crate::{domain::EventId, protocol::Envelope};
use probes::Probes;
use task::FeedTask;

/// Messages that wait for a room; what comes beyond is dropped, and the room heals from history.
const ROOM_QUEUE: usize = 1024;
/// Requests that wait for the connection.
const COMMAND_QUEUE: usize = 1024;

/// What a room hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedEvent {
    /// The channel is (again) subscribed to; whatever was published before may have been missed.
    Subscribed,
    /// A message.
    Message(Envelope),
}

struct Subscribe {
    channel: String,
    sender: mpsc::Sender<FeedEvent>,
}

/// Counters of the feed, for metrics.
#[derive(Debug, Default)]
pub struct FeedStats {
    /// Connections that had to be made anew.
    pub reconnects: AtomicU64,
    /// Messages dropped because a room or the sorter was behind.
    pub dropped: AtomicU64,
    /// Connections given up because they delivered nothing though what was published must have come.
    pub deaf: AtomicU64,
    /// When delivery was last proven by all servers, ms since 1970; 0 is never.
    pub proof_ms: AtomicI64,
}

/// A handle on the process's subscription.
#[derive(Clone)]
pub struct Feed {
    commands: mpsc::Sender<Subscribe>,
    stats: Arc<FeedStats>,
}

/// Which mechanisms are left out, so that tests can see what they are for.
#[derive(Debug, Clone, Copy, Default)]
pub struct FeedWithout {
    /// Probes: a deaf connection is never found out.
    pub probes: bool,
}

impl Feed {
    /// Starts the subscription; it ends when the last handle is gone. `process` is unique to it.
    pub fn start(store: Store, process: &str, without: FeedWithout) -> Self {
        let (commands, requests) = mpsc::channel(COMMAND_QUEUE);
        let stats = Arc::new(FeedStats::default());
        let probes = if without.probes {
            Probes::none()
        } else {
            Probes::new(&store, process)
        };
        let task = FeedTask::new(store, requests, probes, Arc::clone(&stats));
        tokio::spawn(task.run());
        Self { commands, stats }
    }

    /// Subscribes to an event; dropping the receiver ends it. Nothing is received before
    /// [`FeedEvent::Subscribed`].
    pub async fn subscribe(&self, event_id: &EventId) -> mpsc::Receiver<FeedEvent> {
        let (sender, receiver) = mpsc::channel(ROOM_QUEUE);
        let channel = EventKeys::new(event_id).feed();
        // The task outlives every handle, so a failure only means that the process ends.
        let _ = self.commands.send(Subscribe { channel, sender }).await;
        receiver
    }

    /// The feed's counters.
    pub fn stats(&self) -> &FeedStats {
        &self.stats
    }
}
