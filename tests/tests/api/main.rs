//! The HTTP API, over real processes.

mod admin_events;
mod auth;
mod bad_input;
mod cases;
mod concurrency;
mod http;
mod lifecycle;
mod memory;
mod openapi;
mod public_reads;
mod quickstart;
mod results;
mod round_trips;
mod shapes;
mod start;
