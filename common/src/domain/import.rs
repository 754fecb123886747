//! A whole XML export, and what it turns a competition into.

use std::{collections::BTreeMap, sync::Arc};

use jiff::civil::Date;

use super::{
    ClassId, EventDetails, MergeStrategy, RaceId, Structure,
    live::{Participants, Rows},
    merge::merge_export,
};

/// Everything about an event that comes from the export, as domain types.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Competition {
    /// Classes, races and courses.
    pub structure: Arc<Structure>,
    /// By class.
    pub participants: BTreeMap<ClassId, Participants>,
    /// By race; every race of the structure has an entry.
    pub rows: BTreeMap<RaceId, Rows>,
}

impl Competition {
    /// Rows and participants of all races and classes in it.
    pub fn row_count(&self) -> usize {
        let rows = self.rows.values().map(Rows::len);
        let participants = self.participants.values().map(Participants::len);
        rows.chain(participants).sum()
    }
}

/// What the export says about the event itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportedDetails {
    /// Second line of the title.
    pub sub_title: Option<String>,
    /// Town.
    pub location: Option<String>,
    /// Course or stadium.
    pub facility: Option<String>,
    /// First day.
    pub start_date: Option<Date>,
    /// Last day.
    pub end_date: Option<Date>,
    /// Such as `Slalom`.
    pub discipline: Option<String>,
}

/// A parsed export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Export {
    /// The first `Events` section.
    pub details: ExportedDetails,
    /// All other sections.
    pub competition: Competition,
}

impl ExportedDetails {
    /// The event's details after the import: the main title stays as it was given at creation.
    pub fn applied_to(&self, details: &EventDetails) -> EventDetails {
        EventDetails {
            main_title: details.main_title.clone(),
            sub_title: self.sub_title.clone(),
            location: self.location.clone(),
            facility: self.facility.clone(),
            start_date: self.start_date,
            end_date: self.end_date,
            discipline: self.discipline.clone(),
        }
    }
}

impl Competition {
    /// The competition after an import of `export` over `self`. The export is complete, so what it
    /// lacks is gone; only start rows that live data made stay while their participant does. Runs
    /// are merged by `strategy`.
    #[must_use]
    pub fn replaced_by(&self, mut export: Self, strategy: MergeStrategy, now_ms: i64) -> Self {
        for race in &export.structure.races {
            let rows = export.rows.entry(race.race_id.clone()).or_default();
            let Some(participants) = export.participants.get(&race.class_id) else {
                continue;
            };
            for (id, known) in self.rows.get(&race.race_id).into_iter().flatten() {
                if let Some(row) = rows.get_mut(id) {
                    if let Some(mark) = &known.live {
                        let row = Arc::make_mut(row);
                        let exported = std::mem::take(&mut row.run);
                        row.run = merge_export(strategy, &known.run, mark, exported, now_ms);
                        row.live = Some(mark.clone());
                    }
                    share_equal(row, known);
                } else if known.added_live && participants.contains_key(id) {
                    rows.insert(id.clone(), Arc::clone(known));
                }
            }
        }
        for (class_id, participants) in &mut export.participants {
            for (id, known) in self.participants.get(class_id).into_iter().flatten() {
                if let Some(participant) = participants.get_mut(id) {
                    share_equal(participant, known);
                }
            }
        }
        export
    }
}

/// Lets `own` be `known` itself where it is the same: whatever compares them later only looks at that.
fn share_equal<T: Eq>(own: &mut Arc<T>, known: &Arc<T>) {
    if own == known {
        *own = Arc::clone(known);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Competition;
    use crate::domain::{
        Hundredths, LiveRow, MergeStrategy, ParticipantId, RaceId, Row, live, merge::LiveRun,
    };

    const ID: &str = "1.K1M";

    fn export(text: &str) -> Competition {
        let head = "<Canoe123Data><Events><EventId>E</EventId></Events><Classes><ClassId>K1M</ClassId></Classes>\
            <Participants><Id>1.K1M</Id><ClassId>K1M</ClassId><EventBib>1</EventBib></Participants>\
            <Schedule><RaceId>R</RaceId><ClassId>K1M</ClassId></Schedule>\
            <Results><RaceId>R</RaceId><Id>1.K1M</Id>";
        let text = format!("{head}{text}</Results></Canoe123Data>");
        crate::c123::parse(&text).expect("an export").0.competition
    }

    fn row(competition: &Competition) -> &Arc<Row> {
        &competition.rows[&RaceId::new("R")][&ParticipantId::new(ID)]
    }

    fn push(competition: &mut Competition, time: u64) {
        let time = Hundredths::new(time);
        let pushed = LiveRow {
            race_id: RaceId::new("R"),
            participant_id: None,
            bib: 1,
            run: LiveRun {
                time,
                pen: None,
                total: time,
                status: None,
                gates: None,
            },
        };
        let participants = competition.participants.values().next().expect("a class");
        let rows = competition.rows.values_mut().next().expect("a race");
        assert_eq!(live::apply(rows, participants, &[pushed], 0).count, 1);
    }

    #[test]
    fn live_data_wins_where_the_strategy_says_so_and_never_where_there_is_none() {
        let exported = "<Time>9000</Time><Total>9000</Total>";
        for (strategy, expected) in [
            (MergeStrategy::Newest, 8_000),
            (MergeStrategy::Live, 8_000),
            (MergeStrategy::Xml, 9_000),
        ] {
            let mut known = export("");
            let untouched = known.replaced_by(export(exported), strategy, 1_000);
            assert_eq!(row(&untouched).run.total, Hundredths::new(9_000));
            push(&mut known, 8_000);
            let merged = known.replaced_by(export(exported), strategy, 1_000);
            assert_eq!(row(&merged).run.total, Hundredths::new(expected));
            assert_eq!(row(&merged).live, row(&known).live);
        }
    }

    #[test]
    fn what_did_not_change_is_shared() {
        let mut known = export("");
        push(&mut known, 8_000);
        let before = Arc::clone(row(&known));
        push(&mut known, 8_000);
        assert!(Arc::ptr_eq(&before, row(&known)), "a repeated live row");
        let again = known.replaced_by(export(""), MergeStrategy::Newest, 0);
        assert!(Arc::ptr_eq(&before, row(&again)), "an exported row");
        let people = |competition: &Competition| {
            let class = competition.participants.values().next();
            Arc::clone(&class.expect("a class")[&ParticipantId::new(ID)])
        };
        assert!(Arc::ptr_eq(&people(&known), &people(&again)));
    }
}
