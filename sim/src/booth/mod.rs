//! The timing booth: pushes a race day over HTTP the way the real bridge does.
//!
//! Three pushers run side by side, each with one request in flight at most: boats on the water at
//! most ten times a second and never the same list twice, whole result lists about once a second,
//! the complete export every few seconds while it changes.

mod client;
mod clock;
mod report;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tokio::sync::watch;

pub use client::{BoothError, Client};
pub use clock::Pace;
pub use report::Report;

use crate::race_day::{OnCourse, RaceDay};
use clock::Clock;

/// How often is looked whether the day is over.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const EXPORT_EVERY: Duration = Duration::from_secs(3);

/// How often what has changed is pushed at most.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm {
    /// The boats on the water.
    pub on_course: Duration,
    /// The results of each race.
    pub results: Duration,
}

impl Default for Rhythm {
    /// As the bridge does it.
    fn default() -> Self {
        Self {
            on_course: Duration::from_millis(100),
            results: Duration::from_secs(1),
        }
    }
}

/// What to play, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The event that is pushed to.
    pub event_id: String,
    /// Its key; without one the event is created.
    pub api_key: Option<String>,
    /// Whether an event of that id is deleted first.
    pub replace: bool,
    /// Where in the day it begins, ms since the first start.
    pub begin_ms: u64,
    /// How fast the day goes by.
    pub pace: Pace,
    /// How often things are pushed at most.
    pub rhythm: Rhythm,
    /// The state that the event is left in: `running`, `finished` or `official`.
    pub last_status: String,
    /// Stop after this much real time, however far the day is.
    pub stop_after: Option<Duration>,
    /// Whether a progress bar is shown.
    pub progress: bool,
    /// Nothing is pushed while this is true.
    pub paused: Option<watch::Receiver<bool>>,
}

/// Plays `day` to its end, and reports what was sent and how long the answers took.
pub async fn play(mut client: Client, day: RaceDay, plan: Plan) -> Result<Report, BoothError> {
    prepare(&mut client, &day, &plan).await?;
    let playing = Playing {
        client,
        day,
        clock: Clock::new(plan.pace, plan.begin_ms),
        rhythm: plan.rhythm,
        started: Instant::now(),
        over: AtomicBool::new(false),
        bar: bar(&plan),
        paused: plan.paused.clone(),
    };
    let playing = Arc::new(playing);
    let pushers = [
        tokio::spawn(Arc::clone(&playing).push_on_course()),
        tokio::spawn(Arc::clone(&playing).push_results()),
        tokio::spawn(Arc::clone(&playing).push_exports()),
    ];
    playing.wait(plan.stop_after).await;
    for pusher in pushers {
        pusher
            .await
            .map_err(|error| BoothError::Pusher(error.to_string()))??;
    }
    playing.finish(&plan).await?;
    Ok(playing.client.report())
}

/// Creates the event if need be, and brings it to `running` with its first export.
pub(crate) async fn prepare(
    client: &mut Client,
    day: &RaceDay,
    plan: &Plan,
) -> Result<(), BoothError> {
    let key = match &plan.api_key {
        Some(key) => key.clone(),
        None => create(client, plan).await?,
    };
    client.use_key(&plan.event_id, key);
    client.push_xml(&day.export_xml(plan.begin_ms)).await?;
    let mut status = "draft".to_owned();
    while status != "running" {
        let next = match status.as_str() {
            "draft" => "startlist",
            _ => "running",
        };
        status = match client.set_status(next).await {
            Ok(()) => next.to_owned(),
            // The event was further already: go on from where it is.
            Err(BoothError::Refused { body, .. }) if body["currentStatus"].is_string() => {
                let current = body["currentStatus"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                if current == "official" {
                    return Err(BoothError::Official);
                }
                current
            }
            Err(error) => return Err(error),
        };
    }
    Ok(())
}

async fn create(client: &Client, plan: &Plan) -> Result<String, BoothError> {
    if plan.replace {
        client.delete_event(&plan.event_id).await?;
    }
    let body = json!({
        "eventId": plan.event_id,
        "mainTitle": "Ukázkový závod ve vodním slalomu",
    });
    let created: Value = client.create_event(&body).await?;
    let key = created["apiKey"].as_str().map(str::to_owned);
    key.ok_or(BoothError::NoKey)
}

fn bar(plan: &Plan) -> ProgressBar {
    if !plan.progress {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}");
    let bar = ProgressBar::new(1000);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

struct Playing {
    client: Client,
    day: RaceDay,
    clock: Clock,
    started: Instant,
    over: AtomicBool,
    bar: ProgressBar,
    rhythm: Rhythm,
    paused: Option<watch::Receiver<bool>>,
}

impl Playing {
    /// Ms of race time since the first start, at most the end of the day.
    fn now_ms(&self) -> u64 {
        self.clock.now_ms().min(self.day.ends_at_ms())
    }

    async fn wait_while_paused(&self) {
        if let Some(mut paused) = self.paused.clone() {
            // Whoever pauses it is gone: go on.
            let _ = paused.wait_for(|paused| !paused).await;
        }
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Waits for the end of the day, or for the end of the given time.
    async fn wait(&self, stop_after: Option<Duration>) {
        let end_ms = self.day.ends_at_ms();
        loop {
            let now_ms = self.now_ms();
            self.bar.set_position(now_ms * 1000 / end_ms.max(1));
            self.bar
                .set_message(format!("{} on the water", self.day.on_course(now_ms).len()));
            let stopped = stop_after.is_some_and(|limit| self.started.elapsed() >= limit);
            if now_ms >= end_ms || stopped {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.bar.finish_and_clear();
        self.over.store(true, Ordering::Relaxed);
        self.clock.stop();
    }

    async fn push_on_course(self: Arc<Self>) -> Result<(), BoothError> {
        let mut tick = tokio::time::interval(self.rhythm.on_course);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut last: Option<Vec<OnCourse>> = None;
        while !self.is_over() {
            self.clock.step(self.rhythm.on_course, &mut tick).await;
            self.wait_while_paused().await;
            let boats = self.day.on_course(self.now_ms());
            if last.as_ref() != Some(&boats) {
                self.client.push_on_course(&boats).await?;
                last = Some(boats);
            }
        }
        Ok(())
    }

    async fn push_results(self: Arc<Self>) -> Result<(), BoothError> {
        let mut tick = tokio::time::interval(self.rhythm.results);
        let mut last = vec![Vec::new(); self.day.races.len()];
        while !self.is_over() {
            self.clock.follow(self.rhythm.results, &mut tick).await;
            self.wait_while_paused().await;
            let now_ms = self.now_ms();
            for (race, last) in self.day.races.iter().zip(&mut last) {
                let results = self.day.results(race, now_ms);
                if results != *last {
                    self.client.push_results(&results).await?;
                    *last = results;
                }
            }
        }
        Ok(())
    }

    async fn push_exports(self: Arc<Self>) -> Result<(), BoothError> {
        let mut tick = tokio::time::interval(EXPORT_EVERY);
        let mut last = String::new();
        while !self.is_over() {
            self.clock.follow(EXPORT_EVERY, &mut tick).await;
            self.wait_while_paused().await;
            let xml = self.day.export_xml(self.now_ms());
            if xml != last {
                self.client.push_xml(&xml).await?;
                last = xml;
            }
        }
        Ok(())
    }

    /// The last word on everything, then the state that was asked for.
    async fn finish(&self, plan: &Plan) -> Result<(), BoothError> {
        let at_ms = self.now_ms();
        for race in &self.day.races {
            let results = self.day.results(race, at_ms);
            if !results.is_empty() {
                self.client.push_results(&results).await?;
            }
        }
        self.client.push_xml(&self.day.export_xml(at_ms)).await?;
        self.client.push_on_course(&[]).await?;
        let states: &[&str] = match plan.last_status.as_str() {
            "running" => &[],
            "finished" => &["finished"],
            _ => &["finished", "official"],
        };
        for status in states {
            self.client.set_status(status).await?;
        }
        Ok(())
    }
}
