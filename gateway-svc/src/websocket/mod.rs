//! The WebSocket protocol as far as a gateway needs it (RFC 6455, RFC 7692). Nothing here knows of
//! sockets: bytes in, bytes out.

mod deflate;
mod frame;
mod handshake;
mod message;
mod reader;
mod utf8;

pub use frame::{CloseCode, Frame};
pub use handshake::Offer;
pub use message::{CONTEXT_MESSAGES, Context, Form, Message, Step};
pub use reader::{Reader, Received, Violation};
