//! The store against a real Redis.

mod commit;
mod connections;
mod feed;
mod fsck;
mod room;
mod seats;
