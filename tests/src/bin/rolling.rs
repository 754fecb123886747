//! Planned restarts under load, round after round, against a whole system of its own.

use std::process::ExitCode;

use clap::Parser;
use system_tests::rolling::{Drill, Step, run};

/// Restarts parts of a whole system by the book while it is watched, read and pushed to, and prints for each round what
/// that was like from outside.
#[derive(Debug, Parser)]
struct Args {
    /// What is restarted; everything, one after the other, when none is named.
    #[arg(long, value_enum)]
    step: Vec<Step>,
    /// How often each.
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Spectators.
    #[arg(long, default_value_t = 40)]
    spectators: usize,
    /// How long a gateway serves on after SIGTERM, in seconds.
    #[arg(long, default_value_t = 3)]
    drain_delay_seconds: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let steps = match args.step.as_slice() {
        [] => vec![
            Step::OneOfTwo,
            Step::TwoOfFour,
            Step::All,
            Step::Ingest,
            Step::BalancerReload,
            Step::BalancerRestart,
        ],
        steps => steps.to_vec(),
    };
    let mut faults = 0;
    for step in steps {
        let drill = Drill {
            step,
            rounds: args.rounds,
            spectators: args.spectators,
            drain_delay_seconds: args.drain_delay_seconds,
        };
        let ended = run(&drill, |report| {
            let fault = step.fault(report);
            let verdict = if fault.is_some() { "FAULT" } else { "ok" };
            println!("{step:?}: {verdict}: {report}");
            faults += usize::from(fault.is_some());
        });
        if let Err(error) = ended.await {
            println!("{step:?}: FAULT: {error}");
            faults += 1;
        }
    }
    println!("{faults} faults");
    if faults == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
