//! One spectator of the crowd.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use super::{
    Shared,
    frames::{self, Frame, Inflate},
};

const CONNECT_WITHIN: Duration = Duration::from_secs(30);
const READ_BYTES: usize = 8 << 10;
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Where it goes, and how it behaves.
#[derive(Debug, Clone)]
pub struct Way {
    /// The gateway or load balancer.
    pub server: SocketAddr,
    /// The address to come from.
    pub source: Option<IpAddr>,
    /// Path of the event's stream.
    pub path: String,
    /// Offers compression.
    pub deflate: bool,
    /// Asks for boats on the water as changes.
    pub delta: bool,
    /// Never reads after the opening handshake.
    pub slow: bool,
}

/// Where it stands.
#[derive(Debug, Default)]
struct Standing {
    epoch: String,
    seq: i64,
}

/// Watches until the crowd is told to stop; comes back with its position whenever it is sent away.
pub async fn watch(way: Way, shared: Arc<Shared>) {
    let mut standing = Standing::default();
    while !shared.stop.is_cancelled() {
        let mut cut_off = shared.cut_off.subscribe();
        let once = watch_once(&way, &shared, &mut standing);
        let ended = tokio::select! {
            ended = once => ended,
            _ = cut_off.changed() => continue,
            () = shared.stop.cancelled() => return,
        };
        if ended.is_err() {
            shared.counts.failed.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

async fn watch_once(way: &Way, shared: &Shared, standing: &mut Standing) -> io::Result<()> {
    let started = Instant::now();
    let opened = timeout(CONNECT_WITHIN, open(way, standing)).await;
    let (mut stream, rest) = opened.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    if way.slow {
        let _here = Here::new(shared);
        shared.stop.cancelled().await;
        return Ok(());
    }
    let mut buffer = rest;
    shared.count_bytes(buffer.len());
    // Made when it is needed: its window is large.
    let mut inflate: Option<Inflate> = None;
    let mut here = None;
    loop {
        let mut pongs = Vec::new();
        let mut closed = false;
        let received_ms = jiff::Timestamp::now().as_millisecond();
        let used = frames::read(&buffer, |frame| match frame {
            Frame::Text { payload, deflated } => {
                let message = if deflated {
                    let inflate = inflate.get_or_insert_with(|| Inflate::new(way.delta));
                    inflate.text(payload).unwrap_or_default()
                } else {
                    payload
                };
                here.get_or_insert_with(|| {
                    shared.record_first(started.elapsed());
                    Here::new(shared)
                });
                take_in(message, received_ms, shared, standing);
            }
            Frame::Ping(payload) => pongs.extend(frames::pong(payload)),
            Frame::Close(code) => {
                shared.count_close(code);
                closed = true;
            }
            Frame::Other => {}
        });
        buffer.drain(..used);
        if closed {
            return Ok(());
        }
        if !pongs.is_empty() {
            stream.write_all(&pongs).await?;
        }
        buffer.reserve(READ_BYTES);
        let count = stream.read_buf(&mut buffer).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        shared.count_bytes(count);
    }
}

fn take_in(message: &[u8], received_ms: i64, shared: &Shared, standing: &mut Standing) {
    let Some(seq) = frames::number(message, "seq") else {
        return;
    };
    shared.counts.messages.fetch_add(1, Ordering::Relaxed);
    match frames::kind(message) {
        b"diff" => {
            if seq != standing.seq + 1 {
                shared.counts.holes.fetch_add(1, Ordering::Relaxed);
            }
            if let Some(ts_ms) = frames::number(message, "ts") {
                shared.record_delivery(received_ms - ts_ms);
            }
            standing.seq = seq;
        }
        b"full" => {
            let text = String::from_utf8_lossy(&message[..message.len().min(160)]);
            let epoch = text
                .split("\"epoch\":\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            epoch.unwrap_or_default().clone_into(&mut standing.epoch);
            standing.seq = seq;
            shared.counts.fulls.fetch_add(1, Ordering::Relaxed);
        }
        b"resumed" => {
            shared.counts.resumed.fetch_add(1, Ordering::Relaxed);
        }
        _ => {
            standing.seq = seq;
            shared.counts.refreshes.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Connects and shakes hands; returns what came right behind the answer.
async fn open(way: &Way, standing: &Standing) -> io::Result<(TcpStream, Vec<u8>)> {
    let socket = if way.server.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    if let Some(source) = way.source {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    let mut stream = socket.connect(way.server).await?;
    stream.set_nodelay(true)?;
    stream.write_all(request(way, standing).as_bytes()).await?;
    let mut answer = Vec::with_capacity(512);
    let end = loop {
        if let Some(at) = answer.windows(4).position(|part| part == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    if !answer.starts_with(b"HTTP/1.1 101") {
        let text = String::from_utf8_lossy(&answer[..end.min(60)]).into_owned();
        return Err(io::Error::other(text));
    }
    Ok((stream, answer.split_off(end)))
}

fn request(way: &Way, standing: &Standing) -> String {
    let mut query = if standing.epoch.is_empty() {
        "?".to_owned()
    } else {
        format!("?epoch={}&since={}&", standing.epoch, standing.seq)
    };
    if way.delta {
        query.push_str("oncourse=delta");
    }
    let deflate = if way.deflate {
        "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    } else {
        ""
    };
    format!(
        "GET {}{query} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{deflate}\r\n",
        way.path, way.server
    )
}

/// Counts those who are inside: those who have had a message, and those who read none.
struct Here<'a>(&'a Shared);

impl<'a> Here<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.counts.inside.fetch_add(1, Ordering::Relaxed);
        shared.counts.came_in.fetch_add(1, Ordering::Relaxed);
        Self(shared)
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.counts.inside.fetch_sub(1, Ordering::Relaxed);
    }
}
