//! Pushes results one after the other and remembers what was acknowledged.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Client;
use serde_json::json;
use tokio::{sync::watch, task::JoinHandle};

/// The last acknowledged time of each race and bib.
pub type Acknowledged = BTreeMap<(String, u32), u64>;

const PUSH_WITHIN: Duration = Duration::from_secs(12);
const PAUSE: Duration = Duration::from_millis(40);

/// A running writer; dropping it ends it.
pub struct Writer {
    acknowledged: Arc<Mutex<Acknowledged>>,
    task: JoinHandle<()>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Writer {
    /// Starts to push results of these races and bibs, one row at a time, but while it is paused.
    pub fn start(
        origin: &str,
        key: &str,
        races: Vec<String>,
        bibs: u32,
        seed: u64,
        paused: watch::Receiver<bool>,
    ) -> Self {
        let acknowledged = Arc::new(Mutex::new(Acknowledged::new()));
        let writing = write(
            format!("{origin}/api/v1/ingest/results"),
            key.to_owned(),
            (races, bibs),
            StdRng::seed_from_u64(seed),
            paused,
            Arc::clone(&acknowledged),
        );
        Self {
            acknowledged,
            task: tokio::spawn(writing),
        }
    }

    /// Everything that was acknowledged.
    ///
    /// # Panics
    ///
    /// When the writer has panicked.
    pub fn acknowledged(&self) -> Acknowledged {
        self.acknowledged.lock().expect("the writer lives").clone()
    }
}

async fn write(
    url: String,
    key: String,
    (races, bibs): (Vec<String>, u32),
    mut random: StdRng,
    mut paused: watch::Receiver<bool>,
    acknowledged: Arc<Mutex<Acknowledged>>,
) {
    let http = Client::builder().timeout(PUSH_WITHIN).build();
    let http = http.expect("a client without TLS");
    for time in 8000.. {
        let race = races[random.random_range(0..races.len())].clone();
        let bib = random.random_range(1..=bibs);
        let row = json!({ "raceId": race, "bib": bib, "time": time, "pen": 0 });
        let body = json!({ "results": [row] });
        // A push that was not answered may have been applied or not; only a repetition settles it.
        loop {
            let _ = paused.wait_for(|paused| !paused).await;
            let pushed = http
                .post(&url)
                .header("X-API-Key", &key)
                .json(&body)
                .send()
                .await;
            match pushed {
                Ok(response) if response.status().is_success() => break,
                Ok(response) if response.status().is_client_error() => {
                    panic!("a good push was refused: {}", response.status())
                }
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
        if let Ok(mut acknowledged) = acknowledged.lock() {
            acknowledged.insert((race, bib), time);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
