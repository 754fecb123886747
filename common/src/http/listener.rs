//! Listening sockets made for storms of connections.

use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tracing::warn;

/// Connections that wait to be accepted at one socket; the kernel allows `net.core.somaxconn` at most.
const BACKLOG: u32 = 4096;
/// Sockets that listen on one address.
#[cfg(target_os = "linux")]
const SOCKETS_MAX: u32 = 64;

/// Listens on `address`; port 0 takes a free one.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::from_std(open(address, BACKLOG, false)?.into())
}

/// Listens on `address` with as many sockets as let `waiting` connections wait to be accepted; port 0 takes a
/// free one. A queue that overflows when thousands come at once makes them try again after 1, 3 and 7 s.
pub fn listen_widely(
    address: SocketAddr,
    waiting: u32,
) -> std::io::Result<Vec<std::net::TcpListener>> {
    let queue = waiting.min(longest_queue()).max(1);
    let listeners = listen_with_queues(address, waiting, queue)?;
    let room = queue.saturating_mul(u32::try_from(listeners.len()).unwrap_or(u32::MAX));
    if room < waiting {
        warn!(
            waiting,
            room, "fewer can wait to be accepted: net.core.somaxconn is small"
        );
    }
    Ok(listeners)
}

/// What the kernel allows one socket.
fn longest_queue() -> u32 {
    let read = std::fs::read_to_string("/proc/sys/net/core/somaxconn");
    let allowed = read.ok().and_then(|text| text.trim().parse().ok());
    allowed.unwrap_or(BACKLOG)
}

/// Linux spreads those who come over the sockets at random, so that none is much fuller than others.
fn listen_with_queues(
    address: SocketAddr,
    waiting: u32,
    queue: u32,
) -> std::io::Result<Vec<std::net::TcpListener>> {
    // Sockets that share a port would share it with another process, too: the first one takes it alone.
    let first = open(address, queue, false)?;
    let mut sockets = vec![];
    #[cfg(target_os = "linux")]
    if waiting > queue {
        first.set_reuse_port(true)?;
        let address = first.local_addr()?.as_socket().unwrap_or(address);
        for _ in 1..waiting.div_ceil(queue).min(SOCKETS_MAX) {
            sockets.push(open(address, queue, true)?.into());
        }
    }
    sockets.push(first.into());
    Ok(sockets)
}

fn open(address: SocketAddr, backlog: u32, shared: bool) -> std::io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(shared)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok(socket)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{
        net::{SocketAddr, TcpStream},
        time::Duration,
    };

    use super::listen_with_queues;

    const QUEUE: u32 = 16;
    const COMING: usize = 64;

    fn anywhere() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    /// How many get in with nobody to accept them.
    fn let_in(waiting: u32) -> usize {
        let listeners = listen_with_queues(anywhere(), waiting, QUEUE).expect("a port");
        let address = listeners[0].local_addr().expect("an address");
        let come = || TcpStream::connect_timeout(&address, Duration::from_secs(2)).ok();
        let inside: Vec<_> = (0..COMING).map_while(|_| come()).collect();
        inside.len()
    }

    #[test]
    fn as_many_wait_as_are_wanted_whatever_one_queue_holds() {
        assert_eq!(let_in(16 * QUEUE), COMING);
        assert!(let_in(QUEUE) < COMING);
    }

    #[test]
    fn a_port_that_is_taken_is_an_error() {
        let first = listen_with_queues(anywhere(), 4 * QUEUE, QUEUE).expect("a port");
        assert_eq!(first.len(), 4);
        let address = first[0].local_addr().expect("an address");
        assert!(listen_with_queues(address, 4 * QUEUE, QUEUE).is_err());
        assert!(listen_with_queues(address, QUEUE, QUEUE).is_err());
        let addresses = first
            .iter()
            .map(|one| one.local_addr().expect("an address"));
        assert!(addresses.into_iter().all(|one| one == address));
    }
}
