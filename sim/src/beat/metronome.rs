//! Makes Eddyline send a steady stream: a race in which the last few boats' times change again and again.

use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::time::sleep_until;

use super::Beat;
use crate::{
    booth::{BoothError, Client, Pace, Plan, Report, Rhythm, prepare},
    race_day::{Race, RaceDay, Size},
};

/// Bytes of a result row in a message, about.
const ROW_BYTES: usize = 255;
/// Bytes of a message around its rows, about.
const HEAD_BYTES: usize = 100;
const STARTS: usize = 60;

/// What to push.
#[derive(Debug, Clone)]
pub struct Metronome {
    /// The event, which is created.
    pub event_id: String,
    /// Messages a second.
    pub rate: u32,
    /// Whether each push is to a best-run race, whose rows are told under both of its runs: two messages.
    pub pairs: bool,
    /// Size of a message, at least about; at most some 13 kB.
    pub bytes: usize,
    /// Until when.
    pub run_for: Duration,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finish<'a> {
    participant_id: &'a str,
    race_id: &'a str,
    bib: u32,
    rnk: usize,
    time: usize,
    pen: usize,
    total: usize,
}

/// Pushes until the time is over, one push after the other; a late one is not left out. Reports how
/// long the answers took.
pub async fn run(mut client: Client, metronome: &Metronome) -> Result<Report, BoothError> {
    let size = Size {
        starts_per_class: STARTS,
        ..Size::default()
    };
    let day = RaceDay::new(1, size);
    let plan = Plan {
        event_id: metronome.event_id.clone(),
        api_key: None,
        replace: true,
        begin_ms: 0,
        pace: Pace::Times(1.0),
        rhythm: Rhythm::default(),
        last_status: String::new(),
        stop_after: None,
        progress: false,
        paused: None,
    };
    prepare(&mut client, &day, &plan).await?;
    let race = race(&day, metronome.pairs);
    client
        .push_results(&finishes(&day, race, STARTS, 0))
        .await?;
    // Not smaller than the floor's, beside which it is measured.
    let rows = metronome
        .bytes
        .saturating_sub(HEAD_BYTES)
        .div_ceil(ROW_BYTES);
    let rows = rows.clamp(1, STARTS - 1);
    let messages = if metronome.pairs { 2 } else { 1 };
    let mut beat = Beat::new((metronome.rate / messages).max(1));
    let started = Instant::now();
    for step in 1.. {
        if started.elapsed() >= metronome.run_for {
            break;
        }
        sleep_until(beat.next_at().max(Instant::now()).into()).await;
        beat.take_one();
        client
            .push_results(&finishes(&day, race, rows, step))
            .await?;
    }
    Ok(client.report())
}

/// The last `rows` of the race, a little slower or faster at each step, in the same order.
fn finishes<'a>(day: &'a RaceDay, race: &'a Race, rows: usize, step: usize) -> Vec<Finish<'a>> {
    let all = day.classes[race.class].athletes.iter().enumerate();
    let last = all.skip(STARTS - rows);
    last.map(|(order, athlete)| {
        let time = 8_000 + order * 50 + step % 40;
        Finish {
            participant_id: &athlete.participant_id,
            race_id: &race.race_id,
            bib: athlete.bib,
            rnk: order + 1,
            time,
            pen: 0,
            total: time,
        }
    })
    .collect()
}

/// A race of a class with one run, or with two.
fn race(day: &RaceDay, best_run: bool) -> &Race {
    let fits = |race: &&Race| (day.classes[race.class].disciplines.len() == 2) == best_run;
    let race = day.races.iter().find(fits);
    race.expect("the day has classes of both kinds")
}
