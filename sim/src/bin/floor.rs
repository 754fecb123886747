//! The floor under every server that fans out: a bare loop of writes of one encoded frame. It knows
//! nothing of HTTP, of slow spectators or of loss, and ends those who don't keep up.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Instant,
};

use clap::Parser;
use sim::beat::{Beat, message};
use socket2::{Domain, Socket, Type};

/// Sends a steady stream to whoever connects, with one write for each spectator and message.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,

    /// Messages a second.
    #[arg(long, default_value_t = 10)]
    rate: u32,

    /// Size of a message.
    #[arg(long, default_value_t = 600)]
    bytes: usize,

    /// Send messages that are late in one write.
    #[arg(long)]
    join: bool,
}

#[derive(Default)]
struct Room {
    spectators: Vec<TcpStream>,
    seq: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match serve(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("floor: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(args: &Args) -> std::io::Result<()> {
    let socket = Socket::new(Domain::for_address(args.listen), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&args.listen.into())?;
    socket.listen(4096)?;
    let listener: std::net::TcpListener = socket.into();
    println!("listening on {}", listener.local_addr()?);
    let room = Arc::new(Mutex::new(Room::default()));
    let (sender, bytes, rate, join) = (Arc::clone(&room), args.bytes, args.rate, args.join);
    thread::spawn(move || send(&sender, bytes, rate, join));
    for stream in listener.incoming() {
        // Whoever leaves during the handshake is not missed.
        let _ = stream.and_then(|stream| let_in(stream, &room, bytes));
    }
    Ok(())
}

fn let_in(mut stream: TcpStream, room: &Mutex<Room>, bytes: usize) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut request = [0; 4096];
    let mut length = 0;
    while !request[..length].ends_with(b"\r\n\r\n") {
        match stream.read(&mut request[length..])? {
            0 => return Ok(()),
            count => length += count,
        }
    }
    let mut room = room.lock().unwrap_or_else(PoisonError::into_inner);
    let mut answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\n\r\n"
        .to_vec();
    answer.extend(frame(&message("full", room.seq, bytes)));
    stream.write_all(&answer)?;
    stream.set_nonblocking(true)?;
    room.spectators.push(stream);
    Ok(())
}

fn send(room: &Mutex<Room>, bytes: usize, rate: u32, join: bool) {
    let mut beat = Beat::new(rate);
    loop {
        thread::sleep(beat.next_at().saturating_duration_since(Instant::now()));
        let mut due = 1;
        if join {
            due = beat.take_due();
        } else {
            beat.take_one();
        }
        let mut room = room.lock().unwrap_or_else(PoisonError::into_inner);
        let mut frames = Vec::new();
        for _ in 0..due {
            room.seq += 1;
            frames.extend(frame(&message("diff", room.seq, bytes)));
        }
        room.spectators.retain_mut(
            |stream| matches!(stream.write(&frames), Ok(count) if count == frames.len()),
        );
    }
}

/// A text frame (RFC 6455, section 5.2).
fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u16::try_from(text.len()) {
        Ok(length @ 0..=125) => frame.extend(&length.to_be_bytes()[1..]),
        Ok(length) => {
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(127);
            frame.extend((text.len() as u64).to_be_bytes());
        }
    }
    frame.extend(text.as_bytes());
    frame
}
