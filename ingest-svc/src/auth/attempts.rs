//! Failed authentications by client address, so that guessing is slow.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::request::Parts;
use common::http::{ApiError, server::PeerAddress};

const WINDOW: Duration = Duration::from_secs(60);
/// Addresses remembered at once; when they are more, the oldest window is forgotten.
const ADDRESSES_MAX: usize = 10_000;

/// Counts failures in windows of a minute.
pub struct Attempts {
    failures_max: u32,
    trust_forwarded: bool,
    by_address: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Clone, Copy)]
struct Window {
    started: Instant,
    failures: u32,
}

impl Attempts {
    /// Refuses an address after `failures_max` failures a minute. With `trust_forwarded` the
    /// address is what the load balancer says.
    pub fn new(failures_max: u32, trust_forwarded: bool) -> Self {
        Self {
            failures_max,
            trust_forwarded,
            by_address: Mutex::default(),
        }
    }

    /// The address that a request came from.
    pub fn client(&self, parts: &Parts) -> IpAddr {
        let forwarded = || {
            // The last one is what our own load balancer added; the others are claims.
            let value = parts
                .headers
                .get_all("x-forwarded-for")
                .iter()
                .next_back()?;
            value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
        };
        let peer = parts.extensions.get::<PeerAddress>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        if self.trust_forwarded {
            forwarded().unwrap_or(peer)
        } else {
            peer
        }
    }

    /// Refuses a client that failed too often.
    pub fn check(&self, client: IpAddr) -> Result<(), ApiError> {
        let windows = self
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match windows.get(&client) {
            Some(window) if window.is_open() && window.failures >= self.failures_max => {
                Err(ApiError::TooManyRequests)
            }
            _ => Ok(()),
        }
    }

    /// Remembers a failure.
    pub fn count_failure(&self, client: IpAddr) {
        let mut windows = self
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= ADDRESSES_MAX && !windows.contains_key(&client) {
            windows.retain(|_, window| window.is_open());
            let oldest = windows.iter().min_by_key(|(_, window)| window.started);
            if let (true, Some((oldest, _))) = (windows.len() >= ADDRESSES_MAX, oldest) {
                let oldest = *oldest;
                windows.remove(&oldest);
            }
        }
        let fresh = Window {
            started: Instant::now(),
            failures: 0,
        };
        let window = windows.entry(client).or_insert(fresh);
        if !window.is_open() {
            *window = fresh;
        }
        window.failures += 1;
    }
}

impl Window {
    fn is_open(&self) -> bool {
        self.started.elapsed() < WINDOW
    }
}
