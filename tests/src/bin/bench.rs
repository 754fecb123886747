//! Measures what serving costs, side by side with a bare loop of writes and a plain axum server. Run by
//! `deploy/bench`.

use clap::Parser;
use system_tests::bench::{fan_out, import, pushes, race, storm, system::move_to_load_core};

/// Measures, and prints tables.
#[derive(Parser)]
struct Args {
    /// What to measure; all of it unless given.
    #[arg(value_parser = ["cost", "rate", "storm", "pushes", "import", "race"])]
    parts: Vec<String>,

    /// How often each system is measured for the cost of a delivery; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// Seconds of each measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,

    /// Spectators who connect at once.
    #[arg(long, default_value_t = 10_000)]
    storm: usize,
}

// In one thread: an answer must not seem late because it was handed on between threads of who waits for it.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args = Args::parse();
    let wants = |part: &str| args.parts.is_empty() || args.parts.iter().any(|p| p == part);
    // In real life nobody has a core of its own: before the others.
    if wants("race") {
        race::race().await;
    }
    if wants("pushes") {
        pushes::pushes().await;
    }
    if wants("import") {
        import::import().await;
    }
    move_to_load_core();
    if wants("cost") {
        fan_out::cost(args.rounds, args.seconds).await;
    }
    if wants("rate") {
        fan_out::rate(args.seconds).await;
    }
    if wants("storm") {
        storm::storm(args.storm, args.rounds.min(2)).await;
    }
}
