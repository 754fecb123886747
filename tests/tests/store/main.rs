//! The store against a real Redis.

mod commit;
mod feed;
mod fsck;
mod seats;
