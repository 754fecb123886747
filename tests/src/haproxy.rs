//! HAProxy with the deployment's own configuration, in front of the services of a test.

use std::{fs, process::Command};

use tempfile::TempDir;

use crate::{delivered, process::Process, servers::own_address, until};

const PORT: u16 = 3000;
const HEALTH_PORT: u16 = 8404;

/// A running HAProxy.
pub struct HaProxy {
    /// `http://address:port` or `https://address:port`, where everything is.
    pub origin: String,
    /// Where it listens.
    pub address: String,
    process: Process,
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

impl HaProxy {
    /// Starts it in front of services at these `host:port`s.
    ///
    /// # Panics
    ///
    /// When `haproxy` is not installed, or no gateway gets ready.
    pub async fn start(ingests: &[String], gateways: &[String]) -> Self {
        let plain = |_: &str| Vec::new();
        Self::start_with(ingests, gateways, plain).await
    }

    /// The same with further settings for the address that it will have.
    ///
    /// # Panics
    ///
    /// As `start`.
    pub async fn start_with(
        ingests: &[String],
        gateways: &[String],
        settings: impl FnOnce(&str) -> Vec<(&'static str, String)>,
    ) -> Self {
        let folder = TempDir::with_prefix("eddyline-haproxy-").expect("a temporary folder");
        let backends = Command::new(delivered::path("haproxy/backends"))
            .args([ingests.join(" "), gateways.join(" ")])
            .output();
        let backends = backends.expect("a shell").stdout;
        fs::write(folder.path().join("backends.cfg"), backends).expect("writable");
        let address = own_address();
        let health = format!("{address}:{HEALTH_PORT}");
        let mut environment = settings(&address);
        let scheme = if environment.iter().any(|(name, _)| *name == "TLS_CERT") {
            "https"
        } else {
            "http"
        };
        environment.push(("BIND", format!("{address}:{PORT}")));
        environment.push(("HEALTH_BIND", health.clone()));
        environment.push(("MAXCONN", "4000".to_owned()));
        let process = run(&folder, &environment);
        let haproxy = Self {
            origin: format!("{scheme}://{address}:{PORT}"),
            address,
            process,
            folder,
            environment,
        };
        until("a gateway to be ready", || async {
            let healthy = sim::http::get(format!("http://{health}/health")).await;
            healthy.ok()?.status().is_success().then_some(())
        })
        .await;
        haproxy
    }

    /// Ends it with all of its connections, and starts it again.
    pub fn restart(&mut self) {
        self.process.signal("TERM");
        self.process.wait();
        self.process = run(&self.folder, &self.environment);
    }

    /// Has it read its configuration again.
    pub fn reload(&self) {
        self.process.signal("USR2");
    }
}

fn run(folder: &TempDir, environment: &[(&'static str, String)]) -> Process {
    let mut command = Command::new(delivered::path("haproxy/start"));
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .env("PATH", format!("{path}:/usr/sbin"))
        .envs(environment.iter().cloned())
        .arg(folder.path().join("backends.cfg"));
    Process::start("haproxy", &mut command).with_children()
}
