//! Who wins when the XML export and live data tell different things about a run.

use serde::{Deserialize, Serialize};

use super::{Hundredths, MergeStrategy, Penalty, ResultStatus, Row, Run};

/// Under `newest`, how long a live change is safe from exports, which are written a little later
/// than the timing system knows, in ms.
const LIVE_IS_NEWER_FOR_MS: i64 = 30_000;

/// What a live row says about a run: the whole truth about time, penalty, total and status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveRun {
    /// Time on the course.
    pub time: Option<Hundredths>,
    /// Sum of penalties.
    pub pen: Option<Hundredths>,
    /// Time and penalties; derived when absent.
    pub total: Option<Hundredths>,
    /// Why there is no place.
    pub status: Option<ResultStatus>,
    /// Whether the judges are still at it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub under_review: bool,
    /// By gate; `None` keeps the gates that are known already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gates: Option<Vec<Option<Penalty>>>,
    /// Whether it speaks of the status alone, as in most races of a kayak cross.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub status_only: bool,
}

/// What is remembered of a row's live data beside the run itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveMark {
    /// The last live row; the bridge repeats whole lists, and a repetition is no news.
    pub last: LiveRun,
    /// When live data last said something new, ms since 1970.
    pub changed_at_ms: i64,
    /// Whether live data ever gave a result.
    pub gave_result: bool,
}

impl LiveRun {
    /// The part of it that is about the status.
    #[must_use]
    pub fn of_status(self) -> Self {
        Self {
            status: self.status,
            under_review: self.under_review,
            status_only: true,
            ..Self::default()
        }
    }

    fn has_result(&self) -> bool {
        self.time.is_some() || self.total.is_some() || self.status.is_some()
    }

    /// A row with time but no total has time and penalty together as total.
    fn total_or_derived(&self) -> Option<Hundredths> {
        let derived = || Some(self.time?.plus(self.pen.unwrap_or(Hundredths::ZERO)));
        self.total.or_else(derived)
    }

    /// The run as this row tells it, with what it does not carry kept from `known`.
    fn over(&self, known: &Run) -> Run {
        if self.status_only {
            return Run {
                status: self.status.clone(),
                under_review: self.under_review,
                ..known.clone()
            };
        }
        let seconds = |pen: Option<Hundredths>| pen.unwrap_or(Hundredths::ZERO);
        let kept = || {
            // Gates that came with another penalty would contradict this one.
            let fits = seconds(self.pen) == seconds(known.pen);
            if fits {
                known.gates.clone()
            } else {
                Vec::new()
            }
        };
        Run {
            time: self.time,
            pen: self.pen,
            total: self.total_or_derived(),
            status: self.status.clone(),
            under_review: self.under_review,
            gates: self.gates.clone().unwrap_or_else(kept),
            dt_start: known.dt_start.clone(),
            dt_finish: known.dt_finish.clone(),
        }
    }
}

fn has_result(run: &Run) -> bool {
    run.time.is_some() || run.status.is_some()
}

/// Whether a live row says something else than the last one did.
pub fn is_news(mark: Option<&LiveMark>, live: &LiveRun) -> bool {
    mark.is_none_or(|mark| mark.last != *live)
}

/// Takes a live row in. Under every strategy it shows at once, unless it only repeats the last one.
pub fn merge_live(row: &mut Row, live: LiveRun, now_ms: i64) {
    if !is_news(row.live.as_ref(), &live) {
        return;
    }
    let run = live.over(&row.run);
    let waiting = row.waiting.take();
    if let Some(exported) = waiting.filter(|exported| exported.agrees_with(&run)) {
        row.run = confirmed(run, exported);
        row.as_exported = true;
    } else {
        row.as_exported &= run.agrees_with(&row.run);
        row.run = run;
    }
    let gave_before = row.live.as_ref().is_some_and(|mark| mark.gave_result);
    row.live = Some(LiveMark {
        gave_result: gave_before || live.has_result(),
        last: live,
        changed_at_ms: now_ms,
    });
}

/// Takes an export's run into a row, by `strategy` where live data told of it.
pub fn merge_export(strategy: MergeStrategy, row: &mut Row, exported: Run, now_ms: i64) {
    row.waiting = None;
    let Some(mark) = &row.live else {
        row.run = exported;
        row.as_exported = true;
        return;
    };
    let keeps_result = strategy == MergeStrategy::Live && mark.gave_result;
    let newest = strategy == MergeStrategy::Newest;
    let is_safe = newest && now_ms < mark.safe_until_ms();
    if exported.agrees_with(&row.run) {
        row.run = if keeps_result {
            filled_in(&row.run, mark, exported)
        } else if is_safe {
            confirmed(std::mem::take(&mut row.run), exported)
        } else {
            exported
        };
        row.as_exported = true;
        return;
    }
    // In a kayak cross a place is a result, too.
    let placed =
        row.exported.heat_place.is_some() || (mark.last.status_only && row.exported.rank.is_some());
    if newest && !placed && !has_result(&exported) && mark.last.has_result() {
        return;
    }
    if is_safe {
        row.as_exported = false;
        row.waiting = Some(exported);
        return;
    }
    row.as_exported = !keeps_result;
    row.run = if keeps_result {
        filled_in(&row.run, mark, exported)
    } else {
        exported
    };
}

impl LiveMark {
    /// Until when an export's row waits under `newest`, ms since 1970.
    fn safe_until_ms(&self) -> i64 {
        self.changed_at_ms + LIVE_IS_NEWER_FOR_MS
    }
}

impl Row {
    /// When what the export says of it is shown, ms since 1970; nothing when nothing waits.
    pub fn due_at_ms(&self) -> Option<i64> {
        let waits = self.waiting.is_some();
        waits.then(|| self.live.as_ref().map_or(0, LiveMark::safe_until_ms))
    }

    /// Shows what waits, by the strategy that holds now.
    pub fn settle(&mut self, strategy: MergeStrategy, now_ms: i64) {
        if let Some(exported) = self.waiting.take() {
            merge_export(strategy, self, exported, now_ms);
        }
    }
}

/// A run that the export agrees with, with the gates and times of day that the export knows.
fn confirmed(known: Run, exported: Run) -> Run {
    Run {
        gates: if exported.gates.is_empty() {
            known.gates
        } else {
            exported.gates
        },
        dt_start: exported.dt_start.or(known.dt_start),
        dt_finish: exported.dt_finish.or(known.dt_finish),
        pen: exported.pen.or(known.pen),
        ..known
    }
}

/// The known run with what live data does not carry taken from the export.
fn filled_in(known: &Run, mark: &LiveMark, exported: Run) -> Run {
    let live_has_gates = mark.last.gates.is_some();
    let keeps_gates = live_has_gates || exported.gates.is_empty();
    Run {
        gates: if keeps_gates {
            known.gates.clone()
        } else {
            exported.gates
        },
        dt_start: exported.dt_start.or_else(|| known.dt_start.clone()),
        dt_finish: exported.dt_finish.or_else(|| known.dt_finish.clone()),
        ..known.clone()
    }
}

#[cfg(test)]
mod tests;
