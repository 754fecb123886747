//! What it costs to serve spectators, set against a bare loop of writes and against what one writes first
//! with axum, on the same machine in the same run. Run by `deploy/bench`.
//!
//! The server under test has a core of its own; everything else (crowd, source, Redis) has the other one.

#![expect(
    clippy::cast_precision_loss,
    reason = "numbers that are shown with few digits"
)]

pub mod fan_out;
pub mod import;
pub mod pushes;
pub mod race;
pub mod storm;
pub mod system;
pub mod table;
pub mod timed;

/// The event that is watched where a system has events at all.
pub const EVENT: &str = "BEAT";

/// The middle one.
///
/// # Panics
///
/// When there is none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
