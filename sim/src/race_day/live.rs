//! What the timing system says live: boats on the water, and results as they come in.

use serde::Serialize;

use super::{HEAT, Kind, Outcome, Race, RaceDay, Run};

/// How long a boat is still shown after its finish, in ms.
const SHOWN_AFTER_FINISH_MS: u64 = 3_000;

/// One boat on the water, as the bridge posts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OnCourse {
    participant_id: String,
    race_id: String,
    bib: Option<u32>,
    name: String,
    club: &'static str,
    position: usize,
    gates: Vec<Option<u8>>,
    dt_start: String,
    dt_finish: Option<String>,
    time: u64,
    pen: u64,
    total: u64,
    rank: Option<usize>,
    ttb_diff: Option<String>,
    ttb_name: Option<String>,
}

/// One result, as the bridge posts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveResult {
    participant_id: String,
    race_id: String,
    bib: Option<u32>,
    rnk: Option<usize>,
    time: Option<u64>,
    pen: Option<u64>,
    total: Option<u64>,
    status: Option<&'static str>,
    cat_id: Option<String>,
    total_behind: Option<String>,
}

impl RaceDay {
    /// The boats on the water, the one nearest to the finish first.
    pub fn on_course(&self, at_ms: u64) -> Vec<OnCourse> {
        let mut boats: Vec<(u64, OnCourse)> = Vec::new();
        for race in self.races.iter().filter(|race| race.has_boats()) {
            for (order, run) in race.runs.iter().enumerate() {
                if is_shown(run, at_ms) {
                    boats.push((run.starts_at_ms, self.boat(race, order, run, at_ms)));
                }
            }
        }
        boats.sort_by_key(|(started, _)| *started);
        let numbered = boats.into_iter().enumerate();
        numbered
            .map(|(index, (_, boat))| OnCourse {
                position: index + 1,
                ..boat
            })
            .collect()
    }

    fn boat(&self, race: &Race, order: usize, run: &Run, at_ms: u64) -> OnCourse {
        let athlete = self.athlete(race, order);
        let finished = run.is_over(at_ms);
        let passed = run.gates_passed(at_ms);
        let penalty = run.penalty_seconds(passed) * 100;
        // The running time comes in whole seconds, the final one in hundredths.
        let running = at_ms.saturating_sub(run.starts_at_ms) / 1000 * 100;
        let time = if finished {
            run.time_hundredths
        } else {
            running
        };
        let leader = leader(race, at_ms);
        let gap = leader.filter(|_| finished).map(|(best, _)| {
            let total = run.total_hundredths();
            let (sign, gap) = if total < best {
                ('-', best - total)
            } else {
                ('+', total - best)
            };
            format!("{sign}{}.{:02}", gap / 100, gap % 100)
        });
        OnCourse {
            participant_id: athlete.participant_id.clone(),
            race_id: race.race_id.clone(),
            bib: race.bib(order),
            name: format!("{} {}", athlete.family_name, athlete.given_name)
                .trim_end()
                .to_owned(),
            club: athlete.club,
            position: 0,
            gates: run
                .penalties
                .iter()
                .enumerate()
                .map(|(gate, penalty)| (gate < passed).then_some(*penalty))
                .collect(),
            dt_start: self.instant(run.starts_at_ms),
            dt_finish: finished.then(|| self.instant(run.ends_at_ms())),
            time,
            pen: penalty,
            total: time + penalty,
            rank: None,
            ttb_diff: gap,
            ttb_name: leader.map(|(_, order)| self.athlete(race, order).family_name.clone()),
        }
    }

    /// Everything that is known of a race: the whole list, as the bridge sends it.
    pub fn results(&self, race: &Race, at_ms: u64) -> Vec<LiveResult> {
        let overall = race.kind == Kind::CrossOverall;
        let runs = race.runs.iter().enumerate();
        let known = runs.filter(|(_, run)| run.is_over(at_ms) && !overall);
        known
            .map(|(order, run)| {
                let athlete = self.athlete(race, order);
                let finished = run.outcome == Outcome::Finished;
                let timed = finished && race.has_boats();
                LiveResult {
                    participant_id: athlete.participant_id.clone(),
                    race_id: race.race_id.clone(),
                    bib: race.bib(order),
                    rnk: rank(race, order, at_ms),
                    time: timed.then_some(run.time_hundredths),
                    pen: timed.then(|| penalty(race, run)),
                    total: timed.then(|| run.time_hundredths + penalty(race, run)),
                    status: run.outcome.status(),
                    cat_id: None,
                    total_behind: None,
                }
            })
            .collect()
    }
}

impl RaceDay {
    fn instant(&self, at_ms: u64) -> String {
        format!("{}T{}+02:00", self.date(at_ms), self.time_of_day(at_ms))
    }
}

fn is_shown(run: &Run, at_ms: u64) -> bool {
    let until = match run.outcome {
        Outcome::DidNotStart => return false,
        Outcome::DidNotFinish => run.ends_at_ms(),
        Outcome::Finished | Outcome::Disqualified => run.ends_at_ms() + SHOWN_AFTER_FINISH_MS,
    };
    (run.starts_at_ms..until).contains(&at_ms)
}

fn finished(race: &Race, at_ms: u64) -> impl Iterator<Item = (u64, usize)> + '_ {
    let runs = race.runs.iter().enumerate();
    runs.filter(move |(_, run)| run.outcome == Outcome::Finished && run.is_over(at_ms))
        .map(|(order, run)| (run.total_hundredths(), order))
}

fn leader(race: &Race, at_ms: u64) -> Option<(u64, usize)> {
    finished(race, at_ms).min()
}

/// Penalties in hundredths; a cross has none.
pub(super) fn penalty(race: &Race, run: &Run) -> u64 {
    match race.kind {
        Kind::Timed => run.penalty_seconds(usize::MAX) * 100,
        _ => 0,
    }
}

/// Missed gates.
pub(super) fn faults(run: &Run) -> usize {
    let missed = |penalty: &u8| usize::from(*penalty == 50);
    run.penalties.iter().map(missed).sum()
}

/// What ranks a run of a timed race; the smaller the better.
pub(super) fn merit(race: &Race, run: &Run) -> (bool, usize, u64) {
    let unranked = run.outcome != Outcome::Finished;
    match race.kind {
        Kind::Timed => (unranked, 0, run.total_hundredths()),
        _ => (unranked, faults(run), run.time_hundredths),
    }
}

/// Place in the heat, counted from 1.
pub(super) fn heat_place(race: &Race, order: usize) -> usize {
    let heat = order / HEAT * HEAT;
    let rivals = &race.runs[heat..(heat + HEAT).min(race.runs.len())];
    let own = race.runs[order].time_hundredths;
    rivals
        .iter()
        .filter(|run| run.time_hundredths < own)
        .count()
        + 1
}

pub(super) fn rank_in_heats(race: &Race, order: usize) -> usize {
    order / HEAT * HEAT + heat_place(race, order)
}

/// The rank at a moment; nothing without one.
pub(super) fn rank(race: &Race, order: usize, at_ms: u64) -> Option<usize> {
    let run = &race.runs[order];
    match race.kind {
        Kind::CrossHeats => Some(rank_in_heats(race, order)),
        Kind::CrossOverall => Some(order + 1),
        Kind::Timed | Kind::CrossTrial => {
            let rivals = race.runs.iter().filter(|other| other.is_over(at_ms));
            let better = rivals.filter(|other| merit(race, other) < merit(race, run));
            (run.outcome == Outcome::Finished).then(|| better.count() + 1)
        }
    }
}
