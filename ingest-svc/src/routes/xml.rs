//! The complete XML export.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
};
use common::{
    c123::Imported,
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
    change::change,
    state::App,
};

/// What an export brought.
#[derive(Serialize, ToSchema)]
pub struct ImportedAnswer {
    imported: Imported,
}

/// Import the whole export
///
/// What it does not hold any more is removed. `Content-Encoding: gzip` is understood; at most 10 MiB of
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
    // After the body: a slow sender must not keep others from importing.
    let deadline = received.0 + app.request_timeout;
    let permit = Arc::clone(&app.imports).acquire_owned();
    let permit = tokio::time::timeout_at(deadline.into(), permit).await;
    let permit = permit.map_err(|_| ApiError::Unavailable("too many imports".to_owned()))?;
    let parsed = tokio::task::spawn_blocking(move || format.read(bytes)).await;
    let (export, imported) = parsed.map_err(|error| ApiError::Internal(error.to_string()))??;
    let export = Arc::new(export);
    let target = ingest_target(known, DataKind::Xml, received);
    change(&app, target, move |store, known| {
        let export = Arc::clone(&export);
        async move {
            let head = known.head();
            let before = store.whole_competition(head).await?;
            let planned = tokio::task::block_in_place(|| {
                let (record, boats) = (&head.record, &head.on_course);
                import::plan(
                    record,
                    &before,
                    boats,
                    &head.revisions,
                    &export,
                    known.now_ms(),
                )
            });
            Ok(((), planned?))
        }
    })
    .await?;
    drop(permit);
    Ok(Json(ImportedAnswer { imported }))
}
