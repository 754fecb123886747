//! What waits for a spectator whose socket is full: shared frames, bounded in number and bytes.
//!
//! Over the bound everything that waits is dropped and one `refresh` takes its place, sent when the
//! socket takes something again; what is broadcast until then is covered by it.

use std::{collections::VecDeque, io, time::Instant};

use common::protocol::Seq;

use super::Frame;

/// What may wait for one spectator.
#[derive(Debug, Clone, Copy)]
pub struct OutboxLimits {
    /// Frames.
    pub messages: usize,
    /// Bytes.
    pub bytes: usize,
}

/// The result of handing a frame over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It is on its way, all of it.
    Written,
    /// It waits, wholly or in part.
    Waiting,
    /// The backlog was full and has been dropped.
    Dropped,
}

/// Frames in order, the first of them perhaps half-way out.
#[derive(Debug)]
pub struct Outbox {
    limits: OutboxLimits,
    waiting: VecDeque<Frame>,
    waiting_bytes: usize,
    /// Bytes of the first frame that are out already; a frame is never left half-way.
    first_written: usize,
    /// Set while the spectator must re-read: up to where that settles everything.
    missed_to: Option<Seq>,
    /// When the socket last took something, while anything waits.
    progress: Instant,
    /// Whether the goodbye is in here or out: nothing may follow it.
    finished: bool,
}

impl Outbox {
    /// Empty.
    pub fn new(limits: OutboxLimits) -> Self {
        Self {
            limits,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            first_written: 0,
            missed_to: None,
            progress: Instant::now(),
            finished: false,
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.missed_to.is_none()
    }

    /// Since when the socket has taken nothing of what waits.
    pub fn stalled_since(&self) -> Option<Instant> {
        (!self.is_empty()).then_some(self.progress)
    }

    /// Hands over a frame of the room's stream. `seq` is the room's position after it.
    pub fn push(
        &mut self,
        frame: &Frame,
        seq: Seq,
        write: &mut dyn FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<Pushed> {
        if self.finished {
            return Ok(Pushed::Written);
        }
        if let Some(missed_to) = &mut self.missed_to {
            *missed_to = seq;
            return Ok(Pushed::Waiting);
        }
        if self.waiting.is_empty() {
            return self.push_first(frame, write);
        }
        let full = self.waiting.len() >= self.limits.messages
            || self.waiting_bytes + frame.bytes().len() > self.limits.bytes;
        if full {
            self.drop_backlog();
            self.missed_to = Some(seq);
            return Ok(Pushed::Dropped);
        }
        self.enqueue(frame.clone());
        Ok(Pushed::Waiting)
    }

    /// Hands over a control frame. It is dropped when the backlog is full: a spectator who takes
    /// nothing needs neither pings nor pongs.
    pub fn push_control(
        &mut self,
        frame: &Frame,
        write: &mut dyn FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<Pushed> {
        if self.finished {
            return Ok(Pushed::Written);
        }
        if self.is_empty() {
            return self.push_first(frame, write);
        }
        if self.waiting.len() >= self.limits.messages {
            return Ok(Pushed::Dropped);
        }
        self.enqueue(frame.clone());
        Ok(Pushed::Waiting)
    }

    /// Sends `last`, after which nothing follows. Everything that waits is replaced by it, but for
    /// a frame that is half-way out.
    pub fn finish_with(
        &mut self,
        last: &Frame,
        write: &mut dyn FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<Pushed> {
        self.finished = true;
        self.drop_backlog();
        self.missed_to = None;
        if self.waiting.is_empty() {
            return self.push_first(last, write);
        }
        self.enqueue(last.clone());
        Ok(Pushed::Waiting)
    }

    /// Writes until the socket is full or nothing waits any more.
    pub fn flush(
        &mut self,
        refresh: impl Fn(Seq) -> Frame,
        write: &mut dyn FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<()> {
        loop {
            let Some(first) = self.waiting.front() else {
                match self.missed_to.take() {
                    Some(seq) => self.enqueue(refresh(seq)),
                    None => return Ok(()),
                }
                continue;
            };
            let bytes = &first.bytes()[self.first_written..];
            let Some(written) = written(write(bytes))? else {
                return Ok(());
            };
            self.progress = Instant::now();
            self.first_written += written;
            if self.first_written == first.bytes().len() {
                self.waiting_bytes -= self.first_written;
                self.first_written = 0;
                self.waiting.pop_front();
            }
        }
    }

    fn push_first(
        &mut self,
        frame: &Frame,
        write: &mut dyn FnMut(&[u8]) -> io::Result<usize>,
    ) -> io::Result<Pushed> {
        let written = written(write(frame.bytes()))?.unwrap_or(0);
        if written == frame.bytes().len() {
            return Ok(Pushed::Written);
        }
        self.progress = Instant::now();
        self.enqueue(frame.clone());
        self.first_written = written;
        Ok(Pushed::Waiting)
    }

    fn enqueue(&mut self, frame: Frame) {
        if self.waiting.is_empty() {
            self.progress = Instant::now();
        }
        self.waiting_bytes += frame.bytes().len();
        self.waiting.push_back(frame);
    }

    fn drop_backlog(&mut self) {
        let keep = usize::from(self.first_written > 0);
        self.waiting.truncate(keep);
        self.waiting.shrink_to_fit();
        self.waiting_bytes = self.waiting.iter().map(|frame| frame.bytes().len()).sum();
    }
}

/// How much was written; `None` when the socket is full.
fn written(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{Frame, Outbox, OutboxLimits, Pushed};

    /// A socket with room for that many bytes.
    fn socket(out: &mut Vec<u8>, mut room: usize) -> impl FnMut(&[u8]) -> io::Result<usize> + '_ {
        move |bytes| {
            let taken = bytes.len().min(room);
            if taken == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            room -= taken;
            out.extend(&bytes[..taken]);
            Ok(taken)
        }
    }

    fn message(number: u64) -> Frame {
        Frame::text(format!("message {number}").as_bytes())
    }

    fn refresh(seq: u64) -> Frame {
        Frame::text(format!("refresh {seq}").as_bytes())
    }

    #[test]
    fn over_the_bound_one_refresh_replaces_the_backlog_but_no_frame_is_cut() {
        let limits = OutboxLimits {
            messages: 3,
            bytes: 1000,
        };
        let mut outbox = Outbox::new(limits);
        let mut out = Vec::new();
        let mut push = |outbox: &mut Outbox, seq, room| {
            outbox
                .push(&message(seq), seq, &mut socket(&mut out, room))
                .expect("the socket works")
        };
        assert_eq!(push(&mut outbox, 1, 100), Pushed::Written);
        assert_eq!(push(&mut outbox, 2, 5), Pushed::Waiting);
        assert_eq!(push(&mut outbox, 3, 0), Pushed::Waiting);
        assert_eq!(push(&mut outbox, 4, 0), Pushed::Waiting);
        assert_eq!(push(&mut outbox, 5, 0), Pushed::Dropped);
        assert_eq!(push(&mut outbox, 6, 0), Pushed::Waiting);
        outbox
            .flush(refresh, &mut socket(&mut out, 100))
            .expect("the socket works");
        assert!(outbox.is_empty());
        let expected = [message(1), message(2), refresh(6)];
        let expected: Vec<u8> = expected.iter().flat_map(|f| f.bytes().to_vec()).collect();
        assert_eq!(out, expected);
    }
}
