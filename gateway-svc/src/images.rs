//! Pictures of events, kept so that reading one again costs Redis nothing.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use common::{
    domain::{EventId, ImageRecord},
    store::{Store, StoreError},
};
use moka::future::Cache;

/// Bytes of all pictures here.
const BYTES_MAX: u64 = 64 << 20;
/// A picture that is asked for by its own address is good for so long; by the event's alone, a moment.
const KEPT_FOR: Duration = Duration::from_secs(10);
const FRESH_FOR: Duration = Duration::from_secs(1);

/// A picture as it is served.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Its type and version.
    pub image: ImageRecord,
    /// Itself.
    pub bytes: Bytes,
    read_at: Instant,
}

/// The pictures that were read a moment ago; cheap to clone.
#[derive(Clone)]
pub struct Images {
    store: Store,
    known: Cache<EventId, Arc<Picture>>,
}

impl Images {
    /// Nothing read yet.
    pub fn new(store: Store) -> Self {
        let weigh = |_: &EventId, picture: &Arc<Picture>| {
            u32::try_from(picture.bytes.len()).unwrap_or(u32::MAX)
        };
        let known = Cache::builder()
            .max_capacity(BYTES_MAX)
            .weigher(weigh)
            .time_to_live(KEPT_FOR)
            .build();
        Self { store, known }
    }

    /// The picture of a public event; of `version`, if the asker names one.
    pub async fn get(
        &self,
        event_id: &EventId,
        version: Option<&str>,
    ) -> Result<Arc<Picture>, StoreError> {
        if let Some(known) = self.known.get(event_id).await {
            let is_named = version == Some(known.image.version.as_str());
            if is_named || known.read_at.elapsed() < FRESH_FOR {
                return Ok(known);
            }
            self.known.invalidate(event_id).await;
        }
        let read = self
            .known
            .try_get_with_by_ref(event_id, Box::pin(self.read(event_id)));
        Box::pin(read)
            .await
            .map_err(|error: Arc<StoreError>| match &*error {
                StoreError::NoEvent => StoreError::NoEvent,
                StoreError::Unavailable(why) => StoreError::Unavailable(why.clone()),
                other => StoreError::corrupt(other),
            })
    }

    async fn read(&self, event_id: &EventId) -> Result<Arc<Picture>, StoreError> {
        let read_at = Instant::now();
        let found = self.store.image(event_id).await?;
        let public = found.filter(|(record, _)| record.status.is_public());
        let (record, bytes) = public.ok_or(StoreError::NoEvent)?;
        let image = record.image.ok_or(StoreError::NoEvent)?;
        Ok(Arc::new(Picture {
            image,
            bytes: bytes.into(),
            read_at,
        }))
    }
}
