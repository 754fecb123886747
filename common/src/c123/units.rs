//! Exports carry milliseconds or hundredths and do not say which.

use crate::domain::Hundredths;

/// No run lasts 200 s in hundredths; in milliseconds every run is longer than 20 s.
const HUNDREDTHS_TIME_MAX: u64 = 20_000;

/// The unit of an export's times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Units {
    /// Times in milliseconds, penalties in whole seconds.
    Milliseconds,
    /// All in hundredths.
    Hundredths,
}

/// A result as it stands in the export.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RawResult {
    pub time: Option<u64>,
    pub pen: Option<u64>,
    pub total: Option<u64>,
}

impl RawResult {
    /// The unit in which this row adds up, if it can tell.
    fn units(self) -> Option<Units> {
        let (time, pen, total) = (self.time?, self.pen.filter(|pen| *pen > 0)?, self.total?);
        if pen.checked_mul(1000)?.checked_add(time)? == total {
            return Some(Units::Milliseconds);
        }
        (pen.checked_add(time)? == total).then_some(Units::Hundredths)
    }
}

impl Units {
    /// Decides for a whole export: by the first row that adds up in one unit, else by the length
    /// of its times.
    pub fn detect(rows: impl Iterator<Item = RawResult> + Clone) -> Self {
        if let Some(units) = rows.clone().find_map(RawResult::units) {
            return units;
        }
        let long = |row: RawResult| row.time.is_some_and(|time| time > HUNDREDTHS_TIME_MAX);
        if rows.into_iter().any(long) {
            Self::Milliseconds
        } else {
            Self::Hundredths
        }
    }

    /// A time or total of the export; nothing when it is absurd.
    pub fn time(self, raw: u64) -> Option<Hundredths> {
        match self {
            Self::Milliseconds => Hundredths::new(raw / 10),
            Self::Hundredths => Hundredths::new(raw),
        }
    }

    /// A penalty of the export; nothing when it is absurd.
    pub fn penalty(self, raw: u64) -> Option<Hundredths> {
        match self {
            Self::Milliseconds => Hundredths::new(raw.checked_mul(100)?),
            Self::Hundredths => Hundredths::new(raw),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{RawResult, Units};

    fn row(time: u64, pen: u64, total: u64) -> RawResult {
        RawResult {
            time: Some(time),
            pen: Some(pen),
            total: Some(total),
        }
    }

    #[test]
    fn a_row_with_a_penalty_decides_and_long_times_decide_without_one() {
        let detect = |rows: &[RawResult]| Units::detect(rows.iter().copied());
        assert_eq!(detect(&[row(76990, 2, 78990)]), Units::Milliseconds);
        assert_eq!(detect(&[row(7699, 200, 7899)]), Units::Hundredths);
        assert_eq!(
            detect(&[row(30000, 0, 30000), row(7699, 200, 7899)]),
            Units::Hundredths
        );
        assert_eq!(detect(&[row(76990, 0, 76990)]), Units::Milliseconds);
        assert_eq!(detect(&[row(7699, 0, 7699)]), Units::Hundredths);
        assert_eq!(detect(&[]), Units::Hundredths);
    }
}
