//! Reading what a room missed.

use bytes::Bytes;
use redis::Value;

use super::{Store, StoreError, keys::EventKeys};
use crate::{
    domain::EventId,
    protocol::{Envelope, Position},
};

/// What happened after a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum History {
    /// Everything that followed, in order, without a hole.
    Continues(Vec<Envelope>),
    /// It can't be continued from there: too old, another epoch, or ahead of the server.
    Broken,
    /// The event does not exist any more.
    Gone,
}

impl Store {
    /// What happened to the event of that incarnation after `since`.
    pub async fn history(
        &self,
        event_id: &EventId,
        incarnation: &str,
        since: &Position,
    ) -> Result<History, StoreError> {
        let keys = EventKeys::new(event_id);
        let mut invocation = self.scripts().history.prepare_invoke();
        invocation.key(keys.meta()).key(keys.history());
        invocation
            .arg(incarnation)
            .arg(since.epoch.as_str())
            .arg(since.seq);
        let reply: Vec<Value> = self.query(&invocation).await?;
        let mut parts = reply.into_iter().map(bytes);
        match parts.next().transpose()?.as_deref() {
            Some(b"ok") => {
                let envelope = |part: Result<Bytes, StoreError>| {
                    Envelope::parse(&part?).map_err(StoreError::corrupt)
                };
                Ok(History::Continues(
                    parts.map(envelope).collect::<Result<_, _>>()?,
                ))
            }
            Some(b"other") => Ok(History::Broken),
            _ => Ok(History::Gone),
        }
    }
}

fn bytes(value: Value) -> Result<Bytes, StoreError> {
    match value {
        Value::BulkString(bytes) => Ok(Bytes::from(bytes)),
        other => Err(StoreError::corrupt(format!("history holds {other:?}"))),
    }
}
