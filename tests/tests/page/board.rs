//! The large screen at the venue.

use system_tests::browser::Look;

use super::kit::{BOATS, Day, Page};

#[tokio::test]
async fn the_board_follows_the_race_and_scrolls_by_itself() {
    let day = Day::half_way().await;
    let page = Page::open(&day, Look::BOARD, "?view=board").await;
    page.is_live().await;
    page.wait("document.querySelectorAll('.board-list .result').length > 15")
        .await;
    // A boat that nobody speaks of for 10 s is gone, and a browser may be slow.
    day.push_boats(day.at_ms).await;
    page.wait("document.querySelectorAll('.boat').length > 0")
        .await;
    page.browser.picture("board").await;
    let title = page.texts(".board-page h1").await.remove(0);
    assert!(title.ends_with("2. jízda"), "{title}");
    let beyond = "[...document.querySelectorAll('body, body > *, .board-page > *')].filter((element) => element.getBoundingClientRect().bottom > innerHeight).map((element) => element.outerHTML.slice(0, 60))";
    assert_eq!(page.browser.value(beyond).await, serde_json::json!([]));
    day.finish(31, 8_000).await;
    page.wait("document.querySelector('.board-list .bib').textContent === '31'")
        .await;
    assert!(page.texts(".board-list .result").await.len() <= BOATS);
    page.wait("document.querySelector('.board-list').scrollTop > 100")
        .await;
    page.close().await;
}
