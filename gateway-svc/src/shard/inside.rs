//! A spectator inside a room: what is written to it, what it sends, and how it leaves.

use std::{
    borrow::Cow,
    io::{self, IoSlice, Read, Write},
    net::Shutdown,
    time::{Duration, Instant},
};

use bytes::Bytes;
use common::protocol::Seq;
use mio::net::TcpStream;

use super::{
    command::RoomKey,
    outbox::{Outbox, OutboxLimits},
    section::Batch,
};
use crate::{
    room::message,
    websocket::{CloseCode, Form, Frame, Message, Reader, Received, Violation},
};

/// How long the closing handshake may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// Messages of a spectator in one second before that second counts against it.
const MESSAGES_PER_SECOND_MAX: u32 = 100;
/// Such seconds, less the calm ones in between, before the connection is closed.
const FLOODED_SECONDS_MAX: u32 = 5;
/// So many in one second are too many at once.
const MESSAGES_AT_ONCE_MAX: u32 = 1_000;
/// Reads in a row before the others get their turn.
const READS_MAX: usize = 4;

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

/// A goodbye that is under way.
struct Leaving {
    why: Ended,
    until: Instant,
    half_closed: bool,
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

    /// Whether it takes part in the room no more.
    pub fn is_leaving(&self) -> bool {
        self.leaving.is_some()
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

    /// Sends the answer to the handshake and a goodbye.
    pub fn turn_away(
        &mut self,
        stream: &mut TcpStream,
        answer: Bytes,
        limits: OutboxLimits,
        goodbye: (CloseCode, &str),
        now: Instant,
    ) -> Outcome {
        let mut outbox = Outbox::new(limits, now);
        outbox.start_with(answer, 0);
        match self.flush_new(stream, outbox, now) {
            Ok(()) => self.close(stream, goodbye, Ended::Closed, limits, now),
            Err(_) => Outcome::Over(Ended::Left),
        }
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

    /// Reads what there is, into `buffer` for as long as it is looked at.
    pub fn readable(
        &mut self,
        stream: &mut TcpStream,
        buffer: &mut [u8],
        limits: OutboxLimits,
        now: Instant,
    ) -> Outcome {
        for _ in 0..READS_MAX {
            match stream.read(buffer) {
                Ok(0) => return Outcome::Over(self.ended(Ended::Left)),
                Ok(count) => {
                    let outcome = self.received(stream, &buffer[..count], limits, now);
                    if outcome != Outcome::Stays {
                        return outcome;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Outcome::Stays,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Outcome::Over(self.ended(Ended::Left)),
            }
        }
        Outcome::Again
    }

    /// Takes in what the spectator sent.
    pub fn received(
        &mut self,
        stream: &mut TcpStream,
        bytes: &[u8],
        limits: OutboxLimits,
        now: Instant,
    ) -> Outcome {
        if self.is_leaving() {
            return Outcome::Stays;
        }
        // Of several pings the last one may be answered for all (RFC 6455, section 5.5.3).
        let mut ping = None;
        let mut closed = None;
        let mut flooded = false;
        let Self {
            reader,
            flood,
            pinged,
            ..
        } = self;
        let read = reader.read(bytes, &mut |received| {
            if closed.is_some() {
                return;
            }
            flooded |= flood.count(now);
            match received {
                Received::Message | Received::Fragment => {}
                Received::Ping(payload) => ping = Some(payload),
                Received::Pong => *pinged = None,
                Received::Close(code) => closed = Some(code),
            }
        });
        if let Some(payload) = ping
            && self
                .send_control(stream, &Frame::pong(&payload), limits, now)
                .is_err()
        {
            return Outcome::Over(Ended::Left);
        }
        let violation = match read {
            _ if closed.is_some() => None,
            Err(violation) => Some(violation),
            Ok(()) => flooded.then_some(Violation {
                code: CloseCode::Policy,
                reason: "too many messages",
            }),
        };
        if let Some(Violation { code, reason }) = violation {
            return self.close(stream, (code, reason), Ended::Violation, limits, now);
        }
        if let Some(code) = closed {
            let answer = Frame::close_answer(code);
            return self.leave(stream, &answer, Ended::Left, limits, now);
        }
        Outcome::Stays
    }

    /// Sends a ping that must be answered. Where something waits the ping would only wait behind it,
    /// and the bound on stalling finds the dead.
    pub fn ping(
        &mut self,
        stream: &mut TcpStream,
        ping: &Frame,
        limits: OutboxLimits,
        now: Instant,
    ) {
        if self.outbox.is_some() || self.pinged.is_some() || self.is_leaving() {
            return;
        }
        // A broken socket is found when the answer fails to come; one that takes nothing is found otherwise.
        let _ = self.send_control(stream, ping, limits, now);
        if self.outbox.is_none() {
            self.pinged = Some(now);
        }
    }

    /// How long a ping has been unanswered.
    pub fn silent_for(&self, now: Instant) -> Duration {
        self.pinged
            .map_or(Duration::ZERO, |at| now.saturating_duration_since(at))
    }

    /// How long it has taken nothing of what waits for it.
    pub fn stalled_for(&self, now: Instant) -> Duration {
        let outbox = self.outbox.as_ref();
        outbox.map_or(Duration::ZERO, |outbox| outbox.stalled_for(now))
    }

    /// Why it is to be dropped, if its goodbye has taken too long.
    pub fn overdue(&self, now: Instant) -> Option<Ended> {
        let leaving = self.leaving.as_ref()?;
        (leaving.until <= now).then_some(leaving.why)
    }

    /// Says goodbye, and drops what else waits.
    pub fn close(
        &mut self,
        stream: &mut TcpStream,
        (code, reason): (CloseCode, &str),
        why: Ended,
        limits: OutboxLimits,
        now: Instant,
    ) -> Outcome {
        self.leave(stream, &Frame::close(code, reason), why, limits, now)
    }

    fn leave(
        &mut self,
        stream: &mut TcpStream,
        last: &Frame,
        why: Ended,
        limits: OutboxLimits,
        now: Instant,
    ) -> Outcome {
        if self.is_leaving() {
            return Outcome::Stays;
        }
        self.leaving = Some(Leaving {
            why,
            until: now + CLOSE_WITHIN,
            half_closed: false,
        });
        // What was broadcast before must not be lost to the goodbye where the socket can take it.
        if let Some(outbox) = self.outbox.take()
            && self.flush_new(stream, *outbox, now).is_err()
        {
            return Outcome::Over(why);
        }
        let mut outbox = match self.outbox.take() {
            Some(outbox) => *outbox,
            None => Outbox::new(limits, now),
        };
        outbox.finish_with(last.bytes().clone());
        match self.flush_new(stream, outbox, now) {
            Ok(()) => self.half_close(stream),
            Err(_) => Outcome::Over(why),
        }
    }

    /// Once the goodbye is out: clients answer it and then wait for the server to end the connection.
    fn half_close(&mut self, stream: &TcpStream) -> Outcome {
        let Some(leaving) = &mut self.leaving else {
            return Outcome::Stays;
        };
        if self.outbox.is_some() || leaving.half_closed {
            return Outcome::Stays;
        }
        leaving.half_closed = true;
        match stream.shutdown(Shutdown::Write) {
            // The client closed first, and has its answer.
            Ok(()) if leaving.why == Ended::Left => Outcome::Over(Ended::Left),
            Ok(()) => Outcome::Stays,
            Err(_) => Outcome::Over(leaving.why),
        }
    }

    fn ended(&self, otherwise: Ended) -> Ended {
        self.leaving
            .as_ref()
            .map_or(otherwise, |leaving| leaving.why)
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

/// Counts a spectator's messages by the second.
#[derive(Default)]
struct Flood {
    second_started: Option<Instant>,
    messages: u32,
    /// Seconds with too many messages, less those without.
    flooded_seconds: u32,
}

impl Flood {
    /// Counts a message; true when it is one too many.
    fn count(&mut self, now: Instant) -> bool {
        let started = *self.second_started.get_or_insert(now);
        let elapsed = now.saturating_duration_since(started).as_secs();
        if elapsed >= 1 {
            let over = self.messages > MESSAGES_PER_SECOND_MAX;
            self.flooded_seconds += u32::from(over);
            let calm = elapsed - u64::from(over);
            let calm = u32::try_from(calm).unwrap_or(u32::MAX);
            self.flooded_seconds = self.flooded_seconds.saturating_sub(calm);
            self.second_started = Some(now);
            self.messages = 0;
        }
        self.messages += 1;
        self.flooded_seconds >= FLOODED_SECONDS_MAX || self.messages > MESSAGES_AT_ONCE_MAX
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Flood;

    /// How many of these seconds pass before it is too much, with so many messages in each.
    fn seconds_until_flooded(by_second: &[u32]) -> Option<usize> {
        let started = Instant::now();
        let mut flood = Flood::default();
        by_second.iter().enumerate().find_map(|(second, messages)| {
            let now = started + Duration::from_secs(second as u64);
            let too_many = (0..*messages).any(|_| flood.count(now));
            too_many.then_some(second)
        })
    }

    #[test]
    fn many_for_long_are_too_many_and_pauses_do_not_hide_it() {
        assert_eq!(seconds_until_flooded(&[99; 60]), None);
        assert_eq!(seconds_until_flooded(&[150; 60]), Some(5));
        assert_eq!(
            seconds_until_flooded(&[150, 150, 150, 0].repeat(9)),
            Some(9)
        );
        assert_eq!(seconds_until_flooded(&[150, 0, 0].repeat(20)), None);
        assert_eq!(seconds_until_flooded(&[2_000]), Some(0));
    }
}
