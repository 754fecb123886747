//! The list of events.

use reqwest::Method;
use serde_json::json;
use system_tests::{Stack, browser::Look};

use super::kit::{Day, Page};

#[tokio::test]
async fn events_that_are_raced_come_first_and_lead_to_their_page() {
    let day = Day::half_way().await;
    let api = day.api();
    for (id, title, status) in [
        ("NEXT", "Jarní závod", "startlist"),
        ("PAST", "Podzimní závod", "official"),
        ("DRAFT", "Tajný závod", "draft"),
    ] {
        let body = json!({ "eventId": id, "mainTitle": title, "location": "Brandýs" });
        let created = api
            .send(api.request(Method::POST, "/admin/events").json(&body))
            .await;
        let key = created.body["apiKey"].as_str().expect("a key").to_owned();
        api.bring_to(id, &key, status).await;
    }
    let page = Page::at(&day.origin(), Look::PHONE).await;
    page.goto("/").await;
    page.wait("document.querySelectorAll('.card').length === 3")
        .await;
    assert_eq!(
        page.texts(".card strong").await,
        ["Závod", "Jarní závod", "Podzimní závod"]
    );
    assert_eq!(
        page.texts(".card .status").await,
        ["právě se jede", "startovky", "oficiální"]
    );
    let places = page.texts(".card .muted").await;
    assert!(places[0] == "20.–21. 6. 2026 · Praha", "{places:?}");
    assert!(places[1].contains("Brandýs"), "{places:?}");
    page.browser.picture("events-phone").await;
    page.click(".card").await;
    page.is_live().await;
    assert_eq!(page.browser.value("location.pathname").await, "/events/E");
    page.browser.value("history.back()").await;
    page.wait("document.querySelectorAll('.card').length === 3")
        .await;
    page.close().await;
}

#[tokio::test]
async fn a_page_without_events_says_so_and_an_unknown_event_too() {
    let stack = Stack::start().await;
    let page = Page::at(&stack.gateways[0].origin, Look::PHONE.in_language("en")).await;
    page.goto("/").await;
    page.wait("document.querySelector('.empty')?.textContent.startsWith('There is no race here')")
        .await;
    assert!(page.browser.console().await.is_empty());
    page.goto("/events/NOWHERE").await;
    page.wait("document.querySelector('.empty')?.textContent === 'There is no such race here.'")
        .await;
    // That the read was answered by 404 is the browser's own note.
    page.close_after_cuts().await;
}
