//! Proof that what is published arrives: messages that the process sends to itself, one way round
//! through each server. One that could not be published proves nothing.

use std::time::{Duration, Instant};

use crc16::{State, XMODEM};
use tokio::sync::mpsc;
use tracing::debug;

use crate::store::{Store, keys};

/// Something published this long ago and not heard: the connection is deaf.
const DEAF_AFTER: Duration = Duration::from_secs(6);
/// Clusters have fewer servers than this, each with a range of slots; one probe goes into each part.
const CLUSTER_PARTS: u16 = 16;
const SLOTS: u16 = 16_384;

struct Probe {
    channel: String,
    /// When the first one was published that has not been heard.
    unheard_since: Option<Instant>,
    heard_at: Option<Instant>,
    heard_ms: i64,
}

type Published = (usize, Instant);

/// All probes of a process.
pub(super) struct Probes {
    all: Vec<Probe>,
    /// Which were published, and when that began.
    published: (mpsc::Sender<Published>, mpsc::Receiver<Published>),
    /// Whether hearing anything at all proves that all of it is heard.
    one_server: bool,
}

impl Probes {
    pub fn none() -> Self {
        Self::of(Vec::new(), true)
    }

    pub fn new(store: &Store, process: &str) -> Self {
        if store.is_cluster() {
            Self::of(spread(process), false)
        } else {
            Self::of(vec![keys::probe(process)], true)
        }
    }

    fn of(channels: Vec<String>, one_server: bool) -> Self {
        let probe = |channel| Probe {
            channel,
            unheard_since: None,
            heard_at: None,
            heard_ms: 0,
        };
        Self {
            published: mpsc::channel(channels.len().max(1)),
            all: channels.into_iter().map(probe).collect(),
            one_server,
        }
    }

    pub fn channels(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|probe| probe.channel.as_str())
    }

    /// A new connection starts without guilt.
    pub fn reset(&mut self) {
        while self.published.1.try_recv().is_ok() {}
        for probe in &mut self.all {
            probe.unheard_since = None;
        }
    }

    /// Publishes all of them beside the caller, whom a server that takes long must not stop.
    pub fn send(&self, store: &Store) {
        for (index, probe) in self.all.iter().enumerate() {
            let (store, channel) = (store.clone(), probe.channel.clone());
            let published = self.published.0.clone();
            tokio::spawn(async move {
                let began = Instant::now();
                let mut publish = redis::cmd(store.publish_command());
                publish.arg(channel).arg("probe");
                match store.command::<redis::Value>(&publish).await {
                    // The loop is behind: a later one will do.
                    Ok(_) => drop(published.try_send((index, began))),
                    Err(error) => debug!(%error, "probe not sent"),
                }
            });
        }
    }

    /// Takes note of what was published.
    pub fn note_published(&mut self) {
        while let Ok((index, began)) = self.published.1.try_recv() {
            let probe = &mut self.all[index];
            // It may have been heard long before this note of it is read.
            if probe.heard_at.is_none_or(|heard| heard < began) {
                probe.unheard_since.get_or_insert(began);
            }
        }
    }

    /// Something arrived on a channel.
    pub fn heard(&mut self, channel: &str, now_ms: i64) {
        let one_server = self.one_server;
        let proven = self
            .all
            .iter_mut()
            .filter(|probe| one_server || probe.channel == channel);
        for probe in proven {
            probe.unheard_since = None;
            probe.heard_at = Some(Instant::now());
            probe.heard_ms = now_ms;
        }
    }

    /// Whether something published long ago was not heard.
    pub fn deaf(&self) -> bool {
        let unheard = self.all.iter().filter_map(|probe| probe.unheard_since);
        unheard
            .into_iter()
            .any(|since| since.elapsed() > DEAF_AFTER)
    }

    /// When the server that was silent longest was last heard, ms since 1970.
    pub fn proof_ms(&self) -> Option<i64> {
        self.all.iter().map(|probe| probe.heard_ms).min()
    }
}

/// A channel in each part of the slots.
fn spread(process: &str) -> Vec<String> {
    let part = SLOTS / CLUSTER_PARTS;
    let mut channels = vec![None; usize::from(CLUSTER_PARTS)];
    let names = (0_u32..).map(|number| keys::probe(&format!("{process}:{number}")));
    for name in names {
        // As Redis Cluster maps names to slots; these have no hash tag.
        let slot = State::<XMODEM>::calculate(name.as_bytes()) % SLOTS;
        channels[usize::from(slot / part)].get_or_insert(name);
        if channels.iter().all(Option::is_some) {
            break;
        }
    }
    channels.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::{Probes, spread};

    #[test]
    fn every_part_of_a_cluster_has_a_probe_of_its_own() {
        let channels = spread("abc");
        assert_eq!(channels.len(), 16);
        let mut probes = Probes::of(channels.clone(), false);
        assert_eq!(probes.proof_ms(), Some(0));
        for channel in &channels {
            assert_eq!(probes.proof_ms(), Some(0));
            probes.heard(channel, 5);
        }
        assert_eq!(probes.proof_ms(), Some(5));
    }
}
