//! The answers and lists of one event that are kept, bounded; whatever was used longest ago goes first.

use std::{collections::HashMap, sync::Arc};

use common::{domain::RaceId, protocol::Seq, store::Head};

use super::{
    body::{Body, Resource},
    shapes::List,
};

/// Bytes of one event's answers and lists.
const BYTES_MAX: usize = 32 << 20;
/// About what a row holds in memory, gates included.
const ROW_BYTES: usize = 2_048;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    Answer(Resource),
    List(RaceId),
}

enum Thing {
    Answer(Arc<Body>),
    List(Seq, Arc<List>),
}

/// What is kept of one event.
#[derive(Default)]
pub struct Kept {
    things: HashMap<Name, (Thing, u64)>,
    bytes: usize,
    uses: u64,
}

impl Kept {
    /// The answer for a resource.
    pub fn answer(&mut self, resource: &Resource) -> Option<Arc<Body>> {
        match self.used(&Name::Answer(resource.clone()))? {
            Thing::Answer(body) => Some(Arc::clone(body)),
            Thing::List(..) => None,
        }
    }

    /// The result list of a race, with the position of its last change.
    pub fn list(&mut self, race_id: &RaceId) -> Option<(Seq, Arc<List>)> {
        match self.used(&Name::List(race_id.clone()))? {
            Thing::List(seq, list) => Some((*seq, Arc::clone(list))),
            Thing::Answer(_) => None,
        }
    }

    fn used(&mut self, name: &Name) -> Option<&Thing> {
        self.uses += 1;
        let (thing, used) = self.things.get_mut(name)?;
        *used = self.uses;
        Some(thing)
    }

    /// Keeps an answer.
    pub fn keep_answer(&mut self, resource: Resource, body: Arc<Body>) {
        self.keep(Name::Answer(resource), Thing::Answer(body));
    }

    /// Keeps a list.
    pub fn keep_list(&mut self, race_id: RaceId, seq: Seq, list: Arc<List>) {
        self.keep(Name::List(race_id), Thing::List(seq, list));
    }

    fn keep(&mut self, name: Name, thing: Thing) {
        self.uses += 1;
        self.bytes += thing.bytes();
        if let Some((replaced, _)) = self.things.insert(name, (thing, self.uses)) {
            self.bytes = self.bytes.saturating_sub(replaced.bytes());
        }
        while self.bytes > BYTES_MAX && self.things.len() > 1 {
            let oldest = self.things.iter().min_by_key(|(_, (_, used))| *used);
            let Some(name) = oldest.map(|(name, _)| name.clone()) else {
                return;
            };
            if let Some((thing, _)) = self.things.remove(&name) {
                self.bytes = self.bytes.saturating_sub(thing.bytes());
            }
        }
    }

    /// Drops what is no longer true at `head`.
    pub fn move_to(&mut self, head: &Head) {
        self.things.retain(|name, (thing, _)| {
            let seq = match name {
                Name::Answer(resource) => resource.seq(head),
                Name::List(race_id) => Resource::results_seq(race_id, head),
            };
            seq == Some(thing.seq())
        });
        self.bytes = self.things.values().map(|(thing, _)| thing.bytes()).sum();
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Thing {
    fn seq(&self) -> Seq {
        match self {
            Self::Answer(body) => body.seq,
            Self::List(seq, _) => *seq,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Answer(body) => body.bytes(),
            Self::List(_, list) => list.rows.len() * ROW_BYTES,
        }
    }
}
