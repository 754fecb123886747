//! The spectators of a room, and everything that is done to all of them.

use std::{sync::Arc, time::Duration};

use common::protocol::Seq;

use crate::{
    config::RoomConfig,
    connection::{CloseCode, Connection, Frame, Pushed},
    metrics::Metrics,
};

/// All connections of a room. Those that are over leave at the next walk.
pub struct Members {
    connections: Vec<Member>,
    config: RoomConfig,
    metrics: Metrics,
    ping: Frame,
    /// Seconds since the room opened.
    second: u64,
}

struct Member {
    connection: Arc<Connection>,
    /// The second within the ping interval in which this one is pinged: not all at once.
    ping_slot: u64,
}

impl Drop for Members {
    /// However a room ends, nobody stays behind without one.
    fn drop(&mut self) {
        for member in &self.connections {
            member.connection.abort();
        }
    }
}

impl Members {
    /// Nobody yet.
    pub fn new(config: RoomConfig, metrics: Metrics) -> Self {
        Self {
            connections: Vec::new(),
            config,
            metrics,
            ping: Frame::ping(),
            second: 0,
        }
    }

    /// How many there are, those included that left since the last walk.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Lets a connection in; `full` is what it starts from.
    pub fn join(&mut self, connection: Arc<Connection>, full: &Frame, seq: Seq) {
        connection.send(full, seq);
        let ping_slot = rand::random_range(0..self.config.ping_every.as_secs().max(1));
        self.connections.push(Member {
            connection,
            ping_slot,
        });
    }

    /// Sends `frame` to everyone; the room stands at `seq` after it.
    pub fn broadcast(&mut self, frame: &Frame, seq: Seq) {
        let mut refreshes = 0;
        self.connections.retain(|member| {
            if member.connection.is_over() {
                return false;
            }
            if member.connection.send(frame, seq) == Pushed::Dropped {
                refreshes += 1;
            }
            true
        });
        self.metrics.messages.inc();
        self.metrics.refreshes.inc_by(refreshes);
        self.metrics
            .deliveries
            .inc_by(self.connections.len() as u64);
    }

    /// To be called once a second: pings those whose turn it is, and ends those that are dead or
    /// take nothing.
    pub fn tick(&mut self) {
        self.second += 1;
        let slot = self.second % self.config.ping_every.as_secs().max(1);
        let RoomConfig {
            pong_within,
            stall_max,
            ..
        } = self.config;
        self.connections.retain(|member| {
            let connection = &member.connection;
            if connection.is_over() {
                return false;
            }
            if connection.silent_for() > pong_within {
                connection.abort();
            } else if connection.stalled_for() > stall_max {
                connection.close(CloseCode::TryAgainLater, "too slow");
            } else if member.ping_slot == slot {
                connection.ping(&self.ping);
            }
            !connection.is_over()
        });
    }

    /// Closes everyone.
    pub fn close_all(&mut self, code: CloseCode, reason: &str) {
        for member in self.connections.drain(..) {
            member.connection.close(code, reason);
        }
    }

    /// Closes that part of the members that makes the drain end evenly: `left` of its time is
    /// still to come, and the next call comes after `step`.
    pub fn drain(&mut self, left: Duration, step: Duration, code: CloseCode, reason: &str) {
        let steps = (left.as_millis() / step.as_millis().max(1)).max(1);
        let steps = usize::try_from(steps).unwrap_or(usize::MAX);
        let count = self.connections.len().div_ceil(steps);
        let keep = self.connections.len() - count;
        for member in self.connections.drain(keep..) {
            member.connection.close(code, reason);
        }
    }
}
