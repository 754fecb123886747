//! What spectators send (RFC 6455, section 5). Messages are read and dropped; only control frames
//! matter, and whatever the RFC forbids ends the connection. The state between two reads is a few
//! bytes: no payload is kept but that of a control frame.

use super::frame::{CONTROL_PAYLOAD_MAX, CloseCode};

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
    /// The spectator closes.
    Close,
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

/// An incremental parser of one spectator's frames.
#[derive(Debug, Default)]
pub struct Reader {
    header: [u8; HEADER_BYTES_MAX],
    header_len: usize,
    payload: Option<Payload>,
    /// Bytes so far of a message that is not finished.
    fragmented: Option<u64>,
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
    fn is_control(&self) -> bool {
        self.opcode & 0x8 != 0
    }
}

impl Reader {
    /// Reads `bytes`, which may end anywhere, and hands over what is complete.
    pub fn read(
        &mut self,
        mut bytes: &[u8],
        received: &mut dyn FnMut(Received),
    ) -> Result<(), Violation> {
        loop {
            if let Some(payload) = &mut self.payload {
                bytes = payload.take(bytes);
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
        if header[0] & 0x70 != 0 {
            return Err(protocol("reserved bits are set"));
        }
        if header[1] & 0x80 == 0 {
            return Err(protocol("the frame is not masked"));
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
        Ok(())
    }
}

fn complete(payload: Payload) -> Result<Received, Violation> {
    Ok(match payload.head.opcode {
        0x8 if payload.control.len() == 1 => {
            return Err(protocol("a close code of one byte"));
        }
        0x8 => Received::Close,
        0x9 => Received::Ping(payload.control),
        0xA => Received::Pong,
        _ if payload.head.fin => Received::Message,
        _ => Received::Fragment,
    })
}

impl Payload {
    /// Takes what belongs to this frame and returns the rest.
    fn take<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let taken = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        if self.head.is_control() {
            let mask = self.head.mask.iter().cycle().skip(self.control.len() % 4);
            let unmasked = bytes[..taken]
                .iter()
                .zip(mask)
                .map(|(byte, mask)| byte ^ mask);
            self.control.extend(unmasked);
        }
        self.left -= taken as u64;
        &bytes[taken..]
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
            Received::Close,
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
}
