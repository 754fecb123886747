//! A real Chromium, driven over WebDriver.

use std::{fs, os::unix::process::CommandExt, path::PathBuf, process::Command};

use fantoccini::{Client, ClientBuilder, wd::WebDriverCompatibleCommand};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::Process;

/// Where tests leave pictures of what they saw, for people to look at.
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/pictures");

/// A browser with a profile of its own.
pub struct Browser {
    /// The driver's client.
    pub client: Client,
    _driver: Process,
    _profile: TempDir,
}

/// A command that only this driver has.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

/// How a browser is started.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Width of the page, in pixels.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// Whether it is a phone.
    pub mobile: bool,
    /// What its person reads, such as `cs`.
    pub language: &'static str,
}

impl Look {
    /// A phone held upright.
    pub const PHONE: Self = Self {
        width: 390,
        height: 844,
        mobile: true,
        language: "cs",
    };
    /// The large screen at the venue.
    pub const BOARD: Self = Self {
        width: 1920,
        height: 1080,
        mobile: false,
        language: "cs",
    };

    /// The same in another language.
    #[must_use]
    pub fn in_language(self, language: &'static str) -> Self {
        Self { language, ..self }
    }
}

impl Browser {
    /// Starts one with a window of that size, in pixels.
    ///
    /// # Panics
    ///
    /// When `chromium` and `chromedriver` are not installed.
    pub async fn start(width: u32, height: u32) -> Self {
        Self::with(Look {
            width,
            height,
            mobile: false,
            language: "en",
        })
        .await
    }

    /// Starts one that looks like `look`.
    ///
    /// # Panics
    ///
    /// When `chromium` and `chromedriver` are not installed.
    pub async fn with(look: Look) -> Self {
        let profile = TempDir::with_prefix("eddyline-browser-").expect("a temporary folder");
        let mut command = Command::new("chromedriver");
        command
            .arg("--port=0")
            .env("TMPDIR", profile.path())
            .process_group(0);
        let mut driver = Process::start("chromedriver", &mut command).with_group();
        let port = driver.wait_for("started successfully on port ");
        let port = port.trim_end_matches('.');
        let Look {
            width,
            height,
            language,
            ..
        } = look;
        let capabilities = json!({
            "goog:chromeOptions": {
                "args": [
                    "--headless=new",
                    // Tests also run as root in a container, where there is no sandbox.
                    "--no-sandbox",
                    "--disable-dev-shm-usage",
                    "--disable-gpu",
                    format!("--window-size={width},{height}"),
                    format!("--accept-lang={language}"),
                    format!("--user-data-dir={}", profile.path().display()),
                ],
                "prefs": { "intl.accept_languages": language },
            },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else {
            unreachable!("an object was written");
        };
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser starts");
        let browser = Self {
            client,
            _driver: driver,
            _profile: profile,
        };
        // A window is never as narrow as a phone.
        let metrics = json!({ "width": width, "height": height, "mobile": look.mobile, "deviceScaleFactor": 1 });
        browser
            .devtools("Emulation.setDeviceMetricsOverride", metrics)
            .await;
        browser
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

    /// The value of a JavaScript expression.
    ///
    /// # Panics
    ///
    /// When it throws.
    pub async fn value(&self, expression: &str) -> Value {
        let value = self
            .client
            .execute(&format!("return {expression};"), vec![])
            .await;
        value.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// Waits until a JavaScript expression holds.
    ///
    /// # Panics
    ///
    /// When it does not within half a minute.
    pub async fn wait(&self, expression: &str) {
        let script = format!(
            "const done = arguments[0];
            const look = () => (({expression}) ? done(true) : setTimeout(look, 20));
            look();"
        );
        if let Err(error) = self.client.execute_async(&script, vec![]).await {
            let page = self.value("document.body.innerText").await;
            panic!("never: {expression}\n{error}\nthe page says: {page}");
        }
    }

    /// A command of the developer tools protocol.
    ///
    /// # Panics
    ///
    /// When it fails.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        let own = Own {
            path: "goog/cdp/execute",
            body,
        };
        self.client.issue_cmd(own).await.expect("the tools answer")
    }

    /// Bytes that the page's script holds once garbage is collected.
    ///
    /// # Panics
    ///
    /// When the browser does not tell.
    pub async fn heap_bytes(&self) -> i64 {
        self.devtools("HeapProfiler.collectGarbage", json!({}))
            .await;
        let usage = self.devtools("Runtime.getHeapUsage", json!({})).await;
        let used = usage["usedSize"].as_f64().expect("a number");
        #[expect(clippy::cast_possible_truncation, reason = "bytes of a page")]
        let used = used as i64;
        used
    }

    async fn log(&self, kind: &str) -> Vec<Value> {
        let own = Own {
            path: "se/log",
            body: json!({ "type": kind }),
        };
        let entries = self.client.issue_cmd(own).await.expect("a log");
        entries.as_array().cloned().unwrap_or_default()
    }

    /// What the console holds that it did not before: errors, warnings, violations of the policy.
    pub async fn console(&self) -> Vec<String> {
        let entries = self.log("browser").await;
        let loud = entries
            .iter()
            .filter(|entry| entry["level"] != "INFO" && entry["level"] != "DEBUG");
        loud.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Addresses that were asked for since the last time, and bytes that came over the wire.
    pub async fn traffic(&self) -> Traffic {
        let mut traffic = Traffic::default();
        for entry in self.log("performance").await {
            let text = entry["message"].as_str().unwrap_or_default();
            let event: Value = serde_json::from_str(text).expect("JSON");
            let parameters = &event["message"]["params"];
            match event["message"]["method"].as_str() {
                Some("Network.requestWillBeSent") => {
                    let url = &parameters["request"]["url"];
                    traffic.urls.extend(url.as_str().map(str::to_owned));
                }
                Some("Network.webSocketCreated") => {
                    traffic
                        .urls
                        .extend(parameters["url"].as_str().map(str::to_owned));
                }
                Some("Network.loadingFinished") => {
                    traffic.bytes += parameters["encodedDataLength"].as_u64().unwrap_or_default();
                }
                Some("Network.webSocketFrameReceived") => {
                    let data = parameters["response"]["payloadData"].as_str();
                    traffic.bytes += data.map_or(0, str::len) as u64;
                }
                _ => {}
            }
        }
        traffic
    }

    /// Leaves a picture of what is seen.
    ///
    /// # Panics
    ///
    /// When there is no room for it.
    pub async fn picture(&self, name: &str) {
        let picture = self.client.screenshot().await.expect("a picture");
        fs::create_dir_all(PICTURES).expect("a folder");
        fs::write(PathBuf::from(PICTURES).join(format!("{name}.png")), picture).expect("room");
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

/// What went over the network.
#[derive(Debug, Default)]
pub struct Traffic {
    /// What was asked for.
    pub urls: Vec<String>,
    /// Bytes received, headers included; of WebSockets what their messages unpack to.
    pub bytes: u64,
}
