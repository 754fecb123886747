//! Redis in every topology, each server on a loopback address of its own so that tests run side by side.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use common::store::{Store, StoreConfig};
use tempfile::TempDir;

use crate::{RedisServer, User, delivered, process::Process, redis::RedisOptions, until};

/// Where every one of them listens.
pub const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26_379;
const NAME: &str = "main";

/// An address that nobody else uses.
pub fn own_address() -> String {
    let [a, b, c] = rand::random::<[u8; 3]>();
    format!("127.{}.{b}.{}", a.max(1), c.clamp(1, 254))
}

/// The servers of a system.
pub enum Servers {
    /// One server.
    Single(RedisServer),
    /// A primary with a replica, and three sentinels.
    Sentinel(SentinelTrio),
    /// Three primaries, each with a replica.
    Cluster(RedisCluster),
}

/// Which kind of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Topology {
    /// One server.
    #[default]
    Single,
    /// A primary with a replica, and three sentinels.
    Sentinel,
    /// Three primaries, each with a replica.
    Cluster,
}

impl Servers {
    /// Starts them, and waits until they answer. `options` are for a single one.
    pub async fn start(topology: Topology, options: RedisOptions) -> Self {
        match topology {
            Topology::Single => Self::Single(RedisServer::start_with(options).await),
            Topology::Sentinel => Self::Sentinel(SentinelTrio::start().await),
            Topology::Cluster => Self::Cluster(RedisCluster::start().await),
        }
    }

    /// How a user finds them.
    pub fn url_of(&self, user: User) -> String {
        match self {
            Self::Single(server) => server.url_of(user),
            Self::Sentinel(trio) => trio.url_of(user),
            Self::Cluster(cluster) => cluster.url_of(user),
        }
    }

    /// What the servers have refused to a user for lack of a right, as each server tells it.
    pub async fn refused(&self) -> Vec<redis::Value> {
        let nodes = match self {
            Self::Single(server) => return server.refused().await,
            Self::Sentinel(trio) => &trio.nodes,
            Self::Cluster(cluster) => &cluster.nodes,
        };
        let mut refused = Vec::new();
        for node in nodes {
            match node.command(&["ACL", "LOG"]).await {
                Some(redis::Value::Array(entries)) => refused.extend(entries),
                other => refused.extend(other),
            }
        }
        refused
    }

    /// A store on them.
    pub fn store(&self) -> Store {
        store(self.url_of(User::Operator))
    }
}

/// A store at a URL.
///
/// # Panics
///
/// When the URL makes no sense.
pub fn store(url: String) -> Store {
    let config = StoreConfig {
        url,
        connections_max: 8,
        timeout: Duration::from_secs(5),
        new_epochs: true,
    };
    Store::new(&config).expect("a well-formed URL")
}

/// A server on an address of its own, with its data in a folder of its own.
pub struct Node {
    /// Its address.
    pub address: String,
    process: Process,
    folder: TempDir,
    options: Vec<String>,
}

impl Node {
    fn start(options: &[&str]) -> Self {
        let folder = TempDir::with_prefix("eddyline-node-").expect("a temporary folder");
        let address = own_address();
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let process = run(&folder, &address, &options);
        Self {
            address,
            process,
            folder,
            options,
        }
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the same data and address.
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = run(&self.folder, &self.address, &self.options);
    }

    /// Stops it in its tracks (`STOP`), or lets it go on (`CONT`).
    pub fn signal(&self, signal: &str) {
        self.process.signal(signal);
    }

    /// Runs a command on it; its answer, or nothing while it is away.
    pub async fn command(&self, words: &[&str]) -> Option<redis::Value> {
        let login = User::Operator.login();
        let client = redis::Client::open(format!("redis://{login}@{}:{PORT}", self.address));
        let connection = client.ok()?.get_multiplexed_async_connection().await;
        let mut connection = connection.ok()?;
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(word);
        }
        command.query_async(&mut connection).await.ok()
    }

    /// Its offset and those of its replicas, as a primary.
    async fn offsets(&self) -> Option<(u64, Vec<u64>)> {
        type Role = (String, u64, Vec<(String, String, u64)>);
        let role: Role = redis::from_redis_value(self.command(&["ROLE"]).await?).ok()?;
        Some((role.1, role.2.iter().map(|(.., at)| *at).collect()))
    }

    /// Whether it is a primary that a replica follows. One that was replaced while it was away comes back as a primary
    /// that nobody follows, until sentinels demote it.
    pub async fn is_followed(&self) -> bool {
        let offsets = self.offsets().await;
        offsets.is_some_and(|(_, replicas)| !replicas.is_empty())
    }

    /// Waits until a replica has all that this primary has now: what it lacks is lost in a failover.
    pub async fn wait_until_copied(&self) {
        let (now, _) = until("a primary", || self.offsets()).await;
        until("a replica to have it all", || async {
            let (_, replicas) = self.offsets().await?;
            replicas.iter().any(|at| *at >= now).then_some(())
        })
        .await;
    }

    /// Whether it is a primary.
    pub async fn is_primary(&self) -> bool {
        let Some(role) = self.command(&["ROLE"]).await else {
            return false;
        };
        format!("{role:?}").contains("master")
    }
}

fn run(folder: &TempDir, address: &str, options: &[String]) -> Process {
    let mut command = delivered::redis(folder.path());
    command
        // Loopback would hide which of its addresses a server speaks from.
        .args([
            "--bind-source-addr",
            address,
            "--replica-announce-ip",
            address,
        ])
        .args(["--cluster-announce-ip", address])
        .args(["--bind", address, "--port", &PORT.to_string()])
        .args(["--repl-diskless-sync-delay", "0", "--repl-timeout", "10"])
        .args(options);
    Process::start("redis-server", &mut command)
}

/// A primary with a replica, and three sentinels that replace it.
pub struct SentinelTrio {
    /// Primary first, at the start.
    pub nodes: Vec<Node>,
    sentinels: Vec<(String, Process)>,
    _folder: TempDir,
}

impl SentinelTrio {
    /// Starts it, and waits until the sentinels know each other and the replica.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub async fn start() -> Self {
        let primary = Node::start(&[]);
        let replica = Node::start(&["--replicaof", &format!("{} {PORT}", primary.address)]);
        let folder = TempDir::with_prefix("eddyline-sentinel-").expect("a temporary folder");
        let sentinels = (0..3).map(|number| sentinel(&folder, number, &primary.address));
        let trio = Self {
            sentinels: sentinels.collect(),
            nodes: vec![primary, replica],
            _folder: folder,
        };
        until("the sentinels to see all", || trio.is_whole()).await;
        let store = store(trio.url_of(User::Operator));
        until("the primary to answer", || async {
            store.ping().await.ok()
        })
        .await;
        trio
    }

    async fn is_whole(&self) -> Option<()> {
        for (address, _) in &self.sentinels {
            let client = redis::Client::open(format!("redis://{address}:{SENTINEL_PORT}")).ok()?;
            let mut connection = client.get_multiplexed_async_connection().await.ok()?;
            let mut ask = redis::cmd("SENTINEL");
            ask.arg("MASTER").arg(NAME);
            let seen: Vec<String> = ask.query_async(&mut connection).await.ok()?;
            let field = |name: &str| {
                let at = seen.iter().position(|field| field == name)?;
                seen.get(at + 1).cloned()
            };
            let complete = field("num-slaves")? == "1" && field("num-other-sentinels")? == "2";
            if !complete {
                return None;
            }
        }
        Some(())
    }

    /// By its sentinels, with the login of a user.
    pub fn url_of(&self, user: User) -> String {
        let hosts: Vec<String> = self
            .sentinels
            .iter()
            .map(|(address, _)| format!("{address}:{SENTINEL_PORT}"))
            .collect();
        let login = user.login();
        format!("redis+sentinel://{login}@{}/{NAME}", hosts.join(","))
    }

    /// The index of the node that is the primary.
    pub async fn primary(&self) -> Option<usize> {
        for (index, node) in self.nodes.iter().enumerate() {
            if node.is_primary().await {
                return Some(index);
            }
        }
        None
    }
}

fn sentinel(folder: &TempDir, number: usize, primary: &str) -> (String, Process) {
    let address = own_address();
    let path: PathBuf = folder.path().join(format!("sentinel-{number}.conf"));
    let config = format!(
        "bind {address}\nprotected-mode no\nport {SENTINEL_PORT}\ndir {}\n\
         sentinel announce-ip {address}\n\
         sentinel monitor {NAME} {primary} {PORT} 2\n\
         sentinel down-after-milliseconds {NAME} 1000\n\
         sentinel failover-timeout {NAME} 3000\n\
         sentinel auth-user {NAME} {}\n\
         sentinel auth-pass {NAME} {}\n",
        folder.path().display(),
        User::Sentinel.name(),
        User::Sentinel.password(),
    );
    fs::write(&path, config).expect("the folder is writable");
    let mut command = Command::new("redis-server");
    command.arg(&path).arg("--sentinel");
    (address, Process::start("sentinel", &mut command))
}

/// Three primaries, each with a replica.
pub struct RedisCluster {
    /// Primaries first, at the start.
    pub nodes: Vec<Node>,
}

impl RedisCluster {
    /// Starts it, and waits until every slot is served.
    ///
    /// # Panics
    ///
    /// When `redis-cli` can't make a cluster of it.
    pub async fn start() -> Self {
        let node = |_| {
            Node::start(&[
                "--cluster-enabled",
                "yes",
                "--cluster-node-timeout",
                "1500",
                "--cluster-require-full-coverage",
                "no",
                "--cluster-allow-reads-when-down",
                "no",
            ])
        };
        let cluster = Self {
            nodes: (0..6).map(node).collect(),
        };
        for node in &cluster.nodes {
            until("a node to answer", || node.command(&["PING"])).await;
        }
        // Bounded, since redis-cli waits for ever when nodes do not find each other.
        let mut create = Command::new("timeout");
        let operator = User::Operator;
        create.args(["30", "redis-cli", "--no-auth-warning", "--user"]);
        create.args([operator.name(), "--pass", &operator.password()]);
        create.args(["--cluster", "create"]);
        create.args(
            cluster
                .nodes
                .iter()
                .map(|node| format!("{}:{PORT}", node.address)),
        );
        create.args(["--cluster-replicas", "1", "--cluster-yes"]);
        let created = create.output().expect("redis-cli is there");
        let said = String::from_utf8_lossy(&created.stdout);
        assert!(created.status.success(), "{said}");
        let store = store(cluster.url_of(User::Operator));
        until("the cluster to answer", || async {
            store.ping().await.ok()
        })
        .await;
        for node in &cluster.nodes {
            until("every slot to be served", || async {
                let info = node.command(&["CLUSTER", "INFO"]).await?;
                format!("{info:?}")
                    .contains("cluster_state:ok")
                    .then_some(())
            })
            .await;
        }
        cluster
    }

    /// By half of its nodes, with the login of a user.
    pub fn url_of(&self, user: User) -> String {
        let hosts: Vec<String> = self.nodes[..3]
            .iter()
            .map(|node| format!("{}:{PORT}", node.address))
            .collect();
        format!("redis+cluster://{}@{}", user.login(), hosts.join(","))
    }
}
