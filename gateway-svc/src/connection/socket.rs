//! A spectator's socket, shared by the room that writes to it and the task that reads from it.

use std::{
    io,
    net::Shutdown,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use common::protocol::Seq;
use socket2::SockRef;
use tokio::{
    io::Interest, net::TcpStream, sync::Notify, task::coop::consume_budget, time::timeout,
};

use super::{
    CloseCode, Frame, OutboxLimits,
    outbox::{Outbox, Pushed},
    reader::{Reader, Received, Violation},
};
use crate::room::message;

/// One read at most, on the stack: an idle spectator holds no buffer.
const READ_BYTES: usize = 4096;
/// How long the closing handshake may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// Messages of a spectator in one second before that second counts against it.
const MESSAGES_PER_SECOND_MAX: u32 = 100;
/// Such seconds in a row before the connection is closed.
const FLOODED_SECONDS_MAX: u32 = 5;

/// A spectator's connection. The room and the connection's own task share it.
pub struct Connection {
    stream: TcpStream,
    outbox: Mutex<Outbox>,
    /// Wakes the task: something waits to be written, or the connection is to end.
    wake: Notify,
    ended: AtomicBool,
    closing: AtomicBool,
    /// Pings sent and not yet answered, in ms since `opened`; 0 is none.
    unanswered_ping_ms: AtomicU64,
    opened: Instant,
}

impl Connection {
    /// Takes over an upgraded socket.
    pub fn new(stream: TcpStream, limits: OutboxLimits) -> Self {
        Self {
            stream,
            outbox: Mutex::new(Outbox::new(limits)),
            wake: Notify::new(),
            ended: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            unanswered_ping_ms: AtomicU64::new(0),
            opened: Instant::now(),
        }
    }

    /// Whether the connection takes part in the room no more.
    pub fn is_over(&self) -> bool {
        self.ended.load(Ordering::Relaxed) || self.closing.load(Ordering::Relaxed)
    }

    /// Hands over a frame of the room's stream, which stands at `seq` after it. Never waits.
    pub fn send(&self, frame: &Frame, seq: Seq) -> Pushed {
        let mut outbox = self.outbox();
        self.settle(outbox.push(frame, seq, &mut |bytes| self.stream.try_write(bytes)))
    }

    /// Sends a ping that must be answered. Where something waits the ping would only wait behind it,
    /// and the bound on stalling finds the dead.
    pub fn ping(&self, ping: &Frame) {
        let mut outbox = self.outbox();
        if !outbox.is_empty() || self.unanswered_ping_ms.load(Ordering::Relaxed) != 0 {
            return;
        }
        let pushed = outbox.push_control(ping, &mut |bytes| self.stream.try_write(bytes));
        if self.settle(pushed) == Pushed::Written {
            // 0 means none, so the first millisecond counts as the second.
            let now_ms = self.elapsed_ms().max(1);
            self.unanswered_ping_ms.store(now_ms, Ordering::Relaxed);
        }
    }

    /// How long a ping has been unanswered.
    pub fn silent_for(&self) -> Duration {
        match self.unanswered_ping_ms.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            sent_ms => Duration::from_millis(self.elapsed_ms().saturating_sub(sent_ms)),
        }
    }

    /// How long the spectator has taken nothing of what waits for it.
    pub fn stalled_for(&self) -> Duration {
        let since = self.outbox().stalled_since();
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Says goodbye, and drops what else waits. Never waits.
    pub fn close(&self, code: CloseCode, reason: &str) {
        if self.closing.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut outbox = self.outbox();
        // What was broadcast before must not be lost to the goodbye where the socket can take it.
        let flushed = self.flush_outbox(&mut outbox).map(|()| Pushed::Written);
        self.settle(flushed);
        let close = Frame::close(code, reason);
        self.settle(outbox.finish_with(&close, &mut |bytes| self.stream.try_write(bytes)));
        self.wake.notify_one();
    }

    /// Ends the connection without a goodbye.
    pub fn abort(&self) {
        self.ended.store(true, Ordering::Relaxed);
        // The other end learns it now, not when the last holder of the socket lets go of it.
        let _ = SockRef::from(&self.stream).shutdown(Shutdown::Both);
        self.wake.notify_one();
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn send_control(&self, frame: &Frame) {
        let mut outbox = self.outbox();
        self.settle(outbox.push_control(frame, &mut |bytes| self.stream.try_write(bytes)));
    }

    /// A failed write ends the connection; a waiting one wakes the task that will go on with it.
    fn settle(&self, pushed: io::Result<Pushed>) -> Pushed {
        match pushed {
            Ok(Pushed::Written) => Pushed::Written,
            Ok(other) => {
                self.wake.notify_one();
                other
            }
            Err(_) => {
                self.abort();
                Pushed::Dropped
            }
        }
    }

    fn flush_outbox(&self, outbox: &mut Outbox) -> io::Result<()> {
        outbox.flush(message::refresh, &mut |bytes| self.stream.try_write(bytes))
    }
}

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

/// Reads and, where the room could not, writes until the connection is over.
pub async fn serve(connection: &Arc<Connection>, already_read: &[u8]) -> Ended {
    let mut receiver = Receiver::default();
    if let Some(ended) = receiver.receive(connection, already_read) {
        return ended;
    }
    loop {
        if connection.ended.load(Ordering::Relaxed) {
            return Ended::Dead;
        }
        if connection.closing.load(Ordering::Relaxed) {
            say_goodbye(connection).await;
            return Ended::Closed;
        }
        let waiting = !connection.outbox().is_empty();
        let interest = if waiting {
            Interest::READABLE | Interest::WRITABLE
        } else {
            Interest::READABLE
        };
        let ready = tokio::select! {
            ready = connection.stream.ready(interest) => ready,
            () = connection.wake.notified() => continue,
        };
        let Ok(ready) = ready else { return Ended::Left };
        if ready.is_writable() && connection.flush_outbox(&mut connection.outbox()).is_err() {
            return Ended::Left;
        }
        if ready.is_readable()
            && let Some(ended) = receiver.read(connection)
        {
            if ended == Ended::Violation {
                say_goodbye(connection).await;
            }
            return ended;
        }
    }
}

/// Sends what the goodbye waits behind, then gives the spectator a moment to answer it.
async fn say_goodbye(connection: &Connection) {
    let handshake = async {
        let mut half_closed = false;
        loop {
            let waiting = !connection.outbox().is_empty();
            let interest = if waiting || !half_closed {
                Interest::WRITABLE
            } else {
                Interest::READABLE
            };
            connection.stream.ready(interest).await?;
            if waiting {
                connection.flush_outbox(&mut connection.outbox())?;
                continue;
            }
            if !half_closed {
                // Clients answer the goodbye and then wait for the server to end the connection.
                SockRef::from(&connection.stream).shutdown(Shutdown::Write)?;
                half_closed = true;
                continue;
            }
            consume_budget().await;
            let mut buffer = [0; READ_BYTES];
            match connection.stream.try_read(&mut buffer) {
                Ok(0) => return Ok::<(), io::Error>(()),
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ if connection.ended.load(Ordering::Relaxed) => return Ok(()),
                _ => {}
            }
        }
    };
    // However it went, the socket is dropped now.
    let _ = timeout(CLOSE_WITHIN, handshake).await;
}

/// The reading half of a connection.
#[derive(Default)]
struct Receiver {
    reader: Reader,
    flood: Flood,
}

impl Receiver {
    /// Reads once; `Some` when the connection is over.
    fn read(&mut self, connection: &Connection) -> Option<Ended> {
        let mut buffer = [0; READ_BYTES];
        match connection.stream.try_read(&mut buffer) {
            Ok(0) => Some(Ended::Left),
            Ok(count) => self.receive(connection, &buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(_) => Some(Ended::Left),
        }
    }

    fn receive(&mut self, connection: &Connection, bytes: &[u8]) -> Option<Ended> {
        let mut closed = false;
        let mut flooded = false;
        let flood = &mut self.flood;
        let read = self.reader.read(bytes, &mut |received| match received {
            Received::Message | Received::Fragment => flooded |= flood.count(),
            Received::Ping(payload) => {
                flooded |= flood.count();
                connection.send_control(&Frame::pong(&payload));
            }
            Received::Pong => {
                flooded |= flood.count();
                connection.unanswered_ping_ms.store(0, Ordering::Relaxed);
            }
            Received::Close => closed = true,
        });
        let violation = match read {
            Err(violation) => Some(violation),
            Ok(()) => flooded.then_some(Violation {
                code: CloseCode::Policy,
                reason: "too many messages",
            }),
        };
        if let Some(violation) = violation {
            connection.close(violation.code, violation.reason);
            return Some(Ended::Violation);
        }
        if closed {
            connection.close(CloseCode::Normal, "");
            return Some(Ended::Left);
        }
        None
    }
}

/// Counts a spectator's messages by the second.
struct Flood {
    second_started: Instant,
    messages: u32,
    flooded_seconds: u32,
}

impl Default for Flood {
    fn default() -> Self {
        Self {
            second_started: Instant::now(),
            messages: 0,
            flooded_seconds: 0,
        }
    }
}

impl Flood {
    /// Counts a message; true when it is one too many.
    fn count(&mut self) -> bool {
        let elapsed = self.second_started.elapsed();
        if elapsed >= Duration::from_secs(1) {
            let over = self.messages > MESSAGES_PER_SECOND_MAX && elapsed < Duration::from_secs(2);
            self.flooded_seconds = if over { self.flooded_seconds + 1 } else { 0 };
            self.second_started = Instant::now();
            self.messages = 0;
        }
        self.messages += 1;
        self.flooded_seconds >= FLOODED_SECONDS_MAX
    }
}
