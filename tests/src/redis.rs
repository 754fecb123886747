//! A `redis-server` of the test's own, on a socket in a folder of its own.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use common::store::{Store, StoreConfig};
use tempfile::TempDir;

use crate::{User, delivered, process::Process, until};

/// Where Redis keeps its append-only file.
const DATA: &str = "appendonlydir";

/// How one is started, beside what is delivered.
#[derive(Debug, Clone, Default)]
pub struct RedisOptions {
    /// Further arguments.
    pub arguments: Vec<String>,
    /// How large a file may grow, in KiB: a disk that is full.
    pub file_kib_max: Option<u64>,
}

/// A running Redis.
pub struct RedisServer {
    process: Process,
    folder: TempDir,
    options: RedisOptions,
}

impl RedisServer {
    /// Starts one as it is delivered, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When `redis-server` is not installed.
    pub async fn start() -> Self {
        Self::start_with(RedisOptions::default()).await
    }

    /// The same with options of the test's own.
    ///
    /// # Panics
    ///
    /// When `redis-server` is not installed.
    pub async fn start_with(options: RedisOptions) -> Self {
        let folder = TempDir::with_prefix("eddyline-redis-").expect("a temporary folder");
        let process = Process::start("redis-server", &mut command(&folder, &options));
        let server = Self {
            process,
            folder,
            options,
        };
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
        self.process = Process::start("redis-server", &mut command(&self.folder, &self.options));
        self.wait_until_ready().await;
    }

    /// Sets the memory that it may use: `1` leaves no room for anything more, `0` is no limit.
    ///
    /// # Panics
    ///
    /// When it does not answer.
    pub async fn set_memory_max(&self, bytes: u64) {
        let client = redis::Client::open(self.url()).expect("a URL");
        let connection = client.get_multiplexed_async_connection().await;
        let mut connection = connection.expect("Redis answers");
        let mut set = redis::cmd("CONFIG");
        set.arg("SET").arg("maxmemory").arg(bytes);
        set.query_async::<()>(&mut connection).await.expect("set");
    }

    /// What it has refused to a user for lack of a right.
    ///
    /// # Panics
    ///
    /// When it does not answer.
    pub async fn refused(&self) -> Vec<redis::Value> {
        let client = redis::Client::open(self.url()).expect("a URL");
        let connection = client.get_multiplexed_async_connection().await;
        let mut connection = connection.expect("Redis answers");
        let mut log = redis::cmd("ACL");
        log.arg("LOG")
            .query_async(&mut connection)
            .await
            .expect("a log")
    }

    /// Gives it other options from its next start on.
    pub fn set_options(&mut self, options: RedisOptions) {
        self.options = options;
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !self.process.is_running()
    }

    /// Keeps a copy of its data, as a backup does; it must have been stopped.
    ///
    /// # Panics
    ///
    /// When the copy can't be made.
    pub fn back_up(&self) -> TempDir {
        let backup = TempDir::with_prefix("eddyline-backup-").expect("a temporary folder");
        copy(&self.data(), &backup.path().join(DATA));
        backup
    }

    /// Replaces its data by a copy of before; it must have been stopped.
    ///
    /// # Panics
    ///
    /// When it can't be replaced.
    pub fn restore(&self, backup: &TempDir) {
        std::fs::remove_dir_all(self.data()).expect("it has data");
        copy(&backup.path().join(DATA), &self.data());
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join(DATA)
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
            new_epochs: true,
        };
        Store::new(&config).expect("a well-formed URL")
    }

    async fn wait_until_ready(&self) {
        let store = self.store();
        until("redis to answer", || async { store.ping().await.ok() }).await;
    }
}

fn command(folder: &TempDir, options: &RedisOptions) -> Command {
    let mut command = delivered::redis(folder.path());
    command
        .args(["--port", "0", "--unixsocket"])
        .arg(folder.path().join("redis.sock"))
        .args(&options.arguments);
    match options.file_kib_max {
        Some(kib) => limited(&command, kib),
        None => command,
    }
}

/// The command with a limit of how large its files may grow: writes beyond it fail, as on a full disk.
fn limited(command: &Command, kib: u64) -> Command {
    let mut shell = Command::new("bash");
    shell
        .args(["-c", &format!("trap '' XFSZ; ulimit -f {kib}; exec \"$@\"")])
        .arg("limited")
        .arg(command.get_program())
        .args(command.get_args());
    let set = command.get_envs();
    shell.envs(set.filter_map(|(name, value)| Some((name, value?))));
    shell
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a new folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}
