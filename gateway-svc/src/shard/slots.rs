//! All sockets of a shard in one block of memory.

use std::{net::SocketAddr, time::Instant};

use bytes::Bytes;
use mio::{Token, net::TcpStream};
use slab::Slab;
use tokio::sync::OwnedSemaphorePermit;

use super::inside::Inside;

/// Names a socket; never the one that had its place before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotKey {
    index: u32,
    generation: u32,
}

impl SlotKey {
    /// The name of its readiness. Those that belong to no socket have no generation.
    pub fn token(self) -> Token {
        Token((self.generation as usize) << 32 | self.index as usize)
    }

    /// The other way round.
    #[expect(clippy::cast_possible_truncation, reason = "32 bits each")]
    pub fn of(token: Token) -> Self {
        Self {
            index: token.0 as u32,
            generation: (token.0 >> 32) as u32,
        }
    }

    /// Spreads work over seconds.
    pub fn index(self) -> u64 {
        self.index.into()
    }
}

/// A socket and what is known of it.
pub struct Slot {
    /// The socket.
    pub stream: TcpStream,
    /// Who it is.
    pub state: State,
    generation: u32,
}

/// Who a socket is.
pub enum State {
    /// Somebody who has not said what it wants, or waits for an answer.
    Arriving(Arriving),
    /// A spectator.
    Inside(Inside),
}

/// A connection on its way in.
pub struct Arriving {
    /// Its other end.
    pub peer: SocketAddr,
    /// Its place among the open sockets.
    pub place: OwnedSemaphorePermit,
    /// When it came.
    pub since: Instant,
    /// What it sent, once it has asked to watch.
    pub read: Bytes,
    /// How much of that was the request.
    pub head_bytes: usize,
}

/// The sockets of a shard.
#[derive(Default)]
pub struct Slots {
    slab: Slab<Slot>,
    generation: u32,
}

impl Slots {
    /// The key that the next insertion will give.
    pub fn vacant(&mut self) -> SlotKey {
        SlotKey {
            index: u32::try_from(self.slab.vacant_key()).unwrap_or(u32::MAX),
            generation: self.generation.wrapping_add(1).max(1),
        }
    }

    /// Adds a socket under its vacant key.
    pub fn insert(&mut self, stream: TcpStream, state: State) -> SlotKey {
        let key = self.vacant();
        self.generation = key.generation;
        self.slab.insert(Slot {
            stream,
            state,
            generation: key.generation,
        });
        key
    }

    /// A socket that is still there.
    pub fn get(&mut self, key: SlotKey) -> Option<&mut Slot> {
        let slot = self.slab.get_mut(key.index as usize)?;
        (slot.generation == key.generation).then_some(slot)
    }

    /// A spectator that is still there, to be looked at.
    pub fn look_inside(&self, key: SlotKey) -> Option<(&TcpStream, &Inside)> {
        match self.slab.get(key.index as usize)? {
            Slot {
                stream,
                state: State::Inside(inside),
                generation,
            } if *generation == key.generation => Some((stream, inside)),
            _ => None,
        }
    }

    /// A spectator that is still there.
    pub fn inside(&mut self, key: SlotKey) -> Option<(&mut TcpStream, &mut Inside)> {
        match self.get(key)? {
            Slot {
                stream,
                state: State::Inside(inside),
                ..
            } => Some((stream, inside)),
            _ => None,
        }
    }

    /// Takes a socket out.
    pub fn remove(&mut self, key: SlotKey) -> Option<Slot> {
        self.get(key)?;
        self.slab.try_remove(key.index as usize)
    }

    /// All that are there.
    pub fn keys(&self) -> Vec<SlotKey> {
        let all = self.slab.iter();
        all.map(|(index, slot)| SlotKey {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            generation: slot.generation,
        })
        .collect()
    }
}
