//! The complete XML export at a moment of the day, in milliseconds, the way the timing software
//! writes it: padded bibs, empty elements, gates of three characters.

use std::fmt::Write;

use quick_xml::escape::escape;

use super::{
    Athlete, COURSE, Class, Race, RaceDay, Run, live::rank, names::CATEGORIES, time_of_day,
};

impl RaceDay {
    /// The export as it stands at that moment.
    pub fn export_xml(&self, at_ms: u64) -> String {
        let mut xml = Xml::default();
        xml.text.push_str(
            "<?xml version=\"1.0\" standalone=\"yes\"?>\n\
             <Canoe123Data xmlns=\"http://siwidata.com/Canoe123/Data.xsd\">\n",
        );
        xml.section("Events", event);
        for class in &self.classes {
            for athlete in &class.athletes {
                xml.section("Participants", |xml| participant(xml, class, athlete));
            }
        }
        for class in &self.classes {
            xml.section("Classes", |xml| boat_class(xml, class));
        }
        for (order, race) in self.races.iter().enumerate() {
            xml.section("Schedule", |xml| self.schedule(xml, order, race, at_ms));
        }
        for race in &self.races {
            for (order, run) in race.runs.iter().enumerate() {
                let athlete = self.athlete(race, order);
                xml.section("Results", |xml| {
                    result(xml, race, order, run, athlete, at_ms);
                });
            }
        }
        xml.section("CourseData", |xml| {
            xml.field("CourseNr", "1");
            xml.field("CourseConfig", COURSE);
        });
        xml.text.push_str("</Canoe123Data>\n");
        xml.text
    }

    fn schedule(&self, xml: &mut Xml, order: usize, race: &Race, at_ms: u64) {
        let class = &self.classes[race.class];
        let over = race.runs.iter().all(|run| run.is_over(at_ms));
        let status = match (at_ms >= race.starts_at_ms, over) {
            (false, _) => "1",
            (true, false) => "3",
            (true, true) => "5",
        };
        xml.field("RaceId", &race.race_id);
        xml.field("RaceOrder", &(101 + order).to_string());
        let time = time_of_day(race.starts_at_ms);
        xml.field("StartTime", &format!("2026-06-20T{}+02:00", &time[..8]));
        xml.field("ClassId", &class.class_id);
        xml.field("DisId", race.discipline);
        let seconds = self.start_interval_ms / 1000;
        xml.field(
            "StartInterval",
            &format!("{}:{:02}", seconds / 60, seconds % 60),
        );
        xml.field("CourseNr", "1");
        xml.field("RaceStatus", status);
        xml.field("CustomTitle", &class.long_title);
    }
}

fn event(xml: &mut Xml) {
    xml.field("EventId", "CZE2.2026062000");
    xml.field("MainTitle", "Ukázkový závod ve vodním slalomu");
    xml.field("SubTitle", "Český pohár, 7. závod");
    xml.field("Location", "Praha");
    xml.field("Facility", "Vodácký areál Trója");
    xml.field("StartDate", "2026-06-20T08:00:00+02:00");
    xml.field("EndDate", "2026-06-21T18:00:00+02:00");
    xml.field("CanoeDiscipline", "Slalom");
}

fn participant(xml: &mut Xml, class: &Class, athlete: &Athlete) {
    xml.field("Id", &athlete.participant_id);
    xml.field("ClassId", &class.class_id);
    xml.field("EventBib", &athlete.bib.to_string());
    xml.field("ICFId", &athlete.icf_id.to_string());
    xml.field("FamilyName", &athlete.family_name);
    xml.field("GivenName", &athlete.given_name);
    if let Some((family, given)) = &athlete.partner {
        xml.field("FamilyName2", family);
        xml.field("GivenName2", given);
    }
    xml.field("NOC", "CZE");
    xml.field("Club", athlete.club);
    xml.field("Year", &athlete.year.to_string());
    xml.field("CatId", athlete.category);
    xml.field("IsTeam", "false");
}

fn boat_class(xml: &mut Xml, class: &Class) {
    xml.field("ClassId", &class.class_id);
    xml.field("Class", &class.name);
    xml.field("LongTitle", &class.long_title);
    for (category, first_year, last_year, name) in CATEGORIES {
        xml.section("Categories", |xml| {
            xml.field("CatId", category);
            xml.field("ClassId", &class.class_id);
            xml.field("Category", name);
            xml.field("FirstYear", &first_year.to_string());
            xml.field("LastYear", &last_year.to_string());
        });
    }
}

fn result(xml: &mut Xml, race: &Race, order: usize, run: &Run, athlete: &Athlete, at_ms: u64) {
    xml.field("RaceId", &race.race_id);
    xml.field("Id", &athlete.participant_id);
    xml.field("StartOrder", &(order + 1).to_string());
    xml.field("Bib", &format!("{:>4}", athlete.bib));
    xml.field("StartTime", &time_of_day(run.starts_at_ms)[..8]);
    let known = run.is_over(at_ms);
    xml.field(
        "Status",
        run.outcome.status().filter(|_| known).unwrap_or_default(),
    );
    if !known || run.outcome.status().is_some() {
        return;
    }
    xml.field("dtStart", &time_of_day(run.starts_at_ms));
    xml.field("dtFinish", &time_of_day(run.ends_at_ms()));
    xml.field("Time", &(run.time_hundredths * 10).to_string());
    let gates = run
        .penalties
        .iter()
        .fold(String::new(), |mut gates, penalty| {
            // Writing to a String can't fail.
            let _ = write!(gates, "{penalty:>3}");
            gates
        });
    xml.field("Gates", &gates);
    xml.field("Pen", &run.penalty_seconds(usize::MAX).to_string());
    xml.field("Total", &(run.total_hundredths() * 10).to_string());
    xml.field("Rnk", &rank(race, run, at_ms).to_string());
}

/// XML under construction.
#[derive(Default)]
struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    fn section(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.depth += 1;
        let indent = "  ".repeat(self.depth);
        // Writing to a String can't fail.
        let _ = writeln!(self.text, "{indent}<{name}>");
        content(self);
        let _ = writeln!(self.text, "{indent}</{name}>");
        self.depth -= 1;
    }

    fn field(&mut self, name: &str, value: &str) {
        let indent = "  ".repeat(self.depth + 1);
        let _ = match value {
            "" => writeln!(self.text, "{indent}<{name} />"),
            value => writeln!(self.text, "{indent}<{name}>{}</{name}>", escape(value)),
        };
    }
}
