//! How a spectator leaves a room: told why, and given the time to answer.

use std::{
    net::Shutdown,
    time::{Duration, Instant},
};

use bytes::Bytes;
use mio::net::TcpStream;

use super::{Ended, Inside, Outcome};
use crate::{
    shard::outbox::{Outbox, OutboxLimits},
    websocket::{CloseCode, Frame},
};

/// How long the closing handshake may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// A goodbye that is under way.
pub(super) struct Leaving {
    why: Ended,
    until: Instant,
    half_closed: bool,
}

impl Inside {
    /// Whether it takes part in the room no more.
    pub fn is_leaving(&self) -> bool {
        self.leaving.is_some()
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

    pub(super) fn leave(
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
    pub(super) fn half_close(&mut self, stream: &TcpStream) -> Outcome {
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

    pub(super) fn ended(&self, otherwise: Ended) -> Ended {
        self.leaving
            .as_ref()
            .map_or(otherwise, |leaving| leaving.why)
    }
}
