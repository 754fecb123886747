//! Server frames (RFC 6455, section 5): not masked, so that one encoded frame serves every spectator
//! of a room. Cloning shares the bytes.

use bytes::{BufMut, Bytes, BytesMut};

/// An encoded frame: header and payload in one buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame(Bytes);

/// Why a connection is closed (RFC 6455, section 7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// Done.
    Normal,
    /// The peer broke the protocol.
    ProtocolError,
    /// The peer sent text that is no UTF-8.
    InvalidData,
    /// The peer sent too many messages.
    Policy,
    /// The peer sent too large a message.
    TooBig,
    /// This gateway goes away; another one is there.
    ServiceRestart,
    /// The peer takes nothing of what it is sent.
    TryAgainLater,
}

const FIN: u8 = 0x80;
/// The message is compressed (RFC 7692, section 6).
const RSV1: u8 = 0x40;
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
/// The longest payload of a control frame, in bytes.
pub const CONTROL_PAYLOAD_MAX: usize = 125;

impl CloseCode {
    /// The number on the wire.
    pub fn number(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::ProtocolError => 1002,
            Self::InvalidData => 1007,
            Self::Policy => 1008,
            Self::TooBig => 1009,
            Self::ServiceRestart => 1012,
            Self::TryAgainLater => 1013,
        }
    }
}

impl Frame {
    /// A whole text message.
    pub fn text(payload: &[u8]) -> Self {
        Self::encode(TEXT, payload)
    }

    /// A whole text message whose payload is compressed already.
    pub fn deflated_text(payload: &[u8]) -> Self {
        Self::encode(RSV1 | TEXT, payload)
    }

    /// A ping without payload.
    pub fn ping() -> Self {
        Self::encode(PING, &[])
    }

    /// The answer to a ping.
    pub fn pong(payload: &[u8]) -> Self {
        Self::encode(PONG, &payload[..payload.len().min(CONTROL_PAYLOAD_MAX)])
    }

    /// The first word of a closing handshake.
    pub fn close(code: CloseCode, reason: &str) -> Self {
        let mut payload = code.number().to_be_bytes().to_vec();
        payload.extend(reason.bytes().take(CONTROL_PAYLOAD_MAX - 2));
        Self::encode(CLOSE, &payload)
    }

    /// The last word of a closing handshake that the peer began, with its own code.
    pub fn close_answer(code: Option<u16>) -> Self {
        let payload = code.map(u16::to_be_bytes);
        Self::encode(CLOSE, payload.as_ref().map_or(&[], |code| code))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "each arm's length fits its type"
    )]
    fn encode(first: u8, payload: &[u8]) -> Self {
        let mut bytes = BytesMut::with_capacity(payload.len() + 10);
        bytes.put_u8(FIN | first);
        match payload.len() {
            length @ 0..=125 => bytes.put_u8(length as u8),
            length @ 126..=0xFFFF => {
                bytes.put_u8(126);
                bytes.put_u16(length as u16);
            }
            length => {
                bytes.put_u8(127);
                bytes.put_u64(length as u64);
            }
        }
        bytes.put_slice(payload);
        Self(bytes.freeze())
    }

    /// What goes over the wire.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// What it carries.
    pub fn payload(&self) -> &[u8] {
        let header = match self.0.get(1) {
            Some(126) => 4,
            Some(127) => 10,
            _ => 2,
        };
        self.0.get(header..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{CloseCode, Frame};

    #[test]
    fn lengths_take_the_shortest_form() {
        let head = |length: usize| Frame::text(&vec![b'x'; length]).bytes()[..2].to_vec();
        assert_eq!(head(0), [0x81, 0]);
        assert_eq!(head(125), [0x81, 125]);
        assert_eq!(head(126), [0x81, 126]);
        assert_eq!(head(65_535), [0x81, 126]);
        assert_eq!(head(65_536), [0x81, 127]);
        assert_eq!(Frame::text(&[b'x'; 300]).bytes().len(), 304);
        assert_eq!(Frame::text(&vec![b'x'; 70_000]).bytes().len(), 70_010);
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            assert_eq!(Frame::text(&vec![b'x'; length]).payload().len(), length);
        }
    }

    #[test]
    fn a_close_frame_carries_code_and_bounded_reason() {
        let frame = Frame::close(CloseCode::Normal, &"x".repeat(200));
        assert_eq!(frame.bytes()[..4], [0x88, 125, 0x03, 0xE8]);
        assert_eq!(frame.bytes().len(), 127);
    }
}
