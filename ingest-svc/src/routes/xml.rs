//! The complete XML export.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
};
use bytes::Bytes;
use common::{
    c123::{Imported, Parsed, Warning},
    domain::DataKind,
    http::{
        ApiError,
        body::{self, BodyLimit},
        documented::{AnyCall, BodyCall, GuardedCall, KeyCall},
        server::ReceivedAt,
    },
    plan::import,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::ingest_target;
use crate::{
    auth::KeyHolder,
    bodies::export::{ExportFormat, XmlBody},
    change::{change, detached},
    keeper::Due,
    memory::Known,
    metrics::Running,
    state::App,
};

/// What an export brought.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportedAnswer {
    imported: Imported,
    /// The first 20 values that could not be read; they count as not known. Absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    warnings: Vec<Warning>,
    /// How many values could not be read. Absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    warning_count: Option<usize>,
}

/// Import the whole export
///
/// What it does not hold any more is removed. A single value that can't be read costs that value alone, and is named in
/// `warnings`. `Content-Encoding: gzip` is understood; at most 10 MiB of
/// XML, counted as UTF-8. Not in `official`.
#[utoipa::path(
    post,
    path = "/xml",
    operation_id = "importXml",
    tag = "ingest",
    security(("key" = [])),
    request_body(content(
        (XmlBody = "application/json"),
        (String = "application/xml"),
        (String = "text/xml"),
    )),
    responses((status = 200, description = "Rows applied", body = ImportedAnswer), BodyCall, KeyCall, GuardedCall, AnyCall)
)]
pub async fn push(
    State(app): State<App>,
    received: ReceivedAt,
    KeyHolder(known): KeyHolder,
    request: Request,
) -> Result<Json<ImportedAnswer>, ApiError> {
    let format = ExportFormat::of(request.headers(), app.xml_bytes_max)?;
    let limit = BodyLimit {
        bytes: format.body_bytes_max(),
        ..app.json_limit
    };
    let bytes = body::read(request.into_body(), limit).await;
    let bytes = bytes.map_err(|error| format.named_limit(error))?;
    let worked = app.clone();
    // It runs on when the caller hangs up, and holds its permit until it is done.
    let parsed = detached(Box::pin(async move {
        import(&worked, known, format, bytes, received).await
    }))
    .await?;
    let count = parsed.warning_count;
    app.metrics
        .unread_values
        .inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    Ok(Json(ImportedAnswer {
        imported: parsed.imported,
        warnings: parsed.warnings,
        warning_count: (count > 0).then_some(count),
    }))
}

async fn import(
    app: &App,
    known: Known,
    format: ExportFormat,
    bytes: Bytes,
    received: ReceivedAt,
) -> Result<Parsed, ApiError> {
    // After the body: a slow sender must not keep others from importing.
    let deadline = received.0 + app.request_timeout;
    let permit = Arc::clone(&app.imports).acquire_owned();
    let permit = tokio::time::timeout_at(deadline.into(), permit).await;
    let _permit = permit.map_err(|_| ApiError::Unavailable("too many imports".to_owned()))?;
    let running = Running::count(&app.metrics.imports_running);
    // Reading can't be broken off, so it counts as running for as long as it takes.
    let read = tokio::task::spawn_blocking(move || (format.read(bytes), running)).await;
    let (parsed, _running) = read.map_err(|error| ApiError::Internal(error.to_string()))?;
    let mut parsed = parsed?;
    let export = Arc::new(std::mem::take(&mut parsed.export));
    let record = known.record().clone();
    let target = ingest_target(known, DataKind::Xml, received);
    let outcome = change(app, target, move |store, known| {
        let export = Arc::clone(&export);
        async move {
            let head = known.head();
            let competition = store.whole_competition(head).await?;
            let now_ms = known.now_ms();
            let planned = tokio::task::block_in_place(|| {
                import::plan(&head.before(&competition), &export, now_ms)
            });
            let (outcome, plan) = planned?;
            let due_in_ms = outcome.due_at_ms.map(|at_ms| at_ms - now_ms);
            Ok(((outcome.lists_against_totals, due_in_ms), plan))
        }
    });
    let (lists_against_totals, due_in_ms) = outcome.await?;
    let lists = u64::try_from(lists_against_totals).unwrap_or(u64::MAX);
    app.metrics.lists_against_totals.inc_by(lists);
    if let Some(due_in_ms) = due_in_ms {
        let due = Due {
            in_ms: due_in_ms,
            others: false,
        };
        app.keeper.remind(app, &record, due);
    }
    Ok(parsed)
}
