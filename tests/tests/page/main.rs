//! The spectator page in a real browser, on the real system.

mod board;
mod events;
mod focus;
mod kit;
mod live;
mod looks;
mod network;
mod offline;
mod overtaking;
mod people;
mod races;
mod results;
mod rolling;
mod startlist;
mod trouble;
