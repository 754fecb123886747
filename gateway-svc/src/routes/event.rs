//! `GET /events/{eventId}` and what belongs to the event as a whole: its categories, the boats on
//! the water, its picture.

#![expect(
    unused_qualifications,
    reason = "the description's macro writes paths of its own"
)]

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use common::{
    domain::EventId,
    http::{
        ApiError,
        documented::{AnyCall, NamedCall, QueryCall},
        extract::{Path, query},
    },
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::{NotModified, answer, event_id, has};
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

/// What a client may ask of a picture.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImageQuery {
    /// The version that `imageUrl` names.
    v: Option<String>,
}

/// Read the event's picture
///
/// Its URL changes with it, so it may be kept for a day; a drawing never runs scripts.
#[utoipa::path(
    get,
    path = "/{eventId}/image",
    operation_id = "readImage",
    tag = "public",
    params(("eventId" = EventId, Path), ImageQuery),
    responses((status = 200, description = "PNG, JPEG, WebP, GIF or SVG", body = [u8], content_type = "image/*"), NotModified, QueryCall, NamedCall, AnyCall)
)]
pub async fn image(
    State(app): State<App>,
    Path(name): Path<String>,
    uri: Uri,
    asked: HeaderMap,
) -> Result<Response, ApiError> {
    let query: ImageQuery = query(&uri)?;
    let picture = app
        .images
        .get(&event_id(&name)?, query.v.as_deref())
        .await?;
    let etag = format!("\"{}\"", picture.image.version);
    let headers = [
        (header::CACHE_CONTROL, "public, max-age=86400".to_owned()),
        (header::ETAG, etag.clone()),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox".to_owned(),
        ),
    ];
    if has(&asked, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let content_type = [(header::CONTENT_TYPE, picture.image.content_type.clone())];
    Ok((headers, content_type, picture.bytes.clone()).into_response())
}
