//! How long imports take, and what they keep others waiting.

use std::{
    cell::Cell,
    future::Future,
    time::{Duration, Instant},
};

use sim::race_day::{RaceDay, Size};

use super::{
    pushes::boats,
    table::{head, heading, row},
    timed::{Services, Timed},
};
use crate::Api;

const EVENT: &str = "BESIDE";
/// People of each of three classes, who make five races: an export of 3.6 MB, 3,300 people and 5,500 results.
const LARGE: usize = 1_100;
const IMPORTS: usize = 9;

/// Times imports of a large export, into events that are new and into events that hold it, with boats of
/// another event pushed meanwhile.
///
/// # Panics
///
/// When something is refused.
pub async fn import() {
    heading("Import of a large export");
    head(&["what", "p50 ms", "worst ms"]);
    let services = Services::start().await;
    let api = services.ingest.api();
    let day = RaceDay::new(
        1,
        Size {
            starts_per_class: LARGE,
            start_interval_ms: 1_000,
        },
    );
    let xml = day.export_xml(day.ends_at_ms());
    let mut keys = Vec::new();
    for number in 0..IMPORTS {
        keys.push(api.create(&format!("IMPORT{number}")).await);
    }
    let key = api.create(EVENT).await;
    assert_eq!(api.push_xml(&key, &xml).await.status, 200);
    api.bring_to(EVENT, &key, "running").await;
    let mut took = Timed::default();
    for what in ["into a new event", "unchanged"] {
        let importing = import_each(&api, &keys, &xml);
        let (imports, beside) = beside(&api, &key, &day, importing).await;
        let what = format!("{what}, {:.1} MB", xml.len() as f64 / 1e6);
        row(&[&what, &imports.ms(0.5), &imports.ms(1.0)]);
        took.took.extend(beside.took);
    }
    row(&[
        &"boats of another event meanwhile",
        &took.ms(0.5),
        &took.ms(1.0),
    ]);
}

async fn import_each(api: &Api, keys: &[String], xml: &str) -> Timed {
    let mut took = Vec::new();
    for key in keys {
        let started = Instant::now();
        let answer = api.push_xml(key, xml).await;
        took.push(started.elapsed());
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    Timed { took }
}

/// Pushes boats until `work` is done.
async fn beside<T>(
    api: &Api,
    key: &str,
    day: &RaceDay,
    work: impl Future<Output = T>,
) -> (T, Timed) {
    let is_done = Cell::new(false);
    let pushes = async {
        let mut took = Vec::new();
        while !is_done.get() {
            let boats = boats(day, took.len());
            let started = Instant::now();
            let answer = api.push(key, "/ingest/oncourse", &boats).await;
            took.push(started.elapsed());
            assert_eq!(answer.status, 200, "{}", answer.body);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Timed { took }
    };
    let work = async {
        let done = work.await;
        is_done.set(true);
        done
    };
    tokio::join!(work, pushes)
}
