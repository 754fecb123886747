//! The indexes across events: the list, and from a key's digest to its event. They are written
//! beside an event's own keys, not with them, so they may be wrong after a crash: whoever follows an
//! entry checks it, and [`Store::repair_indexes`] makes them anew from the events themselves.

use std::collections::BTreeSet;

use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};

use super::{
    Store, StoreError,
    keys::{self, EventKeys},
};
use crate::domain::{EventId, EventRecord};

impl Store {
    /// All event ids of the list, sorted.
    pub async fn event_ids(&self) -> Result<Vec<EventId>, StoreError> {
        let mut members = redis::cmd("SMEMBERS");
        let ids: Vec<String> = self.command(members.arg(keys::EVENTS)).await?;
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
        let mut get = redis::cmd("GET");
        let id: Option<String> = self.command(get.arg(keys::api_key(digest))).await?;
        Ok(id.and_then(|id| EventId::parse(&id).ok()))
    }

    /// Enters an event and its key.
    pub async fn index_event(&self, event_id: &EventId, digest: &str) -> Result<(), StoreError> {
        let id = event_id.as_str();
        let mut listed = redis::cmd("SADD");
        listed.arg(keys::EVENTS).arg(id);
        let mut key = redis::cmd("SET");
        key.arg(keys::api_key(digest)).arg(id);
        self.query_each::<redis::Value>(vec![listed, key]).await?;
        Ok(())
    }

    /// Removes the entry of a key that opens nothing any more.
    pub async fn forget_key(&self, digest: &str) -> Result<(), StoreError> {
        let mut delete = redis::cmd("DEL");
        self.command::<redis::Value>(delete.arg(keys::api_key(digest)))
            .await?;
        Ok(())
    }

    pub(super) async fn unindex_event(
        &self,
        event_id: &EventId,
        digest: &str,
    ) -> Result<(), StoreError> {
        let id = event_id.as_str();
        let mut key = redis::cmd("DEL");
        key.arg(keys::api_key(digest));
        let mut listed = redis::cmd("SREM");
        listed.arg(keys::EVENTS).arg(id);
        self.query_each::<redis::Value>(vec![key, listed]).await?;
        // Somebody may have created the event anew between its deletion and the line above.
        let meta = EventKeys::new(event_id).meta();
        let exists: u8 = self.command(redis::cmd("EXISTS").arg(meta)).await?;
        if exists == 1 {
            let mut listed = redis::cmd("SADD");
            self.command::<redis::Value>(listed.arg(keys::EVENTS).arg(id))
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
        for server in self.primaries().await? {
            let mut cursor = 0;
            loop {
                let (next, metas) = self.scan(server.as_ref(), cursor).await?;
                let ids: Vec<EventId> = metas
                    .iter()
                    .filter_map(|key| keys::event_of_meta(key))
                    .collect();
                for record in self.records(&ids).await? {
                    self.index_event(&record.event_id, &digest(&record)).await?;
                    found += 1;
                }
                if next == 0 {
                    break;
                }
                cursor = next;
            }
        }
        Ok(found)
    }

    /// The next part of all keys of a server that hold an event's record.
    async fn scan(
        &self,
        server: Option<&Address>,
        cursor: u64,
    ) -> Result<(u64, Vec<String>), StoreError> {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor)
            .arg("MATCH")
            .arg(keys::META_PATTERN)
            .arg("COUNT")
            .arg(1000);
        let mut connection = self.connection().await?;
        let Some(((host, port), cluster)) = server.cloned().zip(connection.link().cluster()) else {
            return Ok(scan.query_async(connection.link()).await?);
        };
        let server = SingleNodeRoutingInfo::ByAddress { host, port };
        let answer = cluster.route_command(scan, RoutingInfo::SingleNode(server));
        Ok(redis::from_redis_value(answer.await?)?)
    }

    /// Every server that holds keys of its own: one, or the primaries of a cluster.
    async fn primaries(&self) -> Result<Vec<Option<Address>>, StoreError> {
        if !self.is_cluster() {
            return Ok(vec![None]);
        }
        let mut connection = self.connection().await?;
        let slots: Vec<Vec<redis::Value>> = redis::cmd("CLUSTER")
            .arg("SLOTS")
            .query_async(connection.link())
            .await?;
        let mut primaries = BTreeSet::new();
        for range in slots {
            // Start, end, primary, replicas.
            let primary = range.into_iter().nth(2).unwrap_or(redis::Value::Nil);
            let primary: Vec<redis::Value> = redis::from_redis_value(primary)?;
            if let [host, port, ..] = primary.as_slice() {
                let host = redis::from_redis_value_ref(host)?;
                primaries.insert((host, redis::from_redis_value_ref(port)?));
            }
        }
        Ok(primaries.into_iter().map(Some).collect())
    }
}

type Address = (String, u16);
