//! The spectators of a room, and everything that is done to all of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use common::protocol::Seq;

use crate::{
    metrics::Metrics,
    shard::{Command, Entrant, RoomKey, Shard, Shards},
    websocket::{CloseCode, Context, Message, Step},
};

/// All spectators of a room, wherever their sockets are.
pub struct Members {
    room: RoomKey,
    shards: Shards,
    metrics: Metrics,
    present: Present,
    context: Context,
}

/// How many have a seat in a room, whether they are inside already or on the way.
#[derive(Debug, Clone, Default)]
pub struct Present(Arc<AtomicUsize>);

/// One of them, for as long as it lives.
#[derive(Debug)]
pub struct Presence(Present);

impl Present {
    /// One more.
    pub fn one_more(&self) -> Presence {
        self.0.fetch_add(1, Ordering::AcqRel);
        Presence(self.clone())
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Members {
    /// However a room ends, nobody stays behind without one.
    fn drop(&mut self) {
        for shard in self.shards.all() {
            if let Err(abort) = shard.try_send(Command::Abort(self.room)) {
                let shard: Shard = shard.clone();
                tokio::spawn(async move { shard.send(abort).await });
            }
        }
    }
}

impl Members {
    /// Those of a room whose presence `present` counts.
    pub fn new(room: RoomKey, shards: Shards, present: Present, metrics: Metrics) -> Self {
        Self {
            room,
            shards,
            metrics,
            present,
            context: Context::default(),
        }
    }

    /// Whether nobody is here or on the way.
    pub fn is_empty(&self) -> bool {
        self.present.0.load(Ordering::Acquire) == 0
    }

    /// Lets somebody in; `first` is what it starts from.
    pub async fn join(&mut self, entrant: Entrant, first: Message) {
        entrant.enter(self.room, first).await;
    }

    /// Sends `message` to everyone; the room stands at `seq` after it.
    pub async fn broadcast(&mut self, message: &Message, seq: Seq) {
        self.metrics.messages.inc();
        let step = Arc::new(self.context.next(message.clone()));
        for shard in self.shards.all() {
            let (room, step) = (self.room, Arc::clone(&step));
            shard.send(Command::Broadcast { room, step, seq }).await;
        }
    }

    /// Asks older clients to re-read what they show; the room stands at `seq`.
    pub async fn refresh_older(&self, message: Message, seq: Seq) {
        let step = Arc::new(Step::alone(message));
        for shard in self.shards.all() {
            let (room, step) = (self.room, Arc::clone(&step));
            shard.send(Command::RefreshOlder { room, step, seq }).await;
        }
    }

    /// Says goodbye to everyone.
    pub async fn close_all(&mut self, code: CloseCode, reason: &'static str) {
        self.close(1, code, reason).await;
    }

    /// Closes that part of the members that makes the drain end evenly: `left` of its time is
    /// still to come, and the next call comes after `step`.
    pub async fn drain(
        &mut self,
        left: Duration,
        step: Duration,
        code: CloseCode,
        reason: &'static str,
    ) {
        let steps = (left.as_millis() / step.as_millis().max(1)).max(1);
        let steps = usize::try_from(steps).unwrap_or(usize::MAX);
        self.close(steps, code, reason).await;
    }

    async fn close(&mut self, one_in: usize, code: CloseCode, reason: &'static str) {
        let room = self.room;
        for shard in self.shards.all() {
            let close = Command::Close {
                room,
                one_in,
                code,
                reason,
            };
            shard.send(close).await;
        }
    }
}
