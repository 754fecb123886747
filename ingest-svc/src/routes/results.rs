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

use super::ingest_target;
use crate::{auth::Pusher, bodies::results::ResultsBody, change::change, state::App};

/// What became of a push of results.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct UpdatedAnswer {
    /// Rows applied; those of unknown races or participants are skipped.
    updated: usize,
    /// The event has no export yet, so nothing was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ignored: Option<bool>,
}

/// Push results as boats finish
///
/// Times are hundredths of a second. A row is the whole truth about time, penalty, total and status: what is
/// absent or null is not known. In `running` and `finished`.
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
    let rows = body.into_rows();
    let target = ingest_target(known, DataKind::Results, received);
    let updated = change(&app, target, move |store, known| {
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
            let before = results::Before {
                record: &head.record,
                competition: &competition,
                on_course: &head.on_course.shown,
                revisions: &head.revisions,
            };
            let (updated, plan) = results::plan(&before, rows, known.now_ms())?;
            Ok((Some(updated), plan))
        }
    });
    Ok(Json(match updated.await? {
        Some(updated) => UpdatedAnswer {
            updated,
            ignored: None,
        },
        None => UpdatedAnswer {
            updated: 0,
            ignored: Some(true),
        },
    }))
}
