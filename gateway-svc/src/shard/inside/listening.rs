//! What a spectator sends: it is only to be answered, and must not be too much.

use std::{
    io::{self, Read},
    time::{Duration, Instant},
};

use mio::net::TcpStream;

use super::{Ended, Inside, Outcome};
use crate::{
    shard::outbox::OutboxLimits,
    websocket::{CloseCode, Frame, Received, Violation},
};

/// Reads in a row before the others get their turn.
const READS_MAX: usize = 4;

impl Inside {
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
}
