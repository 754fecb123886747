//! Creating and deleting events.

use super::{Head, Store, StoreError, keys::EventKeys, record::new_fields};
use crate::{
    domain::{
        EventConfig, EventDetails, EventId, EventRecord, EventStatus, ImageRecord, KeyRecord,
    },
    protocol::Epoch,
};

/// What an administrator gives to create an event.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The event's name in every URL.
    pub event_id: EventId,
    /// Title, place, dates.
    pub details: EventDetails,
    /// How its API key is derived, and when it works.
    pub key: KeyRecord,
    /// Its picture.
    pub image: Option<(ImageRecord, Vec<u8>)>,
    /// Spectators at once, where the gateways' own number does not fit.
    pub max_connections: Option<u32>,
    /// Ms since 1970.
    pub created_at_ms: i64,
}

impl Store {
    /// Creates an event in `draft`; [`StoreError::Exists`] when the id is taken. `api_key_digest`
    /// is what [`Self::event_of_key`] will find it by.
    pub async fn create(
        &self,
        new: NewEvent,
        api_key_digest: &str,
    ) -> Result<EventRecord, StoreError> {
        let mut increment = redis::cmd("INCR");
        let number: u64 = self.command(increment.arg(super::keys::NUMBER)).await?;
        let (image, image_bytes) = new.image.unzip();
        let record = EventRecord {
            event_id: new.event_id,
            incarnation: Epoch::random().to_string(),
            number,
            status: EventStatus::Draft,
            status_changed_at_ms: new.created_at_ms,
            created_at_ms: new.created_at_ms,
            details: new.details,
            config: EventConfig::default(),
            key: new.key,
            has_xml: false,
            image,
            max_connections: new.max_connections,
        };
        // The indexes first, so that no event exists that they do not know; entries without an
        // event are found wrong by whoever follows them. The list again afterwards, since a
        // repair may have taken the id out in between.
        self.index_event(&record.event_id, api_key_digest).await?;
        if !self.create_meta(&record, image_bytes).await? {
            self.forget_key(api_key_digest).await?;
            return Err(StoreError::Exists);
        }
        self.index_event(&record.event_id, api_key_digest).await?;
        Ok(record)
    }

    async fn create_meta(
        &self,
        record: &EventRecord,
        image: Option<Vec<u8>>,
    ) -> Result<bool, StoreError> {
        let keys = EventKeys::new(&record.event_id);
        let mut invocation = self.scripts().create.prepare_invoke();
        invocation.key(keys.meta());
        invocation.key(keys.image());
        for key in keys.others() {
            invocation.key(key);
        }
        invocation.arg(image.unwrap_or_default());
        invocation.arg(Epoch::random().as_str());
        for (field, value) in new_fields(record) {
            invocation.arg(field).arg(value);
        }
        let created: u8 = self.write(&invocation).await?;
        Ok(created == 1)
    }

    /// Deletes the event of `head` with everything that it has, and tells its spectators.
    /// [`StoreError::Conflict`] when its structure is another one by now.
    pub async fn delete(
        &self,
        head: &Head,
        api_key_digest: &str,
        ts_ms: i64,
    ) -> Result<(), StoreError> {
        let keys = EventKeys::new(&head.record.event_id);
        let mut invocation = self.scripts().delete.prepare_invoke();
        invocation.key(keys.meta()).key(keys.image());
        for key in keys.others() {
            invocation.key(key);
        }
        for class in &head.structure.classes {
            invocation.key(keys.people(&class.class_id));
        }
        for race in &head.structure.races {
            invocation.key(keys.rows(&race.race_id));
        }
        let (_, revision) = head.revisions.expect(crate::plan::Part::Structure);
        invocation
            .arg(&head.record.incarnation)
            .arg(revision)
            .arg(keys.feed())
            .arg(ts_ms)
            .arg(self.publish_command());
        let reply: Vec<String> = self.write(&invocation).await?;
        match reply.first().map(String::as_str) {
            Some("ok") => {
                self.unindex_event(&head.record.event_id, api_key_digest)
                    .await
            }
            Some("conflict") => Err(StoreError::Conflict),
            _ => Err(StoreError::NoEvent),
        }
    }
}
