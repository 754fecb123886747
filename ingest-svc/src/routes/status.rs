//! The event's state.

use axum::{
    Json,
    extract::{FromRequestParts, Request, State},
};
use common::{
    domain::EventStatus,
    http::{ApiError, body, server::ReceivedAt},
    plan::status,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::events::rfc3339;
use crate::{
    auth::{KeyHolder, event_in_path},
    change::{Target, change},
    state::App,
};

#[derive(Deserialize)]
struct StatusBody {
    status: EventStatus,
}

/// `PATCH /admin/events/{eventId}/status`: 401 with the key of another event, 404 without an event.
pub async fn set(
    State(app): State<App>,
    ReceivedAt(received): ReceivedAt,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (mut parts, body) = request.into_parts();
    let KeyHolder(record) = KeyHolder::from_request_parts(&mut parts, &app).await?;
    let event_id = event_in_path(&mut parts, &app).await?;
    if event_id != record.event_id {
        return match app.store.record(&event_id).await {
            Ok(_) => Err(ApiError::Unauthorized(
                "the API key belongs to another event".to_owned(),
            )),
            Err(error) => Err(ApiError::from(error)),
        };
    }
    let request = Request::from_parts(parts, body);
    let StatusBody { status: requested } = body::json(request, app.json_limit).await?;
    let target = Target {
        event_id: record.event_id.clone(),
        incarnation: record.incarnation,
        what: "status",
        states: None,
        received,
    };
    let now_ms = Timestamp::now().as_millisecond();
    let previous = change(&app, target, move |_, head| async move {
        let record = &head.record;
        let plan = status::plan(record, &head.on_course, &head.revisions, requested, now_ms)?;
        Ok((record.status, plan))
    });
    let previous: EventStatus = previous.await?;
    Ok(Json(json!({
        "eventId": record.event_id,
        "previousStatus": previous,
        "status": requested,
        "statusChangedAt": rfc3339(now_ms),
    })))
}
