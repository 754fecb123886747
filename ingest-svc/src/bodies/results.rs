//! The body of a push of results.

use common::domain::{
    Hundredths, LiveRow, ParticipantId, Penalty, RaceId, ResultStatus, merge::LiveRun,
};
use serde::{Deserialize, Deserializer, de};
use utoipa::ToSchema;

const GATES_MAX: usize = 60;

/// The result lists of one or more races, whole or in part.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"results": [{"raceId": "K1M_ST_BR2_20", "bib": 42, "time": 9523, "pen": 200}]}))]
pub struct ResultsBody {
    results: Vec<RowBody>,
}

/// What live timing knows of one run; the whole truth about time, penalty, total and status.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RowBody {
    race_id: RaceId,
    /// Without it the participant is the one with that `bib` in the race.
    participant_id: Option<ParticipantId>,
    bib: u32,
    time: Option<Hundredths>,
    pen: Option<Hundredths>,
    /// Time and penalty together when absent.
    total: Option<Hundredths>,
    /// `DNS`, `DNF`, `DSQ`, `CAP` or `RAL`; anything else, such as `*`, is no status.
    status: Option<String>,
    /// Without any gate, those that are known stay.
    gates: Option<Vec<GateBody>>,
}

/// The penalty of one gate.
#[derive(Debug, Deserialize, ToSchema)]
struct GateBody {
    #[schema(value_type = u32, minimum = 1, maximum = 60)]
    gate: GateNumber,
    /// Hundredths (0, 200, 5000); plain seconds (2, 50) are understood too.
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

/// A gate's penalty in hundredths, or in plain seconds, as some clients send it.
#[derive(Debug)]
struct GatePenalty(Penalty);

impl<'de> Deserialize<'de> for GatePenalty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = u64::deserialize(deserializer)?;
        let hundredths =
            || Penalty::from_seconds(value / 100).filter(|_| value.is_multiple_of(100));
        Penalty::from_seconds(value)
            .or_else(hundredths)
            .map(Self)
            .ok_or_else(|| {
                de::Error::custom(format!("{value} is not a gate penalty (0, 200, 5000)"))
            })
    }
}

impl ResultsBody {
    /// The rows in the order in which they were sent.
    pub fn into_rows(self) -> Vec<LiveRow> {
        self.results.into_iter().map(LiveRow::from).collect()
    }
}

impl From<RowBody> for LiveRow {
    fn from(body: RowBody) -> Self {
        Self {
            race_id: body.race_id,
            participant_id: body.participant_id,
            bib: body.bib,
            run: LiveRun {
                time: body.time,
                pen: body.pen,
                total: body.total,
                status: body.status.as_deref().and_then(ResultStatus::parse),
                gates: body.gates.filter(|gates| !gates.is_empty()).map(positional),
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
