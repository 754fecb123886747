//! Boats on the water.

use axum::{
    Json,
    extract::{Request, State},
};
use common::{
    domain::{DataKind, Hundredths, OnCourseEntry, Penalty, RaceId},
    http::{ApiError, body},
    plan::{Plan, guard, on_course},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ingest_target;
use crate::{auth::KeyHolder, change::change, state::App};

/// More boats than any course holds.
const ENTRIES_MAX: usize = 200;
const GATES_MAX: usize = 60;

#[derive(Deserialize)]
struct OnCourseBody {
    oncourse: Vec<EntryBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryBody {
    race_id: RaceId,
    bib: u32,
    name: Option<String>,
    club: Option<String>,
    position: Option<u32>,
    gates: Option<Vec<Option<Penalty>>>,
    dt_start: Option<String>,
    dt_finish: Option<String>,
    time: Option<Hundredths>,
    pen: Option<Hundredths>,
    total: Option<Hundredths>,
    rank: Option<u32>,
    ttb_diff: Option<String>,
    ttb_name: Option<String>,
}

impl From<EntryBody> for OnCourseEntry {
    fn from(body: EntryBody) -> Self {
        Self {
            race_id: body.race_id,
            bib: body.bib,
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

/// `POST /ingest/oncourse`
pub async fn push(
    State(app): State<App>,
    KeyHolder(record): KeyHolder,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let body: OnCourseBody = body::json(request, app.json_limit).await?;
    check(&body)?;
    let entries: Vec<OnCourseEntry> = body.oncourse.into_iter().map(OnCourseEntry::from).collect();
    let target = ingest_target(&record, DataKind::OnCourse);
    let active = change(&app, target, move |store, head| {
        let entries = entries.clone();
        async move {
            guard(DataKind::OnCourse, head.record.status)?;
            if !head.record.has_xml {
                return Ok((None, Plan::default()));
            }
            // Only entries that lack something need the people of their race.
            let incomplete = entries
                .iter()
                .filter(|e| e.name.is_none() || e.club.is_none());
            let races = incomplete.map(|entry| &entry.race_id);
            let competition = store.competition(&head, races).await?;
            let (record, current) = (&head.record, &head.on_course);
            let (active, plan) =
                on_course::plan(record, &competition, current, &head.revisions, entries)?;
            Ok((Some(active), plan))
        }
    });
    Ok(Json(match active.await? {
        Some(active) => json!({ "active": active }),
        None => json!({ "active": 0, "ignored": true }),
    }))
}

fn check(body: &OnCourseBody) -> Result<(), ApiError> {
    if body.oncourse.len() > ENTRIES_MAX {
        let text = format!("oncourse: more than {ENTRIES_MAX} boats");
        return Err(ApiError::Invalid(text));
    }
    let gates = |entry: &EntryBody| entry.gates.as_ref().map_or(0, Vec::len);
    match body
        .oncourse
        .iter()
        .position(|entry| gates(entry) > GATES_MAX)
    {
        Some(index) => {
            let text = format!("oncourse[{index}].gates: more than {GATES_MAX} gates");
            Err(ApiError::Invalid(text))
        }
        None => Ok(()),
    }
}
