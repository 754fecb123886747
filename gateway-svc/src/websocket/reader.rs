//! What spectators send (RFC 6455, section 5). Messages are read and dropped; only control frames
//! matter, and whatever the RFC forbids ends the connection. The state between two reads is a few
//! bytes: no payload is kept but that of a control frame.
//!
//! Compressed messages (RFC 7692) are not inflated: nobody looks at them.

use super::{
    frame::{CONTROL_PAYLOAD_MAX, CloseCode},
    utf8::Utf8,
};

/// The longest message, in bytes.
const MESSAGE_BYTES_MAX: u64 = 64 << 10;
/// Two fixed bytes, eight of length, four of mask.
const HEADER_BYTES_MAX: usize = 14;

/// Something that a spectator sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// The end of a message of whatever content.
    Message,
    /// A part of a message that goes on.
    Fragment,
    /// To be answered with the same payload.
    Ping(Vec<u8>),
    /// An answer to our ping.
    Pong,
    /// The spectator closes, and says why.
    Close(Option<u16>),
}

/// Why a connection has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Violation {
    /// What to close with.
    pub code: CloseCode,
    /// What to say.
    pub reason: &'static str,
}

const fn protocol(reason: &'static str) -> Violation {
    Violation {
        code: CloseCode::ProtocolError,
        reason,
    }
}

const NOT_UTF8: Violation = Violation {
    code: CloseCode::InvalidData,
    reason: "the text is not UTF-8",
};

/// An incremental parser of one spectator's frames.
#[derive(Debug, Default)]
pub struct Reader {
    /// Whether messages may be compressed.
    deflate: bool,
    header: [u8; HEADER_BYTES_MAX],
    header_len: usize,
    payload: Option<Payload>,
    /// Bytes so far of a message that is not finished.
    fragmented: Option<u64>,
    /// What the current message must be, if it is text that can be looked at.
    text: Option<Utf8>,
}

#[derive(Debug)]
struct Payload {
    head: Head,
    left: u64,
    /// Unmasked; only of control frames.
    control: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    fin: bool,
    opcode: u8,
    mask: [u8; 4],
    length: u64,
}

impl Head {
    fn is_control(self) -> bool {
        self.opcode & 0x8 != 0
    }

    /// `bytes`, of which the first is the payload's byte number `at`.
    fn unmasked(self, bytes: &[u8], at: u64) -> impl Iterator<Item = u8> {
        let first = usize::try_from(at % 4).unwrap_or(0);
        let mask = self.mask.into_iter().cycle().skip(first);
        bytes.iter().zip(mask).map(|(byte, mask)| byte ^ mask)
    }
}

impl Reader {
    /// For a connection on which `permessage-deflate` was agreed on, or was not.
    pub fn new(deflate: bool) -> Self {
        Self {
            deflate,
            ..Self::default()
        }
    }

    /// Reads `bytes`, which may end anywhere, and hands over what is complete.
    pub fn read(
        &mut self,
        mut bytes: &[u8],
        received: &mut dyn FnMut(Received),
    ) -> Result<(), Violation> {
        loop {
            if let Some(payload) = &mut self.payload {
                bytes = payload.take(bytes, self.text.as_mut())?;
                if payload.left > 0 {
                    return Ok(());
                }
            } else if let Some(head) = self.head(&mut bytes)? {
                self.payload = Some(Payload {
                    head,
                    left: head.length,
                    control: Vec::new(),
                });
                continue;
            } else {
                return Ok(());
            }
            if let Some(done) = self.payload.take() {
                let ends_text = done.head.fin && !done.head.is_control();
                if ends_text && self.text.take().is_some_and(|text| !text.is_whole()) {
                    return Err(NOT_UTF8);
                }
                received(complete(done)?);
            }
        }
    }

    /// Collects a frame's header and checks it; `None` until it is whole.
    fn head(&mut self, bytes: &mut &[u8]) -> Result<Option<Head>, Violation> {
        loop {
            let needed = self.header_bytes_needed();
            if self.header_len == needed {
                break;
            }
            let Some((first, rest)) = bytes.split_first() else {
                return Ok(None);
            };
            self.header[self.header_len] = *first;
            self.header_len += 1;
            *bytes = rest;
            // A frame without a mask may be shorter than the header that is waited for.
            if self.header_len == 2 && self.header[1] & 0x80 == 0 {
                return Err(protocol("the frame is not masked"));
            }
        }
        let header = self.header;
        let length_bytes = self.header_len - 6;
        self.header_len = 0;
        let length = match length_bytes {
            0 => u64::from(header[1] & 0x7F),
            _ => header[2..2 + length_bytes]
                .iter()
                .fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        let shortest = match length {
            0..=125 => 0,
            126..=0xFFFF => 2,
            _ => 8,
        };
        if length_bytes != shortest {
            return Err(protocol("a length that is not in its shortest form"));
        }
        let mask_at = 2 + length_bytes;
        let head = Head {
            fin: header[0] & 0x80 != 0,
            opcode: header[0] & 0x0F,
            mask: [
                header[mask_at],
                header[mask_at + 1],
                header[mask_at + 2],
                header[mask_at + 3],
            ],
            length,
        };
        self.check(header, &head)?;
        Ok(Some(head))
    }

    fn header_bytes_needed(&self) -> usize {
        if self.header_len < 2 {
            return 2;
        }
        match self.header[1] & 0x7F {
            126 => 8,
            127 => 14,
            _ => 6,
        }
    }

    fn check(&mut self, header: [u8; HEADER_BYTES_MAX], head: &Head) -> Result<(), Violation> {
        // Only the first frame of a message says that it is compressed (RFC 7692, section 6).
        let starts_message = matches!(head.opcode, 0x1 | 0x2);
        let compressed = header[0] & 0x40 != 0;
        if header[0] & 0x30 != 0 || (compressed && !(self.deflate && starts_message)) {
            return Err(protocol("reserved bits are set"));
        }
        match head.opcode {
            0x8..=0xA if !head.fin => return Err(protocol("a control frame is fragmented")),
            0x8..=0xA if head.length > CONTROL_PAYLOAD_MAX as u64 => {
                return Err(protocol("a control frame is too long"));
            }
            0x8..=0xA => return Ok(()),
            0x0 if self.fragmented.is_none() => {
                return Err(protocol("a continuation of nothing"));
            }
            0x1 | 0x2 if self.fragmented.is_some() => {
                return Err(protocol("a message inside a message"));
            }
            0x0..=0x2 => {}
            _ => return Err(protocol("an unknown opcode")),
        }
        let message_bytes = self.fragmented.unwrap_or(0).saturating_add(head.length);
        if message_bytes > MESSAGE_BYTES_MAX {
            return Err(Violation {
                code: CloseCode::TooBig,
                reason: "the message is larger than 64 KiB",
            });
        }
        self.fragmented = (!head.fin).then_some(message_bytes);
        if starts_message {
            self.text = (head.opcode == 0x1 && !compressed).then(Utf8::default);
        }
        Ok(())
    }
}

fn complete(payload: Payload) -> Result<Received, Violation> {
    Ok(match payload.head.opcode {
        0x8 => Received::Close(close_code(&payload.control)?),
        0x9 => Received::Ping(payload.control),
        0xA => Received::Pong,
        _ if payload.head.fin => Received::Message,
        _ => Received::Fragment,
    })
}

/// The code of a close frame (RFC 6455, section 7.4).
fn close_code(payload: &[u8]) -> Result<Option<u16>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return match payload {
            [] => Ok(None),
            _ => Err(protocol("a close code of one byte")),
        };
    };
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(protocol("a close code that is not to be sent"));
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(NOT_UTF8);
    }
    Ok(Some(code))
}

impl Payload {
    /// Takes what belongs to this frame and returns the rest.
    fn take<'a>(
        &mut self,
        bytes: &'a [u8],
        text: Option<&mut Utf8>,
    ) -> Result<&'a [u8], Violation> {
        let taken = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (mine, rest) = bytes.split_at(taken);
        let done = self.head.length - self.left;
        self.left -= taken as u64;
        if self.head.is_control() {
            self.control.extend(self.head.unmasked(mine, done));
        } else if let Some(text) = text {
            // A part at a time, on the stack.
            let mut plain = [0; 512];
            let mut done = done;
            for part in mine.chunks(plain.len()) {
                let unmasked = self.head.unmasked(part, done);
                plain
                    .iter_mut()
                    .zip(unmasked)
                    .for_each(|(to, byte)| *to = byte);
                if !text.take(&plain[..part.len()]) {
                    return Err(NOT_UTF8);
                }
                done += part.len() as u64;
            }
        }
        Ok(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::{CloseCode, Reader, Received};

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let mut bytes = vec![first];
        match payload.len() {
            length @ 0..=125 => bytes.push(0x80 | u8::try_from(length).expect("small")),
            length => {
                bytes.push(0x80 | 126);
                bytes.extend(u16::try_from(length).expect("fits").to_be_bytes());
            }
        }
        bytes.extend(mask);
        bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m));
        bytes
    }

    fn read(bytes: &[u8], step: usize) -> Result<Vec<Received>, CloseCode> {
        let mut reader = Reader::default();
        let mut all = Vec::new();
        for part in bytes.chunks(step) {
            reader
                .read(part, &mut |what| all.push(what))
                .map_err(|violation| violation.code)?;
        }
        Ok(all)
    }

    #[test]
    fn frames_may_be_cut_anywhere() {
        let mut bytes = frame(0x01, b"first ");
        bytes.extend(frame(0x89, b"are you there"));
        bytes.extend(frame(0x80, b"and last"));
        bytes.extend(frame(0x8A, b""));
        bytes.extend(frame(0x82, &[0; 300]));
        bytes.extend(frame(0x88, &1000_u16.to_be_bytes()));
        let expected = vec![
            Received::Fragment,
            Received::Ping(b"are you there".to_vec()),
            Received::Message,
            Received::Pong,
            Received::Message,
            Received::Close(Some(1000)),
        ];
        for step in [1, 2, 3, 7, 1000] {
            assert_eq!(
                read(&bytes, step),
                Ok(expected.clone()),
                "{step} bytes at a time"
            );
        }
    }

    #[test]
    fn what_the_rfc_forbids_is_a_violation() {
        let cases = [
            (frame(0xC1, b""), CloseCode::ProtocolError),
            (vec![0x81, 0x00, 0, 0, 0, 0], CloseCode::ProtocolError),
            (frame(0x83, b""), CloseCode::ProtocolError),
            (frame(0x80, b""), CloseCode::ProtocolError),
            (frame(0x09, b""), CloseCode::ProtocolError),
            (frame(0x89, &[0; 126]), CloseCode::ProtocolError),
            (frame(0x88, &[3]), CloseCode::ProtocolError),
            (vec![0x82, 0xFE, 0, 5, 0, 0, 0, 0], CloseCode::ProtocolError),
            (
                frame(0x88, &1005_u16.to_be_bytes()),
                CloseCode::ProtocolError,
            ),
            (frame(0x88, &[3, 0xE8, 0xFF]), CloseCode::InvalidData),
            (frame(0x81, b"\xC3("), CloseCode::InvalidData),
            (frame(0x81, b"half \xC3"), CloseCode::InvalidData),
            (
                [frame(0x01, b"half \xC3"), frame(0x80, b"(")].concat(),
                CloseCode::InvalidData,
            ),
            (
                [frame(0x01, b"a"), frame(0x01, b"b")].concat(),
                CloseCode::ProtocolError,
            ),
            (
                vec![0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0],
                CloseCode::TooBig,
            ),
            (
                [frame(0x01, &[0; 40_000]), frame(0x80, &[0; 40_000])].concat(),
                CloseCode::TooBig,
            ),
        ];
        for (bytes, code) in cases {
            assert_eq!(read(&bytes, 1000), Err(code), "{:?}", &bytes[..4]);
        }
    }

    #[test]
    fn only_the_first_frame_of_an_agreed_compressed_message_may_say_so() {
        let read = |bytes: &[u8]| {
            let mut reader = Reader::new(true);
            let mut count = 0;
            let read = reader.read(bytes, &mut |_| count += 1);
            read.map(|()| count).map_err(|violation| violation.code)
        };
        // Compressed bytes are not text, and nobody inflates them.
        assert_eq!(read(&frame(0xC1, b"\xFF\xFE")), Ok(1));
        let parts = [frame(0x41, b"\xFF"), frame(0x80, b"\xFE")].concat();
        assert_eq!(read(&parts), Ok(2));
        assert_eq!(read(&frame(0x81, b"\xFF")), Err(CloseCode::InvalidData));
        for wrong in [
            frame(0xC9, b""),
            [frame(0x41, b""), frame(0xC0, b"")].concat(),
            frame(0xA1, b""),
        ] {
            assert_eq!(read(&wrong), Err(CloseCode::ProtocolError));
        }
    }
}
