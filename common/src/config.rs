//! Flags that both services share. Each can be given as an environment variable instead.

use std::{net::SocketAddr, path::Path, time::Duration};

use clap::Args;

use crate::{
    http::server::ServerLimits,
    store::{Limits, StoreConfig},
    telemetry::LogFormat,
    without::{Mechanism, Without},
};

/// What both services need to know.
#[derive(Debug, Clone, Args)]
pub struct CommonConfig {
    /// Redis to use: redis://user:password@host:6379/0 (rediss: TLS), redis+unix:///socket,
    /// redis+sentinel://user:password@sentinel1,sentinel2/name or redis+cluster://user:password@node1,node2.
    /// A file with the URL can be named in `REDIS_URL_FILE` instead.
    #[arg(
        long,
        env = "REDIS_URL",
        default_value = "redis://127.0.0.1:6379",
        hide_env_values = true
    )]
    pub redis_url: String,

    /// File that holds the Redis URL; wins over --redis-url.
    #[arg(long, env = "REDIS_URL_FILE")]
    pub redis_url_file: Option<std::path::PathBuf>,

    /// Connections to Redis at most, beside one for the feed.
    #[arg(long, env = "REDIS_CONNECTIONS", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    pub redis_connections: u16,

    /// How long to wait for Redis, in ms. Too low fails requests at every hiccup; too high makes
    /// callers hang while Redis is away.
    #[arg(long, env = "REDIS_TIMEOUT_MS", default_value_t = 2000)]
    pub redis_timeout_ms: u64,

    /// Address to listen on for the metrics, kept apart from the public one. Without it there are
    /// none.
    #[arg(long, env = "METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,

    /// How log lines look; RUST_LOG chooses what is logged.
    #[arg(long, env = "LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// How long rooms stay open after `official` or a deletion, in seconds. Gateways keep to it; it
    /// is taken everywhere so that one environment serves all.
    #[arg(long, env = "OFFICIAL_GRACE_SECONDS", default_value_t = 5)]
    pub official_grace_seconds: u64,

    /// Sockets open at once at most, spectators' not counted; further ones wait in the listen queue. Fewer where the
    /// limit of open files is too low.
    #[arg(long, env = "MAX_SOCKETS", default_value_t = 60_000)]
    pub max_sockets: usize,

    /// How long a client may take to send its headers, and then its body, in seconds.
    #[arg(long, env = "READ_TIMEOUT_SECONDS", default_value_t = 10)]
    pub read_timeout_seconds: u64,

    /// How long a client may take nothing of an answer before its connection is ended, in seconds. Spectators'
    /// sockets have bounds of their own.
    #[arg(long, env = "WRITE_TIMEOUT_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    pub write_timeout_seconds: u64,

    /// What tests leave out.
    #[command(flatten)]
    pub without: Without,
}

/// What bounds an event's history and the messages on the bus; the same on all processes.
#[derive(Debug, Clone, Copy, Args)]
pub struct HistoryConfig {
    /// Messages of an event kept for spectators who come back.
    #[arg(long, env = "HISTORY_MESSAGES", default_value_t = Limits::default().history_messages)]
    pub history_messages: usize,

    /// Bytes of an event's messages kept for spectators who come back.
    #[arg(long, env = "HISTORY_BYTES", default_value_t = Limits::default().history_bytes)]
    pub history_bytes: usize,

    /// Larger messages travel by reference instead of being published whole, in bytes.
    #[arg(long, env = "INLINE_BYTES", default_value_t = Limits::default().inline_bytes)]
    pub inline_bytes: usize,
}

impl HistoryConfig {
    /// As the store takes it.
    pub fn limits(&self, without: &Without) -> Limits {
        let keeps_history = !without.has(Mechanism::History);
        Limits {
            history_messages: if keeps_history {
                self.history_messages
            } else {
                0
            },
            history_bytes: self.history_bytes,
            inline_bytes: self.inline_bytes,
            atomic: !without.has(Mechanism::AtomicCommit),
        }
    }
}

impl CommonConfig {
    /// How to reach Redis.
    pub fn store(&self) -> Result<StoreConfig, SecretError> {
        let from_file = self
            .redis_url_file
            .as_deref()
            .map(read_secret)
            .transpose()?;
        Ok(StoreConfig {
            url: from_file.unwrap_or_else(|| self.redis_url.clone()),
            connections_max: self.redis_connections.into(),
            timeout: Duration::from_millis(self.redis_timeout_ms),
            new_epochs: !self.without.has(Mechanism::NewEpoch),
        })
    }

    /// How long a client may take to send something.
    pub fn read_timeout(&self) -> Duration {
        Duration::from_secs(self.read_timeout_seconds)
    }

    /// What bounds the connections of a server.
    pub fn server_limits(&self) -> ServerLimits {
        ServerLimits {
            sockets: self.max_sockets,
            header_time: self.read_timeout(),
            write_time: Duration::from_secs(self.write_timeout_seconds),
        }
    }
}

/// Why a secret can't be read from its file.
#[derive(Debug, thiserror::Error)]
#[error("can't read the secret in {path}: {source}")]
pub struct SecretError {
    path: String,
    source: std::io::Error,
}

/// The content of a secret file without its line end.
pub fn read_secret(path: &Path) -> Result<String, SecretError> {
    let text = std::fs::read_to_string(path).map_err(|source| SecretError {
        path: path.display().to_string(),
        source,
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
