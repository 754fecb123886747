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

use super::{
    csv::{self, Separator},
    shapes::{
        CategoriesAnswer, EventDetail, List, OnCourseAnswer, ResultsAnswer, ResultsOf,
        StartlistAnswer,
    },
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
    /// The same for spreadsheets.
    Csv(ResultsOf, Separator),
}

/// An answer as it goes over the wire.
#[derive(Debug)]
pub struct Body {
    /// The position of the resource's last change.
    pub seq: Seq,
    plain: Bytes,
    gzipped: OnceLock<Option<Bytes>>,
    /// The name of the file, of a list for spreadsheets.
    file_name: Option<String>,
}

impl Resource {
    fn race_id(&self) -> Option<&RaceId> {
        match self {
            Self::Detail | Self::Categories | Self::OnCourse => None,
            Self::Startlist(race_id) => Some(race_id),
            Self::Results(of) | Self::Csv(of, _) => Some(&of.race_id),
        }
    }

    /// The position of its last change; `None` when there is no such race.
    pub fn seq(&self, head: &Head) -> Option<Seq> {
        if let Some(race_id) = self.race_id() {
            head.structure.race(race_id)?;
        }
        if let Self::Results(of) | Self::Csv(of, _) = self {
            return Self::results_seq(&of.race_id, head);
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
            Self::Results(_) | Self::Csv(..) => return None,
        })
    }

    /// The position of the last change of a race's list; `None` when there is no such race.
    pub fn results_seq(race_id: &RaceId, head: &Head) -> Option<Seq> {
        head.structure.race(race_id)?;
        let marks = [Mark::Results(race_id.clone()), Mark::Race(race_id.clone())];
        marks.iter().map(|mark| head.marks.seq(mark)).max()
    }
}

impl Body {
    /// The answer for a result list.
    pub fn of_list(seq: Seq, resource: &Resource, list: &List) -> Result<Self, StoreError> {
        match resource {
            Resource::Csv(of, separator) => {
                let race = &list.race;
                let name = csv::file_name(
                    race.title.as_deref(),
                    race.race_id.as_str(),
                    race.race_state,
                );
                Ok(Self {
                    file_name: Some(name),
                    ..Self::of_bytes(seq, csv::encode(list, of, *separator)?)
                })
            }
            Resource::Results(of) => Self::encode(seq, &ResultsAnswer::new(of, list, seq)),
            _ => Err(StoreError::corrupt("a list was asked for something else")),
        }
    }

    /// Builds any other answer, with the head that it is true for: `head`, or a later one where rows had to
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
        let body = Self::encode(seq, &StartlistAnswer::new(race, &competition, seq))?;
        Ok(Some((Arc::new(head), body)))
    }

    fn encode(seq: Seq, answer: &impl Serialize) -> Result<Self, StoreError> {
        let json = serde_json::to_vec(answer).map_err(StoreError::corrupt)?;
        Ok(Self::of_bytes(seq, json))
    }

    fn of_bytes(seq: Seq, bytes: Vec<u8>) -> Self {
        Self {
            seq,
            plain: bytes.into(),
            gzipped: OnceLock::new(),
            file_name: None,
        }
    }

    /// Its media type.
    pub fn content_type(&self) -> &'static str {
        match self.file_name {
            Some(_) => "text/csv; charset=utf-8; header=present",
            None => "application/json",
        }
    }

    /// The name under which it is kept as a file.
    pub fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    /// Tells the formats of one address apart.
    pub fn etag_suffix(&self) -> &'static str {
        if self.file_name.is_some() { "-csv" } else { "" }
    }

    /// As it is.
    pub fn plain(&self) -> Bytes {
        self.plain.clone()
    }

    /// Compressed, once for all who can read that; `None` where it does not pay.
    pub fn gzipped(&self) -> Option<Bytes> {
        let compress = || {
            if self.plain.len() < GZIP_BYTES_MIN {
                return None;
            }
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&self.plain).ok()?;
            encoder.finish().ok().map(Bytes::from)
        };
        self.gzipped.get_or_init(compress).clone()
    }

    /// What it holds in memory.
    pub fn bytes(&self) -> usize {
        // Its compressed copy may come later, and is smaller.
        ENTRY_BYTES + 2 * self.plain.len()
    }
}
