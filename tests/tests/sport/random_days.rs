//! Random days, with a kayak cross, teams, groups, two days, ties and protests, through exports, live
//! pushes and waiting in any order: spectators hold what the last export says wherever no live row is newer.

use std::{collections::BTreeMap, fmt::Write, sync::Arc};

use common::{
    domain::{
        Bib, Competition, EventRecord, Export, Hundredths, LiveRow, OnCourse, ParticipantId,
        RaceId, RowId, Rows, StatusField, Waiting, best_run, merge::LiveRun,
    },
    plan::{Before, Plan, Revisions, Write as Stored, due, import, results},
    protocol::{Change, race_sheet::results_of, result_view::ResultView},
};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::rows;

const STARTS: usize = 5;
/// Race, class, discipline, day.
const RACES: [(&str, &str, &str, &str); 9] = [
    ("K1M_BR1_25_JUN", "K1M", "BR1", "2026-04-25"),
    ("K1M_BR1_25_SEN", "K1M", "BR1", "2026-04-25"),
    ("K1M_BR2_25_JUN", "K1M", "BR2", "2026-04-25"),
    ("K1M_BR2_25_SEN", "K1M", "BR2", "2026-04-25"),
    ("K1M_SR_26", "K1M", "SR", "2026-04-26"),
    ("K1T_TSR_26", "K1T", "TSR", "2026-04-26"),
    ("MX1_XT_26", "MX1", "XT", "2026-04-26"),
    ("MX1_XF_26", "MX1", "XF", "2026-04-26"),
    ("MX1_XER_26", "MX1", "XER", "2026-04-26"),
];
const STATUSES: [&str; 8] = ["", "", "", "", "*", "DNS", "DSQ-R", "NON-RK"];

fn id(class: &str, number: usize) -> String {
    format!("{number}.{class}")
}

/// An export as the timing software could write it: with ranks, some of which totals would not give, or without.
fn export(seed: u64) -> Export {
    let mut random = StdRng::seed_from_u64(seed);
    let mut xml = String::from("<Canoe123Data><Events><EventId>E</EventId></Events>");
    for class in ["K1M", "K1T", "MX1"] {
        let _ = write!(xml, "<Classes><ClassId>{class}</ClassId></Classes>");
        for number in 1..=STARTS {
            let (who, team) = (id(class, number), class == "K1T");
            let bib = if team {
                char::from(b'@' + u8::try_from(number).unwrap_or(1)).to_string()
            } else {
                number.to_string()
            };
            let category = ["A", "B"][number % 2];
            let _ = write!(
                xml,
                "<Participants><Id>{who}</Id><ClassId>{class}</ClassId><EventBib>{bib}</EventBib><FamilyName>P{number}</FamilyName>\
                 <CatId>{category}</CatId><IsTeam>{team}</IsTeam><Member1>1.K1M</Member1></Participants>"
            );
        }
    }
    // Says what the unit is.
    xml.push_str(
        "<Participants><Id>0.K1M</Id><ClassId>K1M</ClassId></Participants>\
         <Schedule><RaceId>UNIT</RaceId><ClassId>K1M</ClassId><DisId>QUA</DisId></Schedule>\
         <Results><RaceId>UNIT</RaceId><Id>0.K1M</Id><Time>9000</Time><Pen>200</Pen><Total>9200</Total></Results>",
    );
    for (race, class, discipline, day) in RACES {
        let _ = write!(
            xml,
            "<Schedule><RaceId>{race}</RaceId><ClassId>{class}</ClassId><DisId>{discipline}</DisId>\
             <StartTime>{day}T10:00:00+02:00</StartTime></Schedule>"
        );
        let ranked = random.random_bool(0.6);
        for number in 1..=STARTS {
            if random.random_bool(0.9) {
                let row = fields(&mut random, discipline, ranked, number);
                let who = id(class, number);
                let _ = write!(
                    xml,
                    "<Results><RaceId>{race}</RaceId><Id>{who}</Id>{row}</Results>"
                );
            }
        }
    }
    xml.push_str("</Canoe123Data>");
    rows::parse(&xml)
}

fn fields(random: &mut StdRng, discipline: &str, ranked: bool, number: usize) -> String {
    let mut row = format!(
        "<Bib>{}</Bib>",
        if discipline == "TSR" {
            String::new()
        } else {
            number.to_string()
        }
    );
    if ranked {
        let _ = write!(
            row,
            "<Rnk>{}</Rnk><CatRnk>{number}</CatRnk>",
            random.random_range(1..=STARTS)
        );
    }
    if random.random_bool(0.3) {
        return row;
    }
    if discipline == "XF" {
        let place = random.random_range(1..=4) * 1_000;
        let _ = write!(
            row,
            "<Time>{place}</Time><HeatNr>{}</HeatNr>",
            1 + number % 2
        );
        return row;
    }
    let (time, pen) = (
        random.random_range(9_000..9_004),
        random.random_range(0..3) * 200,
    );
    let status = STATUSES[random.random_range(0..STATUSES.len())];
    let gates = "  0".repeat(3);
    let _ = write!(
        row,
        "<Status>{status}</Status><Time>{time}</Time><Pen>{pen}</Pen><Total>{}</Total><Gates>{gates}</Gates>",
        time + pen
    );
    row
}

#[derive(Debug, Clone)]
enum Step {
    Import(u64),
    /// A race, a starter, and what live data says.
    Push(usize, usize, u64, u64, usize),
    /// Ms.
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..40_u64).prop_map(Step::Import),
        4 => (0..RACES.len(), 1..=STARTS, 9_000..9_004_u64, 0..3_u64, 0..STATUSES.len())
            .prop_map(|(race, who, time, touches, status)| Step::Push(race, who, time, touches, status)),
        2 => (0..40_000_i64).prop_map(Step::Wait),
    ]
}

/// An event, and a spectator who holds all its lists.
struct World {
    record: EventRecord,
    competition: Competition,
    on_course: OnCourse,
    waiting: Waiting,
    revisions: Revisions,
    now_ms: i64,
    held: BTreeMap<RaceId, BTreeMap<RowId, ResultView>>,
    /// The last export, and the rows that live data has changed since, or to which it alone gave a result.
    last: Option<Competition>,
    newer: Vec<(RaceId, ParticipantId)>,
}

fn standard(row: &ResultView) -> ResultView {
    ResultView {
        detail: None,
        ..row.clone()
    }
}

impl World {
    fn new() -> Self {
        Self {
            record: super::properties::record(),
            competition: Competition::default(),
            on_course: OnCourse::default(),
            waiting: Waiting::default(),
            revisions: Revisions::default(),
            now_ms: 1_000_000,
            held: BTreeMap::new(),
            last: None,
            newer: Vec::new(),
        }
    }

    fn before(&self) -> Before<'_> {
        Before {
            record: &self.record,
            competition: &self.competition,
            on_course: &self.on_course,
            waiting: &self.waiting,
            revisions: &self.revisions,
        }
    }

    fn list(&self, race_id: &RaceId) -> BTreeMap<RowId, ResultView> {
        let rows = results_of(&self.competition, race_id);
        rows.iter()
            .map(|row| (row.row_id.clone(), standard(row)))
            .collect()
    }

    /// Stores what the plan writes, then hears what it tells.
    fn commit(&mut self, plan: Plan) {
        for write in plan.writes {
            self.store(write);
        }
        for change in plan.changes {
            match change {
                Change::Results(change) => {
                    let held = self.held.entry(change.race_id).or_default();
                    held.extend(
                        change
                            .results
                            .into_iter()
                            .map(|row| (row.row_id.clone(), row)),
                    );
                }
                Change::Structure(change) => {
                    for race_id in change.reread {
                        let list = self.list(&race_id);
                        self.held.insert(race_id, list);
                    }
                }
                Change::OnCourse(_) | Change::Status(_) => {}
            }
        }
    }

    fn store(&mut self, write: Stored) {
        let competition = &mut self.competition;
        match write {
            Stored::Structure(structure) => competition.structure = structure,
            Stored::Participants(class, people) => {
                let known = competition.participants.entry(class).or_default();
                known.extend(people.into_iter().map(|p| (p.participant_id.clone(), p)));
            }
            Stored::Rows(race, rows) => {
                let known = competition.rows.entry(race).or_default();
                known.extend(
                    rows.into_iter()
                        .map(|row| (row.participant_id.clone(), row)),
                );
            }
            Stored::RemoveRows(race, ids) => {
                let known = competition.rows.entry(race).or_default();
                known.retain(|id, _| !ids.contains(id));
            }
            Stored::Waiting(waiting) => self.waiting = waiting,
            _ => {}
        }
        for race in &Arc::clone(&competition.structure).races {
            competition.rows.entry(race.race_id.clone()).or_default();
        }
    }

    fn settle(&mut self) {
        if self
            .waiting
            .due_at_ms()
            .is_some_and(|due| due <= self.now_ms)
        {
            let (_, plan) = due::plan(&self.before(), self.now_ms);
            self.commit(plan);
        }
    }

    fn import(&mut self, seed: u64) {
        let export = export(seed);
        let (_, plan) = import::plan(&self.before(), &export, self.now_ms).expect("running");
        self.newer.clear();
        for (race_id, rows) in &export.competition.rows {
            let live = self.competition.rows.get(race_id);
            for (id, known) in live.into_iter().flatten() {
                // What no export ever erases, and what none has.
                let empty = rows
                    .get(id)
                    .is_none_or(|row| row.run.time.is_none() && row.run.status.is_none());
                if known.live.is_some() && empty {
                    self.newer.push((race_id.clone(), id.clone()));
                }
            }
        }
        self.commit(plan);
        self.last = Some(export.competition);
    }

    fn push(&mut self, step: &Step) {
        let Step::Push(race, who, time, touches, status) = step else {
            return;
        };
        let (race, class, ..) = RACES[*race];
        let StatusField {
            status,
            under_review,
        } = StatusField::parse(STATUSES[*status]);
        let live = LiveRow {
            index: 0,
            race_id: RaceId::new(race),
            participant_id: Some(ParticipantId::new(id(class, *who))),
            bib: None::<Bib>,
            rank: None,
            run: LiveRun {
                time: Hundredths::new(*time),
                pen: Hundredths::new(touches * 200),
                status,
                under_review,
                ..LiveRun::default()
            },
        };
        let (race_id, who) = (live.race_id.clone(), live.participant_id.clone());
        let (_, plan) = results::plan(&self.before(), vec![live], self.now_ms).expect("running");
        if !plan.is_empty()
            && let Some(who) = who
        {
            self.newer.push((race_id, who));
        }
        self.commit(plan);
    }

    fn run(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Import(seed) => self.import(*seed),
                Step::Push(..) => self.push(step),
                Step::Wait(ms) => self.now_ms += ms,
            }
            self.settle();
        }
        self.now_ms += 31_000;
        self.settle();
    }

    /// Whether live data has changed a row of the race, or of its other run, since the last export.
    fn is_newer(&self, race_id: &RaceId) -> bool {
        let structure = &self.competition.structure;
        let race = structure.race(race_id);
        let partner = race.and_then(|race| best_run::partner(structure, race));
        let of = [Some(race_id), partner.map(|race| &race.race_id)];
        self.newer
            .iter()
            .any(|(newer, _)| of.contains(&Some(newer)))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn lists_are_what_the_last_export_says_wherever_no_live_row_is_newer(
        steps in prop::collection::vec(step(), 1..14),
    ) {
        let mut world = World::new();
        world.import(1);
        world.run(&steps);
        let exported = world.last.clone().expect("there was an export");
        for race in &world.competition.structure.races {
            let race_id = &race.race_id;
            let held = world.held.get(race_id).cloned().unwrap_or_default();
            prop_assert_eq!(&held, &world.list(race_id), "a spectator of {}", race_id);
            if !world.is_newer(race_id) {
                prop_assert_eq!(results_of(&world.competition, race_id), results_of(&exported, race_id), "{}", race_id);
                continue;
            }
            let nobody = Rows::default();
            let [ours, theirs] = [&world.competition, &exported].map(|c| c.rows.get(race_id).unwrap_or(&nobody));
            for (id, row) in ours {
                if !world.newer.contains(&(race_id.clone(), id.clone())) {
                    let exported = theirs.get(id).map(|row| &row.run);
                    prop_assert_eq!(Some(&row.run), exported, "{} in {}", id, race_id);
                }
            }
        }
    }
}
