//! Seats of spectators, as leases of their gateways.

use std::time::Duration;

use super::{Store, StoreError, keys::EventKeys};
use crate::domain::EventId;

/// What a gateway asks for.
#[derive(Debug, Clone, Copy)]
pub struct SeatRequest<'a> {
    /// Names the room of the process; no two may share it.
    pub gateway: &'a str,
    /// Seats that it holds and keeps.
    pub held: usize,
    /// Seats that it would like to have on top.
    pub wanted: usize,
    /// Seats of an event on all gateways, where it has no number of its own.
    pub max: usize,
    /// How long the answer is good for.
    pub lease: Duration,
}

/// What it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeatAnswer {
    /// Seats of this gateway in all, and of the others.
    Granted {
        /// At least what it held.
        granted: usize,
        /// Under live leases of other gateways.
        others: usize,
        /// How many others have live leases.
        gateways: usize,
        /// Seats of the event on all gateways.
        max: usize,
    },
    /// The event does not exist any more.
    Gone,
}

impl Store {
    /// Takes, keeps and gives back seats in one step. The answer replaces what was known of the
    /// gateway, so a lost or repeated request changes nothing.
    pub async fn seats(
        &self,
        event_id: &EventId,
        incarnation: &str,
        request: SeatRequest<'_>,
    ) -> Result<SeatAnswer, StoreError> {
        let keys = EventKeys::new(event_id);
        let lease_ms = u64::try_from(request.lease.as_millis()).unwrap_or(u64::MAX);
        let mut invocation = self.scripts().seats.prepare_invoke();
        invocation.key(keys.meta()).key(keys.seats());
        invocation
            .arg(incarnation)
            .arg(request.gateway)
            .arg(request.held)
            .arg(request.wanted)
            .arg(request.max)
            .arg(lease_ms);
        let (word, granted, others, gateways, max): (String, usize, usize, usize, usize) =
            self.query(&invocation).await?;
        Ok(match word.as_str() {
            "ok" => SeatAnswer::Granted {
                granted,
                others,
                gateways,
                max,
            },
            _ => SeatAnswer::Gone,
        })
    }
}
