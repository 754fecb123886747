//! Boats on the water.

use axum::{
    Json,
    extract::{Request, State},
};
use common::{
    domain::DataKind,
    http::{
        ApiError, body,
        documented::{AnyCall, BodyCall, GuardedCall, KeyCall},
        server::ReceivedAt,
    },
    plan::{Plan, guard, on_course},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ingest_target, note_skipped};
use crate::{
    auth::Pusher,
    bodies::{
        on_course::OnCourseBody,
        rows::{SkippedRows, refuse_if_none_is_usable},
    },
    change::change,
    keeper::Due,
    state::App,
};

/// What became of a push of boats on the water.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ActiveAnswer {
    /// Boats on the water now.
    active: usize,
    /// The event has no export yet, so nothing was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ignored: Option<bool>,
    #[serde(flatten)]
    skipped: SkippedRows,
}

/// Push the boats on the water
///
/// Entries are merged by race and start; an empty list clears the water at once. A boat that is not pushed again for
/// 10 s is gone. Spectators see at most five lists a second, and always the last. An entry that names nobody, or has a
/// value that can't be, is left out and named in `skipped`. In `running`.
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
    let sent = body.sent();
    let (entries, unreadable) = body.into_entries()?;
    let event_id = known.record().event_id.clone();
    let target = ingest_target(known, DataKind::OnCourse, received);
    let reminded = app.clone();
    let taken = change(&app, target, move |store, known| {
        let (entries, app) = (entries.clone(), reminded.clone());
        async move {
            let head = known.head();
            guard(DataKind::OnCourse, head.record.status)?;
            if !head.record.has_xml {
                return Ok((None, Plan::default()));
            }
            let entries_named = entries.iter().map(|(_, entry)| entry);
            let needing =
                entries_named.filter(|entry| on_course::needs_people(entry, &head.on_course));
            let races: Vec<_> = needing.map(|entry| entry.race_id.clone()).collect();
            let competition = known.competition(&store, &races).await?;
            let before = head.before(&competition);
            let now_ms = known.now_ms();
            let (after, skipped, plan) = on_course::plan(&before, entries, now_ms)?;
            // Whoever left the list waiting sees to it.
            let others = head.on_course.is_waiting() && after.is_waiting();
            if let Some(at_ms) = after.due_at_ms() {
                // Also when the caller hangs up in between.
                let in_ms = at_ms - now_ms;
                app.keeper.remind(&app, &head.record, Due { in_ms, others });
            }
            Ok((Some((after.boats.len(), skipped)), plan))
        }
    });
    let Some((active, skipped)) = taken.await? else {
        return Ok(Json(ActiveAnswer {
            ignored: Some(true),
            ..ActiveAnswer::default()
        }));
    };
    let skipped = [unreadable, skipped].concat();
    refuse_if_none_is_usable("oncourse", sent, &skipped)?;
    let skipped = SkippedRows::of(skipped);
    note_skipped(&app, DataKind::OnCourse, &event_id, &skipped);
    Ok(Json(ActiveAnswer {
        active,
        ignored: None,
        skipped,
    }))
}
