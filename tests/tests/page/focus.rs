//! Where somebody is with the keyboard, and stays.

use super::kit::{Day, Page};

async fn press_enter_on(page: &Page, selector: &str) {
    let focus = format!("document.querySelector(\"{selector}\").focus()");
    page.browser.value(&focus).await;
    page.press("Enter").await;
}

#[tokio::test]
async fn the_way_past_the_head_leads_to_the_list() {
    let day = Day::half_way().await;
    let page = Page::watching(&day).await;
    press_enter_on(&page, ".skip").await;
    page.wait("document.activeElement.id === 'main'").await;
    page.press("Tab").await;
    page.wait("document.querySelector('main').contains(document.activeElement)")
        .await;
    page.close().await;
}

#[tokio::test]
async fn a_choice_keeps_the_focus() {
    let day = Day::half_way().await;
    let page = Page::watching(&day).await;
    press_enter_on(&page, ".tabs button:nth-child(2)").await;
    page.wait("document.querySelector('.starts .result')").await;
    page.wait("document.activeElement.getAttribute('aria-current') === 'page'")
        .await;
    press_enter_on(&page, ".tabs button:nth-child(1)").await;
    page.has_rows().await;
    press_enter_on(&page, ".language").await;
    page.wait("document.documentElement.lang === 'en'").await;
    page.wait("document.activeElement.classList.contains('language')")
        .await;
    page.close().await;
}

#[tokio::test]
async fn a_row_keeps_the_focus_while_it_moves() {
    let day = Day::half_way().await;
    let page = Page::watching(&day).await;
    let key = "document.activeElement.closest('.result')?.dataset.key";
    page.browser
        .value("document.querySelector('.result:nth-child(3) .line').focus()")
        .await;
    let before = page.browser.value(key).await;
    // The row that has the focus is the one that moves: it comes in first.
    let (bib, _) = before
        .as_str()
        .and_then(|key| key.split_once(' '))
        .expect("a key");
    let bib = bib.parse().expect("a bib");
    day.finish(bib, 7_000).await;
    page.wait(&format!(
        "document.querySelector('.result').dataset.key === {before}"
    ))
    .await;
    assert_eq!(page.browser.value(key).await, before);
    page.close().await;
}
