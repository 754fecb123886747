//! What spectators, readers and a booth experience of a deployment while parts of it are restarted: everything goes
//! through the one origin, and every refusal, error, hole and silence is counted.

mod booth;
mod reader;
mod spectator;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::Client;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{SAMPLE_XML, authority::Trust};

/// The race that the booth pushes to.
const RACE: &str = "K1M_QUA_4";
/// A request that takes longer counts as failed.
const TIMEOUT: Duration = Duration::from_secs(12);

/// How many of which status.
pub type Errors = BTreeMap<u16, usize>;

/// What was seen since the last report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Connections that nobody took.
    pub refused: usize,
    /// Upgrades that were answered by an error: how many of which status.
    pub upgrade_errors: Errors,
    /// Reads that were answered by an error, or not at all (0).
    pub read_errors: Errors,
    /// Pushes that were answered by an error, or not at all (0).
    pub push_errors: Errors,
    /// Streams that ended, each followed by another connection.
    pub reconnects: usize,
    /// Messages out of turn.
    pub holes: Vec<String>,
    /// The longest time that any spectator waited for the next message.
    pub longest_gap: Duration,
    /// The longest time that no push was acknowledged.
    pub longest_push_gap: Duration,
    /// Pushes that were acknowledged.
    pub pushes: usize,
}

impl Report {
    /// Whether nobody noticed anything but reconnects and short silences.
    pub fn is_clean(&self) -> bool {
        self.refused == 0
            && self.upgrade_errors.is_empty()
            && self.read_errors.is_empty()
            && self.push_errors.is_empty()
            && self.holes.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "refused {}, upgrade errors {:?}, read errors {:?}, push errors {:?}, holes {:?}, reconnects {}, \
             longest gap {} ms, longest without a push {} ms, {} pushes",
            self.refused,
            self.upgrade_errors,
            self.read_errors,
            self.push_errors,
            self.holes,
            self.reconnects,
            self.longest_gap.as_millis(),
            self.longest_push_gap.as_millis(),
            self.pushes,
        )
    }
}

/// What all observers write to.
type Shared = Arc<Mutex<Report>>;

/// A running observation; dropping it ends it.
pub struct Observer {
    report: Shared,
    booth: booth::Booth,
    http: Client,
    results_url: String,
    _tasks: JoinSet<()>,
}

impl Observer {
    /// Creates an event with the admin's password at an origin, brings it to `running`, and starts to push to it, to read it and to
    /// watch it.
    ///
    /// # Errors
    ///
    /// What the server answered instead.
    pub async fn start(
        origin: &str,
        trust: &Trust,
        password: Option<&str>,
        event_id: &str,
        spectators: usize,
    ) -> Result<Self, String> {
        let http = trust.http().timeout(TIMEOUT).build();
        let http = http.map_err(|error| error.to_string())?;
        let key = prepare(&http, origin, password, event_id).await?;
        let report = Shared::default();
        let booth = booth::Booth::start(&http, origin, &key, &report);
        let results_url = format!("{origin}/api/v1/events/{event_id}/results/{RACE}");
        let mut tasks = JoinSet::new();
        tasks.spawn(reader::read(
            results_url.clone(),
            trust.clone(),
            Arc::clone(&report),
        ));
        for _ in 0..spectators {
            let url = format!("{origin}/api/v1/events/{event_id}/ws");
            tasks.spawn(spectator::watch(url, trust.clone(), Arc::clone(&report)));
        }
        Ok(Self {
            report,
            booth,
            http,
            results_url,
            _tasks: tasks,
        })
    }

    /// What was seen since the last report.
    ///
    /// # Panics
    ///
    /// When an observer has panicked.
    pub fn report(&self) -> Report {
        std::mem::take(&mut *self.report.lock().expect("observers do not panic"))
    }

    /// Acknowledged pushes that are not there, each as bib and time.
    ///
    /// # Errors
    ///
    /// When the results can't be read.
    pub async fn lost(&self) -> Result<Vec<(u64, u64)>, String> {
        let acknowledged = self.booth.acknowledged();
        let answer = self.http.get(&self.results_url).send().await;
        let body: Value = match answer {
            Ok(answer) => answer.json().await.map_err(|error| error.to_string())?,
            Err(error) => return Err(error.to_string()),
        };
        let rows = body["results"].as_array().cloned().unwrap_or_default();
        let time_of = |bib: u64| {
            let row = rows.iter().find(|row| row["bib"] == bib)?;
            row["time"].as_u64()
        };
        let lost = acknowledged.into_iter();
        // A later push may have been applied and not been answered.
        Ok(lost
            .filter(|(bib, time)| time_of(*bib) < Some(*time))
            .collect())
    }
}

async fn prepare(
    http: &Client,
    origin: &str,
    password: Option<&str>,
    event_id: &str,
) -> Result<String, String> {
    let admin = format!("{origin}/api/v1/admin/events");
    let master = |request: reqwest::RequestBuilder| match password {
        Some(password) => request.header("X-Master-Key", password),
        None => request,
    };
    // One of an earlier observation may be there.
    let _ = master(http.delete(format!("{admin}/{event_id}")))
        .send()
        .await;
    let body = serde_json::json!({ "eventId": event_id, "mainTitle": "Observed" });
    let created = sent(master(http.post(&admin)).json(&body)).await?;
    let key = created["apiKey"].as_str().unwrap_or_default().to_owned();
    let keyed = |request: reqwest::RequestBuilder| request.header("X-API-Key", &key);
    let import = http.post(format!("{origin}/api/v1/ingest/xml"));
    let xml = serde_json::json!({ "xml": SAMPLE_XML });
    sent(keyed(import).json(&xml)).await?;
    for status in ["startlist", "running"] {
        let body = serde_json::json!({ "status": status });
        let patch = http.patch(format!("{admin}/{event_id}/status"));
        sent(keyed(patch).json(&body)).await?;
    }
    Ok(key)
}

async fn sent(request: reqwest::RequestBuilder) -> Result<Value, String> {
    let answer = request.send().await.map_err(|error| error.to_string())?;
    let status = answer.status();
    let body: Value = answer.json().await.map_err(|error| error.to_string())?;
    if status.is_success() {
        Ok(body)
    } else {
        Err(format!("{status}: {body}"))
    }
}

/// Changes the report.
fn note(report: &Shared, change: impl FnOnce(&mut Report)) {
    change(&mut report.lock().expect("observers do not panic"));
}
