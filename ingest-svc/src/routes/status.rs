//! The event's state.

use axum::{
    Json,
    extract::{FromRequestParts, Request, State},
};
use common::{
    domain::{EventId, EventStatus},
    http::{
        ApiError, body,
        documented::{AnyCall, BodyCall, KeyCall, NamedCall, TransitionCall},
        server::ReceivedAt,
    },
    plan::{results::concerned, status},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::events::rfc3339;
use crate::{
    auth::{KeyHolder, event_in_path},
    change::{Target, change},
    state::App,
};

/// The state asked for.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"status": "running"}))]
pub struct StatusBody {
    status: EventStatus,
}

/// The state of an event after a change of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusAnswer {
    event_id: EventId,
    previous_status: EventStatus,
    status: EventStatus,
    #[schema(format = DateTime)]
    status_changed_at: String,
}

/// Change the state
///
/// `draft → startlist → running → finished → official`, and back by `startlist → draft` and `finished → running`.
/// `official` is final. 401 with the key of another event.
#[utoipa::path(
    patch,
    path = "/events/{eventId}/status",
    operation_id = "setStatus",
    tag = "admin",
    security(("key" = [])),
    params(("eventId" = EventId, Path)),
    request_body = StatusBody,
    responses((status = 200, description = "Changed", body = StatusAnswer), BodyCall, TransitionCall, KeyCall, NamedCall, AnyCall)
)]
pub async fn set(
    State(app): State<App>,
    ReceivedAt(received): ReceivedAt,
    request: Request,
) -> Result<Json<StatusAnswer>, ApiError> {
    let (mut parts, body) = request.into_parts();
    let KeyHolder(known) = KeyHolder::from_request_parts(&mut parts, &app).await?;
    let record = known.into_record();
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
        known: None,
        key_salt: Some(record.key.salt.clone()),
        received,
    };
    let now_ms = Timestamp::now().as_millisecond();
    let previous = change(&app, target, move |store, known| async move {
        let head = known.head();
        // Only what becomes final is settled before its time.
        let waiting = match requested {
            EventStatus::Official => head.waiting.due(i64::MAX),
            _ => Vec::new(),
        };
        let races = concerned(&head.structure, &waiting);
        let competition = known.competition(&store, &races).await?;
        let plan = status::plan(&head.before(&competition), requested, now_ms)?;
        Ok((head.record.status, plan))
    });
    let previous: EventStatus = previous.await?;
    Ok(Json(StatusAnswer {
        event_id: record.event_id,
        previous_status: previous,
        status: requested,
        status_changed_at: rfc3339(now_ms),
    }))
}
