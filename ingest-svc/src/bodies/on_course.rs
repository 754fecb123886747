//! The body of a push of boats on the water.

use common::{
    domain::{Hundredths, OnCourseEntry, ParticipantId, Penalty, RaceId},
    http::ApiError,
};
use serde::Deserialize;
use utoipa::ToSchema;

/// More boats than any course holds.
const ENTRIES_MAX: usize = 200;
const GATES_MAX: usize = 60;

/// Boats on the water, one or all of them; an empty list says that nobody is.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"oncourse": [{"raceId": "K1M_ST_BR2_20", "bib": 1, "position": 1, "gates": [0, 2, null], "time": 2300, "pen": 200}]}))]
pub struct OnCourseBody {
    oncourse: Vec<EntryBody>,
}

/// One boat; race and bib name it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EntryBody {
    race_id: RaceId,
    bib: u32,
    participant_id: Option<ParticipantId>,
    /// From the export when absent.
    name: Option<String>,
    /// From the export when absent.
    club: Option<String>,
    /// 1 is nearest to the finish.
    position: Option<u32>,
    /// By gate, in seconds; null is not reached.
    gates: Option<Vec<Option<Penalty>>>,
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

impl From<EntryBody> for OnCourseEntry {
    fn from(body: EntryBody) -> Self {
        Self {
            race_id: body.race_id,
            bib: body.bib,
            participant_id: body.participant_id,
            name: body.name,
            club: body.club,
            position: body.position,
            gates: body.gates.unwrap_or_default(),
            dt_start: body.dt_start,
            dt_finish: body.dt_finish,
            time: body.time,
            pen: body.pen,
            total: body.total,
            rank: body.rank,
            ttb_diff: body.ttb_diff,
            ttb_name: body.ttb_name,
        }
    }
}

impl OnCourseBody {
    /// The boats, or what is too much.
    pub fn into_entries(self) -> Result<Vec<OnCourseEntry>, ApiError> {
        if self.oncourse.len() > ENTRIES_MAX {
            let text = format!("oncourse: more than {ENTRIES_MAX} boats");
            return Err(ApiError::Invalid(text));
        }
        let gates = |entry: &EntryBody| entry.gates.as_ref().map_or(0, Vec::len);
        let over = self
            .oncourse
            .iter()
            .position(|entry| gates(entry) > GATES_MAX);
        if let Some(index) = over {
            let text = format!("oncourse[{index}].gates: more than {GATES_MAX} gates");
            return Err(ApiError::Invalid(text));
        }
        Ok(self.oncourse.into_iter().map(OnCourseEntry::from).collect())
    }
}
