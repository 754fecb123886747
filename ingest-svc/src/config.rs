//! The service's flags.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Parser;
use common::{
    config::{CommonConfig, HistoryConfig, SecretError, read_secret},
    healthcheck,
    http::body::BodyLimit,
};
use tracing::warn;

use crate::auth::Credentials;

/// Eddyline's ingest and admin service: takes pushes from the timing booth, stores them in Redis
/// and tells the gateways.
#[derive(Debug, Clone, Parser)]
#[command(version)]
pub struct Config {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<healthcheck::Command>,

    /// What both services share.
    #[command(flatten)]
    pub common: CommonConfig,

    /// The same as on gateways.
    #[command(flatten)]
    pub history: HistoryConfig,

    /// Address to listen on for requests.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8081")]
    pub listen: SocketAddr,

    /// Passwords for the admin API, split by commas; any of them opens it.
    #[arg(
        long,
        env = "MASTER_PASSWORDS",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub master_passwords: String,

    /// File with the admin passwords, split by commas or lines; wins over --master-passwords.
    #[arg(long, env = "MASTER_PASSWORDS_FILE")]
    pub master_passwords_file: Option<PathBuf>,

    /// Secret that the events' API keys are derived from: at least 16 characters, the same on all
    /// ingest processes. Whoever has it can make every key; changing it changes every key.
    #[arg(long, env = "KEY_SECRET", hide_env_values = true)]
    pub key_secret: Option<String>,

    /// File with the key secret; wins over --key-secret.
    #[arg(long, env = "KEY_SECRET_FILE")]
    pub key_secret_file: Option<PathBuf>,

    /// Development mode: the admin API is open when there are no passwords, and the key secret is
    /// made up and kept in Redis when there is none. Never use it where others can connect.
    #[arg(long, env = "DEV_MODE", default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub dev_mode: bool,

    /// How long to go on serving after SIGTERM, in seconds, while `/ready` answers 503: until the load balancer has
    /// seen that.
    #[arg(long, env = "DRAIN_SECONDS", default_value_t = 3)]
    pub drain_seconds: u64,

    /// How long a request may take from its body's end to its commit, in seconds. Later it is
    /// certain never to be applied.
    #[arg(long, env = "REQUEST_TIMEOUT_SECONDS", default_value_t = 10)]
    pub request_timeout_seconds: u64,

    /// Bytes of XML taken in one import, counted as UTF-8.
    #[arg(long, env = "XML_BYTES_MAX", default_value_t = 10 << 20)]
    pub xml_bytes_max: usize,

    /// Imports at once; others wait.
    #[arg(long, env = "XML_IMPORTS_MAX", default_value_t = 4)]
    pub xml_imports_max: usize,

    /// Bytes of any other body.
    #[arg(long, env = "JSON_BYTES_MAX", default_value_t = 2 << 20)]
    pub json_bytes_max: usize,

    /// Failed authentications a minute from one client address before it is refused unheard.
    #[arg(long, env = "AUTH_FAILURES_PER_MINUTE", default_value_t = 300)]
    pub auth_failures_per_minute: u32,

    /// Take the client's address from X-Forwarded-For. Only where nobody but the own load balancer
    /// can connect.
    #[arg(long, env = "TRUST_FORWARDED", default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub trust_forwarded: bool,
}

/// Why the service must not start as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Nobody set a password.
    #[error(
        "no admin password: set MASTER_PASSWORDS or MASTER_PASSWORDS_FILE, or --dev-mode for an open admin API on a machine of your own"
    )]
    NoMasterPassword,
    /// Nobody set a secret.
    #[error(
        "no key secret: set KEY_SECRET or KEY_SECRET_FILE to at least 16 random characters, or --dev-mode to have one made up"
    )]
    NoKeySecret,
    /// A secret that can be guessed.
    #[error("the key secret is shorter than 16 characters")]
    ShortKeySecret,
    /// A secret file can't be read.
    #[error("{0}")]
    Secret(#[from] SecretError),
}

const KEY_SECRET_CHARS_MIN: usize = 16;
const EVENT_BYTES: usize = 8 << 20;

/// Room for the answer that a request came too late.
const ANSWER_MARGIN: Duration = Duration::from_millis(500);

impl Config {
    /// How long a caller waits at most for an answer of any kind.
    pub fn answer_within(&self) -> Duration {
        self.request_timeout() + ANSWER_MARGIN
    }

    /// Who may do what, or why the service must not start.
    pub fn credentials(&self) -> Result<Credentials, ConfigError> {
        let passwords = match &self.master_passwords_file {
            Some(path) => read_secret(path)?,
            None => self.master_passwords.clone(),
        };
        let parts = passwords.split([',', '\n', '\r']).map(str::trim);
        let passwords: Vec<String> = parts.filter(|p| !p.is_empty()).map(str::to_owned).collect();
        if passwords.is_empty() {
            if !self.dev_mode {
                return Err(ConfigError::NoMasterPassword);
            }
            warn!("DEVELOPMENT MODE: the admin API is open to everyone who can connect");
        }
        Ok(Credentials::new(&passwords, self.key_secret()?))
    }

    fn key_secret(&self) -> Result<Option<String>, ConfigError> {
        let secret = match &self.key_secret_file {
            Some(path) => Some(read_secret(path)?),
            None => self.key_secret.clone().filter(|secret| !secret.is_empty()),
        };
        match secret {
            Some(secret) if secret.chars().count() < KEY_SECRET_CHARS_MIN => {
                Err(ConfigError::ShortKeySecret)
            }
            None if !self.dev_mode => Err(ConfigError::NoKeySecret),
            secret => Ok(secret),
        }
    }

    /// The bound of a body that may hold a picture: far over what one may have, so that one too
    /// large is told so by name.
    pub fn event_limit(&self) -> BodyLimit {
        BodyLimit {
            bytes: self.json_bytes_max.max(EVENT_BYTES),
            ..self.json_limit()
        }
    }

    /// The bound of a JSON body.
    pub fn json_limit(&self) -> BodyLimit {
        BodyLimit {
            bytes: self.json_bytes_max,
            time: self.common.read_timeout(),
        }
    }

    /// How long a request may take.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_seconds)
    }
}
