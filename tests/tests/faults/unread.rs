//! Clients who ask and never read what they are answered.

use std::io::ErrorKind;

use system_tests::{Stack, StackConfig, until};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
};

const REQUEST: &[u8] = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
/// Answers of more bytes than any socket holds.
const REQUESTS: usize = 1_000;

/// A client that has asked for too much.
async fn greedy(stack: &Stack) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let address = stack.gateways[0].address.parse().expect("an address");
    let mut stream = socket.connect(address).await.expect("a connection");
    let asked = stream.write_all(&REQUEST.repeat(REQUESTS)).await;
    asked.expect("the requests fit into the sockets");
    stream
}

/// Whether its connection is over: nothing else shows to who does not read.
fn is_cut_off(client: &TcpStream) -> bool {
    match client.try_write(b"G") {
        Ok(_) => false,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

#[tokio::test]
async fn who_never_reads_its_answers_is_cut_off_in_time_and_stays_without_a_bound() {
    let with = async |seconds: u32| {
        let config = StackConfig {
            gateway_flags: vec![format!("--write-timeout-seconds={seconds}")],
            ..StackConfig::default()
        };
        Stack::with(config).await
    };
    let (unbounded, bounded) = (with(600).await, with(1).await);
    let (stays, goes) = (greedy(&unbounded).await, greedy(&bounded).await);
    until("the client to be cut off", || async {
        is_cut_off(&goes).then_some(())
    })
    .await;
    assert!(!is_cut_off(&stays));
}
