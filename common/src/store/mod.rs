//! The one shared state: everything about Redis is in here, and nothing outside names a key or a
//! command.
//!
//! All keys of one event share the hash tag of its id, so that one event lives on one node:
//!
//! ```text
//! ed:{<eventId>}:meta            hash    incarnation, epoch, seq, status, details, config, key, image, waiting, what is due when
//! ed:{<eventId>}:marks           hash    rev:<part> → revision, seq:<resource> → seq of its last change
//! ed:{<eventId>}:structure       string  JSON of classes, races, courses
//! ed:{<eventId>}:people:<class>  hash    participant id → JSON
//! ed:{<eventId>}:rows:<race>     hash    participant id → JSON
//! ed:{<eventId>}:oncourse        string  JSON of the boats on the water
//! ed:{<eventId>}:image           string  bytes
//! ed:{<eventId>}:history         list    envelopes, the last one at meta.seq, without a hole
//! ed:{<eventId>}:seats           hash    gateway → seats and expiry
//! ed:{<eventId>}:feed            channel the same envelopes as they are appended
//! ```
//!
//! Across events there are only indexes, which are never needed for an event's own truth:
//! `ed:events` (set of ids), `ed:key:<digest>` (digest of an API key → event id), `ed:number` (the
//! last integer id). `ed:writable` is written to see whether Redis takes writes.

mod client;
mod commit;
mod create;
mod error;
mod feed;
mod history;
mod index;
mod keys;
mod link;
mod read;
mod record;
mod script;
mod seats;
mod secret;
mod writable;

pub use client::{Store, StoreConfig};
pub use commit::{Committed, Limits, Terms};
pub use create::NewEvent;
pub use error::StoreError;
pub use feed::{Feed, FeedEvent, FeedStats, FeedWithout};
pub use history::History;
pub use read::{Head, Marks, Pulse, Snapshot, Standing};
pub use seats::{SeatAnswer, SeatRequest};
