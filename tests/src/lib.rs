//! The kit of the system tests: real Redis, real binaries, real sockets, all on ports and paths of
//! the test's own, and all ended when the test is over, however it went.
//!
//! The binaries are those of the same build as the test; build them first, as `deploy/test` does.

pub mod api;
pub mod authority;
pub mod bench;
pub mod browser;
pub mod chaos;
pub mod compose;
pub mod delivered;
pub mod fuzzed;
pub mod growth;
pub mod haproxy;
pub mod metrics;
pub mod observer;
pub mod openapi;
pub mod process;
pub mod proxy;
pub mod raw;
pub mod redis;
pub mod rolling;
pub mod servers;
pub mod slots;
pub mod spectator;
pub mod stack;
pub mod truth;
pub mod wait;

pub use self::redis::RedisServer;
pub use api::{Answer, Api};
pub use delivered::User;
pub use servers::{Servers, Topology};
pub use spectator::Spectator;
pub use stack::{Stack, StackConfig};
pub use wait::{DEADLINE, ready, until};

/// The sample of an export: two best-run classes, five starts each, first runs done.
pub const SAMPLE_XML: &str = include_str!("sample.xml");
