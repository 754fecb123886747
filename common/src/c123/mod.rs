//! The timing system's XML export, read into the domain.
//!
//! Bytes become text by their declared encoding (`decode`), text becomes flat sections
//! (`sections`), sections become domain types (`export`). An export is taken whole or refused:
//! the timing software rewrites the file while the bridge reads it, so a truncated one is normal.

pub mod decode;
mod export;
mod sections;
mod units;
mod well_formed;

pub use export::{Imported, parse};

/// Why an export can't be used. The texts are for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// The XML is not well-formed, truncated, or holds something that is refused.
    #[error("XML is not usable at line {line}, column {column}: {reason}")]
    Malformed {
        /// Counted from 1.
        line: usize,
        /// In characters, counted from 1.
        column: usize,
        /// What stands there.
        reason: String,
    },
    /// The bytes are not text in the encoding that they declare.
    #[error("XML can't be read as {0}")]
    Encoding(String),
    /// Something that every export has is absent.
    #[error("the export has no {0}")]
    Missing(&'static str),
    /// A field that must be a number is none.
    #[error("section {section} at line {line}: {field} '{value}' is not a usable number")]
    Number {
        /// Such as `Results`.
        section: &'static str,
        /// Where the section starts, counted from 1.
        line: usize,
        /// Such as `Time`.
        field: &'static str,
        /// What stands there instead.
        value: String,
    },
}
