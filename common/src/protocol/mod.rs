//! The public shapes: what REST answers and what spectators receive.

pub mod change;
pub mod envelope;
pub mod error_body;
pub mod live;
pub mod position;
pub mod race_sheet;
pub mod result_view;
pub mod results_diff;
pub mod startlist;
pub mod views;

pub use change::{Change, Mark};
pub use envelope::{Envelope, Kind};
pub use error_body::ErrorBody;
pub use live::LiveMessage;
pub use position::{Epoch, Position, Seq};
pub use race_sheet::RaceSheet;
