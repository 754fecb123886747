//! What a room is told, and what it wants done.

use common::{
    protocol::{Envelope, Position, Seq},
    store::{History, Pulse, Snapshot},
};

use crate::websocket::Message;

/// What happens to a room.
#[derive(Debug)]
pub enum Input {
    /// A change came over the feed.
    Changed(Envelope),
    /// The event's position was read; `None` when the event is gone.
    Position {
        /// What was read.
        read: Option<Pulse>,
        /// What [`Room::ask`](super::Room::ask) gave at the question: an answer older than what came since is
        /// no news.
        asked: Position,
    },
    /// The event's position could not be read; the next check tries again.
    PositionUnknown,
    /// What followed the room's position was read.
    History(History),
    /// The whole state was read; `None` when the event is gone.
    Snapshot(Option<Box<Snapshot>>),
    /// A read of history or snapshot failed; the next position check tries again.
    ReadFailed,
    /// What followed a position of the past was read, for spectators who come back.
    Past {
        /// The position.
        since: Position,
        /// What followed, or `None` when it can't be read now.
        history: Option<History>,
    },
}

/// How a spectator is answered who comes back and says where it stood.
#[derive(Debug, Clone, PartialEq)]
pub enum Resumption {
    /// With exactly what it missed.
    Replay(Message),
    /// With a `full`.
    Full,
    /// Not before the history is read.
    ReadPast,
    /// Not before the position is checked: the spectator knows of one that the room does not.
    Verify,
    /// Not now: what it knows can't be checked.
    TryLater,
}

/// What a room wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send to everyone; the room stands at that seq after it.
    Broadcast(Message, Seq),
    /// Older clients must re-read the details that they show: an import changed some.
    RefreshOlder,
    /// Read what follows the position.
    ReadHistory(Position),
    /// Read the whole state.
    ReadSnapshot,
    /// Do what is due: nobody else did.
    SettleDue,
    /// The room ends.
    End(End),
}

/// How a room ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The results are final; spectators stay for the grace period.
    Official,
    /// The event is not public any more.
    Unpublished,
    /// The event does not exist any more; spectators stay for the grace period.
    Deleted,
}
