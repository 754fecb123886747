//! A `redis-server` of the test's own, on a socket in a folder of its own.

use std::{path::PathBuf, process::Command, time::Duration};

use common::store::{Store, StoreConfig};
use tempfile::TempDir;

use crate::{User, delivered, process::Process, until};

/// A running Redis.
pub struct RedisServer {
    process: Process,
    folder: TempDir,
}

impl RedisServer {
    /// Starts one as it is delivered, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When `redis-server` is not installed.
    pub async fn start() -> Self {
        let folder = TempDir::with_prefix("eddyline-redis-").expect("a temporary folder");
        let process = Process::start("redis-server", &mut command(&folder));
        let server = Self { process, folder };
        server.wait_until_ready().await;
        server
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(&mut self) {
        self.process.signal("TERM");
        self.process.wait();
    }

    /// Starts it again on the same data.
    pub async fn restart(&mut self) {
        self.process.kill();
        self.process = Process::start("redis-server", &mut command(&self.folder));
        self.wait_until_ready().await;
    }

    /// Stops it in its tracks (`STOP`), or lets it go on (`CONT`).
    pub fn signal(&self, signal: &str) {
        self.process.signal(signal);
    }

    /// The process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Ends all connections of that type (`normal`, `pubsub`) from the server's side.
    pub async fn kill_clients(&self, kind: &str) {
        let Ok(client) = redis::Client::open(self.url()) else {
            return;
        };
        if let Ok(mut connection) = client.get_multiplexed_async_connection().await {
            let mut kill = redis::cmd("CLIENT");
            kill.arg("KILL")
                .arg("TYPE")
                .arg(kind)
                .arg("SKIPME")
                .arg("yes");
            // A server that is away has no connections either.
            let _ = kill.query_async::<redis::Value>(&mut connection).await;
        }
    }

    /// Where it listens, for the tests' own user.
    pub fn url(&self) -> String {
        self.url_of(User::Operator)
    }

    /// Where it listens, with the login of a user.
    pub fn url_of(&self, user: User) -> String {
        let (socket, name, password) = (self.socket(), user.name(), user.password());
        format!(
            "redis+unix://{}?user={name}&pass={password}",
            socket.display()
        )
    }

    /// Its socket file.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// A store on it.
    ///
    /// # Panics
    ///
    /// Never: the URL is well-formed.
    pub fn store(&self) -> Store {
        let config = StoreConfig {
            url: self.url(),
            connections_max: 8,
            timeout: Duration::from_secs(5),
        };
        Store::new(&config).expect("a well-formed URL")
    }

    async fn wait_until_ready(&self) {
        let store = self.store();
        until("redis to answer", || async { store.ping().await.ok() }).await;
    }
}

fn command(folder: &TempDir) -> Command {
    let mut command = delivered::redis(folder.path());
    command
        .args(["--port", "0", "--unixsocket"])
        .arg(folder.path().join("redis.sock"));
    command
}
