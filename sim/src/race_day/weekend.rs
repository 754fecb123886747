//! Two days: the second one with a kayak cross and teams.

use rand::{SeedableRng, rngs::StdRng};

use super::{Class, HEAT, Kind, Outcome, PAUSE_MS, Race, RaceDay, Run, Size, live, names};
use crate::race_day::COURSE;

/// Who does not reach the heats.
const FINALISTS: usize = 2 * HEAT;

impl RaceDay {
    /// The day of that seed, and a second one: the time trial of a kayak cross, a race of teams, the cross's heats and
    /// its result.
    pub fn weekend(seed: u64, size: Size) -> Self {
        let mut day = Self::new(seed, size);
        let mut random = StdRng::seed_from_u64(seed ^ 0x0c05);
        let begins = day.ends_at_ms() + PAUSE_MS;
        day.second_day_at_ms = Some(begins);
        let teams = names::teams(&day.classes[0]);
        let cross = names::cross(&mut random, size.starts_per_class.max(FINALISTS + 2));
        let (teams_at, cross_at) = (day.classes.len(), day.classes.len() + 1);

        let trial = timed(&cross, cross_at, "XT", begins, size, &mut |start| {
            let run = Run::random(&mut random, start, COURSE);
            // Touches are nothing in a cross; a missed gate is a fault.
            let penalties = run.penalties.iter().map(|p| if *p == 50 { 50 } else { 0 });
            Run {
                penalties: penalties.collect(),
                ..run
            }
        });
        let after_trial = trial.ends_at_ms() + PAUSE_MS;
        let team_race = timed(&teams, teams_at, "TSR", after_trial, size, &mut |start| {
            let mut boats = (0..3).map(|_| Run::random(&mut random, start, COURSE));
            let first = boats.next().expect("three boats");
            boats.fold(first, Run::together)
        });
        let heats_at = team_race.ends_at_ms() + PAUSE_MS;
        let heats = heats(&trial, cross_at, heats_at, &mut random);
        let overall = overall(&trial, &heats, cross_at);
        day.classes.extend([teams, cross]);
        day.races.extend([trial, team_race, heats, overall]);
        day
    }
}

fn timed(
    class: &Class,
    index: usize,
    discipline: &'static str,
    starts_at_ms: u64,
    size: Size,
    run: &mut dyn FnMut(u64) -> Run,
) -> Race {
    let starts = 0..class.athletes.len() as u64;
    Race {
        race_id: format!("{}_{discipline}_21", class.class_id),
        class: index,
        discipline,
        kind: if discipline == "XT" {
            Kind::CrossTrial
        } else {
            Kind::Timed
        },
        starts_at_ms,
        starters: (0..class.athletes.len()).collect(),
        bibs: class
            .athletes
            .iter()
            .map(super::Athlete::bib_text)
            .collect(),
        runs: starts
            .map(|order| run(starts_at_ms + order * size.start_interval_ms))
            .collect(),
    }
}

/// Starters of the trial from the best to the last.
fn by_trial(trial: &Race) -> Vec<usize> {
    let mut orders: Vec<usize> = (0..trial.runs.len()).collect();
    orders.sort_by_key(|order| live::merit(trial, &trial.runs[*order]));
    orders
}

fn heats(trial: &Race, class: usize, starts_at_ms: u64, random: &mut StdRng) -> Race {
    let finalists = by_trial(trial);
    let finalists = &finalists[..FINALISTS];
    let run = |place: usize| {
        let heat = (place / HEAT) as u64;
        let run = Run::random(random, starts_at_ms + heat * 2 * PAUSE_MS, COURSE);
        Run {
            time_hundredths: run.time_hundredths.max(4_000) + place as u64,
            outcome: Outcome::Finished,
            ..run
        }
    };
    Race {
        race_id: "MX1_XF_21".to_owned(),
        class,
        discipline: "XF",
        kind: Kind::CrossHeats,
        starts_at_ms,
        starters: finalists
            .iter()
            .map(|order| trial.starters[*order])
            .collect(),
        bibs: (1..=finalists.len()).map(|bib| bib.to_string()).collect(),
        runs: (0..finalists.len()).map(run).collect(),
    }
}

fn overall(trial: &Race, heats: &Race, class: usize) -> Race {
    let ends_at_ms = heats.ends_at_ms();
    let mut finalists: Vec<usize> = (0..heats.runs.len()).collect();
    finalists.sort_by_key(|order| live::rank_in_heats(heats, *order));
    let finalists = finalists
        .into_iter()
        .map(|order| (heats.starters[order], heats.bibs[order].clone()));
    let others = by_trial(trial).into_iter().skip(heats.runs.len());
    let others = others.map(|order| (trial.starters[order], format!("t {:>4}", trial.bibs[order])));
    let (starters, bibs): (Vec<_>, Vec<_>) = finalists.chain(others).unzip();
    let runs = starters.iter().map(|starter| Run {
        // The time of the trial stands in the result of those who went no further.
        starts_at_ms: ends_at_ms,
        ..trial.runs[*starter].clone()
    });
    Race {
        race_id: "MX1_XER_21".to_owned(),
        class,
        discipline: "XER",
        kind: Kind::CrossOverall,
        starts_at_ms: ends_at_ms,
        runs: runs.collect(),
        starters,
        bibs,
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, RaceDay, Size};

    #[test]
    fn a_weekend_has_a_cross_and_teams_on_its_second_day() {
        let day = RaceDay::weekend(3, Size::default());
        let kinds: Vec<Kind> = day.races.iter().map(|race| race.kind).collect();
        assert_eq!(
            kinds[kinds.len() - 4..],
            [
                Kind::CrossTrial,
                Kind::Timed,
                Kind::CrossHeats,
                Kind::CrossOverall
            ]
        );
        let xml = day.export_xml(day.ends_at_ms() + 1);
        for expected in [
            ">   A</Bib>",
            "<Bib>t ",
            "<Member1>",
            "<HeatNr>2</HeatNr>",
            "2026-06-21T09:20:00",
        ] {
            assert!(xml.contains(expected), "{expected}");
        }
        assert_eq!(RaceDay::new(3, Size::default()).second_day_at_ms, None);
    }
}
