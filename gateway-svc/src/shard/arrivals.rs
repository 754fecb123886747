//! Connections on their way in: accepted by the first shard, spread over all, and looked at once what they
//! want has arrived.

use std::{
    io::{self, Read},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::Extensions;
use bytes::Bytes;
use mio::{
    Interest, Registry,
    net::{TcpListener, TcpStream},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::warn;

use super::{
    HandedOver, Listening, SlotKey,
    command::Command,
    slots::{Arriving, State},
    worker::{LISTEN, Worker},
};

/// Connections accepted before those inside get their turn.
const ACCEPTED_MAX: usize = 256;
/// Pause when there is no place or no descriptor for one more.
const PAUSE: Duration = Duration::from_millis(50);

/// The listeners, and whether somebody may wait at one.
pub struct Arrivals {
    listeners: Vec<TcpListener>,
    /// Whose turn it is.
    turn: usize,
    places: Arc<Semaphore>,
    accept_at: Option<Instant>,
}

impl Arrivals {
    pub(super) fn new(listening: Listening, registry: &Registry) -> io::Result<Self> {
        let mut listeners = Vec::new();
        for listener in listening.listeners {
            let mut listener = TcpListener::from_std(listener);
            registry.register(&mut listener, LISTEN, Interest::READABLE)?;
            listeners.push(listener);
        }
        Ok(Self {
            listeners,
            turn: 0,
            places: listening.places,
            accept_at: None,
        })
    }

    /// Somebody came.
    pub(super) fn knock(&mut self, now: Instant) {
        self.accept_at.get_or_insert(now);
    }

    /// When to accept next, if somebody may wait.
    pub(super) fn accept_at(&self) -> Option<Instant> {
        self.accept_at
    }

    /// The next connection; `None` when nobody waits, or nobody more can be taken for the moment.
    fn accept(&mut self, now: Instant) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.accept_at = Some(now + PAUSE);
            return None;
        };
        let mut empty = 0;
        while empty < self.listeners.len() {
            let accepted = self.listeners[self.turn].accept();
            self.turn = (self.turn + 1) % self.listeners.len();
            match accepted {
                Ok((stream, peer)) => return Some((stream, peer, place)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => empty += 1,
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => empty = 0,
                Err(error) => {
                    warn!(%error, "accept failed");
                    self.accept_at = Some(now + PAUSE);
                    return None;
                }
            }
        }
        self.accept_at = None;
        None
    }
}

impl Worker {
    /// Accepts those who wait, and spreads them over the shards.
    pub(super) fn accept(&mut self) {
        let now = self.context.now;
        for _ in 0..ACCEPTED_MAX {
            let Some(arrivals) = &mut self.arrivals else {
                return;
            };
            if arrivals.accept_at().is_none_or(|at| at > now) {
                return;
            }
            let Some((stream, peer, place)) = arrivals.accept(now) else {
                return;
            };
            let shard = self.shards.next();
            if shard.is(&self.own) {
                self.arrive(stream, peer, place);
                continue;
            }
            let arrive = Command::Arrive {
                stream,
                peer,
                place,
            };
            // Where a shard is that far behind, the newcomer is dropped and comes again.
            if shard.try_send(arrive).is_err() {
                warn!("a connection was dropped: its shard is behind");
            }
        }
    }

    /// Takes a new connection in.
    pub(super) fn arrive(
        &mut self,
        stream: TcpStream,
        peer: SocketAddr,
        place: OwnedSemaphorePermit,
    ) {
        // Nagle's algorithm would hold back every second small message for an acknowledgement.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let arriving = Arriving {
            peer,
            place,
            since: self.context.now,
            read: Bytes::new(),
            head_bytes: 0,
        };
        self.register(stream, State::Arriving(arriving));
    }

    /// Looks at what a newcomer wants.
    pub(super) fn look_at(&mut self, key: SlotKey) {
        let Some(slot) = self.slots.get(key) else {
            return;
        };
        let State::Arriving(arriving) = &mut slot.state else {
            return;
        };
        if !arriving.read.is_empty() {
            // It waits for its answer; what else it sends is read when it is inside.
            return;
        }
        let count = match slot.stream.read(&mut self.buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Ok(0) | Err(_) => {
                self.slots.remove(key);
                return;
            }
            Ok(count) => count,
        };
        let read = &self.buffer[..count];
        arriving.read = Bytes::copy_from_slice(read);
        match self.door.watch(read, &self.own, key) {
            Some(head_bytes) => arriving.head_bytes = head_bytes,
            None => self.hand_over(key, Extensions::new()),
        }
    }

    /// Gives a connection to HTTP.
    pub(super) fn hand_over(&mut self, key: SlotKey, extensions: Extensions) {
        let Some(mut slot) = self.slots.remove(key) else {
            return;
        };
        let State::Arriving(arriving) = slot.state else {
            return;
        };
        // Even if this fails, closing the socket ends its registration.
        let _ = self.poll.registry().deregister(&mut slot.stream);
        self.door.serve(HandedOver {
            stream: slot.stream.into(),
            peer: arriving.peer,
            read: arriving.read,
            extensions,
            place: arriving.place,
        });
    }
}
