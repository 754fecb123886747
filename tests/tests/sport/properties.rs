//! Properties of the sport's rules, over whole race days and random results. No server takes part.

use std::collections::BTreeMap;

use common::{
    domain::{
        Bib, CatId, Competition, EventConfig, EventDetails, EventId, EventRecord, EventStatus,
        Export, Hundredths, KeyRecord, KeyWindow, LiveRow, OnCourse, RaceId, ResultStatus, RowId,
        Scoring, Waiting, live,
        merge::LiveRun,
        ranking::{Contender, Given, Rule, Tie, rank},
    },
    plan::{Before, Revisions, import, results},
    protocol::{
        Change, RaceSheet,
        result_view::ResultView,
        results_diff::{ResultsDiff, diff},
    },
};
use proptest::{prelude::*, sample::Index};
use sim::race_day::{RaceDay, Size};

const SIZE: Size = Size {
    starts_per_class: 6,
    start_interval_ms: 20_000,
};

fn export_at(seed: u64, part: f64) -> Export {
    let day = RaceDay::new(seed, SIZE);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a part of a day"
    )]
    let at_ms = (day.ends_at_ms() as f64 * part) as u64;
    super::rows::parse(&day.export_xml(at_ms))
}

/// A running event.
pub fn record() -> EventRecord {
    EventRecord {
        event_id: EventId::parse("E").expect("a valid id"),
        incarnation: super::rows::SECRET.to_owned(),
        number: 1,
        status: EventStatus::Running,
        status_changed_at_ms: 0,
        created_at_ms: 0,
        details: EventDetails::default(),
        config: EventConfig::default(),
        key: KeyRecord {
            salt: String::new(),
            given: KeyWindow::default(),
            window: KeyWindow::default(),
        },
        has_xml: true,
        image: None,
        max_connections: None,
    }
}

fn list(competition: &Competition, race_id: &RaceId) -> Vec<ResultView> {
    RaceSheet::of(competition, race_id)
        .expect("a race of the day")
        .results()
}

/// A list in its standard shape by bib, as a client keeps it.
fn by_bib(list: &[ResultView]) -> BTreeMap<Option<u32>, ResultView> {
    let standard = |row: &ResultView| ResultView {
        detail: None,
        ..row.clone()
    };
    list.iter().map(|row| (row.bib, standard(row))).collect()
}

fn live_run() -> impl Strategy<Value = LiveRun> {
    let status = prop_oneof![
        6 => Just(None),
        1 => Just(Some(ResultStatus::DNS)),
        1 => Just(Some(ResultStatus::DNF)),
    ];
    (
        prop::option::of(8000..8010_u64),
        prop::option::of(0..3_u64),
        status,
    )
        .prop_map(|(time, touches, status)| LiveRun {
            time: time.and_then(Hundredths::new),
            pen: touches.and_then(|touches| Hundredths::new(touches * 200)),
            status,
            ..LiveRun::default()
        })
}

fn live_rows(race_id: &RaceId, runs: &[LiveRun]) -> Vec<LiveRow> {
    let rows = runs.iter().zip(1..);
    rows.map(|(run, bib)| LiveRow {
        index: 0,
        race_id: race_id.clone(),
        participant_id: None,
        bib: Some(Bib::Number(bib)),
        rank: None,
        run: run.clone(),
    })
    .collect()
}

fn pushed(competition: &Competition, rows: Vec<LiveRow>) -> Competition {
    let mut after = competition.clone();
    for row in rows {
        let race = after
            .structure
            .race(&row.race_id)
            .expect("a race of the day");
        let (class_id, scoring) = (race.class_id.clone(), Scoring::of(race));
        let people = &after.participants[&class_id];
        let race_rows = after.rows.get_mut(&row.race_id).expect("a race of the day");
        live::apply(race_rows, people, scoring, &[row], 0);
    }
    after
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn importing_the_same_export_twice_changes_nothing(seed in 0..100_u64, part in 0.0..1.0) {
        let export = export_at(seed, part);
        let none = Revisions::default();
        let (record, nobody) = (record(), OnCourse::default());
        let nothing = Competition::default();
        let waiting = Waiting::default();
        let before = |record, competition| Before {
            record,
            competition,
            on_course: &nobody,
            waiting: &waiting,
            revisions: &none,
        };
        let first = import::plan(&before(&record, &nothing), &export, 0);
        prop_assert!(!first.expect("taken while running").1.is_empty());
        let imported = EventRecord {
            details: export.details.applied_to(&record.details),
            key: KeyRecord {
                window: KeyWindow::default().widened_by_export(
                    &export.details.applied_to(&record.details),
                    import::utc_day(0),
                ),
                ..record.key.clone()
            },
            ..record.clone()
        };
        let again = import::plan(&before(&imported, &export.competition), &export, 0);
        prop_assert!(again.expect("taken while running").1.is_empty());
    }

    #[test]
    fn both_runs_give_the_same_list(seed in 0..100_u64, part in 0.0..1.0) {
        let competition = export_at(seed, part).competition;
        for class in ["K1M_ST", "K1W_ST"] {
            let [first, second] = ["BR1", "BR2"].map(|run| RaceId::new(format!("{class}_{run}_20")));
            prop_assert_eq!(list(&competition, &first), list(&competition, &second));
        }
    }

    #[test]
    fn a_diff_applied_to_the_old_rows_gives_the_new_ones(
        seed in 0..20_u64,
        runs in prop::collection::vec(live_run(), 1..6),
    ) {
        let before = export_at(seed, 0.7).competition;
        for race in &before.structure.races {
            let after = pushed(&before, live_rows(&race.race_id, &runs));
            let (old, new) = (list(&before, &race.race_id), list(&after, &race.race_id));
            let diff = diff(&old, &new);
            prop_assert!(!diff.removed);
            let mut client = by_bib(&old);
            for row in &diff.changed {
                client.insert(row.bib, row.clone());
            }
            prop_assert_eq!(client, by_bib(&new));
        }
    }

    #[test]
    fn any_order_of_live_rows_converges(
        runs in prop::collection::vec(live_run(), 2..6),
        swaps in prop::collection::vec((any::<Index>(), any::<Index>()), 0..10),
    ) {
        let before = export_at(1, 0.0).competition;
        let race_id = RaceId::new("C2X_ST_FIN_20");
        let rows = live_rows(&race_id, &runs);
        let mut shuffled = rows.clone();
        for (one, other) in swaps {
            let (one, other) = (one.index(rows.len()), other.index(rows.len()));
            shuffled.swap(one, other);
        }
        let [one, other] = [rows, shuffled].map(|rows| list(&pushed(&before, rows), &race_id));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn a_push_tells_exactly_what_a_client_lacks(
        seed in 0..20_u64,
        runs in prop::collection::vec(live_run(), 1..6),
    ) {
        let before = export_at(seed, 0.7).competition;
        let (record, none) = (record(), Revisions::default());
        let race_id = RaceId::new("K1W_ST_BR2_20");
        let (nobody, waiting) = (OnCourse::default(), Waiting::default());
        let push = Before {
            record: &record,
            competition: &before,
            on_course: &nobody,
            waiting: &waiting,
            revisions: &none,
        };
        let rows = live_rows(&race_id, &runs);
        let (outcome, plan) = results::plan(&push, rows.clone(), 0).expect("taken while running");
        prop_assert_eq!(outcome.updated, rows.len());
        let after = pushed(&before, rows);
        for run in ["BR1", "BR2"] {
            let race_id = RaceId::new(format!("K1W_ST_{run}_20"));
            let mut client = by_bib(&list(&before, &race_id));
            for change in &plan.changes {
                if let Change::Results(change) = change
                    && change.race_id == race_id {
                        for row in &change.results {
                            prop_assert_ne!(client.insert(row.bib, row.clone()), None);
                        }
                    }
            }
            prop_assert_eq!(client, by_bib(&list(&after, &race_id)));
        }
    }

    #[test]
    fn ranks_are_a_permutation_with_ties(
        totals in prop::collection::vec((prop::option::of(0..20_u64), any::<bool>()), 0..40),
    ) {
        let categories = [CatId::new("A"), CatId::new("B")];
        let bibs: Vec<Bib> = (1..).take(totals.len()).map(Bib::Number).collect();
        let row_id = RowId::default();
        let contenders: Vec<Contender<'_>> = totals
            .iter()
            .zip(&bibs)
            .map(|((total, category), bib)| Contender {
                bib: Some(bib),
                row_id: &row_id,
                tie: Tie::Exported(None),
                given: Given::default(),
                cat_id: Some(&categories[usize::from(*category)]),
                total: total.and_then(Hundredths::new),
                status: None,
            })
            .collect();
        let standings = rank(&contenders, Rule::Totals);
        let mut indices: Vec<usize> = standings.iter().map(|standing| standing.index).collect();
        indices.sort_unstable();
        prop_assert_eq!(indices, (0..totals.len()).collect::<Vec<_>>());
        for standing in &standings {
            let total = totals[standing.index].0;
            let better = totals.iter().filter(|(other, _)| other.is_some() && *other < total).count();
            let expected = total.map(|_| u32::try_from(better + 1).expect("few"));
            prop_assert_eq!(standing.overall.as_ref().map(|place| place.rank), expected);
        }
    }
}

#[test]
fn rows_without_bibs_are_no_news_when_nothing_changed() {
    let xml = RaceDay::new(1, SIZE).export_xml(600_000);
    let without = xml.lines().filter(|line| !line.contains("Bib>"));
    let export = super::rows::parse(&without.collect::<String>());
    for race in &export.competition.structure.races {
        let list = list(&export.competition, &race.race_id);
        assert!(list.len() > 1 && list.iter().all(|row| row.bib.is_none()));
        assert_eq!(diff(&list, &list), ResultsDiff::default());
        assert!(diff(&list, &list[1..]).removed);
    }
}
