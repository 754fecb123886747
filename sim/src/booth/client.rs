//! HTTP as the bridge does it: ten seconds a request, retries on what may pass.

use std::{sync::Mutex, time::Duration};

use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};

use super::Report;
use crate::race_day::OnCourse;

const TIMEOUT: Duration = Duration::from_secs(10);
const RETRIES_MAX: u32 = 5;
const FIRST_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why the booth gives up.
#[derive(Debug, thiserror::Error)]
pub enum BoothError {
    /// The server said no.
    #[error("{what}: {status}: {}", body["message"].as_str().unwrap_or("no reason given"))]
    Refused {
        /// The call.
        what: &'static str,
        /// The answer's status.
        status: StatusCode,
        /// The answer.
        body: Value,
    },
    /// The server could not be reached, again and again.
    #[error("{0}")]
    Network(#[from] reqwest::Error),
    /// The event's results are final already.
    #[error(
        "the event is official: nothing can be pushed any more; use another --event-id or --replace"
    )]
    Official,
    /// The event was created without a key.
    #[error("the server answered without an API key")]
    NoKey,
    /// One of the pushers broke.
    #[error("a pusher ended badly: {0}")]
    Pusher(String),
}

/// A booth's connection to a server.
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    master_key: Option<String>,
    event_id: String,
    api_key: String,
    report: Mutex<Report>,
}

impl Client {
    /// For the server at `base_url`, such as `http://localhost:3000`.
    pub fn new(base_url: &str, master_key: Option<String>) -> Result<Self, BoothError> {
        Ok(Self {
            http: crate::http::client().timeout(TIMEOUT).build()?,
            base_url: format!("{}/api/v1", base_url.trim_end_matches('/')),
            master_key,
            event_id: String::new(),
            api_key: String::new(),
            report: Mutex::default(),
        })
    }

    /// The event that everything is pushed to from now on.
    pub fn use_key(&mut self, event_id: &str, api_key: String) {
        event_id.clone_into(&mut self.event_id);
        self.api_key = api_key;
    }

    /// What was sent so far.
    pub fn report(&self) -> Report {
        self.report
            .lock()
            .map_or_else(|e| e.into_inner().clone(), |report| report.clone())
    }

    /// Creates an event.
    pub async fn create_event(&self, body: &Value) -> Result<Value, BoothError> {
        let request = self.admin(Method::POST, "/admin/events").json(body);
        self.send("create", request).await
    }

    /// Deletes an event if there is one.
    pub async fn delete_event(&self, event_id: &str) -> Result<(), BoothError> {
        let request = self.admin(Method::DELETE, &format!("/admin/events/{event_id}"));
        match self.send("delete", request).await {
            Ok(_) => Ok(()),
            Err(BoothError::Refused { status, .. }) if status == StatusCode::NOT_FOUND => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Changes the event's state.
    pub async fn set_status(&self, status: &str) -> Result<(), BoothError> {
        let path = format!("/admin/events/{}/status", self.event_id);
        let request = self
            .keyed(Method::PATCH, &path)
            .json(&json!({ "status": status }));
        self.send("status", request).await.map(drop)
    }

    /// Pushes a complete export.
    pub async fn push_xml(&self, xml: &str) -> Result<(), BoothError> {
        self.push("xml", "/ingest/xml", &json!({ "xml": xml }))
            .await
    }

    /// Pushes the results of a race.
    pub async fn push_results(&self, results: &[impl Serialize]) -> Result<(), BoothError> {
        self.push("results", "/ingest/results", &json!({ "results": results }))
            .await
    }

    /// Pushes the boats on the water.
    pub async fn push_on_course(&self, boats: &[OnCourse]) -> Result<(), BoothError> {
        self.push(
            "oncourse",
            "/ingest/oncourse",
            &json!({ "oncourse": boats }),
        )
        .await
    }

    async fn push(
        &self,
        what: &'static str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<(), BoothError> {
        let request = self.keyed(Method::POST, path).json(body);
        self.send(what, request).await.map(drop)
    }

    fn admin(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}{path}", self.base_url));
        match &self.master_key {
            Some(key) => request.header("X-Master-Key", key),
            None => request,
        }
    }

    fn keyed(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}{path}", self.base_url));
        request.header("X-API-Key", &self.api_key)
    }

    /// Sends, and again while the server may only be away for a moment.
    async fn send(&self, what: &'static str, request: RequestBuilder) -> Result<Value, BoothError> {
        let mut wait = FIRST_RETRY_AFTER;
        for retry in 0.. {
            let again = request.try_clone();
            let started = std::time::Instant::now();
            let answer = request_once(what, again).await;
            self.count(what, started.elapsed(), answer.is_ok());
            let retry_after = match &answer {
                Err((_, retry_after)) if retry < RETRIES_MAX => *retry_after,
                _ => None,
            };
            match (answer, retry_after) {
                (Err(_), Some(asked)) => {
                    tokio::time::sleep(asked.max(wait)).await;
                    wait *= 2;
                }
                (answer, _) => return answer.map_err(|(error, _)| error),
            }
        }
        unreachable!("the loop only ends by returning")
    }

    fn count(&self, what: &'static str, took: Duration, ok: bool) {
        if let Ok(mut report) = self.report.lock() {
            report.count(what, took, ok);
        }
    }
}

/// One try. The error says how long to wait before the next one; `None` when it is final.
async fn request_once(
    what: &'static str,
    request: Option<RequestBuilder>,
) -> Result<Value, (BoothError, Option<Duration>)> {
    let request = request.expect("bodies are in memory and can be sent again");
    let response = request.send().await;
    let response = response.map_err(|error| (error.into(), Some(Duration::ZERO)))?;
    let status = response.status();
    let retry_after = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    let body = response.json().await.unwrap_or(Value::Null);
    if status.is_success() {
        return Ok(body);
    }
    let may_pass = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    let wait = may_pass.then(|| retry_after.unwrap_or_default());
    Err((BoothError::Refused { what, status, body }, wait))
}
