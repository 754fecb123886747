//! The result list of one race, computed from its rows.

use std::collections::HashMap;

use super::views::{ResultDetail, ResultView, gate_views};
use crate::domain::{
    Competition, Course, Participant, Participants, Race, RaceId, Row, Rows,
    ranking::{self, Contender, Standing},
};

/// All that the public results of one race depend on.
#[derive(Debug, Clone, Copy)]
pub struct RaceSheet<'a> {
    /// The race.
    pub race: &'a Race,
    /// Its course, where one is known.
    pub course: Option<&'a Course>,
    /// The participants of its class.
    pub participants: &'a Participants,
    /// Its start rows.
    pub rows: &'a Rows,
}

impl<'a> RaceSheet<'a> {
    /// The sheet of a race of `competition`; nothing when there is no such race.
    pub fn of(competition: &'a Competition, race_id: &RaceId) -> Option<Self> {
        let race = competition.structure.race(race_id)?;
        Some(Self {
            race,
            course: competition.structure.course_of(race),
            participants: competition.participants.get(&race.class_id)?,
            rows: competition.rows.get(race_id)?,
        })
    }

    /// The detailed result rows in the order in which they are listed.
    pub fn results(&self) -> Vec<ResultView> {
        let starts: Vec<(&Row, &Participant)> = self
            .rows
            .iter()
            .filter_map(|(id, row)| Some((row, self.participants.get(id)?)))
            .collect();
        let contenders: Vec<Contender<'_>> = starts
            .iter()
            .map(|(row, participant)| Contender {
                bib: row.bib.or(participant.bib),
                cat_id: participant.cat_id.as_ref(),
                total: row.run.total,
                status: row.run.status,
            })
            .collect();
        ranking::rank(&contenders)
            .into_iter()
            .map(|standing| {
                let (row, participant) = starts[standing.index];
                self.result(row, participant, standing)
            })
            .collect()
    }

    fn result(&self, row: &Row, participant: &Participant, standing: Standing) -> ResultView {
        let (rnk, total_behind) = split(standing.overall);
        let (cat_rnk, cat_total_behind) = split(standing.in_category);
        ResultView {
            rnk,
            bib: row.bib.or(participant.bib),
            athlete_id: participant.athlete_id.clone(),
            name: participant.name.clone(),
            club: participant.club.clone(),
            noc: participant.noc.clone(),
            cat_id: participant.cat_id.clone(),
            cat_rnk,
            time: row.run.time,
            pen: row.run.pen,
            total: row.run.total,
            total_behind,
            cat_total_behind,
            status: row.run.status,
            detail: Some(ResultDetail {
                dt_start: row.run.dt_start.clone(),
                dt_finish: row.run.dt_finish.clone(),
                gates: gate_views(&row.run.gates, self.course),
                course_gate_count: self.course.map(Course::gate_count),
            }),
        }
    }
}

fn split(place: Option<ranking::Place>) -> (Option<u32>, Option<String>) {
    place.map_or((None, None), |place| (Some(place.rank), Some(place.behind)))
}

/// What turns one result list into another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResultsDiff {
    /// Rows to upsert by bib, in their standard shape, in the order of the new list.
    pub changed: Vec<ResultView>,
    /// Whether rows are gone, which an upsert can't say.
    pub removed: bool,
}

/// Compares two detailed lists of one race. A row has changed when anything of its detailed shape
/// has; what is sent of it is the standard shape.
pub fn diff(before: &[ResultView], after: &[ResultView]) -> ResultsDiff {
    let known: HashMap<Option<u32>, &ResultView> = before.iter().map(|r| (r.bib, r)).collect();
    let changed = after
        .iter()
        .filter(|row| known.get(&row.bib) != Some(row))
        .map(|row| ResultView {
            detail: None,
            ..row.clone()
        })
        .collect();
    let kept: std::collections::HashSet<Option<u32>> = after.iter().map(|row| row.bib).collect();
    ResultsDiff {
        changed,
        removed: before.iter().any(|row| !kept.contains(&row.bib)),
    }
}
