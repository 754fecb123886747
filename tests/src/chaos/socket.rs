//! How a viewer is connected.

use futures::StreamExt;
use serde_json::Value;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use crate::raw::{Inflate, Raw, masked, request};

const PING: u8 = 0x89;
const PONG: u8 = 0x8A;
const CLOSE: u8 = 0x88;

/// A connection.
pub enum Socket {
    /// Of a client that knows nothing of compression.
    Plain(Box<WebSocketStream<MaybeTlsStream<TcpStream>>>),
    /// Of one that offers it as browsers do.
    Compressed(Box<(Raw, Inflate)>),
}

/// What is heard.
pub enum Heard {
    /// A message.
    Message(Value),
    /// A sign of life.
    Life,
}

impl Socket {
    /// Connects; nothing when it is refused, or compression is where it was offered.
    pub async fn open(origin: &str, path: &str, compressed: bool) -> Option<Self> {
        if !compressed {
            let url = format!("{}{path}", origin.replacen("http", "ws", 1));
            let (socket, _) = connect_async(url).await.ok()?;
            return Some(Self::Plain(Box::new(socket)));
        }
        let address = origin.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.ok()?;
        let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
        let request = request(path, offer);
        stream.write_all(request.as_bytes()).await.ok()?;
        let raw = Raw::try_answered(stream).await.ok()?;
        if !raw.head.contains("permessage-deflate") {
            return None;
        }
        let forgets = raw.head.contains("server_no_context_takeover");
        let inflate = Inflate::new(!forgets);
        Some(Self::Compressed(Box::new((raw, inflate))))
    }

    /// What is heard next; nothing at the end. What was received of it is not lost when this is dropped.
    pub async fn next(&mut self) -> Option<Heard> {
        let (raw, inflate) = match self {
            Self::Plain(socket) => {
                return match socket.next().await?.ok()? {
                    Message::Text(text) => Some(Heard::Message(serde_json::from_str(&text).ok()?)),
                    Message::Ping(_) | Message::Pong(_) => Some(Heard::Life),
                    _ => None,
                };
            }
            Self::Compressed(compressed) => (&mut compressed.0, &mut compressed.1),
        };
        let frame = raw.frame().await?;
        match frame.first {
            PING => {
                // At once or not at all: half a frame would break everything after it.
                let _ = raw.stream.try_write(&masked(PONG, &frame.payload));
                Some(Heard::Life)
            }
            PONG => Some(Heard::Life),
            CLOSE => None,
            _ => Some(Heard::Message(
                serde_json::from_slice(&inflate.text(&frame)).ok()?,
            )),
        }
    }
}
