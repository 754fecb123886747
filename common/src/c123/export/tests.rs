use super::{ExportError, gates, parse};
use crate::domain::{ParticipantId, Penalty, RaceId};

const MINIMAL: &str = r#"<?xml version="1.0" standalone="yes"?>
<c:Canoe123Data xmlns:c="http://siwidata.com/Canoe123/Data.xsd">
  <Events><EventId>X</EventId><MainTitle>Závod</MainTitle><StartDate>2026-06-20T00:30:00+02:00</StartDate></Events>
  <Participants><Id>1.K1M</Id><ClassId>K1M</ClassId><EventBib>   7</EventBib><FamilyName>VANĚK &amp; syn</FamilyName><GivenName>Matěj</GivenName><Year>2008</Year></Participants>
  <Classes><ClassId>K1M</ClassId><Class>K1 muži</Class><Categories><CatId>ZS</CatId><FirstYear>2012</FirstYear></Categories></Classes>
  <Schedule><RaceId>K1M_BR1_20</RaceId><ClassId>K1M</ClassId><DisId>BR1</DisId><CourseNr>1</CourseNr></Schedule>
  <Results><RaceId>K1M_BR1_20</RaceId><Id>1.K1M</Id><Bib>  7</Bib><Status /><Time>76990</Time><Pen>2</Pen><Total>78990</Total><Gates>  0  2   </Gates></Results>
  <Results><RaceId>UNKNOWN</RaceId><Id>1.K1M</Id></Results>
  <CourseData><CourseNr>1</CourseNr><CourseConfig>NRS</CourseConfig></CourseData>
</c:Canoe123Data>
"#;

#[test]
fn every_section_is_read_and_times_become_hundredths() {
    let (export, imported) = parse(MINIMAL).expect("a complete export");
    assert_eq!(
        (
            imported.participants,
            imported.classes,
            imported.races,
            imported.results,
            imported.courses
        ),
        (1, 1, 1, 1, 1)
    );
    let start_date = export.details.start_date.expect("a date");
    assert_eq!(start_date.to_string(), "2026-06-20");
    let participants = export
        .competition
        .participants
        .values()
        .next()
        .expect("a class");
    let participant = &participants[&ParticipantId::new("1.K1M")];
    assert_eq!(participant.name, "VANĚK & syn Matěj");
    assert_eq!(participant.bib, Some(7));
    let row = &export.competition.rows[&RaceId::new("K1M_BR1_20")][&ParticipantId::new("1.K1M")];
    let hundredths =
        [row.run.time, row.run.pen, row.run.total].map(|v| v.map(crate::domain::Hundredths::get));
    assert_eq!(hundredths, [Some(7699), Some(200), Some(7899)]);
    assert_eq!(
        row.run.gates,
        [Some(Penalty::Clean), Some(Penalty::Touched), None]
    );
}

#[test]
fn text_is_read_however_it_is_written() {
    for given in [
        "Matěj &amp; spol.",
        "<![CDATA[Matěj & spol.]]>",
        "<!-- č -->Mat<![CDATA[ěj &]]> spol<?č?>.",
        "\r\n  Matěj &#38; s&#x70;ol.\r\n",
    ] {
        let text = MINIMAL.replace(
            "<GivenName>Matěj</GivenName>",
            &format!("<c:GivenName a='č'>{given}</c:GivenName>"),
        );
        let (export, _) = parse(&text).expect("a complete export");
        let mut classes = export.competition.participants.values();
        let class = classes.next().expect("a class");
        let participant = &class[&ParticipantId::new("1.K1M")];
        assert_eq!(
            participant.name, "VANĚK & syn Matěj & spol.",
            "from {given}"
        );
    }
}

#[test]
fn byte_order_marks_are_skipped() {
    let plain = parse(MINIMAL);
    for marks in ["\u{feff}", "\u{feff}\u{feff}"] {
        assert_eq!(parse(&format!("{marks}{MINIMAL}")), plain);
    }
    let shifted = MINIMAL.replace("c:Canoe123Data", "a:Canoe123DataXXX");
    assert!(parse(&format!("\u{feff}<!-- -->{shifted}")).is_err());
}

#[test]
fn a_truncated_export_is_refused_at_every_length() {
    for end in (0..MINIMAL.trim_end().len()).filter(|end| MINIMAL.is_char_boundary(*end)) {
        assert!(parse(&MINIMAL[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn errors_name_line_and_column() {
    let broken = MINIMAL.replace("<GivenName>Matěj</GivenName>", "<GivenName>Matěj</Given>");
    match parse(&broken) {
        Err(ExportError::Malformed { line, .. }) => assert_eq!(line, 4),
        other => panic!("{other:?}"),
    }
    let broken = MINIMAL.replace("76990", "fast");
    match parse(&broken) {
        Err(ExportError::Number { line, field, .. }) => assert_eq!((line, field), (7, "Time")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn dtds_entities_and_foreign_roots_are_refused() {
    let dtd = MINIMAL.replace(
        "<c:Canoe123Data",
        "<!DOCTYPE x [<!ENTITY a \"b\">]><c:Canoe123Data",
    );
    let entity = MINIMAL.replace("&amp;", "&a;");
    let root = MINIMAL.replace("Canoe123Data", "Other");
    let twice = format!("{MINIMAL}<a/>");
    for bad in [dtd, entity, root, twice] {
        assert!(
            matches!(parse(&bad), Err(ExportError::Malformed { .. })),
            "{bad}"
        );
    }
}

#[test]
fn what_is_missing_is_named() {
    let without = |start: &str, end: &str| {
        let from = MINIMAL.find(start).expect("a start");
        let to = MINIMAL.find(end).expect("an end") + end.len();
        parse(&format!("{}{}", &MINIMAL[..from], &MINIMAL[to..]))
    };
    let cases = [
        (without("<Events>", "</Events>"), "Events section"),
        (without("<Classes>", "</Classes>"), "class"),
        (without("<Participants>", "</Participants>"), "participant"),
        (without("<Schedule>", "</Schedule>"), "race"),
    ];
    for (result, what) in cases {
        assert_eq!(result.map(|_| ()), Err(ExportError::Missing(what)));
    }
}

#[test]
fn depth_is_bounded() {
    let deep = format!("{}{}", "<a>".repeat(1000), "</a>".repeat(1000));
    let text = MINIMAL.replace("<EventId>X</EventId>", &deep);
    assert!(matches!(parse(&text), Err(ExportError::Malformed { .. })));
}

#[test]
fn gates_are_three_characters_each_and_fall_back_to_splitting() {
    let (clean, touched, missed) = (
        Some(Penalty::Clean),
        Some(Penalty::Touched),
        Some(Penalty::Missed),
    );
    assert_eq!(gates("  0  2 50"), [clean, touched, missed]);
    assert_eq!(gates("     2   "), [None, touched, None]);
    assert_eq!(gates("0 2 50 0"), [clean, touched, missed, clean]);
    assert!(gates("   ").is_empty());
}
