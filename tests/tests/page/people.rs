//! Whom somebody follows, and everybody who can't see or tap as most do.

use serde_json::json;

use super::kit::{Day, Page};

#[tokio::test]
async fn stars_make_a_list_of_ones_own_that_stays() {
    let day = Day::half_way().await;
    let page = Page::watching(&day).await;
    let names = page.texts(".lists .name").await;
    page.click(".result:nth-child(2) .star").await;
    page.click(".result:nth-child(5) .star").await;
    page.click(".tabs button:nth-child(4)").await;
    page.wait("document.querySelectorAll('.lists .result').length === 2")
        .await;
    assert_eq!(
        page.texts(".lists .name").await,
        [names[1].clone(), names[4].clone()]
    );
    page.browser.client.refresh().await.expect("it loads again");
    page.wait("document.querySelectorAll('.lists .result').length === 2")
        .await;
    page.click(".result .star").await;
    page.wait("document.querySelectorAll('.lists .result').length === 1")
        .await;
    page.close().await;
}

#[tokio::test]
async fn everything_is_reached_by_keyboard() {
    let day = Day::half_way().await;
    let page = Page::watching(&day).await;
    let mut reached = Vec::new();
    for _ in 0..30 {
        page.press("Tab").await;
        let focused = page
            .browser
            .value("document.activeElement.className || document.activeElement.tagName")
            .await;
        reached.push(focused.as_str().unwrap_or_default().to_owned());
    }
    for wanted in [
        "skip", "race", "quiet", "line", "star", "SUMMARY", "INPUT", "tool",
    ] {
        assert!(
            reached.iter().any(|name| name == wanted),
            "{wanted} in {reached:?}"
        );
    }
    page.browser
        .value("document.querySelector('.result .line').focus()")
        .await;
    page.press("Enter").await;
    page.wait("document.querySelector('.result .line').getAttribute('aria-expanded') === 'true'")
        .await;
    page.close().await;
}

#[tokio::test]
async fn a_screen_reader_hears_of_a_finish_and_of_nothing_else() {
    let day = Day::half_way().await;
    let page = Page::watching(&day).await;
    let watch = "window.told = []; new MutationObserver(() => told.push(document.getElementById('announcer').textContent))\
        .observe(document.getElementById('announcer'), { childList: true })";
    page.browser
        .value(&format!("(() => {{ {watch} }})()"))
        .await;
    day.push_boats(day.at_ms + 1_000).await;
    day.finish(31, 8_000).await;
    page.wait("told.length > 0").await;
    let told = page.browser.value("told").await;
    let name = day.truth().await[0]["name"]
        .as_str()
        .expect("a name")
        .to_owned();
    assert_eq!(told, json!([format!("1. místo: {name}")]));
    let live = page.browser.value("[...document.querySelectorAll('[aria-live], [role=status]')].map((region) => region.id || region.className)").await;
    assert_eq!(live, json!(["connection", "announcer"]));
    page.close().await;
}
