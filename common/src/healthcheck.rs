//! The subcommand by which a container asks its own service whether it is ready. Images need no HTTP client for it.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::Duration,
};

use clap::Subcommand;

/// Bytes of an answer that are read at most.
const ANSWER_BYTES_MAX: u64 = 4096;
const TIMEOUT: Duration = Duration::from_secs(2);

/// What a service's binary does beside serving.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Command {
    /// Ask the service that listens on --listen whether it is ready: exits with 0 if it is, else prints its answer
    /// and exits with 1.
    Healthcheck,
}

/// Asks `/ready` of the service that listens on `listen`.
pub fn run(listen: SocketAddr) -> ExitCode {
    match ask(listen) {
        Ok(answer) if answer.starts_with("HTTP/1.1 200 ") => ExitCode::SUCCESS,
        Ok(answer) => {
            println!("{}", answer.replace("\r\n", " "));
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("no answer from {listen}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn ask(listen: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&reachable(listen), TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A service that listens on every address is asked on the loopback one.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
