//! Two runs of which the better one counts.

use std::collections::HashMap;

use super::{Hundredths, Race, RaceId, ResultStatus, Run, Structure};

/// The export's discipline of first runs.
pub const FIRST: &str = "BR1";
/// The export's discipline of second runs.
pub const SECOND: &str = "BR2";
/// How far two numbers may be apart and still be the same one, in hundredths: exports round.
const SAME_WITHIN: u32 = 2;

/// Ids hold their discipline once or twice; more occurrences are somebody's joke.
const OCCURRENCES_MAX: usize = 4;

/// Which runs of an event belong together.
#[derive(Debug, Default)]
pub struct Pairs(HashMap<RaceId, RaceId>);

impl Pairs {
    /// First those whose ids are the same with `BR1` and `BR2` exchanged; then, of one class and date, a first and
    /// a second run that are left over, if they are the only ones.
    pub fn of(races: &[Race]) -> Self {
        let by_id: HashMap<&RaceId, &Race> =
            races.iter().map(|race| (&race.race_id, race)).collect();
        let mut pairs: HashMap<RaceId, RaceId> = races
            .iter()
            .filter_map(|race| Some((race.race_id.clone(), partner_by_id(&by_id, race)?)))
            .collect();
        // Races left over, first and second runs apart.
        let mut left: HashMap<_, [Vec<&Race>; 2]> = HashMap::new();
        for race in races
            .iter()
            .filter(|race| !pairs.contains_key(&race.race_id))
        {
            if let Some(run) = [FIRST, SECOND]
                .iter()
                .position(|run| *run == race.discipline)
            {
                left.entry((&race.class_id, date(race))).or_default()[run].push(race);
            }
        }
        for runs in left.values() {
            if let [&[first], &[second]] = [runs[0].as_slice(), runs[1].as_slice()] {
                pairs.insert(first.race_id.clone(), second.race_id.clone());
                pairs.insert(second.race_id.clone(), first.race_id.clone());
            }
        }
        Self(pairs)
    }
}

/// The other run of a best-run race.
pub fn partner<'a>(structure: &'a Structure, race: &Race) -> Option<&'a Race> {
    structure.race(structure.pairs().0.get(&race.race_id)?)
}

/// The discipline of the other run; nothing when the race is no run of two.
fn other_run(race: &Race) -> Option<&'static str> {
    match race.discipline.as_str() {
        FIRST => Some(SECOND),
        SECOND => Some(FIRST),
        _ => None,
    }
}

fn partner_by_id(races: &HashMap<&RaceId, &Race>, race: &Race) -> Option<RaceId> {
    let other = other_run(race)?;
    let id = race.race_id.as_str();
    let own = race.discipline.as_str();
    let occurrences = id.match_indices(own).take(OCCURRENCES_MAX);
    let mut exchanged = occurrences.filter_map(|(at, _)| {
        let (before, after) = (id.get(..at)?, id.get(at + own.len()..)?);
        let partner = races.get(&RaceId::new(format!("{before}{other}{after}")))?;
        let fits = partner.class_id == race.class_id && partner.discipline == other;
        fits.then(|| partner.race_id.clone())
    });
    exchanged.next()
}

fn date(race: &Race) -> Option<&str> {
    race.start_time.as_deref()?.get(..10)
}

/// What two runs of one participant come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combined {
    /// The run that is shown first: the second one when there are two.
    pub primary: Run,
    /// The first run, when there are two.
    pub previous: Option<Run>,
    /// 1 or 2; `None` when two runs exist and neither counts.
    pub better_run: Option<u8>,
    /// The total of the better run; what is ranked by.
    pub best_total: Option<Hundredths>,
    /// The total of the other run, if that counts too: it decides between equal best totals.
    pub other_total: Option<Hundredths>,
    /// Why there is no place, when no run counts.
    pub status: Option<ResultStatus>,
}

/// Combines the runs that a participant has a start row in, each with or without a result yet.
pub fn combine(first: Option<&Run>, second: Option<&Run>) -> Option<Combined> {
    match (first, second) {
        (Some(first), Some(second)) => Some(combine_both(first, second)),
        (Some(only), None) => Some(alone(only, 1)),
        (None, Some(only)) => Some(alone(only, 2)),
        (None, None) => None,
    }
}

fn alone(run: &Run, number: u8) -> Combined {
    Combined {
        primary: run.clone(),
        previous: None,
        better_run: Some(number),
        best_total: run.clean_total(),
        other_total: None,
        status: run.status.clone(),
    }
}

fn combine_both(first: &Run, second: &Run) -> Combined {
    if carries_first_total(first, second) {
        return Combined {
            primary: Run {
                pen: None,
                total: second.time,
                ..second.clone()
            },
            previous: Some(first.clone()),
            better_run: Some(1),
            best_total: first.total,
            other_total: second.time,
            status: None,
        };
    }
    let totals = (first.clean_total(), second.clean_total());
    let (better_run, best_total, other_total) = match totals {
        (Some(one), Some(two)) if two < one => (Some(2), Some(two), Some(one)),
        (Some(one), two) => (Some(1), Some(one), two),
        (None, Some(two)) => (Some(2), Some(two), None),
        (None, None) => (None, None, None),
    };
    let status = second.status.clone();
    Combined {
        primary: second.clone(),
        previous: Some(first.clone()),
        better_run,
        best_total,
        other_total,
        status: status.filter(|_| best_total.is_none()),
    }
}

/// The known fault of the source: after a second run that was not better, its row can arrive with
/// the first run's penalty and total.
fn carries_first_total(first: &Run, second: &Run) -> bool {
    if first.status.is_some() || second.status.is_some() {
        return false;
    }
    let numbers = (first.total, second.time, second.pen, second.total);
    let (Some(first_total), Some(time), Some(pen), Some(total)) = numbers else {
        return false;
    };
    let off_by = total.get().abs_diff(time.get() + pen.get());
    off_by > SAME_WITHIN && total.get().abs_diff(first_total.get()) <= SAME_WITHIN
}

#[cfg(test)]
mod tests {
    use super::{
        Combined, Hundredths, Race, RaceId, ResultStatus, Run, Structure, combine, partner,
    };
    use crate::domain::ClassId;

    fn run(time: u64, pen: u64, total: u64) -> Run {
        Run {
            time: Hundredths::new(time),
            pen: Hundredths::new(pen),
            total: Hundredths::new(total),
            ..Run::default()
        }
    }

    fn with_status(status: ResultStatus) -> Run {
        Run {
            status: Some(status),
            ..Run::default()
        }
    }

    fn both(first: &Run, second: &Run) -> Combined {
        combine(Some(first), Some(second)).expect("there are runs")
    }

    fn best(combined: &Combined) -> (Option<u8>, Option<u32>) {
        (
            combined.better_run,
            combined.best_total.map(Hundredths::get),
        )
    }

    #[test]
    fn the_smaller_total_counts_and_a_tie_counts_as_run_1() {
        let (fast, slow) = (run(9000, 0, 9000), run(9000, 200, 9200));
        assert_eq!(best(&both(&slow, &fast)), (Some(2), Some(9000)));
        assert_eq!(best(&both(&fast, &slow)), (Some(1), Some(9000)));
        assert_eq!(best(&both(&fast, &fast)), (Some(1), Some(9000)));
    }

    #[test]
    fn both_exist_run_2_is_shown_and_run_1_is_previous() {
        let (first, second) = (run(9000, 0, 9000), Run::default());
        let combined = both(&first, &second);
        assert_eq!((combined.primary, combined.previous), (second, Some(first)));
    }

    #[test]
    fn only_one_run_exists_it_is_the_primary_clean_or_not() {
        let dnf = with_status(ResultStatus::DNF);
        let first = combine(Some(&dnf), None).expect("there is a run");
        assert_eq!(
            (first.better_run, first.previous.is_none()),
            (Some(1), true)
        );
        assert_eq!(first.status, Some(ResultStatus::DNF));
        let second = combine(None, Some(&Run::default())).expect("there is a run");
        assert_eq!(best(&second), (Some(2), None));
    }

    #[test]
    fn status_only_when_no_run_is_clean_and_then_run_2_s() {
        let (dns, dsq) = (
            with_status(ResultStatus::DNS),
            with_status(ResultStatus::DSQ),
        );
        let clean = run(9000, 0, 9000);
        assert_eq!(both(&clean, &dns).status, None);
        assert_eq!(best(&both(&dsq, &clean)), (Some(2), Some(9000)));
        assert_eq!(both(&dsq, &dns).status, Some(ResultStatus::DNS));
        assert_eq!(both(&dsq, &Run::default()).status, None);
        assert_eq!(both(&dsq, &dns).better_run, None);
    }

    fn race(id: &str, discipline: &str, day: &str) -> Race {
        Race {
            race_id: RaceId::new(id),
            class_id: ClassId::new("K1M"),
            discipline: discipline.to_owned(),
            race_order: None,
            start_time: Some(format!("{day}T10:00:00+02:00")),
            start_interval: None,
            course_nr: None,
            race_status: None,
            custom_title: None,
        }
    }

    fn partner_of(races: &[Race], id: &str) -> Option<String> {
        let mut structure = Structure::default();
        structure.races.extend_from_slice(races);
        let race = structure.race(&RaceId::new(id)).expect("a race");
        partner(&structure, race).map(|race| race.race_id.to_string())
    }

    #[test]
    fn runs_pair_by_id_first_and_by_day_only_when_nobody_else_is_left() {
        let groups = [
            race("K1M_BR1_26_JUN", "BR1", "2026-04-26"),
            race("K1M_BR1_26_SEN", "BR1", "2026-04-26"),
            race("K1M_BR2_26_JUN", "BR2", "2026-04-26"),
            race("K1M_BR2_26_SEN", "BR2", "2026-04-26"),
            race("A_K1M-BR1", "BR1", "2026-04-26"),
            race("other second", "BR2", "2026-04-26"),
        ];
        let partner = |id| partner_of(&groups, id);
        assert_eq!(partner("K1M_BR1_26_SEN").as_deref(), Some("K1M_BR2_26_SEN"));
        assert_eq!(partner("K1M_BR2_26_JUN").as_deref(), Some("K1M_BR1_26_JUN"));
        assert_eq!(partner("A_K1M-BR1").as_deref(), Some("other second"));
        let ambiguous = [
            race("first", "BR1", "2026-04-26"),
            race("second", "BR2", "2026-04-26"),
            race("another second", "BR2", "2026-04-26"),
            race("tomorrow", "BR2", "2026-04-27"),
        ];
        for id in ["first", "second", "another second", "tomorrow"] {
            assert_eq!(partner_of(&ambiguous, id), None, "{id}");
        }
    }

    #[test]
    fn the_known_fault_of_the_source_is_undone() {
        let first = run(9000, 0, 9000);
        let combined = both(&first, &run(9150, 0, 9000));
        assert_eq!(best(&combined), (Some(1), Some(9000)));
        assert_eq!(combined.primary.pen, None);
        assert_eq!(combined.primary.total, Hundredths::new(9150));
        // A row that adds up is believed, however close it is to the first run.
        let honest = both(&first, &run(8800, 200, 9001));
        assert_eq!(honest.primary.pen, Hundredths::new(200));
    }
}
