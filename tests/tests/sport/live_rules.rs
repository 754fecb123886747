//! Rules of live results and of boats on the water.

use common::{
    domain::{
        Bib, Competition, Hundredths, LiveRow, OnCourse, OnCourseEntry, ParticipantId, Penalty,
        RaceId, ResultStatus, Scoring, StatusField, Structure, live, merge::LiveRun,
        structure::GateType,
    },
    protocol::views::on_course_views,
};

use super::rows::{self, export_of, list, parse, participant, race, ranks, result, timed, unknown};

const RACE: &str = "K1M_ST_FIN_20";

/// Three starters, the third one without a start row.
fn competition() -> Competition {
    let start = race(RACE, "FIN", "2026-06-20T09:00:00+02:00");
    let people = [1, 2, 3].map(|bib| participant(bib, if bib == 2 { "ZS" } else { "DS" }));
    let rows = [1, 2].map(|bib| result(RACE, bib, ""));
    let text = export_of(&format!("{start}{}{}", people.concat(), rows.concat()));
    parse(&text).competition
}

fn pushed(competition: &Competition, pushed: &[LiveRow]) -> (Competition, live::Applied) {
    let mut after = competition.clone();
    let race_id = RaceId::new(RACE);
    let class_id = after
        .structure
        .race(&race_id)
        .expect("a race")
        .class_id
        .clone();
    let people = &after.participants[&class_id];
    let rows = after.rows.get_mut(&race_id).expect("its rows");
    let applied = live::apply(rows, people, Scoring::Total, pushed, 0);
    (after, applied)
}

fn push(competition: &Competition, bib: u32, run: LiveRun) -> Competition {
    pushed(competition, &[rows::live(RACE, bib, run)]).0
}

#[test]
fn null_is_not_known_and_never_zero() {
    let after = push(
        &competition(),
        1,
        LiveRun {
            pen: None,
            ..timed(9000, 0)
        },
    );
    let row = &list(&after, RACE)[0];
    assert_eq!((row.pen, row.total), (None, Hundredths::new(9000)));
}

#[test]
fn a_code_with_letters_takes_the_rank_and_a_mark_does_not() {
    for (word, status) in [
        ("DNS", Some("DNS")),
        ("DNF", Some("DNF")),
        ("DSQ-R", Some("DSQ")),
        ("DQB", Some("DSQ")),
        ("NON-RK", Some("NON-RK")),
        ("*", None),
        ("", None),
    ] {
        let parsed = StatusField::parse(word).status;
        let kind = parsed.as_ref().map(ResultStatus::word);
        assert_eq!(kind.as_deref(), status, "{word}");
        let after = push(
            &competition(),
            1,
            LiveRun {
                status: parsed,
                ..timed(9000, 0)
            },
        );
        let rank = ranks(&list(&after, RACE))
            .into_iter()
            .find(|(bib, _)| *bib == 1);
        assert_eq!(rank, Some((1, status.is_none().then_some(1))), "{word}");
    }
}

#[test]
fn the_race_is_ranked_anew_after_each_change_with_ties_categories_and_behinds() {
    let after = push(&competition(), 1, timed(9000, 200));
    let after = push(&after, 2, timed(9100, 100));
    let after = push(&after, 3, timed(9323, 0));
    let rows = list(&after, RACE);
    assert_eq!(ranks(&rows), [(1, Some(1)), (2, Some(1)), (3, Some(3))]);
    let behinds: Vec<_> = rows
        .iter()
        .filter_map(|row| row.total_behind.as_deref())
        .collect();
    assert_eq!(behinds, ["0.00", "0.00", "+1.23"]);
    let categories: Vec<_> = rows.iter().map(|row| row.cat_rnk).collect();
    assert_eq!(categories, [Some(1), Some(1), Some(2)]);
}

#[test]
fn not_rankable_rows_come_last_finished_without_result_then_dns_then_not_started() {
    let with = |status| LiveRun {
        status: Some(status),
        ..unknown()
    };
    let after = push(&competition(), 1, with(ResultStatus::DNS));
    let after = push(&after, 3, with(ResultStatus::DNF));
    assert_eq!(
        ranks(&list(&after, RACE)),
        [(3, None), (1, None), (2, None)]
    );
}

#[test]
fn a_known_participant_without_a_start_row_gets_one_and_strangers_are_skipped() {
    let strangers = [
        rows::live(RACE, 9, timed(9000, 0)),
        rows::live(RACE, 3, timed(9100, 0)),
    ];
    let (after, applied) = pushed(&competition(), &strangers);
    assert_eq!((applied.count, applied.startlist_changed), (1, true));
    assert_eq!(list(&after, RACE)[0].bib, Some(3));
}

fn boat(bib: u32) -> OnCourseEntry {
    let id = ParticipantId::new(bib.to_string());
    OnCourseEntry::new(RaceId::new(RACE), Some(id), Some(Bib::Number(bib)))
}

#[test]
fn an_on_course_total_is_never_derived() {
    let entry = OnCourseEntry {
        time: Hundredths::new(2300),
        pen: Hundredths::new(200),
        ..boat(1)
    };
    let water = OnCourse::default().pushed(vec![entry], 1000);
    let views = on_course_views(&competition().structure, &water.shown);
    assert_eq!(views[0].total, None);
}

#[test]
fn positional_penalties_become_typed_gates_and_unknown_beyond_the_course() {
    let mut structure = Structure::clone(&competition().structure);
    let gates = vec![Some(Penalty::CLEAN), None, Some(Penalty::MISSED)];
    let entry = OnCourseEntry { gates, ..boat(1) };
    let types = |structure: &_, entry: &OnCourseEntry| -> Vec<GateType> {
        let views = on_course_views(structure, std::slice::from_ref(entry));
        views[0].gates.iter().map(|gate| gate.gate_type).collect()
    };
    assert_eq!(types(&structure, &entry), [GateType::Unknown; 3]);
    structure.races[0].course_nr = Some(1);
    structure
        .courses
        .insert(1, common::domain::Course::from_config("NSR"));
    let expected = [GateType::Normal, GateType::Reverse, GateType::Unknown];
    assert_eq!(types(&structure, &entry), expected);
}

#[test]
fn a_boat_is_completed_once_it_has_finished() {
    let finished = OnCourseEntry {
        dt_finish: Some("2026-06-20T09:01:40Z".to_owned()),
        ..boat(1)
    };
    let views = on_course_views(&competition().structure, &[boat(2), finished]);
    assert_eq!([views[0].completed, views[1].completed], [false, true]);
}
