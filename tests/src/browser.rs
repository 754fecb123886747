//! A real Chromium, driven over WebDriver.

use std::{os::unix::process::CommandExt, process::Command};

use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::Process;

/// A browser with a profile of its own.
pub struct Browser {
    /// The driver's client.
    pub client: Client,
    _driver: Process,
    _profile: TempDir,
}

impl Browser {
    /// Starts one with a window of that size, in pixels.
    ///
    /// # Panics
    ///
    /// When `chromium` and `chromedriver` are not installed.
    pub async fn start(width: u32, height: u32) -> Self {
        let profile = TempDir::with_prefix("eddyline-browser-").expect("a temporary folder");
        let mut command = Command::new("chromedriver");
        command
            .arg("--port=0")
            .env("TMPDIR", profile.path())
            .process_group(0);
        let mut driver = Process::start("chromedriver", &mut command).with_group();
        let port = driver.wait_for("started successfully on port ");
        let port = port.trim_end_matches('.');
        let options = json!({ "args": [
            "--headless=new",
            // Tests also run as root in a container, where there is no sandbox.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ] });
        let Value::Object(capabilities) = json!({ "goog:chromeOptions": options }) else {
            unreachable!("an object was written");
        };
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser starts");
        Self {
            client,
            _driver: driver,
            _profile: profile,
        }
    }

    /// Runs a script that ends by calling its last argument with a value.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        let value = self.client.execute_async(script, arguments).await;
        value.expect("the script runs")
    }

    /// Ends it.
    ///
    /// # Panics
    ///
    /// When it ends badly.
    pub async fn close(self) {
        self.client.close().await.expect("the browser ends");
    }
}
