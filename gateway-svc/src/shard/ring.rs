//! Many sends with one system call, by `io_uring`: a fifth of what a broadcast costs is the way into the
//! kernel and back. Where the kernel or the container's seccomp profile refuses it, at the start or at any time later,
//! sockets are written to one by one.

use std::{
    io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd},
        unix::net::UnixStream,
    },
    time::{Duration, Instant},
};

use io_uring::{IoUring, Probe, opcode, types};
use tracing::error;

/// Sends in one call; a power of two. Their sockets are looked at again right after it, while the
/// caches still hold them.
pub const SENDS_MAX: usize = 256;

/// Bytes for a socket.
#[derive(Debug, Clone, Copy)]
pub struct ToSend<'a> {
    /// The socket.
    pub socket: BorrowedFd<'a>,
    /// Fewer than 4 GiB.
    pub bytes: &'a [u8],
}

/// How long the kernel may take to answer what it has taken, once it takes nothing more. Sends that do not wait are
/// answered as they are taken.
const LAST_ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// A ring of our own, empty between calls.
pub struct Ring {
    ring: IoUring,
    refused: Option<io::Error>,
}

impl Ring {
    /// A ring, where this process may have one and it has sent something.
    pub fn open() -> io::Result<Self> {
        let entries = u32::try_from(SENDS_MAX).unwrap_or(u32::MAX);
        let ring = IoUring::new(entries)?;
        let mut probe = Probe::new();
        ring.submitter().register_probe(&mut probe)?;
        if !probe.is_supported(opcode::Send::CODE) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let mut ring = Self {
            ring,
            refused: None,
        };
        // A profile may allow making a ring and refuse using it.
        let (here, _there) = UnixStream::pair()?;
        let (socket, bytes) = (here.as_fd(), &b"?"[..]);
        match ring.send(&[ToSend { socket, bytes }]).pop().flatten() {
            Some(sent) => sent.map(|_| ring),
            None => Err(ring.refused.unwrap_or(io::ErrorKind::Unsupported.into())),
        }
    }

    /// Why the kernel takes nothing more from this ring, once it does not: it is of no use then.
    pub fn refused(&self) -> Option<&io::Error> {
        self.refused.as_ref()
    }

    /// Sends what each socket takes at once, and returns how many bytes that were, in the same order; at most
    /// [`SENDS_MAX`]. `None` where the kernel did not take the
    /// send: nothing was sent.
    ///
    /// # Panics
    ///
    /// With more than that.
    #[expect(
        unsafe_code,
        reason = "the kernel reads the bytes, which outlive this call"
    )]
    pub fn send(&mut self, sends: &[ToSend<'_>]) -> Vec<Option<io::Result<usize>>> {
        assert!(sends.len() <= SENDS_MAX, "more sends than fit");
        let mut queue = self.ring.submission();
        for (index, send) in sends.iter().enumerate() {
            let socket = types::Fd(send.socket.as_raw_fd());
            let bytes = u32::try_from(send.bytes.len()).unwrap_or(u32::MAX);
            let entry = opcode::Send::new(socket, send.bytes.as_ptr(), bytes)
                // Without the first one the ring would wait for the socket to take everything.
                .flags(libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
                .build()
                .user_data(index as u64);
            // SAFETY: socket and bytes are borrowed until `send` returns, and it returns when the kernel
            // has answered for every entry that it took.
            let pushed = unsafe { queue.push(&entry) };
            pushed.expect("the queue is as long as the most sends, and empty between calls");
        }
        drop(queue);
        self.answers(sends.len())
    }

    /// Waits for so many answers. The kernel may still read what it has taken, so there is no way out before.
    fn answers(&mut self, count: usize) -> Vec<Option<io::Result<usize>>> {
        let mut answers = Vec::new();
        answers.resize_with(count, || None);
        let mut missing = count;
        while missing > 0 {
            match self.ring.submit_and_wait(missing) {
                Err(error) if !is_passing(&error) => {
                    // It is not submitted later either: the ring goes with what is still in it.
                    missing -= self.ring.submission().len();
                    self.refused = Some(error);
                    missing -= self.take_answers(&mut answers);
                    self.take_last_answers(&mut answers, missing);
                    return answers;
                }
                _ => missing -= self.take_answers(&mut answers),
            }
        }
        answers
    }

    /// Takes the answers that are there; how many.
    fn take_answers(&mut self, answers: &mut [Option<io::Result<usize>>]) -> usize {
        let mut taken = 0;
        for answer in self.ring.completion() {
            let index = usize::try_from(answer.user_data()).unwrap_or(usize::MAX);
            if let Some(place) = answers.get_mut(index) {
                let sent = usize::try_from(answer.result());
                *place = Some(sent.map_err(|_| io::Error::from_raw_os_error(-answer.result())));
                taken += 1;
            }
        }
        taken
    }

    /// Looks for the rest of the answers without a system call of the ring's.
    fn take_last_answers(&mut self, answers: &mut [Option<io::Result<usize>>], mut missing: usize) {
        let began = Instant::now();
        while missing > 0 {
            if began.elapsed() > LAST_ANSWERS_WITHIN {
                error!(missing, "io_uring keeps sends without an answer");
                // The kernel may read their bytes at any time, so they can't be given back.
                std::process::abort();
            }
            std::thread::yield_now();
            missing -= self.take_answers(answers);
        }
    }
}

/// Whether another try may succeed.
fn is_passing(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    matches!(code, Some(libc::EINTR | libc::EAGAIN | libc::EBUSY))
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Read, Write},
        os::{fd::AsFd, unix::net::UnixStream},
    };

    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

    use super::{Ring, SENDS_MAX, ToSend};

    #[test]
    fn every_socket_answers_for_itself() {
        // A machine that refuses rings has plain writes, which other tests look at.
        let Ok(mut ring) = Ring::open() else {
            return;
        };
        let (open, mut other_end) = UnixStream::pair().expect("sockets");
        let (full, _kept) = UnixStream::pair().expect("sockets");
        full.set_nonblocking(true).expect("it is a socket");
        while (&full).write(&[0; 4096]).is_ok() {}
        let (broken, gone) = UnixStream::pair().expect("sockets");
        drop(gone);
        let send = |socket| ToSend {
            socket,
            bytes: b"boats",
        };
        for _ in 0..3 {
            let sends = [open.as_fd(), full.as_fd(), broken.as_fd()].map(send);
            let answers = ring.send(&sends);
            let kinds = answers.map_kinds();
            assert_eq!(
                kinds,
                [
                    Ok(5),
                    Err(io::ErrorKind::WouldBlock),
                    Err(io::ErrorKind::BrokenPipe)
                ]
            );
            let mut read = [0; 5];
            other_end.read_exact(&mut read).expect("what was sent");
            assert_eq!(&read, b"boats");
        }
    }

    #[test]
    fn as_many_as_fit_are_answered_in_order() {
        let Ok(mut ring) = Ring::open() else {
            return;
        };
        let pairs: Vec<_> = (0..SENDS_MAX)
            .map(|_| UnixStream::pair().expect("sockets"))
            .collect();
        let bytes = [7; SENDS_MAX];
        let sends = pairs.iter().enumerate().map(|(index, (ours, _))| ToSend {
            socket: ours.as_fd(),
            bytes: &bytes[..=index],
        });
        let answers = ring.send(&sends.collect::<Vec<_>>());
        let expected: Vec<_> = (1..=SENDS_MAX).map(Ok).collect();
        assert_eq!(answers.map_kinds(), expected);
    }

    /// From now on this thread's rings take nothing.
    fn refuse_rings() {
        let arch = std::env::consts::ARCH
            .try_into()
            .expect("a known processor");
        let rules = [(libc::SYS_io_uring_enter, Vec::new())].into();
        let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch);
        let program: BpfProgram = filter.and_then(TryInto::try_into).expect("a filter");
        seccompiler::apply_filter(&program).expect("it is applied");
    }

    #[test]
    fn a_ring_that_is_refused_later_sends_nothing_and_says_so() {
        // On a thread of its own, which takes the refusal with it.
        std::thread::spawn(refused_later).join().expect("no panic");
    }

    fn refused_later() {
        let Ok(mut ring) = Ring::open() else {
            return;
        };
        let (ours, mut theirs) = UnixStream::pair().expect("sockets");
        let sends = [ToSend {
            socket: ours.as_fd(),
            bytes: b"boats",
        }; 2];
        assert!(ring.send(&sends).iter().all(Option::is_some));
        assert!(ring.refused().is_none());
        refuse_rings();
        assert!(ring.send(&sends).iter().all(Option::is_none));
        assert!(ring.refused().is_some());
        drop(ring);
        assert!(Ring::open().is_err());
        drop(ours);
        let mut received = Vec::new();
        theirs.read_to_end(&mut received).expect("what was sent");
        assert_eq!(received, b"boatsboats");
    }

    trait Kinds {
        fn map_kinds(self) -> Vec<Result<usize, io::ErrorKind>>;
    }

    impl Kinds for Vec<Option<io::Result<usize>>> {
        fn map_kinds(self) -> Vec<Result<usize, io::ErrorKind>> {
            let kinds = self.into_iter();
            kinds
                .map(|answer| answer.expect("it was sent").map_err(|error| error.kind()))
                .collect()
        }
    }
}
