//! A test for each rule of merging, named after it.

use super::{
    Hundredths, LiveRun, MergeStrategy, Penalty, ResultStatus, Run, merge_export, merge_live,
};
use crate::domain::{ParticipantId, Row as Stored};

const NOW: i64 = 1_000_000;
const LATER: i64 = NOW + 30_000;
const STRATEGIES: [MergeStrategy; 3] = [
    MergeStrategy::Newest,
    MergeStrategy::Live,
    MergeStrategy::Xml,
];

fn live(time: Option<u64>) -> LiveRun {
    LiveRun {
        time: time.and_then(Hundredths::new),
        pen: time.and(Hundredths::new(200)),
        ..LiveRun::default()
    }
}

fn exported(time: Option<u64>) -> Run {
    Run {
        time: time.and_then(Hundredths::new),
        pen: time.and(Hundredths::new(0)),
        total: time.and_then(Hundredths::new),
        gates: time.map(|_| vec![Some(Penalty::CLEAN)]).unwrap_or_default(),
        dt_start: time.map(|_| "09:20:00.506".to_owned()),
        ..Run::default()
    }
}

/// A row under a strategy.
struct Row {
    strategy: MergeStrategy,
    stored: Stored,
}

impl std::ops::Deref for Row {
    type Target = Stored;

    fn deref(&self) -> &Stored {
        &self.stored
    }
}

impl Row {
    fn new(strategy: MergeStrategy) -> Self {
        let mut stored = Stored::without_start(ParticipantId::new("1.K1M"), None);
        stored.run = exported(None);
        Self { strategy, stored }
    }

    fn live(mut self, live: LiveRun, at_ms: i64) -> Self {
        merge_live(&mut self.stored, live, at_ms);
        self
    }

    fn export(mut self, run: Run, at_ms: i64) -> Self {
        merge_export(self.strategy, &mut self.stored, run, at_ms);
        self
    }

    fn settled(mut self, at_ms: i64) -> Self {
        if self.stored.due_at_ms().is_some_and(|due| due <= at_ms) {
            self.stored.settle(self.strategy, at_ms);
        }
        self
    }

    fn time(&self) -> Option<u32> {
        self.run.time.map(Hundredths::get)
    }
}

#[test]
fn newest_keeps_a_live_change_for_30_seconds_then_later_xml_wins() {
    let row = Row::new(MergeStrategy::Newest).live(live(Some(9000)), NOW);
    let row = row.export(exported(Some(8000)), LATER - 1);
    assert_eq!(row.time(), Some(9000));
    assert_eq!(row.export(exported(Some(8000)), LATER).time(), Some(8000));
}

#[test]
fn newest_a_repetition_of_the_last_live_row_never_counts_as_a_change() {
    let row = Row::new(MergeStrategy::Newest).live(live(Some(9000)), NOW);
    let row = row
        .live(live(Some(9000)), LATER - 1)
        .export(exported(Some(8000)), LATER);
    assert_eq!(row.time(), Some(8000));
    for strategy in STRATEGIES {
        let row = Row::new(strategy)
            .live(live(Some(9000)), NOW)
            .export(exported(Some(8000)), LATER);
        let before = row.time();
        assert_eq!(
            row.live(live(Some(9000)), LATER).time(),
            before,
            "{strategy:?}"
        );
    }
}

#[test]
fn newest_the_first_live_row_that_equals_what_is_stored_starts_the_30_seconds() {
    let stored = exported(Some(9000));
    let same = LiveRun {
        time: stored.time,
        pen: stored.pen,
        total: stored.total,
        ..LiveRun::default()
    };
    let row = Row::new(MergeStrategy::Newest)
        .export(stored, NOW)
        .live(same, NOW);
    assert_eq!(
        row.export(exported(Some(8000)), LATER - 1).time(),
        Some(9000)
    );
}

#[test]
fn newest_xml_without_a_result_never_erases_one_that_came_live() {
    let row = Row::new(MergeStrategy::Newest).live(live(Some(9000)), NOW);
    let row = row.export(exported(None), LATER);
    assert_eq!(row.time(), Some(9000));
    let overwritten = row.export(exported(Some(8000)), LATER);
    assert_eq!(overwritten.export(exported(None), LATER).time(), Some(8000));
    let dns = LiveRun {
        status: Some(ResultStatus::DNS),
        ..live(None)
    };
    let row = Row::new(MergeStrategy::Newest)
        .live(dns, NOW)
        .export(exported(None), LATER);
    assert_eq!(row.run.status, Some(ResultStatus::DNS));
}

#[test]
fn newest_xml_alone_is_taken_also_without_a_result() {
    let row = Row::new(MergeStrategy::Newest).export(exported(Some(8000)), NOW);
    assert_eq!(row.export(exported(None), NOW).time(), None);
}

#[test]
fn live_xml_only_fills_in_what_live_does_not_carry() {
    let row = Row::new(MergeStrategy::Live).live(live(Some(9000)), NOW);
    let row = row.export(exported(Some(8000)), LATER * 2);
    assert_eq!(row.time(), Some(9000));
    assert_eq!(row.run.gates, [Some(Penalty::CLEAN)]);
    assert_eq!(row.run.dt_start.as_deref(), Some("09:20:00.506"));
    let row = row.export(exported(None), LATER * 2);
    assert_eq!((row.time(), row.run.gates.len()), (Some(9000), 1));
}

#[test]
fn live_before_live_data_gave_a_result_xml_is_taken() {
    let row = Row::new(MergeStrategy::Live).live(live(None), NOW);
    assert_eq!(row.export(exported(Some(8000)), NOW).time(), Some(8000));
}

#[test]
fn xml_always_wins_also_where_it_has_no_result_and_later_live_shows_until_the_next_import() {
    let row = Row::new(MergeStrategy::Xml).live(live(Some(9000)), NOW);
    assert_eq!(row.time(), Some(9000));
    let row = row.export(exported(None), NOW);
    assert_eq!(row.time(), None);
    let row = row.live(live(Some(9100)), NOW);
    assert_eq!(row.time(), Some(9100));
    assert_eq!(row.export(exported(Some(8000)), NOW).time(), Some(8000));
}

#[test]
fn a_live_row_is_the_whole_truth_about_time_penalty_total_and_status() {
    for strategy in STRATEGIES {
        let dns = LiveRun {
            status: Some(ResultStatus::DNS),
            ..live(None)
        };
        let row = Row::new(strategy)
            .live(dns, NOW)
            .live(live(Some(9000)), NOW);
        assert_eq!((row.time(), row.run.status.clone()), (Some(9000), None));
        let withdrawn = row.live(live(None), NOW);
        assert_eq!((withdrawn.time(), withdrawn.run.total), (None, None));
    }
}

#[test]
fn a_row_with_time_but_no_total_has_time_plus_penalty() {
    let row = Row::new(MergeStrategy::Newest).live(live(Some(9523)), NOW);
    assert_eq!(row.run.total, Hundredths::new(9723));
    let without_penalty = LiveRun {
        pen: None,
        ..live(Some(9523))
    };
    let row = Row::new(MergeStrategy::Newest).live(without_penalty, NOW);
    assert_eq!(row.run.total, Hundredths::new(9523));
    let withheld = LiveRun {
        pen: Hundredths::new(0),
        ..live(None)
    };
    assert_eq!(
        Row::new(MergeStrategy::Newest)
            .live(withheld, NOW)
            .run
            .total,
        None
    );
}

/// An export that says what `live(time)` says, with other gates.
fn agreeing(time: u64) -> Run {
    Run {
        pen: Hundredths::new(200),
        total: Hundredths::new(time + 200),
        gates: vec![Some(Penalty::TOUCHED)],
        ..exported(Some(time))
    }
}

#[test]
fn newest_what_xml_says_of_a_protected_row_waits_and_is_shown_at_30_seconds() {
    let row = Row::new(MergeStrategy::Newest)
        .live(live(Some(9000)), NOW)
        .export(exported(Some(8000)), NOW + 10_000);
    assert_eq!(
        (row.time(), row.run.gates.len()),
        (Some(9000), 0),
        "wholly the live one"
    );
    assert_eq!(row.due_at_ms(), Some(LATER));
    let row = row.settled(LATER - 1);
    assert_eq!(row.time(), Some(9000));
    let row = row.settled(LATER);
    assert_eq!(
        (row.time(), row.run.gates.len(), row.as_exported),
        (Some(8000), 1, true)
    );
    assert_eq!(row.due_at_ms(), None);
}

#[test]
fn newest_a_later_live_change_wins_over_an_export_that_waits() {
    let row = Row::new(MergeStrategy::Newest)
        .live(live(Some(9000)), NOW)
        .export(exported(Some(8000)), NOW + 10_000)
        .live(live(Some(9100)), NOW + 20_000)
        .settled(LATER * 2);
    assert_eq!((row.time(), row.due_at_ms()), (Some(9100), None));
    let repeated = Row::new(MergeStrategy::Newest)
        .live(live(Some(9000)), NOW)
        .export(exported(Some(8000)), NOW + 10_000)
        .live(live(Some(9000)), NOW + 20_000)
        .settled(LATER);
    assert_eq!(repeated.time(), Some(8000), "a repetition is no change");
}

#[test]
fn newest_a_later_export_takes_the_place_of_one_that_waits() {
    let row = Row::new(MergeStrategy::Newest)
        .live(live(Some(9000)), NOW)
        .export(exported(Some(8000)), NOW + 10_000)
        .export(exported(Some(8500)), NOW + 20_000)
        .settled(LATER);
    assert_eq!(row.time(), Some(8500));
    let withdrawn = Row::new(MergeStrategy::Newest)
        .live(live(Some(9000)), NOW)
        .export(exported(Some(8000)), NOW + 10_000)
        .export(exported(None), NOW + 20_000);
    assert_eq!(withdrawn.due_at_ms(), None, "no result never erases one");
}

#[test]
fn an_export_that_agrees_gives_its_gates_and_times_of_day_at_once() {
    for strategy in STRATEGIES {
        let row = Row::new(strategy)
            .live(live(Some(9000)), NOW)
            .export(agreeing(9000), NOW + 1);
        assert_eq!(row.run.gates, [Some(Penalty::TOUCHED)], "{strategy:?}");
        assert_eq!(row.run.dt_start.as_deref(), Some("09:20:00.506"));
        assert_eq!((row.due_at_ms(), row.as_exported), (None, true));
    }
    let live_later = Row::new(MergeStrategy::Newest)
        .live(live(Some(8000)), NOW)
        .export(agreeing(9000), NOW + 1)
        .live(live(Some(9000)), NOW + 2);
    assert_eq!(live_later.run.gates, [Some(Penalty::TOUCHED)]);
    assert!(live_later.as_exported);
}

#[test]
fn gates_are_kept_while_the_penalty_is_the_one_that_they_came_with() {
    let clean = |time| LiveRun {
        pen: Hundredths::new(0),
        ..live(Some(time))
    };
    let row = Row::new(MergeStrategy::Newest).export(exported(Some(8000)), NOW);
    let row = row.live(clean(9000), NOW);
    assert_eq!(row.run.gates, [Some(Penalty::CLEAN)]);
    assert!(!row.as_exported, "it has another time");
    let row = row.live(live(Some(9000)), NOW);
    assert!(row.run.gates.is_empty(), "another penalty");
    let row = row.live(clean(9000), NOW);
    assert!(row.run.gates.is_empty(), "none until an export gives them");
    let carried = LiveRun {
        gates: Some(vec![Some(Penalty::MISSED)]),
        ..live(Some(9000))
    };
    assert_eq!(row.live(carried, NOW).run.gates, [Some(Penalty::MISSED)]);
}

#[test]
fn a_row_that_speaks_of_the_status_alone_leaves_the_rest() {
    let dnf = LiveRun {
        status: Some(ResultStatus::DNF),
        ..LiveRun::default()
    };
    let row = Row::new(MergeStrategy::Newest)
        .export(exported(Some(8000)), NOW)
        .live(dnf.of_status(), NOW);
    assert_eq!(row.time(), Some(8000));
    assert_eq!(row.run.status, Some(ResultStatus::DNF));
    assert_eq!(row.run.gates.len(), 1);
}

#[test]
fn a_place_of_an_export_takes_a_live_status_back() {
    let dsq = || LiveRun {
        status: Some(ResultStatus::DSQ),
        ..LiveRun::default()
    };
    let mut row = Row::new(MergeStrategy::Newest).live(dsq().of_status(), NOW);
    row.stored.exported.heat_place = Some(2);
    assert_eq!(row.export(exported(None), LATER).run.status, None);
    let row = Row::new(MergeStrategy::Newest).live(dsq().of_status(), NOW);
    let row = row.export(exported(None), LATER);
    assert_eq!(
        row.run.status,
        Some(ResultStatus::DSQ),
        "an export without a result"
    );
}
