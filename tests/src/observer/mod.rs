//! What spectators, readers and a booth experience of a deployment while parts of it are restarted: everything goes
//! through the one origin, and every refusal, error, hole and silence is counted.

mod booth;
mod reader;
mod spectator;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{SAMPLE_XML, authority::Trust};

/// The race that the booth pushes to, all the time.
const RACE: &str = "K1M_QUA_4";
/// The race that is pushed to now and then, so that a loss is not written over.
const LEDGER_RACE: &str = "K1M_FIN_5";
const LEDGER_BIBS: u64 = 3;
/// How long results may take to be readable.
const READABLE_WITHIN: Duration = Duration::from_secs(30);
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
    /// When each spectator last got something, ms since `began`.
    heard: Vec<Arc<AtomicU64>>,
    began: Instant,
    http: Client,
    api: String,
    event_id: String,
    key: String,
    ledger: u64,
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
        let api = format!("{origin}/api/v1");
        let results_url = format!("{api}/events/{event_id}/results/{RACE}");
        let mut tasks = JoinSet::new();
        tasks.spawn(reader::read(
            results_url,
            trust.clone(),
            Arc::clone(&report),
        ));
        let began = Instant::now();
        let heard: Vec<Arc<AtomicU64>> = (0..spectators).map(|_| Arc::default()).collect();
        for heard in &heard {
            let url = format!("{api}/events/{event_id}/ws");
            let clock = (began, Arc::clone(heard));
            let (trust, report) = (trust.clone(), Arc::clone(&report));
            tasks.spawn(spectator::watch(url, trust, clock, report));
        }
        Ok(Self {
            report,
            booth,
            heard,
            began,
            http,
            api,
            event_id: event_id.to_owned(),
            key,
            ledger: 0,
            _tasks: tasks,
        })
    }

    /// What was seen since the last report; a silence that has not ended counts too.
    ///
    /// # Panics
    ///
    /// When an observer has panicked.
    pub fn report(&self) -> Report {
        let mut report = std::mem::take(&mut *self.report.lock().expect("observers do not panic"));
        let now_ms = millis(self.began);
        let silences = self
            .heard
            .iter()
            .map(|heard| now_ms.saturating_sub(heard.load(Ordering::Relaxed)));
        let longest = Duration::from_millis(silences.max().unwrap_or_default());
        report.longest_gap = report.longest_gap.max(longest);
        report
    }

    /// Pushes results that nothing writes over until the next time.
    ///
    /// # Errors
    ///
    /// When they are not acknowledged.
    pub async fn enter_in_ledger(&mut self) -> Result<(), String> {
        self.ledger += 1;
        let rows: Vec<Value> = (1..=LEDGER_BIBS)
            .map(|bib| json!({ "raceId": LEDGER_RACE, "bib": bib, "time": 9000 + self.ledger, "pen": 0 }))
            .collect();
        let push = self.http.post(format!("{}/ingest/results", self.api));
        let push = push.header("X-API-Key", &self.key);
        sent(push.json(&json!({ "results": rows }))).await.map(drop)
    }
    /// Acknowledged pushes that are not there, in words.
    ///
    /// # Errors
    ///
    /// When the results can't be read for long.
    pub async fn lost(&self) -> Result<Vec<String>, String> {
        let acknowledged = self.booth.acknowledged();
        let times = self.times(RACE).await?;
        // A later push may have been applied and not been answered.
        let of_booth = acknowledged
            .into_iter()
            .filter(|(bib, time)| times.get(bib) < Some(time));
        let mut lost: Vec<String> = of_booth
            .map(|(bib, time)| format!("{time} of {bib} in {RACE}"))
            .collect();
        if self.ledger > 0 {
            let times = self.times(LEDGER_RACE).await?;
            let expected = 9000 + self.ledger;
            let missing = (1..=LEDGER_BIBS).filter(|bib| times.get(bib) != Some(&expected));
            lost.extend(missing.map(|bib| format!("{expected} of {bib} in {LEDGER_RACE}")));
        }
        Ok(lost)
    }

    /// By bib, the times of a race.
    async fn times(&self, race: &str) -> Result<BTreeMap<u64, u64>, String> {
        let url = format!("{}/events/{}/results/{race}", self.api, self.event_id);
        let began = Instant::now();
        let body = loop {
            match sent(self.http.get(&url)).await {
                Ok(body) => break body,
                Err(error) if began.elapsed() > READABLE_WITHIN => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        };
        let rows = body["results"].as_array().cloned().unwrap_or_default();
        let time = |row: &Value| Some((row["bib"].as_u64()?, row["time"].as_u64()?));
        Ok(rows.iter().filter_map(time).collect())
    }
}

/// Milliseconds since then.
fn millis(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
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
    let body = json!({ "eventId": event_id, "mainTitle": "Observed" });
    let created = sent(master(http.post(&admin)).json(&body)).await?;
    let key = created["apiKey"].as_str().unwrap_or_default().to_owned();
    let keyed = |request: reqwest::RequestBuilder| request.header("X-API-Key", &key);
    let import = http.post(format!("{origin}/api/v1/ingest/xml"));
    let xml = json!({ "xml": SAMPLE_XML });
    sent(keyed(import).json(&xml)).await?;
    for status in ["startlist", "running"] {
        let body = json!({ "status": status });
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
