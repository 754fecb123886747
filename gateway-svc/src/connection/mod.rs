//! One spectator's WebSocket, owned from the upgrade on.
//!
//! The room writes to the socket itself; only what the socket does not take at once waits in the
//! connection's bounded [`outbox`]. The connection's own task reads, and wakes for writing only
//! while something waits. Closing never waits for anything but the socket.

mod frame;
mod outbox;
mod reader;
mod socket;
mod upgrade;

pub use frame::{CloseCode, Frame};
pub use outbox::{OutboxLimits, Pushed};
pub use socket::{Connection, serve};
pub use upgrade::{Upgrade, accept, socket};
