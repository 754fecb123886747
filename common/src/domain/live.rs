//! Results as they come live from the bridge, applied to the rows of their race.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    Bib, Participant, ParticipantId, Penalty, RaceId, Row, Scoring,
    merge::{LiveRun, is_news, merge_live},
};

/// One row of a live push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveRow {
    /// Its place in the push, counted from 0.
    pub index: usize,
    /// The race it belongs to.
    pub race_id: RaceId,
    /// Left out by some clients; the bib then tells who it is.
    pub participant_id: Option<ParticipantId>,
    /// On the vest.
    pub bib: Option<Bib>,
    /// The rank that the timing system gives; only a kayak cross goes by it.
    pub rank: Option<u32>,
    /// What it says.
    pub run: LiveRun,
}

/// Rows of one race by participant; shared by the states of it before and after a change.
pub type Rows = BTreeMap<ParticipantId, Arc<Row>>;

/// Participants of one class by id.
pub type Participants = BTreeMap<ParticipantId, Arc<Participant>>;

/// Why one row of a push was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its place in the push, counted from 0.
    pub row: usize,
    /// As it was sent.
    pub bib: Option<Bib>,
    /// For the operator.
    pub why: String,
    /// Whether a value in it can't be; otherwise it names nobody.
    pub unusable: bool,
}

/// What a live push did to one race.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Rows of the push that were taken.
    pub count: usize,
    /// Whether somebody got a start row that the export did not have.
    pub startlist_changed: bool,
    /// Rows that were left out.
    pub skipped: Vec<Skipped>,
}

/// Applies `pushed`, all of one race, to its `rows`. A participant of the class without a start row
/// gets one; whoever is not of the class is skipped. `now_ms` dates what is new.
pub fn apply(
    rows: &mut Rows,
    participants: &Participants,
    scoring: Scoring,
    pushed: &[LiveRow],
    now_ms: i64,
) -> Applied {
    let mut applied = Applied::default();
    // A whole list is looked up at once; who gets a start row below stays known by the class.
    let by_bib = pushed
        .iter()
        .any(|live| live.participant_id.is_none())
        .then(|| Bibs::of(rows, participants));
    for live in pushed {
        match named(by_bib.as_ref(), participants, live) {
            Ok(id) => {
                if !rows.contains_key(&id) {
                    applied.startlist_changed = true;
                    let row = Row::without_start(id.clone(), live.bib.clone());
                    rows.insert(id.clone(), Arc::new(row));
                }
                if let Some(row) = rows.get_mut(&id) {
                    take(row, scoring, live, now_ms);
                }
                applied.count += 1;
            }
            Err(skipped) => applied.skipped.push(skipped),
        }
    }
    applied
}

fn take(row: &mut Arc<Row>, scoring: Scoring, live: &LiveRow, now_ms: i64) {
    let run = if scoring.takes_live_times() {
        live.run.clone()
    } else {
        live.run.clone().of_status()
    };
    if is_news(row.live.as_ref(), &run) {
        merge_live(Arc::make_mut(row), run, now_ms);
    }
    if scoring.is_cross() && row.live_rank != live.rank {
        Arc::make_mut(row).live_rank = live.rank;
    }
}

/// Who a pushed row is about, if what it says can be true of them.
fn named(
    bibs: Option<&Bibs>,
    participants: &Participants,
    live: &LiveRow,
) -> Result<ParticipantId, Skipped> {
    let skipped = |why: String, unusable| Skipped {
        row: live.index,
        bib: live.bib.clone(),
        why,
        unusable,
    };
    let found = match (&live.participant_id, bibs) {
        (Some(id), _) => known(id, participants),
        (None, Some(bibs)) => bibs.find(live.bib.as_ref()),
        (None, None) => Err(NOBODY),
    };
    let id = found.map_err(|why| skipped(why.to_owned(), false))?;
    let gates = live.run.gates.as_deref().unwrap_or_default();
    let is_team = participants.get(&id).is_some_and(|p| p.is_team);
    match penalty_of_more_boats(gates, is_team) {
        Some(penalty) => {
            let why = format!(
                "gate penalty {} is not 0, 2 or 50, and this is no team",
                penalty.seconds()
            );
            Err(skipped(why, true))
        }
        None => Ok(id),
    }
}

/// A penalty that one boat alone can't get, unless it is a team.
pub fn penalty_of_more_boats(gates: &[Option<Penalty>], is_team: bool) -> Option<Penalty> {
    let mut judged = gates.iter().flatten().copied();
    judged.find(|penalty| !is_team && !penalty.is_of_one_boat())
}

/// How a row or boat says who it is: the participant's id decides where it is given.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The timing system's own id.
    pub participant_id: Option<&'a ParticipantId>,
    /// On the vest.
    pub bib: Option<&'a Bib>,
}

const NOBODY: &str = "nobody in this race or its class has this bib";

fn known(id: &ParticipantId, participants: &Participants) -> Result<ParticipantId, &'static str> {
    if participants.contains_key(id) {
        Ok(id.clone())
    } else {
        Err("no participant of the race's class has this participantId")
    }
}

impl Named<'_> {
    /// The participant of the race with these start `rows`, or of its class; else why there is none.
    pub fn find(
        &self,
        rows: &Rows,
        participants: &Participants,
    ) -> Result<ParticipantId, &'static str> {
        match self.participant_id {
            Some(id) => known(id, participants),
            None => Bibs::of(rows, participants).find(self.bib),
        }
    }
}

/// Who has which bib in a race.
struct Bibs {
    starting: HashMap<Bib, Owner>,
    of_class: HashMap<Bib, Owner>,
}

enum Owner {
    One(ParticipantId),
    Several,
}

impl Bibs {
    fn of(rows: &Rows, participants: &Participants) -> Self {
        let starting = rows.iter().map(|(id, row)| (id, row.bib.as_ref()));
        let of_class = participants.iter().map(|(id, who)| (id, who.bib.as_ref()));
        Self {
            starting: owners(starting),
            of_class: owners(of_class),
        }
    }

    /// Whoever starts in the race comes first.
    fn find(&self, bib: Option<&Bib>) -> Result<ParticipantId, &'static str> {
        let bib = bib.ok_or("it has neither participantId nor bib")?;
        let owner = self.starting.get(bib).or_else(|| self.of_class.get(bib));
        match owner {
            Some(Owner::One(id)) => Ok(id.clone()),
            Some(Owner::Several) => Err("more than one has this bib; send the participantId"),
            None => Err(NOBODY),
        }
    }
}

fn owners<'a>(
    bibs: impl Iterator<Item = (&'a ParticipantId, Option<&'a Bib>)>,
) -> HashMap<Bib, Owner> {
    let mut owners = HashMap::new();
    for (id, bib) in bibs {
        if let Some(bib) = bib {
            owners
                .entry(bib.clone())
                .and_modify(|owner| *owner = Owner::Several)
                .or_insert_with(|| Owner::One(id.clone()));
        }
    }
    owners
}
