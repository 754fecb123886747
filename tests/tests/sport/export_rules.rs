//! Rules of the XML export.

use common::{
    c123::{self},
    domain::{
        ClassId, Competition, Export, Hundredths, MergeStrategy, RaceId, structure::GateType,
    },
};

use super::rows::{export_of, list, parse, participant, race, result, run};

const RACE: &str = "K1M_ST_FIN_20";

fn with(rest: &str) -> String {
    let start = race(RACE, "FIN", "2026-06-20T09:00:00+02:00");
    export_of(&format!("{start}{}{rest}", participant(1, "DS")))
}

fn time_of(export: &Export, bib: u32) -> Option<u32> {
    let rows = list(&export.competition, RACE);
    let row = rows.iter().find(|row| row.bib == Some(bib))?;
    row.time.map(Hundredths::get)
}

#[test]
fn the_prefix_of_the_namespace_is_not_insisted_on() {
    let plain = with(&result(RACE, 1, &run(9000, 200)));
    let prefixed = plain
        .replace("</", "</c:")
        .replace('<', "<c:")
        .replace("<c:/c:", "</c:");
    let prefixed = prefixed.replacen("<c:Canoe123Data", "<c:Canoe123Data xmlns:c=\"urn:x\"", 1);
    assert_eq!(parse(&prefixed), parse(&plain));
}

#[test]
fn the_first_events_section_counts_and_of_its_dates_the_date_part() {
    let text = with("<Events><SubTitle>second</SubTitle></Events>").replace(
        "<MainTitle>T</MainTitle>",
        "<SubTitle>first</SubTitle><StartDate>2026-06-20T23:30:00-05:00</StartDate>",
    );
    let details = parse(&text).details;
    assert_eq!(details.sub_title.as_deref(), Some("first"));
    assert_eq!(
        details.start_date.map(|day| day.to_string()).as_deref(),
        Some("2026-06-20")
    );
}

#[test]
fn numbers_may_be_padded_and_elements_empty_or_absent() {
    let fields = "<Bib>   7</Bib><Status /><Time> 9000 </Time><Pen></Pen><dtStart/>";
    let export = parse(&with(&result(RACE, 1, fields)));
    assert_eq!(time_of(&export, 7), Some(9000));
    let row = &list(&export.competition, RACE)[0];
    assert_eq!((row.pen, row.total, row.status.clone()), (None, None, None));
    assert_eq!(
        row.rnk, None,
        "a row with neither total nor status is not ranked"
    );
}

#[test]
fn crews_are_named_by_both_and_years_of_birth_are_not_kept() {
    let crew = participant(1, "DS").replace(
        "<FamilyName>P1</FamilyName>",
        "<FamilyName>NOVÁK</FamilyName><GivenName>Jan</GivenName>\
         <FamilyName2>DVOŘÁK</FamilyName2><GivenName2>Petr</GivenName2>",
    );
    let export = parse(&with(&result(RACE, 1, "")).replace(&participant(1, "DS"), &crew));
    let row = &list(&export.competition, RACE)[0];
    assert_eq!(row.name, "NOVÁK Jan / DVOŘÁK Petr");
    assert!(!format!("{export:?}").contains("1999"));
}

#[test]
fn categories_stand_inside_their_class_and_a_course_has_no_gate_for_a_separator() {
    let category = "<Categories><CatId>DS</CatId><FirstYear>2008</FirstYear></Categories>";
    let text =
        with("<CourseData><CourseNr>1</CourseNr><CourseConfig>NRSN</CourseConfig></CourseData>");
    let text = text.replace(
        "</ClassId></Classes>",
        &format!("</ClassId>{category}</Classes>"),
    );
    let structure = parse(&text).competition.structure;
    assert_eq!(structure.classes[0].categories[0].first_year, Some(2008));
    let course = &structure.courses[&1];
    let types = [0, 1, 2, 3].map(|index| course.gate_type(index));
    assert_eq!(
        types,
        [
            GateType::Normal,
            GateType::Reverse,
            GateType::Normal,
            GateType::Unknown
        ]
    );
}

#[test]
fn a_result_for_an_unknown_race_or_participant_is_skipped() {
    let rows = [("NONE", 1), (RACE, 9), (RACE, 1)].map(|(race, id)| result(race, id, ""));
    let parsed = c123::parse(&with(&rows.concat())).expect("a good export");
    assert_eq!(parsed.imported.results, 1);
    assert_eq!(list(&parsed.export.competition, RACE).len(), 1);
}

#[test]
fn a_row_may_stand_before_what_it_refers_to() {
    let start = race(RACE, "FIN", "2026-06-20T09:00:00+02:00");
    let text = export_of(&format!(
        "{}{}{start}",
        result(RACE, 1, ""),
        participant(1, "DS")
    ));
    assert_eq!(list(&parse(&text).competition, RACE).len(), 1);
}

#[test]
fn a_number_that_is_none_costs_itself_and_is_named_with_its_line() {
    let rows = [
        result(RACE, 1, "<Time>-5</Time><Total>9000</Total>"),
        result(RACE, 2, &run(9100, 0)),
    ];
    let text = with(&format!("\n\n{}", rows.concat()));
    let parsed = c123::parse(&text).expect("a good export");
    let [warning] = parsed.warnings.as_slice() else {
        panic!("one value: {:?}", parsed.warnings);
    };
    let place = (warning.line, warning.field.as_str(), warning.value.as_str());
    assert_eq!(place, (3, "Time", "-5"));
    assert_eq!(parsed.warning_count, 1);
}

#[test]
fn times_in_milliseconds_and_in_hundredths_come_to_the_same() {
    let milliseconds = "<Time>76990</Time><Pen>2</Pen><Total>78990</Total>";
    let hundredths = "<Time>7699</Time><Pen>200</Pen><Total>7899</Total>";
    let [one, other] = [milliseconds, hundredths].map(|f| parse(&with(&result(RACE, 1, f))));
    assert_eq!(one, other);
    assert_eq!(time_of(&one, 1), Some(7699));
}

#[test]
fn what_is_not_in_the_export_any_more_is_removed() {
    let other_class = "<Classes><ClassId>C1W</ClassId></Classes>\
         <Participants><Id>c</Id><ClassId>C1W</ClassId></Participants>\
         <CourseData><CourseNr>1</CourseNr><CourseConfig>NN</CourseConfig></CourseData>";
    let second = format!("{}{}", participant(2, "DS"), result(RACE, 2, ""));
    let other_race = race("K1M_ST_XT_20", "XT", "2026-06-20T10:00:00+02:00");
    let first = result(RACE, 1, "");
    let full = parse(&with(&format!("{first}{second}{other_class}{other_race}")));
    let less = parse(&with(&first));
    let after = full
        .competition
        .replaced_by(less.competition.clone(), MergeStrategy::Newest, 0);
    assert_eq!(after, less.competition);
    assert!(
        full.competition
            .rows
            .contains_key(&RaceId::new("K1M_ST_XT_20"))
    );
    assert!(
        full.competition
            .participants
            .contains_key(&ClassId::new("C1W"))
    );
}

#[test]
fn importing_into_nothing_is_the_export_itself() {
    let export = parse(&with(&result(RACE, 1, &run(9000, 0))));
    let after =
        Competition::default().replaced_by(export.competition.clone(), MergeStrategy::Newest, 0);
    assert_eq!(after, export.competition);
}
