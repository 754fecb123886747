//! A whole XML export, and what it turns a competition into.

use std::{collections::BTreeMap, sync::Arc};

use jiff::civil::Date;

use super::{
    ClassId, EventDetails, MergeStrategy, RaceId, RowIds, Structure,
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
    /// With the names that starts have in public.
    #[must_use]
    pub fn named_by(mut self, row_ids: &RowIds) -> Self {
        for participants in self.participants.values_mut() {
            for (id, participant) in participants {
                Arc::make_mut(participant).row_id = row_ids.of(id);
            }
        }
        self
    }

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
                    if known.live.is_some() {
                        let row = Arc::make_mut(row);
                        let exported = std::mem::replace(&mut row.run, known.run.clone());
                        row.live.clone_from(&known.live);
                        row.live_rank = known.live_rank;
                        row.as_exported = known.as_exported;
                        merge_export(strategy, row, exported, now_ms);
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
        Bib, Hundredths, LiveRow, MergeStrategy, ParticipantId, RaceId, Row, Scoring, live,
        merge::LiveRun,
    };

    const ID: &str = "1.K1M";

    fn export(text: &str) -> Competition {
        let head = "<Canoe123Data><Events><EventId>E</EventId></Events><Classes><ClassId>K1M</ClassId></Classes>\
            <Participants><Id>1.K1M</Id><ClassId>K1M</ClassId><EventBib>1</EventBib></Participants>\
            <Schedule><RaceId>R</RaceId><ClassId>K1M</ClassId></Schedule>\
            <Results><RaceId>R</RaceId><Id>1.K1M</Id>";
        let text = format!("{head}{text}</Results></Canoe123Data>");
        let parsed = crate::c123::parse(&text).expect("an export");
        parsed.export.competition
    }

    fn row(competition: &Competition) -> &Arc<Row> {
        &competition.rows[&RaceId::new("R")][&ParticipantId::new(ID)]
    }

    fn push(competition: &mut Competition, time: u64) {
        let time = Hundredths::new(time);
        let pushed = LiveRow {
            index: 0,
            race_id: RaceId::new("R"),
            participant_id: None,
            bib: Some(Bib::Number(1)),
            rank: None,
            run: LiveRun {
                time,
                total: time,
                ..LiveRun::default()
            },
        };
        let participants = competition.participants.values().next().expect("a class");
        let rows = competition.rows.values_mut().next().expect("a race");
        let applied = live::apply(rows, participants, Scoring::Total, &[pushed], 0);
        assert_eq!(applied.count, 1);
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
