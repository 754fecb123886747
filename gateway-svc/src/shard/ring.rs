//! Many sends with one system call, by `io_uring`: a fifth of what a broadcast costs is the way into the
//! kernel and back. Where the kernel or the container's seccomp profile refuses it, there is no ring.

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd},
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

/// A ring of our own, empty between calls.
pub struct Ring(IoUring);

impl Ring {
    /// A ring, where this process may have one and it can send.
    pub fn open() -> io::Result<Self> {
        let entries = u32::try_from(SENDS_MAX).unwrap_or(u32::MAX);
        let ring = IoUring::new(entries)?;
        let mut probe = Probe::new();
        ring.submitter().register_probe(&mut probe)?;
        if probe.is_supported(opcode::Send::CODE) {
            Ok(Self(ring))
        } else {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    /// Sends what each socket takes at once, and returns how many bytes that were, in the same order; at most
    /// [`SENDS_MAX`].
    ///
    /// # Panics
    ///
    /// With more than that.
    #[expect(
        unsafe_code,
        reason = "the kernel reads the bytes, which outlive this call"
    )]
    pub fn send(&mut self, sends: &[ToSend<'_>]) -> Vec<io::Result<usize>> {
        assert!(sends.len() <= SENDS_MAX, "more sends than fit");
        let mut queue = self.0.submission();
        for (index, send) in sends.iter().enumerate() {
            let socket = types::Fd(send.socket.as_raw_fd());
            let bytes = u32::try_from(send.bytes.len()).unwrap_or(u32::MAX);
            let entry = opcode::Send::new(socket, send.bytes.as_ptr(), bytes)
                // Without the first one the ring would wait for the socket to take everything.
                .flags(libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
                .build()
                .user_data(index as u64);
            // SAFETY: socket and bytes are borrowed until `send` returns, and it returns when the kernel
            // has answered for every entry.
            let pushed = unsafe { queue.push(&entry) };
            pushed.expect("the queue is as long as the most sends, and empty between calls");
        }
        drop(queue);
        self.answers(sends.len())
    }

    /// Waits for so many answers. The kernel may still read what was submitted, so there is no way out before.
    fn answers(&mut self, count: usize) -> Vec<io::Result<usize>> {
        let mut answers: Vec<io::Result<usize>> = Vec::new();
        answers.resize_with(count, || Ok(0));
        let mut missing = count;
        while missing > 0 {
            if let Err(error) = self.0.submit_and_wait(missing)
                && !matches!(
                    error.raw_os_error(),
                    Some(libc::EINTR | libc::EAGAIN | libc::EBUSY)
                )
            {
                error!(%error, "io_uring failed");
                std::process::abort();
            }
            for answer in self.0.completion() {
                let index = usize::try_from(answer.user_data()).unwrap_or(usize::MAX);
                if let Some(place) = answers.get_mut(index) {
                    *place = usize::try_from(answer.result())
                        .map_err(|_| io::Error::from_raw_os_error(-answer.result()));
                    missing -= 1;
                }
            }
        }
        answers
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Read, Write},
        os::{fd::AsFd, unix::net::UnixStream},
    };

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

    trait Kinds {
        fn map_kinds(self) -> Vec<Result<usize, io::ErrorKind>>;
    }

    impl Kinds for Vec<io::Result<usize>> {
        fn map_kinds(self) -> Vec<Result<usize, io::ErrorKind>> {
            let kinds = self.into_iter();
            kinds
                .map(|answer| answer.map_err(|error| error.kind()))
                .collect()
        }
    }
}
