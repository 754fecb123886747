//! Simulators for demos, tests and capacity planning.
//!
//! - [`race_day`]: a plausible day of racing, made from a seed, as a pure function of time.
//! - [`booth`]: the timing booth, which pushes that day over HTTP the way the real bridge does.

pub mod beat;
pub mod booth;
pub mod crowd;
pub mod http;
pub mod race_day;
