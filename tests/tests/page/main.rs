//! The spectator page in a real browser, on the real system.

mod board;
mod events;
mod kit;
mod live;
mod looks;
mod network;
mod offline;
mod people;
mod results;
mod trouble;
