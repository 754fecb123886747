//! Boats on the water.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::{Request, State},
};
use common::{
    domain::{
        DataKind, EventId, EventRecord, Hundredths, OnCourseEntry, ParticipantId, Penalty, RaceId,
    },
    http::{ApiError, body, server::ReceivedAt},
    plan::{Plan, guard, on_course},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::debug;

use super::ingest_target;
use crate::{
    auth::KeyHolder,
    change::{Target, change},
    state::App,
};

/// More boats than any course holds.
const ENTRIES_MAX: usize = 200;
const GATES_MAX: usize = 60;
/// When a list that waits is shown; the store's own clock decides whether it is due by then.
const SHOWN_AFTER: Duration = Duration::from_millis(205);

#[derive(Deserialize)]
struct OnCourseBody {
    oncourse: Vec<EntryBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryBody {
    race_id: RaceId,
    bib: u32,
    participant_id: Option<ParticipantId>,
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

/// `POST /ingest/oncourse`
pub async fn push(
    State(app): State<App>,
    received: ReceivedAt,
    KeyHolder(record): KeyHolder,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let body: OnCourseBody = body::json(request, app.json_limit).await?;
    check(&body)?;
    let entries: Vec<OnCourseEntry> = body.oncourse.into_iter().map(OnCourseEntry::from).collect();
    let target = ingest_target(&record, DataKind::OnCourse, received);
    let active = change(&app, target, move |store, head| {
        let entries = entries.clone();
        async move {
            guard(DataKind::OnCourse, head.record.status)?;
            if !head.record.has_xml {
                return Ok((None, Plan::default()));
            }
            let needing = entries
                .iter()
                .filter(|entry| on_course::needs_people(entry, &head.on_course));
            let races = needing.map(|entry| &entry.race_id);
            let competition = store.competition(&head, races).await?;
            let (after, plan) = on_course::plan(
                &head.record,
                &competition,
                &head.on_course,
                &head.revisions,
                entries,
                head.server_ms,
            )?;
            Ok((Some(after), plan))
        }
    });
    let Some(after) = active.await? else {
        return Ok(Json(json!({ "active": 0, "ignored": true })));
    };
    if after.is_waiting() {
        app.flushes.clone().start(&app, &record);
    }
    Ok(Json(json!({ "active": after.boats.len() })))
}

/// Pauses that end with a list being shown. Pushes that come faster than spectators are shown them
/// leave a list waiting; the process that took it shows it when it is due. Should it die before,
/// a gateway notices.
#[derive(Clone, Default)]
pub struct Flushes(Arc<Mutex<HashSet<EventId>>>);

impl Flushes {
    fn events(&self) -> MutexGuard<'_, HashSet<EventId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows the event's list soon; once, however many ask meanwhile.
    fn start(self, app: &App, record: &EventRecord) {
        if !self.events().insert(record.event_id.clone()) {
            return;
        }
        let app = app.clone();
        let target = Target {
            states: None,
            what: "oncourse-flush",
            ..ingest_target(
                record,
                DataKind::OnCourse,
                ReceivedAt(Instant::now() + SHOWN_AFTER),
            )
        };
        tokio::spawn(async move {
            tokio::time::sleep(SHOWN_AFTER).await;
            // Removed first: a push from now on needs a flush of its own.
            self.events().remove(&target.event_id);
            let event_id = target.event_id.clone();
            let flushed = change(&app, target, |_, head| async move {
                let (structure, current) = (&head.structure, &head.on_course);
                let now_ms = head.server_ms;
                let plan = on_course::refresh(structure, current, &head.revisions, now_ms);
                Ok(((), plan))
            });
            if let Err(error) = flushed.await {
                debug!(%error, event = %event_id, "boats not shown yet; a gateway will");
            }
        });
    }
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
