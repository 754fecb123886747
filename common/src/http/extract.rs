//! Paths and queries, refused in our own words: a framework's would be plain text.

use axum::extract::{FromRequestParts, Query, rejection::PathRejection};
use http::{Uri, request::Parts};
use serde::de::DeserializeOwned;

use super::ApiError;

/// The parts of a path; 400 when it can't be decoded.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        let path = read.map_err(|rejection: PathRejection| {
            ApiError::Invalid(format!("the path is not usable: {}", rejection.body_text()))
        })?;
        Ok(Self(path.0))
    }
}

/// What stands in the query; 400 when a name stands twice, or a value is not usable.
pub fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, ApiError> {
    let read = Query::try_from_uri(uri);
    let query: Query<T> = read.map_err(|rejection| {
        ApiError::Invalid(format!(
            "the query is not usable: {}",
            rejection.body_text()
        ))
    })?;
    Ok(query.0)
}
