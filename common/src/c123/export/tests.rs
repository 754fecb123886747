use super::{ExportError, Parsed, parse};
use crate::domain::{Bib, Participant, ParticipantId, Penalty, RaceId, Row};

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
    let parsed = parse(MINIMAL).expect("a complete export");
    let (export, imported) = (&parsed.export, parsed.imported);
    assert_eq!(parsed.warning_count, 0);
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
    assert_eq!(participant.bib, Some(Bib::Number(7)));
    let row = &export.competition.rows[&RaceId::new("K1M_BR1_20")][&ParticipantId::new("1.K1M")];
    let hundredths =
        [row.run.time, row.run.pen, row.run.total].map(|v| v.map(crate::domain::Hundredths::get));
    assert_eq!(hundredths, [Some(7699), Some(200), Some(7899)]);
    assert_eq!(
        row.run.gates,
        [Some(Penalty::CLEAN), Some(Penalty::TOUCHED)]
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
        let Parsed { export, .. } = parse(&text).expect("a complete export");
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
}

/// The one row and the one participant of the minimal export with `from` replaced by `to`.
fn changed(from: &str, to: &str) -> (Parsed, Row, Participant) {
    assert!(MINIMAL.contains(from), "{from}");
    let parsed = parse(&MINIMAL.replace(from, to)).expect("a complete export");
    let id = ParticipantId::new("1.K1M");
    let competition = &parsed.export.competition;
    let row = &competition.rows[&RaceId::new("K1M_BR1_20")][&id];
    let participants = competition.participants.values().next().expect("a class");
    let (row, participant) = (Row::clone(row), Participant::clone(&participants[&id]));
    (parsed, row, participant)
}

#[test]
fn a_value_that_can_t_be_read_costs_that_value_and_is_named() {
    for (from, to, field) in [
        ("76990", "fast", "Time"),
        ("76990", "76990.5", "Time"),
        ("76990", "-1", "Time"),
        ("76990", "99999999999", "Time"),
        ("<Pen>2", "<Pen>*", "Pen"),
        ("78990", "+78990", "Total"),
        ("  0  2   <", "  0  5   <", "Gates"),
        ("<Bib>  7", "<Bib>a bib that is too long for a vest", "Bib"),
        ("<Status />", "<StartTime>soon</StartTime>", "StartTime"),
        ("<Status />", "<StartOrder>first</StartOrder>", "StartOrder"),
        ("<Status />", "<Rnk>-</Rnk>", "Rnk"),
    ] {
        let (parsed, row, _) = changed(from, to);
        assert_eq!(parsed.warning_count, 1, "{to}");
        let warning = &parsed.warnings[0];
        let place = (
            warning.line,
            warning.section.as_str(),
            warning.field.as_str(),
        );
        assert_eq!(place, (7, "Results", field));
        assert!(to.contains(&warning.value), "{warning:?}");
        let lost = match field {
            "Time" => row.run.time.is_none(),
            "Pen" => row.run.pen.is_none(),
            "Gates" => row.run.gates == [Some(Penalty::CLEAN), None],
            _ => true,
        };
        assert!(lost, "{to}: {row:?}");
    }
    let (parsed, ..) = changed(
        "<CourseNr>1</CourseNr></Schedule>",
        "<RaceStatus>x</RaceStatus></Schedule>",
    );
    assert_eq!(parsed.warnings[0].section, "Schedule");
}

#[test]
fn a_missing_total_is_time_and_penalty_only_where_both_are_known() {
    let total = |from: &str, to: &str| {
        let text = MINIMAL.replace("<Total>78990</Total>", "<Total />");
        let parsed = parse(&text.replace(from, to)).expect("a complete export");
        let rows = parsed.export.competition.rows;
        let row = rows.values().flat_map(|rows| rows.values()).next();
        row.expect("a row")
            .run
            .total
            .map(crate::domain::Hundredths::get)
    };
    assert_eq!(total("<Status />", ""), Some(7899));
    assert_eq!(total("<Pen>2</Pen>", "<Pen>*</Pen>"), None);
    assert_eq!(total("<Pen>2</Pen>", ""), None);
    assert_eq!(total("<Time>76990</Time>", ""), None);
    assert_eq!(total("<Status />", "<Status>DNF</Status>"), None);
}

#[test]
fn teams_have_members_by_name_and_bibs_that_are_letters() {
    let (_, row, participant) = changed(
        "<FamilyName>VANĚK",
        "<IsTeam>true</IsTeam><Member1>2.C1M</Member1><Member2>9</Member2><FamilyName>VANĚK",
    );
    assert!(participant.is_team && participant.members.is_empty());
    assert_eq!(row.bib, Some(Bib::Number(7)));
    let member = "<Participants><Id>2.C1M</Id><ClassId>C1M</ClassId><FamilyName>NOVÁK</FamilyName></Participants>";
    let text = MINIMAL
        .replace("<Classes>", &format!("{member}<Classes>"))
        .replace(
            "<EventBib>   7",
            "<IsTeam>true</IsTeam><Member1>2.C1M</Member1><EventBib>A",
        )
        .replace("<Bib>  7", "<Bib> ")
        .replace("  0  2   <", "  4102<");
    let parsed = parse(&text).expect("a complete export");
    let competition = parsed.export.competition;
    let participants = competition.participants.values().next().expect("a class");
    let team = participants.values().next().expect("a team");
    assert_eq!(team.members, ["NOVÁK"]);
    let rows = competition.rows.values().next().expect("a race");
    let row = rows.values().next().expect("a row");
    assert_eq!(row.bib, Some(Bib::Text("A".into())));
    assert_eq!(
        row.run.gates,
        [Penalty::from_seconds(4), Penalty::from_seconds(102)]
    );
}

#[test]
fn rows_of_heats_have_places_instead_of_times() {
    let heats = MINIMAL
        .replace("<DisId>BR1", "<DisId>XS")
        .replace("76990", "2000")
        .replace("<Total>78990</Total>", "<HeatNr>3</HeatNr><StartTime>4</StartTime><NrFLT>1</NrFLT><Rnk>6</Rnk><Qualified>Q</Qualified>");
    let row = |text: &str| {
        let parsed = parse(text).expect("a complete export");
        assert_eq!(parsed.warning_count, 0, "{:?}", parsed.warnings);
        let rows = parsed.export.competition.rows;
        let row = rows.values().flat_map(|rows| rows.values()).next();
        Row::clone(row.expect("a row"))
    };
    let exported = row(&heats).exported;
    let places = (
        exported.heat,
        exported.heat_place,
        exported.rank,
        exported.faults,
    );
    assert_eq!(places, (Some(3), Some(2), Some(6), Some(1)));
    assert_eq!(exported.qualified.as_deref(), Some("Q"));
    let run = row(&heats).run;
    assert_eq!(
        (run.time, run.total, row(&heats).start_time),
        (None, None, None)
    );
    let other = heats.replace("<DisId>XS", "<DisId>XQ");
    assert_eq!(row(&other).exported.heat_place, Some(2));
    let trial = heats
        .replace("<DisId>XS", "<DisId>XT1")
        .replace("<StartTime>4</StartTime>", "");
    assert_eq!(row(&trial).exported.heat_place, None);
    assert!(row(&trial).run.time.is_some());
}

#[test]
fn fields_classes_and_races_are_bounded() {
    let long = "x".repeat(1_001);
    let refused = |text: &str| parse(text).expect_err("it is refused").to_string();
    let name = refused(&MINIMAL.replace("Matěj", &long));
    assert!(name.contains("GivenName is longer than 1000"), "{name}");
    let category = refused(&MINIMAL.replace("<CatId>ZS", &format!("<CatId>{long}")));
    assert!(category.contains("CatId"), "{category}");
    let unknown = format!("<Statistics><A>{long}</A></Statistics></c:Canoe123Data>");
    assert!(parse(&MINIMAL.replace("</c:Canoe123Data>", &unknown)).is_ok());
    let many = |one: &str, count: usize| {
        let sections: Vec<String> = (0..count)
            .map(|i| one.replace('#', &i.to_string()))
            .collect();
        MINIMAL.replace(
            "</c:Canoe123Data>",
            &format!("{}</c:Canoe123Data>", sections.concat()),
        )
    };
    let class = "<Classes><ClassId>C#</ClassId></Classes>";
    let race = "<Schedule><RaceId>R#</RaceId><ClassId>K1M</ClassId></Schedule>";
    assert!(refused(&many(class, 300)).contains("classes"));
    assert!(refused(&many(race, 1_100)).contains("races"));
    assert!(parse(&many(race, 900)).is_ok());
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
