//! A spectator that rebuilds the whole event from what it receives, over HAProxy, through whatever
//! happens: it comes back with its position, re-reads over REST what it is told to, and notes any hole,
//! double or regression.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::Client;
use serde_json::Value;
use tokio::{task::JoinHandle, time::timeout};

use super::{
    known::Known,
    socket::{Heard, Socket},
};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const RETRY_MAX_MS: u64 = 300;
/// A connection that is silent for so long is given up: gateways ping more often.
const SILENT_MAX: Duration = Duration::from_secs(8);

/// What is seen of a viewer from outside.
#[derive(Debug, Default)]
pub struct Seen {
    pub known: Known,
    /// Races that are still to be read.
    pub reading: usize,
    pub connected: bool,
    pub fulls: u64,
    pub resumed: u64,
    pub violations: Vec<String>,
}

/// A running viewer; dropping it ends it.
pub struct Viewer {
    seen: Arc<Mutex<Seen>>,
    cut: tokio::sync::watch::Sender<u64>,
    task: JoinHandle<()>,
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Viewer {
    /// Starts to watch. `exact` says that the event's structure never changes and no history is lost, so
    /// that whoever comes back must get exactly what it missed; `thrifty` that it asks for compression and
    /// for boats as changes.
    pub fn start(origin: &str, event_id: &str, exact: bool, thrifty: bool) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let cut = tokio::sync::watch::Sender::new(0);
        let watching = Watching {
            origin: origin.to_owned(),
            event_id: event_id.to_owned(),
            exact,
            thrifty,
            http: Client::builder()
                .timeout(CONNECT_WITHIN)
                .build()
                .expect("a client without TLS"),
            seen: Arc::clone(&seen),
            known: Known::default(),
            result_seqs: BTreeMap::new(),
            wanted: BTreeMap::new(),
            log: Vec::new(),
            cut: cut.subscribe(),
        };
        let task = tokio::spawn(watching.run());
        Self { seen, cut, task }
    }

    /// Drops its connection without a goodbye.
    pub fn cut(&self) {
        self.cut.send_modify(|cut| *cut += 1);
    }

    /// Looks at it.
    ///
    /// # Panics
    ///
    /// When it has panicked.
    pub fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().expect("the viewer lives"))
    }
}

struct Watching {
    origin: String,
    event_id: String,
    exact: bool,
    thrifty: bool,
    http: Client,
    seen: Arc<Mutex<Seen>>,
    known: Known,
    /// By race, the position that its rows are at.
    result_seqs: BTreeMap<String, u64>,
    /// Races to be read, with the position that the answer must have reached.
    wanted: BTreeMap<String, u64>,
    /// Result diffs since the last time nothing was wanted: an answer may be older than they are.
    log: Vec<(String, u64, Vec<Value>)>,
    cut: tokio::sync::watch::Receiver<u64>,
}

/// What happened next.
enum Next {
    Message(Value),
    Read(String, Option<Value>),
    Over,
}

impl Watching {
    async fn run(mut self) {
        loop {
            if let Some(socket) = self.connect().await {
                self.watch(socket).await;
            }
            self.publish(false);
            let pause = rand::random_range(10..RETRY_MAX_MS);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    async fn connect(&self) -> Option<Socket> {
        let mut query = Vec::new();
        if self.thrifty {
            query.push("oncourse=delta".to_owned());
        }
        if !self.known.epoch.is_empty() {
            query.push(format!(
                "epoch={}&since={}",
                self.known.epoch, self.known.seq
            ));
        }
        let path = format!("/api/v1/events/{}/ws?{}", self.event_id, query.join("&"));
        let opened = Socket::open(&self.origin, &path, self.thrifty);
        timeout(CONNECT_WITHIN, opened).await.ok()?
    }

    async fn watch(&mut self, mut socket: Socket) {
        let mut fresh = true;
        let mut cut = self.cut.clone();
        cut.mark_unchanged();
        loop {
            let next = tokio::select! {
                heard = timeout(SILENT_MAX, socket.next()) => match heard {
                    Ok(Some(Heard::Message(message))) => Next::Message(message),
                    Ok(Some(Heard::Life)) => continue,
                    _ => Next::Over,
                },
                (race, body) = self.read_next() => Next::Read(race, body),
                _ = cut.changed() => Next::Over,
            };
            match next {
                Next::Over => return,
                Next::Message(message) => {
                    self.take_in(&message, fresh);
                    fresh = false;
                }
                Next::Read(race, body) => self.take_rows(&race, body),
            }
            self.publish(true);
            if self.known.epoch.is_empty() {
                return;
            }
        }
    }

    /// Reads the next race that is wanted; never ends when none is.
    async fn read_next(&self) -> (String, Option<Value>) {
        let Some((race, at_least)) = self.wanted.iter().next() else {
            return std::future::pending().await;
        };
        let path = format!("/api/v1/events/{}/results/{race}", self.event_id);
        let read = self.http.get(format!("{}{path}", self.origin)).send().await;
        let body = async {
            let response = read.ok()?.error_for_status().ok()?;
            let epoch = response
                .headers()
                .get("x-event-epoch")?
                .to_str()
                .ok()?
                .to_owned();
            let position: u64 = response
                .headers()
                .get("x-event-seq")?
                .to_str()
                .ok()?
                .parse()
                .ok()?;
            let body: Value = response.json().await.ok()?;
            // One that is older than what we were told of is of no use.
            (epoch == self.known.epoch && position >= *at_least).then_some(body)
        };
        let body = body.await;
        if body.is_none() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        (race.clone(), body)
    }

    fn take_rows(&mut self, race: &str, body: Option<Value>) {
        let Some(body) = body else {
            return;
        };
        let seq = body["seq"].as_u64().unwrap_or(0);
        let rows = body["results"].as_array().cloned().unwrap_or_default();
        let rows = rows
            .into_iter()
            .map(|row| (row["bib"].as_u64().unwrap_or(0), row));
        self.known.results.insert(race.to_owned(), rows.collect());
        self.wanted.remove(race);
        self.result_seqs.insert(race.to_owned(), seq);
        let later: Vec<_> = self
            .log
            .iter()
            .filter(|(of, at, _)| of == race && *at > seq)
            .cloned()
            .collect();
        for (race, at, rows) in later {
            self.upsert(&race, at, &rows);
        }
        if self.wanted.is_empty() {
            self.log.clear();
        }
    }

    fn upsert(&mut self, race: &str, seq: u64, rows: &[Value]) {
        let known = self.known.results.entry(race.to_owned()).or_default();
        for row in rows {
            known.insert(row["bib"].as_u64().unwrap_or(0), row.clone());
        }
        self.result_seqs.insert(race.to_owned(), seq);
    }

    fn take_in(&mut self, message: &Value, fresh: bool) {
        let seq = message["seq"].as_u64().unwrap_or(0);
        let known = self.known.seq;
        match message["type"].as_str() {
            Some("full") => self.take_full(message, seq),
            Some("resumed") => {
                let missed = message["missed"].as_u64().unwrap_or(u64::MAX);
                if !fresh || seq != known.wrapping_add(missed) {
                    self.violate(format!(
                        "resumed to {seq} with {missed} missed after {known}"
                    ));
                }
                self.note(|seen| seen.resumed += 1);
            }
            Some("diff") => {
                if fresh || seq != known + 1 {
                    self.violate(format!("diff {seq} after {known}, fresh: {fresh}"));
                }
                self.known.seq = seq;
                self.take_diff(&message["data"], seq);
            }
            Some("refresh") => {
                if seq < known {
                    self.violate(format!("refresh {seq} after {known}"));
                }
                self.known.seq = seq;
                // Whoever shows everything comes again from the start.
                self.known.epoch.clear();
            }
            _ => self.violate(format!("an unknown message: {message}")),
        }
    }

    fn take_full(&mut self, message: &Value, seq: u64) {
        let epoch = message["epoch"].as_str().unwrap_or_default();
        let new_epoch = epoch != self.known.epoch;
        if !new_epoch && self.exact {
            let known = self.known.seq;
            self.violate(format!(
                "a full at {seq} where diffs after {known} would do"
            ));
        }
        self.note(|seen| seen.fulls += 1);
        epoch.clone_into(&mut self.known.epoch);
        self.known.seq = seq;
        let data = &message["data"];
        self.known.event = data["event"].clone();
        self.known.classes = data["classes"].clone();
        self.known.categories = data["categories"].clone();
        self.known.oncourse = data["oncourse"].clone();
        let mut races = data["races"].clone();
        let mut ids = BTreeSet::new();
        for race in races.as_array_mut().into_iter().flatten() {
            let id = race["raceId"].as_str().unwrap_or_default().to_owned();
            let results_seq = race["resultsSeq"].as_u64().unwrap_or(0);
            race.as_object_mut().map(|race| race.remove("resultsSeq"));
            let have = self.result_seqs.get(&id).copied();
            if new_epoch || have.is_none_or(|have| have < results_seq) {
                self.wanted.insert(id.clone(), results_seq);
            }
            ids.insert(id);
        }
        self.known.races = races;
        self.known.results.retain(|race, _| ids.contains(race));
        self.wanted.retain(|race, _| ids.contains(race));
        if new_epoch {
            self.log.clear();
        }
    }

    fn take_diff(&mut self, data: &Value, seq: u64) {
        if let Some(race) = data["raceId"].as_str() {
            let rows = data["results"].as_array().cloned().unwrap_or_default();
            if !self.wanted.is_empty() {
                self.log.push((race.to_owned(), seq, rows.clone()));
            }
            self.upsert(race, seq, &rows);
        } else if data["oncourse"].is_array() {
            self.known.oncourse = data["oncourse"].clone();
        } else if self.thrifty && data["oncourseDelta"].is_object() {
            if self.known.take_boats(&data["oncourseDelta"]).is_none() {
                self.violate(format!("unreadable boats: {data}"));
            }
        } else if data["status"].is_string() {
            self.known.event["status"] = data["status"].clone();
        } else {
            self.violate(format!("an unknown diff: {data}"));
        }
    }

    fn violate(&mut self, what: String) {
        let epoch = self.known.epoch.clone();
        self.note(|seen| seen.violations.push(format!("{what} (epoch {epoch})")));
    }

    fn note(&self, change: impl FnOnce(&mut Seen)) {
        if let Ok(mut seen) = self.seen.lock() {
            change(&mut seen);
        }
    }

    fn publish(&self, connected: bool) {
        let reading = self.wanted.len();
        let known = self.known.clone();
        self.note(|seen| {
            seen.known = known;
            seen.reading = reading;
            seen.connected = connected;
        });
    }
}
