//! HAProxy with the deployment's own configuration, in front of the services of a test.

use std::{fs, process::Command};

use tempfile::TempDir;

use crate::{process::Process, servers::own_address, until};

const PORT: u16 = 3000;

/// A running HAProxy.
pub struct HaProxy {
    /// `http://address:port`, where everything is.
    pub origin: String,
    process: Process,
    folder: TempDir,
    address: String,
}

impl HaProxy {
    /// Starts it in front of services at these `host:port`s.
    ///
    /// # Panics
    ///
    /// When `haproxy` is not installed, or no gateway gets ready.
    pub async fn start(ingests: &[String], gateways: &[String]) -> Self {
        let folder = TempDir::with_prefix("eddyline-haproxy-").expect("a temporary folder");
        let backends = [
            backend("ingest", "roundrobin", "/ready", ingests),
            backend("gateways", "leastconn", "/ready", gateways),
            backend("gateways_from_memory", "leastconn", "/serving", gateways),
        ];
        fs::write(folder.path().join("backends.cfg"), backends.concat()).expect("writable");
        let address = own_address();
        let process = run(&folder, &address);
        let haproxy = Self {
            origin: format!("http://{address}:{PORT}"),
            process,
            folder,
            address,
        };
        until("a gateway to be ready", || async {
            let ready = reqwest::get(format!("{}/ready", haproxy.origin))
                .await
                .ok()?;
            ready.status().is_success().then_some(())
        })
        .await;
        haproxy
    }

    /// Ends it with all of its connections, and starts it again.
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = run(&self.folder, &self.address);
    }
}

fn run(folder: &TempDir, address: &str) -> Process {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/haproxy/haproxy.cfg");
    let mut command = Command::new("/usr/sbin/haproxy");
    command
        .env("BIND", format!("{address}:{PORT}"))
        .env("MAXCONN", "4000")
        .args(["-f", config, "-f"])
        .arg(folder.path().join("backends.cfg"))
        .arg("-db");
    Process::start("haproxy", &mut command)
}

fn backend(name: &str, balance: &str, check: &str, servers: &[String]) -> String {
    let mut text =
        format!("backend {name}\n    balance {balance}\n    option httpchk GET {check}\n");
    for (number, address) in servers.iter().enumerate() {
        let server = format!("server {name}-{number} {address} check inter 200ms fall 2 rise 1");
        text.extend(["    ", &server, "\n"]);
    }
    text
}
