//! A race day under fire.
//!
//! Goal: whatever process dies, freezes or is cut off, in whatever order, every spectator ends with the
//! truth, no stream has a hole, a double or a regression, every acknowledged write is there, and seats
//! are exact.
//!
//! Method: a booth plays one event while a writer pushes results to another; viewers of both connect by
//! HAProxy and come back with their position, every second one with compression and boats as changes. Faults of a seeded schedule hit the system one after the
//! other; after each one the writers pause until every viewer has what Redis has.

mod fault;
mod known;
mod socket;
mod truth;
mod viewer;
mod writer;

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

use common::{domain::EventId, store::Store};
use rand::{SeedableRng, rngs::StdRng};
use sim::{
    booth::{Client, Pace, Plan, Rhythm, play},
    race_day::{RaceDay, Size},
};
use tokio::{sync::watch, task::JoinHandle};

use crate::{SAMPLE_XML, Stack, StackConfig, Topology, haproxy::HaProxy};
use fault::Fault;
pub use fault::Kind;
use known::difference;
use viewer::Viewer;
use writer::Writer;

/// The event that the booth plays.
const PLAYED: &str = "PLAYED";
/// The event that the writer pushes to.
const WRITTEN: &str = "WRITTEN";
const EVENTS: [&str; 2] = [PLAYED, WRITTEN];
/// How long everyone may take to have the truth once it is quiet.
const CONVERGE_WITHIN: Duration = Duration::from_secs(25);
/// Seats of the dead come back within a lease, so they are looked at now and then only.
const SEATS_EVERY: usize = 10;
const SEATS_WITHIN: Duration = Duration::from_secs(30);

/// What to do.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// How many faults.
    pub faults: usize,
    /// Makes the schedule.
    pub seed: u64,
    /// Which kinds of faults; those that the topology can have when none is named.
    pub kinds: Vec<Kind>,
    /// How long a fault lasts at most, in ms.
    pub lasts_ms_max: u64,
    /// On which kind of Redis.
    pub topology: Topology,
    /// Viewers of each event.
    pub viewers: usize,
    /// Mechanisms that the services leave out.
    pub without: Vec<String>,
    /// Whether each fault is printed.
    pub verbose: bool,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Summary {
    faults: BTreeMap<String, usize>,
    resumed: u64,
    fulls: u64,
    acknowledged: usize,
    slowest_convergence: Duration,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: usize = self.faults.values().sum();
        writeln!(f, "{total} faults: {:?}", self.faults)?;
        writeln!(
            f,
            "resumed {} times by diffs, {} fulls",
            self.resumed, self.fulls
        )?;
        writeln!(f, "{} rows acknowledged last, all there", self.acknowledged)?;
        let slowest_ms = self.slowest_convergence.as_millis();
        write!(
            f,
            "slowest return to the truth: {slowest_ms} ms after the fault"
        )
    }
}

struct Running {
    stack: Stack,
    balancer: HaProxy,
    store: Store,
    viewers: Vec<(EventId, Vec<Viewer>)>,
    writer: Writer,
    paused: watch::Sender<bool>,
    booth: JoinHandle<String>,
    summary: Summary,
}

/// Runs a schedule; the first divergence is the error.
pub async fn run(schedule: &Schedule) -> Result<Summary, String> {
    let mut random = StdRng::seed_from_u64(schedule.seed);
    let mut running = Running::start(schedule).await;
    running
        .settle()
        .await
        .map_err(|what| format!("before any fault: {what}"))?;
    let kinds = match &schedule.kinds[..] {
        [] => Kind::all_of(schedule.topology),
        kinds => kinds.to_vec(),
    };
    for number in 1..=schedule.faults {
        let fault = Fault::random(&mut random, &kinds, schedule.lasts_ms_max);
        if schedule.verbose {
            println!("{number}: {fault:?}");
        }
        let hit = running.hit(&fault, number).await;
        hit.map_err(|what| format!("seed {}, fault {number}, {fault:?}: {what}", schedule.seed))?;
    }
    let seats = running.check_seats().await;
    seats.map_err(|what| format!("seed {}, at the end: {what}", schedule.seed))?;
    Ok(running.finish())
}

impl Running {
    async fn start(schedule: &Schedule) -> Self {
        let mut flags = Vec::new();
        for mechanism in &schedule.without {
            flags.push(format!("--without={mechanism}"));
        }
        let mut gateway_flags = flags.clone();
        gateway_flags.extend(
            [
                "--drain-delay-seconds=1",
                "--drain-seconds=1",
                "--ping-seconds=3",
            ]
            .map(str::to_owned),
        );
        let config = StackConfig {
            ingests: 2,
            gateways: 3,
            topology: schedule.topology,
            proxied: schedule.topology == Topology::Single,
            ingest_flags: flags,
            gateway_flags,
            ..StackConfig::default()
        };
        let stack = Stack::with(config).await;
        let addresses = |services: &[crate::stack::Service]| -> Vec<String> {
            services
                .iter()
                .map(|service| service.address.clone())
                .collect()
        };
        let balancer =
            HaProxy::start(&addresses(&stack.ingests), &addresses(&stack.gateways)).await;
        let origin = balancer.origin.clone();
        let paused = watch::Sender::new(false);

        let api = stack.ingest();
        let key = api.create(WRITTEN).await;
        api.push_xml(&key, SAMPLE_XML).await;
        api.bring_to(WRITTEN, &key, "running").await;
        let races = ["K1M_QUA_4", "K1M_FIN_5", "K1W_QUA_4"]
            .map(str::to_owned)
            .to_vec();
        let writer = Writer::start(&origin, &key, races, 3, schedule.seed, paused.subscribe());

        let played = api.create(PLAYED).await;
        api.bring_to(PLAYED, &played, "startlist").await;
        let size = Size {
            // A day that is longer than the schedule.
            starts_per_class: 60 + schedule.faults / 5,
            ..Size::default()
        };
        let booth = tokio::spawn(booth(
            origin.clone(),
            played,
            RaceDay::new(schedule.seed, size),
            paused.subscribe(),
        ));

        let viewers = EVENTS.map(|id| {
            let event_id = EventId::parse(id).expect("a valid id");
            let exact = id == WRITTEN && schedule.topology == Topology::Single;
            let viewers = (0..schedule.viewers)
                .map(|number| Viewer::start(&origin, id, exact, number % 2 == 1));
            (event_id, viewers.collect::<Vec<_>>())
        });
        Self {
            store: stack.servers.store(),
            stack,
            balancer,
            viewers: viewers.into(),
            writer,
            paused,
            booth,
            summary: Summary::default(),
        }
    }

    /// Lets a fault happen and everyone find the truth again.
    async fn hit(&mut self, fault: &Fault, number: usize) -> Result<(), String> {
        self.paused.send_replace(false);
        tokio::time::sleep(fault.after).await;
        let all: Vec<Viewer> = self
            .viewers
            .iter_mut()
            .flat_map(|(_, v)| v.drain(..))
            .collect();
        fault
            .happen(&mut self.stack, &mut self.balancer, &all, &self.paused)
            .await;
        let half = all.len() / 2;
        let mut all = all.into_iter();
        self.viewers[0].1 = all.by_ref().take(half).collect();
        self.viewers[1].1 = all.collect();
        *self
            .summary
            .faults
            .entry(format!("{:?}", fault.kind))
            .or_default() += 1;
        self.settle().await?;
        if number.is_multiple_of(SEATS_EVERY) {
            self.check_seats().await?;
        }
        Ok(())
    }

    /// Pauses all writing until every viewer has the truth.
    async fn settle(&mut self) -> Result<(), String> {
        self.paused.send_replace(true);
        let started = Instant::now();
        loop {
            if self.booth.is_finished() {
                return Err("the booth has given up".to_owned());
            }
            let apart = self.apart().await;
            self.check_streams()?;
            let Some(apart) = apart else {
                break;
            };
            if started.elapsed() > CONVERGE_WITHIN {
                return Err(apart);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let took = started.elapsed();
        self.summary.slowest_convergence = self.summary.slowest_convergence.max(took);
        Ok(())
    }

    /// What keeps somebody from the truth; nothing when everyone has it.
    async fn apart(&self) -> Option<String> {
        for (event_id, viewers) in &self.viewers {
            let truth = match truth::read(&self.store, event_id).await {
                Ok(Some(truth)) => truth,
                Ok(None) => return Some(format!("{event_id} does not come to rest")),
                Err(error) => return Some(format!("{event_id} can't be read: {error}")),
            };
            for (number, viewer) in viewers.iter().enumerate() {
                let apart = viewer.seen(|seen| {
                    if !seen.connected {
                        return Some("it is not connected".to_owned());
                    }
                    if seen.reading > 0 {
                        return Some(format!("it still reads {} races", seen.reading));
                    }
                    difference(&seen.known, &truth)
                });
                if let Some(apart) = apart {
                    return Some(format!("viewer {number} of {event_id}: {apart}"));
                }
            }
            if event_id.as_str() == WRITTEN {
                for ((race, bib), time) in self.writer.acknowledged() {
                    let row = truth
                        .results
                        .get(&race)
                        .and_then(|rows| rows.get(&u64::from(bib)));
                    let has = row.and_then(|row| row["time"].as_u64());
                    // A later push may have been applied though nobody heard of it yet.
                    if has.is_none_or(|has| has < time) {
                        return Some(format!(
                            "{race} bib {bib}: {time} was acknowledged, {has:?} is there"
                        ));
                    }
                }
            }
        }
        None
    }

    fn check_streams(&self) -> Result<(), String> {
        for (event_id, viewers) in &self.viewers {
            for viewer in viewers {
                if let Some(violation) = viewer.seen(|seen| seen.violations.first().cloned()) {
                    return Err(format!("a stream of {event_id} is broken: {violation}"));
                }
            }
        }
        Ok(())
    }

    /// As many seats are claimed as there are viewers.
    async fn check_seats(&self) -> Result<(), String> {
        for (event_id, viewers) in &self.viewers {
            let started = Instant::now();
            loop {
                let seats = truth::seats(&self.store, event_id).await;
                if matches!(seats, Ok(seats) if seats == viewers.len()) {
                    break;
                }
                if started.elapsed() > SEATS_WITHIN {
                    return Err(format!(
                        "{seats:?} seats of {event_id} for {} viewers",
                        viewers.len()
                    ));
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Summary {
        let viewers = self.viewers.iter().flat_map(|(_, viewers)| viewers);
        for viewer in viewers {
            viewer.seen(|seen| {
                self.summary.resumed += seen.resumed;
                self.summary.fulls += seen.fulls;
            });
        }
        self.summary.acknowledged = self.writer.acknowledged().len();
        self.booth.abort();
        self.summary
    }
}

/// Plays a long day; ends only when it is refused, and says why.
async fn booth(origin: String, key: String, day: RaceDay, paused: watch::Receiver<bool>) -> String {
    let plan = Plan {
        event_id: PLAYED.to_owned(),
        api_key: Some(key),
        replace: false,
        begin_ms: 0,
        pace: Pace::Times(8.0),
        rhythm: Rhythm::default(),
        last_status: "running".to_owned(),
        stop_after: None,
        progress: false,
        paused: Some(paused),
    };
    let client = Client::new(&origin, None).expect("a client");
    match play(client, day, plan).await {
        Ok(report) => report.to_string(),
        Err(error) => error.to_string(),
    }
}
