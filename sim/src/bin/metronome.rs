//! Makes an Eddyline server send messages of one size at a steady rate.

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use sim::{
    beat::metronome::{Metronome, run},
    booth::{BoothError, Client},
};

/// Creates an event and pushes results to it so that its spectators get a steady stream of messages, for
/// measuring with a crowd.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The server.
    #[arg(long, env = "BASE_URL", default_value = "http://localhost:3000")]
    base_url: String,

    /// An admin password, where the server asks for one.
    #[arg(long, env = "MASTER_KEY", hide_env_values = true)]
    master_key: Option<String>,

    /// The event; one of the same id is replaced.
    #[arg(long, default_value = "BEAT")]
    event_id: String,

    /// Messages a second.
    #[arg(long, default_value_t = 10)]
    rate: u32,

    /// Push to a best-run race, where each push is two messages: for rates that pushes alone don't reach.
    #[arg(long)]
    pairs: bool,

    /// Size of a message in bytes, about.
    #[arg(long, default_value_t = 600)]
    bytes: usize,

    /// How long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match push(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("metronome: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn push(args: Args) -> Result<(), BoothError> {
    let client = Client::new(&args.base_url, args.master_key)?;
    let metronome = Metronome {
        event_id: args.event_id,
        rate: args.rate,
        pairs: args.pairs,
        bytes: args.bytes,
        run_for: Duration::from_secs(args.seconds),
    };
    print!("{}", run(client, &metronome).await?);
    Ok(())
}
