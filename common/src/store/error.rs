//! What Redis did to us.

use redis::{ErrorKind, ParsingError, RedisError, ServerErrorKind};

use crate::domain::EventStatus;

/// Why a store operation failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Redis can't be reached, is too slow, or is not the primary.
    #[error("redis is not available: {0}")]
    Unavailable(String),
    /// Redis has no memory or disk left for more; nothing was stored.
    #[error("redis has no room for more: {0}")]
    NoRoom(String),
    /// The URL names no Redis that we know how to reach.
    #[error("the Redis URL is not usable: {0}")]
    Url(String),
    /// The event does not exist, or it is another one under the same id by now.
    #[error("the event does not exist")]
    NoEvent,
    /// An event of that id exists already.
    #[error("the event exists already")]
    Exists,
    /// Somebody else wrote first; plan again from what is true now.
    #[error("the event was changed by another request meanwhile")]
    Conflict,
    /// The event is in a state in which this can't be stored.
    #[error("the event is in '{0}' state by now")]
    State(EventStatus),
    /// The request's time was up before Redis saw it; nothing was stored.
    #[error("the request's time was up before it could be stored")]
    Late,
    /// What is stored can't be read back.
    #[error("stored data is not readable: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Something stored that is not what it should be.
    pub fn corrupt(what: impl std::fmt::Display) -> Self {
        Self::Corrupt(what.to_string())
    }
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        if matches!(error.code(), Some("OOM" | "MISCONF")) {
            return Self::NoRoom(error.to_string());
        }
        match error.kind() {
            ErrorKind::UnexpectedReturnType | ErrorKind::Parse => Self::corrupt(error),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<ParsingError> for StoreError {
    fn from(error: ParsingError) -> Self {
        Self::corrupt(error)
    }
}

/// Whether the server says that it may not be written to: a primary that was demoted still answers
/// PING, so its connections must not go back to the pool.
pub(super) fn is_demoted(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}
