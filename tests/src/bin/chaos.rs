//! Faults of a seeded schedule against a whole system; see the library's `chaos` for what must hold.
//! Run by `deploy/chaos`.

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use system_tests::{
    Topology,
    chaos::{Schedule, run},
};

/// Breaks a system in every way that it must survive, and checks that nobody notices.
#[derive(Parser)]
struct Args {
    /// How many faults.
    #[arg(long, default_value_t = 100)]
    faults: usize,

    /// Makes the schedule: the same seed, the same faults. Random unless given.
    #[arg(long)]
    seed: Option<u64>,

    /// On which kind of Redis.
    #[arg(long, value_enum, default_value_t = Kind::Single)]
    topology: Kind,

    /// Viewers of each of the two events.
    #[arg(long, default_value_t = 20)]
    viewers: usize,

    /// Mechanisms to leave out, to see that this finds it.
    #[arg(long, value_delimiter = ',')]
    without: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Single,
    Sentinel,
    Cluster,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let seed = args.seed.unwrap_or_else(rand::random);
    println!("seed {seed}");
    let schedule = Schedule {
        faults: args.faults,
        seed,
        kinds: Vec::new(),
        lasts_ms_max: 1500,
        topology: match args.topology {
            Kind::Single => Topology::Single,
            Kind::Sentinel => Topology::Sentinel,
            Kind::Cluster => Topology::Cluster,
        },
        viewers: args.viewers,
        without: args.without,
        verbose: true,
    };
    match Box::pin(run(&schedule)).await {
        Ok(summary) => {
            println!("{summary}\nnobody ever diverged");
            ExitCode::SUCCESS
        }
        Err(what) => {
            println!("DIVERGED: {what}");
            ExitCode::FAILURE
        }
    }
}
