//! The body of a push of results.

use common::{
    domain::{
        Hundredths, LiveRow, ParticipantId, Penalty, RaceId, Skipped, StatusField, merge::LiveRun,
    },
    http::ApiError,
};
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::rows::{BibField, GatePenalty, Rows};

const GATES_MAX: usize = 60;

/// The result lists of one or more races, whole or in part.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"results": [{"raceId": "K1M_ST_BR2_20", "bib": 42, "time": 9523, "pen": 200}]}))]
pub struct ResultsBody {
    #[schema(value_type = Vec<RowBody>)]
    results: Vec<Box<RawValue>>,
}

/// What live timing knows of one run; the whole truth about time, penalty, total and status.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RowBody {
    race_id: RaceId,
    /// The timing system's own id; without it the participant is the one with that `bib` in the race.
    participant_id: Option<ParticipantId>,
    #[serde(default)]
    bib: BibField,
    time: Option<Hundredths>,
    pen: Option<Hundredths>,
    /// Time and penalty together when absent.
    total: Option<Hundredths>,
    /// `DNS`, `DNF`, `DSQ`, `CAP`, `RAL`, or another code with a letter in it: not ranked. A mark without letters, such as
    /// `*`, says that the run is under review.
    status: Option<String>,
    /// The rank that the timing system gives; only a kayak cross goes by it.
    rnk: Option<u32>,
    /// Without any, those that are known stay while the penalty is the one that they came with.
    gates: Option<Vec<GateBody>>,
}

/// The penalty of one gate.
#[derive(Debug, Deserialize, ToSchema)]
struct GateBody {
    #[schema(value_type = u32, minimum = 1, maximum = 60)]
    gate: GateNumber,
    /// Seconds (0, 2, 50; of a team a sum of these); hundredths (200, 5000) are understood too.
    #[schema(value_type = Option<u32>)]
    pen: Option<GatePenalty>,
}

/// A gate's number, counted from 1.
#[derive(Debug)]
struct GateNumber(usize);

impl<'de> Deserialize<'de> for GateNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match usize::deserialize(deserializer)? {
            number @ 1..=GATES_MAX => Ok(Self(number)),
            number => Err(de::Error::custom(format!("there is no gate {number}"))),
        }
    }
}

impl ResultsBody {
    /// How many rows were sent.
    pub fn sent(&self) -> usize {
        self.results.len()
    }

    /// The rows in the order in which they were sent, and those that can't be read; 400 when none can.
    pub fn into_rows(self) -> Result<(Vec<LiveRow>, Vec<Skipped>), ApiError> {
        let Rows { usable, skipped } = Rows::<RowBody>::read("results", &self.results)?;
        let rows = usable.into_iter().map(|(index, row)| row.into_row(index));
        Ok((rows.collect(), skipped))
    }
}

impl RowBody {
    fn into_row(self, index: usize) -> LiveRow {
        let BibField(bib) = self.bib;
        let status = self.status.as_deref().map(StatusField::parse);
        let StatusField {
            status,
            under_review,
        } = status.unwrap_or_default();
        LiveRow {
            index,
            race_id: self.race_id,
            participant_id: self.participant_id,
            bib,
            rank: self.rnk.filter(|rank| *rank > 0),
            run: LiveRun {
                time: self.time,
                pen: self.pen,
                total: self.total,
                status,
                under_review,
                gates: self.gates.filter(|gates| !gates.is_empty()).map(positional),
                status_only: false,
            },
        }
    }
}

fn positional(gates: Vec<GateBody>) -> Vec<Option<Penalty>> {
    let count = gates.iter().map(|gate| gate.gate.0).max().unwrap_or(0);
    let mut penalties = vec![None; count];
    for GateBody { gate, pen } in gates {
        penalties[gate.0 - 1] = pen.map(|GatePenalty(penalty)| penalty);
    }
    penalties
}
