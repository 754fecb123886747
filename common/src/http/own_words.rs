//! What the HTTP library answers by itself, in our own words.
//!
//! A request that it can't read never comes to a handler: it answers with an empty body and closes. This
//! writer puts a body of ours in the place of that answer.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use crate::protocol::ErrorBody;

/// Its statuses, with our codes and words.
const ANSWERS: [(&str, &str, &str); 3] = [
    (
        "400 Bad Request",
        "Invalid request",
        "this is no HTTP request",
    ),
    (
        "414 URI Too Long",
        "Invalid request",
        "the address is too long",
    ),
    (
        "431 Request Header Fields Too Large",
        "Headers too large",
        "the headers are larger than 16 KiB",
    ),
];

/// Writes what it is given, but for the library's own refusals.
#[derive(Debug)]
pub(super) struct OwnWords<W> {
    inner: W,
    /// What is still to be written in the place of a refusal, and how long that was.
    instead: Option<(Bytes, usize)>,
}

impl<W> OwnWords<W> {
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            instead: None,
        }
    }

    /// The writer within.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

/// Our answer in the place of `bytes`, if they are a refusal of the library's own.
fn in_our_words(bytes: &[u8]) -> Option<Bytes> {
    let text = std::str::from_utf8(bytes).ok()?;
    let status = text
        .strip_prefix("HTTP/1.1 ")
        .or(text.strip_prefix("HTTP/1.0 "))?;
    let (status, code, message) = ANSWERS.into_iter().find(|(s, ..)| status.starts_with(s))?;
    let head = text.to_ascii_lowercase();
    if !head.contains("\r\ncontent-length: 0\r\n") || !head.ends_with("\r\n\r\n") {
        return None;
    }
    let body = ErrorBody {
        error: code.to_owned(),
        message: message.to_owned(),
        extra: serde_json::Map::new(),
    };
    let body = serde_json::to_string(&body).ok()?;
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    Some(answer.into())
}

impl<W: AsyncWrite + Unpin> AsyncWrite for OwnWords<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.instead.is_none() {
            self.instead = in_our_words(bytes).map(|answer| (answer, bytes.len()));
        }
        let this = &mut *self;
        let Some((answer, length)) = &mut this.instead else {
            return Pin::new(&mut this.inner).poll_write(context, bytes);
        };
        while answer.has_remaining() {
            match Pin::new(&mut this.inner).poll_write(context, answer) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => answer.advance(count),
                other => return other,
            }
        }
        let length = *length;
        this.instead = None;
        Poll::Ready(Ok(length))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // A refusal is all head, in one piece.
        match slices {
            [one] => self.poll_write(context, one),
            several => Pin::new(&mut self.inner).poll_write_vectored(context, several),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::in_our_words;

    #[test]
    fn only_the_library_s_own_refusals_are_replaced() {
        let own = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let answer = in_our_words(own).expect("a refusal");
        let text = std::str::from_utf8(&answer).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("head and body");
        assert!(
            head.contains(&format!("content-length: {}", body.len())),
            "{head}"
        );
        assert!(body.contains("Headers too large"), "{body}");
        for other in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 5\r\n\r\nhello",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\nmore",
            b"\xff",
        ] {
            assert!(in_our_words(other).is_none());
        }
    }
}
