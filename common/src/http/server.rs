//! HTTP connections: one task each, headers in time, upgrades allowed, a bounded number of sockets, and
//! an end that lets requests in flight finish.

use std::{
    convert::Infallible,
    io::Cursor,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, body::Body, extract::FromRequestParts};
use bytes::Bytes;
use http::{Extensions, Request, request::Parts};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::service_fn,
    upgrade::{Parts as UpgradedParts, Upgraded},
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt, Chain, Join, join},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;
use tracing::{debug, warn};

use super::own_words::OwnWords;

/// Bytes of request line and headers.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Pause after `accept` failed, mostly for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long requests in flight may take once the server is asked to stop.
const LINGER: Duration = Duration::from_secs(10);

/// The other end of the connection that a request came over.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub SocketAddr);

/// When a request's head had arrived; what it promises about time counts from here.
#[derive(Debug, Clone, Copy)]
pub struct ReceivedAt(pub Instant);

impl<S: Sync> FromRequestParts<S> for ReceivedAt {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let stamped = parts.extensions.get::<Self>().copied();
        Ok(stamped.unwrap_or_else(|| Self(Instant::now())))
    }
}

/// Bounds of a server.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Sockets open at once, upgraded ones not counted.
    pub sockets: usize,
    /// How long a client may take to send its headers.
    pub header_time: Duration,
    /// How long a client may take nothing of what it is answered.
    pub write_time: Duration,
}

/// Serves a router's requests on whatever connections it is given. Upgraded ones are the router's own
/// business.
#[derive(Clone)]
pub struct Server {
    router: Router,
    limits: ServerLimits,
    places: Arc<Semaphore>,
    connections: TaskTracker,
    stop: CancellationToken,
}

/// A connection that is to be served.
pub struct Arrival {
    /// The socket.
    pub stream: TcpStream,
    /// Its other end.
    pub peer: SocketAddr,
    /// What was read of it already.
    pub read: Bytes,
    /// For its first request's handler.
    pub extensions: Extensions,
    /// Its place among the server's sockets.
    pub place: OwnedSemaphorePermit,
}

/// Reads what was read before first.
type Replayed = Join<Chain<Cursor<Bytes>, OwnedReadHalf>, OwnWords<OwnedWriteHalf>>;

/// Takes the socket of an upgraded connection back, with what was read beyond the request.
pub fn socket_of(upgraded: Upgraded) -> Option<(TcpStream, Bytes)> {
    let UpgradedParts { io, read_buf, .. } = upgraded.downcast::<TokioIo<Replayed>>().ok()?;
    let (reader, writer) = io.into_inner().into_inner();
    let (unread, reader) = reader.into_inner();
    let at = usize::try_from(unread.position()).ok()?;
    let beyond = [&read_buf[..], &unread.into_inner()[at..]].concat();
    let stream = reader.reunite(writer.into_inner()).ok()?;
    bound_writes(&stream, None).ok()?;
    Some((stream, beyond.into()))
}

/// Lets the kernel end a connection whose other end takes nothing for so long: neither by closing its window
/// nor by not acknowledging (`TCP_USER_TIMEOUT` of tcp(7), RFC 5482).
#[cfg_attr(
    not(target_os = "linux"),
    expect(unused_variables, reason = "only Linux has this option")
)]
fn bound_writes(stream: &TcpStream, time: Option<Duration>) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(stream).set_tcp_user_timeout(time)?;
    Ok(())
}

/// Serves `router` on `listener` until `stop`, then lets requests in flight finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServerLimits,
    stop: CancellationToken,
) {
    let server = Server::new(router, limits, stop);
    server.accept_from(listener).await;
    server.finish().await;
}

impl Server {
    /// Serves nothing yet.
    pub fn new(router: Router, limits: ServerLimits, stop: CancellationToken) -> Self {
        Self {
            router,
            limits,
            places: Arc::new(Semaphore::new(limits.sockets)),
            connections: TaskTracker::new(),
            stop,
        }
    }

    /// Places for sockets, one of which each connection takes.
    pub fn places(&self) -> &Arc<Semaphore> {
        &self.places
    }

    async fn accept_from(&self, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = self.accept(&listener) => accepted,
            };
            match accepted {
                Ok(arrival) => self.serve_connection(arrival),
                Err(error) => {
                    warn!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn accept(&self, listener: &TcpListener) -> std::io::Result<Arrival> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(std::io::Error::other)?;
        let (stream, peer) = listener.accept().await?;
        // Nagle's algorithm would hold back every second small message for an acknowledgement.
        stream.set_nodelay(true)?;
        Ok(Arrival {
            stream,
            peer,
            read: Bytes::new(),
            extensions: Extensions::new(),
            place,
        })
    }

    /// Serves one connection, on a task of its own.
    pub fn serve_connection(&self, arrival: Arrival) {
        let (router, limits, stop) = (self.router.clone(), self.limits, self.stop.clone());
        self.connections
            .spawn(connection(arrival, router, limits, stop));
    }

    /// Waits for requests in flight, after the stop.
    pub async fn finish(&self) {
        self.connections.close();
        let finished = tokio::time::timeout(LINGER, self.connections.wait()).await;
        if finished.is_err() {
            let open = self.connections.len();
            warn!(open, "requests were still in flight at the end");
        }
    }
}

async fn connection(
    arrival: Arrival,
    router: Router,
    limits: ServerLimits,
    stop: CancellationToken,
) {
    let Arrival {
        stream,
        peer,
        read,
        extensions,
        place: _place,
    } = arrival;
    let first = std::sync::Mutex::new(Some(extensions));
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        let extensions = request.extensions_mut();
        if let Some(first) = first.lock().ok().and_then(|mut first| first.take()) {
            extensions.extend(first);
        }
        extensions.insert(PeerAddress(peer));
        extensions.insert(ReceivedAt(Instant::now()));
        router.clone().oneshot(request)
    });
    if let Err(error) = bound_writes(&stream, Some(limits.write_time)) {
        debug!(%error, %peer, "a client that takes nothing will not be noticed");
    }
    let (reader, writer) = stream.into_split();
    let replayed: Replayed = join(Cursor::new(read).chain(reader), OwnWords::new(writer));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(replayed), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        debug!(%error, %peer, "connection ended early");
    }
}
