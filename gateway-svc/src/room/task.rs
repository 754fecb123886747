//! Drives a room: the only place where its state machine, its members, the feed and Redis meet.
//! It never waits for a connection, and reads of Redis run beside it.

use std::{sync::Arc, time::Duration};

use common::{
    domain::EventId,
    plan::on_course,
    protocol::{Position, Seq},
    store::{Feed, FeedEvent, Snapshot, Store, StoreError},
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};
use tracing::{debug, info, warn};

use super::{
    hub::Hub,
    members::Members,
    message::now_ms,
    returning::{Checks, Returning},
    state::{Effect, End, Input, Resumption, Room},
};
use crate::{
    config::RoomConfig,
    connection::{CloseCode, Connection},
    metrics::Metrics,
};

const TICK: Duration = Duration::from_secs(1);
const DRAIN_STEP: Duration = Duration::from_millis(100);
/// After so long without news the position is asked for; spread, so that rooms do not ask at once.
const QUIET_MIN: Duration = Duration::from_secs(3);
const QUIET_MAX: Duration = Duration::from_secs(5);
/// How long a commit of ours may take, in ms.
const REFRESH_WITHIN_MS: i64 = 2_000;
/// How long after the last boat was shown a room still looks whether a list waits.
const WATER_WATCHED_FOR: Duration = Duration::from_secs(5);
/// How long the subscription and the first snapshot may take.
const OPEN_WITHIN: Duration = Duration::from_secs(5);

/// What connections and the hub tell a room.
pub enum Command {
    /// A spectator with a seat, and where it stood if it comes back.
    Join(Arc<Connection>, Option<Position>),
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
        Ok((self.store.head(&self.event_id).await?, feed))
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
    /// The history could not be read for those who wait for it.
    past_unreadable: bool,
}

impl Running {
    fn new(task: RoomTask, snapshot: &Snapshot, feed: mpsc::Receiver<FeedEvent>) -> Self {
        let room = Room::new(snapshot, task.config.limits);
        Self {
            members: Members::new(task.config, task.metrics.clone()),
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
            past_unreadable: false,
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
                event = self.feed.recv(), if !self.feed.is_closed() => self.heard(event),
                Some(command) = self.task.commands.recv() => self.command(command),
                Some(input) = self.answers.1.recv() => self.take_in(input),
                _ = tick.tick() => {
                    self.members.tick();
                    self.watch_water();
                    if self.is_over() {
                        break;
                    }
                }
                () = sleep_until(self.check_at) => self.check_position(),
                () = sleep_until(close_at) => self.close(),
                _ = drain_step.tick(), if self.drain_until.is_some() => self.drain(),
            }
        }
        self.turn_away_late_comers();
        info!(event = %self.task.event_id, "room closed");
    }

    /// Whoever was on the way when the room closed is told to come again.
    fn turn_away_late_comers(&mut self) {
        self.task.commands.close();
        while let Ok(command) = self.task.commands.try_recv() {
            if let Command::Join(connection, _) = command {
                let (code, reason) = self.room.ended().map_or(
                    (CloseCode::ServiceRestart, "the room has just closed"),
                    |end| (CloseCode::Normal, farewell(end)),
                );
                connection.close(code, reason);
            }
        }
    }

    fn heard(&mut self, event: Option<FeedEvent>) {
        self.check_at = Instant::now() + quiet();
        match event {
            Some(FeedEvent::Message(envelope)) => self.take_in(Input::Changed(envelope)),
            Some(FeedEvent::Subscribed) => self.check_position(),
            None => debug!(event = %self.task.event_id, "the feed has ended"),
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Join(connection, since) => self.join(connection, since),
            Command::Drain(over) => {
                self.drain_until = Some(Instant::now() + over);
                self.settle_returning();
            }
        }
    }

    fn join(&mut self, connection: Arc<Connection>, since: Option<Position>) {
        if let Some(end) = self.room.ended() {
            connection.close(CloseCode::Normal, farewell(end));
            return;
        }
        match since {
            None => self.let_in(connection, Resumption::Full),
            Some(since) => {
                self.returning.push(connection, since, &self.checks);
                self.settle_returning();
            }
        }
    }

    fn let_in(&mut self, connection: Arc<Connection>, how: Resumption) {
        let first = match how {
            Resumption::Replay(replay) => {
                self.task
                    .metrics
                    .resumed
                    .with_label_values(&["diffs"])
                    .inc();
                replay
            }
            _ => self.room.full(now_ms()),
        };
        self.members
            .join(connection, &first, self.room.position().seq);
        if self.drain_until.is_some() {
            self.drain();
        }
    }

    /// Answers whoever came back and can be answered by now, and asks for what the others need.
    fn settle_returning(&mut self) {
        if let Some(end) = self.room.ended() {
            return self.turn_away_returning(CloseCode::Normal, farewell(end));
        }
        if self.drain_until.is_some() {
            return self.turn_away_returning(CloseCode::ServiceRestart, "Service restart");
        }
        let past_unreadable = std::mem::take(&mut self.past_unreadable);
        let room = &mut self.room;
        let resume = |since: &Position, verified| match room.resume(since, verified, now_ms()) {
            Resumption::ReadPast if past_unreadable => Resumption::Full,
            how => how,
        };
        let (settled, wanted) = self.returning.settle(&self.checks, resume);
        for (returned, how) in settled {
            if how == Resumption::Full {
                self.task.metrics.resumed.with_label_values(&["full"]).inc();
            }
            self.let_in(returned.connection, how);
        }
        if let Some(seq) = wanted.past {
            self.read_past(seq);
        }
        if wanted.check {
            self.check_position();
        }
    }

    fn turn_away_returning(&mut self, code: CloseCode, reason: &str) {
        for returned in self.returning.give_up() {
            returned.connection.close(code, reason);
        }
    }

    fn read_past(&mut self, seq: Seq) {
        self.returning.reading = true;
        let incarnation = self.room.incarnation().to_owned();
        let since = Position {
            seq,
            ..self.room.position().clone()
        };
        self.read("past", move |store, event_id| async move {
            let read = store.history(&event_id, &incarnation, &since).await;
            let history = read
                .inspect_err(|error| warn!(%error, event = %event_id, "history not read"))
                .ok();
            Ok(Input::Past { since, history })
        });
    }

    /// Bookkeeping of the reads that an input answers.
    fn note_answer(&mut self, input: &Input) {
        match input {
            Input::Position { .. } | Input::PositionUnknown => {
                self.check_at = Instant::now() + quiet();
                let again = self.checks.answer();
                if matches!(input, Input::PositionUnknown) {
                    // Whoever is ahead of us must not be taken back to what we have.
                    let code = CloseCode::TryAgainLater;
                    self.turn_away_returning(code, "the position is not known");
                }
                if again {
                    self.check_position();
                }
            }
            Input::Past { history, .. } => {
                self.returning.reading = false;
                self.past_unreadable = history.is_none();
            }
            Input::History(_) => self.count_heal("history"),
            Input::Snapshot(_) => self.count_heal("snapshot"),
            Input::Changed(_) | Input::ReadFailed => {}
        }
    }

    fn count_heal(&self, from: &str) {
        self.task.metrics.heals.with_label_values(&[from]).inc();
    }

    fn take_in(&mut self, input: Input) {
        self.note_answer(&input);
        for effect in self.room.on(input, now_ms()) {
            match effect {
                Effect::Broadcast(frame, seq) => self.members.broadcast(&frame, seq),
                Effect::ReadHistory(since) => {
                    let incarnation = self.room.incarnation().to_owned();
                    self.read("history", move |store, event_id| async move {
                        let history = store.history(&event_id, &incarnation, &since).await?;
                        Ok(Input::History(history))
                    });
                }
                Effect::ReadSnapshot => self.read("snapshot", |store, event_id| async move {
                    match store.head(&event_id).await {
                        Ok(head) => Ok(Input::Snapshot(Some(Box::new(head)))),
                        Err(StoreError::NoEvent) => Ok(Input::Snapshot(None)),
                        Err(error) => Err(error),
                    }
                }),
                Effect::RefreshOnCourse => self.refresh_on_course(),
                Effect::End(end) => self.end(end),
            }
        }
        self.settle_returning();
    }

    /// Commits beside the room, as an ingest process would; what it changes comes over the feed.
    fn refresh_on_course(&self) {
        self.task
            .metrics
            .reads
            .with_label_values(&["on-course"])
            .inc();
        let (store, limits) = (self.task.store.clone(), self.task.config.limits);
        let event_id = self.task.event_id.clone();
        tokio::spawn(async move {
            let refreshed = async {
                let head = store.head(&event_id).await?;
                let (structure, boats) = (&head.structure, &head.on_course);
                let plan = on_course::refresh(structure, boats, &head.revisions, head.server_ms);
                let deadline_ms = head.server_ms + REFRESH_WITHIN_MS;
                store
                    .commit(&head, &plan, None, now_ms(), deadline_ms, limits)
                    .await
            };
            match refreshed.await {
                // Another gateway or an ingest process was faster.
                Ok(_) | Err(StoreError::Conflict) => {}
                Err(error) => warn!(%error, event = %event_id, "boats on the water not refreshed"),
            }
        });
    }

    /// While boats are on the water somebody must notice when nobody speaks of them any more, even
    /// when every ingest process is gone: the position is asked for each second.
    fn watch_water(&mut self) {
        if self.room.has_boats() {
            self.boats_seen = Some(Instant::now());
        }
        if self
            .boats_seen
            .is_some_and(|seen| seen.elapsed() < WATER_WATCHED_FOR)
        {
            self.check_position();
        }
    }

    fn check_position(&mut self) {
        if !self.task.config.position_checks || !self.checks.ask() {
            return;
        }
        // The answer sets the next check; this is for one that never comes.
        self.check_at = Instant::now() + quiet() + OPEN_WITHIN;
        let asked = self.room.ask();
        self.read("position", move |store, event_id| async move {
            let input = match store.pulse(&event_id).await {
                Ok(read) => Input::Position { read, asked },
                Err(error) => {
                    warn!(%error, event = %event_id, "position not read");
                    Input::PositionUnknown
                }
            };
            Ok(input)
        });
    }

    /// Reads beside the room; the answer comes back as an input.
    fn read<F, P>(&self, what: &'static str, read: F)
    where
        F: FnOnce(Store, EventId) -> P,
        P: Future<Output = Result<Input, StoreError>> + Send + 'static,
    {
        self.task.metrics.reads.with_label_values(&[what]).inc();
        let answers = self.answers.0.clone();
        let event_id = self.task.event_id.clone();
        let reading = read(self.task.store.clone(), event_id.clone());
        tokio::spawn(async move {
            let input = reading.await.unwrap_or_else(|error| {
                warn!(%error, event = %event_id, what, "a room's read failed");
                Input::ReadFailed
            });
            // A room that is over needs no answer.
            let _ = answers.send(input).await;
        });
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

    fn close(&mut self) {
        if let Some((_, reason)) = self.close_at {
            self.members.close_all(CloseCode::Normal, reason);
        }
        self.close_at = None;
    }

    fn drain(&mut self) {
        let until = self.drain_until.unwrap_or_else(Instant::now);
        let left = until.saturating_duration_since(Instant::now());
        self.members.drain(
            left,
            DRAIN_STEP,
            CloseCode::ServiceRestart,
            "Service restart",
        );
    }

    /// Whether nobody is here, nobody is on the way, and nobody came for a while.
    fn is_over(&mut self) -> bool {
        if self.members.len() > 0 {
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
