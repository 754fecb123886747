//! The result list of one race, computed from its rows, and for best-run races from those of both
//! runs.

use std::collections::{BTreeSet, HashMap};

use super::{
    result_view::{BestRunView, Further, PrevDetail, ResultDetail, ResultView},
    views::gate_views,
};
use crate::domain::{
    Bib, CatId, Competition, Course, Exported, Hundredths, Participant, ParticipantId,
    Participants, Race, RaceId, ResultStatus, Row, Rows, Run, Scoring,
    best_run::{self, Combined},
    ranking::{self, Contender, Given, Rule, Standing, Tie},
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
    scoring: Scoring,
    listed: Listed<'a>,
}

/// One participant's line before it is ranked.
struct Line<'a> {
    participant: &'a Participant,
    row: &'a Row,
    run: Run,
    course: Option<&'a Course>,
    /// What decides the rank; the run's status forbids one.
    total: Option<Hundredths>,
    tie: Tie,
    given: Given,
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
            scoring: Scoring::of(race),
            listed,
        })
    }

    /// The detailed result rows in the order in which they are listed.
    pub fn results(&self) -> Vec<ResultView> {
        let lines = self.lines();
        let standings = self.standings(&lines);
        let mut lines: Vec<Option<Line<'_>>> = lines.into_iter().map(Some).collect();
        standings
            .into_iter()
            .filter_map(|standing| Some(lines[standing.index].take()?.view(standing)))
            .collect()
    }

    /// Whether the export's places stand where totals would say otherwise: a protest, or a rule that
    /// totals do not tell.
    pub fn is_against_totals(&self) -> bool {
        if self.scoring.is_cross() {
            return false;
        }
        let lines = self.lines();
        let contenders: Vec<Contender<'_>> = lines.iter().map(Line::contender).collect();
        if !ranking::is_given(&contenders) {
            return false;
        }
        let without_given = contenders.iter().map(|contender| Contender {
            given: Given::default(),
            ..*contender
        });
        let without_given: Vec<Contender<'_>> = without_given.collect();
        let rank =
            |standing: &Standing| (standing.index, standing.overall.as_ref().map(|p| p.rank));
        let ranks = |contenders: &[Contender<'_>]| {
            let standings = ranking::rank(contenders, Rule::Totals);
            let mut ranks: Vec<_> = standings.iter().map(rank).collect();
            ranks.sort_unstable();
            ranks
        };
        ranks(&contenders) != ranks(&without_given)
    }

    fn lines(&self) -> Vec<Line<'a>> {
        match self.listed {
            Listed::Single(sheet) => self.single_lines(sheet),
            Listed::BestRun { first, second } => self.best_run_lines(first, second),
        }
    }

    fn standings(&self, lines: &[Line<'_>]) -> Vec<Standing> {
        let contenders: Vec<Contender<'_>> = lines.iter().map(Line::contender).collect();
        let rule = if self.scoring.is_cross() {
            Rule::Given
        } else {
            Rule::Totals
        };
        ranking::rank(&contenders, rule)
    }

    fn single_lines(&self, sheet: Sheet<'a>) -> Vec<Line<'a>> {
        let is_cross = self.scoring.is_cross();
        let mut rows = sheet.rows.values();
        let ranked_by_export = rows.any(|row| row.exported.rank.is_some());
        let rows = sheet.rows.iter();
        rows.filter_map(|(id, row)| {
            let given = if is_cross {
                cross_places(row, ranked_by_export)
            } else {
                places_of_run(row)
            };
            Some(Line {
                participant: self.participants.get(id)?,
                row,
                run: row.run.clone(),
                course: sheet.course,
                total: row.run.total,
                tie: Tie::Exported(given.rank),
                given,
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
            let as_exported = [first_row, second_row].into_iter().flatten();
            let as_exported = as_exported.into_iter().all(|row| row.as_exported);
            let line = BestRunLine {
                participant: self.participants.get(id)?,
                row: second_row.or(first_row)?,
                given: second_row
                    .filter(|_| as_exported)
                    .map(|row| places_of_both(row))
                    .unwrap_or_default(),
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
        let standings = self.standings(&lines).into_iter();
        standings
            .filter_map(|standing| {
                let id = &lines[standing.index].participant.participant_id;
                Some((id.clone(), standing.overall?.rank))
            })
            .collect()
    }
}

/// The export's places in one run, which belong to what the export said of it.
fn places_of_run(row: &Row) -> Given {
    let exported = Some(&row.exported).filter(|_| row.as_exported);
    exported.map_or_else(Given::default, |exported| Given {
        rank: exported.rank,
        category_rank: exported.category_rank,
    })
}

/// The export's places by the better of two runs, which stand in the second run's row.
fn places_of_both(second: &Row) -> Given {
    Given {
        rank: second.exported.total_rank,
        category_rank: second.exported.total_category_rank,
    }
}

/// The export's places in a kayak cross; the live ones until it has any for the race.
fn cross_places(row: &Row, ranked_by_export: bool) -> Given {
    let Exported {
        rank,
        category_rank,
        ..
    } = row.exported;
    Given {
        rank: if ranked_by_export {
            rank
        } else {
            row.live_rank
        },
        category_rank,
    }
}

struct BestRunLine<'a> {
    participant: &'a Participant,
    row: &'a Row,
    given: Given,
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
            prev_status: previous.and_then(|run| word(run.status.as_ref())),
            curr_status: word(combined.primary.status.as_ref()),
        };
        let prev = PrevDetail {
            prev_dt_start: previous.and_then(|run| run.dt_start.clone()),
            prev_dt_finish: previous.and_then(|run| run.dt_finish.clone()),
            prev_gates: previous
                .map_or_else(Vec::new, |run| gate_views(&run.gates, self.previous_course)),
        };
        Line {
            participant: self.participant,
            row: self.row,
            total: combined.best_total,
            tie: Tie::OtherRun(combined.other_total),
            given: self.given,
            run: Run {
                status: combined.status,
                ..combined.primary
            },
            course: self.course,
            best_run: Some((view, prev)),
        }
    }
}

fn word(status: Option<&ResultStatus>) -> Option<std::borrow::Cow<'static, str>> {
    status.map(ResultStatus::word)
}

impl Line<'_> {
    fn bib(&self) -> Option<&Bib> {
        self.row.bib.as_ref().or(self.participant.bib.as_ref())
    }

    fn cat_id(&self) -> Option<&CatId> {
        let of_row = self.row.cat_id.as_ref();
        of_row.or(self.participant.cat_id.as_ref())
    }

    fn contender(&self) -> Contender<'_> {
        Contender {
            bib: self.bib(),
            row_id: &self.participant.row_id,
            cat_id: self.cat_id(),
            total: self.total,
            status: self.run.status.as_ref(),
            tie: self.tie,
            given: self.given,
        }
    }

    fn further(&self) -> Further {
        let exported = &self.row.exported;
        let status = self.run.status.as_ref();
        Further {
            status_code: status.and_then(ResultStatus::further_code),
            under_review: self.run.under_review,
            heat: exported.heat,
            heat_place: exported.heat_place,
            faults: exported.faults,
            qualified: exported.qualified.clone(),
            members: self.participant.members.clone(),
        }
    }

    fn view(self, standing: Standing) -> ResultView {
        let (rnk, total_behind) = split(standing.overall);
        let (cat_rnk, cat_total_behind) = split(standing.in_category);
        let (bib, bib_text) = (
            self.bib().and_then(Bib::number),
            self.bib().map(Bib::to_string),
        );
        let (cat_id, further) = (self.cat_id().cloned(), self.further());
        let (best_run, prev) = self.best_run.unzip();
        let participant = self.participant;
        ResultView {
            row_id: participant.row_id.clone(),
            rnk,
            bib,
            bib_text,
            athlete_id: participant.athlete_id.clone(),
            name: participant.name.clone(),
            club: participant.club.clone(),
            noc: participant.noc.clone(),
            cat_id,
            cat_rnk,
            time: self.run.time,
            pen: self.run.pen,
            total: self.run.total,
            total_behind,
            cat_total_behind,
            status: word(self.run.status.as_ref()),
            further,
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
    place.map_or((None, None), |place| (Some(place.rank), place.behind))
}

/// The detailed results of a race; none when there is no such race.
pub fn results_of(competition: &Competition, race_id: &RaceId) -> Vec<ResultView> {
    RaceSheet::of(competition, race_id).map_or_else(Vec::new, |sheet| sheet.results())
}
