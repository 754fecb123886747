//! Errors as the API's description names them, by the groups in which calls can fail. Statuses, codes
//! and examples are those of [`ApiError`] itself.

use std::collections::BTreeMap;

use serde_json::json;
use utoipa::{
    IntoResponses,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

use super::ApiError;
use crate::domain::EventStatus;

/// The component that describes every error body.
const ERROR_SCHEMA: &str = "#/components/schemas/ErrorBody";

/// Any call may fail so.
pub struct AnyCall;
/// Calls of administrators.
pub struct AdminCall;
/// Calls with the key of an event.
pub struct KeyCall;
/// Calls with a body.
pub struct BodyCall;
/// Calls with a query.
pub struct QueryCall;
/// Calls that name something which may not exist.
pub struct NamedCall;
/// Calls that the event's state may forbid.
pub struct GuardedCall;
/// The request for a WebSocket.
pub struct UpgradeCall;

macro_rules! fails_with {
    ($group:ident, $($error:expr),+ $(,)?) => {
        impl IntoResponses for $group {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$($error),+].iter().map(documented).collect()
            }
        }
    };
}

fails_with!(
    AnyCall,
    ApiError::Internal(String::new()),
    ApiError::Unavailable(String::new()),
);
fails_with!(
    AdminCall,
    ApiError::Unauthorized("send an admin password in the X-Master-Key header".to_owned()),
    ApiError::TooManyRequests,
);
fails_with!(
    KeyCall,
    ApiError::Unauthorized("send the event's API key in the X-API-Key header".to_owned()),
    ApiError::TooManyRequests,
);
fails_with!(
    BodyCall,
    ApiError::Invalid("results[1].time: expected a whole number of hundredths".to_owned()),
    ApiError::RequestTimeout,
    ApiError::TooLarge(2 << 20),
    ApiError::UnsupportedMediaType("send the body as Content-Type: application/json".to_owned()),
);
fails_with!(
    QueryCall,
    ApiError::Invalid("catId: longer than 64 bytes".to_owned()),
);
fails_with!(
    NamedCall,
    ApiError::NotFound("there is no such event".to_owned()),
);
fails_with!(
    GuardedCall,
    ApiError::Forbidden("Data type 'results' not accepted in 'draft' state".to_owned()),
);
fails_with!(
    UpgradeCall,
    ApiError::EventNotFound("TEST.WS".to_owned()),
    ApiError::EventOfficial("TEST.WS".to_owned()),
    ApiError::UpgradeRequired,
    ApiError::ConnectionLimitReached(200),
);

/// The refusal of a state that does not follow; a 400 with fields of its own.
pub struct TransitionCall;
fails_with!(
    TransitionCall,
    ApiError::InvalidTransition {
        current: EventStatus::Draft,
        requested: EventStatus::Running,
    },
);

fn documented(error: &ApiError) -> (String, RefOr<Response>) {
    let (status, code) = error.status_and_code();
    let content = ContentBuilder::new()
        .schema(Some(Ref::new(ERROR_SCHEMA)))
        .example(Some(json!(error.body())))
        .build();
    let response = ResponseBuilder::new()
        .description(code)
        .content("application/json", content)
        .build();
    (status.as_str().to_owned(), response.into())
}
