//! Redis, ingest and gateways, as many as a test wants.

use std::process::Command;

use crate::{
    Api, RedisServer, Servers, Spectator, Topology, User,
    process::{Process, binary},
    proxy::{Proxy, Target},
    redis::RedisOptions,
    servers::own_address,
    spectator::Refused,
};

/// What to start.
#[derive(Debug, Clone)]
pub struct StackConfig {
    /// Ingest processes.
    pub ingests: usize,
    /// Gateway processes.
    pub gateways: usize,
    /// What kind of Redis.
    pub topology: Topology,
    /// How a single one is started.
    pub redis: RedisOptions,
    /// Whether each service reaches the one server over a proxy of its own.
    pub proxied: bool,
    /// Further flags of every ingest process.
    pub ingest_flags: Vec<String>,
    /// Further flags of one ingest process each.
    pub ingest_flags_of_each: Vec<Vec<String>>,
    /// Further flags of each gateway.
    pub gateway_flags: Vec<String>,
}

impl Default for StackConfig {
    fn default() -> Self {
        Self {
            ingests: 1,
            gateways: 1,
            topology: Topology::Single,
            redis: RedisOptions::default(),
            proxied: false,
            ingest_flags: Vec::new(),
            ingest_flags_of_each: Vec::new(),
            gateway_flags: Vec::new(),
        }
    }
}

/// One of our services.
pub struct Service {
    /// The process.
    pub process: Process,
    /// `http://address:port`
    pub origin: String,
    /// `address:port`, which it keeps when it is started again.
    pub address: String,
    /// What is between it and Redis.
    pub proxy: Option<Proxy>,
    name: &'static str,
    redis_url: String,
    flags: Vec<String>,
}

impl Service {
    /// Starts it again on the same address.
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = run(self.name, &self.address, &self.redis_url, &self.flags);
    }
}

/// A running system.
pub struct Stack {
    /// Its ingest processes.
    pub ingests: Vec<Service>,
    /// Its gateways.
    pub gateways: Vec<Service>,
    /// Its Redis; last, so that it outlives the others.
    pub servers: Servers,
    config: StackConfig,
}

impl Stack {
    /// One ingest and one gateway in development mode.
    pub async fn start() -> Self {
        Self::with(StackConfig::default()).await
    }

    /// Two of each.
    pub async fn pair() -> Self {
        let config = StackConfig {
            ingests: 2,
            gateways: 2,
            ..StackConfig::default()
        };
        Self::with(config).await
    }

    /// What `config` says.
    pub async fn with(config: StackConfig) -> Self {
        let servers = Servers::start(config.topology, config.redis.clone()).await;
        let mut flags = vec!["--dev-mode".to_owned()];
        flags.extend(config.ingest_flags.iter().cloned());
        if !flags.iter().any(|flag| flag.starts_with("--drain-seconds")) {
            flags.push("--drain-seconds=0".to_owned());
        }
        let mut stack = Self {
            ingests: Vec::new(),
            gateways: Vec::new(),
            servers,
            config,
        };
        for number in 0..stack.config.ingests {
            let mut flags = flags.clone();
            let own = stack.config.ingest_flags_of_each.get(number);
            flags.extend(own.into_iter().flatten().cloned());
            let ingest = stack.service("ingest-svc", flags).await;
            stack.ingests.push(ingest);
        }
        for _ in 0..stack.config.gateways {
            stack.add_gateway().await;
        }
        stack
    }

    /// Starts one more gateway.
    pub async fn add_gateway(&mut self) {
        let flags = self.config.gateway_flags.clone();
        let gateway = self.service("gateway-svc", flags).await;
        self.gateways.push(gateway);
    }

    async fn service(&self, name: &'static str, flags: Vec<String>) -> Service {
        let proxy = match &self.servers {
            Servers::Single(server) if self.config.proxied => {
                Some(Proxy::start(Target::Unix(server.socket())).await)
            }
            _ => None,
        };
        let user = User::of(name);
        let redis_url = match &proxy {
            Some(proxy) => format!("redis://{}@{}", user.login(), proxy.address()),
            None => self.servers.url_of(user),
        };
        let address = format!("{}:8080", own_address());
        Service {
            process: run(name, &address, &redis_url, &flags),
            origin: format!("http://{address}"),
            address,
            proxy,
            name,
            redis_url,
            flags,
        }
    }

    /// The one server.
    ///
    /// # Panics
    ///
    /// When there are several.
    pub fn redis(&self) -> &RedisServer {
        match &self.servers {
            Servers::Single(server) => server,
            _ => panic!("there are several servers"),
        }
    }

    /// The one server, to be mistreated.
    ///
    /// # Panics
    ///
    /// When there are several.
    pub fn redis_mut(&mut self) -> &mut RedisServer {
        match &mut self.servers {
            Servers::Single(server) => server,
            _ => panic!("there are several servers"),
        }
    }

    /// Calls to the first ingest process.
    pub fn ingest(&self) -> Api {
        self.ingest_at(0)
    }

    /// Calls to one of the ingest processes.
    pub fn ingest_at(&self, index: usize) -> Api {
        Api::new(&self.ingests[index].origin)
    }

    /// Calls to one of the gateways.
    pub fn gateway_at(&self, index: usize) -> Api {
        Api::new(&self.gateways[index].origin)
    }

    /// Connects a spectator to one of the gateways.
    pub async fn try_watch(&self, gateway: usize, event_id: &str) -> Result<Spectator, Refused> {
        Spectator::connect(&self.gateways[gateway].origin, event_id).await
    }

    /// Connects a spectator that must be let in.
    ///
    /// # Panics
    ///
    /// When it is refused.
    pub async fn watch(&self, gateway: usize, event_id: &str) -> Spectator {
        self.try_watch(gateway, event_id)
            .await
            .expect("the spectator is let in")
    }
}

fn run(name: &str, address: &str, redis_url: &str, flags: &[String]) -> Process {
    let mut command = Command::new(binary(name));
    command
        .env("REDIS_URL", redis_url)
        .env("RUST_LOG", "info")
        .args(["--listen", address])
        .args(flags);
    let mut process = Process::start(name, &mut command);
    process.wait_for("listening address=");
    process
}
