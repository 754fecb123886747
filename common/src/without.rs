//! Mechanisms that can be left out, so that tests can show what each of them is for: with it a scenario
//! passes, without it the same scenario fails. Not for any other use, so help does not show it.

use clap::{Args, ValueEnum};

use crate::store::FeedWithout;

/// A mechanism against a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mechanism {
    /// History: what was missed can be told by diffs.
    History,
    /// Position checks: a room that hears nothing finds out what it missed.
    PositionChecks,
    /// Atomic commit: rows never change without their message.
    AtomicCommit,
    /// Leases: seats of a dead gateway come back.
    Leases,
    /// Probes: a deaf subscription is found out.
    Probes,
    /// A new epoch after a failover: lost seqs are never handed out again.
    NewEpoch,
    /// Bounded backlogs: a slow spectator is dropped to a refresh.
    BoundedBacklog,
}

/// What is left out.
#[derive(Debug, Clone, Default, Args)]
pub struct Without {
    /// Leaves mechanisms out.
    #[arg(
        long = "without",
        env = "EDDYLINE_WITHOUT",
        value_delimiter = ',',
        hide = true
    )]
    mechanisms: Vec<Mechanism>,
}

impl Without {
    /// Whether a mechanism is left out.
    pub fn has(&self, mechanism: Mechanism) -> bool {
        self.mechanisms.contains(&mechanism)
    }

    /// What the feed leaves out.
    pub fn feed(&self) -> FeedWithout {
        FeedWithout {
            probes: self.has(Mechanism::Probes),
        }
    }

    /// What is left out, for a loud warning at the start.
    pub fn warn(&self) {
        if !self.mechanisms.is_empty() {
            tracing::warn!(mechanisms = ?self.mechanisms, "TEST MODE: mechanisms against faults are left out");
        }
    }
}
