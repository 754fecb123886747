//! Who wins when the XML export and live data tell different things about a run.

use serde::{Deserialize, Serialize};

use super::{Hundredths, MergeStrategy, Penalty, ResultStatus, Run};

/// Under `newest`, how long a live change is safe from exports, which are written a little later
/// than the timing system knows, in ms.
const LIVE_IS_NEWER_FOR_MS: i64 = 30_000;

/// What a live row says about a run: the whole truth about time, penalty, total and status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveRun {
    /// Time on the course.
    pub time: Option<Hundredths>,
    /// Sum of penalties.
    pub pen: Option<Hundredths>,
    /// Time and penalties; derived when absent.
    pub total: Option<Hundredths>,
    /// Why there is no place.
    pub status: Option<ResultStatus>,
    /// By gate; `None` keeps the gates that are known already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gates: Option<Vec<Option<Penalty>>>,
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
        Run {
            time: self.time,
            pen: self.pen,
            total: self.total_or_derived(),
            status: self.status,
            gates: self.gates.clone().unwrap_or_else(|| known.gates.clone()),
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
pub fn merge_live(run: &mut Run, mark: &mut Option<LiveMark>, live: LiveRun, now_ms: i64) {
    if !is_news(mark.as_ref(), &live) {
        return;
    }
    *run = live.over(run);
    let gave_before = mark.as_ref().is_some_and(|mark| mark.gave_result);
    *mark = Some(LiveMark {
        gave_result: gave_before || live.has_result(),
        last: live,
        changed_at_ms: now_ms,
    });
}

/// A run that live data has told of, after an export that says `exported` of it.
pub fn merge_export(
    strategy: MergeStrategy,
    known: &Run,
    mark: &LiveMark,
    exported: Run,
    now_ms: i64,
) -> Run {
    let live_wins = match strategy {
        MergeStrategy::Xml => false,
        MergeStrategy::Live => mark.gave_result,
        MergeStrategy::Newest => {
            let newer = now_ms - mark.changed_at_ms < LIVE_IS_NEWER_FOR_MS;
            let erases = !has_result(&exported) && mark.last.has_result();
            newer || erases
        }
    };
    if live_wins {
        filled_in(known, mark, exported)
    } else {
        exported
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
