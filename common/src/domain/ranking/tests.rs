//! The rules of ranking.

use super::{Bib, CatId, Contender, Given, Hundredths, ResultStatus, RowId, Rule, Tie, rank};

/// One participant of a race in a table of a test.
struct Boat {
    bib: u32,
    cat_id: CatId,
    total: Option<u64>,
    status: Option<ResultStatus>,
    tie: Tie,
    given: Given,
}

fn boat(bib: u32, category: &str, total: impl Into<Option<u64>>) -> Boat {
    Boat {
        bib,
        cat_id: CatId::new(category),
        total: total.into(),
        status: None,
        tie: Tie::Exported(None),
        given: Given::default(),
    }
}

/// Bib, rank, gap, category rank and category gap.
type Line = (
    u32,
    Option<u32>,
    Option<String>,
    Option<u32>,
    Option<String>,
);

fn list(boats: &[Boat], rule: Rule) -> Vec<Line> {
    let bibs: Vec<Bib> = boats.iter().map(|boat| Bib::Number(boat.bib)).collect();
    let row_id = RowId::default();
    let contenders: Vec<Contender<'_>> = boats
        .iter()
        .zip(&bibs)
        .map(|(boat, bib)| Contender {
            bib: Some(bib),
            row_id: &row_id,
            cat_id: Some(&boat.cat_id),
            total: boat.total.and_then(Hundredths::new),
            status: boat.status.as_ref(),
            tie: boat.tie,
            given: boat.given,
        })
        .collect();
    rank(&contenders, rule)
        .into_iter()
        .map(|standing| {
            let overall = standing.overall.as_ref();
            let category = standing.in_category.as_ref();
            (
                boats[standing.index].bib,
                overall.map(|place| place.rank),
                overall.and_then(|place| place.behind.clone()),
                category.map(|place| place.rank),
                category.and_then(|place| place.behind.clone()),
            )
        })
        .collect()
}

fn ranked(boats: &[Boat]) -> Vec<(u32, Option<u32>)> {
    let lines = list(boats, Rule::Totals).into_iter();
    lines.map(|(bib, rank, ..)| (bib, rank)).collect()
}

#[test]
fn equal_totals_share_the_rank_and_the_unranked_come_last_in_groups() {
    let boats = [
        boat(1, "ZS", None),
        boat(2, "ZS", 9000),
        boat(3, "ZM", 9000),
        boat(4, "ZM", 8000),
        boat(5, "ZM", 9100),
        Boat {
            status: Some(ResultStatus::DNS),
            ..boat(6, "ZS", None)
        },
        Boat {
            status: Some(ResultStatus::DSQ),
            ..boat(7, "ZS", 100)
        },
    ];
    let gap = |text: &str| Some(text.to_owned());
    assert_eq!(
        list(&boats, Rule::Totals),
        [
            (4, Some(1), gap("0.00"), Some(1), gap("0.00")),
            (2, Some(2), gap("+10.00"), Some(1), gap("0.00")),
            (3, Some(2), gap("+10.00"), Some(2), gap("+10.00")),
            (5, Some(4), gap("+11.00"), Some(3), gap("+11.00")),
            (7, None, None, None, None),
            (6, None, None, None, None),
            (1, None, None, None, None),
        ]
    );
}

#[test]
fn equal_totals_stand_as_the_export_ranks_them_or_by_the_other_run() {
    let exported = |bib, rank: Option<u32>| Boat {
        tie: Tie::Exported(rank),
        ..boat(bib, "ZS", 9000)
    };
    let by_export = [
        exported(1, Some(2)),
        exported(2, Some(1)),
        exported(3, None),
        exported(4, Some(2)),
    ];
    assert_eq!(
        ranked(&by_export),
        [(2, Some(1)), (1, Some(2)), (3, Some(2)), (4, Some(2))]
    );
    let other = |bib, total: Option<u64>| Boat {
        tie: Tie::OtherRun(total.and_then(Hundredths::new)),
        ..boat(bib, "ZS", 9000)
    };
    let by_other_run = [
        other(1, None),
        other(2, Some(9600)),
        other(3, Some(9500)),
        other(4, Some(9600)),
    ];
    assert_eq!(
        ranked(&by_other_run),
        [(3, Some(1)), (2, Some(2)), (4, Some(2)), (1, Some(4))]
    );
}

#[test]
fn the_export_s_places_hold_when_it_ranks_everybody() {
    let given = |bib, total, rank| Boat {
        given: Given {
            rank: Some(rank),
            category_rank: Some(rank),
        },
        ..boat(bib, "ZS", total)
    };
    // A protest moved bib 1, which is the fastest, to the end.
    let mut boats = [given(1, 8000, 3), given(2, 9000, 1), given(3, 9000, 2)];
    let gap = |text: &str| Some(text.to_owned());
    assert_eq!(
        list(&boats, Rule::Totals),
        [
            (2, Some(1), gap("0.00"), Some(1), gap("0.00")),
            (3, Some(2), gap("0.00"), Some(2), gap("0.00")),
            (1, Some(3), None, Some(3), None),
        ]
    );
    boats[1].given = Given::default();
    assert_eq!(
        ranked(&boats),
        [(1, Some(1)), (2, Some(2)), (3, Some(2))],
        "one that it does not rank"
    );
}

#[test]
fn a_cross_is_listed_by_the_places_that_are_given() {
    let place = |bib, total, rank: Option<u32>| Boat {
        given: Given {
            rank,
            category_rank: None,
        },
        ..boat(bib, "ZS", total)
    };
    let boats = [
        place(1, Some(100), Some(2)),
        place(2, None, Some(1)),
        place(3, Some(50), None),
    ];
    assert_eq!(
        list(&boats, Rule::Given),
        [
            (2, Some(1), None, None, None),
            (1, Some(2), None, None, None),
            (3, None, None, None, None),
        ]
    );
}
