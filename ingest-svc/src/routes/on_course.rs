//! Boats on the water.

use std::time::{Duration, Instant};

use axum::{
    Json,
    extract::{Request, State},
};
use common::{
    domain::{DataKind, EventRecord},
    http::{
        ApiError, body,
        documented::{AnyCall, BodyCall, GuardedCall, KeyCall},
        server::ReceivedAt,
    },
    plan::{Plan, guard, on_course},
};
use serde::Serialize;
use tracing::debug;
use utoipa::ToSchema;

use super::ingest_target;
use crate::{
    auth::Pusher,
    bodies::on_course::OnCourseBody,
    change::{Target, change},
    state::App,
};

/// A list that waits is shown so much after it is due; the store's own clock decides whether it is.
const FLUSH_MARGIN: Duration = Duration::from_millis(5);

/// What became of a push of boats on the water.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActiveAnswer {
    /// Boats on the water now.
    active: usize,
    /// The event has no export yet, so nothing was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ignored: Option<bool>,
}

/// Push the boats on the water
///
/// Entries are merged by race and bib; an empty list clears the water at once. A boat that is not pushed again for
/// 10 s is gone. Spectators see at most five lists a second, and always the last. In `running`.
#[utoipa::path(
    post,
    path = "/oncourse",
    operation_id = "pushOnCourse",
    tag = "ingest",
    security(("key" = [])),
    request_body = OnCourseBody,
    responses((status = 200, description = "Stored", body = ActiveAnswer, example = json!({"active": 1})), BodyCall, KeyCall, GuardedCall, AnyCall)
)]
pub async fn push(
    State(app): State<App>,
    received: ReceivedAt,
    Pusher(known): Pusher,
    request: Request,
) -> Result<Json<ActiveAnswer>, ApiError> {
    let body: OnCourseBody = body::json(request, app.json_limit).await?;
    let entries = body.into_entries()?;
    let record = known.record().clone();
    let target = ingest_target(known, DataKind::OnCourse, received);
    let active = change(&app, target, move |store, known| {
        let entries = entries.clone();
        async move {
            let head = known.head();
            guard(DataKind::OnCourse, head.record.status)?;
            if !head.record.has_xml {
                return Ok((None, Plan::default()));
            }
            let needing = entries
                .iter()
                .filter(|entry| on_course::needs_people(entry, &head.on_course));
            let races: Vec<_> = needing.map(|entry| entry.race_id.clone()).collect();
            let competition = known.competition(&store, &races).await?;
            let (after, plan) = on_course::plan(
                &head.record,
                &competition,
                &head.on_course,
                &head.revisions,
                entries,
                known.now_ms(),
            )?;
            let flush_in_ms = after.flush_in_ms(&head.on_course, known.now_ms());
            Ok((Some((after.boats.len(), flush_in_ms)), plan))
        }
    });
    let Some((active, flush_in_ms)) = active.await? else {
        return Ok(Json(ActiveAnswer {
            active: 0,
            ignored: Some(true),
        }));
    };
    if let Some(flush_in_ms) = flush_in_ms {
        flush_later(&app, &record, flush_in_ms);
    }
    Ok(Json(ActiveAnswer {
        active,
        ignored: None,
    }))
}

/// Shows the event's list when it is due. Pushes that come faster than spectators are shown them leave a list waiting;
/// the process that took the first of them shows it, on behalf of all processes. Should it die before, the next push or
/// a gateway does.
fn flush_later(app: &App, record: &EventRecord, in_ms: i64) {
    let wait = Duration::from_millis(in_ms.unsigned_abs()) + FLUSH_MARGIN;
    let app = app.clone();
    let mut target = Target {
        event_id: record.event_id.clone(),
        incarnation: record.incarnation.clone(),
        what: "oncourse-flush",
        states: None,
        known: None,
        key_salt: None,
        received: Instant::now() + wait,
    };
    tokio::spawn(async move {
        tokio::time::sleep(wait).await;
        target.known = app.memory.of(&target.event_id).map(Box::new);
        let event_id = target.event_id.clone();
        let flushed = change(&app, target, |_, known| async move {
            let head = known.head();
            let (structure, current) = (&head.structure, &head.on_course);
            let plan = on_course::refresh(structure, current, &head.revisions, known.now_ms());
            Ok(((), plan))
        });
        if let Err(error) = flushed.await {
            debug!(%error, event = %event_id, "boats not shown yet; a gateway will");
        }
    });
}
