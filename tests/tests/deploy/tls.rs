//! https and wss at the front door.

use std::{process::Command, sync::Arc};

use system_tests::{
    Stack,
    authority::{Authority, Trust},
    delivered,
    haproxy::HaProxy,
    observer::Observer,
    process::Process,
    until,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const PLAIN_PORT: u16 = 3080;

/// The origin over TLS, with plain HTTP beside it.
async fn encrypted(stack: &Stack, authority: &Authority) -> HaProxy {
    let ingests = [stack.ingests[0].address.clone()];
    let gateways = [stack.gateways[0].address.clone()];
    HaProxy::start_with(&ingests, &gateways, |address| {
        authority.issue(address);
        vec![
            ("TLS_CERT", authority.served().display().to_string()),
            ("HTTP_BIND", format!("{address}:{PLAIN_PORT}")),
        ]
    })
    .await
}

#[tokio::test]
async fn everything_is_served_over_tls_and_plain_http_is_sent_there() {
    let stack = Stack::start().await;
    let authority = Authority::new();
    let haproxy = encrypted(&stack, &authority).await;
    let client = Trust::of(&authority).http();
    let client = client.redirect(reqwest::redirect::Policy::none()).build();
    let client = client.expect("a client");
    let events = format!("{}/api/v1/events?x=%20y", haproxy.origin);
    let answer = client.get(&events).send().await.expect("an answer");
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    // Browsers would open the plain port by https, too.
    assert!(!answer.headers().contains_key("strict-transport-security"));
    let plain = format!(
        "http://{}:{PLAIN_PORT}/api/v1/events?x=%20y",
        haproxy.address
    );
    let moved = client.get(plain).send().await.expect("an answer");
    assert_eq!(moved.status(), 308);
    assert_eq!(moved.headers()["location"], events.as_str());
    let spoken_plainly = events.replace("https", "http");
    assert!(client.get(spoken_plainly).send().await.is_err());
}

#[tokio::test]
async fn where_clients_see_the_standard_ports_browsers_keep_to_https() {
    let stack = Stack::start().await;
    let authority = Authority::new();
    let services = [&stack.ingests, &stack.gateways].map(|all| [all[0].address.clone()]);
    let haproxy = HaProxy::start_with(&services[0], &services[1], |address| {
        authority.issue(address);
        vec![
            ("TLS_CERT", authority.served().display().to_string()),
            ("HTTP_BIND", format!("{address}:{PLAIN_PORT}")),
            ("HTTPS_PORT", "443".to_owned()),
        ]
    })
    .await;
    let client = Trust::of(&authority).http();
    let client = client.redirect(reqwest::redirect::Policy::none()).build();
    let client = client.expect("a client");
    let answer = client
        .get(format!("{}/api/v1/events", haproxy.origin))
        .send()
        .await;
    let answer = answer.expect("an answer");
    assert_eq!(
        answer.headers()["strict-transport-security"],
        "max-age=31536000"
    );
    let plain = format!("http://{}:{PLAIN_PORT}/x", haproxy.address);
    let moved = client.get(plain).send().await.expect("an answer");
    let there = format!("https://{}/x", haproxy.address);
    assert_eq!(moved.headers()["location"], there.as_str());
}

/// As browsers do on a connection that they read over anyway (RFC 8441).
#[tokio::test]
async fn a_web_socket_may_be_a_stream_of_http_2() {
    let stack = Stack::start().await;
    let authority = Authority::new();
    let haproxy = encrypted(&stack, &authority).await;
    let api = stack.ingest();
    let key = api.create("E").await;
    api.bring_to("E", &key, "startlist").await;

    let mut config = Trust::of(&authority).tls().expect("an authority");
    config.alpn_protocols = vec![b"h2".to_vec()];
    let host = haproxy.origin.trim_start_matches("https://").to_owned();
    let stream = TcpStream::connect(&host).await.expect("it listens");
    let name = haproxy.address.clone().try_into().expect("an address");
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let stream = connecting.await.expect("it is trusted");
    let (client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    let mut client = client.ready().await.expect("it takes requests");
    until("the server's settings", || async {
        client.is_extended_connect_protocol_enabled().then_some(())
    })
    .await;
    let request = http::Request::connect(format!("{}/api/v1/events/E/ws", haproxy.origin))
        .header("sec-websocket-version", "13")
        .extension(h2::ext::Protocol::from_static("websocket"))
        .body(());
    let sent = client.send_request(request.expect("a request"), false);
    let (answer, _open) = sent.expect("sent");
    let answer = answer.await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let first = answer.into_body().data().await.expect("a frame");
    let first = first.expect("a frame");
    assert!(String::from_utf8_lossy(&first).contains(r#"{"type":"full""#));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewed_certificate_is_served_after_a_reload_that_drops_nobody() {
    let stack = Stack::start().await;
    let authority = Authority::new();
    let haproxy = encrypted(&stack, &authority).await;
    let trust = Trust::of(&authority);
    let observer = Observer::start(&haproxy.origin, &trust, None, "E", 10).await;
    let observer = observer.expect("an event");
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let renewed = authority.issue(&haproxy.address);
    let address = haproxy.origin.trim_start_matches("https://").to_owned();
    assert_ne!(authority.shown_by(&address), renewed);
    haproxy.reload();
    until("the renewed certificate", || async {
        (authority.shown_by(&address) == renewed).then_some(())
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let report = observer.report();
    assert!(report.is_clean() && report.reconnects == 0, "{report}");
    assert!(report.pushes > 10, "{report}");
}

#[test]
fn settings_that_would_serve_plain_http_instead_are_refused() {
    let backends = tempfile::NamedTempFile::new().expect("a file");
    for (settings, complaint) in [
        (&[("BIND", "127.0.0.1:3000 ssl crt /x")][..], "TLS_CERT"),
        (
            &[("BIND", "127.0.0.1:3000"), ("TLS_CERT", "/no/such/file")],
            "TLS_CERT",
        ),
        (
            &[("BIND", "127.0.0.1:3000"), ("HTTP_BIND", "127.0.0.1:3080")],
            "TLS_CERT",
        ),
    ] {
        let mut command = Command::new(delivered::path("haproxy/start"));
        command.envs(settings.iter().copied()).arg(backends.path());
        let mut refused = Process::start("haproxy", &mut command);
        assert!(!refused.wait().success(), "{settings:?}");
        assert!(refused.wait_for_end_of_output().contains(complaint));
    }
}
