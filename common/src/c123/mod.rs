//! The timing system's XML export, read into the domain.
//!
//! Bytes become text by their declared encoding (`decode`), text becomes flat sections
//! (`sections`, `well_formed`), sections become domain types (`export`, `results`, `gates`, `units`). An export is taken
//! whole or refused: the timing software rewrites the file while the bridge reads it, so a truncated one is normal. A
//! single value that can't be read costs that value (`warnings`).

pub mod decode;
mod export;
mod gates;
mod results;
mod sections;
mod units;
mod warnings;
mod well_formed;

pub use export::{Imported, Parsed, parse};
pub use warnings::Warning;

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
    /// There is more of something than any competition has.
    #[error("the export has more than {max} {what}")]
    TooMany {
        /// Such as `classes`.
        what: &'static str,
        /// How many there may be.
        max: usize,
    },
    /// A field is longer than anything that it could hold.
    #[error("section {section} at line {line}: {field} is longer than {max} characters")]
    TooLong {
        /// Such as `Participants`.
        section: String,
        /// Where the field starts, counted from 1.
        line: usize,
        /// Such as `FamilyName`.
        field: String,
        /// How many characters it may have.
        max: usize,
    },
}
