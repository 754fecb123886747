//! The loop behind the feed: one connection, its subscriptions, and what comes over it.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use futures::{StreamExt, stream};
use redis::{PushInfo, PushKind, Value, cluster_async::ClusterConnection};
use tokio::{
    sync::mpsc,
    time::{Interval, MissedTickBehavior, interval},
};
use tracing::{debug, info, warn};

use super::{FeedEvent, FeedStats, Subscribe, probes::Probes};
use crate::{
    protocol::Envelope,
    store::{Store, StoreError, link::Link},
};

/// Messages that wait to be sorted to their rooms.
const PUSH_QUEUE: usize = 8192;
const PROBE_EVERY: Duration = Duration::from_secs(3);
const RETRY_EVERY: Duration = Duration::from_millis(500);
/// Of a cluster: a server that does not answer must not hold the loop for long.
const SUBSCRIBE_WITHIN: Duration = Duration::from_millis(500);
const SUBSCRIBE_AT_ONCE: usize = 64;
const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

pub(super) struct FeedTask {
    store: Store,
    requests: mpsc::Receiver<Subscribe>,
    probes: Probes,
    rooms: HashMap<String, Vec<mpsc::Sender<FeedEvent>>>,
    /// Channels whose subscription is not confirmed, probes included.
    unconfirmed: HashSet<String>,
    /// Confirmations that are still to come of subscriptions that were answered already.
    expected: HashMap<String, u32>,
    stats: Arc<FeedStats>,
}

/// Why a connection is given up.
enum End {
    HandlesGone,
    Reconnect,
}

impl FeedTask {
    pub fn new(
        store: Store,
        requests: mpsc::Receiver<Subscribe>,
        probes: Probes,
        stats: Arc<FeedStats>,
    ) -> Self {
        Self {
            store,
            requests,
            probes,
            rooms: HashMap::new(),
            unconfirmed: HashSet::new(),
            expected: HashMap::new(),
            stats,
        }
    }

    pub async fn run(mut self) {
        let mut backoff = BACKOFF_MIN;
        loop {
            match self.connect().await {
                Ok((link, pushes)) => {
                    info!(rooms = self.rooms.len(), "feed connected");
                    backoff = BACKOFF_MIN;
                    if let End::HandlesGone = self.listen(link, pushes).await {
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

    async fn connect(&mut self) -> Result<(Link, mpsc::Receiver<PushInfo>), StoreError> {
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
        let timeout = self.store.timeout();
        let connecting = self.store.source().connect_pushing(timeout, forward);
        let connected = tokio::time::timeout(timeout, connecting).await;
        let mut link = connected
            .map_err(|_| StoreError::Unavailable("no connection in time".to_owned()))??;
        self.probes.reset();
        self.expected.clear();
        self.forget_closed();
        self.confirm_all();
        self.retry(&mut link).await?;
        Ok((link, pushes))
    }

    /// Every subscription is to be confirmed (again).
    fn confirm_all(&mut self) {
        let probes = self.probes.channels().map(str::to_owned);
        self.unconfirmed
            .extend(self.rooms.keys().cloned().chain(probes));
    }

    async fn listen(&mut self, mut link: Link, mut pushes: mpsc::Receiver<PushInfo>) -> End {
        let mut probe_tick = tick(PROBE_EVERY);
        let mut retry_tick = tick(RETRY_EVERY);
        loop {
            let going_on = tokio::select! {
                request = self.requests.recv() => match request {
                    None => return End::HandlesGone,
                    Some(request) => self.subscribe(&mut link, request).await,
                },
                push = pushes.recv() => self.pushed(push, &link),
                _ = retry_tick.tick(), if !self.unconfirmed.is_empty() => self.retry(&mut link).await,
                _ = probe_tick.tick() => self.probe(&mut link).await,
            };
            if let Err(error) = going_on {
                warn!(%error, "feed gives its connection up");
                return End::Reconnect;
            }
        }
    }

    async fn subscribe(&mut self, link: &mut Link, request: Subscribe) -> Result<(), StoreError> {
        let known = self.rooms.contains_key(&request.channel);
        let senders = self.rooms.entry(request.channel.clone()).or_default();
        if known && !self.unconfirmed.contains(&request.channel) {
            announce(&request.sender);
            senders.push(request.sender);
            return Ok(());
        }
        senders.push(request.sender);
        self.unconfirmed.insert(request.channel);
        self.retry(link).await
    }

    /// Subscribes to what is not confirmed yet. Of a cluster a part may be away for a while, which the
    /// rest must not suffer from.
    async fn retry(&mut self, link: &mut Link) -> Result<(), StoreError> {
        let unconfirmed: Vec<String> = self.unconfirmed.iter().cloned().collect();
        if let Link::Cluster(cluster) = link {
            let subscribed = subscribe_where_possible(cluster, unconfirmed).await;
            for channel in subscribed {
                self.answered(&channel);
            }
            return Ok(());
        }
        for channel in unconfirmed {
            link.subscribe(&channel).await?;
            self.answered(&channel);
        }
        Ok(())
    }

    /// A subscription of ours was answered; its confirmation comes as a push, too.
    fn answered(&mut self, channel: &str) {
        *self.expected.entry(channel.to_owned()).or_default() += 1;
        self.confirmed(channel);
    }

    fn confirmed(&mut self, channel: &str) {
        self.unconfirmed.remove(channel);
        for sender in self.rooms.get(channel).into_iter().flatten() {
            announce(sender);
        }
    }

    fn wants(&self, channel: &str) -> bool {
        self.rooms.contains_key(channel) || self.probes.channels().any(|probe| probe == channel)
    }

    /// A confirmation came: of a subscription of ours, or of one that the library made anew, of which
    /// only this tells that something may have been missed.
    fn subscribed(&mut self, channel: &str) {
        match self.expected.get_mut(channel) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) => drop(self.expected.remove(channel)),
            None => self.confirmed(channel),
        }
    }

    fn pushed(&mut self, push: Option<PushInfo>, link: &Link) -> Result<(), StoreError> {
        let lost = || StoreError::Unavailable("the connection is lost".to_owned());
        let push = push.ok_or_else(lost)?;
        match push.kind {
            PushKind::Disconnection => match link {
                Link::Node(_) => return Err(lost()),
                // It connects again by itself; what was published meanwhile is lost.
                Link::Cluster(_) => {
                    self.expected.clear();
                    self.confirm_all();
                }
            },
            PushKind::Message | PushKind::SMessage => self.sort(push),
            PushKind::Subscribe | PushKind::SSubscribe => {
                if let Some(channel) = channel(&push) {
                    self.subscribed(&channel);
                }
            }
            PushKind::SUnsubscribe => {
                // The slot has moved to another server.
                if let Some(channel) = channel(&push).filter(|channel| self.wants(channel)) {
                    self.expected.remove(&channel);
                    self.unconfirmed.insert(channel);
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn probe(&mut self, link: &mut Link) -> Result<(), StoreError> {
        self.probes.note_published();
        if self.probes.deaf() {
            self.stats.deaf.fetch_add(1, Ordering::Relaxed);
            let why = "what was published did not arrive";
            return Err(StoreError::Unavailable(why.to_owned()));
        }
        self.probes.send(&self.store);
        for channel in self.forget_closed() {
            self.unconfirmed.remove(&channel);
            if let Err(error) = link.unsubscribe(&channel).await {
                debug!(%error, channel, "not unsubscribed");
            }
        }
        Ok(())
    }

    fn sort(&mut self, push: PushInfo) {
        let Some((channel, payload)) = message(push) else {
            return;
        };
        let now_ms = jiff::Timestamp::now().as_millisecond();
        self.probes.heard(&channel, now_ms);
        let proof_ms = self.probes.proof_ms().unwrap_or(now_ms);
        self.stats.proof_ms.store(proof_ms, Ordering::Relaxed);
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
}

/// Subscribes to many channels at once, and tells which of them it could.
async fn subscribe_where_possible(
    cluster: &ClusterConnection,
    channels: Vec<String>,
) -> Vec<String> {
    let subscribe = |channel: String| {
        let mut cluster = cluster.clone();
        async move {
            let subscribed = tokio::time::timeout(SUBSCRIBE_WITHIN, cluster.ssubscribe(&channel));
            match subscribed.await {
                Ok(Ok(())) => Some(channel),
                Ok(Err(error)) => {
                    debug!(%error, channel, "not subscribed yet");
                    None
                }
                Err(_) => None,
            }
        }
    };
    let subscribing = stream::iter(channels).map(subscribe);
    let subscribed = subscribing.buffer_unordered(SUBSCRIBE_AT_ONCE);
    subscribed
        .filter_map(|channel| async { channel })
        .collect()
        .await
}

fn tick(every: Duration) -> Interval {
    let mut tick = interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

fn announce(sender: &mpsc::Sender<FeedEvent>) {
    // A full queue already makes the room heal.
    let _ = sender.try_send(FeedEvent::Subscribed);
}

fn channel(push: &PushInfo) -> Option<String> {
    match push.data.first()? {
        Value::BulkString(channel) => String::from_utf8(channel.clone()).ok(),
        _ => None,
    }
}

fn message(push: PushInfo) -> Option<(String, Bytes)> {
    let mut data = push.data.into_iter();
    match (data.next()?, data.next()?) {
        (Value::BulkString(channel), Value::BulkString(payload)) => {
            Some((String::from_utf8(channel).ok()?, Bytes::from(payload)))
        }
        _ => None,
    }
}
