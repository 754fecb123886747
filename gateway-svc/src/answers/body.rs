//! One encoded answer.

use std::{
    io::Write,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use common::{
    domain::{EventId, RaceId},
    protocol::{Mark, Seq},
    store::{Head, Store, StoreError},
};
use flate2::{Compression, write::GzEncoder};
use serde::Serialize;

use super::shapes::{
    CategoriesAnswer, EventDetail, OnCourseAnswer, ResultsAnswer, ResultsOf, StartlistAnswer,
};

/// A smaller body costs more to unpack than it saves.
const GZIP_BYTES_MIN: usize = 512;

/// What an answer holds beside its text: its key, its place in a map, its bookkeeping.
const ENTRY_BYTES: usize = 512;

/// What can be read of an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Resource {
    /// The event with its classes and races.
    Detail,
    /// Its age categories.
    Categories,
    /// The boats on the water.
    OnCourse,
    /// Who starts in a race.
    Startlist(RaceId),
    /// The result list of a race.
    Results(ResultsOf),
}

/// An answer as it goes over the wire.
#[derive(Debug)]
pub struct Body {
    /// The position of the resource's last change.
    pub seq: Seq,
    json: Bytes,
    gzipped: OnceLock<Option<Bytes>>,
}

impl Resource {
    fn race_id(&self) -> Option<&RaceId> {
        match self {
            Self::Detail | Self::Categories | Self::OnCourse => None,
            Self::Startlist(race_id) => Some(race_id),
            Self::Results(of) => Some(&of.race_id),
        }
    }

    /// The position of its last change; `None` when there is no such race.
    pub fn seq(&self, head: &Head) -> Option<Seq> {
        if let Some(race_id) = self.race_id() {
            head.structure.race(race_id)?;
        }
        let of_race = |race_id: &RaceId, mark: fn(RaceId) -> Mark| {
            let of = |mark: fn(RaceId) -> Mark| head.marks.seq(&mark(race_id.clone()));
            of(mark).max(of(Mark::Race))
        };
        Some(match self {
            Self::Detail => EventDetail::seq(head),
            Self::Categories => head.marks.seq(&Mark::Categories),
            Self::OnCourse => head.marks.seq(&Mark::OnCourse),
            Self::Startlist(race_id) => of_race(race_id, Mark::Startlist),
            Self::Results(of) => of_race(&of.race_id, Mark::Results),
        })
    }
}

impl Body {
    /// Builds the answer, with the head that it is true for: `head`, or a later one where rows had to
    /// be read. `None` when there is no such race.
    pub async fn read(
        store: &Store,
        event_id: &EventId,
        head: &Arc<Head>,
        resource: &Resource,
    ) -> Result<Option<(Arc<Head>, Self)>, StoreError> {
        let Some(race_id) = resource.race_id() else {
            let seq = resource.seq(head).unwrap_or_default();
            let body = match resource {
                Resource::Categories => Self::encode(seq, &CategoriesAnswer::new(head, seq)),
                Resource::OnCourse => Self::encode(seq, &OnCourseAnswer::new(head, seq)),
                _ => Self::encode(seq, &EventDetail::new(head)),
            };
            return Ok(Some((Arc::clone(head), body?)));
        };
        if head.structure.race(race_id).is_none() {
            return Ok(None);
        }
        let Some((head, competition)) = store.race(event_id, race_id).await? else {
            return Ok(None);
        };
        let Some((race, seq)) = head.structure.race(race_id).zip(resource.seq(&head)) else {
            return Ok(None);
        };
        let body = match resource {
            Resource::Results(of) => {
                Self::encode(seq, &ResultsAnswer::new(of, race, &competition, seq))
            }
            _ => Self::encode(seq, &StartlistAnswer::new(race, &competition, seq)),
        };
        Ok(Some((Arc::new(head), body?)))
    }

    fn encode(seq: Seq, answer: &impl Serialize) -> Result<Self, StoreError> {
        let json = serde_json::to_vec(answer).map_err(StoreError::corrupt)?;
        Ok(Self {
            seq,
            json: json.into(),
            gzipped: OnceLock::new(),
        })
    }

    /// As it is.
    pub fn json(&self) -> Bytes {
        self.json.clone()
    }

    /// Compressed, once for all who can read that; `None` where it does not pay.
    pub fn gzipped(&self) -> Option<Bytes> {
        let compress = || {
            if self.json.len() < GZIP_BYTES_MIN {
                return None;
            }
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&self.json).ok()?;
            encoder.finish().ok().map(Bytes::from)
        };
        self.gzipped.get_or_init(compress).clone()
    }

    /// What it holds in memory.
    pub fn bytes(&self) -> usize {
        let gzipped = self.gzipped.get().and_then(Option::as_ref);
        ENTRY_BYTES + self.json.len() + gzipped.map_or(0, Bytes::len)
    }
}
