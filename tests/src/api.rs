//! HTTP calls as operators and clients make them.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// An answer with its body read.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body; null when it is not JSON.
    pub body: Value,
}

/// A client of one base URL.
#[derive(Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
}

impl Api {
    /// For `http://host:port`.
    ///
    /// # Panics
    ///
    /// Never in practice: the client has no options that can fail.
    pub fn new(origin: &str) -> Self {
        let builder = sim::http::client().timeout(crate::DEADLINE);
        Self {
            http: builder.build().expect("a client without TLS"),
            base: format!("{origin}/api/v1"),
        }
    }

    /// A request to a path under `/api/v1`.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Sends a request that may fail on the way.
    pub async fn try_send(&self, request: RequestBuilder) -> Result<Answer, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await?;
        Ok(Answer {
            status,
            headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        })
    }

    /// Sends a request that must arrive.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.expect("the server answers")
    }

    /// `GET` of a path.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Creates an event and returns its key.
    ///
    /// # Panics
    ///
    /// When it can't be created.
    pub async fn create(&self, event_id: &str) -> String {
        let body = json!({ "eventId": event_id, "mainTitle": "Závod" });
        let answer = self
            .send(self.request(Method::POST, "/admin/events").json(&body))
            .await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let key = answer.body["apiKey"].as_str();
        key.expect("an answer with a key").to_owned()
    }

    /// Asks for a state.
    pub async fn set_status(&self, event_id: &str, key: &str, status: &str) -> Answer {
        let path = format!("/admin/events/{event_id}/status");
        let request = self.request(Method::PATCH, &path).header("X-API-Key", key);
        self.send(request.json(&json!({ "status": status }))).await
    }

    /// Brings a new event to a state.
    ///
    /// # Panics
    ///
    /// When one of the steps is refused.
    pub async fn bring_to(&self, event_id: &str, key: &str, status: &str) {
        const LIFE: [&str; 5] = ["draft", "startlist", "running", "finished", "official"];
        let steps = LIFE
            .iter()
            .position(|state| *state == status)
            .expect("a state");
        for step in &LIFE[1..=steps] {
            let answer = self.set_status(event_id, key, step).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
    }

    /// Pushes an export.
    pub async fn push_xml(&self, key: &str, xml: &str) -> Answer {
        let request = self
            .request(Method::POST, "/ingest/xml")
            .header("X-API-Key", key);
        let request = request
            .header("Content-Type", "application/xml")
            .body(xml.to_owned());
        self.send(request).await
    }

    /// Pushes a JSON body to an ingest path such as `/ingest/results`.
    pub async fn push(&self, key: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).header("X-API-Key", key);
        self.send(request.json(body)).await
    }

    /// Pushes one result.
    pub async fn push_result(&self, key: &str, race_id: &str, bib: u32, time: u32) -> Answer {
        let row = json!({ "raceId": race_id, "bib": bib, "time": time, "pen": 200 });
        self.push(key, "/ingest/results", &json!({ "results": [row] }))
            .await
    }
}
