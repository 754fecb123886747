//! Prometheus with the rules and the dashboard that are delivered, watching real services.

use std::{fs, path::PathBuf, process::Command};

use serde_json::Value;
use system_tests::{Stack, StackConfig, process::Process, servers::own_address, until};
use tempfile::TempDir;

fn delivered(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", path].iter().collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(delivered(path)).expect("the file is there")
}

/// A Prometheus that finds its targets without Docker.
struct Prometheus {
    origin: String,
    _process: Process,
    _folder: TempDir,
}

impl Prometheus {
    fn start(ingest: &str, gateway: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = read("deploy/prometheus/prometheus.yml");
        for (name, target) in [("ingest", ingest), ("gateway", gateway)] {
            let found = format!("{{names: [{name}], type: A, port: 9090, refresh_interval: 5s}}");
            assert!(config.contains(&found), "{config}");
            config = config.replace(&found, &format!("{{targets: [\"{target}\"]}}"));
        }
        let config = config.replace("dns_sd_configs", "static_configs");
        let config = config.replace("_interval: 5s", "_interval: 1s");
        let file = folder.path().join("prometheus.yml");
        fs::write(&file, config).expect("writable");
        let rules = folder.path().join("alerts.yml");
        fs::copy(delivered("deploy/prometheus/alerts.yml"), rules).expect("writable");
        let address = format!("{}:9090", own_address());
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().display()))
            .arg(format!("--web.listen-address={address}"));
        Self {
            _process: Process::start("prometheus", &mut command),
            origin: format!("http://{address}"),
            _folder: folder,
        }
    }

    async fn get(&self, path: &str) -> Option<Value> {
        let answer = sim::http::get(format!("{}/api/v1/{path}", self.origin)).await;
        let body: Value = answer.ok()?.json().await.ok()?;
        Some(body["data"].clone())
    }

    /// The rules that fire now.
    async fn firing(&self) -> Option<Vec<String>> {
        let alerts = self.get("alerts").await?["alerts"].clone();
        let firing = alerts.as_array()?.iter();
        let firing = firing.filter(|alert| alert["state"] == "firing");
        let name = |alert: &Value| alert["labels"]["alertname"].as_str().map(str::to_owned);
        firing.map(name).collect()
    }
}

/// What the dashboard asks for.
fn shown() -> Vec<String> {
    let dashboard = read("deploy/grafana/provisioning/dashboards/eddyline.json");
    let dashboard: Value = serde_json::from_str(&dashboard).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels").iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let asked = targets.map(|target| target["expr"].as_str().expect("an expression").to_owned());
    asked.collect()
}

/// Names of our metrics in an expression.
fn metrics(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = ["gateway_", "ingest_", "feed_", "http_"];
    words
        .filter(move |word| ours.iter().any(|prefix| word.starts_with(prefix)))
        .map(|word| word.trim_end_matches("_bucket"))
}

#[test]
fn each_rule_fires_when_it_should_and_only_then() {
    let mut promtool = Command::new("promtool");
    let tested = promtool
        .args(["test", "rules"])
        .arg(delivered("deploy/prometheus/alerts.test.yml"))
        .output();
    let tested = tested.expect("promtool is there");
    let said = String::from_utf8_lossy(&tested.stdout);
    assert!(tested.status.success(), "{said}");
}

#[tokio::test]
async fn rules_and_dashboard_ask_for_what_services_show_and_an_alert_fires() {
    let (ingest, gateway) = (own_address(), own_address());
    let flag = |address: &str| vec![format!("--metrics-listen={address}:9090")];
    let config = StackConfig {
        ingest_flags: flag(&ingest),
        gateway_flags: flag(&gateway),
        ..StackConfig::default()
    };
    let mut stack = Stack::with(config).await;
    let prometheus = Prometheus::start(&format!("{ingest}:9090"), &format!("{gateway}:9090"));
    until("both to be seen", || async {
        let up = prometheus.get("query?query=up==1").await?;
        (up["result"].as_array()?.len() == 2).then_some(())
    })
    .await;

    let (readme, runbook) = (read("README.md"), read("deploy/RUNBOOK.md"));
    let is_known = |metric: &str| readme.contains(&format!("`{metric}"));
    let rules = prometheus.get("rules").await.expect("the rules");
    let rules = rules["groups"][0]["rules"].as_array().cloned();
    for rule in rules.expect("rules") {
        let expression = rule["query"].as_str().expect("an expression");
        assert!(metrics(expression).all(is_known), "{expression}");
        let row = rule["annotations"]["runbook"].as_str().expect("a row");
        assert!(runbook.contains(&format!("\n| {row} |")), "{row}");
        assert_eq!(rule["health"], "ok", "{rule}");
    }
    assert_eq!(prometheus.firing().await, Some(Vec::new()));

    for expression in shown() {
        assert!(metrics(&expression).all(is_known), "{expression}");
        let asked = expression.replace("$__rate_interval", "1m");
        let asked: String = url::form_urlencoded::byte_serialize(asked.as_bytes()).collect();
        let answer = prometheus.get(&format!("query?query={asked}")).await;
        assert!(
            answer.is_some_and(|data| data["result"].is_array()),
            "{expression}"
        );
    }

    stack.gateways[0].process.kill();
    until("an alert", || async {
        let firing = prometheus.firing().await?;
        firing.iter().any(|name| name == "NoGateway").then_some(())
    })
    .await;
}
