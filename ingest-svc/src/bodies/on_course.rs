//! The body of a push of boats on the water.

use common::{
    domain::{Bib, Hundredths, OnCourseEntry, ParticipantId, Penalty, RaceId, Skipped},
    http::ApiError,
    plan::on_course::Pushed,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::rows::{BibField, GatePenalty, Rows};

/// More boats than any course holds.
const ENTRIES_MAX: usize = 200;
const GATES_MAX: usize = 60;

/// Boats on the water, one or all of them; an empty list says that nobody is.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"oncourse": [{"raceId": "K1M_ST_BR2_20", "bib": 1, "position": 1, "gates": [0, 2, null], "time": 2300, "pen": 200}]}))]
pub struct OnCourseBody {
    #[schema(value_type = Vec<EntryBody>)]
    oncourse: Vec<Box<RawValue>>,
}

/// One boat; the race with participant or bib names it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EntryBody {
    race_id: RaceId,
    /// The timing system's own id; it decides where `bib` says otherwise.
    participant_id: Option<ParticipantId>,
    /// Names the boat where `participantId` is absent.
    #[serde(default)]
    bib: BibField,
    /// From the export when absent.
    name: Option<String>,
    /// From the export when absent.
    club: Option<String>,
    /// 1 is nearest to the finish.
    position: Option<u32>,
    /// By gate, in seconds; null is not reached.
    #[schema(value_type = Option<Vec<Option<Penalty>>>)]
    gates: Option<Vec<Option<GatePenalty>>>,
    /// RFC 3339.
    dt_start: Option<String>,
    /// RFC 3339.
    dt_finish: Option<String>,
    time: Option<Hundredths>,
    pen: Option<Hundredths>,
    total: Option<Hundredths>,
    /// If it finished now.
    rank: Option<u32>,
    /// Gap to the boat to beat.
    ttb_diff: Option<String>,
    /// The boat to beat.
    ttb_name: Option<String>,
}

impl EntryBody {
    fn gates(&self) -> Vec<Option<Penalty>> {
        let gates = self.gates.iter().flatten();
        gates
            .map(|gate| gate.map(|GatePenalty(penalty)| penalty))
            .collect()
    }

    fn into_entry(self) -> OnCourseEntry {
        let BibField(bib) = self.bib.clone();
        OnCourseEntry {
            gates: self.gates(),
            name: self.name,
            club: self.club,
            position: self.position,
            dt_start: self.dt_start,
            dt_finish: self.dt_finish,
            time: self.time,
            pen: self.pen,
            total: self.total,
            rank: self.rank,
            ttb_diff: self.ttb_diff,
            ttb_name: self.ttb_name,
            ..OnCourseEntry::new(self.race_id, self.participant_id, bib)
        }
    }
}

impl OnCourseBody {
    /// How many boats were sent.
    pub fn sent(&self) -> usize {
        self.oncourse.len()
    }

    /// The boats and those that can't be read; 400 when they are too many, or none can be read.
    pub fn into_entries(self) -> Result<(Vec<Pushed>, Vec<Skipped>), ApiError> {
        if self.oncourse.len() > ENTRIES_MAX {
            let text = format!("oncourse: more than {ENTRIES_MAX} boats");
            return Err(ApiError::Invalid(text));
        }
        let Rows {
            usable,
            mut skipped,
        } = Rows::<EntryBody>::read("oncourse", &self.oncourse)?;
        let gates = |entry: &EntryBody| entry.gates.as_ref().map_or(0, Vec::len);
        let (usable, over): (Vec<_>, Vec<_>) = usable
            .into_iter()
            .partition(|(_, entry)| gates(entry) <= GATES_MAX);
        skipped.extend(over.into_iter().map(|(row, entry)| Skipped {
            row,
            bib: Option::<Bib>::clone(&entry.bib.0),
            why: format!("gates: more than {GATES_MAX} gates"),
            unusable: true,
        }));
        super::rows::refuse_if_none_is_usable("oncourse", self.oncourse.len(), &skipped)?;
        let entries = usable.into_iter();
        let entries = entries.map(|(index, entry)| (index, entry.into_entry()));
        Ok((entries.collect(), skipped))
    }
}
