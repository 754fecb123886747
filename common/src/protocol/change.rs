//! What one step of an event's history says.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Kind,
    result_view::ResultView,
    views::{OnCourseView, StructureView},
};
use crate::domain::{EventStatus, RaceId, RowId};

/// Rows of one race that are to be upserted by `rowId`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultsChange {
    /// The race.
    pub race_id: RaceId,
    /// Complete rows, only those that changed.
    pub results: Vec<ResultView>,
    /// An import changed gates or times of day, which these rows do not show: whoever shows them re-reads. Absent otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub detail_changed: bool,
}

/// A message of more than 30 KiB is refused by libraries in wide use; what stands around its data is below 200 bytes.
const DATA_BYTES_MAX: usize = (30 << 10) - 200;

impl ResultsChange {
    /// The same in parts, each small enough for one message unless a single row is not.
    pub fn parts(self) -> Vec<Self> {
        let head = serde_json::to_vec(&self.race_id).map_or(0, |id| id.len()) + 64;
        let mut parts: Vec<Self> = Vec::new();
        let mut bytes = usize::MAX;
        for row in self.results {
            let row_bytes = serde_json::to_vec(&row).map_or(0, |row| row.len()) + 1;
            match parts.last_mut() {
                Some(part) if bytes.saturating_add(row_bytes) <= DATA_BYTES_MAX => {
                    part.results.push(row);
                    bytes += row_bytes;
                }
                _ => {
                    parts.push(Self {
                        race_id: self.race_id.clone(),
                        results: vec![row],
                        detail_changed: self.detail_changed,
                    });
                    bytes = head + row_bytes;
                }
            }
        }
        parts
    }
}

/// The boats on the water, all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OnCourseChange {
    /// By position.
    pub oncourse: Vec<OnCourseView>,
}

/// What makes one list of boats on the water of another: for spectators who asked for it with
/// `?oncourse=delta`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OnCourseDelta {
    /// Boats that are new or changed, complete; to be upserted by `raceId` and `rowId`.
    pub set: Vec<OnCourseView>,
    /// Boats that are on the water no more.
    pub gone: Vec<BoatKey>,
}

/// Names a boat on the water.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BoatKey {
    /// The race it is in.
    pub race_id: RaceId,
    /// Names it within the race.
    pub row_id: RowId,
    /// On the vest, if that is a number.
    pub bib: Option<u32>,
}

impl OnCourseChange {
    /// Whether it is small enough for one message.
    pub fn fits(&self) -> bool {
        serde_json::to_vec(self).is_ok_and(|json| json.len() <= DATA_BYTES_MAX)
    }
}

impl OnCourseDelta {
    /// What makes `after` of `before`.
    pub fn between(before: &[OnCourseView], after: &[OnCourseView]) -> Self {
        let is_new = |boat: &&OnCourseView| !before.contains(boat);
        let is_gone = |boat: &&OnCourseView| !after.iter().any(|other| is_same(other, boat));
        Self {
            set: after.iter().filter(is_new).cloned().collect(),
            gone: before
                .iter()
                .filter(is_gone)
                .map(|boat| BoatKey {
                    race_id: boat.race_id.clone(),
                    row_id: boat.row_id.clone(),
                    bib: boat.bib,
                })
                .collect(),
        }
    }

    /// Makes the list after it of the one before it: by position, unknown ones last, then race,
    /// bib and row id.
    pub fn apply(&self, list: &mut Vec<OnCourseView>) {
        list.retain(|boat| {
            let gone = |key: &BoatKey| key.race_id == boat.race_id && key.row_id == boat.row_id;
            !self.gone.iter().any(gone) && !self.set.iter().any(|other| is_same(other, boat))
        });
        list.extend(self.set.iter().cloned());
        list.sort_by(|a, b| order(a).cmp(&order(b)));
    }
}

fn is_same(one: &OnCourseView, other: &OnCourseView) -> bool {
    one.race_id == other.race_id && one.row_id == other.row_id
}

fn order(boat: &OnCourseView) -> (u32, &RaceId, u32, bool, Option<&str>, &RowId) {
    let position = boat.position.unwrap_or(u32::MAX);
    let bib = boat.bib.unwrap_or(u32::MAX);
    let text = boat.bib_text.as_deref();
    (
        position,
        &boat.race_id,
        bib,
        text.is_none(),
        text,
        &boat.row_id,
    )
}

/// A new state of the event.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StatusChange {
    /// The state that it is in now.
    pub status: EventStatus,
}

/// A new structure; spectators get it as one `full`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StructureChange {
    /// Event, classes, races, categories and boats on the water after the change.
    #[serde(flatten)]
    pub view: StructureView,
    /// Races whose results must be re-read, since a diff can't say that rows are gone.
    pub reread: Vec<RaceId>,
    /// Further resources that this is the latest change of; of no use to gateways.
    #[serde(skip)]
    pub also: Vec<Mark>,
}

/// One change, which takes one seq.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// See [`ResultsChange`].
    Results(ResultsChange),
    /// See [`OnCourseChange`].
    OnCourse(OnCourseChange),
    /// See [`StatusChange`].
    Status(StatusChange),
    /// See [`StructureChange`].
    Structure(Box<StructureChange>),
}

/// A public resource whose last change is remembered by its seq.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// Event details, classes, races, status.
    Event,
    /// The list of categories.
    Categories,
    /// The boats on the water.
    OnCourse,
    /// The race itself, as its startlist and results name it.
    Race(RaceId),
    /// The startlist of a race.
    Startlist(RaceId),
    /// The results of a race.
    Results(RaceId),
}

impl Mark {
    /// The word under which it is stored.
    pub fn name(&self) -> String {
        match self {
            Self::Event => "event".to_owned(),
            Self::Categories => "categories".to_owned(),
            Self::OnCourse => "oncourse".to_owned(),
            Self::Race(race) => format!("race:{race}"),
            Self::Startlist(race) => format!("startlist:{race}"),
            Self::Results(race) => format!("results:{race}"),
        }
    }
}

impl StructureChange {
    /// About as many as a `full` has.
    pub fn view_bytes(&self) -> usize {
        let json = serde_json::to_vec(&self.view);
        json.map_or(usize::MAX, |json| json.len())
    }
}

impl Change {
    /// What it is about.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Results(_) => Kind::Results,
            Self::OnCourse(_) => Kind::OnCourse,
            Self::Status(_) => Kind::Status,
            Self::Structure(_) => Kind::Structure,
        }
    }

    /// The JSON that travels; for all but [`Change::Structure`] it is a spectator's `data`.
    pub fn body(&self) -> String {
        let json = match self {
            Self::Results(change) => serde_json::to_string(change),
            Self::OnCourse(change) => serde_json::to_string(change),
            Self::Status(change) => serde_json::to_string(change),
            Self::Structure(change) => serde_json::to_string(change),
        };
        json.expect("public shapes have text keys and no failing serializers")
    }

    /// The race whose rows it tells.
    pub fn into_race(self) -> Option<RaceId> {
        match self {
            Self::Results(change) => Some(change.race_id),
            Self::OnCourse(_) | Self::Status(_) | Self::Structure(_) => None,
        }
    }

    /// The resources that this change is the latest of.
    pub fn marks(&self) -> Vec<Mark> {
        match self {
            Self::Results(change) => vec![Mark::Results(change.race_id.clone())],
            Self::OnCourse(_) => vec![Mark::OnCourse],
            Self::Status(_) => vec![Mark::Event],
            Self::Structure(change) => {
                let reread = change.reread.iter().cloned().map(Mark::Results);
                let marks = std::iter::once(Mark::Event).chain(reread);
                marks.chain(change.also.iter().cloned()).collect()
            }
        }
    }
}
