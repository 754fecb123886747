//! A TCP proxy that can misbehave: cut, stall, delay or refuse the connections between two parts of a
//! system.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::JoinHandle,
};

/// Where connections go.
#[derive(Debug, Clone)]
pub enum Target {
    /// A socket of this machine.
    Unix(PathBuf),
    /// `host:port`.
    Tcp(String),
}

/// What happens to connections; those born before a number suffer.
#[derive(Debug, Clone, Copy, Default)]
struct Weather {
    cut_before: u64,
    stalled_before: u64,
    delay: Duration,
    refuse: bool,
}

/// A running proxy; dropping it ends all of its connections.
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    born: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.task.abort();
    }
}

impl Proxy {
    /// Starts one on a free port.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn start(target: Target) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let weather = watch::Sender::new(Weather::default());
        let born = Arc::new(AtomicU64::new(1));
        let task = tokio::spawn(accept(
            listener,
            target,
            weather.subscribe(),
            Arc::clone(&born),
        ));
        Self {
            address,
            weather,
            born,
            task,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection that there is.
    pub fn cut(&self) {
        let next = self.born.load(Ordering::SeqCst);
        self.weather
            .send_modify(|weather| weather.cut_before = next);
    }

    /// Lets nothing through on any connection that there is, for good: it stays open and dead.
    pub fn stall(&self) {
        let next = self.born.load(Ordering::SeqCst);
        self.weather
            .send_modify(|weather| weather.stalled_before = next);
    }

    /// Holds everything back for so long.
    pub fn delay(&self, delay: Duration) {
        self.weather.send_modify(|weather| weather.delay = delay);
    }

    /// Takes no new connections, or takes them again.
    pub fn refuse(&self, refuse: bool) {
        self.weather.send_modify(|weather| weather.refuse = refuse);
    }
}

async fn accept(
    listener: TcpListener,
    target: Target,
    weather: watch::Receiver<Weather>,
    born: Arc<AtomicU64>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let number = born.fetch_add(1, Ordering::SeqCst);
        let (target, weather) = (target.clone(), weather.clone());
        tokio::spawn(async move {
            if weather.borrow().refuse {
                return;
            }
            // A target that is away ends the connection, as it would without us.
            match target {
                Target::Unix(path) => {
                    if let Ok(server) = UnixStream::connect(path).await {
                        join(client, server, number, weather).await;
                    }
                }
                Target::Tcp(address) => {
                    if let Ok(server) = TcpStream::connect(address).await {
                        join(client, server, number, weather).await;
                    }
                }
            }
        });
    }
}

async fn join(
    client: TcpStream,
    server: impl AsyncRead + AsyncWrite + Unpin,
    number: u64,
    weather: watch::Receiver<Weather>,
) {
    let (client_reads, client_writes) = tokio::io::split(client);
    let (server_reads, server_writes) = tokio::io::split(server);
    let mut over = weather.clone();
    tokio::select! {
        () = forward(client_reads, server_writes, number, weather.clone()) => {}
        () = forward(server_reads, client_writes, number, weather) => {}
        _ = over.wait_for(|weather| number < weather.cut_before) => {}
    }
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    number: u64,
    weather: watch::Receiver<Weather>,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let Weather {
            delay,
            stalled_before,
            ..
        } = *weather.borrow();
        if number < stalled_before {
            // Open and dead, until it is cut.
            std::future::pending::<()>().await;
        }
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
