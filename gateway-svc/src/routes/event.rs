//! `GET /events/{eventId}` and what belongs to the event as a whole: its categories, the boats on
//! the water, its picture.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use common::{
    domain::EventId,
    http::{
        ApiError,
        documented::{AnyCall, NamedCall},
        extract::Path,
    },
    store::StoreError,
};

use super::answer::{NotModified, answer, event_id};
use crate::{
    answers::{
        Resource,
        shapes::{CategoriesAnswer, EventDetail, OnCourseAnswer},
    },
    state::App,
};

/// Read an event with its classes and races
///
/// `seq` moves with each `resultsSeq` in it.
#[utoipa::path(
    get,
    path = "/{eventId}",
    operation_id = "readEvent",
    tag = "public",
    params(("eventId" = EventId, Path)),
    responses((status = 200, description = "The event", body = EventDetail), NotModified, NamedCall, AnyCall)
)]
pub async fn detail(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    answer(&app, &name, Resource::Detail, &asked).await
}

/// Read the age categories of an event
#[utoipa::path(
    get,
    path = "/{eventId}/categories",
    operation_id = "readCategories",
    tag = "public",
    params(("eventId" = EventId, Path)),
    responses((status = 200, description = "Each once, with the classes that have it", body = CategoriesAnswer), NotModified, NamedCall, AnyCall)
)]
pub async fn show_categories(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    answer(&app, &name, Resource::Categories, &asked).await
}

/// Read the boats on the water, by position
#[utoipa::path(
    get,
    path = "/{eventId}/oncourse",
    operation_id = "readOnCourse",
    tag = "public",
    params(("eventId" = EventId, Path)),
    responses((status = 200, description = "Empty unless the event is running", body = OnCourseAnswer), NotModified, NamedCall, AnyCall)
)]
pub async fn show_on_course(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    answer(&app, &name, Resource::OnCourse, &asked).await
}

/// Read the event's picture
///
/// Its URL changes with it, so it may be kept for a day; a drawing never runs scripts.
#[utoipa::path(
    get,
    path = "/{eventId}/image",
    operation_id = "readImage",
    tag = "public",
    params(("eventId" = EventId, Path)),
    responses((status = 200, description = "PNG, JPEG, WebP, GIF or SVG", body = [u8], content_type = "image/*"), NamedCall, AnyCall)
)]
pub async fn image(State(app): State<App>, Path(name): Path<String>) -> Result<Response, ApiError> {
    let found = app.store.image(&event_id(&name)?).await?;
    let public = found.filter(|(record, _)| record.status.is_public());
    let (record, bytes) = public.ok_or(StoreError::NoEvent)?;
    let image = record.image.ok_or(StoreError::NoEvent)?;
    let headers = [
        (header::CONTENT_TYPE, image.content_type),
        (header::CACHE_CONTROL, "public, max-age=86400".to_owned()),
        (header::ETAG, format!("\"{}\"", image.version)),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox".to_owned(),
        ),
    ];
    Ok((headers, bytes).into_response())
}
