//! Event loops that own the spectators' sockets: one thread for each worker, and in it a dense list of
//! sockets for each room. A message costs one send for each of them, and nothing else: no task wakes up,
//! nothing is copied, and where the kernel allows it (`ring`) hundreds of sends are one system call.
//!
//! A socket arrives here, is looked at, and either becomes a spectator of a room or is handed over to
//! HTTP. What of it a room decides comes as [`Command`]s. Only a socket that does not take everything at
//! once gets a bounded `outbox`.

mod arrivals;
mod command;
mod inside;
mod outbox;
#[cfg_attr(not(target_os = "linux"), path = "no_ring.rs")]
mod ring;
mod section;
mod slots;
mod upkeep;
mod worker;

use std::{
    io,
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use axum::http::Extensions;
use bytes::Bytes;
use mio::{Poll, Waker};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tracing::error;

use crate::metrics::Metrics;
pub use command::{Arrived, Command, Entrant, RoomKey};
pub use outbox::OutboxLimits;
pub use slots::SlotKey;
use worker::Worker;

/// Commands that wait for one shard; whoever has one more waits too.
const COMMANDS_MAX: usize = 16_384;

/// Times and bounds of connections.
#[derive(Debug, Clone, Copy)]
pub struct ShardConfig {
    /// What may wait for one slow spectator.
    pub outbox: OutboxLimits,
    /// How long a connection may take to say what it wants.
    pub arrive_within: Duration,
    /// How often each spectator is pinged.
    pub ping_every: Duration,
    /// How long a ping may stay unanswered.
    pub pong_within: Duration,
    /// How long a spectator may take nothing of what waits for it.
    pub stall_max: Duration,
    /// Whether many sends are made with one system call, where that is allowed.
    pub batched_sends: bool,
}

/// Where connections lead to from a shard.
pub trait Door: Send {
    /// Looks at what a connection sent first. When it asks to watch, the length of its head is returned, and
    /// a [`Command`] for `key` will say what becomes of it.
    fn watch(&self, read: &[u8], shard: &Shard, key: SlotKey) -> Option<usize>;

    /// Takes over a connection that wants something else, or may not watch.
    fn serve(&self, handed: HandedOver);
}

/// A connection that leaves the shard for HTTP.
pub struct HandedOver {
    /// The socket; it does not block.
    pub stream: std::net::TcpStream,
    /// Its other end.
    pub peer: SocketAddr,
    /// What was read of it.
    pub read: Bytes,
    /// What its first request's handler must know.
    pub extensions: Extensions,
    /// Its place among the open sockets.
    pub place: OwnedSemaphorePermit,
}

/// A shard, as all others see it; cheap to clone.
#[derive(Clone)]
pub struct Shard(Arc<Inbox>);

struct Inbox {
    commands: mpsc::Sender<Command>,
    waker: Waker,
    /// Whether the shard will look at its commands anyway.
    woken: AtomicBool,
}

impl Shard {
    /// Hands a command over; waits while too many are on their way.
    pub async fn send(&self, command: Command) {
        // A shard only goes when the process does.
        if self.0.commands.send(command).await.is_ok() {
            self.wake();
        }
    }

    /// Hands a command over without waiting; gives it back when too many are on their way.
    pub fn try_send(&self, command: Command) -> Result<(), Command> {
        match self.0.commands.try_send(command) {
            Ok(()) => self.wake(),
            Err(mpsc::error::TrySendError::Full(command)) => return Err(command),
            Err(mpsc::error::TrySendError::Closed(_)) => {}
        }
        Ok(())
    }

    /// Whether both are the same one.
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn wake(&self) {
        if !self.0.woken.swap(true, Ordering::AcqRel)
            && let Err(error) = self.0.waker.wake()
        {
            error!(%error, "a shard could not be woken");
        }
    }
}

/// All shards of this gateway; cheap to clone.
#[derive(Clone)]
pub struct Shards {
    all: Arc<[Shard]>,
    next: Arc<AtomicUsize>,
}

/// Shards that are made and not yet running.
pub struct Prepared {
    shards: Shards,
    polls: Vec<(Poll, mpsc::Receiver<Command>)>,
}

/// What the first shard listens with.
pub struct Listening {
    /// Listeners on one address; they do not block.
    pub listeners: Vec<std::net::TcpListener>,
    /// Places for open sockets.
    pub places: Arc<Semaphore>,
}

impl Shards {
    /// Makes so many shards.
    pub fn prepare(count: NonZeroUsize) -> io::Result<Prepared> {
        let mut all = Vec::new();
        let mut polls = Vec::new();
        for _ in 0..count.get() {
            let poll = Poll::new()?;
            let (commands, queue) = mpsc::channel(COMMANDS_MAX);
            all.push(Shard(Arc::new(Inbox {
                commands,
                waker: Waker::new(poll.registry(), worker::WAKE)?,
                woken: AtomicBool::new(false),
            })));
            polls.push((poll, queue));
        }
        let shards = Self {
            all: all.into(),
            next: Arc::default(),
        };
        Ok(Prepared { shards, polls })
    }

    /// One after the other.
    pub fn next(&self) -> &Shard {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        &self.all[next % self.all.len()]
    }

    /// All of them.
    pub fn all(&self) -> &[Shard] {
        &self.all
    }
}

impl Prepared {
    /// How the others reach them.
    pub fn shards(&self) -> &Shards {
        &self.shards
    }

    /// Starts a thread for each. The first one accepts, and spreads over all.
    pub fn start(
        self,
        listening: Listening,
        door: impl Fn() -> Box<dyn Door>,
        config: ShardConfig,
        metrics: &Metrics,
    ) -> io::Result<Running> {
        let mut threads = Vec::new();
        let mut listening = Some(listening);
        for (index, (poll, queue)) in self.polls.into_iter().enumerate() {
            let shards = (self.shards.clone(), index);
            let worker = Worker::new((poll, queue), shards, door(), config, metrics.clone());
            let worker = worker.listening(listening.take())?;
            let thread = std::thread::Builder::new().name(format!("shard-{index}"));
            threads.push(thread.spawn(move || run(worker))?);
        }
        Ok(Running {
            shards: self.shards,
            threads,
        })
    }
}

/// A gateway that has lost a shard looks alive to everybody but a part of its spectators: better it ends
/// and is started again.
fn run(worker: Worker) {
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| worker.run()));
    match ran {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            error!(%error, "a shard failed");
            std::process::abort();
        }
        Err(_) => {
            error!("a shard panicked");
            std::process::abort();
        }
    }
}

/// Shards at work.
pub struct Running {
    shards: Shards,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    /// Ends all shards, and drops what connections they still have.
    pub async fn stop(self) {
        for shard in self.shards.all() {
            shard.send(Command::Stop).await;
        }
        let threads = self.threads;
        let joined = tokio::task::spawn_blocking(move || {
            threads.into_iter().all(|thread| thread.join().is_ok())
        });
        if !joined.await.unwrap_or(false) {
            error!("a shard ended badly");
        }
    }
}
