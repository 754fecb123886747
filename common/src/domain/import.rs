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
                    // Without live data the export's row stands as it is, and is not copied.
                    let Some(mark) = &known.live else { continue };
                    let row = Arc::make_mut(row);
                    let exported = std::mem::take(&mut row.run);
                    row.run = merge_export(strategy, &known.run, Some(mark), exported, now_ms);
                    row.live = Some(mark.clone());
                } else if known.added_live && participants.contains_key(id) {
                    rows.insert(id.clone(), Arc::clone(known));
                }
            }
        }
        export
    }
}
