//! What is where: on a phone, on a narrow one, in the dark, on paper.

use serde_json::{Value, json};
use system_tests::browser::Look;

use super::kit::{Day, Page};

#[tokio::test]
async fn a_phones_first_screen_shows_the_water_and_five_results() {
    let day = Day::half_way().await;
    let page = Page::open(&day, Look::PHONE, "").await;
    page.shows(&day.truth().await, "cs").await;
    page.is_live().await;
    // A boat that nobody speaks of for 10 s is gone, and a browser may be slow.
    day.push_boats(day.at_ms).await;
    page.wait("document.querySelectorAll('.boat').length > 0")
        .await;
    page.browser.picture("results-phone").await;
    let seen = "(selector) => [...document.querySelectorAll(selector)].filter((element) => { \
        const { top, bottom } = element.getBoundingClientRect(); return top >= 0 && bottom <= innerHeight; }).length";
    let boats = page
        .browser
        .value("document.querySelectorAll('.boat').length")
        .await;
    assert_eq!(
        page.browser.value(&format!("({seen})('.boat')")).await,
        boats
    );
    let rows = page
        .browser
        .value(&format!("({seen})('.result')"))
        .await
        .as_u64();
    assert!(rows >= Some(5), "{rows:?} rows beside {boats} boats");
    page.close().await;
}

#[tokio::test]
async fn nothing_is_wider_than_a_narrow_phone_and_all_is_large_enough_to_tap() {
    let day = Day::half_way().await;
    let narrow = Look {
        width: 320,
        height: 640,
        ..Look::PHONE
    };
    let page = Page::open(&day, narrow, "").await;
    page.is_live().await;
    for query in [
        "",
        "?detail=all",
        "?view=startlist",
        "?view=schedule",
        "?view=mine",
    ] {
        page.goto(&format!("/events/E{query}")).await;
        page.is_live().await;
        page.wait("document.querySelector('main').children.length > 0")
            .await;
        if query.is_empty() || query == "?detail=all" {
            page.has_rows().await;
            page.browser
                .picture(&format!(
                    "narrow{}",
                    if query.is_empty() { "" } else { "-detail" }
                ))
                .await;
        }
        assert_eq!(
            page.browser
                .value("document.documentElement.scrollWidth")
                .await,
            320,
            "{query}"
        );
        let small = "[...document.querySelectorAll('button, a, select, input, summary')].filter((element) => { \
            const { width, height } = element.getBoundingClientRect(); \
            return element.checkVisibility() && !element.classList.contains('skip') && (width < 44 || height < 44); \
            }).map((element) => element.outerHTML)";
        assert_eq!(page.browser.value(small).await, json!([]), "{query}");
    }
    page.close().await;
}

/// WCAG 2.2, 1.4.3: 4.5 to 1 for text.
#[tokio::test]
async fn text_stands_out_from_its_ground_in_light_and_dark() {
    let day = Day::half_way().await;
    let page = Page::open(&day, Look::PHONE, "?detail=all").await;
    page.is_live().await;
    page.wait("document.querySelectorAll('.detail .gate').length > 100")
        .await;
    for theme in ["light", "dark"] {
        page.browser
            .value(&format!(
                "document.documentElement.dataset.theme = '{theme}'"
            ))
            .await;
        let faint = page.browser.value(FAINT).await;
        page.browser.picture(&format!("results-{theme}")).await;
        assert_eq!(faint, json!([]), "{theme}");
    }
    page.close().await;
}

/// Browsers of 2023 do not know `light-dark()`.
#[tokio::test]
async fn older_phones_see_all_of_it_in_light_colours() {
    let day = Day::half_way().await;
    let page = Page::watching(&day).await;
    let older = "const done = arguments[0]; const link = document.querySelector('link[rel=stylesheet]'); \
        fetch(link.href).then((answer) => answer.text()).then((text) => { const sheet = new CSSStyleSheet(); \
        sheet.replaceSync(text.replaceAll('light-dark(', 'unknown(')); link.disabled = true; \
        document.adoptedStyleSheets = [sheet]; done(true); })";
    for scheme in ["light", "dark"] {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        page.browser
            .devtools("Emulation.setEmulatedMedia", media)
            .await;
        page.browser.run(older, vec![]).await;
        let ground = "getComputedStyle(document.body).backgroundColor";
        assert_eq!(page.browser.value(ground).await, "rgb(255, 255, 255)");
        assert_eq!(page.browser.value(FAINT).await, json!([]), "{scheme}");
    }
    page.close().await;
}

const FAINT: &str = "(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const colour = (text) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return canvas.getImageData(0, 0, 1, 1).data; };
    const light = ([...rgb]) => rgb.slice(0, 3).map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    const ground = (element) => { for (let at = element; at; at = at.parentElement) { const found = colour(getComputedStyle(at).backgroundColor); if (found[3] > 0) { return found; } } };
    const faint = new Set();
    for (const element of document.querySelectorAll('body *')) {
        const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!text || !element.checkVisibility() || element.tagName === 'OPTION') { continue; }
        const [one, other] = [light(colour(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a);
        const ratio = (one + 0.05) / (other + 0.05);
        if (ratio < 4.5) { faint.add(`${element.className} ${element.dataset.mark ?? ''} ${ratio.toFixed(2)}`); }
    }
    return [...faint];
})()";

#[tokio::test]
async fn motion_is_only_for_those_who_allow_it() {
    let day = Day::half_way().await;
    let page = Page::watching(&day).await;
    let moves = "(() => { const row = document.querySelector('.result'); row.classList.add('changed'); \
        const name = getComputedStyle(row).animationName; row.classList.remove('changed'); return name; })()";
    for (wish, animation) in [("no-preference", "notice"), ("reduce", "none")] {
        let media = json!({ "features": [{ "name": "prefers-reduced-motion", "value": wish }] });
        page.browser
            .devtools("Emulation.setEmulatedMedia", media)
            .await;
        assert_eq!(page.browser.value(moves).await, animation);
    }
    page.close().await;
}

#[tokio::test]
async fn results_are_printed_without_what_only_a_screen_needs() {
    let day = Day::half_way().await;
    let page = Page::watching(&day).await;
    page.browser
        .devtools("Emulation.setEmulatedMedia", json!({ "media": "print" }))
        .await;
    let visible =
        |selector: &str| format!("document.querySelector('{selector}').checkVisibility()");
    for (selector, shown) in [
        (".rows", true),
        ("h1", true),
        (".lists h2", true),
        (".tabs", false),
        (".tools", false),
        (".star", false),
        (".on-course", false),
    ] {
        let is = page.browser.value(&visible(selector)).await;
        assert_eq!(is, Value::Bool(shown), "{selector}");
    }
    page.close().await;
}
