//! The README's first command, walked through as a new user would.

mod alerts;
mod health;
mod settings;
mod tls;
mod units;
mod users;

use std::{os::unix::process::CommandExt, path::Path, process::Command};

use serde_json::json;
use system_tests::{
    Api, SAMPLE_XML, Spectator,
    authority::{Authority, Trust},
    process::Process,
    spectator::Heard,
    until,
};

/// `deploy/up` as from a shell: what cargo tells a test about itself would have it build everything anew.
fn up(root: &Path) -> Command {
    let mut command = Command::new(root.join("deploy/up"));
    for (variable, _) in std::env::vars() {
        let is_cargo_s = variable.starts_with("CARGO_")
            && !matches!(variable.as_str(), "CARGO_HOME" | "CARGO_TARGET_DIR");
        if is_cargo_s {
            command.env_remove(variable);
        }
    }
    for variable in [
        "MASTER_PASSWORDS",
        "MASTER_PASSWORDS_FILE",
        "KEY_SECRET",
        "DEV_MODE",
    ] {
        command.env_remove(variable);
    }
    command
}

/// What `deploy/up` says when it refuses to start.
fn refused(root: &Path, options: &[&str]) -> String {
    let mut command = up(root);
    command
        .args(["--debug", "--no-demo", "--port", "0"])
        .args(options);
    let mut up = Process::start("deploy/up", &mut command).with_children();
    assert!(!up.wait().success());
    up.wait_for_end_of_output()
}

/// The processes of one program that run on behalf of `deploy/up`.
fn children(up: &Process, program: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let mut parents = vec![up.id()];
    while let Some(parent) = parents.pop() {
        for task in std::fs::read_dir(format!("/proc/{parent}/task"))
            .into_iter()
            .flatten()
        {
            let task = task.expect("an entry").path().join("children");
            let children = std::fs::read_to_string(task).unwrap_or_default();
            for child in children.split_whitespace().filter_map(|id| id.parse().ok()) {
                let name = std::fs::read_to_string(format!("/proc/{child}/comm"));
                if name.is_ok_and(|name| name.trim() == program) {
                    found.push(child);
                }
                parents.push(child);
            }
        }
    }
    found
}

/// Ends one of them at once; which it was.
fn kill_one_of(up: &Process, program: &str) -> u32 {
    let killed = children(up, program)[0];
    let kill = Command::new("kill")
        .args(["-KILL", &killed.to_string()])
        .status();
    assert!(kill.is_ok_and(|status| status.success()));
    killed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quickstart_works_through_one_origin() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    let data = tempfile::tempdir().expect("a temporary folder");
    let mut command = up(root);
    command
        .args(["--debug", "--port", "0", "--speed", "20", "--data"])
        .arg(data.path());
    let mut up = Process::start("deploy/up", &mut command).with_children();
    let ready = up.wait_for("ready: ");
    let origin = ready.split_whitespace().next().expect("a URL").to_owned();

    assert!(refused(root, &["--data", &data.path().display().to_string()]).contains("in use"));
    assert!(refused(root, &["--bind", "0.0.0.0"]).contains("MASTER_PASSWORDS"));

    let api = Api::new(&origin);
    let key = api.create("TEST.WS").await;
    api.bring_to("TEST.WS", &key, "running").await;
    let mut spectator = Spectator::connect(&origin, "TEST.WS")
        .await
        .expect("let in");
    assert_eq!(spectator.message().await["type"], "full");
    assert_eq!(api.push_xml(&key, SAMPLE_XML).await.status, 200);
    assert_eq!(spectator.message().await["type"], "full");
    api.push_result(&key, "K1M_QUA_4", 2, 9523).await;
    // The import's own rows come first; none of them has a time.
    while spectator.message().await["data"]["results"][0]["total"] != 9723 {}
    api.set_status("TEST.WS", &key, "finished").await;
    assert_eq!(
        spectator.message().await["data"],
        json!({ "status": "finished" })
    );
    api.set_status("TEST.WS", &key, "official").await;
    assert_eq!(
        spectator.message().await["data"],
        json!({ "status": "official" })
    );
    let end = Heard::Closed(1000, "Event results are official".to_owned());
    assert_eq!(spectator.next().await, end);

    let killed = kill_one_of(&up, "gateway-svc");
    up.wait_for("starting it again");
    until("another gateway in its place", || async {
        let now = children(&up, "gateway-svc");
        (now.len() == 2 && !now.contains(&killed)).then_some(())
    })
    .await;
    for process in children(&up, "gateway-svc") {
        let environment = std::fs::read_to_string(format!("/proc/{process}/environ"));
        let environment = environment.expect("it runs");
        for secret in ["KEY_SECRET", "MASTER_", "OPERATOR", "/ingest/"] {
            assert!(!environment.contains(secret), "a gateway has {secret}");
        }
    }
    // What a restart of Redis must not lose is written by the delivered users.
    kill_one_of(&up, "redis-server");
    until("the event after a restart of Redis", || async {
        let read = api.request(reqwest::Method::GET, "/admin/events");
        let events = api.try_send(read).await.ok()?.body["events"].clone();
        let ids = events
            .as_array()?
            .iter()
            .map(|event| event["eventId"].clone());
        ids.into_iter().any(|id| id == "TEST.WS").then_some(())
    })
    .await;

    // The demo race runs beside all this.
    let mut demo = Spectator::connect(&origin, "DEMO")
        .await
        .expect("the demo is there");
    for _ in 0..5 {
        demo.message().await;
    }
    up.signal("TERM");
    up.wait();
    assert!(
        Api::new(&origin)
            .try_send(api.request(reqwest::Method::GET, "/events"))
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quickstart_speaks_tls_with_a_certificate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    let data = tempfile::tempdir().expect("a temporary folder");
    let authority = Authority::new();
    authority.issue("127.0.0.1");
    let mut command = up(root);
    command
        .args(["--debug", "--no-demo", "--port", "0", "--data"])
        .arg(data.path())
        .arg("--tls-cert")
        .arg(authority.served());
    // A group of its own, as a terminal makes one.
    command.process_group(0);
    let mut up = Process::start("deploy/up", &mut command).with_children();
    let ready = up.wait_for("ready: ");
    let origin = ready.split_whitespace().next().expect("a URL");
    assert!(origin.starts_with("https://"), "{origin}");
    let client = Trust::of(&authority).http().build().expect("a client");
    let events = client.get(format!("{origin}/api/v1/events")).send().await;
    assert_eq!(events.expect("an answer").status(), 200);
    // The end of a terminal reaches every process of the group; the parts still end in order, and all of them.
    let parts: Vec<u32> = ["redis-server", "ingest-svc", "gateway-svc", "haproxy"]
        .iter()
        .flat_map(|program| children(&up, program))
        .collect();
    assert!(parts.len() >= 5, "{parts:?}");
    let group = format!("-{}", up.id());
    let hung_up = Command::new("kill").args(["-HUP", "--", &group]).status();
    assert!(hung_up.is_ok_and(|status| status.success()));
    up.wait();
    for part in parts {
        let is_running = Path::new(&format!("/proc/{part}")).exists();
        assert!(!is_running, "process {part} goes on");
    }
}
