//! Reads. A [`Head`] is read in one atomic step. Rows read after it may be newer, which a commit
//! finds out by their revisions.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use redis::Value;

use super::{
    Committed, Store, StoreError,
    keys::EventKeys,
    record::{self, Fields, from_json},
};
use crate::{
    domain::{
        ClassId, Competition, EventId, EventRecord, OnCourse, Participant, Participants, Race,
        RaceId, Row, RowIds, Rows, Structure, Waiting,
    },
    plan::{Before, Plan, Revisions, Write, results::concerned},
    protocol::{Epoch, Mark, Position, Seq},
};

/// The position of the last change of each public resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks(HashMap<String, Seq>);

impl Marks {
    /// From stored names and positions.
    pub fn new(stored: HashMap<String, Seq>) -> Self {
        Self(stored)
    }

    /// The last change of `mark`; 0 when it never changed.
    pub fn seq(&self, mark: &Mark) -> Seq {
        self.0.get(&mark.name()).copied().unwrap_or(0)
    }

    /// The last change of a race's results.
    pub fn results_seq(&self, race_id: &RaceId) -> Seq {
        self.seq(&Mark::Results(race_id.clone()))
    }
}

/// An event at one instant, without its rows and participants.
#[derive(Debug, Clone)]
pub struct Head {
    /// The event's record.
    pub record: EventRecord,
    /// The position that all of this is true for.
    pub position: Position,
    /// Revisions of its parts.
    pub revisions: Revisions,
    /// Positions of its public resources.
    pub marks: Marks,
    /// Classes, races, courses.
    pub structure: Arc<Structure>,
    /// Boats on the water.
    pub on_course: OnCourse,
    /// Which rows of the last export wait.
    pub waiting: Waiting,
    /// The server's clock at the read, ms since 1970; deadlines are told in it.
    pub server_ms: i64,
}

impl Head {
    /// The event right after `plan`, computed from this, was committed; `None` when the plan wrote
    /// something to the event's record, which is better read.
    pub fn after(mut self, plan: &Plan, committed: Committed) -> Option<Self> {
        for write in &plan.writes {
            match write {
                Write::Details(_)
                | Write::Config(_)
                | Write::Status(..)
                | Write::Key(_)
                | Write::Image(_)
                | Write::MaxConnections(_)
                | Write::HasXml => return None,
                Write::Structure(structure) => self.structure = Arc::clone(structure),
                Write::OnCourse(on_course) => self.on_course = on_course.clone(),
                Write::Waiting(waiting) => self.waiting = waiting.clone(),
                Write::Participants(..)
                | Write::RemoveParticipants(..)
                | Write::DropParticipants(_)
                | Write::Rows(..)
                | Write::RemoveRows(..)
                | Write::DropRows(_) => {}
            }
        }
        for part in &plan.touched {
            self.revisions.touch(part);
        }
        let first = committed.position.seq + 1 - plan.changes.len() as Seq;
        for (seq, change) in (first..).zip(&plan.changes) {
            let marks = change.marks().into_iter();
            self.marks.0.extend(marks.map(|mark| (mark.name(), seq)));
        }
        self.position = committed.position;
        Some(self)
    }

    /// With the rows in `competition`, as a plan starts from it.
    pub fn before<'a>(&'a self, competition: &'a Competition) -> Before<'a> {
        Before {
            record: &self.record,
            competition,
            on_course: &self.on_course,
            waiting: &self.waiting,
            revisions: &self.revisions,
        }
    }

    /// When something of it is due without a push, ms since 1970.
    pub fn due_at_ms(&self) -> Option<i64> {
        let due = [self.on_course.due_at_ms(), self.waiting.due_at_ms()];
        due.into_iter().flatten().min()
    }

    /// Whether something was due at the read.
    pub fn is_overdue(&self) -> bool {
        self.due_at_ms()
            .is_some_and(|at_ms| at_ms <= self.server_ms)
    }
}

/// Which event of its id there is, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Which event.
    pub incarnation: String,
    /// Its position.
    pub position: Position,
}

/// Where an event stands, and what is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse {
    /// Which event, and where it stands.
    pub standing: Standing,
    /// Whether somebody must do what is due: let a boat go, show a list or rows that waited.
    pub overdue: bool,
}

/// What a gateway's room starts from: a [`Head`] is consistent in itself.
pub type Snapshot = Head;

/// What a [`Head`] is read from, in this order.
fn head_reads(keys: &EventKeys) -> Vec<(&'static str, String)> {
    vec![
        ("META", keys.meta()),
        ("HGETALL", keys.marks()),
        ("GET", keys.structure()),
        ("GET", keys.on_course()),
    ]
}

/// How often a consistent read is tried while the structure changes under it.
const CONSISTENT_TRIES: usize = 5;
/// Incarnation, epoch and seq as they are stored; none of an event that is gone.
type StandingReply = (Option<String>, Option<String>, Option<Seq>);

impl Standing {
    fn read((incarnation, epoch, seq): StandingReply) -> Option<Self> {
        let epoch = Epoch::new(epoch?);
        let position = Position { epoch, seq: seq? };
        Some(Self {
            incarnation: incarnation?,
            position,
        })
    }
}

impl Store {
    /// Reads an event's head; [`StoreError::NoEvent`] when there is none.
    pub async fn head(&self, event_id: &EventId) -> Result<Head, StoreError> {
        let keys = EventKeys::new(event_id);
        let (answers, server_ms) = self.read_at_once(&head_reads(&keys)).await?;
        read_head(event_id, answers, server_ms)
    }

    /// Reads an event's record alone.
    pub async fn record(&self, event_id: &EventId) -> Result<EventRecord, StoreError> {
        let meta = EventKeys::new(event_id).meta();
        let fields: Fields = self.command(redis::cmd("HGETALL").arg(meta)).await?;
        Ok(record::read(event_id, &fields)?.0)
    }

    /// Reads the records of many events; those that are gone are left out.
    pub async fn records(&self, ids: &[EventId]) -> Result<Vec<EventRecord>, StoreError> {
        let read = |id| {
            let mut command = redis::cmd("HGETALL");
            command.arg(EventKeys::new(id).meta());
            command
        };
        let found: Vec<Fields> = self.query_each(ids.iter().map(read).collect()).await?;
        let events = ids
            .iter()
            .zip(&found)
            .filter(|(_, fields)| !fields.is_empty());
        events
            .map(|(id, fields)| Ok(record::read(id, fields)?.0))
            .collect()
    }

    /// Where the event stands, which it is, and whether something is due; `None` when it is gone.
    pub async fn pulse(&self, event_id: &EventId) -> Result<Option<Pulse>, StoreError> {
        let mut invocation = self.scripts().pulse.prepare_invoke();
        invocation.key(EventKeys::new(event_id).meta());
        let (standing, overdue): (StandingReply, bool) = self.query(&invocation).await?;
        let standing = Standing::read(standing);
        Ok(standing.map(|standing| Pulse { standing, overdue }))
    }

    /// The rows of `races` and the participants of their classes, into a competition with the
    /// head's structure. Races that the structure lacks are left out.
    pub async fn competition<'a>(
        &self,
        head: &Head,
        races: impl IntoIterator<Item = &'a RaceId>,
    ) -> Result<Competition, StoreError> {
        let wanted: BTreeSet<&RaceId> = races.into_iter().collect();
        let known = head.structure.races.iter();
        let races: Vec<&Race> = known
            .filter(|race| wanted.contains(&race.race_id))
            .collect();
        let classes = races.iter().map(|race| &race.class_id).collect();
        self.load(head, &races, classes).await
    }

    /// A race with everything that its public shapes depend on, and the head that all of it is true
    /// for; `None` when the event has no such race.
    pub async fn race(
        &self,
        event_id: &EventId,
        race_id: &RaceId,
    ) -> Result<Option<(Head, Competition)>, StoreError> {
        let mut known = self.head(event_id).await?;
        for _ in 0..CONSISTENT_TRIES {
            let Some(race) = known.structure.race(race_id) else {
                return Ok(None);
            };
            let races = concerned(&known.structure, [race_id]);
            let (head, people, rows) = self.race_at_once(event_id, &race.class_id, &races).await?;
            // Which class and partner belong to the race is only certain for the same structure.
            if head.structure == known.structure {
                let competition = Competition {
                    structure: Arc::clone(&head.structure),
                    participants: [(race.class_id.clone(), people)].into(),
                    rows: races.into_iter().zip(rows).collect(),
                };
                return Ok(Some((head, competition)));
            }
            known = head;
        }
        Err(StoreError::Conflict)
    }

    async fn race_at_once(
        &self,
        event_id: &EventId,
        class_id: &ClassId,
        races: &[RaceId],
    ) -> Result<(Head, Participants, Vec<Rows>), StoreError> {
        let keys = EventKeys::new(event_id);
        let mut reads = head_reads(&keys);
        let head_count = reads.len();
        reads.push(("HVALS", keys.people(class_id)));
        reads.extend(races.iter().map(|race_id| ("HVALS", keys.rows(race_id))));
        let (mut answers, server_ms) = self.read_at_once(&reads).await?;
        let hashes = answers.split_off(head_count);
        let mut hashes = hashes
            .into_iter()
            .map(redis::from_redis_value::<Vec<String>>);
        let people = hashes.next().transpose()?.unwrap_or_default();
        let head = read_head(event_id, answers, server_ms)?;
        let people = named(&people, &RowIds::new(&head.record.incarnation))?;
        let rows = hashes.map(|hash| {
            let by_id = |row: Arc<Row>| (row.participant_id.clone(), row);
            Ok(values(&hash?)?.into_iter().map(by_id).collect())
        });
        let rows: Result<Vec<Rows>, StoreError> = rows.collect();
        Ok((head, people, rows?))
    }

    /// The event's record with the bytes of its picture; `None` when it has no picture.
    pub async fn image(
        &self,
        event_id: &EventId,
    ) -> Result<Option<(EventRecord, Vec<u8>)>, StoreError> {
        let keys = EventKeys::new(event_id);
        let reads = [("HGETALL", keys.meta()), ("GET", keys.image())];
        let (answers, _) = self.read_at_once(&reads).await?;
        let [fields, bytes] = answers
            .try_into()
            .map_err(|_| StoreError::corrupt("image"))?;
        let fields: Fields = redis::from_redis_value(fields)?;
        let bytes: Option<Vec<u8>> = redis::from_redis_value(bytes)?;
        let (record, _) = record::read(event_id, &fields)?;
        Ok(bytes.map(|bytes| (record, bytes)))
    }

    /// Rows and participants of all races and classes.
    pub async fn whole_competition(&self, head: &Head) -> Result<Competition, StoreError> {
        let races: Vec<&Race> = head.structure.races.iter().collect();
        let classes = head.structure.classes.iter().map(|class| &class.class_id);
        self.load(head, &races, classes.collect()).await
    }

    async fn load(
        &self,
        head: &Head,
        races: &[&Race],
        classes: BTreeSet<&ClassId>,
    ) -> Result<Competition, StoreError> {
        let keys = EventKeys::new(&head.record.event_id);
        let people = classes.iter().map(|class| keys.people(class));
        let rows = races.iter().map(|race| keys.rows(&race.race_id));
        let mut hashes = self.hashes(people.chain(rows)).await?.into_iter();
        let mut competition = Competition {
            structure: Arc::clone(&head.structure),
            ..Competition::default()
        };
        let row_ids = RowIds::new(&head.record.incarnation);
        for (class, people) in classes.into_iter().zip(&mut hashes) {
            let participants = named(&people, &row_ids)?;
            competition.participants.insert(class.clone(), participants);
        }
        for (race, rows) in races.iter().zip(hashes) {
            let by_id = |row: Arc<Row>| (row.participant_id.clone(), row);
            let rows = values(&rows)?.into_iter().map(by_id).collect();
            competition.rows.insert(race.race_id.clone(), rows);
        }
        Ok(competition)
    }

    async fn hashes(
        &self,
        keys: impl Iterator<Item = String>,
    ) -> Result<Vec<Vec<String>>, StoreError> {
        let reads: Vec<(&str, String)> = keys.map(|key| ("HVALS", key)).collect();
        if reads.is_empty() {
            return Ok(Vec::new());
        }
        let (answers, _) = self.read_at_once(&reads).await?;
        let hashes = answers.into_iter().map(redis::from_redis_value);
        hashes.map(|hash| Ok(hash?)).collect()
    }
}

fn values<T: serde::de::DeserializeOwned>(values: &[String]) -> Result<Vec<T>, StoreError> {
    values.iter().map(|text| from_json(text)).collect()
}

/// Participants with the names that their starts have in public.
fn named(people: &[String], row_ids: &RowIds) -> Result<Participants, StoreError> {
    let people = values::<Participant>(people)?.into_iter();
    let named = people.map(|mut participant| {
        participant.row_id = row_ids.of(&participant.participant_id);
        (participant.participant_id.clone(), Arc::new(participant))
    });
    Ok(named.collect())
}

fn read_head(event_id: &EventId, answers: Vec<Value>, server_ms: i64) -> Result<Head, StoreError> {
    let answers: [Value; 4] = answers
        .try_into()
        .map_err(|_| StoreError::corrupt("head"))?;
    let [meta, marks, structure, on_course] = answers;
    let meta: Fields = redis::from_redis_value(meta)?;
    let marks: HashMap<String, u64> = redis::from_redis_value(marks)?;
    let structure: Option<String> = redis::from_redis_value(structure)?;
    let on_course: Option<String> = redis::from_redis_value(on_course)?;
    let (record, position) = record::read(event_id, &meta)?;
    let under = |prefix: &str| {
        let named = marks.iter();
        named
            .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), *value)))
            .collect()
    };
    Ok(Head {
        record,
        position,
        revisions: Revisions::new(under("rev:")),
        marks: Marks(under("seq:")),
        structure: Arc::new(optional(structure.as_deref())?),
        on_course: optional(on_course.as_deref())?,
        waiting: optional(meta.get("waiting").map(String::as_str))?,
        server_ms,
    })
}

fn optional<T: serde::de::DeserializeOwned + Default>(text: Option<&str>) -> Result<T, StoreError> {
    text.map_or_else(|| Ok(T::default()), from_json)
}
