//! The one shape of every error answer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// `{"error": "<Code>", "message": "<what is wrong and what to do>"}` and fields of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// A fixed code that programs may compare.
    pub error: String,
    /// What is wrong and what to do, for people.
    pub message: String,
    /// Such as `maxConnections` or `validTransitions`.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
