//! What a shard is told.

use std::{
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use axum::http::Extensions;
use bytes::Bytes;
use common::protocol::Seq;
use tokio::sync::OwnedSemaphorePermit;

use super::{Shard, SlotKey};
use crate::websocket::{CloseCode, Form, Message, Step};

/// A room of this process.
pub type RoomKey = u64;

/// Where the socket of a spectator is that may come in.
pub enum Arrived {
    /// In the shard itself, and its answer is still to be sent.
    Here(SlotKey),
    /// It comes from HTTP, answered already, with what was read beyond the request.
    FromHttp(TcpStream, Bytes),
}

/// A spectator that has its seat, and waits for its first message.
pub struct Entrant {
    /// The shard it belongs to.
    pub shard: Shard,
    /// Its socket.
    pub arrived: Arrived,
    /// The answer to its handshake, to be sent in front of the first message.
    pub answer: Bytes,
    /// How it gets messages.
    pub form: Form,
    /// What it holds as long as its socket lives.
    pub lease: Box<dyn Send>,
}

impl Entrant {
    /// Lets it into a room, with what it starts from.
    pub async fn enter(self, room: RoomKey, first: Message) {
        let shard = self.shard.clone();
        let command = Command::Enter {
            entrant: self,
            room,
            first,
        };
        shard.send(command).await;
    }

    /// Completes its handshake only to say goodbye.
    pub async fn turn_away(self, code: CloseCode, reason: &'static str) {
        let shard = self.shard.clone();
        let command = Command::TurnAway {
            entrant: self,
            code,
            reason,
        };
        shard.send(command).await;
    }
}

/// What a shard is told. Those of one room come in order.
pub enum Command {
    /// A connection was accepted for it.
    Arrive {
        /// The socket.
        stream: mio::net::TcpStream,
        /// Its other end.
        peer: SocketAddr,
        /// Its place among the open sockets.
        place: OwnedSemaphorePermit,
    },
    /// A connection that asked to watch may not: HTTP answers.
    HandOver(SlotKey, Extensions),
    /// A spectator comes in.
    Enter {
        /// Who.
        entrant: Entrant,
        /// Where to.
        room: RoomKey,
        /// What it starts from.
        first: Message,
    },
    /// A spectator may not come in after all.
    TurnAway {
        /// Who.
        entrant: Entrant,
        /// Why.
        code: CloseCode,
        /// Why, in words.
        reason: &'static str,
    },
    /// To everyone in a room, which stands at `seq` after it.
    Broadcast {
        /// The room.
        room: RoomKey,
        /// The message, after those before it.
        step: Arc<Step>,
        /// The room's position after it.
        seq: Seq,
    },
    /// To the older clients in a room, which stands at `seq`.
    RefreshOlder {
        /// The room.
        room: RoomKey,
        /// Asks to re-read.
        step: Arc<Step>,
        /// The room's position.
        seq: Seq,
    },
    /// Says goodbye to one in `one_in` of a room.
    Close {
        /// The room.
        room: RoomKey,
        /// 1 for everyone.
        one_in: usize,
        /// Why.
        code: CloseCode,
        /// Why, in words.
        reason: &'static str,
    },
    /// Ends all connections of a room without a goodbye.
    Abort(RoomKey),
    /// Drops everything and ends.
    Stop,
}
