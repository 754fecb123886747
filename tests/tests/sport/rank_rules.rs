//! Whose ranks a list has: the export's where they belong to it, else those of the totals.

use common::domain::{Competition, LiveRow, RaceId, Scoring, live};

use super::rows::{
    export_of, list, live as live_row, parse, participant, race, ranks, result, run, timed,
};

const DAY: &str = "2026-06-20T09:00:00+02:00";
const SINGLE: &str = "K1M_ST_SR_20";
const FIRST: &str = "K1M_ST_BR1_20";
const SECOND: &str = "K1M_ST_BR2_20";

fn competition(rows: &[String]) -> Competition {
    let races = [(SINGLE, "SR"), (FIRST, "BR1"), (SECOND, "BR2")];
    let races = races
        .map(|(id, discipline)| race(id, discipline, DAY))
        .concat();
    let people = [1, 2, 3].map(|bib| participant(bib, if bib == 2 { "ZS" } else { "DS" }));
    let text = format!("{races}{}{}", people.concat(), rows.concat());
    parse(&export_of(&text)).competition
}

fn pushed(mut competition: Competition, row: LiveRow) -> Competition {
    let people = competition
        .participants
        .values()
        .next()
        .expect("a class")
        .clone();
    let rows = competition.rows.get_mut(&row.race_id).expect("a race");
    let applied = live::apply(rows, &people, Scoring::Total, &[row], 0);
    assert_eq!(applied.count, 1);
    competition
}

fn ranked(bib: u32, time: u32, rank: u32) -> String {
    let fields = format!("{}<Rnk>{rank}</Rnk><CatRnk>{rank}</CatRnk>", run(time, 0));
    result(SINGLE, bib, &fields)
}

#[test]
fn a_protest_stands_until_live_data_changes_a_row() {
    // Bib 1 is the fastest, and was put last.
    let day = competition(&[ranked(1, 9000, 3), ranked(2, 9100, 1), ranked(3, 9200, 2)]);
    let rows = list(&day, SINGLE);
    assert_eq!(ranks(&rows), [(2, Some(1)), (3, Some(2)), (1, Some(3))]);
    let behinds: Vec<_> = rows.iter().map(|row| row.total_behind.as_deref()).collect();
    assert_eq!(
        behinds,
        [Some("0.00"), Some("+1.00"), None],
        "never negative"
    );
    let categories: Vec<_> = rows.iter().map(|row| row.cat_rnk).collect();
    assert_eq!(
        categories,
        [Some(1), Some(2), Some(3)],
        "as they stand in the export"
    );
    let same = pushed(day.clone(), live_row(SINGLE, 3, timed(9200, 0)));
    assert_eq!(
        ranks(&list(&same, SINGLE)),
        ranks(&rows),
        "says what the export said"
    );
    let changed = pushed(day, live_row(SINGLE, 3, timed(8900, 0)));
    assert_eq!(
        ranks(&list(&changed, SINGLE)),
        [(3, Some(1)), (1, Some(2)), (2, Some(3))]
    );
}

#[test]
fn equal_totals_go_by_the_export_and_a_live_boat_goes_ahead_of_both() {
    let day = competition(&[
        ranked(1, 9000, 2),
        ranked(2, 9000, 1),
        result(SINGLE, 3, ""),
    ]);
    assert_eq!(
        ranks(&list(&day, SINGLE))[..2],
        [(2, Some(1)), (1, Some(2))]
    );
    let ahead = pushed(day.clone(), live_row(SINGLE, 3, timed(8900, 0)));
    assert_eq!(
        ranks(&list(&ahead, SINGLE)),
        [(3, Some(1)), (2, Some(2)), (1, Some(3))]
    );
    let between = pushed(day, live_row(SINGLE, 3, timed(9000, 0)));
    let ranks_with_it = ranks(&list(&between, SINGLE));
    assert_eq!(ranks_with_it[0], (2, Some(1)));
    assert!(ranks_with_it.contains(&(1, Some(2))), "{ranks_with_it:?}");
}

#[test]
fn a_rank_of_one_run_never_ranks_the_list_of_both() {
    let own = |race, bib, time, rank: u32| {
        let fields = format!("{}<Rnk>{rank}</Rnk>", run(time, 0));
        result(race, bib, &fields)
    };
    let day = competition(&[
        own(FIRST, 1, 9000, 1),
        own(FIRST, 2, 9100, 2),
        own(SECOND, 1, 9900, 2),
        own(SECOND, 2, 9200, 1),
    ]);
    let rows = list(&day, SECOND);
    assert_eq!(ranks(&rows), [(1, Some(1)), (2, Some(2))]);
    let previous: Vec<_> = rows
        .iter()
        .filter_map(|row| row.best_run.as_ref()?.prev_rnk)
        .collect();
    assert_eq!(previous, [1, 2]);
}

#[test]
fn a_rank_of_both_runs_ranks_the_list_until_live_data_changes_either() {
    let both = |bib, time, rank: u32| {
        let fields = format!(
            "{}<TotalRnk>{rank}</TotalRnk><TotalCatRnk>{rank}</TotalCatRnk>",
            run(time, 0)
        );
        result(SECOND, bib, &fields)
    };
    let day = competition(&[
        result(FIRST, 1, &run(9000, 0)),
        result(FIRST, 2, &run(9100, 0)),
        both(1, 9900, 2),
        both(2, 9200, 1),
    ]);
    assert_eq!(ranks(&list(&day, FIRST)), [(2, Some(1)), (1, Some(2))]);
    let changed = pushed(day, live_row(FIRST, 2, timed(9150, 0)));
    assert_eq!(ranks(&list(&changed, FIRST)), [(1, Some(1)), (2, Some(2))]);
}

#[test]
fn the_row_s_category_counts_and_one_that_only_the_export_knows_has_its_rank() {
    let row = |bib, time, more: &str| result(SINGLE, bib, &format!("{}{more}", run(time, 0)));
    let day = competition(&[
        row(1, 9000, ""),
        row(2, 9100, "<CatId>DS</CatId>"),
        row(3, 9200, ""),
    ]);
    let rows = list(&day, SINGLE);
    let categories: Vec<_> = rows
        .iter()
        .map(|row| (row.cat_id.as_ref().map(ToString::to_string), row.cat_rnk))
        .collect();
    let of = |rank| (Some("DS".to_owned()), Some(rank));
    assert_eq!(categories, [of(1), of(2), of(3)]);

    let text = export_of(&format!(
        "{}{}{}",
        race(SINGLE, "SR", DAY),
        "<Participants><Id>1</Id><ClassId>K1M_ST</ClassId><EventBib>1</EventBib></Participants>",
        row(1, 9000, "<CatRnk>4</CatRnk>"),
    ));
    let without = list(&parse(&text).competition, SINGLE);
    assert_eq!((without[0].rnk, without[0].cat_rnk), (Some(1), Some(4)));
}

#[test]
fn whoever_has_no_total_is_not_ranked_whatever_the_export_says() {
    let day = competition(&[
        result(SINGLE, 1, "<Time>9000</Time><Pen>*</Pen><Rnk>1</Rnk>"),
        result(
            SINGLE,
            2,
            "<Status>DQB</Status><Time>9000</Time><Pen>0</Pen><Total>9000</Total><Rnk>2</Rnk>",
        ),
        ranked(3, 9200, 3),
    ]);
    assert_eq!(
        ranks(&list(&day, SINGLE)),
        [(3, Some(3)), (2, None), (1, None)]
    );
    assert!(day.rows.contains_key(&RaceId::new(SINGLE)));
}
