//! A crowd of spectators against an Eddyline server.

use std::{
    net::{IpAddr, ToSocketAddrs},
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use sim::crowd::{Plan, run};

/// Watches an event with many spectators at once and reports what they got: who came in and how fast,
/// delay from ingest to arrival, holes, bytes, and what it cost the server.
#[derive(Debug, Parser)]
#[command(version)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
struct Args {
    /// Gateways or load balancers, as host:port; the crowd spreads over them.
    #[arg(long, default_value = "localhost:3000", value_delimiter = ',')]
    servers: Vec<String>,

    /// The event to watch.
    #[arg(long, default_value = "DEMO")]
    event_id: String,

    /// How many spectators. The server lets in as many as MAX_CONNECTIONS_PER_EVENT says.
    #[arg(long, default_value_t = 100)]
    spectators: usize,

    /// How many of them never read.
    #[arg(long, default_value_t = 0)]
    slow: usize,

    /// Connections a second; all at once unless given.
    #[arg(long)]
    rate: Option<u64>,

    /// Addresses of this machine to come from; one has ports for about 28,000 spectators.
    #[arg(long, value_delimiter = ',')]
    sources: Vec<IpAddr>,

    /// Offer compression (permessage-deflate).
    #[arg(long)]
    deflate: bool,

    /// Ask for boats on the water as changes.
    #[arg(long)]
    delta: bool,

    /// In the end cut everyone off, and let all come back at once with their positions.
    #[arg(long)]
    again: bool,

    /// How long to watch once everybody is inside, in seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,

    /// Process id of a gateway on this machine, to report what it spent.
    #[arg(long)]
    pid: Option<u32>,

    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let mut servers = Vec::new();
    for server in &args.servers {
        let found = server.to_socket_addrs().ok().and_then(|mut all| all.next());
        let Some(address) = found else {
            eprintln!("crowd: '{server}' is no host:port that can be found");
            return ExitCode::FAILURE;
        };
        servers.push(address);
    }
    let plan = Plan {
        servers,
        sources: args.sources,
        event_id: args.event_id,
        spectators: args.spectators,
        slow: args.slow,
        rate: args.rate,
        deflate: args.deflate,
        delta: args.delta,
        again: args.again,
        watch_for: Duration::from_secs(args.seconds),
        pid: args.pid,
    };
    let report = run(&plan).await;
    if args.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&report).unwrap_or_default()
        );
    } else {
        print!("{report}");
    }
    if report.has_holes() {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
