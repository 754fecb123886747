//! The systems that are compared, each with a server on a core of its own.

use std::process::Command;

use serde_json::Value;

use super::EVENT;
use crate::{
    RedisServer, User,
    process::{Process, binary},
    ready,
    servers::own_address,
    until,
};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A bare loop of writes.
    Floor,
    /// The same, which joins messages when it is late.
    FloorJoined,
    /// axum's WebSockets with a broadcast channel and a read buffer of 4 KiB.
    Plain,
    /// Our gateway, with an ingest process and Redis behind it.
    Gateway,
}

impl Kind {
    /// How it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::FloorJoined => "floor, joined",
            Self::Plain => "plain axum",
            Self::Gateway => "gateway",
        }
    }
}

/// A steady stream.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    /// Messages a second.
    pub rate: u32,
    /// Bytes of each, about.
    pub bytes: usize,
}

/// A system that sends.
pub struct System {
    /// The process under test.
    pub server: Process,
    address: String,
    /// What else belongs to it; ended after it.
    _others: Vec<Process>,
    _redis: Option<RedisServer>,
}

/// Starts a program on a core, by number.
fn on_core(core: usize, name: &str, args: &[String], redis_url: &str) -> Process {
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string()]).arg(binary(name));
    start(name, command, args, redis_url)
}

/// Starts a program on whichever core is free.
pub fn anywhere(name: &str, args: &[String], redis_url: &str) -> Process {
    start(name, Command::new(binary(name)), args, redis_url)
}

fn start(name: &str, mut command: Command, args: &[String], redis_url: &str) -> Process {
    command
        .args(args)
        .env("REDIS_URL", redis_url)
        .env("RUST_LOG", "warn");
    Process::start(name, &mut command)
}

/// The core of the server under test.
const SERVER_CORE: usize = 0;
/// The core of everything else.
const LOAD_CORE: usize = 1;

/// Puts this process and all that it starts on the core for load.
///
/// # Panics
///
/// When there is no such core.
pub fn move_to_load_core() {
    let own = std::process::id().to_string();
    let core = LOAD_CORE.to_string();
    let moved = Command::new("taskset")
        .args(["-a", "-cp", &core, &own])
        .output();
    let moved = moved.is_ok_and(|output| output.status.success());
    assert!(moved, "two cores and taskset are needed");
}

impl System {
    /// Starts one, sending.
    pub async fn start(kind: Kind, stream: Stream) -> Self {
        match kind {
            Kind::Gateway => Self::gateway(stream).await,
            Kind::Floor => Self::alone("floor", stream, &[]),
            Kind::FloorJoined => Self::alone("floor", stream, &["--join"]),
            Kind::Plain => Self::alone("plain", stream, &[]),
        }
    }

    fn alone(name: &str, stream: Stream, more: &[&str]) -> Self {
        let address = format!("{}:8080", own_address());
        let mut args = vec![
            format!("--listen={address}"),
            format!("--rate={}", stream.rate),
            format!("--bytes={}", stream.bytes),
        ];
        args.extend(more.iter().map(|flag| (*flag).to_owned()));
        let mut server = on_core(SERVER_CORE, name, &args, "");
        server.wait_for("listening on ");
        Self {
            server,
            address,
            _others: Vec::new(),
            _redis: None,
        }
    }

    async fn gateway(stream: Stream) -> Self {
        let redis = RedisServer::start().await;
        let (ingest, address) = (own_address(), format!("{}:8080", own_address()));
        let args = [format!("--listen={ingest}:8080"), "--dev-mode".to_owned()];
        let ingest_process = on_core(LOAD_CORE, "ingest-svc", &args, &redis.url_of(User::Ingest));
        let args = [
            format!("--listen={address}"),
            "--workers=1".to_owned(),
            "--max-connections-per-event=100000".to_owned(),
        ];
        let server = on_core(
            SERVER_CORE,
            "gateway-svc",
            &args,
            &redis.url_of(User::Gateway),
        );
        ready(&format!("{ingest}:8080")).await;
        ready(&address).await;
        // One push cannot come more often than it is answered; a push of a best-run race is two messages.
        let pairs = stream.rate > 50;
        let mut args = vec![
            format!("--base-url=http://{ingest}:8080"),
            format!("--event-id={EVENT}"),
            format!("--rate={}", stream.rate),
            format!("--bytes={}", stream.bytes),
            "--seconds=600".to_owned(),
        ];
        args.extend(pairs.then(|| "--pairs".to_owned()));
        let source = on_core(LOAD_CORE, "metronome", &args, "");
        let event = format!("http://{address}/api/v1/events/{EVENT}");
        until("the event to be running", || async {
            let event: Value = sim::http::get(&event).await.ok()?.json().await.ok()?;
            (event["event"]["status"] == "running" || event["status"] == "running").then_some(())
        })
        .await;
        Self {
            server,
            address,
            _others: vec![source, ingest_process],
            _redis: Some(redis),
        }
    }

    /// Lets a crowd watch it, and returns the crowd's report.
    ///
    /// # Panics
    ///
    /// When the crowd fails.
    pub fn watched_by(&self, spectators: usize, seconds: u64, more: &[&str]) -> Value {
        crowd(
            &self.address,
            EVENT,
            spectators,
            seconds,
            self.server.id(),
            more,
        )
    }
}

/// Lets a crowd watch, and returns its report.
///
/// # Panics
///
/// When the crowd fails.
pub fn crowd(
    address: &str,
    event_id: &str,
    spectators: usize,
    seconds: u64,
    pid: u32,
    more: &[&str],
) -> Value {
    let output = Command::new(binary("crowd"))
        .args(["--servers", address, "--event-id", event_id, "--json"])
        .args(["--spectators", &spectators.to_string()])
        .args(["--seconds", &seconds.to_string(), "--pid", &pid.to_string()])
        // Fresh ones: ports of the last crowd are not free yet.
        .args(["--sources", &[(); 2].map(|()| own_address()).join(",")])
        .args(more)
        .output()
        .expect("the crowd runs");
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
