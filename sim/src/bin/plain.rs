//! What one writes first: an axum WebSocket handler and a broadcast channel. Kept to compare with.

use std::{net::SocketAddr, process::ExitCode, time::Instant};

use axum::{
    Router,
    extract::{
        State,
        ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade},
    },
    response::Response,
    routing::get,
};
use clap::Parser;
use sim::beat::{Beat, message};
use tokio::{sync::broadcast, time::sleep_until};

/// Sends a steady stream to whoever connects, the plain way.
#[derive(Debug, Clone, Parser)]
#[command(version)]
struct Args {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8091")]
    listen: SocketAddr,

    /// Messages a second.
    #[arg(long, default_value_t = 10)]
    rate: u32,

    /// Size of a message.
    #[arg(long, default_value_t = 600)]
    bytes: usize,

    /// Read buffer of each connection, in bytes; axum's default is 131,072.
    #[arg(long, default_value_t = 4096)]
    read_buffer: usize,
}

#[derive(Clone)]
struct Room {
    args: Args,
    messages: broadcast::Sender<(u64, Utf8Bytes)>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let (messages, _) = broadcast::channel(1024);
    let room = Room { args, messages };
    tokio::spawn(send(room.clone()));
    let listen = room.args.listen;
    let router = Router::new().fallback(get(connect)).with_state(room);
    let served = match tokio::net::TcpListener::bind(listen).await {
        Ok(listener) => {
            println!("listening on {listen}");
            axum::serve(listener, router).await
        }
        Err(error) => Err(error),
    };
    if let Err(error) = served {
        eprintln!("plain: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

async fn send(room: Room) {
    let mut beat = Beat::new(room.args.rate);
    for seq in 1.. {
        sleep_until(beat.next_at().max(Instant::now()).into()).await;
        beat.take_one();
        let text = message("diff", seq, room.args.bytes).into();
        // Nobody watches yet.
        let _ = room.messages.send((seq, text));
    }
}

async fn connect(State(room): State<Room>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .read_buffer_size(room.args.read_buffer)
        .on_upgrade(|socket| watch(socket, room))
}

async fn watch(mut socket: WebSocket, room: Room) {
    let mut messages = room.messages.subscribe();
    let mut full_sent = false;
    loop {
        tokio::select! {
            message = messages.recv() => {
                let Ok((seq, text)) = message else { return };
                if !full_sent {
                    let full = sim::beat::message("full", seq - 1, room.args.bytes);
                    if socket.send(Message::Text(full.into())).await.is_err() {
                        return;
                    }
                    full_sent = true;
                }
                if socket.send(Message::Text(text)).await.is_err() {
                    return;
                }
            }
            received = socket.recv() => {
                if !matches!(received, Some(Ok(_))) {
                    return;
                }
            }
        }
    }
}
