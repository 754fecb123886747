//! What waits for a spectator whose socket is full: shared frames, bounded in number and bytes.
//!
//! Over the bound everything that waits is dropped and one `refresh` takes its place, sent when the
//! socket takes something again; what is broadcast until then is covered by it.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    time::{Duration, Instant},
};

use bytes::Bytes;
use common::protocol::Seq;

/// Frames in one write.
const JOINED_MAX: usize = 64;

/// What may wait for one spectator.
#[derive(Debug, Clone, Copy)]
pub struct OutboxLimits {
    /// Frames.
    pub messages: usize,
    /// Bytes.
    pub bytes: usize,
}

/// Frames in order, the first of them perhaps half-way out.
#[derive(Debug)]
pub struct Outbox {
    limits: OutboxLimits,
    waiting: VecDeque<Bytes>,
    waiting_bytes: usize,
    /// Bytes of the first frame that are out already; a frame is never left half-way.
    first_written: usize,
    /// Frames at the front that are never dropped: what a connection starts with.
    needed: usize,
    /// Set while the spectator must re-read: up to where that settles everything.
    missed_to: Option<Seq>,
    /// When the socket last took something.
    progress: Instant,
}

impl Outbox {
    /// Empty.
    pub fn new(limits: OutboxLimits, now: Instant) -> Self {
        Self {
            limits,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            first_written: 0,
            needed: 0,
            missed_to: None,
            progress: now,
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.missed_to.is_none()
    }

    /// Whether the spectator is to be told to re-read.
    pub fn has_dropped(&self) -> bool {
        self.missed_to.is_some()
    }

    /// For how long the socket has taken nothing.
    pub fn stalled_for(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.progress)
    }

    /// Adds a frame whatever the bounds: the start of a connection, or the rest of a frame of which
    /// `written` bytes are out already.
    pub fn start_with(&mut self, frame: Bytes, written: usize) {
        if frame.is_empty() {
            return;
        }
        self.first_written += written;
        self.needed += 1;
        self.enqueue(frame);
    }

    /// Adds a frame of the room's stream, which stands at `seq` after it. False when the backlog was
    /// full and has been dropped.
    pub fn push(&mut self, frame: Bytes, seq: Seq) -> bool {
        if let Some(missed_to) = &mut self.missed_to {
            *missed_to = seq;
            return true;
        }
        if self.is_full(&frame) {
            self.drop_backlog();
            self.missed_to = Some(seq);
            return false;
        }
        self.enqueue(frame);
        true
    }

    /// Adds a control frame. It is left out when the backlog is full: a spectator who takes nothing needs
    /// no answers.
    pub fn push_control(&mut self, frame: Bytes) {
        if !self.is_full(&frame) {
            self.enqueue(frame);
        }
    }

    /// Adds the last frame of all. Everything that waits is replaced by it, but for a frame that is
    /// half-way out.
    pub fn finish_with(&mut self, last: Bytes) {
        self.drop_backlog();
        self.missed_to = None;
        self.enqueue(last);
    }

    /// Writes until the socket is full or nothing waits any more.
    pub fn flush(
        &mut self,
        refresh: impl Fn(Seq) -> Bytes,
        now: Instant,
        write: &mut dyn FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<()> {
        loop {
            if self.waiting.is_empty() {
                match self.missed_to.take() {
                    Some(seq) => self.enqueue(refresh(seq)),
                    None => return Ok(()),
                }
            }
            let mut slices: [_; JOINED_MAX] = std::array::from_fn(|_| IoSlice::new(&[]));
            let mut skipped = self.first_written;
            for (slice, frame) in slices.iter_mut().zip(&self.waiting) {
                *slice = IoSlice::new(&frame[skipped..]);
                skipped = 0;
            }
            let count = self.waiting.len().min(JOINED_MAX);
            match write(&slices[..count]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.written(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            self.progress = now;
        }
    }

    fn written(&mut self, bytes: usize) {
        self.first_written += bytes;
        while let Some(first) = self.waiting.front()
            && self.first_written >= first.len()
        {
            self.first_written -= first.len();
            self.waiting_bytes -= first.len();
            self.needed = self.needed.saturating_sub(1);
            self.waiting.pop_front();
        }
    }

    fn is_full(&self, frame: &Bytes) -> bool {
        self.waiting.len() >= self.limits.messages
            || self.waiting_bytes + frame.len() > self.limits.bytes
    }

    fn enqueue(&mut self, frame: Bytes) {
        self.waiting_bytes += frame.len();
        self.waiting.push_back(frame);
    }

    fn drop_backlog(&mut self) {
        let keep = self.needed.max(usize::from(self.first_written > 0));
        self.waiting.truncate(keep);
        self.waiting.shrink_to_fit();
        self.waiting_bytes = self.waiting.iter().map(Bytes::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use std::{io, time::Instant};

    use super::{Bytes, Outbox, OutboxLimits};

    /// A socket with room for that many bytes.
    fn socket(
        out: &mut Vec<u8>,
        mut room: usize,
    ) -> impl FnMut(&[io::IoSlice<'_>]) -> io::Result<usize> + '_ {
        move |slices| {
            let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
            let taken = bytes.len().min(room);
            if taken == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            room -= taken;
            out.extend(&bytes[..taken]);
            Ok(taken)
        }
    }

    fn message(number: u64) -> Bytes {
        format!("message {number};").into()
    }

    fn refresh(seq: u64) -> Bytes {
        format!("refresh {seq};").into()
    }

    fn outbox(messages: usize) -> Outbox {
        let limits = OutboxLimits {
            messages,
            bytes: 1000,
        };
        Outbox::new(limits, Instant::now())
    }

    #[test]
    fn over_the_bound_one_refresh_replaces_the_backlog_but_no_frame_is_cut() {
        let mut outbox = outbox(3);
        outbox.start_with(message(1), 5);
        assert!(outbox.push(message(2), 2));
        assert!(outbox.push(message(3), 3));
        assert!(!outbox.push(message(4), 4));
        assert!(outbox.push(message(5), 5));
        let mut out = Vec::new();
        outbox
            .flush(refresh, Instant::now(), &mut socket(&mut out, 100))
            .expect("the socket works");
        assert!(outbox.is_empty());
        assert_eq!(out, b"ge 1;refresh 5;");
    }

    #[test]
    fn what_a_connection_starts_with_is_never_dropped() {
        let mut outbox = outbox(3);
        outbox.start_with(Bytes::new(), 0);
        outbox.start_with(message(0), 0);
        for seq in 1..9 {
            outbox.push(message(seq), seq);
        }
        outbox.finish_with("goodbye".into());
        let mut out = Vec::new();
        outbox
            .flush(refresh, Instant::now(), &mut socket(&mut out, 100))
            .expect("the socket works");
        assert_eq!(out, b"message 0;goodbye");
    }

    #[test]
    fn the_goodbye_replaces_what_waits_but_for_a_frame_that_is_half_way_out() {
        let mut outbox = outbox(9);
        for seq in 1..5 {
            outbox.push(message(seq), seq);
        }
        let mut out = Vec::new();
        let now = Instant::now();
        for _ in 0..2 {
            outbox
                .flush(refresh, now, &mut socket(&mut out, 12))
                .expect("the socket works");
        }
        outbox.finish_with("goodbye".into());
        outbox
            .flush(refresh, now, &mut socket(&mut out, 100))
            .expect("the socket works");
        assert_eq!(out, b"message 1;message 2;message 3;goodbye");
    }
}
