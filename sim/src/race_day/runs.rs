//! How one run goes.

use rand::{RngExt, rngs::StdRng};

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With a result.
    Finished,
    /// It never began.
    DidNotStart,
    /// Before the finish line.
    DidNotFinish,
    /// Raced to the end, then disqualified.
    Disqualified,
}

impl Outcome {
    /// The timing system's word; a result has none.
    pub fn status(self) -> Option<&'static str> {
        match self {
            Self::Finished => None,
            Self::DidNotStart => Some("DNS"),
            Self::DidNotFinish => Some("DNF"),
            Self::Disqualified => Some("DSQ"),
        }
    }
}

/// One boat's run, decided before it starts.
#[derive(Debug, Clone)]
pub struct Run {
    /// Ms since the day's first start.
    pub starts_at_ms: u64,
    /// Time on the course in hundredths, until the finish or until the boat gave up.
    pub time_hundredths: u64,
    /// Seconds by gate: 0, 2 or 50.
    pub penalties: Vec<u8>,
    /// How it ends.
    pub outcome: Outcome,
}

impl Run {
    /// A run that could be.
    pub fn random(random: &mut StdRng, starts_at_ms: u64, course: &str) -> Self {
        let gates = course
            .chars()
            .filter(|gate| matches!(gate, 'N' | 'R'))
            .count();
        let penalty = |random: &mut StdRng| match random.random_range(0..100) {
            0..=6 => 2,
            7 => 50,
            _ => 0,
        };
        let outcome = match random.random_range(0..100) {
            0..=2 => Outcome::DidNotStart,
            3..=5 => Outcome::DidNotFinish,
            6 => Outcome::Disqualified,
            _ => Outcome::Finished,
        };
        let full_time = random.random_range(8_200..11_800);
        Self {
            starts_at_ms,
            time_hundredths: match outcome {
                Outcome::DidNotStart => 0,
                Outcome::DidNotFinish => full_time / 2,
                Outcome::Finished | Outcome::Disqualified => full_time,
            },
            penalties: (0..gates).map(|_| penalty(random)).collect(),
            outcome,
        }
    }

    /// Both boats as one: the slower time, all penalties.
    #[must_use]
    pub fn together(self, other: Self) -> Self {
        let penalties = self.penalties.iter().zip(&other.penalties);
        Self {
            time_hundredths: self.time_hundredths.max(other.time_hundredths),
            penalties: penalties.map(|(one, other)| one + other).collect(),
            outcome: if other.outcome == Outcome::Finished {
                self.outcome
            } else {
                other.outcome
            },
            ..self
        }
    }

    /// When the boat leaves the water, or would have started.
    pub fn ends_at_ms(&self) -> u64 {
        self.starts_at_ms + self.time_hundredths * 10
    }

    /// Whether its result is known.
    pub fn is_over(&self, at_ms: u64) -> bool {
        at_ms >= self.ends_at_ms()
    }

    /// Gates passed by then.
    pub fn gates_passed(&self, at_ms: u64) -> usize {
        let elapsed_ms = at_ms.saturating_sub(self.starts_at_ms);
        // A boat that gives up is as fast as the others until then.
        let whole_ms = match self.outcome {
            Outcome::DidNotFinish => self.time_hundredths * 20,
            _ => self.time_hundredths * 10,
        };
        let gates = self.penalties.len() as u64;
        let passed = (elapsed_ms * gates)
            .checked_div(whole_ms)
            .unwrap_or(0)
            .min(gates);
        usize::try_from(passed).unwrap_or(usize::MAX)
    }

    /// Seconds of penalty on the first `gates` gates.
    pub fn penalty_seconds(&self, gates: usize) -> u64 {
        self.penalties
            .iter()
            .take(gates)
            .map(|p| u64::from(*p))
            .sum()
    }

    /// Time and penalties in hundredths.
    pub fn total_hundredths(&self) -> u64 {
        self.time_hundredths + self.penalty_seconds(usize::MAX) * 100
    }
}
