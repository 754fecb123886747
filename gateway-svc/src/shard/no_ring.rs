//! Where there is no `io_uring`, each socket is written to by itself.

use std::{io, os::fd::BorrowedFd};

/// Sends in one call.
pub const SENDS_MAX: usize = 1;

/// Bytes for a socket.
#[derive(Debug, Clone, Copy)]
pub struct ToSend<'a> {
    /// The socket.
    pub socket: BorrowedFd<'a>,
    /// What it is to get.
    pub bytes: &'a [u8],
}

/// There is none.
pub enum Ring {}

impl Ring {
    /// Always an error.
    pub fn open() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Never called.
    pub fn send(&mut self, _: &[ToSend<'_>]) -> Vec<Option<io::Result<usize>>> {
        match *self {}
    }

    /// Never called.
    pub fn refused(&self) -> Option<&io::Error> {
        match *self {}
    }
}
