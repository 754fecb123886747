//! What kind of race the export's `DisId` says it is.

use super::Race;

/// How the rows of a race come to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scoring {
    /// By total.
    Total,
    /// By the better of two runs.
    BestRun,
    /// Kayak cross: places decide, and only the timing system knows them.
    Cross(Cross),
}

/// What is raced in a kayak cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cross {
    /// Alone against the clock (`XT`).
    TimeTrial,
    /// Heats of boats that start together (`X4`, `XS`, `XF`).
    Heats,
    /// The result of the whole event (`XER`).
    Overall,
    /// A discipline of which only its rows tell whether they are of heats.
    Other,
}

impl Scoring {
    /// By the export's discipline.
    pub fn of(race: &Race) -> Self {
        match race.discipline.as_str() {
            "BR1" | "BR2" => Self::BestRun,
            "X4" | "XS" | "XF" => Self::Cross(Cross::Heats),
            "XER" => Self::Cross(Cross::Overall),
            other if other.starts_with("XT") => Self::Cross(Cross::TimeTrial),
            other if other.starts_with('X') => Self::Cross(Cross::Other),
            _ => Self::Total,
        }
    }

    /// Whether places come from the timing system alone.
    pub fn is_cross(self) -> bool {
        matches!(self, Self::Cross(_))
    }

    /// Whether a live row tells times; in a cross only that of a time trial does.
    pub fn takes_live_times(self) -> bool {
        !self.is_cross() || self == Self::Cross(Cross::TimeTrial)
    }
}
