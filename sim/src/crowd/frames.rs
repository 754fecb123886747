//! What a spectator reads (RFC 6455): enough to follow a stream cheaply, since the crowd has to load a
//! gateway from one core.

use flate2::{Decompress, FlushDecompress};

/// Longest header of a server frame.
const HEADER_BYTES_MAX: usize = 10;

/// One frame of a server.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A message, which may be compressed.
    Text {
        /// As it is on the wire.
        payload: &'a [u8],
        /// Whether it is to be inflated (RFC 7692).
        deflated: bool,
    },
    /// To be answered.
    Ping(&'a [u8]),
    /// The end, with its code.
    Close(u16),
    /// Anything else.
    Other,
}

/// Takes whole frames off the front of `bytes`, and returns how many bytes they were.
pub fn read<'a>(bytes: &'a [u8], mut each: impl FnMut(Frame<'a>)) -> usize {
    let mut at = 0;
    while let Some((first, start, end)) = next(&bytes[at..]) {
        let payload = &bytes[at + start..at + end];
        each(match first & 0x0F {
            0x1 => Frame::Text {
                payload,
                deflated: first & 0x40 != 0,
            },
            0x9 => Frame::Ping(payload),
            0x8 => Frame::Close(
                payload
                    .first_chunk()
                    .map_or(1005, |code| u16::from_be_bytes(*code)),
            ),
            _ => Frame::Other,
        });
        at += end;
    }
    at
}

/// First byte, start and end of the payload of the first frame, if it is whole.
fn next(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    let (start, length) = match second & 0x7F {
        126 => (
            4,
            u64::from(u16::from_be_bytes(*bytes.get(2..4)?.first_chunk()?)),
        ),
        127 => (
            HEADER_BYTES_MAX,
            u64::from_be_bytes(*bytes.get(2..HEADER_BYTES_MAX)?.first_chunk()?),
        ),
        length => (2, u64::from(length)),
    };
    let end = start + usize::try_from(length).ok()?;
    (bytes.len() >= end).then_some((first, start, end))
}

/// Reads compressed messages (RFC 7692, section 7.2.2).
pub struct Inflate {
    state: Decompress,
    /// Whether messages may refer to those before them.
    in_context: bool,
    text: Vec<u8>,
}

impl Inflate {
    /// For messages that stand by themselves, or may refer to those before them.
    pub fn new(in_context: bool) -> Self {
        Self {
            state: Decompress::new(false),
            in_context,
            text: Vec::new(),
        }
    }

    /// The text of the next message; `None` when it makes no sense.
    pub fn text(&mut self, payload: &[u8]) -> Option<&[u8]> {
        if !self.in_context {
            self.state.reset(false);
        }
        self.text.clear();
        for part in [payload, &[0, 0, 0xFF, 0xFF]] {
            let mut used = 0;
            loop {
                self.text.reserve(part.len().max(1024) * 4);
                let before = self.state.total_in();
                let flush = FlushDecompress::Sync;
                let state = &mut self.state;
                state
                    .decompress_vec(&part[used..], &mut self.text, flush)
                    .ok()?;
                used += usize::try_from(state.total_in() - before).ok()?;
                // What has room left has nothing more to say.
                if used == part.len() && self.text.len() < self.text.capacity() {
                    break;
                }
            }
        }
        Some(&self.text)
    }
}

/// A masked pong: the answer to a ping. The mask of zeros leaves the payload as it is.
pub fn pong(payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap_or(125).min(125);
    let mut frame = vec![0x8A, 0x80 | length, 0, 0, 0, 0];
    frame.extend_from_slice(&payload[..usize::from(length)]);
    frame
}

/// The number that follows `"name":` near the start of a message.
pub fn number(message: &[u8], name: &str) -> Option<i64> {
    let head = &message[..message.len().min(160)];
    let key = format!("\"{name}\":");
    let at = head
        .windows(key.len())
        .position(|part| part == key.as_bytes())?
        + key.len();
    let digits = head[at..].iter().take_while(|byte| byte.is_ascii_digit());
    let text: Vec<u8> = digits.copied().collect();
    std::str::from_utf8(&text).ok()?.parse().ok()
}

/// The word after `{"type":"`.
pub fn kind(message: &[u8]) -> &[u8] {
    let word = message.strip_prefix(b"{\"type\":\"").unwrap_or_default();
    let end = word.iter().position(|byte| *byte == b'"').unwrap_or(0);
    &word[..end]
}

#[cfg(test)]
mod tests {
    use super::{Frame, Inflate, kind, number, read};

    #[test]
    fn whole_frames_are_taken_and_the_rest_is_left() {
        let mut bytes = vec![0x81, 2, b'h', b'i', 0x89, 1, b'p', 0x88, 2, 0x03, 0xE8];
        bytes.extend([0x81, 126, 0x01, 0x00, b'x']);
        let mut frames = Vec::new();
        assert_eq!(read(&bytes, |frame| frames.push(frame)), 11);
        assert_eq!(
            frames,
            [
                Frame::Text {
                    payload: b"hi",
                    deflated: false
                },
                Frame::Ping(b"p"),
                Frame::Close(1000)
            ]
        );
    }

    #[test]
    fn a_compressed_message_is_read() {
        let text = "boats on the water, ".repeat(300);
        let mut compress = flate2::Compress::new(flate2::Compression::default(), false);
        let mut small = Vec::with_capacity(text.len());
        let flush = flate2::FlushCompress::Sync;
        let done = compress.compress_vec(text.as_bytes(), &mut small, flush);
        done.expect("it compresses");
        let payload = small.strip_suffix(&[0, 0, 0xFF, 0xFF]).expect("a flush");
        let mut inflate = Inflate::new(false);
        for _ in 0..2 {
            assert_eq!(inflate.text(payload), Some(text.as_bytes()));
        }
        assert_eq!(inflate.text(b"\xFF\xFF"), None);
    }

    #[test]
    fn a_message_tells_its_kind_and_numbers() {
        let message = br#"{"type":"full","seq":41,"epoch":"9f","ts":1700000000000,"data":{}}"#;
        assert_eq!(kind(message), b"full");
        assert_eq!(number(message, "seq"), Some(41));
        assert_eq!(number(message, "ts"), Some(1_700_000_000_000));
        assert_eq!(number(b"{}", "seq"), None);
    }
}
