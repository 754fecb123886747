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

/// Where a spectator stands: what it says when it comes back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Of the last `full`.
    pub epoch: String,
    /// Of the last message.
    pub seq: u64,
}

/// A connected spectator.
pub struct Spectator {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    standing: Standing,
    /// The position that `resumed` promised, while its messages are under way.
    resuming_to: Option<u64>,
    /// Whether the first message is still to come.
    fresh: bool,
}

impl Spectator {
    /// Connects, or gets the answer that says why not.
    ///
    /// # Panics
    ///
    /// When the connection breaks before there is an answer.
    pub async fn connect(origin: &str, event_id: &str) -> Result<Self, Refused> {
        Self::connect_with(origin, event_id, "", Standing::default()).await
    }

    /// Connects again and says where it stood.
    pub async fn resume(origin: &str, event_id: &str, standing: Standing) -> Result<Self, Refused> {
        let Standing { epoch, seq } = &standing;
        let query = format!("?epoch={epoch}&since={seq}");
        Self::connect_with(origin, event_id, &query, standing).await
    }

    /// Connects with a query of its own.
    ///
    /// # Panics
    ///
    /// When the connection breaks before there is an answer.
    pub async fn connect_with(
        origin: &str,
        event_id: &str,
        query: &str,
        standing: Standing,
    ) -> Result<Self, Refused> {
        let url = format!(
            "{}/api/v1/events/{event_id}/ws{query}",
            origin.replacen("http", "ws", 1)
        );
        let connected = timeout(DEADLINE, connect_async(&url)).await;
        match connected.expect("an answer in time") {
            Ok((socket, _)) => Ok(Self {
                socket,
                standing,
                resuming_to: None,
                fresh: true,
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
        self.standing.seq
    }

    /// What it would say if it came back.
    pub fn standing(&self) -> Standing {
        self.standing.clone()
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
        let known = self.standing.seq;
        let fresh = std::mem::take(&mut self.fresh);
        match message["type"].as_str() {
            Some("full") => {
                let epoch = message["epoch"].as_str().expect("a full has an epoch");
                let same = self.standing.epoch == epoch;
                // Whoever comes back may get what it has already.
                let news = seq > known || (fresh && seq == known);
                assert!(!same || news, "full {seq} after {known}: {message}");
                epoch.clone_into(&mut self.standing.epoch);
                self.resuming_to = None;
            }
            Some("resumed") => {
                assert!(fresh, "resumed inside a stream: {message}");
                let missed = message["missed"].as_u64().expect("a number");
                assert_eq!(
                    seq,
                    known + missed,
                    "not exactly what was missed: {message}"
                );
                self.resuming_to = (missed > 0).then_some(seq);
                return;
            }
            Some("diff") => {
                assert!(!fresh, "a diff before anything else: {message}");
                assert_eq!(seq, known + 1, "a hole or a double: {message}");
                self.resuming_to = self.resuming_to.filter(|to| seq < *to);
            }
            Some("refresh") => assert!(seq >= known, "refresh {seq} after {known}"),
            other => panic!("unknown type {other:?}"),
        }
        self.standing.seq = seq;
    }
}
