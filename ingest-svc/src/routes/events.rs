//! Creating, listing, correcting and deleting events, and rotating their keys.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
};
use common::{
    domain::{EventId, EventRecord, EventStatus, KeyRecord, KeyWindow},
    http::{
        ApiError, body,
        documented::{AdminCall, AnyCall, BodyCall, NamedCall},
        server::ReceivedAt,
    },
    plan::{Part, Plan, Write, config::record_plan, import::utc_day},
    protocol::ErrorBody,
    store::{NewEvent, StoreError},
};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use tracing::warn;
use utoipa::ToSchema;

use crate::{
    auth::{Admin, AdminOf, ApiKeys},
    bodies::event::{EditBody, Image, MaxConnections, NewEventBody},
    change::{Target, change, detached},
    state::App,
};

/// The days on which a key works, as instants; both ends are included.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Validity {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    valid_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    valid_until: Option<String>,
}

/// A new event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedAnswer {
    id: u64,
    event_id: EventId,
    /// 64 hexadecimal characters.
    api_key: String,
    validity: Validity,
}

/// A key that has just replaced another one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotatedAnswer {
    event_id: EventId,
    /// 64 hexadecimal characters.
    api_key: String,
    validity: Validity,
}

/// All events with their keys.
#[derive(Serialize, ToSchema)]
pub struct AdminEventsAnswer {
    events: Vec<AdminEvent>,
}

/// An event that is gone.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletedAnswer {
    deleted: bool,
    event_id: EventId,
}

impl From<KeyWindow> for Validity {
    fn from(window: KeyWindow) -> Self {
        Self {
            valid_from: window.from.map(|day| format!("{day}T00:00:00Z")),
            valid_until: window.until.map(|day| format!("{day}T23:59:59Z")),
        }
    }
}

/// An event as administrators see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminEvent {
    event_id: EventId,
    main_title: String,
    sub_title: Option<String>,
    location: Option<String>,
    #[schema(value_type = Option<String>, format = Date)]
    start_date: Option<Date>,
    #[schema(value_type = Option<String>, format = Date)]
    end_date: Option<Date>,
    discipline: Option<String>,
    status: EventStatus,
    facility: Option<String>,
    api_key: String,
    has_xml_data: bool,
    has_image: bool,
    /// Spectators at once; null goes by the gateways' own number.
    max_connections: Option<u32>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl AdminEvent {
    fn new(record: &EventRecord, keys: &ApiKeys) -> Self {
        let details = &record.details;
        Self {
            event_id: record.event_id.clone(),
            main_title: details.main_title.clone(),
            sub_title: details.sub_title.clone(),
            location: details.location.clone(),
            start_date: details.start_date,
            end_date: details.end_date,
            discipline: details.discipline.clone(),
            status: record.status,
            api_key: keys.of(record),
            has_xml_data: record.has_xml,
            has_image: record.image.is_some(),
            facility: details.facility.clone(),
            max_connections: record.max_connections,
            created_at: rfc3339(record.created_at_ms),
        }
    }
}

/// An instant as RFC 3339 with milliseconds.
pub fn rfc3339(ms: i64) -> String {
    let instant = Timestamp::from_millisecond(ms).unwrap_or_default();
    format!("{instant:.3}")
}

/// Create an event
///
/// It starts as `draft`. The answer has its API key.
#[utoipa::path(
    post,
    path = "/events",
    operation_id = "createEvent",
    tag = "admin",
    security(("master" = [])),
    request_body = NewEventBody,
    responses(
        (status = 201, description = "Created", body = CreatedAnswer),
        (status = 409, description = "Conflict", body = ErrorBody),
        BodyCall, AdminCall, AnyCall,
    )
)]
pub async fn create(
    State(app): State<App>,
    _: Admin,
    request: Request,
) -> Result<(StatusCode, Json<CreatedAnswer>), ApiError> {
    let body: NewEventBody = body::json(request, app.event_limit).await?;
    let details = body.details()?;
    let given = KeyWindow::from_dates(&details);
    let new = NewEvent {
        event_id: body.event_id,
        details,
        key: ApiKeys::new_record(given, given),
        image: body.image_data.map(Image::into_parts),
        max_connections: body.max_connections.map(|MaxConnections(max)| max),
        created_at_ms: Timestamp::now().as_millisecond(),
    };
    let api_key = app.keys.derive(&new.event_id, &new.key);
    let digest = ApiKeys::digest(&api_key);
    let record = detached(async move { Ok(app.store.create(new, &digest).await?) }).await?;
    let answer = CreatedAnswer {
        id: record.number,
        event_id: record.event_id,
        api_key,
        validity: Validity::from(record.key.window),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// List all events, newest first
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "listAllEvents",
    tag = "admin",
    security(("master" = [])),
    responses((status = 200, description = "Drafts included", body = AdminEventsAnswer), AdminCall, AnyCall)
)]
pub async fn list(State(app): State<App>, _: Admin) -> Result<Json<AdminEventsAnswer>, ApiError> {
    let ids = app.store.event_ids().await?;
    let mut records = app.store.records(&ids).await?;
    records.sort_by_key(|record| std::cmp::Reverse((record.created_at_ms, record.number)));
    let view = |record| AdminEvent::new(record, &app.keys);
    let events = records.iter().map(view).collect();
    Ok(Json(AdminEventsAnswer { events }))
}

/// Correct an event
///
/// Dates set here move the days on which its key works, both ways.
#[utoipa::path(
    patch,
    path = "/events/{eventId}",
    operation_id = "editEvent",
    tag = "admin",
    security(("master" = [])),
    params(("eventId" = EventId, Path)),
    request_body = EditBody,
    responses((status = 200, description = "As it is now", body = AdminEvent), BodyCall, AdminCall, NamedCall, AnyCall)
)]
pub async fn edit(
    State(app): State<App>,
    received: ReceivedAt,
    AdminOf(record): AdminOf,
    request: Request,
) -> Result<Json<AdminEvent>, ApiError> {
    let body: EditBody = body::json(request, app.event_limit).await?;
    let target = target(&record, "edit", received);
    let after = change(&app, target, move |_, known| {
        let planned = edited(known.head(), &body);
        async move { planned }
    });
    Ok(Json(AdminEvent::new(&after.await?, &app.keys)))
}

fn target(record: &EventRecord, what: &'static str, ReceivedAt(received): ReceivedAt) -> Target {
    Target {
        event_id: record.event_id.clone(),
        incarnation: record.incarnation.clone(),
        what,
        states: None,
        known: None,
        key_salt: None,
        received,
    }
}

fn edited(head: &common::store::Head, body: &EditBody) -> Result<(EventRecord, Plan), ApiError> {
    let before = &head.record;
    let details = body.applied_to(&before.details)?;
    let mut window = KeyWindow::from_dates(&details);
    if before.key.given.until.is_none() {
        let earliest = before.key.given.earliest_end(utc_day(before.created_at_ms));
        window.until = window.until.map(|until| until.max(earliest));
    }
    let key = if body.has_dates() {
        KeyRecord {
            given: window,
            window,
            ..before.key.clone()
        }
    } else {
        before.key.clone()
    };
    let image = match &body.image_data {
        None => before.image.clone(),
        Some(image) => image.as_ref().map(|image| image.record.clone()),
    };
    let max_connections = match body.max_connections {
        None => before.max_connections,
        Some(max) => max.map(|MaxConnections(max)| max),
    };
    let after = EventRecord {
        details,
        key,
        image,
        max_connections,
        ..before.clone()
    };
    let mut plan = record_plan(
        before,
        &after,
        &head.structure,
        &head.on_course.shown,
        &head.revisions,
    );
    if after.details != before.details {
        plan.writes.push(Write::Details(after.details.clone()));
    }
    if after.key != before.key {
        plan.writes.push(Write::Key(after.key.clone()));
    }
    if after.max_connections != before.max_connections {
        plan.writes
            .push(Write::MaxConnections(after.max_connections));
    }
    if after.image != before.image {
        let image = body.image_data.clone().flatten();
        plan.writes.push(Write::Image(image.map(Image::into_parts)));
    }
    if !plan.writes.is_empty() {
        plan.touched.push(Part::Record);
    }
    Ok((after, plan))
}

/// Delete an event with everything that it has
///
/// Spectators are told, and their room closes after the grace period.
#[utoipa::path(
    delete,
    path = "/events/{eventId}",
    operation_id = "deleteEvent",
    tag = "admin",
    security(("master" = [])),
    params(("eventId" = EventId, Path)),
    responses((status = 200, description = "It is gone", body = DeletedAnswer), AdminCall, NamedCall, AnyCall)
)]
pub async fn remove(
    State(app): State<App>,
    AdminOf(record): AdminOf,
) -> Result<Json<DeletedAnswer>, ApiError> {
    let event_id = record.event_id.clone();
    let ts_ms = Timestamp::now().as_millisecond();
    detached(async move {
        loop {
            let head = app.store.head(&record.event_id).await?;
            if head.record.incarnation != record.incarnation {
                return Err(StoreError::NoEvent.into());
            }
            let digest = app.keys.digest_of(&head.record);
            match app.store.delete(&head, &digest, ts_ms).await {
                Err(StoreError::Conflict) => {}
                result => return Ok(result?),
            }
        }
    })
    .await?;
    Ok(Json(DeletedAnswer {
        deleted: true,
        event_id,
    }))
}

/// Replace an event's key
///
/// The old one stops working at once.
#[utoipa::path(
    post,
    path = "/events/{eventId}/rotate-key",
    operation_id = "rotateKey",
    tag = "admin",
    security(("master" = [])),
    params(("eventId" = EventId, Path)),
    responses((status = 200, description = "The new key", body = RotatedAnswer), AdminCall, NamedCall, AnyCall)
)]
pub async fn rotate_key(
    State(app): State<App>,
    received: ReceivedAt,
    AdminOf(record): AdminOf,
) -> Result<Json<RotatedAnswer>, ApiError> {
    let target = target(&record, "rotate-key", received);
    let salt = ApiKeys::new_record(record.key.given, record.key.window).salt;
    let with_new_key = move |before: EventRecord| EventRecord {
        key: KeyRecord {
            salt: salt.clone(),
            ..before.key.clone()
        },
        ..before
    };
    let new_digest = app.keys.digest_of(&with_new_key(record.clone()));
    // Findable before it is valid, so that no instant exists in which no key works.
    app.store.index_event(&record.event_id, &new_digest).await?;
    let rotated = change(&app, target, move |_, known| {
        let head = known.head();
        let before = head.record.clone();
        let after = with_new_key(before.clone());
        let plan = Plan {
            expected: vec![head.revisions.expect(Part::Record)],
            touched: vec![Part::Record],
            writes: vec![Write::Key(after.key.clone())],
            changes: Vec::new(),
        };
        async move { Ok(((before, after), plan)) }
    })
    .await;
    let (obsolete, rotated) = match rotated {
        Ok((before, after)) => (app.keys.digest_of(&before), Ok(after)),
        Err(error) => (new_digest, Err(error)),
    };
    // An entry that opens nothing is found wrong by whoever follows it.
    if let Err(error) = app.store.forget_key(&obsolete).await {
        warn!(%error, "the entry of an obsolete key stays for now");
    }
    let after = rotated?;
    Ok(Json(RotatedAnswer {
        api_key: app.keys.of(&after),
        validity: Validity::from(after.key.window),
        event_id: after.event_id,
    }))
}
