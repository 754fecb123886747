//! The indexes across events: the list, and from a key's digest to its event. They are written
//! beside an event's own keys, not with them, so they may be wrong after a crash: whoever follows an
//! entry checks it, and [`Store::repair_indexes`] makes them anew from the events themselves.

use super::{
    Store, StoreError,
    keys::{self, EventKeys},
};
use crate::domain::{EventId, EventRecord};

impl Store {
    /// All event ids of the list, sorted.
    pub async fn event_ids(&self) -> Result<Vec<EventId>, StoreError> {
        let (ids,): (Vec<String>,) = self
            .query(redis::pipe().cmd("SMEMBERS").arg(keys::EVENTS))
            .await?;
        let mut ids: Vec<EventId> = ids
            .iter()
            .filter_map(|id| EventId::parse(id).ok())
            .collect();
        ids.sort();
        Ok(ids)
    }

    /// The event that the index names for a key; the caller must check that the key really is the
    /// event's own.
    pub async fn event_of_key(&self, digest: &str) -> Result<Option<EventId>, StoreError> {
        let (id,): (Option<String>,) = self
            .query(redis::pipe().cmd("GET").arg(keys::api_key(digest)))
            .await?;
        Ok(id.and_then(|id| EventId::parse(&id).ok()))
    }

    /// Enters an event and its key.
    pub async fn index_event(&self, event_id: &EventId, digest: &str) -> Result<(), StoreError> {
        let mut pipe = redis::pipe();
        pipe.cmd("SADD")
            .arg(keys::EVENTS)
            .arg(event_id.as_str())
            .ignore();
        pipe.cmd("SET")
            .arg(keys::api_key(digest))
            .arg(event_id.as_str())
            .ignore();
        self.query(&pipe).await
    }

    /// Removes the entry of a key that opens nothing any more.
    pub async fn forget_key(&self, digest: &str) -> Result<(), StoreError> {
        let key = keys::api_key(digest);
        self.query(redis::pipe().cmd("DEL").arg(key).ignore()).await
    }

    pub(super) async fn unindex_event(
        &self,
        event_id: &EventId,
        digest: &str,
    ) -> Result<(), StoreError> {
        let id = event_id.as_str();
        let mut pipe = redis::pipe();
        pipe.cmd("DEL").arg(keys::api_key(digest)).ignore();
        pipe.cmd("SREM").arg(keys::EVENTS).arg(id).ignore();
        // Somebody may have created the event anew between its deletion and the line above.
        pipe.cmd("EXISTS").arg(EventKeys::new(event_id).meta());
        let (exists,): (u8,) = self.query(&pipe).await?;
        if exists == 1 {
            self.query::<()>(redis::pipe().cmd("SADD").arg(keys::EVENTS).arg(id).ignore())
                .await?;
        }
        Ok(())
    }

    /// Enters every event that exists, found by walking all keys. `digest` tells an event's key.
    /// Returns how many events there are.
    pub async fn repair_indexes(
        &self,
        digest: impl Fn(&EventRecord) -> String,
    ) -> Result<usize, StoreError> {
        let mut found = 0;
        let mut cursor = 0_u64;
        loop {
            let mut pipe = redis::pipe();
            pipe.cmd("SCAN")
                .arg(cursor)
                .arg("MATCH")
                .arg(keys::META_PATTERN)
                .arg("COUNT")
                .arg(1000);
            let ((next, metas),): ((u64, Vec<String>),) = self.query(&pipe).await?;
            let ids: Vec<EventId> = metas
                .iter()
                .filter_map(|key| keys::event_of_meta(key))
                .collect();
            for record in self.records(&ids).await? {
                self.index_event(&record.event_id, &digest(&record)).await?;
                found += 1;
            }
            if next == 0 {
                return Ok(found);
            }
            cursor = next;
        }
    }
}
