//! The complete XML export at a moment of the day, in milliseconds, the way the timing software
//! writes it: padded bibs, empty elements, gates of three characters.

use std::fmt::Write;

use quick_xml::escape::escape;

use super::{
    Athlete, COURSE, Class, HEAT, Kind, Race, RaceDay, Run,
    live::{faults, heat_place, penalty, rank},
    names::CATEGORIES,
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
                // The result of a cross is there when the cross is over.
                if race.kind != Kind::CrossOverall || run.is_over(at_ms) {
                    xml.section("Results", |xml| self.result(xml, race, order, run, at_ms));
                }
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
        let (date, time) = (
            self.date(race.starts_at_ms),
            self.time_of_day(race.starts_at_ms),
        );
        xml.field("StartTime", &format!("{date}T{}+02:00", &time[..8]));
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
    xml.field("EventBib", &athlete.bib_text());
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
    xml.field("IsTeam", &(!athlete.members.is_empty()).to_string());
    for (number, member) in (1..).zip(&athlete.members) {
        xml.field(&format!("Member{number}"), member);
    }
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

impl RaceDay {
    fn result(&self, xml: &mut Xml, race: &Race, order: usize, run: &Run, at_ms: u64) {
        let heats = race.kind == Kind::CrossHeats;
        xml.field("RaceId", &race.race_id);
        xml.field("Id", &self.athlete(race, order).participant_id);
        xml.field("StartOrder", &(order + 1).to_string());
        xml.field("Bib", &format!("{:>4}", race.bibs[order]));
        let start = self.time_of_day(run.starts_at_ms);
        let position = (order % HEAT + 1).to_string();
        xml.field("StartTime", if heats { &position } else { &start[..8] });
        if heats {
            xml.field("HeatNr", &(order / HEAT + 1).to_string());
        }
        let known = run.is_over(at_ms);
        xml.field(
            "Status",
            run.outcome.status().filter(|_| known).unwrap_or_default(),
        );
        if !known || run.outcome.status().is_some() {
            return;
        }
        match race.kind {
            Kind::CrossHeats => xml.field("Time", &(heat_place(race, order) * 1_000).to_string()),
            Kind::CrossOverall if race.bib(order).is_some() => {}
            Kind::CrossOverall => xml.field("Time", &(run.time_hundredths * 10).to_string()),
            Kind::Timed | Kind::CrossTrial => self.timed(xml, race, run),
        }
        if race.kind == Kind::CrossTrial {
            xml.field("NrFLT", &faults(run).to_string());
        }
        let rank = rank(race, order, at_ms).map(|rank| rank.to_string());
        xml.field("Rnk", &rank.unwrap_or_default());
    }

    fn timed(&self, xml: &mut Xml, race: &Race, run: &Run) {
        xml.field("dtStart", &self.time_of_day(run.starts_at_ms));
        xml.field("dtFinish", &self.time_of_day(run.ends_at_ms()));
        xml.field("Time", &(run.time_hundredths * 10).to_string());
        let mut gates = String::new();
        for penalty in &run.penalties {
            // Writing to a String can't fail.
            let _ = write!(gates, "{penalty:>3}");
        }
        let pen = penalty(race, run);
        if race.kind == Kind::Timed {
            xml.field("Gates", &gates);
        }
        xml.field("Pen", &(pen / 100).to_string());
        xml.field("Total", &((run.time_hundredths + pen) * 10).to_string());
    }
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
