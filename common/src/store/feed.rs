//! The subscription to the channels of all rooms of a process, over one connection.
//!
//! What arrives is a hint: messages may be lost with the connection, or dropped when a room falls
//! behind. A room hears of every confirmed (re)subscription and must then compare positions. A probe
//! through the normal publish path finds a connection that looks healthy and delivers nothing.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value, aio::MultiplexedConnection};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior},
};
use tracing::{debug, info, warn};

use super::{
    Store, StoreError,
    keys::{self, EventKeys},
};
use crate::{domain::EventId, protocol::Envelope};

/// Messages that wait for a room; what comes beyond is dropped, and the room heals from history.
const ROOM_QUEUE: usize = 1024;
/// Messages that wait to be sorted to their rooms.
const PUSH_QUEUE: usize = 8192;
/// Requests that wait for the connection.
const COMMAND_QUEUE: usize = 1024;
const PROBE_INTERVAL: Duration = Duration::from_secs(3);
/// Nothing heard for this long, the own probes included: the connection is deaf.
const DEAF_AFTER: Duration = Duration::from_secs(10);
const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

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
    /// When the connection last proved that it delivers, ms since 1970; 0 is never.
    pub proof_ms: AtomicI64,
}

/// A handle on the process's subscription.
#[derive(Clone)]
pub struct Feed {
    commands: mpsc::Sender<Subscribe>,
    stats: Arc<FeedStats>,
}

impl Feed {
    /// Starts the subscription; it ends when the last handle is gone. `process` is unique to it.
    pub fn start(store: Store, process: &str) -> Self {
        let (commands, requests) = mpsc::channel(COMMAND_QUEUE);
        let stats = Arc::new(FeedStats::default());
        let task = FeedTask {
            store,
            requests,
            probe: keys::probe(process),
            rooms: HashMap::new(),
            stats: Arc::clone(&stats),
        };
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

struct FeedTask {
    store: Store,
    requests: mpsc::Receiver<Subscribe>,
    probe: String,
    rooms: HashMap<String, Vec<mpsc::Sender<FeedEvent>>>,
    stats: Arc<FeedStats>,
}

/// Why a connection is given up.
enum End {
    HandlesGone,
    Reconnect,
}

impl FeedTask {
    async fn run(mut self) {
        let mut backoff = BACKOFF_MIN;
        loop {
            match self.connect().await {
                Ok((connection, pushes)) => {
                    info!(rooms = self.rooms.len(), "feed connected");
                    backoff = BACKOFF_MIN;
                    if let End::HandlesGone = self.listen(connection, pushes).await {
                        return;
                    }
                }
                Err(error) => warn!(%error, "feed can't connect"),
            }
            self.stats.reconnects.fetch_add(1, Ordering::Relaxed);
            let jittered = backoff.mul_f64(rand::random_range(0.5..1.0));
            tokio::time::sleep(jittered).await;
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    async fn connect(
        &mut self,
    ) -> Result<(MultiplexedConnection, mpsc::Receiver<PushInfo>), StoreError> {
        let (sender, pushes) = mpsc::channel(PUSH_QUEUE);
        let stats = Arc::clone(&self.stats);
        let forward = move |push: PushInfo| match sender.try_send(push) {
            Err(mpsc::error::TrySendError::Closed(_)) => Err(redis::aio::SendError),
            Err(mpsc::error::TrySendError::Full(_)) => {
                stats.dropped.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Ok(()) => Ok(()),
        };
        let config = Store::connection_config(self.store.timeout()).set_push_sender(forward);
        let client = self.store.client();
        let mut connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        connection.subscribe(&self.probe).await?;
        self.forget_closed();
        for (channel, senders) in &self.rooms {
            connection.subscribe(channel).await?;
            senders.iter().for_each(announce);
        }
        Ok((connection, pushes))
    }

    async fn listen(
        &mut self,
        mut connection: MultiplexedConnection,
        mut pushes: mpsc::Receiver<PushInfo>,
    ) -> End {
        let mut probe_tick = tokio::time::interval(PROBE_INTERVAL);
        probe_tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                request = self.requests.recv() => {
                    let Some(request) = request else { return End::HandlesGone };
                    if let Err(error) = self.subscribe(&mut connection, request).await {
                        warn!(%error, "feed can't subscribe");
                        return End::Reconnect;
                    }
                }
                push = pushes.recv() => match push {
                    Some(push) if push.kind != PushKind::Disconnection => {
                        heard = Instant::now();
                        self.prove();
                        self.sort(push);
                    }
                    _ => {
                        warn!("feed lost its connection");
                        return End::Reconnect;
                    }
                },
                _ = probe_tick.tick() => {
                    if heard.elapsed() > DEAF_AFTER {
                        warn!("feed hears nothing, not even itself");
                        return End::Reconnect;
                    }
                    self.send_probe();
                    self.unsubscribe_closed(&mut connection).await;
                }
            }
        }
    }

    async fn subscribe(
        &mut self,
        connection: &mut MultiplexedConnection,
        request: Subscribe,
    ) -> Result<(), StoreError> {
        let known = self.rooms.contains_key(&request.channel);
        let senders = self.rooms.entry(request.channel.clone()).or_default();
        senders.push(request.sender);
        if !known {
            connection.subscribe(&request.channel).await?;
        }
        senders.last().into_iter().for_each(announce);
        Ok(())
    }

    fn prove(&self) {
        let now_ms = jiff::Timestamp::now().as_millisecond();
        self.stats.proof_ms.store(now_ms, Ordering::Relaxed);
    }

    /// Publishes beside the loop: a server that takes long to answer must not stop the loop, and a
    /// probe that can't be sent proves nothing either way.
    fn send_probe(&self) {
        let store = self.store.clone();
        let channel = self.probe.clone();
        tokio::spawn(async move {
            let mut pipe = redis::pipe();
            pipe.cmd("PUBLISH").arg(channel).arg("probe").ignore();
            if let Err(error) = store.query::<()>(&pipe).await {
                debug!(%error, "probe not sent");
            }
        });
    }

    fn sort(&mut self, push: PushInfo) {
        let Some((channel, payload)) = message(push) else {
            return;
        };
        let Some(senders) = self.rooms.get(&channel) else {
            return;
        };
        match Envelope::parse(&payload) {
            Ok(envelope) => {
                for sender in senders {
                    let event = FeedEvent::Message(envelope.clone());
                    if let Err(mpsc::error::TrySendError::Full(_)) = sender.try_send(event) {
                        self.stats.dropped.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            Err(error) => warn!(%error, channel, "unreadable message"),
        }
    }

    /// Forgets rooms that are gone; returns their channels.
    fn forget_closed(&mut self) -> Vec<String> {
        let mut gone = Vec::new();
        self.rooms.retain(|channel, senders| {
            senders.retain(|sender| !sender.is_closed());
            if senders.is_empty() {
                gone.push(channel.clone());
            }
            !senders.is_empty()
        });
        gone
    }

    async fn unsubscribe_closed(&mut self, connection: &mut MultiplexedConnection) {
        for channel in self.forget_closed() {
            if let Err(error) = connection.unsubscribe(&channel).await {
                debug!(%error, channel, "not unsubscribed");
            }
        }
    }
}

fn announce(sender: &mpsc::Sender<FeedEvent>) {
    // A full queue already makes the room heal.
    let _ = sender.try_send(FeedEvent::Subscribed);
}

fn message(push: PushInfo) -> Option<(String, Bytes)> {
    if !matches!(push.kind, PushKind::Message | PushKind::SMessage) {
        return None;
    }
    let mut data = push.data.into_iter();
    match (data.next()?, data.next()?) {
        (Value::BulkString(channel), Value::BulkString(payload)) => {
            Some((String::from_utf8(channel).ok()?, Bytes::from(payload)))
        }
        _ => None,
    }
}
