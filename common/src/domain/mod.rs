//! The sport and the event's life as functions on plain data.
//!
//! Nothing here does input or output, reads a clock or awaits: time comes in as an argument. Ingest
//! computes with this module what to commit, gateways what to show; both are therefore testable
//! without a server.

pub mod best_run;
pub mod bib;
pub mod discipline;
pub mod event;
pub mod hundredths;
pub mod ids;
pub mod image;
pub mod import;
pub mod key_window;
pub mod lifecycle;
pub mod live;
pub mod merge;
pub mod on_course;
pub mod penalty;
pub mod race_state;
pub mod ranking;
pub mod record;
pub mod result_status;
pub mod results;
pub mod row_id;
pub mod structure;
pub mod waiting;

pub use bib::Bib;
pub use discipline::{Cross, Scoring};
pub use event::{DisplayMode, EventConfig, EventDetails, MergeStrategy};
pub use hundredths::Hundredths;
pub use ids::{CatId, ClassId, EventId, ParticipantId, RaceId};
pub use import::{Competition, Export};
pub use key_window::KeyWindow;
pub use lifecycle::{DataKind, EventStatus};
pub use live::{LiveRow, Named, Participants, Rows, Skipped};
pub use on_course::{OnCourse, OnCourseEntry};
pub use penalty::Penalty;
pub use race_state::RaceState;
pub use record::{EventRecord, ImageRecord, KeyRecord};
pub use result_status::{ResultStatus, StatusField};
pub use results::{Exported, Row, Run};
pub use row_id::{RowId, RowIds};
pub use structure::{Category, Class, Course, Participant, Race, Structure};
pub use waiting::Waiting;
