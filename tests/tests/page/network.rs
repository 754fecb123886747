//! The truth about the connection, when the network is not there or not good.

use std::time::Duration;

use serde_json::json;
use system_tests::{
    browser::Look,
    proxy::{Proxy, Target},
};

use super::kit::{Day, Page, STATUS};

/// The day, with a network between it and its spectators that can fail.
async fn over_a_network() -> (Day, Proxy, Page) {
    let day = Day::half_way().await;
    let address = day.stack.gateways[0].address.clone();
    let proxy = Proxy::start(Target::Tcp(address)).await;
    let page = Page::at(&format!("http://{}", proxy.address()), Look::PHONE).await;
    page.goto("/events/E").await;
    page.shows(&day.truth().await, "cs").await;
    page.is_live().await;
    (day, proxy, page)
}

/// As in a tunnel, or in a pocket.
const CUT_SECONDS: u64 = 60;

#[tokio::test]
async fn after_a_cut_the_page_catches_up_by_resume_and_equals_the_server() {
    let (day, proxy, page) = over_a_network().await;
    let heard = "(() => { window.kinds = []; const Real = WebSocket; \
        window.WebSocket = class extends Real { constructor(...all) { super(...all); \
        this.addEventListener('message', ({ data }) => kinds.push(JSON.parse(data).type)); } }; })()";
    page.browser.value(heard).await;
    proxy.refuse(true);
    proxy.cut();
    page.wait(&format!("{STATUS} === 'offline'")).await;
    let text = page.texts(".connection").await.remove(0);
    assert!(text.starts_with("bez spojení od "), "{text}");
    assert_eq!(
        page.browser.value("document.body.dataset.fresh").await,
        "false"
    );
    assert_eq!(
        page.browser
            .value("document.querySelector('.on-course').hidden")
            .await,
        true
    );
    for second in 0..CUT_SECONDS {
        let at_ms = day.at_ms + second * 1_000;
        day.push_boats(at_ms).await;
        if second % 10 == 0 {
            day.push_results(at_ms).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    day.finish(31, 8_000).await;
    proxy.refuse(false);
    page.is_live().await;
    page.shows(&day.truth().await, "cs").await;
    let kinds = page.browser.value("kinds").await;
    assert_eq!(kinds[0], "resumed", "{kinds}");
    assert!(
        !kinds.as_array().expect("a list").contains(&json!("full")),
        "{kinds}"
    );
    page.close_after_cuts().await;
}

#[tokio::test]
async fn a_dead_network_is_noticed_though_no_connection_ends() {
    let (_day, proxy, page) = over_a_network().await;
    proxy.stall();
    proxy.refuse(true);
    page.wait(&format!("{STATUS} === 'offline'")).await;
    proxy.refuse(false);
    page.is_live().await;
    page.close_after_cuts().await;
}

#[tokio::test]
async fn where_websockets_are_blocked_the_page_asks_again_and_again() {
    let day = Day::half_way().await;
    let page = Page::at(&day.origin(), Look::PHONE).await;
    // Some hotel's proxy.
    let block = json!({ "source": "window.WebSocket = class { constructor() { setTimeout(() => this.onclose({ code: 1006 })); } close() {} };" });
    page.browser
        .devtools("Page.addScriptToEvaluateOnNewDocument", block)
        .await;
    page.goto("/events/E").await;
    page.wait(&format!("{STATUS} === 'polling'")).await;
    day.finish(31, 8_000).await;
    page.shows(&day.truth().await, "cs").await;
    assert_eq!(page.texts(".connection").await, ["obnovuje se po 5 s"]);
    page.close().await;
}

#[tokio::test]
async fn official_results_are_final() {
    let day = Day::half_way().await;
    let page = Page::open(&day, Look::PHONE, "").await;
    page.is_live().await;
    day.finish(31, 8_000).await;
    let api = day.api();
    for status in ["finished", "official"] {
        api.set_status("E", &day.key, status).await;
    }
    page.wait(&format!("{STATUS} === 'final'")).await;
    assert_eq!(page.texts(".connection").await, ["konečné výsledky"]);
    page.shows(&day.truth().await, "cs").await;
    page.browser.client.refresh().await.expect("it loads again");
    page.wait(&format!("{STATUS} === 'final'")).await;
    page.shows(&day.truth().await, "cs").await;
    page.close().await;
}

/// Small enough to be there while a phone at the river still has a bar.
#[tokio::test]
async fn the_first_view_is_small_and_takes_few_round_trips() {
    const MOST_BYTES: u64 = 60_000;
    let day = Day::half_way().await;
    let page = Page::at(&day.origin(), Look::PHONE).await;
    page.browser.traffic().await;
    page.goto("/events/E").await;
    page.shows(&day.truth().await, "cs").await;
    page.is_live().await;
    let traffic = page.browser.traffic().await;
    println!("{} bytes, {:#?}", traffic.bytes, traffic.urls);
    assert!(
        traffic.bytes > 5_000 && traffic.bytes < MOST_BYTES,
        "{traffic:?}"
    );
    let mut paths: Vec<_> = traffic
        .urls
        .iter()
        .filter_map(|url| url.rsplit('/').next())
        .collect();
    paths.retain(|path| !path.starts_with("service-worker"));
    // Page, style, script, icon, manifest; event, boats, results, stream.
    assert!(paths.len() <= 10, "{paths:?}");
    page.close().await;
}

/// Prints how long the first results take on a bad network; a person reads it.
#[tokio::test]
async fn results_are_readable_on_a_slow_network() {
    let day = Day::half_way().await;
    let page = Page::at(&day.origin(), Look::PHONE).await;
    page.browser.devtools("Network.enable", json!({})).await;
    let slow = json!({ "offline": false, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000 });
    page.browser
        .devtools("Network.emulateNetworkConditions", slow)
        .await;
    let note = json!({ "source": "(function look() { if (document.querySelectorAll('.lists .result').length > 4) \
        requestAnimationFrame(() => { window.readableAfter = Math.round(performance.now()); }); else setTimeout(look, 10); })()" });
    page.browser
        .devtools("Page.addScriptToEvaluateOnNewDocument", note)
        .await;
    page.goto("/events/E").await;
    page.wait("window.readableAfter").await;
    println!(
        "readable after {} ms",
        page.browser.value("readableAfter").await
    );
    page.shows(&day.truth().await, "cs").await;
    page.close().await;
}
