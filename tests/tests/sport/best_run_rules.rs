//! Rules of two runs of which the better one counts. How one participant's runs combine has its table
//! beside its code; here are pairing, lists and ranks.

use common::{
    domain::{
        Competition, Hundredths, LiveRow, OnCourse, ParticipantId, RaceId, Waiting,
        best_run::partner,
    },
    plan::{Before, Revisions, results},
    protocol::Change,
};

use super::rows::{export_of, list, live, parse, participant, race, ranks, result, run, timed};

const DAY_1: &str = "2026-06-20T09:00:00+02:00";
const DAY_2: &str = "2026-06-21T09:00:00+02:00";

fn with(races: &[(&str, &str, &str)], rows: &str) -> Competition {
    let races: String = races
        .iter()
        .map(|(id, dis, at)| race(id, dis, at))
        .collect();
    let people: String = [1, 2, 3]
        .map(|bib| participant(bib, if bib == 2 { "ZS" } else { "DS" }))
        .concat();
    parse(&export_of(&format!("{races}{people}{rows}"))).competition
}

fn partner_of(competition: &Competition, race_id: &str) -> Option<String> {
    let structure = &competition.structure;
    let race = structure.race(&RaceId::new(race_id)).expect("a race");
    partner(structure, race).map(|race| race.race_id.to_string())
}

#[test]
fn ids_pair_by_class_and_day_where_the_class_may_hold_underscores() {
    let runs = with(
        &[
            ("K1M_ST_BR1_20", "BR1", DAY_1),
            ("K1M_ST_BR2_20", "BR2", DAY_1),
            ("K1M_ST_BR1_21", "BR1", DAY_2),
            ("K1M_BR2_20", "BR2", DAY_1),
        ],
        "",
    );
    assert_eq!(
        partner_of(&runs, "K1M_ST_BR1_20").as_deref(),
        Some("K1M_ST_BR2_20")
    );
    assert_eq!(
        partner_of(&runs, "K1M_ST_BR2_20").as_deref(),
        Some("K1M_ST_BR1_20")
    );
    assert_eq!(partner_of(&runs, "K1M_ST_BR1_21"), None);
    assert_eq!(partner_of(&runs, "K1M_BR2_20"), None);
}

#[test]
fn ids_of_another_form_pair_by_class_type_and_date() {
    let runs = with(
        &[
            ("K1M-BR1", "BR1", DAY_1),
            ("second", "BR2", DAY_1),
            ("K1M-BR1b", "BR1", DAY_2),
        ],
        "",
    );
    assert_eq!(partner_of(&runs, "K1M-BR1").as_deref(), Some("second"));
    assert_eq!(partner_of(&runs, "second").as_deref(), Some("K1M-BR1"));
    assert_eq!(partner_of(&runs, "K1M-BR1b"), None);
}

#[test]
fn without_a_partner_the_list_is_the_combination_of_the_race_with_itself() {
    let rows = result("K1M_ST_BR1_20", 1, &run(9000, 200));
    let alone = with(&[("K1M_ST_BR1_20", "BR1", DAY_1)], &rows);
    let list = list(&alone, "K1M_ST_BR1_20");
    let combined = list[0].best_run.as_ref().expect("best-run fields");
    assert_eq!(
        (combined.better_run_nr, combined.prev_total),
        (Some(1), None)
    );
    assert_eq!(combined.total_total, list[0].total);
}

fn both_runs() -> Competition {
    let (first, second) = ("K1M_ST_BR1_20", "K1M_ST_BR2_20");
    let rows = [
        result(first, 1, &run(9000, 200)),
        result(second, 1, &run(9100, 0)),
        result(first, 2, &run(9100, 0)),
        result(second, 2, &run(9500, 0)),
        result(first, 3, "<Status>DNF</Status>"),
        result(second, 3, &run(9223, 0)),
    ];
    with(
        &[(first, "BR1", DAY_1), (second, "BR2", DAY_1)],
        &rows.concat(),
    )
}

#[test]
fn either_race_gives_the_combined_list_ranked_by_the_better_total() {
    let runs = both_runs();
    let rows = list(&runs, "K1M_ST_BR1_20");
    assert_eq!(rows, list(&runs, "K1M_ST_BR2_20"));
    // Bibs 1 and 2 have the same better total; the other run decides.
    assert_eq!(ranks(&rows), [(1, Some(1)), (2, Some(2)), (3, Some(3))]);
    let behinds: Vec<_> = rows
        .iter()
        .filter_map(|row| row.total_behind.as_deref())
        .collect();
    assert_eq!(behinds, ["0.00", "0.00", "+1.23"]);
    let categories: Vec<_> = rows.iter().map(|row| row.cat_rnk).collect();
    assert_eq!(categories, [Some(1), Some(1), Some(2)]);
}

#[test]
fn prev_fields_are_run_1_s_with_its_rank_in_run_1_alone() {
    let rows = list(&both_runs(), "K1M_ST_BR2_20");
    let previous: Vec<_> = rows
        .iter()
        .filter_map(|row| row.best_run.as_ref())
        .map(|run| (run.prev_total.map(Hundredths::get), run.prev_rnk))
        .collect();
    assert_eq!(
        previous,
        [(Some(9200), Some(2)), (Some(9100), Some(1)), (None, None)]
    );
}

#[test]
fn exist_means_a_start_row_with_or_without_a_result_yet() {
    let rows = [
        result("K1M_ST_BR1_20", 1, &run(9000, 200)),
        result("K1M_ST_BR2_20", 1, ""),
    ];
    let races = [
        ("K1M_ST_BR1_20", "BR1", DAY_1),
        ("K1M_ST_BR2_20", "BR2", DAY_1),
    ];
    let rows = list(&with(&races, &rows.concat()), "K1M_ST_BR1_20");
    let combined = rows[0].best_run.as_ref().expect("best-run fields");
    assert_eq!((rows[0].time, combined.better_run_nr), (None, Some(1)));
    assert_eq!(combined.prev_total.map(Hundredths::get), Some(9200));
    assert_eq!(rows[0].rnk, Some(1));
}

#[test]
fn a_line_that_gets_another_bib_by_a_live_start_is_to_be_reread() {
    let races = [
        ("K1M_ST_BR1_20", "BR1", DAY_1),
        ("K1M_ST_BR2_20", "BR2", DAY_1),
    ];
    let competition = with(&races, &result("K1M_ST_BR1_20", 1, &run(9000, 0)));
    let record = super::properties::record();
    let before = Before {
        record: &record,
        competition: &competition,
        on_course: &OnCourse::default(),
        waiting: &Waiting::default(),
        revisions: &Revisions::default(),
    };
    let start = LiveRow {
        participant_id: Some(ParticipantId::new("1")),
        ..live("K1M_ST_BR2_20", 112, timed(9100, 0))
    };
    let (outcome, plan) = results::plan(&before, vec![start], 0).expect("taken while running");
    let [Change::Structure(change)] = plan.changes.as_slice() else {
        panic!("one full says it all: {:?}", plan.changes);
    };
    let reread: Vec<&str> = change.reread.iter().map(RaceId::as_str).collect();
    assert_eq!(
        (outcome.updated, reread),
        (1, vec!["K1M_ST_BR1_20", "K1M_ST_BR2_20"])
    );
}
