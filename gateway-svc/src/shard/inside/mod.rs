//! A spectator inside a room, and what is written to it.

mod flood;
mod leaving;
mod listening;

use std::{
    borrow::Cow,
    io::{self, IoSlice, Write},
    time::{Duration, Instant},
};

use bytes::Bytes;
use common::protocol::Seq;
use mio::net::TcpStream;

use flood::Flood;
use leaving::Leaving;

use super::{
    command::RoomKey,
    outbox::{Outbox, OutboxLimits},
    section::Batch,
};
use crate::{
    room::message,
    websocket::{Form, Frame, Message, Reader},
};

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The spectator went.
    Left,
    /// We closed it.
    Closed,
    /// It broke the protocol or flooded us.
    Violation,
    /// It was found dead.
    Dead,
}

impl Ended {
    /// The label of its metric.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Closed => "closed",
            Self::Violation => "violation",
            Self::Dead => "dead",
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// It is out, or on its way.
    Yes,
    /// The backlog was full and has been dropped.
    Dropped,
    /// The connection is over.
    Over,
}

/// What became of a spectator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It stays, and there is more to be read.
    Again,
    /// It stays.
    Stays,
    /// It is gone: the socket is to be dropped.
    Over(Ended),
}

/// A spectator of a room.
pub struct Inside {
    /// The room.
    pub room: RoomKey,
    /// Where it stands in the room's list; meaningless once it leaves.
    pub place: usize,
    form: Form,
    /// Messages of the room's stream received in a row; the most that can be counted is enough.
    received: u8,
    reader: Reader,
    flood: Flood,
    outbox: Option<Box<Outbox>>,
    /// A ping that is not answered yet.
    pinged: Option<Instant>,
    leaving: Option<Leaving>,
    /// Whether it waits for its turn to be read on.
    pub is_unread: bool,
    _lease: Box<dyn Send>,
}

impl Inside {
    /// A spectator to whom nothing was written yet.
    pub fn new(room: RoomKey, form: Form, lease: Box<dyn Send>) -> Self {
        Self {
            room,
            place: usize::MAX,
            form,
            received: 0,
            reader: Reader::new(form.deflated),
            flood: Flood::default(),
            outbox: None,
            pinged: None,
            leaving: None,
            is_unread: false,
            _lease: lease,
        }
    }

    /// Sends the answer to the handshake and the first message, in one write.
    pub fn begin(
        &mut self,
        stream: &mut TcpStream,
        answer: Bytes,
        first: &Message,
        limits: OutboxLimits,
        now: Instant,
    ) -> io::Result<()> {
        let mut outbox = Outbox::new(limits, now);
        outbox.start_with(answer, 0);
        outbox.start_with(first.bytes(self.form).clone(), 0);
        self.flush_new(stream, outbox, now)
    }

    /// Whether it is an older client, which reads details again only when it is told to.
    pub fn rereads(&self) -> bool {
        self.form.rereads
    }

    /// The next messages of the room in one piece, when nothing waits before them and the piece is one of
    /// those that are shared.
    pub fn next_bytes<'a>(&self, batch: &'a Batch) -> Option<&'a [u8]> {
        match batch.bytes(self.form, self.received) {
            Cow::Borrowed(bytes) if self.outbox.is_none() => Some(bytes),
            _ => None,
        }
    }

    /// Sends the next messages of the room.
    pub fn deliver(
        &mut self,
        stream: &mut TcpStream,
        batch: &Batch,
        limits: OutboxLimits,
        now: Instant,
    ) -> Delivered {
        let sent = if self.outbox.is_none() {
            stream.write(&batch.bytes(self.form, self.received))
        } else {
            Ok(0)
        };
        self.sent(stream, batch, sent, limits, now)
    }

    /// Goes on where the next messages of the room are out as far as `sent` says.
    pub fn sent(
        &mut self,
        stream: &mut TcpStream,
        batch: &Batch,
        sent: io::Result<usize>,
        limits: OutboxLimits,
        now: Instant,
    ) -> Delivered {
        let written = match sent {
            Ok(count) if count == batch.bytes(self.form, self.received).len() => {
                self.received = self.received.saturating_add(batch.len());
                return Delivered::Yes;
            }
            Ok(count) => count,
            Err(error) if may_pass(&error) => 0,
            Err(_) => return Delivered::Over,
        };
        match self.queue(stream, batch, written, limits, now) {
            Ok(true) => Delivered::Yes,
            Ok(false) => Delivered::Dropped,
            Err(_) => Delivered::Over,
        }
    }

    /// Lets wait what is not written; false when the backlog was full and has been dropped.
    fn queue(
        &mut self,
        stream: &mut TcpStream,
        batch: &Batch,
        mut written: usize,
        limits: OutboxLimits,
        now: Instant,
    ) -> io::Result<bool> {
        let is_full = self.outbox.is_some();
        let mut outbox = match self.outbox.take() {
            Some(outbox) => *outbox,
            None => Outbox::new(limits, now),
        };
        let mut kept = true;
        for (index, (_, seq)) in batch.steps.iter().enumerate() {
            let frame = batch.frame(index, self.form, self.received);
            if written >= frame.len() {
                written -= frame.len();
            } else if written > 0 {
                outbox.start_with(frame.clone(), std::mem::take(&mut written));
            } else {
                kept &= outbox.push(frame.clone(), *seq);
            }
        }
        // Whoever has missed something has nothing that later messages could refer to.
        self.received = if outbox.has_dropped() {
            0
        } else {
            self.received.saturating_add(batch.len())
        };
        if is_full {
            // It is told when there is room again.
            self.outbox = Some(Box::new(outbox));
        } else {
            self.flush_new(stream, outbox, now)?;
        }
        Ok(kept)
    }

    /// Goes on with what waits: the socket takes something again.
    pub fn writable(&mut self, stream: &mut TcpStream, now: Instant) -> Outcome {
        let flushed = match self.outbox.take() {
            Some(outbox) => self.flush_new(stream, *outbox, now),
            None => Ok(()),
        };
        match flushed {
            Ok(()) => self.half_close(stream),
            Err(_) => Outcome::Over(self.ended(Ended::Left)),
        }
    }

    /// How long it has taken nothing of what waits for it.
    pub fn stalled_for(&self, now: Instant) -> Duration {
        let outbox = self.outbox.as_ref();
        outbox.map_or(Duration::ZERO, |outbox| outbox.stalled_for(now))
    }

    fn send_control(
        &mut self,
        stream: &mut TcpStream,
        frame: &Frame,
        limits: OutboxLimits,
        now: Instant,
    ) -> io::Result<()> {
        if let Some(outbox) = &mut self.outbox {
            outbox.push_control(frame.bytes().clone());
            return Ok(());
        }
        let mut outbox = Outbox::new(limits, now);
        outbox.push_control(frame.bytes().clone());
        self.flush_new(stream, outbox, now)
    }

    /// Writes what it can; the outbox stays only while something waits in it.
    fn flush_new(
        &mut self,
        stream: &mut TcpStream,
        mut outbox: Outbox,
        now: Instant,
    ) -> io::Result<()> {
        let refresh = |seq: Seq| message::refresh(seq).bytes(Form::default()).clone();
        outbox.flush(refresh, now, &mut |slices: &[IoSlice<'_>]| {
            stream.write_vectored(slices)
        })?;
        if !outbox.is_empty() {
            self.outbox = Some(Box::new(outbox));
        }
        Ok(())
    }
}

fn may_pass(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
