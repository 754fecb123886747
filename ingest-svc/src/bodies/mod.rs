//! Request bodies: their shapes, their limits, and what they mean in the domain. Reading one needs no
//! server, so they are fuzzed and tested alone.

pub mod event;
pub mod export;
pub mod on_course;
pub mod results;
pub mod rows;
