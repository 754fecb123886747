//! The loop of a shard.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use common::protocol::Seq;
use mio::{Events, Interest, Poll, Token};
use tokio::sync::mpsc;
use tracing::info;

use super::{
    Door, Listening, Shard, ShardConfig, Shards, SlotKey,
    arrivals::Arrivals,
    command::{Arrived, Command, Entrant, RoomKey},
    inside::{Ended, Inside, Outcome},
    ring::Ring,
    section::Section,
    slots::{Slots, State},
    upkeep::TICK,
};
use crate::{
    metrics::Metrics,
    websocket::{CloseCode, Frame, Message, Step},
};

/// Somebody sent a command. No slot has generation 0.
pub const WAKE: Token = Token(0);
/// Somebody wants in.
pub const LISTEN: Token = Token(1);
const EVENTS_MAX: usize = 1024;
const READ_BYTES: usize = 16 << 10;
/// Commands in one turn: a storm of newcomers must not keep messages waiting.
const COMMANDS_MAX: usize = 512;

/// What all parts of a shard need to know.
pub struct Context {
    /// Times and bounds.
    pub config: ShardConfig,
    /// What is counted.
    pub metrics: Metrics,
    /// The time at the start of this turn.
    pub now: Instant,
}

/// A shard's own state.
pub struct Worker {
    pub(super) poll: Poll,
    commands: mpsc::Receiver<Command>,
    pub(super) shards: Shards,
    pub(super) own: Shard,
    pub(super) slots: Slots,
    sections: HashMap<RoomKey, Section>,
    pub(super) door: Box<dyn Door>,
    pub(super) arrivals: Option<Arrivals>,
    pub(super) context: Context,
    /// One for all: nobody's bytes stay in it.
    pub(super) buffer: Box<[u8]>,
    /// For sends to many, where it may be used.
    ring: Option<Ring>,
    /// Sockets with more to read than one turn allows.
    unread: Vec<SlotKey>,
    /// Whether commands were left for the next turn.
    more_commands: bool,
    pub(super) next_tick: Instant,
    pub(super) second: u64,
    pub(super) ping: Frame,
}

impl Worker {
    pub(super) fn new(
        (poll, commands): (Poll, mpsc::Receiver<Command>),
        (shards, index): (Shards, usize),
        door: Box<dyn Door>,
        config: ShardConfig,
        metrics: Metrics,
    ) -> Self {
        let now = Instant::now();
        Self {
            poll,
            commands,
            own: shards.all()[index].clone(),
            shards,
            slots: Slots::default(),
            sections: HashMap::new(),
            door,
            arrivals: None,
            context: Context {
                config,
                metrics,
                now,
            },
            buffer: vec![0; READ_BYTES].into(),
            ring: None,
            unread: Vec::new(),
            more_commands: false,
            next_tick: now + TICK,
            second: 0,
            ping: Frame::ping(),
        }
    }

    /// Lets it accept.
    pub(super) fn listening(mut self, listening: Option<Listening>) -> io::Result<Self> {
        if let Some(listening) = listening {
            self.arrivals = Some(Arrivals::new(listening, self.poll.registry())?);
        }
        Ok(self)
    }

    /// Works until it is told to stop.
    pub fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        self.open_ring();
        loop {
            match self.poll.poll(&mut events, Some(self.patience())) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                polled => polled?,
            }
            self.context.now = Instant::now();
            for event in &events {
                match event.token() {
                    WAKE => {}
                    LISTEN => {
                        let now = self.context.now;
                        self.arrivals.iter_mut().for_each(|at| at.knock(now));
                    }
                    token => {
                        let key = SlotKey::of(token);
                        if event.is_writable() {
                            self.writable(key);
                        }
                        if event.is_readable() || event.is_read_closed() || event.is_error() {
                            self.readable(key);
                        }
                    }
                }
            }
            for key in std::mem::take(&mut self.unread) {
                if let Some((_, inside)) = self.slots.inside(key) {
                    inside.is_unread = false;
                    self.readable(key);
                }
            }
            if self.take_commands() {
                return Ok(());
            }
            self.send_pending();
            self.accept();
            if self.next_tick <= self.context.now {
                self.tick();
            }
        }
    }

    fn open_ring(&mut self) {
        if !self.context.config.batched_sends {
            return;
        }
        match Ring::open() {
            Ok(ring) => {
                self.ring = Some(ring);
                self.context.metrics.batching.inc();
            }
            Err(error) => info!(%error, "sends are not batched: io_uring is refused here"),
        }
    }

    /// How long it may sleep.
    fn patience(&self) -> Duration {
        let now = Instant::now();
        let accept_at = self.arrivals.as_ref().and_then(Arrivals::accept_at);
        let until = accept_at.map_or(self.next_tick, |at| at.min(self.next_tick));
        if self.unread.is_empty() && !self.more_commands {
            until.saturating_duration_since(now)
        } else {
            Duration::ZERO
        }
    }

    /// True when it is to stop.
    fn take_commands(&mut self) -> bool {
        // Before looking: what comes from now on wakes it again. A swap, so that whatever was sent before
        // somebody did without waking is seen.
        self.own.0.woken.swap(false, Ordering::AcqRel);
        self.more_commands = true;
        for _ in 0..COMMANDS_MAX {
            let Ok(command) = self.commands.try_recv() else {
                self.more_commands = false;
                break;
            };
            match command {
                Command::Arrive {
                    stream,
                    peer,
                    place,
                } => self.arrive(stream, peer, place),
                Command::HandOver(key, extensions) => self.hand_over(key, extensions),
                Command::Enter {
                    entrant,
                    room,
                    first,
                } => self.enter(entrant, room, &first),
                Command::TurnAway {
                    entrant,
                    code,
                    reason,
                } => self.turn_away(entrant, (code, reason)),
                Command::Broadcast { room, step, seq } => {
                    if let Some(section) = self.sections.get_mut(&room) {
                        section.pending.push((step, seq));
                    }
                }
                Command::RefreshOlder { room, step, seq } => self.refresh_older(room, step, seq),
                Command::Close {
                    room,
                    one_in,
                    code,
                    reason,
                } => self.close_some(room, one_in, (code, reason)),
                Command::Abort(room) => self.abort(room),
                Command::Stop => return true,
            }
        }
        false
    }

    fn enter(&mut self, entrant: Entrant, room: RoomKey, first: &Message) {
        // What was broadcast before it came is not for it.
        self.send_pending_of(room);
        let inside = Inside::new(room, entrant.form, entrant.lease);
        let Some((key, early)) = self.take_in(entrant.arrived, inside) else {
            return;
        };
        let (limits, now) = (self.context.config.outbox, self.context.now);
        let section = self.sections.entry(room).or_default();
        section.add(key, &mut self.slots);
        let Some((stream, inside)) = self.slots.inside(key) else {
            return;
        };
        if inside
            .begin(stream, entrant.answer, first, limits, now)
            .is_err()
        {
            return self.settle(key, Outcome::Over(Ended::Left));
        }
        if !early.is_empty() {
            let outcome = inside.received(stream, &early, limits, now);
            self.settle(key, outcome);
        }
        // Its readiness may have been reported while it waited.
        self.readable(key);
    }

    fn turn_away(&mut self, entrant: Entrant, goodbye: (CloseCode, &str)) {
        let inside = Inside::new(0, entrant.form, entrant.lease);
        let Some((key, _)) = self.take_in(entrant.arrived, inside) else {
            return;
        };
        let (limits, now) = (self.context.config.outbox, self.context.now);
        if let Some((stream, inside)) = self.slots.inside(key) {
            let outcome = inside.turn_away(stream, entrant.answer, limits, goodbye, now);
            self.settle(key, outcome);
            self.readable(key);
        }
    }

    /// Makes a socket a spectator's, wherever it is; returns what it sent too early.
    fn take_in(&mut self, arrived: Arrived, inside: Inside) -> Option<(SlotKey, Bytes)> {
        let (key, early) = match arrived {
            Arrived::Here(key) => {
                let slot = self.slots.get(key)?;
                let before = std::mem::replace(&mut slot.state, State::Inside(inside));
                let State::Arriving(arriving) = before else {
                    return None;
                };
                (key, arriving.read.slice(arriving.head_bytes..))
            }
            Arrived::FromHttp(stream, early) => {
                let stream = mio::net::TcpStream::from_std(stream);
                (self.register(stream, State::Inside(inside))?, early)
            }
        };
        self.context.metrics.connections.inc();
        Some((key, early))
    }

    /// Adds a socket to those that are watched.
    pub(super) fn register(
        &mut self,
        mut stream: mio::net::TcpStream,
        state: State,
    ) -> Option<SlotKey> {
        let token = self.slots.vacant().token();
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        registry.register(&mut stream, token, interest).ok()?;
        Some(self.slots.insert(stream, state))
    }

    fn writable(&mut self, key: SlotKey) {
        let now = self.context.now;
        if let Some((stream, inside)) = self.slots.inside(key) {
            let outcome = inside.writable(stream, now);
            self.settle(key, outcome);
        }
    }

    fn readable(&mut self, key: SlotKey) {
        let (limits, now) = (self.context.config.outbox, self.context.now);
        match self.slots.inside(key) {
            // Its turn comes.
            Some((_, inside)) if inside.is_unread => {}
            Some((stream, inside)) => {
                let outcome = inside.readable(stream, &mut self.buffer, limits, now);
                self.settle(key, outcome);
            }
            None => self.look_at(key),
        }
    }

    /// Draws the conclusion from what became of a spectator.
    pub(super) fn settle(&mut self, key: SlotKey, outcome: Outcome) {
        let Some((_, inside)) = self.slots.inside(key) else {
            return;
        };
        if outcome == Outcome::Again && !inside.is_unread {
            inside.is_unread = true;
            self.unread.push(key);
        }
        let over = matches!(outcome, Outcome::Over(_));
        if over || inside.is_leaving() {
            let (room, place) = (
                inside.room,
                std::mem::replace(&mut inside.place, usize::MAX),
            );
            if let Some(section) = self.sections.get_mut(&room) {
                section.take_out(place, &mut self.slots);
                if section.members.is_empty() && section.pending.is_empty() {
                    self.sections.remove(&room);
                }
            }
        }
        if let Outcome::Over(ended) = outcome {
            self.slots.remove(key);
            let metrics = &self.context.metrics;
            metrics.connections.dec();
            metrics.closed.with_label_values(&[ended.as_str()]).inc();
        }
    }

    fn send_pending(&mut self) {
        let waiting =
            |(room, section): (&RoomKey, &Section)| (!section.pending.is_empty()).then_some(*room);
        let rooms: Vec<RoomKey> = self.sections.iter().filter_map(waiting).collect();
        for room in rooms {
            self.send_pending_of(room);
        }
    }

    fn send_pending_of(&mut self, room: RoomKey) {
        let Some(section) = self.sections.get_mut(&room) else {
            return;
        };
        let over = section.send_pending(&mut self.slots, &mut self.ring, &self.context);
        for (key, ended) in over {
            self.settle(key, Outcome::Over(ended));
        }
    }

    fn refresh_older(&mut self, room: RoomKey, step: Arc<Step>, seq: Seq) {
        self.send_pending_of(room);
        let Some(section) = self.sections.get(&room) else {
            return;
        };
        let over = section.send_to_older(step, seq, &mut self.slots, &self.context);
        for (key, ended) in over {
            self.settle(key, Outcome::Over(ended));
        }
    }

    fn close_some(&mut self, room: RoomKey, one_in: usize, goodbye: (CloseCode, &str)) {
        self.send_pending_of(room);
        let Some(section) = self.sections.get(&room) else {
            return;
        };
        let leaving = section.one_in(one_in).to_vec();
        let (limits, now) = (self.context.config.outbox, self.context.now);
        for key in leaving {
            if let Some((stream, inside)) = self.slots.inside(key) {
                let outcome = inside.close(stream, goodbye, Ended::Closed, limits, now);
                self.settle(key, outcome);
            }
        }
    }

    fn abort(&mut self, room: RoomKey) {
        if let Some(section) = self.sections.remove(&room) {
            for key in section.members {
                self.settle(key, Outcome::Over(Ended::Dead));
            }
        }
    }
}
