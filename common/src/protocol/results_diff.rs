//! What turns one result list into another.

use std::collections::HashMap;

use super::result_view::ResultView;
use crate::domain::RowId;

/// What turns one result list into another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResultsDiff {
    /// Rows to upsert by row id, in their standard shape, in the order of the new list.
    pub changed: Vec<ResultView>,
    /// Whether rows are gone, or have another bib, by which older clients upsert: a diff can't say that.
    pub removed: bool,
    /// Whether gates or times of day changed, which only the detailed shape shows.
    pub detail_changed: bool,
}

/// Compares two detailed lists of one race. A row has changed when anything of its detailed shape
/// has; what is sent of it is the standard shape.
pub fn diff(before: &[ResultView], after: &[ResultView]) -> ResultsDiff {
    let mut known: HashMap<&RowId, &ResultView> =
        before.iter().map(|row| (&row.row_id, row)).collect();
    let mut diff = ResultsDiff::default();
    for row in after {
        let before = known.remove(&row.row_id);
        if before == Some(row) {
            continue;
        }
        let changed = ResultView {
            detail: None,
            ..row.clone()
        };
        if let Some(before) = before {
            diff.removed |= (before.bib, &before.bib_text) != (row.bib, &row.bib_text);
            diff.detail_changed |= before.detail != row.detail;
        }
        diff.changed.push(changed);
    }
    diff.removed |= !known.is_empty();
    diff
}
