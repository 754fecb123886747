//! Results as boats finish.

use axum::{
    Json,
    extract::{Request, State},
};
use common::{
    domain::{
        DataKind, Hundredths, LiveRow, ParticipantId, Penalty, RaceId, ResultStatus, merge::LiveRun,
    },
    http::{ApiError, body, server::ReceivedAt},
    plan::{Plan, guard, results},
};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

use super::ingest_target;
use crate::{auth::KeyHolder, change::change, state::App};

const GATES_MAX: usize = 60;

#[derive(Deserialize)]
struct ResultsBody {
    results: Vec<RowBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RowBody {
    race_id: RaceId,
    participant_id: Option<ParticipantId>,
    bib: u32,
    time: Option<Hundredths>,
    pen: Option<Hundredths>,
    total: Option<Hundredths>,
    status: Option<String>,
    gates: Option<Vec<GateBody>>,
}

#[derive(Deserialize)]
struct GateBody {
    gate: GateNumber,
    pen: Option<GatePenalty>,
}

/// A gate's number, counted from 1.
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

/// `POST /ingest/results`
pub async fn push(
    State(app): State<App>,
    received: ReceivedAt,
    KeyHolder(record): KeyHolder,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let body: ResultsBody = body::json(request, app.json_limit).await?;
    let rows: Vec<LiveRow> = body.results.into_iter().map(LiveRow::from).collect();
    let target = ingest_target(&record, DataKind::Results, received);
    let updated = change(&app, target, move |store, head| {
        let rows = rows.clone();
        async move {
            guard(DataKind::Results, head.record.status)?;
            if !head.record.has_xml {
                return Ok((None, Plan::default()));
            }
            let pushed = rows.iter().map(|row| &row.race_id);
            let races = results::concerned(&head.structure, pushed);
            let competition = store.competition(&head, &races).await?;
            let before = results::Before {
                record: &head.record,
                competition: &competition,
                on_course: &head.on_course.shown,
                revisions: &head.revisions,
            };
            let (updated, plan) = results::plan(&before, rows, head.server_ms)?;
            Ok((Some(updated), plan))
        }
    });
    Ok(Json(match updated.await? {
        Some(updated) => json!({ "updated": updated }),
        None => json!({ "updated": 0, "ignored": true }),
    }))
}
