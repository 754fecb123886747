//! A room: the spectators of one event on this gateway.
//!
//! [`state`] is the room itself, a pure state machine: the feed, positions, history and snapshots go
//! in, messages to broadcast and reads to make come out. `task` drives it and owns the members,
//! `seats` keeps its lease of the event's seats, [`hub`] knows all rooms.

pub mod hub;
mod members;
pub mod message;
mod older;
mod recent;
mod returning;
mod seats;
mod state;
mod task;

pub use message::now_ms;
