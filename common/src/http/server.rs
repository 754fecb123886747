//! The accept loop: one task a connection, headers in time, upgrades allowed, a bounded number of
//! sockets, and an end that lets requests in flight finish.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{Router, body::Body, extract::FromRequestParts};
use http::{Request, request::Parts};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;
use tracing::{debug, warn};

/// Bytes of request line and headers.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Pause after `accept` failed, mostly for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections whose first request is being served at once: each holds tens of kilobytes for that
/// moment, which a storm of thousands must not add up to.
const ARRIVING_MAX: usize = 256;
/// Whoever takes longer for its first request does not hold the others up.
const ARRIVE_WITHIN: Duration = Duration::from_millis(200);
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
}

/// Serves `router` until `stop`, then lets requests in flight finish. Upgraded connections are the
/// router's own business.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServerLimits,
    stop: CancellationToken,
) {
    let permits = Arc::new(Semaphore::new(limits.sockets));
    let arriving = Arc::new(Semaphore::new(ARRIVING_MAX));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &permits, &arriving) => accepted,
        };
        match accepted {
            Ok(accepted) => {
                connections.spawn(connection(accepted, router.clone(), limits, stop.clone()));
            }
            Err(error) => {
                warn!(%error, "accept failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(LINGER, connections.wait())
        .await
        .is_err()
    {
        warn!(
            open = connections.len(),
            "requests were still in flight at the end"
        );
    }
}

struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    arriving: Arriving,
    _socket: OwnedSemaphorePermit,
}

/// The place of a connection whose first request is still to be answered.
#[derive(Clone)]
struct Arriving(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Arriving {
    /// Makes place for the next one.
    fn leave(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
    arriving: &Arc<Semaphore>,
) -> std::io::Result<Accepted> {
    let place = |places: &Arc<Semaphore>| Arc::clone(places).acquire_owned();
    let socket = place(permits).await.map_err(std::io::Error::other)?;
    let arriving = place(arriving).await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    // Nagle's algorithm would hold back every second small message for an acknowledgement.
    stream.set_nodelay(true)?;
    Ok(Accepted {
        stream,
        peer,
        arriving: Arriving(Arc::new(Mutex::new(Some(arriving)))),
        _socket: socket,
    })
}

async fn connection(
    accepted: Accepted,
    router: Router,
    limits: ServerLimits,
    stop: CancellationToken,
) {
    let Accepted {
        stream,
        peer,
        arriving,
        _socket,
    } = accepted;
    let first = arriving.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (router, first) = (router.clone(), first.clone());
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(PeerAddress(peer));
            request.extensions_mut().insert(ReceivedAt(Instant::now()));
            let Ok(response) = router.oneshot(request).await;
            first.leave();
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let mut late = std::pin::pin!(tokio::time::sleep(ARRIVE_WITHIN));
    let result = loop {
        tokio::select! {
            result = connection.as_mut() => break result,
            () = late.as_mut(), if !late.is_elapsed() => arriving.leave(),
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                break connection.await;
            }
        }
    };
    if let Err(error) = result {
        debug!(%error, %peer, "connection ended early");
    }
}
