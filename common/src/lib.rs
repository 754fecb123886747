//! What Eddyline's services share.
//!
//! - [`domain`]: the sport and the event's life, pure.
//! - [`c123`]: the timing system's XML export, read into the domain.
//! - [`plan`]: what a request changes, pure.
//! - [`protocol`]: the public shapes.
//! - [`store`]: everything about Redis.
//! - [`http`]: serving, errors and bodies, the same in both services.
//! - [`config`], [`descriptors`], [`telemetry`], [`healthcheck`], [`shutdown`]: how a process starts, reports and ends.

pub mod c123;
pub mod config;
pub mod descriptors;
pub mod domain;
pub mod healthcheck;
pub mod hex;
pub mod http;
pub mod plan;
pub mod protocol;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod without;
