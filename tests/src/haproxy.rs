//! HAProxy with the deployment's own configuration, in front of the services of a test.

use std::{fs, process::Command};

use tempfile::TempDir;

use crate::{delivered, process::Process, servers::own_address, until};

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
        let backends = Command::new(delivered::path("haproxy/backends"))
            .args([ingests.join(" "), gateways.join(" ")])
            .output();
        let backends = backends.expect("a shell").stdout;
        fs::write(folder.path().join("backends.cfg"), backends).expect("writable");
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
        self.process.signal("TERM");
        self.process.wait();
        self.process = run(&self.folder, &self.address);
    }

    /// Has it read its configuration again.
    pub fn reload(&self) {
        self.process.signal("USR2");
    }
}

fn run(folder: &TempDir, address: &str) -> Process {
    let mut command = Command::new(delivered::path("haproxy/start"));
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .env("PATH", format!("{path}:/usr/sbin"))
        .env("BIND", format!("{address}:{PORT}"))
        .env("MAXCONN", "4000")
        .arg(folder.path().join("backends.cfg"));
    Process::start("haproxy", &mut command).with_children()
}
