//! Pushes one result after the other, as a booth does: again, where it was not acknowledged.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use reqwest::Client;
use serde_json::json;
use tokio::task::JoinHandle;

use super::{RACE, Shared, note};

const EVERY: Duration = Duration::from_millis(100);
const BIBS: u64 = 3;

/// A running booth; dropping it ends it.
pub(super) struct Booth {
    acknowledged: Arc<Mutex<BTreeMap<u64, u64>>>,
    task: JoinHandle<()>,
}

impl Drop for Booth {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Booth {
    pub fn start(http: &Client, origin: &str, key: &str, report: &Shared) -> Self {
        let acknowledged = Arc::default();
        let url = format!("{origin}/api/v1/ingest/results");
        let (http, key, report) = (http.clone(), key.to_owned(), Arc::clone(report));
        let pushing = push(http, url, key, report, Arc::clone(&acknowledged));
        Self {
            acknowledged,
            task: tokio::spawn(pushing),
        }
    }

    /// The last acknowledged time of each bib.
    pub fn acknowledged(&self) -> BTreeMap<u64, u64> {
        self.acknowledged.lock().expect("it does not panic").clone()
    }
}

async fn push(
    http: Client,
    url: String,
    key: String,
    report: Shared,
    acknowledged: Arc<Mutex<BTreeMap<u64, u64>>>,
) {
    let mut last = Instant::now();
    for time in 8000_u64.. {
        let bib = time % BIBS + 1;
        let row = json!({ "raceId": RACE, "bib": bib, "time": time, "pen": 0 });
        let body = json!({ "results": [row] });
        loop {
            let request = http.post(&url).header("X-API-Key", &key).json(&body);
            let status = match request.send().await {
                Ok(answer) => answer.status().as_u16(),
                Err(_) => 0,
            };
            let waited = last.elapsed();
            note(&report, |report| {
                report.longest_push_gap = report.longest_push_gap.max(waited);
                if status == 200 {
                    report.pushes += 1;
                } else {
                    *report.push_errors.entry(status).or_default() += 1;
                }
            });
            if status == 200 {
                last = Instant::now();
                let mut acknowledged = acknowledged.lock().expect("it does not panic");
                acknowledged.insert(bib, time);
                break;
            }
            tokio::time::sleep(EVERY).await;
        }
        tokio::time::sleep(EVERY).await;
    }
}
