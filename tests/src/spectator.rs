//! A spectator that fails the test on any hole, double or regression in what it receives.

use futures::{SinkExt, StreamExt};
use reqwest::StatusCode;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message},
};

use crate::DEADLINE;

/// The HTTP answer that stood in the way of an upgrade.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// The status.
    pub status: StatusCode,
    /// The JSON body.
    pub body: Value,
}

/// What a spectator hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A message.
    Message(Value),
    /// The end, with code and reason; code 0 when there was no goodbye.
    Closed(u16, String),
}

/// A connected spectator.
pub struct Spectator {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    epoch: String,
    seq: u64,
}

impl Spectator {
    /// Connects, or gets the answer that says why not.
    ///
    /// # Panics
    ///
    /// When the connection breaks before there is an answer.
    pub async fn connect(origin: &str, event_id: &str) -> Result<Self, Refused> {
        let url = format!(
            "{}/api/v1/events/{event_id}/ws",
            origin.replacen("http", "ws", 1)
        );
        let connected = timeout(DEADLINE, connect_async(&url)).await;
        match connected.expect("an answer in time") {
            Ok((socket, _)) => Ok(Self {
                socket,
                epoch: String::new(),
                seq: 0,
            }),
            Err(Error::Http(response)) => {
                let (parts, body) = response.into_parts();
                Err(Refused {
                    status: StatusCode::from_u16(parts.status.as_u16()).expect("a status"),
                    body: serde_json::from_slice(&body.unwrap_or_default()).unwrap_or(Value::Null),
                })
            }
            Err(error) => panic!("the connection broke: {error}"),
        }
    }

    /// Where the spectator stands.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The next message or the end, checked against everything before.
    ///
    /// # Panics
    ///
    /// When it does not come in time, or is not what may come next.
    pub async fn next(&mut self) -> Heard {
        loop {
            let heard = timeout(DEADLINE, self.socket.next()).await;
            match heard.expect("a message in time") {
                Some(Ok(Message::Text(text))) => {
                    let message = serde_json::from_str(&text).expect("messages are JSON");
                    self.check(&message);
                    return Heard::Message(message);
                }
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) = frame.map_or((0, String::new()), |frame| {
                        (frame.code.into(), frame.reason.to_string())
                    });
                    // Answers the goodbye.
                    let _ = self.socket.flush().await;
                    return Heard::Closed(code, reason);
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Heard::Closed(0, String::new()),
            }
        }
    }

    /// The next message.
    ///
    /// # Panics
    ///
    /// When it is the end instead.
    pub async fn message(&mut self) -> Value {
        match self.next().await {
            Heard::Message(message) => message,
            closed @ Heard::Closed(..) => panic!("a message was expected, not {closed:?}"),
        }
    }

    /// The end, with whatever messages came before it.
    pub async fn until_closed(&mut self) -> (Vec<Value>, u16, String) {
        let mut messages = Vec::new();
        loop {
            match self.next().await {
                Heard::Message(message) => messages.push(message),
                Heard::Closed(code, reason) => return (messages, code, reason),
            }
        }
    }

    /// Sends a message.
    ///
    /// # Panics
    ///
    /// When the connection is gone.
    pub async fn send(&mut self, message: Message) {
        self.socket
            .send(message)
            .await
            .expect("the connection is open");
    }

    /// Leaves with a goodbye.
    pub async fn leave(mut self) {
        // The other side may be gone already.
        let _ = self.socket.close(None).await;
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    fn check(&mut self, message: &Value) {
        let seq = message["seq"].as_u64().expect("every message has a seq");
        assert!(message["ts"].is_i64(), "every message has a ts: {message}");
        match message["type"].as_str() {
            Some("full") => {
                let epoch = message["epoch"].as_str().expect("a full has an epoch");
                let same = self.epoch == epoch;
                assert!(
                    !same || seq > self.seq,
                    "full {seq} after {}: {message}",
                    self.seq
                );
                epoch.clone_into(&mut self.epoch);
            }
            Some("diff") => {
                assert_eq!(seq, self.seq + 1, "a hole or a double: {message}");
            }
            Some("refresh") => assert!(seq >= self.seq, "refresh {seq} after {}", self.seq),
            other => panic!("unknown type {other:?}"),
        }
        self.seq = seq;
    }
}
