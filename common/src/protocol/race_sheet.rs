//! The result list of one race, computed from its rows, and for best-run races from those of both
//! runs.

use std::collections::{BTreeSet, HashMap};

use super::{
    result_view::{BestRunView, PrevDetail, ResultDetail, ResultView},
    views::gate_views,
};
use crate::domain::{
    Competition, Course, Hundredths, Participant, ParticipantId, Participants, Race, RaceId, Row,
    Rows, Run,
    best_run::{self, Combined},
    ranking::{self, Contender, Standing},
};

/// The rows of one race with its course.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sheet<'a> {
    course: Option<&'a Course>,
    rows: &'a Rows,
}

/// Which rows a list is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Listed<'a> {
    Single(Sheet<'a>),
    BestRun {
        first: Option<Sheet<'a>>,
        second: Option<Sheet<'a>>,
    },
}

/// All that the public results of one race depend on: equal sheets have equal results.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RaceSheet<'a> {
    participants: &'a Participants,
    listed: Listed<'a>,
}

/// One participant's line before it is ranked.
struct Line<'a> {
    participant: &'a Participant,
    bib: Option<u32>,
    run: Run,
    course: Option<&'a Course>,
    /// What decides the rank, with the status that forbids one.
    ranked_by: (Option<Hundredths>, Option<crate::domain::ResultStatus>),
    best_run: Option<(BestRunView, PrevDetail)>,
}

impl<'a> RaceSheet<'a> {
    /// The sheet of a race of `competition`, which must hold the rows of its partner run too;
    /// nothing when there is no such race.
    pub fn of(competition: &'a Competition, race_id: &RaceId) -> Option<Self> {
        let structure = &competition.structure;
        let race = structure.race(race_id)?;
        let sheet = |race: &Race| {
            Some(Sheet {
                course: structure.course_of(race),
                rows: competition.rows.get(&race.race_id)?,
            })
        };
        let own = sheet(race)?;
        let partner = || best_run::partner(structure, race).and_then(sheet);
        let listed = match race.discipline.as_str() {
            best_run::FIRST => Listed::BestRun {
                first: Some(own),
                second: partner(),
            },
            best_run::SECOND => Listed::BestRun {
                first: partner(),
                second: Some(own),
            },
            _ => Listed::Single(own),
        };
        Some(Self {
            participants: competition.participants.get(&race.class_id)?,
            listed,
        })
    }

    /// The detailed result rows in the order in which they are listed.
    pub fn results(&self) -> Vec<ResultView> {
        let lines = match self.listed {
            Listed::Single(sheet) => self.single_lines(sheet),
            Listed::BestRun { first, second } => self.best_run_lines(first, second),
        };
        let contenders: Vec<Contender<'_>> = lines.iter().map(Line::contender).collect();
        let standings = ranking::rank(&contenders);
        let mut lines: Vec<Option<Line<'_>>> = lines.into_iter().map(Some).collect();
        standings
            .into_iter()
            .filter_map(|standing| Some(lines[standing.index].take()?.view(standing)))
            .collect()
    }

    fn single_lines(&self, sheet: Sheet<'a>) -> Vec<Line<'a>> {
        let rows = sheet.rows.iter();
        rows.filter_map(|(id, row)| {
            let participant = self.participants.get(id)?;
            Some(Line {
                participant,
                bib: row.bib.or(participant.bib),
                run: row.run.clone(),
                course: sheet.course,
                ranked_by: (row.run.total, row.run.status),
                best_run: None,
            })
        })
        .collect()
    }

    fn best_run_lines(&self, first: Option<Sheet<'a>>, second: Option<Sheet<'a>>) -> Vec<Line<'a>> {
        let sheets = [first, second];
        let ids: BTreeSet<&ParticipantId> = sheets
            .iter()
            .flatten()
            .flat_map(|sheet| sheet.rows.keys())
            .collect();
        let first_ranks = first.map(|sheet| self.ranks(sheet)).unwrap_or_default();
        let lines = ids.into_iter().filter_map(|id| {
            let [first_row, second_row] = sheets.map(|sheet| sheet?.rows.get(id));
            let rows = (first_row, second_row);
            let combined = best_run::combine(rows.0.map(|r| &r.run), rows.1.map(|r| &r.run))?;
            let shown = if second_row.is_some() { second } else { first };
            let line = BestRunLine {
                participant: self.participants.get(id)?,
                row: second_row.or(first_row)?,
                course: shown.and_then(|sheet| sheet.course),
                previous_course: first.and_then(|sheet| sheet.course),
                previous_rank: first_ranks.get(id).copied(),
            };
            Some(line.combine(combined))
        });
        lines.collect()
    }

    /// Ranks in one run alone.
    fn ranks(&self, sheet: Sheet<'a>) -> HashMap<ParticipantId, u32> {
        let lines = self.single_lines(sheet);
        let contenders: Vec<Contender<'_>> = lines.iter().map(Line::contender).collect();
        let standings = ranking::rank(&contenders).into_iter();
        standings
            .filter_map(|standing| {
                let id = &lines[standing.index].participant.participant_id;
                Some((id.clone(), standing.overall?.rank))
            })
            .collect()
    }
}

struct BestRunLine<'a> {
    participant: &'a Participant,
    row: &'a Row,
    course: Option<&'a Course>,
    previous_course: Option<&'a Course>,
    previous_rank: Option<u32>,
}

impl<'a> BestRunLine<'a> {
    fn combine(self, combined: Combined) -> Line<'a> {
        let previous = combined.previous.as_ref();
        let view = BestRunView {
            better_run_nr: combined.better_run,
            total_total: combined.best_total,
            prev_time: previous.and_then(|run| run.time),
            prev_pen: previous.and_then(|run| run.pen),
            prev_total: previous.and_then(|run| run.total),
            prev_rnk: previous.and(self.previous_rank),
            prev_status: previous.and_then(|run| run.status),
            curr_status: combined.primary.status,
        };
        let prev = PrevDetail {
            prev_dt_start: previous.and_then(|run| run.dt_start.clone()),
            prev_dt_finish: previous.and_then(|run| run.dt_finish.clone()),
            prev_gates: previous
                .map_or_else(Vec::new, |run| gate_views(&run.gates, self.previous_course)),
        };
        Line {
            participant: self.participant,
            bib: self.row.bib.or(self.participant.bib),
            ranked_by: (combined.best_total, combined.status),
            run: Run {
                status: combined.status,
                ..combined.primary
            },
            course: self.course,
            best_run: Some((view, prev)),
        }
    }
}

impl<'a> Line<'a> {
    fn contender(&self) -> Contender<'a> {
        let (total, status) = self.ranked_by;
        Contender {
            bib: self.bib,
            cat_id: self.participant.cat_id.as_ref(),
            total,
            status,
        }
    }

    fn view(self, standing: Standing) -> ResultView {
        let (rnk, total_behind) = split(standing.overall);
        let (cat_rnk, cat_total_behind) = split(standing.in_category);
        let (best_run, prev) = self.best_run.unzip();
        let participant = self.participant;
        ResultView {
            rnk,
            bib: self.bib,
            athlete_id: participant.athlete_id.clone(),
            name: participant.name.clone(),
            club: participant.club.clone(),
            noc: participant.noc.clone(),
            cat_id: participant.cat_id.clone(),
            cat_rnk,
            time: self.run.time,
            pen: self.run.pen,
            total: self.run.total,
            total_behind,
            cat_total_behind,
            status: self.run.status,
            best_run,
            detail: Some(ResultDetail {
                gates: gate_views(&self.run.gates, self.course),
                dt_start: self.run.dt_start,
                dt_finish: self.run.dt_finish,
                course_gate_count: self.course.map(Course::gate_count),
                prev,
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
    // A bib may stand twice, or nowhere yet.
    let mut known: HashMap<Option<u32>, Vec<&ResultView>> = HashMap::new();
    for row in before {
        known.entry(row.bib).or_default().push(row);
    }
    let counts = known.iter().map(|(bib, rows)| (*bib, rows.len()));
    let mut left: HashMap<Option<u32>, usize> = counts.collect();
    let mut changed = Vec::new();
    for row in after {
        if let Some(count) = left.get_mut(&row.bib) {
            *count = count.saturating_sub(1);
        }
        if !known.get(&row.bib).is_some_and(|rows| rows.contains(&row)) {
            changed.push(ResultView {
                detail: None,
                ..row.clone()
            });
        }
    }
    ResultsDiff {
        changed,
        removed: left.values().any(|count| *count > 0),
    }
}
