//! The days on which an event's API key works.

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use super::EventDetails;

const DAYS_BEFORE_START: i64 = 10;
const DAYS_AFTER_END: i64 = 5;
/// An event created without dates keeps its key at least this long, whatever dates an export brings.
const DAYS_FROM_CREATION_MIN: i64 = 15;

/// The validity of an API key, in whole UTC days with both ends included; `None` is no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyWindow {
    /// First valid day.
    pub from: Option<Date>,
    /// Last valid day.
    pub until: Option<Date>,
}

/// Why a key does not work today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutsideWindow {
    /// The event is too far away.
    #[error("the API key is valid from {0}")]
    NotYet(Date),
    /// The event is long over.
    #[error("the API key was valid until {0}; ask an administrator to extend the event's dates")]
    Over(Date),
}

impl KeyWindow {
    /// The window that an administrator's dates give, at creation or by a later change.
    pub fn from_dates(details: &EventDetails) -> Self {
        Self {
            from: details.start_date.map(|d| shifted(d, -DAYS_BEFORE_START)),
            until: details.end_date.map(|d| shifted(d, DAYS_AFTER_END)),
        }
    }

    /// The window after an export with the dates in `details`, for a window `self` that an
    /// administrator gave on `created` or since: exports only ever widen it, so that an old file
    /// can't lock its own operator out.
    #[must_use]
    pub fn widened_by_export(self, details: &EventDetails, created: Date) -> Self {
        let export = Self::from_dates(details);
        let from = match (self.from, export.from) {
            (Some(given), Some(exported)) => Some(given.min(exported)),
            (given, _) => given,
        };
        let until = match (self.until, export.until) {
            (Some(given), Some(exported)) => Some(given.max(exported)),
            (None, Some(exported)) => Some(exported.max(self.earliest_end(created))),
            (given, None) => given,
        };
        Self { from, until }
    }

    /// Before this day no dates that come later end a window that had no end when it was given.
    pub fn earliest_end(self, created: Date) -> Date {
        let from_creation = shifted(created, DAYS_FROM_CREATION_MIN);
        let from_start = self
            .from
            .map(|from| shifted(from, DAYS_BEFORE_START + DAYS_AFTER_END));
        from_start.map_or(from_creation, |from_start| from_start.max(from_creation))
    }

    /// Whether the key works on `today` (UTC).
    pub fn check(self, today: Date) -> Result<(), OutsideWindow> {
        match self {
            Self {
                from: Some(from), ..
            } if today < from => Err(OutsideWindow::NotYet(from)),
            Self {
                until: Some(until), ..
            } if today > until => Err(OutsideWindow::Over(until)),
            _ => Ok(()),
        }
    }
}

fn shifted(date: Date, days: i64) -> Date {
    date.saturating_add(days.days())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{EventDetails, KeyWindow, OutsideWindow};

    fn dated(start: Option<jiff::civil::Date>, end: Option<jiff::civil::Date>) -> EventDetails {
        EventDetails {
            start_date: start,
            end_date: end,
            ..EventDetails::default()
        }
    }

    #[test]
    fn ten_days_before_to_five_days_after_both_included() {
        let window =
            KeyWindow::from_dates(&dated(Some(date(2026, 6, 20)), Some(date(2026, 6, 21))));
        assert_eq!(window.check(date(2026, 6, 10)), Ok(()));
        assert_eq!(window.check(date(2026, 6, 26)), Ok(()));
        assert_eq!(
            window.check(date(2026, 6, 9)),
            Err(OutsideWindow::NotYet(date(2026, 6, 10)))
        );
        assert_eq!(
            window.check(date(2026, 6, 27)),
            Err(OutsideWindow::Over(date(2026, 6, 26)))
        );
    }

    #[test]
    fn an_old_export_takes_no_validity_away() {
        let given = KeyWindow::from_dates(&dated(Some(date(2026, 6, 20)), Some(date(2026, 6, 21))));
        let old = dated(Some(date(2025, 6, 20)), Some(date(2025, 6, 21)));
        let widened = given.widened_by_export(&old, date(2026, 6, 1));
        assert_eq!(widened.from, Some(date(2025, 6, 10)));
        assert_eq!(widened.until, Some(date(2026, 6, 26)));
    }

    #[test]
    fn without_dates_at_creation_the_export_bounds_the_end_but_not_before_fifteen_days() {
        let open = KeyWindow::default();
        let past = dated(Some(date(2026, 1, 1)), Some(date(2026, 1, 2)));
        let bounded = open.widened_by_export(&past, date(2026, 6, 1));
        assert_eq!(bounded.from, None);
        assert_eq!(bounded.until, Some(date(2026, 6, 16)));
        let future = dated(None, Some(date(2026, 9, 1)));
        let bounded = open.widened_by_export(&future, date(2026, 6, 1));
        assert_eq!(bounded.until, Some(date(2026, 9, 6)));
        assert_eq!(
            open.widened_by_export(&dated(None, None), date(2026, 6, 1)),
            open
        );
    }
}
