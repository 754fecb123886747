//! A test for each rule of merging, named after it.

use super::{
    Hundredths, LiveMark, LiveRun, MergeStrategy, Penalty, ResultStatus, Run, merge_export,
    merge_live,
};

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
        total: None,
        status: None,
        gates: None,
    }
}

fn exported(time: Option<u64>) -> Run {
    Run {
        time: time.and_then(Hundredths::new),
        pen: time.and(Hundredths::new(0)),
        total: time.and_then(Hundredths::new),
        gates: time.map(|_| vec![Some(Penalty::Clean)]).unwrap_or_default(),
        dt_start: time.map(|_| "09:20:00.506".to_owned()),
        ..Run::default()
    }
}

/// A row under a strategy.
struct Row {
    strategy: MergeStrategy,
    run: Run,
    mark: Option<LiveMark>,
}

impl Row {
    fn new(strategy: MergeStrategy) -> Self {
        Self {
            strategy,
            run: exported(None),
            mark: None,
        }
    }

    fn live(mut self, live: LiveRun, at_ms: i64) -> Self {
        merge_live(&mut self.run, &mut self.mark, live, at_ms);
        self
    }

    fn export(mut self, run: Run, at_ms: i64) -> Self {
        self.run = match &self.mark {
            Some(mark) => merge_export(self.strategy, &self.run, mark, run, at_ms),
            None => run,
        };
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
        status: None,
        gates: None,
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
        status: Some(ResultStatus::Dns),
        ..live(None)
    };
    let row = Row::new(MergeStrategy::Newest)
        .live(dns, NOW)
        .export(exported(None), LATER);
    assert_eq!(row.run.status, Some(ResultStatus::Dns));
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
    assert_eq!(row.run.gates, [Some(Penalty::Clean)]);
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
            status: Some(ResultStatus::Dns),
            ..live(None)
        };
        let row = Row::new(strategy)
            .live(dns, NOW)
            .live(live(Some(9000)), NOW);
        assert_eq!((row.time(), row.run.status), (Some(9000), None));
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

#[test]
fn gates_that_a_live_row_does_not_carry_are_kept() {
    let row = Row::new(MergeStrategy::Newest).export(exported(Some(8000)), NOW);
    let row = row.live(live(Some(9000)), NOW);
    assert_eq!(row.run.gates, [Some(Penalty::Clean)]);
    let carried = LiveRun {
        gates: Some(vec![Some(Penalty::Missed)]),
        ..live(Some(9000))
    };
    assert_eq!(row.live(carried, NOW).run.gates, [Some(Penalty::Missed)]);
}
