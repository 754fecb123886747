//! HTTP as both services speak it.

pub mod body;
pub mod documented;
pub mod error;
pub mod extract;
pub mod health;
pub mod layers;
pub mod listener;
pub mod metrics;
mod own_words;
pub mod server;
mod unread;

pub use error::ApiError;
pub use health::Readiness;
pub use metrics::HttpMetrics;
