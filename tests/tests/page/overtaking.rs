//! Reads and streams that overtake each other.

use std::time::Duration;

use serde_json::json;

use super::kit::{Day, Page, STATUS};

/// Longer than the page waits before it tries again.
const RETRIED: Duration = Duration::from_secs(3);
/// Longer than the page waits between two polls.
const POLLED: Duration = Duration::from_secs(6);

/// `sockets` are those that the page made; while `blocked` they end at once. Requests wait for `gate`,
/// and fail while `cut`. `asked` counts those of boats.
const CONTROLLED: &str = "(() => {
    window.sockets = []; window.blocked = false; window.cut = false; window.asked = 0; window.gate = Promise.resolve();
    window.shut = () => { window.gate = new Promise((open) => { window.open = open; }); };
    const Real = WebSocket;
    window.WebSocket = function (url) {
        if (blocked) { const none = { close() {} }; setTimeout(() => none.onclose?.({ code: 1006 })); return none; }
        const socket = new Real(url); sockets.push(socket); return socket;
    };
    window.WebSocket.OPEN = Real.OPEN;
    const real = window.fetch;
    window.fetch = async (...all) => {
        asked += String(all[0]).endsWith('/oncourse') ? 1 : 0;
        await gate;
        if (cut) { throw new TypeError('no network'); }
        return real(...all);
    };
})()";

async fn controlled(day: &Day) -> Page {
    let page = Page::prepared(day, CONTROLLED).await;
    page.shows(&day.truth().await, "cs").await;
    page.is_live().await;
    page
}

async fn do_in(page: &Page, script: &str) {
    page.browser
        .value(&format!("(() => {{ {script} }})()"))
        .await;
}

#[tokio::test]
async fn a_stream_that_opens_while_the_page_reads_stays_the_only_one() {
    let day = Day::half_way().await;
    let page = controlled(&day).await;
    // The stream ends well, the page asks what that means, and meanwhile the network comes back.
    do_in(
        &page,
        "shut(); sockets[0].onclose({ code: 1000 }); dispatchEvent(new Event('online'))",
    )
    .await;
    page.wait("sockets.length === 2 && sockets[1].readyState === 1")
        .await;
    do_in(&page, "open()").await;
    page.is_live().await;
    tokio::time::sleep(RETRIED).await;
    assert_eq!(page.browser.value("sockets.length").await, 2);
    day.finish(31, 8_000).await;
    page.shows(&day.truth().await, "cs").await;
    page.is_live().await;
    page.close().await;
}

#[tokio::test]
async fn polling_ends_where_a_stream_has_begun() {
    let day = Day::half_way().await;
    let page = controlled(&day).await;
    do_in(&page, "blocked = true; sockets[0].onclose({ code: 1006 })").await;
    page.wait(&format!("{STATUS} === 'polling'")).await;
    do_in(&page, "shut(); window.before = asked").await;
    page.wait("asked > before").await;
    do_in(&page, "blocked = false; dispatchEvent(new Event('online'))").await;
    page.wait("sockets.length === 2 && sockets[1].readyState === 1")
        .await;
    do_in(&page, "open()").await;
    page.is_live().await;
    do_in(&page, "window.before = asked").await;
    tokio::time::sleep(POLLED).await;
    assert_eq!(page.browser.value(STATUS).await, "live");
    assert_eq!(page.browser.value("asked - before").await, 0);
    page.close().await;
}

#[tokio::test]
async fn a_stream_that_ends_well_while_the_network_is_gone_is_asked_for_again() {
    let day = Day::half_way().await;
    let page = controlled(&day).await;
    do_in(
        &page,
        "cut = true; blocked = true; sockets[0].onclose({ code: 1000 })",
    )
    .await;
    page.wait(&format!("{STATUS} === 'offline'")).await;
    day.finish(31, 8_000).await;
    do_in(&page, "cut = false; blocked = false").await;
    page.is_live().await;
    page.shows(&day.truth().await, "cs").await;
    page.close().await;
}

#[tokio::test]
async fn another_event_of_the_same_name_is_not_taken_for_the_one_before() {
    let day = Day::half_way().await;
    let page = controlled(&day).await;
    do_in(&page, "blocked = true; sockets[0].onclose({ code: 1006 })").await;
    page.wait(&format!("{STATUS} === 'polling'")).await;
    do_in(&page, "shut()").await;
    let api = day.api();
    let remove = api.request(reqwest::Method::DELETE, "/admin/events/E");
    assert!(api.send(remove).await.status.is_success());
    let key = api.create("E").await;
    let earlier = day.whole.export_xml(day.at_ms - 600_000);
    api.push_xml(&key, &earlier).await;
    api.bring_to("E", &key, "running").await;
    // Its positions are lower than those that the page knows.
    do_in(&page, "open()").await;
    page.shows(&day.truth().await, "cs").await;
    page.wait(&format!("{STATUS} === 'polling'")).await;
    page.close().await;
}

#[tokio::test]
async fn an_event_that_is_published_again_is_found_again() {
    // The half minute between two looks, made short.
    const SOONER: &str = "const real = window.setTimeout; \
        window.setTimeout = (work, ms, ...rest) => real(work, ms === 30000 ? 300 : ms, ...rest);";
    let day = Day::half_way().await;
    let api = day.api();
    let other = api.create("OTHER").await;
    let page = Page::prepared(&day, SOONER).await;
    page.goto("/events/OTHER").await;
    page.wait(&format!("{STATUS} === 'gone'")).await;
    api.bring_to("OTHER", &other, "startlist").await;
    page.is_live().await;
    assert_eq!(
        page.browser
            .value("document.querySelector('h1').textContent !== ''")
            .await,
        json!(true)
    );
    // That the first reads are answered by 404 is the browser's own note.
    page.close_after_cuts().await;
}
