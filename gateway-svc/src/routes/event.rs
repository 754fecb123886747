//! `GET /events/{eventId}` and what belongs to the event as a whole: its categories, the boats on
//! the water, its picture.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use common::{
    domain::EventId,
    http::{
        ApiError,
        documented::{AnyCall, NamedCall},
    },
    protocol::{
        Epoch, Mark, Seq,
        views::{
            CategoryView, ClassView, EventView, OnCourseView, RaceView, RaceWithResultsSeq,
            StructureView, categories, on_course_views,
        },
    },
    store::{Head, StoreError},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{NotModified, Resource, event_id, public_head};
use crate::state::App;

/// A public event with its classes and races.
#[derive(Serialize, ToSchema)]
pub struct EventDetail {
    #[schema(value_type = u64)]
    seq: Seq,
    epoch: Epoch,
    event: EventView,
    classes: Vec<ClassView>,
    races: Vec<RaceWithResultsSeq>,
}

/// The age categories of an event.
#[derive(Serialize, ToSchema)]
pub struct CategoriesAnswer {
    #[schema(value_type = u64)]
    seq: Seq,
    categories: Vec<CategoryView>,
}

/// The boats on the water.
#[derive(Serialize, ToSchema)]
pub struct OnCourseAnswer {
    #[schema(value_type = u64)]
    seq: Seq,
    oncourse: Vec<OnCourseView>,
}

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
    let head = public_head(&app.store, &event_id(&name)?).await?;
    let body = EventDetail::new(&head);
    let (asked, head, seq) = (&asked, &head, body.seq);
    Resource { asked, head, seq }.answer(&body)
}

impl EventDetail {
    fn new(head: &Head) -> Self {
        let view = StructureView::new(&head.record, &head.structure, &[]);
        let with_results_seq = |race: RaceView| RaceWithResultsSeq {
            results_seq: head.marks.results_seq(&race.race_id),
            race,
        };
        let races: Vec<_> = view.races.into_iter().map(with_results_seq).collect();
        // The detail names the position of every race's results, so it changes with each of them.
        let results = races.iter().map(|race| race.results_seq).max();
        Self {
            seq: head.marks.seq(&Mark::Event).max(results.unwrap_or(0)),
            epoch: head.position.epoch.clone(),
            event: view.event,
            classes: view.classes,
            races,
        }
    }
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
    let head = public_head(&app.store, &event_id(&name)?).await?;
    let seq = head.marks.seq(&Mark::Categories);
    let body = CategoriesAnswer {
        seq,
        categories: categories(&head.structure),
    };
    let (asked, head) = (&asked, &head);
    Resource { asked, head, seq }.answer(&body)
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
    let head = public_head(&app.store, &event_id(&name)?).await?;
    let seq = head.marks.seq(&Mark::OnCourse);
    let body = OnCourseAnswer {
        seq,
        oncourse: on_course_views(&head.structure, &head.on_course.shown),
    };
    let (asked, head) = (&asked, &head);
    Resource { asked, head, seq }.answer(&body)
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
