//! Results as they come live from the bridge, applied to the rows of their race.

use std::collections::BTreeMap;

use super::{Hundredths, Participant, ParticipantId, Penalty, RaceId, ResultStatus, Row, Run};

/// One row of a live push. It is the whole truth about time, penalty, total and status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveRow {
    /// The race it belongs to.
    pub race_id: RaceId,
    /// Left out by some clients; the bib then tells who it is.
    pub participant_id: Option<ParticipantId>,
    /// Number on the vest.
    pub bib: u32,
    /// Time on the course.
    pub time: Option<Hundredths>,
    /// Sum of penalties.
    pub pen: Option<Hundredths>,
    /// Time and penalties; derived when absent.
    pub total: Option<Hundredths>,
    /// Why there is no place.
    pub status: Option<ResultStatus>,
    /// By gate; `None` keeps the gates that are known already.
    pub gates: Option<Vec<Option<Penalty>>>,
}

impl LiveRow {
    fn total_or_derived(&self) -> Option<Hundredths> {
        let derived = || Some(self.time?.plus(self.pen.unwrap_or(Hundredths::ZERO)));
        self.total.or_else(derived)
    }

    /// The run as this row tells it, with what it does not carry kept from `known`.
    pub fn run(&self, known: &Run) -> Run {
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

/// Rows of one race by participant.
pub type Rows = BTreeMap<ParticipantId, Row>;

/// Participants of one class by id.
pub type Participants = BTreeMap<ParticipantId, Participant>;

/// What a live push did to one race.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Rows of the push that were taken; the others name nobody of the race's class.
    pub count: usize,
    /// Whether somebody got a start row that the export did not have.
    pub startlist_changed: bool,
}

/// Applies `pushed`, all of one race, to its `rows`. A participant of the class without a start row
/// gets one; whoever is not of the class is skipped.
pub fn apply(rows: &mut Rows, participants: &Participants, pushed: &[LiveRow]) -> Applied {
    let mut applied = Applied::default();
    for live in pushed {
        let Some(id) = find_participant(rows, participants, live) else {
            continue;
        };
        let row = rows.entry(id.clone()).or_insert_with(|| {
            applied.startlist_changed = true;
            Row::without_start(id, live.bib)
        });
        row.run = live.run(&row.run);
        applied.count += 1;
    }
    applied
}

fn find_participant(
    rows: &Rows,
    participants: &Participants,
    live: &LiveRow,
) -> Option<ParticipantId> {
    if let Some(id) = &live.participant_id {
        let known = rows.contains_key(id) || participants.contains_key(id);
        return known.then(|| id.clone());
    }
    let starting = rows.values().find(|row| row.bib == Some(live.bib));
    let of_class = || participants.values().find(|p| p.bib == Some(live.bib));
    starting
        .map(|row| &row.participant_id)
        .or_else(|| of_class().map(|p| &p.participant_id))
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::{Hundredths, LiveRow, RaceId, Run};

    fn hundredths(value: u64) -> Option<Hundredths> {
        Hundredths::new(value)
    }

    fn row(time: Option<u64>, pen: Option<u64>, total: Option<u64>) -> LiveRow {
        LiveRow {
            race_id: RaceId::new("K1M_BR1_20"),
            participant_id: None,
            bib: 42,
            time: time.and_then(hundredths),
            pen: pen.and_then(hundredths),
            total: total.and_then(hundredths),
            status: None,
            gates: None,
        }
    }

    #[test]
    fn a_row_with_time_but_no_total_has_time_plus_penalty() {
        let run = row(Some(9523), Some(200), None).run(&Run::default());
        assert_eq!(run.total, hundredths(9723));
        let run = row(Some(9523), None, None).run(&Run::default());
        assert_eq!(run.total, hundredths(9523));
        let run = row(Some(9523), Some(200), Some(9700)).run(&Run::default());
        assert_eq!(run.total, hundredths(9700));
        assert_eq!(row(None, Some(0), None).run(&Run::default()).total, None);
    }

    #[test]
    fn gates_that_a_live_row_does_not_carry_are_kept() {
        let known = Run {
            gates: vec![None],
            dt_start: Some("09:20:00.506".to_owned()),
            status: Some(super::ResultStatus::Dns),
            ..Run::default()
        };
        let run = row(Some(9523), None, None).run(&known);
        assert_eq!(run.gates, known.gates);
        assert_eq!(run.dt_start, known.dt_start);
        assert_eq!(run.status, None, "a DNS goes away when a time comes");
    }
}
