//! Small competitions to try rules on.

use common::{
    c123,
    domain::{Bib, Competition, Export, Hundredths, LiveRow, RaceId, RowIds, merge::LiveRun},
    protocol::{RaceSheet, result_view::ResultView},
};

/// An export of one class with these `Schedule`, `Participants`, `Results` and other sections.
pub fn export_of(sections: &str) -> String {
    format!(
        "<Canoe123Data><Events><MainTitle>T</MainTitle></Events>\
         <Classes><ClassId>K1M_ST</ClassId></Classes>{sections}</Canoe123Data>"
    )
}

/// A race of the class.
pub fn race(race_id: &str, discipline: &str, start_time: &str) -> String {
    format!(
        "<Schedule><RaceId>{race_id}</RaceId><ClassId>K1M_ST</ClassId><DisId>{discipline}</DisId>\
         <StartTime>{start_time}</StartTime></Schedule>"
    )
}

/// A starter of the class, called `P<bib>`.
pub fn participant(bib: u32, category: &str) -> String {
    format!(
        "<Participants><Id>{bib}</Id><ClassId>K1M_ST</ClassId><EventBib>{bib}</EventBib>\
         <FamilyName>P{bib}</FamilyName><CatId>{category}</CatId><Year>1999</Year></Participants>"
    )
}

/// A start row with fields of its result, in hundredths.
pub fn result(race_id: &str, bib: u32, fields: &str) -> String {
    format!("<Results><RaceId>{race_id}</RaceId><Id>{bib}</Id>{fields}</Results>")
}

/// Time, penalty and total of a row, in hundredths.
pub fn run(time: u32, pen: u32) -> String {
    let total = time + pen;
    format!("<Time>{time}</Time><Pen>{pen}</Pen><Total>{total}</Total>")
}

/// Of the event that all of these are of.
pub const SECRET: &str = "secret";

pub fn parse(text: &str) -> Export {
    let export = c123::parse(text).expect("a good export").export;
    Export {
        competition: export.competition.named_by(&RowIds::new(SECRET)),
        ..export
    }
}

pub fn list(competition: &Competition, race_id: &str) -> Vec<ResultView> {
    let sheet = RaceSheet::of(competition, &RaceId::new(race_id));
    sheet.expect("a race").results()
}

/// Bib and rank, in the order of the list.
pub fn ranks(list: &[ResultView]) -> Vec<(u32, Option<u32>)> {
    list.iter()
        .map(|row| (row.bib.unwrap_or(0), row.rnk))
        .collect()
}

pub fn live(race_id: &str, bib: u32, run: LiveRun) -> LiveRow {
    LiveRow {
        race_id: RaceId::new(race_id),
        index: 0,
        participant_id: None,
        bib: Some(Bib::Number(bib)),
        rank: None,
        run,
    }
}

pub fn timed(time: u64, pen: u64) -> LiveRun {
    LiveRun {
        time: Hundredths::new(time),
        pen: Hundredths::new(pen),
        ..unknown()
    }
}

/// A live row that knows nothing.
pub fn unknown() -> LiveRun {
    LiveRun::default()
}
