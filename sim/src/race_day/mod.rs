//! A day of racing, made whole from a seed: who starts when, how each run goes gate by gate, and so
//! what the timing system knows at any moment of it.

mod export;
mod live;
mod names;
mod runs;

use rand::{SeedableRng, rngs::StdRng};

pub use live::{LiveResult, OnCourse};
pub use runs::{Outcome, Run};

/// How large the day is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Starts in each class.
    pub starts_per_class: usize,
    /// Ms between two starts.
    pub start_interval_ms: u64,
}

impl Default for Size {
    fn default() -> Self {
        Self {
            starts_per_class: 12,
            start_interval_ms: 40_000,
        }
    }
}

/// A boat class of the day.
#[derive(Debug, Clone)]
pub struct Class {
    /// Such as `K1M_ST`.
    pub class_id: String,
    /// Such as `K1m - střední trať`.
    pub name: String,
    /// Such as `Kajak muži - střední trať`.
    pub long_title: String,
    /// Disciplines raced, in order: `BR1` and `BR2`, or `FIN` alone.
    pub disciplines: &'static [&'static str],
    /// In start order.
    pub athletes: Vec<Athlete>,
}

/// One start of a person or crew.
#[derive(Debug, Clone)]
pub struct Athlete {
    /// Such as `10006.K1M_ST`.
    pub participant_id: String,
    /// The athlete's public number.
    pub icf_id: u32,
    /// Number on the vest.
    pub bib: u32,
    /// In capitals.
    pub family_name: String,
    /// As it is.
    pub given_name: String,
    /// The other one of a crew: family and given name.
    pub partner: Option<(String, String)>,
    /// Club.
    pub club: &'static str,
    /// Year of birth.
    pub year: u32,
    /// Age category.
    pub category: &'static str,
}

/// One scheduled run of a class.
#[derive(Debug, Clone)]
pub struct Race {
    /// Such as `K1M_ST_BR1_20`.
    pub race_id: String,
    /// Index into the classes.
    pub class: usize,
    /// Such as `BR1`.
    pub discipline: &'static str,
    /// First start, ms since the day's first.
    pub starts_at_ms: u64,
    /// By start order, one for each athlete of the class.
    pub runs: Vec<Run>,
}

/// The whole day.
#[derive(Debug, Clone)]
pub struct RaceDay {
    /// In the order of the programme.
    pub classes: Vec<Class>,
    /// In the order of the schedule.
    pub races: Vec<Race>,
    /// Ms between two starts.
    pub start_interval_ms: u64,
}

/// The course of all races: N downstream, R upstream, S separates sections.
pub const COURSE: &str = "NNRNNSRNRNNNRNNSRNRNNRNNRN";
/// Ms between the last finish of a race and the first start of the next one.
const PAUSE_MS: u64 = 60_000;

impl RaceDay {
    /// The day of that seed.
    pub fn new(seed: u64, size: Size) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let classes = names::classes(&mut random, size.starts_per_class);
        let mut races = Vec::new();
        let mut starts_at_ms = 0;
        // All first runs before all second ones, as on a real day.
        for round in 0..2 {
            for (index, class) in classes.iter().enumerate() {
                let Some(discipline) = class.disciplines.get(round) else {
                    continue;
                };
                let runs: Vec<Run> = (0..class.athletes.len())
                    .map(|order| {
                        let start = starts_at_ms + order as u64 * size.start_interval_ms;
                        Run::random(&mut random, start, COURSE)
                    })
                    .collect();
                let ends_at_ms = runs
                    .iter()
                    .map(Run::ends_at_ms)
                    .max()
                    .unwrap_or(starts_at_ms);
                races.push(Race {
                    race_id: format!("{}_{discipline}_20", class.class_id),
                    class: index,
                    discipline,
                    starts_at_ms,
                    runs,
                });
                starts_at_ms = ends_at_ms + PAUSE_MS;
            }
        }
        Self {
            classes,
            races,
            start_interval_ms: size.start_interval_ms,
        }
    }

    /// When the last boat is home, ms since the first start.
    pub fn ends_at_ms(&self) -> u64 {
        let runs = self.races.iter().flat_map(|race| &race.runs);
        runs.map(Run::ends_at_ms).max().unwrap_or(0)
    }

    /// The athlete who starts in that place of a race.
    pub fn athlete(&self, race: &Race, order: usize) -> &Athlete {
        &self.classes[race.class].athletes[order]
    }
}

/// A moment of the day as time of day, `HH:MM:SS.mmm`; the day begins at 9:20.
pub fn time_of_day(at_ms: u64) -> String {
    const FIRST_START_MS: u64 = (9 * 60 + 20) * 60_000;
    let ms = FIRST_START_MS + at_ms;
    let (hours, minutes, seconds) = (ms / 3_600_000 % 24, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}", ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::{RaceDay, Size};

    #[test]
    fn a_seed_makes_the_same_day_and_another_one_another() {
        let xml = |seed| {
            let day = RaceDay::new(seed, Size::default());
            day.export_xml(day.ends_at_ms())
        };
        assert_eq!(xml(7), xml(7));
        assert_ne!(xml(7), xml(8));
    }

    #[test]
    fn the_water_is_empty_before_and_after() {
        let day = RaceDay::new(1, Size::default());
        assert_eq!(day.on_course(day.ends_at_ms() + 60_000).len(), 0);
        let during: usize = (0..day.ends_at_ms())
            .step_by(10_000)
            .map(|at_ms| day.on_course(at_ms).len())
            .sum();
        assert!(during > 0);
    }
}
