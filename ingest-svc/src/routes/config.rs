//! The event's configuration.

use axum::{
    Json,
    extract::{FromRequestParts, Request, State},
    http::request::Parts,
};
use common::{
    domain::{EventConfig, EventId, EventRecord},
    http::{
        ApiError, body,
        documented::{AnyCall, BodyCall, GuardedCall, KeyCall, NamedCall},
        server::ReceivedAt,
    },
    plan::config,
    store::StoreError,
};

use crate::{
    auth::{KeyHolder, event_in_path},
    change::{Target, change},
    state::App,
};

/// Read the configuration
#[utoipa::path(
    get,
    path = "/events/{eventId}/config",
    operation_id = "readConfig",
    tag = "admin",
    security(("key" = [])),
    params(("eventId" = EventId, Path)),
    responses((status = 200, description = "What is set; empty at first", body = EventConfig), KeyCall, NamedCall, AnyCall)
)]
pub async fn get(State(app): State<App>, request: Request) -> Result<Json<EventConfig>, ApiError> {
    let (mut parts, _) = request.into_parts();
    Ok(Json(key_holder_of_path(&mut parts, &app).await?.config))
}

/// Change the configuration
///
/// What is absent stays. In `draft`; `mergeStrategy` alone in any state but `official`.
#[utoipa::path(
    patch,
    path = "/events/{eventId}/config",
    operation_id = "changeConfig",
    tag = "admin",
    security(("key" = [])),
    params(("eventId" = EventId, Path)),
    request_body = EventConfig,
    responses((status = 200, description = "The merged configuration", body = EventConfig), BodyCall, KeyCall, NamedCall, GuardedCall, AnyCall)
)]
pub async fn set(
    State(app): State<App>,
    ReceivedAt(received): ReceivedAt,
    request: Request,
) -> Result<Json<EventConfig>, ApiError> {
    let (mut parts, body) = request.into_parts();
    let record = key_holder_of_path(&mut parts, &app).await?;
    let patch: EventConfig = body::json(Request::from_parts(parts, body), app.json_limit).await?;
    let target = Target {
        event_id: record.event_id,
        incarnation: record.incarnation,
        what: "config",
        states: None,
        known: None,
        key_salt: Some(record.key.salt.clone()),
        received,
    };
    let config = change(&app, target, move |_, known| {
        let patch = patch.clone();
        async move {
            let head = known.head();
            let (record, structure) = (&head.record, &head.structure);
            let planned = config::plan(
                record,
                structure,
                &head.on_course.shown,
                &head.revisions,
                patch,
            );
            Ok(planned?)
        }
    });
    Ok(Json(config.await?))
}

/// The key's event, which must be the one in the path.
async fn key_holder_of_path(parts: &mut Parts, app: &App) -> Result<EventRecord, ApiError> {
    let KeyHolder(known) = KeyHolder::from_request_parts(parts, app).await?;
    if event_in_path(parts, app).await? != known.record().event_id {
        return Err(StoreError::NoEvent.into());
    }
    Ok(known.into_record())
}
