//! Plays a race day against an Eddyline server.

use std::{io::IsTerminal, process::ExitCode, time::Duration};

use clap::Parser;
use sim::{
    booth::{BoothError, Client, Pace, Plan, Rhythm, play},
    race_day::{RaceDay, Size},
};

/// Plays a plausible day of canoe slalom against an Eddyline server: creates the event, pushes the
/// export, moves it through its states, and sends boats on the water and results as they come.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The server.
    #[arg(long, env = "BASE_URL", default_value = "http://localhost:3000")]
    base_url: String,

    /// The event to push to.
    #[arg(long, default_value = "DEMO")]
    event_id: String,

    /// The event's API key; without one the event is created.
    #[arg(long, env = "API_KEY", hide_env_values = true)]
    api_key: Option<String>,

    /// An admin password, where the server asks for one.
    #[arg(long, env = "MASTER_KEY", hide_env_values = true)]
    master_key: Option<String>,

    /// Delete an event of the same id first.
    #[arg(long)]
    replace: bool,

    /// Race time over real time, or `max`: as fast as the server answers.
    #[arg(long, default_value = "1")]
    speed: Pace,

    /// Makes the day: the same seed, the same races.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Starts in each class; teams have three of them.
    #[arg(long, default_value_t = Size::default().starts_per_class, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=999))]
    starts: usize,

    /// The state that the event is left in.
    #[arg(long, default_value = "finished", value_parser = ["running", "finished", "official"])]
    end: String,

    /// Stop after so many seconds, however far the day is.
    #[arg(long)]
    stop_after_seconds: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("booth: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), BoothError> {
    let day = RaceDay::weekend(
        args.seed,
        Size {
            starts_per_class: args.starts,
            ..Size::default()
        },
    );
    let plan = Plan {
        event_id: args.event_id,
        api_key: args.api_key,
        replace: args.replace,
        begin_ms: 0,
        pace: args.speed,
        rhythm: Rhythm::default(),
        last_status: args.end,
        stop_after: args.stop_after_seconds.map(Duration::from_secs),
        progress: std::io::stderr().is_terminal(),
        paused: None,
    };
    let client = Client::new(&args.base_url, args.master_key)?;
    let report = play(client, day, plan).await?;
    print!("{report}");
    Ok(())
}
