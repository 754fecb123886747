//! File descriptors: as many as the process may have, shared out to what it is configured to hold open.

use std::io;

use tracing::info;

/// Descriptors for everything that is no client's socket: Redis, listeners, event loops, files.
const RESERVED: u64 = 256;

/// Sockets that a process holds open at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sockets {
    /// Of HTTP connections.
    pub http: usize,
    /// Of spectators.
    pub spectators: usize,
}

impl Sockets {
    /// Raises the process's limit as far as it may be raised, and takes `wanted` down in proportion to what fits.
    pub fn that_fit(wanted: Self) -> io::Result<Self> {
        let limit = rlimit::increase_nofile_limit(u64::MAX)?;
        let fitting = wanted.within(limit.saturating_sub(RESERVED));
        let Self { http, spectators } = fitting;
        let reduced = fitting != wanted;
        info!(
            limit,
            http, spectators, reduced, "sockets by the limit of open files"
        );
        Ok(fitting)
    }

    fn within(self, available: u64) -> Self {
        let available = usize::try_from(available).unwrap_or(usize::MAX);
        let wanted = self.http.saturating_add(self.spectators);
        if wanted <= available {
            return self;
        }
        let part = |of: usize| {
            let share = (of as u128 * available as u128) / wanted as u128;
            usize::try_from(share).unwrap_or(of).max(of.min(1))
        };
        Self {
            http: part(self.http),
            spectators: part(self.spectators),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sockets;

    #[test]
    fn what_does_not_fit_is_taken_down_in_proportion() {
        let wanted = Sockets {
            http: 60_000,
            spectators: 50_000,
        };
        assert_eq!(wanted.within(110_000), wanted);
        let fitting = wanted.within(11_000);
        assert_eq!((fitting.http, fitting.spectators), (6_000, 5_000));
        let none = Sockets {
            http: 10,
            spectators: 0,
        };
        assert_eq!((none.within(4).http, none.within(4).spectators), (4, 0));
    }
}
