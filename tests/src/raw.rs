//! A WebSocket whose every byte the test decides on (RFC 6455).

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{DEADLINE, Stack};

/// A connection that was let in.
pub struct Raw {
    /// The socket, past what was read of it.
    pub stream: TcpStream,
    /// The answer to the handshake, as text.
    pub head: String,
    unread: Vec<u8>,
}

/// A request to upgrade, with further lines in its head.
pub fn request(path: &str, lines: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
    )
}

/// A frame of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFrame {
    /// FIN, reserved bits and opcode.
    pub first: u8,
    /// As it is on the wire.
    pub payload: Vec<u8>,
}

impl RawFrame {
    /// The code of a close frame.
    pub fn close_code(&self) -> Option<u16> {
        let code = self.payload.first_chunk().filter(|_| self.first == 0x88);
        code.map(|code| u16::from_be_bytes(*code))
    }
}

impl Raw {
    /// Watches event `E` on the first gateway, with further lines in the request's head. Nothing is read
    /// yet.
    ///
    /// # Panics
    ///
    /// When there is no connection.
    pub async fn ask(stack: &Stack, query: &str, lines: &str) -> TcpStream {
        let address = &stack.gateways[0].address;
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let sent = stream
            .write_all(Self::request(query, lines).as_bytes())
            .await;
        sent.expect("the request is sent");
        stream
    }

    /// A request to watch event `E`.
    pub fn request(query: &str, lines: &str) -> String {
        request(&format!("/api/v1/events/E/ws{query}"), lines)
    }

    /// The same, and reads the answer, which must be 101.
    ///
    /// # Panics
    ///
    /// When it is not.
    pub async fn open(stack: &Stack, query: &str, lines: &str) -> Self {
        Self::answered(Self::ask(stack, query, lines).await).await
    }

    /// Reads the answer to a request to watch, which must be 101.
    ///
    /// # Panics
    ///
    /// When it is not.
    pub async fn answered(stream: TcpStream) -> Self {
        let answered = Self::try_answered(stream).await;
        answered.unwrap_or_else(|head| panic!("not let in: {head}"))
    }

    /// The same; the error is the head of any other answer, or what there was of one.
    pub async fn try_answered(stream: TcpStream) -> Result<Self, String> {
        let mut raw = Self {
            stream,
            head: String::new(),
            unread: Vec::new(),
        };
        let head = loop {
            if let Some(end) = raw.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break raw.unread.drain(..end + 4).collect::<Vec<u8>>();
            }
            if !raw.read().await {
                return Err(String::from_utf8_lossy(&raw.unread).into_owned());
            }
        };
        raw.head = String::from_utf8_lossy(&head).to_lowercase();
        if raw.head.starts_with("http/1.1 101") {
            Ok(raw)
        } else {
            Err(raw.head)
        }
    }

    /// Sends bytes, so many at a time.
    ///
    /// # Panics
    ///
    /// When they can't be sent.
    pub async fn send(&mut self, bytes: &[u8], step: usize) {
        for part in bytes.chunks(step) {
            if self.stream.write_all(part).await.is_err() {
                // The server may have seen enough already.
                return;
            }
            if step < bytes.len() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    /// The next frame; `None` at the end of the connection.
    pub async fn frame(&mut self) -> Option<RawFrame> {
        loop {
            if let Some((frame, length)) = first_frame(&self.unread) {
                self.unread.drain(..length);
                return Some(frame);
            }
            if !self.read().await {
                return None;
            }
        }
    }

    async fn read(&mut self) -> bool {
        let read = timeout(DEADLINE, self.stream.read_buf(&mut self.unread)).await;
        read.expect("something in time")
            .is_ok_and(|count| count > 0)
    }
}

/// Inflates messages as a client does that keeps its window, or one that does not (RFC 7692, section 7.2.2).
pub struct Inflate {
    state: flate2::Decompress,
    keeps: bool,
}

impl Inflate {
    /// With a window that is kept from message to message, or not.
    pub fn new(keeps: bool) -> Self {
        Self {
            state: flate2::Decompress::new(false),
            keeps,
        }
    }

    /// The text of a message, compressed or not.
    ///
    /// # Panics
    ///
    /// When it can't be inflated.
    pub fn text(&mut self, frame: &RawFrame) -> Vec<u8> {
        if frame.first == 0x81 {
            return frame.payload.clone();
        }
        assert_eq!(frame.first, 0xC1, "no text message");
        if !self.keeps {
            self.state.reset(false);
        }
        let bytes = [&frame.payload[..], &[0, 0, 0xFF, 0xFF]].concat();
        let mut text = Vec::with_capacity(4 << 20);
        let flush = flate2::FlushDecompress::Sync;
        let done = self.state.decompress_vec(&bytes, &mut text, flush);
        done.expect("it can be inflated");
        text
    }
}

fn first_frame(bytes: &[u8]) -> Option<(RawFrame, usize)> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let (start, length) = match second {
        126 => (
            4,
            u64::from(u16::from_be_bytes(*bytes.get(2..4)?.first_chunk()?)),
        ),
        127 => (10, u64::from_be_bytes(*bytes.get(2..10)?.first_chunk()?)),
        length => (2, u64::from(length)),
    };
    let end = start + usize::try_from(length).ok()?;
    let payload = bytes.get(start..end)?.to_vec();
    Some((RawFrame { first, payload }, end))
}

/// A frame as a client must send it: masked, its length in the shortest form.
///
/// # Panics
///
/// When the payload has 64 KiB or more.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x11, 0x22, 0x33, 0x44];
    let length = u16::try_from(payload.len()).expect("a short payload");
    let mut bytes = vec![first];
    if length < 126 {
        bytes.push(0x80 | length.to_be_bytes()[1]);
    } else {
        bytes.push(0x80 | 126);
        bytes.extend(length.to_be_bytes());
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m));
    bytes
}
