//! Redis over TLS, with a user of its own.

use std::process::Command;

use common::store::{Store, StoreConfig, StoreError};
use system_tests::{User, delivered, process::Process, ready, servers::own_address};
use tempfile::TempDir;

/// Makes a certificate authority and a certificate for an address.
fn certificates(folder: &TempDir, address: &str) {
    let script = format!(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem && \
         openssl req -newkey rsa:2048 -nodes -subj /CN=redis -keyout redis.key -out redis.csr && \
         printf 'subjectAltName=IP:{address}' > names && \
         openssl x509 -req -in redis.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
           -extfile names -out redis.pem"
    );
    let mut shell = Command::new("sh");
    let made = shell
        .args(["-c", &script])
        .current_dir(folder.path())
        .output();
    let made = made.expect("a shell");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}

fn store(url: String) -> Store {
    let config = StoreConfig {
        url,
        connections_max: 2,
        timeout: std::time::Duration::from_secs(5),
        new_epochs: true,
    };
    Store::new(&config).expect("a well-formed URL")
}

#[tokio::test]
async fn a_user_with_a_password_gets_in_over_tls_and_nobody_else() {
    let folder = TempDir::with_prefix("eddyline-tls-").expect("a temporary folder");
    let address = own_address();
    certificates(&folder, &address);
    let mut command = delivered::redis(folder.path());
    command
        .current_dir(folder.path())
        .args(["--bind", &address, "--port", "0", "--tls-port", "6379"])
        .args([
            "--tls-cert-file",
            "redis.pem",
            "--tls-key-file",
            "redis.key",
        ])
        .args(["--tls-ca-cert-file", "ca.pem", "--tls-auth-clients", "no"]);
    let _server = Process::start("redis-server", &mut command);
    // The variable by which operators name an authority of their own.
    let mut service = Command::new(system_tests::process::binary("gateway-svc"));
    service
        .env("SSL_CERT_FILE", folder.path().join("ca.pem"))
        .env(
            "REDIS_URL",
            format!("rediss://{}@{address}:6379", User::Gateway.login()),
        )
        .args(["--listen", &format!("{address}:8080")]);
    let mut gateway = Process::start("gateway-svc", &mut service);
    gateway.wait_for("listening address=");
    ready(&format!("{address}:8080")).await;
    gateway.wait_for("feed connected");
    let password = User::Gateway.password();
    assert!(!gateway.output().contains(&password));
    // Without the authority nobody is believed.
    let stranger = store(format!("rediss://{}@{address}:6379", User::Gateway.login()));
    assert!(matches!(
        stranger.ping().await,
        Err(StoreError::Unavailable(_))
    ));
}
