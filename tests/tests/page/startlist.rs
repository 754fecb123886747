//! Start lists, which the stream does not carry.

use super::kit::{Day, Page, hold_first};

const NAMES: &str = ".starts .name";

async fn names_of(day: &Day) -> Vec<String> {
    let path = format!("/events/E/startlist/{}", day.race().race_id);
    let list = day.gateway().get(&path).await.body["startlist"].clone();
    let rows = list.as_array().expect("a list").iter();
    rows.map(|row| row["name"].as_str().expect("a name").to_owned())
        .collect()
}

/// The day's export, in which somebody of the race has another name.
fn renamed(day: &Day) -> String {
    let somebody = &day.whole.classes[day.race().class].athletes[5];
    let name = format!("<FamilyName>{}<", somebody.family_name);
    let xml = day.whole.export_xml(day.at_ms);
    xml.replace(&name, "<FamilyName>JINAKOVÁ<")
}

#[tokio::test]
async fn a_start_list_follows_an_import_though_the_server_is_busy() {
    // Each list is refused once; an empty list is noted.
    const BUSY: &str = "const real = window.fetch; window.starts = 0; window.emptied = false; \
        window.fetch = async (...all) => { \
        if (String(all[0]).includes('/startlist/') && starts++ % 2 === 0) { return new Response('{}', { status: 503 }); } \
        return real(...all); }; \
        addEventListener('DOMContentLoaded', () => new MutationObserver(() => { \
        if (window.listed && !document.querySelector('.starts .result')) { window.emptied = true; } }) \
        .observe(document.body, { childList: true, subtree: true }));";
    let day = Day::half_way().await;
    let page = Page::prepared(&day, BUSY).await;
    page.goto("/events/E?view=startlist").await;
    let names = names_of(&day).await;
    page.shows_texts(NAMES, &names).await;
    page.browser.value("window.listed = true").await;
    assert_eq!(
        day.api().push_xml(&day.key, &renamed(&day)).await.status,
        200
    );
    let after = names_of(&day).await;
    assert_ne!(after, names);
    page.shows_texts(NAMES, &after).await;
    assert_eq!(page.browser.value("emptied").await, false);
    page.close().await;
}

#[tokio::test]
async fn a_start_list_from_before_an_import_is_not_taken_for_the_one_after_it() {
    let day = Day::half_way().await;
    let page = Page::prepared(&day, &hold_first("/startlist/")).await;
    page.goto("/events/E?view=startlist").await;
    page.wait("window.release").await;
    page.is_live().await;
    day.api().push_xml(&day.key, &renamed(&day)).await;
    // Not before the page has heard of it.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    page.browser.value("release()").await;
    page.shows_texts(NAMES, &names_of(&day).await).await;
    page.close().await;
}
