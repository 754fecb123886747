//! Which moment of the race day it is.

use std::{
    str::FromStr,
    time::{Duration, Instant},
};

use tokio::sync::watch;

/// How fast the day goes by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// So much race time in real time.
    Times(f64),
    /// As fast as the server answers: a tenth of a second for each push of boats on the water.
    AsFastAsAnswered,
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            _ if text == "max" => Ok(Self::AsFastAsAnswered),
            Ok(speed) if speed > 0.0 && speed <= 10_000.0 => Ok(Self::Times(speed)),
            _ => Err("must be a number over 0, at most 10000, or max".to_owned()),
        }
    }
}

/// Race time, ms since the first start.
pub(super) enum Clock {
    Running {
        begin_ms: u64,
        started: Instant,
        speed: f64,
    },
    Stepped(watch::Sender<u64>),
}

impl Clock {
    pub fn new(pace: Pace, begin_ms: u64) -> Self {
        match pace {
            Pace::Times(speed) => Self::Running {
                begin_ms,
                started: Instant::now(),
                speed,
            },
            Pace::AsFastAsAnswered => Self::Stepped(watch::Sender::new(begin_ms)),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a duration times a positive factor"
    )]
    pub fn now_ms(&self) -> u64 {
        match self {
            Self::Running {
                begin_ms,
                started,
                speed,
            } => begin_ms + (started.elapsed().as_secs_f64() * 1000.0 * speed) as u64,
            Self::Stepped(now_ms) => *now_ms.borrow(),
        }
    }

    /// Lets time pass until the next push: by the clock on the wall, or by stepping on.
    pub async fn step(&self, every: Duration, tick: &mut tokio::time::Interval) {
        match self {
            Self::Running { .. } => drop(tick.tick().await),
            Self::Stepped(now_ms) => {
                now_ms.send_modify(|now_ms| *now_ms += millis(every));
                // The others must see the moment before it is over.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Waits for the next push of somebody who does not make time pass.
    pub async fn follow(&self, every: Duration, tick: &mut tokio::time::Interval) {
        match self {
            Self::Running { .. } => drop(tick.tick().await),
            Self::Stepped(now_ms) => {
                let due_ms = *now_ms.borrow() + millis(every);
                let mut changes = now_ms.subscribe();
                // The sender is this clock itself.
                let _ = changes.wait_for(|now_ms| *now_ms >= due_ms).await;
            }
        }
    }

    /// Lets those go on who wait for time to pass, at the end of the day.
    pub fn stop(&self) {
        if let Self::Stepped(now_ms) = self {
            now_ms.send_modify(|now_ms| *now_ms += 1_000_000);
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
