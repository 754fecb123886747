//! A race day half-way, and a browser that looks at it.

use serde_json::{Value, json};
use sim::race_day::{Race, RaceDay, Size};
use system_tests::{
    Api, Stack,
    browser::{Browser, Look},
};

pub const BOATS: usize = 60;
const ROWS: &str = "[...document.querySelectorAll('.lists .result')].map((row) => \
    ['.rank', '.bib', '.name', '.total', '.behind'].map((part) => row.querySelector(part).textContent))";

/// What the page says about its connection.
pub const STATUS: &str = "document.querySelector('.connection').dataset.status";

/// A script that holds back the first answer of a path that contains `part` until `release()`.
pub fn hold_first(part: &str) -> String {
    let script = "const real = window.fetch; window.held = 0; window.fetch = async (...all) => { \
        const answer = await real(...all); \
        if (String(all[0]).includes('PART') && held++ === 0) await new Promise((go) => { window.release = go; }); \
        return answer; };";
    script.replace("PART", part)
}

/// A race day whose second race is being raced.
pub struct Day {
    pub stack: Stack,
    pub key: String,
    pub whole: RaceDay,
    /// What the clock of the day says, ms since the first start.
    pub at_ms: u64,
}

impl Day {
    /// The first run of the first class is over, a third of the second one too.
    pub async fn half_way() -> Self {
        let stack = Stack::start().await;
        let size = Size {
            starts_per_class: BOATS,
            ..Size::default()
        };
        let whole = RaceDay::new(1, size);
        let key = stack.ingest().create("E").await;
        let at_ms = second(&whole).runs[BOATS / 3].starts_at_ms + 30_000;
        stack
            .ingest()
            .push_xml(&key, &whole.export_xml(at_ms))
            .await;
        stack.ingest().bring_to("E", &key, "running").await;
        let half_way = Self {
            stack,
            key,
            whole,
            at_ms,
        };
        half_way.push_boats(at_ms).await;
        half_way
    }

    pub fn api(&self) -> Api {
        self.stack.ingest()
    }

    pub fn gateway(&self) -> Api {
        self.stack.gateway_at(0)
    }

    pub fn origin(&self) -> String {
        self.stack.gateways[0].origin.clone()
    }

    /// The race that is on.
    pub fn race(&self) -> &Race {
        second(&self.whole)
    }

    pub async fn push_boats(&self, at_ms: u64) {
        let body = json!({ "oncourse": self.whole.on_course(at_ms) });
        let answer = self.api().push(&self.key, "/ingest/oncourse", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    pub async fn clear_water(&self) {
        let body = json!({ "oncourse": [] });
        self.api().push(&self.key, "/ingest/oncourse", &body).await;
    }

    pub async fn push_results(&self, at_ms: u64) {
        let body = json!({ "results": self.whole.results(self.race(), at_ms) });
        let answer = self.api().push(&self.key, "/ingest/results", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// One boat finishes the race that is on, in hundredths without penalties.
    pub async fn finish(&self, bib: u32, time: u32) {
        let row = json!({ "raceId": self.race().race_id, "bib": bib, "time": time, "pen": 0 });
        let body = json!({ "results": [row] });
        let answer = self.api().push(&self.key, "/ingest/results", &body).await;
        assert_eq!(answer.body["updated"], 1, "{}", answer.body);
    }

    /// The result list of the race that is on.
    pub async fn truth(&self) -> Vec<Value> {
        let path = format!("/events/E/results/{}", self.race().race_id);
        let answer = self.gateway().get(&path).await;
        answer.body["results"].as_array().expect("a list").clone()
    }
}

fn second(day: &RaceDay) -> &Race {
    let mut second = day.races.iter().filter(|race| race.discipline == "BR2");
    second.next().expect("a second run")
}

/// The page of the day, opened.
pub struct Page {
    pub browser: Browser,
    origin: String,
}

impl Page {
    /// Opens the event, with a query such as `?view=board`.
    pub async fn open(day: &Day, look: Look, query: &str) -> Self {
        let page = Self::at(&day.origin(), look).await;
        page.goto(&format!("/events/E{query}")).await;
        page
    }

    /// A phone on which `script` runs before anything of the page does.
    pub async fn prepared(day: &Day, script: &str) -> Self {
        let page = Self::at(&day.origin(), Look::PHONE).await;
        let source = json!({ "source": script });
        page.browser
            .devtools("Page.addScriptToEvaluateOnNewDocument", source)
            .await;
        page.goto("/events/E").await;
        page
    }

    /// A phone that watches the race that is on, with its list there.
    pub async fn watching(day: &Day) -> Self {
        let page = Self::open(day, Look::PHONE, "").await;
        page.is_live().await;
        page.has_rows().await;
        page
    }

    /// Waits for a list of some length.
    pub async fn has_rows(&self) {
        self.wait("document.querySelectorAll('.result').length > 10")
            .await;
    }

    /// A browser for the page at `origin`.
    pub async fn at(origin: &str, look: Look) -> Self {
        Self {
            browser: Browser::with(look).await,
            origin: origin.to_owned(),
        }
    }

    pub async fn goto(&self, path: &str) {
        let url = format!("{}{path}", self.origin);
        self.browser
            .client
            .goto(&url)
            .await
            .expect("the page loads");
    }

    pub async fn is_live(&self) {
        self.wait("document.querySelector('.connection')?.dataset.status === 'live'")
            .await;
    }

    pub async fn wait(&self, expression: &str) {
        self.browser.wait(expression).await;
    }

    pub async fn click(&self, selector: &str) {
        let script = format!("document.querySelector({}).click()", json!(selector));
        self.browser.value(&script).await;
    }

    /// Presses `Enter` or `Tab`.
    pub async fn press(&self, key: &str) {
        let text = if key == "Enter" { "\r" } else { "" };
        let code = if key == "Enter" { 13 } else { 9 };
        for kind in ["keyDown", "keyUp"] {
            let event = json!({ "type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code });
            self.browser.devtools("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Texts of all elements that a selector finds.
    pub async fn texts(&self, selector: &str) -> Vec<String> {
        let script = format!(
            "[...document.querySelectorAll({})].map((element) => element.textContent.trim())",
            json!(selector)
        );
        let texts = self.browser.value(&script).await;
        let texts = texts.as_array().expect("a list").iter();
        texts
            .map(|text| text.as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Waits until a selector finds elements with exactly these texts.
    pub async fn shows_texts(&self, selector: &str, texts: &[String]) {
        let (selector, texts) = (json!(selector), json!(texts));
        self.wait(&format!(
            "JSON.stringify([...document.querySelectorAll({selector})].map((element) => element.textContent.trim())) \
             === JSON.stringify({texts})"
        ))
        .await;
    }

    /// Rank, bib, name, sum and gap of each row that is shown.
    pub async fn rows(&self) -> Vec<[String; 5]> {
        serde_json::from_value(self.browser.value(ROWS).await).expect("rows")
    }

    /// Waits until the rows are those of `truth`, as they read in a language.
    pub async fn shows(&self, truth: &[Value], language: &str) {
        let expected: Vec<_> = truth.iter().map(|row| read(row, language)).collect();
        let told = json!(expected);
        self.wait(&format!(
            "JSON.stringify({ROWS}) === JSON.stringify({told})"
        ))
        .await;
    }

    /// Ends the browser, which must have nothing to complain about and asked nobody else.
    pub async fn close(self) {
        self.is_clean(&[]).await;
        self.browser.close().await;
    }

    /// The same where the network was cut on purpose: the browser itself notes each failed attempt.
    pub async fn close_after_cuts(self) {
        self.is_clean(&[
            "net::ERR_",
            "WebSocket connection to",
            "Failed to load resource",
        ])
        .await;
        self.browser.close().await;
    }

    async fn is_clean(&self, but: &[&str]) {
        let console = self.browser.console().await;
        let complaints = console
            .iter()
            .filter(|text| !but.iter().any(|known| text.contains(known)));
        let complaints: Vec<_> = complaints.collect();
        assert!(complaints.is_empty(), "the console says {complaints:#?}");
        let (_, host) = self.origin.split_once("//").expect("an origin");
        let urls = self.browser.traffic().await.urls;
        let strange = urls.iter().filter(|url| {
            let ours = ["http://", "ws://"].map(|scheme| format!("{scheme}{host}/"));
            let inside = ["data:", "chrome", "about:", "blob:"];
            !ours.iter().any(|ours| url.starts_with(ours))
                && !inside.iter().any(|inside| url.starts_with(inside))
        });
        let strange: Vec<_> = strange.collect();
        assert!(strange.is_empty(), "somebody else was asked: {strange:?}");
    }
}

fn point(language: &str) -> &'static str {
    if language == "cs" { "," } else { "." }
}

/// Hundredths as they are shown; nothing for `null`.
pub fn seconds(hundredths: &Value, language: &str) -> String {
    let point = point(language);
    hundredths.as_u64().map_or_else(String::new, |hundredths| {
        format!("{}{point}{:02}", hundredths / 100, hundredths % 100)
    })
}

fn read(row: &Value, language: &str) -> [String; 5] {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let sum = row.get("totalTotal").unwrap_or(&row["total"]);
    let sum = match &row["status"] {
        Value::String(status) if row["rnk"].is_null() => status.clone(),
        _ => seconds(sum, language),
    };
    let behind = text(&row["totalBehind"]);
    let behind = if behind == "0.00" {
        String::new()
    } else {
        behind.replace('.', point(language))
    };
    [
        text(&row["rnk"]),
        text(&row["bib"]),
        text(&row["name"]),
        sum,
        behind,
    ]
}
