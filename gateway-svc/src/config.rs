//! The gateway's flags.

use std::{
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use crate::shard::{OutboxLimits, ShardConfig};
use clap::{ArgAction, Parser};
use common::{
    config::{CommonConfig, HistoryConfig},
    healthcheck,
    store::Limits,
    without::Mechanism,
};

/// Eddyline's gateway: serves spectators over REST and WebSockets. Run as many as you like.
#[derive(Debug, Clone, Parser)]
#[command(version)]
pub struct Config {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<healthcheck::Command>,

    /// What both services share.
    #[command(flatten)]
    pub common: CommonConfig,

    /// The same as on ingest: gateways commit too, when they let boats go.
    #[command(flatten)]
    pub history: HistoryConfig,

    /// Address to listen on for spectators.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8082")]
    pub listen: SocketAddr,

    /// Connections that may wait to be accepted. Where the kernel allows one socket fewer
    /// (`net.core.somaxconn`), several listen, 64 at most.
    #[arg(long, env = "ACCEPT_QUEUE", default_value = "16384")]
    pub accept_queue: NonZeroU32,

    /// Spectators of one event on all gateways together. Must be the same on all of them.
    #[arg(long, env = "MAX_CONNECTIONS_PER_EVENT", default_value_t = 200)]
    pub max_connections_per_event: usize,

    /// Spectators on this gateway; fewer where the limit of open files is too low for them and --max-sockets.
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 50_000)]
    pub max_connections: usize,

    /// Threads that write to spectators, and as many for everything else; the number of cores unless given.
    #[arg(long, env = "WORKERS")]
    pub workers: Option<NonZeroUsize>,

    /// How long the gateway goes on taking spectators after SIGTERM, in seconds, while `/ready` answers 503: until
    /// the load balancer has seen that.
    #[arg(long, env = "DRAIN_DELAY_SECONDS", default_value_t = 3)]
    pub drain_delay_seconds: u64,

    /// How long spectators are sent away after that, in seconds, spread evenly.
    #[arg(long, env = "DRAIN_SECONDS", default_value_t = 10)]
    pub drain_seconds: u64,

    /// How long a room without spectators is kept, in seconds: a page reload then costs nothing.
    #[arg(long, env = "ROOM_LINGER_SECONDS", default_value_t = 30)]
    pub room_linger_seconds: u64,

    /// Messages that may wait for one slow spectator.
    #[arg(long, env = "BACKLOG_MESSAGES", default_value_t = 256)]
    pub backlog_messages: usize,

    /// Bytes that may wait for one slow spectator.
    #[arg(long, env = "BACKLOG_BYTES", default_value_t = 512 << 10)]
    pub backlog_bytes: usize,

    /// How often each spectator is pinged, in seconds.
    #[arg(long, env = "PING_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    pub ping_seconds: u64,

    /// How long a ping may stay unanswered, in seconds.
    #[arg(long, env = "PONG_SECONDS", default_value_t = 10)]
    pub pong_seconds: u64,

    /// How long a spectator may take nothing of what waits for it, in seconds.
    #[arg(long, env = "STALL_SECONDS", default_value_t = 60)]
    pub stall_seconds: u64,

    /// Whether a message is sent to hundreds of spectators with one system call (io_uring, where kernel and
    /// container allow it), or to each with one of its own.
    #[arg(long, env = "BATCHED_SENDS", default_value_t = true, action = ArgAction::Set)]
    pub batched_sends: bool,
}

/// What a room needs of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct RoomConfig {
    /// Spectators of the event on all gateways.
    pub seats_max: usize,
    /// What bounds history and messages.
    pub limits: Limits,
    /// How long the room stays open after the end.
    pub grace: Duration,
    /// How long it stays without spectators.
    pub linger: Duration,
    /// How long the gateway's claim to its seats lives without being renewed.
    pub lease: Duration,
    /// Whether rooms that hear nothing check their position; only tests do without.
    pub position_checks: bool,
}

/// Dead gateways give their seats back within this time; the promise to users is 15 s.
const LEASE: Duration = Duration::from_secs(12);
const LEASE_WITHOUT_END: Duration = Duration::from_secs(24 * 60 * 60);

impl Config {
    /// What shards need of it.
    pub fn shard(&self) -> ShardConfig {
        ShardConfig {
            outbox: self.outbox_limits(),
            arrive_within: self.common.read_timeout(),
            ping_every: Duration::from_secs(self.ping_seconds),
            pong_within: Duration::from_secs(self.pong_seconds),
            stall_max: Duration::from_secs(self.stall_seconds),
            batched_sends: self.batched_sends,
        }
    }

    /// What may wait for one slow spectator.
    fn outbox_limits(&self) -> OutboxLimits {
        if self.common.without.has(Mechanism::BoundedBacklog) {
            return OutboxLimits {
                messages: usize::MAX,
                bytes: usize::MAX,
            };
        }
        OutboxLimits {
            messages: self.backlog_messages,
            bytes: self.backlog_bytes,
        }
    }

    /// What rooms need of it.
    pub fn room(&self) -> RoomConfig {
        RoomConfig {
            seats_max: self.max_connections_per_event,
            limits: self.history.limits(&self.common.without),
            grace: Duration::from_secs(self.common.official_grace_seconds),
            linger: Duration::from_secs(self.room_linger_seconds),
            lease: if self.common.without.has(Mechanism::Leases) {
                LEASE_WITHOUT_END
            } else {
                LEASE
            },
            position_checks: !self.common.without.has(Mechanism::PositionChecks),
        }
    }
}
