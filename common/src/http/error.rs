//! The one mapping from what went wrong to an answer.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::{
    c123::ExportError, domain::EventStatus, plan::PlanError, protocol::ErrorBody, store::StoreError,
};

/// Every way in which a request can fail.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The request makes no sense; the text names what and where.
    #[error("{0}")]
    Invalid(String),
    /// The requested state does not follow the current one.
    #[error("{}", PlanError::InvalidTransition { current: *current, requested: *requested })]
    InvalidTransition {
        /// The state the event is in.
        current: EventStatus,
        /// The state asked for.
        requested: EventStatus,
    },
    /// No key or password, or one that does not fit.
    #[error("{0}")]
    Unauthorized(String),
    /// Not in the event's state.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// There is no such public event to watch.
    #[error("there is no public event '{0}'")]
    EventNotFound(String),
    /// The client took too long to send its request.
    #[error("the request did not arrive in time")]
    RequestTimeout,
    /// The path exists, the method does not.
    #[error("this path does not take this method; see the Allow header")]
    MethodNotAllowed,
    /// It exists already, or somebody else was faster.
    #[error("{0}")]
    Conflict(String),
    /// The event's results are final: nothing more will come.
    #[error("the results of event '{0}' are official; read them over REST")]
    EventOfficial(String),
    /// The body is larger than allowed.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// The body is of a type that is not understood.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// A plain request where a WebSocket was expected.
    #[error("connect to this path with a WebSocket of version 13")]
    UpgradeRequired,
    /// Too many requests from this client.
    #[error("too many failed attempts; wait before the next one")]
    TooManyRequests,
    /// A fault of ours; the cause is for the log only.
    #[error("something went wrong on our side")]
    Internal(String),
    /// A part that is needed is away for now; the cause is for the log only.
    #[error("the service is not available for the moment; try again")]
    Unavailable(String),
    /// Redis takes no writes; the cause is for the log only.
    #[error(
        "there is no room to store this: the server is out of memory or disk; nothing was changed, try again later"
    )]
    NoRoom(String),
    /// All seats of the event are taken.
    #[error("all {0} places of this event are taken; try again later")]
    ConnectionLimitReached(usize),
}

/// What is logged of an error, carried by its response to the logging layer.
#[derive(Debug, Clone)]
pub struct Cause(pub Arc<str>);

const RETRY_AFTER: Duration = Duration::from_secs(2);
const RETRY_AFTER_LIMIT: Duration = Duration::from_secs(10);
const RETRY_AFTER_FLOOD: Duration = Duration::from_secs(60);

impl ApiError {
    /// What the answer says.
    pub(super) fn body(&self) -> ErrorBody {
        let (_, code) = self.status_and_code();
        ErrorBody {
            error: code.to_owned(),
            message: self.to_string(),
            extra: self.extra(),
        }
    }

    /// The status of the answer, and the code in its body.
    pub(super) fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "Invalid request"),
            Self::InvalidTransition { .. } => (StatusCode::BAD_REQUEST, "InvalidTransition"),
            Self::Unauthorized(_) => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "Forbidden"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "NotFound"),
            Self::EventNotFound(_) => (StatusCode::NOT_FOUND, "EventNotFound"),
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "Request timeout"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "Conflict"),
            Self::EventOfficial(_) => (StatusCode::GONE, "EventOfficial"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "Payload too large"),
            Self::UnsupportedMediaType(_) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type")
            }
            Self::UpgradeRequired => (StatusCode::UPGRADE_REQUIRED, "Upgrade required"),
            Self::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
            Self::Unavailable(_) | Self::NoRoom(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "Service unavailable")
            }
            Self::ConnectionLimitReached(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "ConnectionLimitReached")
            }
        }
    }

    fn extra(&self) -> Map<String, Value> {
        let fields = match self {
            Self::InvalidTransition { current, requested } => json!({
                "currentStatus": current,
                "requestedStatus": requested,
                "validTransitions": current.next(),
            }),
            Self::ConnectionLimitReached(max) => json!({ "maxConnections": max }),
            _ => Value::Null,
        };
        match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable(_) | Self::NoRoom(_) => Some(RETRY_AFTER),
            Self::ConnectionLimitReached(_) => Some(RETRY_AFTER_LIMIT),
            Self::TooManyRequests => Some(RETRY_AFTER_FLOOD),
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, _) = self.status_and_code();
        let mut response = (status, Json(self.body())).into_response();
        if let Some(wait) = self.retry_after() {
            let value = HeaderValue::from(wait.as_secs());
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        if let Self::UpgradeRequired = self {
            let headers = response.headers_mut();
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(
                header::SEC_WEBSOCKET_VERSION,
                HeaderValue::from_static("13"),
            );
        }
        if let Self::Internal(cause) | Self::Unavailable(cause) | Self::NoRoom(cause) = &self {
            response
                .extensions_mut()
                .insert(Cause(cause.as_str().into()));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match error {
            StoreError::Unavailable(_) | StoreError::Late | StoreError::Conflict => {
                Self::Unavailable(text)
            }
            StoreError::NoRoom(_) => Self::NoRoom(text),
            StoreError::NoEvent => Self::NotFound("there is no such event".to_owned()),
            StoreError::Exists => Self::Conflict(text),
            StoreError::State(_) => Self::Forbidden(text),
            StoreError::Corrupt(_) | StoreError::Url(_) => Self::Internal(text),
        }
    }
}

impl From<PlanError> for ApiError {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::NotAccepted { .. } => Self::Forbidden(error.to_string()),
            PlanError::InvalidTransition { current, requested } => {
                Self::InvalidTransition { current, requested }
            }
        }
    }
}

impl From<ExportError> for ApiError {
    fn from(error: ExportError) -> Self {
        Self::Invalid(error.to_string())
    }
}
