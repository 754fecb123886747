//! A day of racing, made whole from a seed: who starts when, how each run goes gate by gate, and so
//! what the timing system knows at any moment of it.

mod export;
mod live;
mod names;
mod runs;
mod weekend;

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
    /// Number on the vest; of a team it stands for a letter.
    pub bib: u32,
    /// Participants' ids of a team's members.
    pub members: Vec<String>,
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

/// How a race comes to its places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Each boat alone, by total.
    Timed,
    /// Kayak cross, alone: by missed gates, then time.
    CrossTrial,
    /// Kayak cross, four boats at once: by the order of arrival, the first heat before the second.
    CrossHeats,
    /// Kayak cross, the whole event: finalists, then the others by the time trial.
    CrossOverall,
}

/// Boats in a heat.
pub const HEAT: usize = 4;

/// One scheduled run of a class.
#[derive(Debug, Clone)]
pub struct Race {
    /// Such as `K1M_ST_BR1_20`.
    pub race_id: String,
    /// Index into the classes.
    pub class: usize,
    /// Such as `BR1`.
    pub discipline: &'static str,
    /// How it comes to its places.
    pub kind: Kind,
    /// First start, ms since the day's first.
    pub starts_at_ms: u64,
    /// Who starts, by start order: index into the athletes of the class.
    pub starters: Vec<usize>,
    /// What they wear, as the export has it.
    pub bibs: Vec<String>,
    /// By start order.
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
    /// When the second day begins, ms since the first start, if there is one.
    pub second_day_at_ms: Option<u64>,
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
                let starts = (0..class.athletes.len() as u64)
                    .map(|order| starts_at_ms + order * size.start_interval_ms);
                let runs = starts.map(|start| Run::random(&mut random, start, COURSE));
                let race = Race {
                    race_id: format!("{}_{discipline}_20", class.class_id),
                    class: index,
                    discipline,
                    kind: Kind::Timed,
                    starts_at_ms,
                    starters: (0..class.athletes.len()).collect(),
                    bibs: class.athletes.iter().map(Athlete::bib_text).collect(),
                    runs: runs.collect(),
                };
                starts_at_ms = race.ends_at_ms() + PAUSE_MS;
                races.push(race);
            }
        }
        Self {
            classes,
            races,
            start_interval_ms: size.start_interval_ms,
            second_day_at_ms: None,
        }
    }

    /// When the last boat is home, ms since the first start.
    pub fn ends_at_ms(&self) -> u64 {
        let runs = self.races.iter().flat_map(|race| &race.runs);
        runs.map(Run::ends_at_ms).max().unwrap_or(0)
    }

    /// The athlete who starts in that place of a race.
    pub fn athlete(&self, race: &Race, order: usize) -> &Athlete {
        &self.classes[race.class].athletes[race.starters[order]]
    }

    /// The day of a moment.
    pub fn date(&self, at_ms: u64) -> &'static str {
        if self.second_day_at_ms.is_some_and(|begins| at_ms >= begins) {
            "2026-06-21"
        } else {
            "2026-06-20"
        }
    }

    /// A moment as time of day, `HH:MM:SS.mmm`; each day begins at 9:20.
    pub fn time_of_day(&self, at_ms: u64) -> String {
        const FIRST_START_MS: u64 = (9 * 60 + 20) * 60_000;
        let begins = self.second_day_at_ms.filter(|begins| at_ms >= *begins);
        let ms = FIRST_START_MS + at_ms - begins.unwrap_or(0);
        let (hours, minutes, seconds) = (ms / 3_600_000 % 24, ms / 60_000 % 60, ms / 1000 % 60);
        format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}", ms % 1000)
    }
}

impl Athlete {
    /// What stands on the vest: a number, or a team's letter.
    pub fn bib_text(&self) -> String {
        let letter = char::from_u32(u32::from('A') + self.bib - 1);
        match letter.filter(|_| !self.members.is_empty()) {
            Some(letter) => letter.to_string(),
            None => self.bib.to_string(),
        }
    }
}

impl Race {
    /// When the last boat is home, ms since the first start.
    pub fn ends_at_ms(&self) -> u64 {
        let ends = self.runs.iter().map(Run::ends_at_ms).max();
        ends.unwrap_or(self.starts_at_ms)
    }

    /// Whether its boats are shown on the course, one by one.
    pub fn has_boats(&self) -> bool {
        matches!(self.kind, Kind::Timed | Kind::CrossTrial)
    }

    /// The number on the vest, if it is one.
    pub fn bib(&self, order: usize) -> Option<u32> {
        self.bibs[order].parse().ok()
    }
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
