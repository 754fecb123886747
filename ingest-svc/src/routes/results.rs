//! Results as boats finish.

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
    plan::{Plan, guard, results},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ingest_target, note_skipped};
use crate::{
    auth::Pusher,
    bodies::{
        results::ResultsBody,
        rows::{SkippedRows, refuse_if_none_is_usable},
    },
    change::change,
    state::App,
};

/// What became of a push of results.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct UpdatedAnswer {
    /// Rows applied; one that changes nothing counts too.
    updated: usize,
    /// The event has no export yet, so nothing was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ignored: Option<bool>,
    #[serde(flatten)]
    skipped: SkippedRows,
}

/// Push results as boats finish
///
/// Times are hundredths of a second. A row is the whole truth about time, penalty, total and status: what is
/// absent or null is not known. A row that names nobody, or has a value that can't be, is left out and named in
/// `skipped`; the others are applied. In `running` and `finished`.
#[utoipa::path(
    post,
    path = "/results",
    operation_id = "pushResults",
    tag = "ingest",
    security(("key" = [])),
    request_body = ResultsBody,
    responses((status = 200, description = "Stored and published", body = UpdatedAnswer, example = json!({"updated": 1})), BodyCall, KeyCall, GuardedCall, AnyCall)
)]
pub async fn push(
    State(app): State<App>,
    received: ReceivedAt,
    Pusher(known): Pusher,
    request: Request,
) -> Result<Json<UpdatedAnswer>, ApiError> {
    let body: ResultsBody = body::json(request, app.json_limit).await?;
    let sent = body.sent();
    let (rows, unreadable) = body.into_rows()?;
    let event_id = known.record().event_id.clone();
    let target = ingest_target(known, DataKind::Results, received);
    let outcome = change(&app, target, move |store, known| {
        let rows = rows.clone();
        async move {
            let head = known.head();
            guard(DataKind::Results, head.record.status)?;
            if !head.record.has_xml {
                return Ok((None, Plan::default()));
            }
            let pushed = rows.iter().map(|row| &row.race_id);
            let races = results::concerned(&head.structure, pushed);
            let competition = known.competition(&store, &races).await?;
            let before = head.before(&competition);
            let (outcome, plan) = results::plan(&before, rows, known.now_ms())?;
            Ok((Some(outcome), plan))
        }
    });
    let Some(results::Outcome { updated, skipped }) = outcome.await? else {
        return Ok(Json(UpdatedAnswer {
            ignored: Some(true),
            ..UpdatedAnswer::default()
        }));
    };
    let skipped = [unreadable, skipped].concat();
    refuse_if_none_is_usable("results", sent, &skipped)?;
    let skipped = SkippedRows::of(skipped);
    note_skipped(&app, DataKind::Results, &event_id, &skipped);
    Ok(Json(UpdatedAnswer {
        updated,
        ignored: None,
        skipped,
    }))
}
