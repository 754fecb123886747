//! Two runs of which the better one counts.

use super::{Hundredths, Race, RaceId, ResultStatus, Run, Structure};

/// The export's discipline of first runs.
pub const FIRST: &str = "BR1";
/// The export's discipline of second runs.
pub const SECOND: &str = "BR2";
/// How far two numbers may be apart and still be the same one, in hundredths: exports round.
const SAME_WITHIN: u32 = 2;

/// Whether a race is one of two runs.
pub fn is_best_run(race: &Race) -> bool {
    race.discipline == FIRST || race.discipline == SECOND
}

/// The other run of a best-run race. Ids of the form `{class}_{BR1|BR2}_{day}` name it; races with
/// ids of another form pair by class, discipline and date.
pub fn partner<'a>(structure: &'a Structure, race: &Race) -> Option<&'a Race> {
    let other = match race.discipline.as_str() {
        FIRST => SECOND,
        SECOND => FIRST,
        _ => return None,
    };
    if let Some((class, day)) = standard_form(race) {
        let id = RaceId::new(format!("{class}_{other}_{day}"));
        return structure
            .race(&id)
            .filter(|partner| partner.class_id == race.class_id);
    }
    let date = |race: &Race| {
        race.start_time
            .as_deref()
            .and_then(|time| time.get(..10))
            .map(str::to_owned)
    };
    structure.races.iter().find(|candidate| {
        candidate.class_id == race.class_id
            && candidate.discipline == other
            && standard_form(candidate).is_none()
            && date(candidate) == date(race)
    })
}

/// Class and day of an id of the form `{class}_{discipline}_{day}`.
fn standard_form(race: &Race) -> Option<(&str, &str)> {
    let (front, day) = race.race_id.as_str().rsplit_once('_')?;
    let class = front
        .strip_suffix(race.discipline.as_str())?
        .strip_suffix('_')?;
    Some((class, day))
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
    /// Why there is no place, when no run counts.
    pub status: Option<ResultStatus>,
}

/// A total without a status.
fn clean_total(run: &Run) -> Option<Hundredths> {
    run.total.filter(|_| run.status.is_none())
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
    let best_total = clean_total(run);
    Combined {
        primary: run.clone(),
        previous: None,
        better_run: Some(number),
        best_total,
        status: run.status.filter(|_| best_total.is_none()),
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
            status: None,
        };
    }
    let (better_run, best_total) = match (clean_total(first), clean_total(second)) {
        (Some(one), Some(two)) if two < one => (Some(2), Some(two)),
        (Some(one), _) => (Some(1), Some(one)),
        (None, Some(two)) => (Some(2), Some(two)),
        (None, None) => (None, None),
    };
    Combined {
        primary: second.clone(),
        previous: Some(first.clone()),
        better_run,
        best_total,
        status: second.status.filter(|_| best_total.is_none()),
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
    use super::{Combined, Hundredths, ResultStatus, Run, combine};

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
        let dnf = with_status(ResultStatus::Dnf);
        let first = combine(Some(&dnf), None).expect("there is a run");
        assert_eq!(
            (first.better_run, first.previous.is_none()),
            (Some(1), true)
        );
        assert_eq!(first.status, Some(ResultStatus::Dnf));
        let second = combine(None, Some(&Run::default())).expect("there is a run");
        assert_eq!(best(&second), (Some(2), None));
    }

    #[test]
    fn status_only_when_no_run_is_clean_and_then_run_2_s() {
        let (dns, dsq) = (
            with_status(ResultStatus::Dns),
            with_status(ResultStatus::Dsq),
        );
        let clean = run(9000, 0, 9000);
        assert_eq!(both(&clean, &dns).status, None);
        assert_eq!(best(&both(&dsq, &clean)), (Some(2), Some(9000)));
        assert_eq!(both(&dsq, &dns).status, Some(ResultStatus::Dns));
        assert_eq!(both(&dsq, &Run::default()).status, None);
        assert_eq!(both(&dsq, &dns).better_run, None);
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
