//! Drives a room: the only place where its state machine, its members, the feed and Redis meet.
//! It never waits for a connection, and reads of Redis run beside it.

mod joining;
mod reads;

use std::time::Duration;

use common::{
    domain::EventId,
    protocol::Position,
    store::{Feed, FeedEvent, Snapshot, Store, StoreError},
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};
use tracing::{debug, info, warn};

use super::{
    hub::Hub,
    members::{Members, Present},
    message::{self, now_ms},
    older::OlderRefreshes,
    returning::{Checks, Returning},
    state::{Effect, End, Input, Room},
};
use crate::{
    config::RoomConfig,
    due,
    metrics::Metrics,
    shard::{Entrant, Shards},
    websocket::CloseCode,
};

const TICK: Duration = Duration::from_secs(1);
const DRAIN_STEP: Duration = Duration::from_millis(100);
/// After so long without news the position is asked for; spread, so that rooms do not ask at once.
const QUIET_MIN: Duration = Duration::from_secs(3);
const QUIET_MAX: Duration = Duration::from_secs(5);
/// How long the subscription and the first snapshot may take.
const OPEN_WITHIN: Duration = Duration::from_secs(5);

/// What connections and the hub tell a room.
pub enum Command {
    /// A spectator with a seat, and where it stood if it comes back.
    Join(Entrant, Option<Position>),
    /// Send everyone elsewhere within this time.
    Drain(Duration),
}

/// How far a room is, for those who want to come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Subscribing and reading.
    Opening,
    /// Open, for the event of that incarnation.
    Open(String),
    /// Final results: nobody comes in any more.
    Official,
    /// There is no public event.
    Gone,
    /// Redis did not answer.
    Failed(String),
}

/// What a room's task is made of.
pub struct RoomTask {
    /// Which event.
    pub event_id: EventId,
    /// Tells this room from an earlier one of the same event.
    pub key: u64,
    /// Where the room leaves when it is over.
    pub hub: Hub,
    /// The shared state.
    pub store: Store,
    /// What the room hears of.
    pub feed: Feed,
    /// Where the sockets of its spectators are.
    pub shards: Shards,
    /// Who is here or on the way.
    pub present: Present,
    /// Times and limits.
    pub config: RoomConfig,
    /// What is counted.
    pub metrics: Metrics,
    /// From connections and the hub.
    pub commands: mpsc::Receiver<Command>,
    /// To those who want to come in.
    pub phase: watch::Sender<Phase>,
}

impl Drop for RoomTask {
    /// However the task ends, nobody must find a room in the hub that nobody runs.
    fn drop(&mut self) {
        self.hub.remove(&self.event_id, self.key);
    }
}

impl RoomTask {
    /// Opens the room and runs it until it is over.
    pub async fn run(self) {
        self.metrics.rooms.inc();
        let opened = tokio::time::timeout(OPEN_WITHIN, self.open()).await;
        let opened = opened.unwrap_or_else(|_| {
            Err(StoreError::Unavailable(
                "the room did not open in time".to_owned(),
            ))
        });
        let metrics = self.metrics.clone();
        match opened {
            Ok((snapshot, feed)) => Running::new(self, &snapshot, feed).run().await,
            Err(error) => {
                let phase = match error {
                    StoreError::NoEvent => Phase::Gone,
                    error => {
                        warn!(%error, event = %self.event_id, "room did not open");
                        Phase::Failed(error.to_string())
                    }
                };
                self.hub.remove(&self.event_id, self.key);
                self.phase.send_replace(phase);
            }
        }
        metrics.rooms.dec();
    }

    /// First the confirmed subscription, then the snapshot: in the other order what is published
    /// in between is lost.
    async fn open(&self) -> Result<(Snapshot, mpsc::Receiver<FeedEvent>), StoreError> {
        let mut feed = self.feed.subscribe(&self.event_id).await;
        loop {
            match feed.recv().await {
                Some(FeedEvent::Subscribed) => break,
                Some(FeedEvent::Message(_)) => {}
                None => return Err(StoreError::Unavailable("the feed has ended".to_owned())),
            }
        }
        self.metrics.reads.with_label_values(&["snapshot"]).inc();
        let mut head = self.store.head(&self.event_id).await?;
        if head.is_overdue() {
            // Nobody was here to notice, and the first `full` must not show it.
            match due::settle(&self.store, &self.event_id, self.config.limits).await {
                Ok(()) => head = self.store.head(&self.event_id).await?,
                Err(error) => warn!(%error, event = %self.event_id, "what is due is not done"),
            }
        }
        Ok((head, feed))
    }
}

struct Running {
    task: RoomTask,
    room: Room,
    members: Members,
    feed: mpsc::Receiver<FeedEvent>,
    answers: (mpsc::Sender<Input>, mpsc::Receiver<Input>),
    check_at: Instant,
    /// When everyone is sent away, and with which words.
    close_at: Option<(Instant, &'static str)>,
    drain_until: Option<Instant>,
    empty_since: Option<Instant>,
    boats_seen: Option<Instant>,
    checks: Checks,
    returning: Returning,
    refreshes: OlderRefreshes,
    /// The history could not be read for those who wait for it.
    past_unreadable: bool,
    /// The position could not be read just now.
    position_unknown: bool,
}

impl Running {
    fn new(task: RoomTask, snapshot: &Snapshot, feed: mpsc::Receiver<FeedEvent>) -> Self {
        let room = Room::new(snapshot, task.config.limits, now_ms());
        Self {
            members: Members::new(
                task.key,
                task.shards.clone(),
                task.present.clone(),
                task.metrics.clone(),
            ),
            room,
            feed,
            // At most one read each of state, position and past are under way.
            answers: mpsc::channel(4),
            check_at: Instant::now() + quiet(),
            close_at: None,
            drain_until: None,
            empty_since: Some(Instant::now()),
            boats_seen: None,
            checks: Checks::default(),
            returning: Returning::default(),
            refreshes: OlderRefreshes::default(),
            past_unreadable: false,
            position_unknown: false,
            task,
        }
    }

    async fn run(mut self) {
        if let Some(end) = self.room.ended() {
            self.end(end);
        } else {
            let incarnation = self.room.incarnation().to_owned();
            self.task.phase.send_replace(Phase::Open(incarnation));
        }
        info!(event = %self.task.event_id, seq = self.room.position().seq, "room opened");
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut drain_step = interval(DRAIN_STEP);
        drain_step.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let close_at = self.close_at.map_or_else(far_away, |(at, _)| at);
            tokio::select! {
                event = self.feed.recv(), if !self.feed.is_closed() => self.heard(event).await,
                Some(command) = self.task.commands.recv() => self.command(command).await,
                Some(input) = self.answers.1.recv() => self.take_in(input).await,
                _ = tick.tick() => {
                    self.settle_returning().await;
                    self.watch_water();
                    self.refresh_older().await;
                    if self.is_over() {
                        break;
                    }
                }
                () = sleep_until(self.check_at) => self.check_position(),
                () = sleep_until(close_at) => self.close().await,
                _ = drain_step.tick(), if self.drain_until.is_some() => self.drain().await,
            }
        }
        self.turn_away_late_comers().await;
        info!(event = %self.task.event_id, "room closed");
    }

    /// Whoever was on the way when the room closed is told to come again.
    async fn turn_away_late_comers(&mut self) {
        let (code, reason) = self.room.ended().map_or(
            (CloseCode::ServiceRestart, "the room has just closed"),
            |end| (CloseCode::Normal, farewell(end)),
        );
        self.task.commands.close();
        // Closed, it gives out what was sent before and then ends.
        while let Some(command) = self.task.commands.recv().await {
            if let Command::Join(entrant, _) = command {
                entrant.turn_away(code, reason).await;
            }
        }
    }

    async fn heard(&mut self, event: Option<FeedEvent>) {
        self.check_at = Instant::now() + quiet();
        match event {
            Some(FeedEvent::Message(envelope)) => self.take_in(Input::Changed(envelope)).await,
            Some(FeedEvent::Subscribed) => self.check_position(),
            None => debug!(event = %self.task.event_id, "the feed has ended"),
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Join(entrant, since) => self.join(entrant, since).await,
            Command::Drain(over) => {
                self.drain_until = Some(Instant::now() + over);
                self.settle_returning().await;
            }
        }
    }

    async fn take_in(&mut self, input: Input) {
        self.note_answer(&input);
        for effect in self.room.on(input, now_ms()) {
            match effect {
                Effect::Broadcast(message, seq) => self.members.broadcast(&message, seq).await,
                Effect::ReadHistory(since) => self.read_history(since),
                Effect::ReadSnapshot => self.read_snapshot(),
                Effect::SettleDue => self.settle_due(),
                Effect::RefreshOlder => self.refreshes.ask(),
                Effect::End(end) => self.end(end),
            }
        }
        self.refresh_older().await;
        self.settle_returning().await;
    }

    /// Asks older clients to re-read, if they must and were not asked just before.
    async fn refresh_older(&mut self) {
        if self.refreshes.is_due(Instant::now()) {
            let seq = self.room.position().seq;
            let refresh = message::refresh(seq);
            self.members.refresh_older(refresh, seq).await;
        }
    }

    fn end(&mut self, end: End) {
        let (phase, grace) = match end {
            End::Official => (Phase::Official, self.task.config.grace),
            End::Deleted => (Phase::Gone, self.task.config.grace),
            End::Unpublished => (Phase::Gone, Duration::ZERO),
        };
        self.task.phase.send_replace(phase);
        self.task.hub.remove(&self.task.event_id, self.task.key);
        self.close_at = Some((Instant::now() + grace, farewell(end)));
        self.feed.close();
    }

    async fn close(&mut self) {
        if let Some((_, reason)) = self.close_at {
            self.members.close_all(CloseCode::Normal, reason).await;
        }
        self.close_at = None;
    }

    async fn drain(&mut self) {
        let until = self.drain_until.unwrap_or_else(Instant::now);
        let left = until.saturating_duration_since(Instant::now());
        let (code, reason) = (CloseCode::ServiceRestart, "Service restart");
        self.members.drain(left, DRAIN_STEP, code, reason).await;
    }

    /// Whether nobody is here, nobody is on the way, and nobody came for a while.
    fn is_over(&mut self) -> bool {
        if !self.members.is_empty() {
            self.empty_since = None;
            return false;
        }
        let empty_since = *self.empty_since.get_or_insert_with(Instant::now);
        if self.room.ended().is_some() {
            // The hub has forgotten the room; only those who came before may still want in.
            return self.close_at.is_none()
                && self.task.commands.is_empty()
                && empty_since.elapsed() > TICK;
        }
        empty_since.elapsed() > self.task.config.linger
            && self.task.hub.dissolve(&self.task.event_id, self.task.key)
    }
}

fn quiet() -> Duration {
    rand::random_range(QUIET_MIN..QUIET_MAX)
}

/// A day; tokio has no instant that never comes.
fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(86_400)
}

fn farewell(end: End) -> &'static str {
    match end {
        End::Official => "Event results are official",
        End::Unpublished => "Event is not public",
        End::Deleted => "Event deleted",
    }
}
