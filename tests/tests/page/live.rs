//! What moves by itself.

use std::time::Duration;

use system_tests::browser::Look;

use super::kit::{BOATS, Day, Page};

#[tokio::test]
async fn a_finish_appears_in_its_place_and_is_noticed() {
    for language in ["cs", "en"] {
        let day = Day::half_way().await;
        let page = Page::open(&day, Look::PHONE.in_language(language), "").await;
        page.shows(&day.truth().await, language).await;
        page.is_live().await;
        page.browser.value("window.loadedOnce = true").await;
        day.finish(31, 8_000).await;
        page.wait("document.querySelector('.result .bib')?.textContent === '31'")
            .await;
        let noticed = page
            .browser
            .value("document.querySelector('.result').classList.contains('changed')")
            .await;
        assert_eq!(noticed, true);
        page.shows(&day.truth().await, language).await;
        assert_eq!(page.browser.value("window.loadedOnce").await, true);
        page.close().await;
    }
}

#[tokio::test]
async fn rows_stay_under_the_finger_while_the_list_moves() {
    let day = Day::half_way().await;
    let page = Page::open(&day, Look::PHONE, "").await;
    page.shows(&day.truth().await, "cs").await;
    page.is_live().await;
    page.browser.value("scrollTo(0, 1500)").await;
    let find = "(() => { const rows = [...document.querySelectorAll('.result')]; \
        const row = rows.find((row) => row.getBoundingClientRect().top > 100); return [row.dataset.key, row.getBoundingClientRect().top]; })()";
    let before = page.browser.value(find).await;
    // Whoever comes in first pushes all others down.
    let last = BOATS.to_string();
    day.finish(last.parse().expect("a bib"), 7_900).await;
    page.wait(&format!(
        "document.querySelector('.result').dataset.key.startsWith('{last} ')"
    ))
    .await;
    let now = "(() => { const row = document.querySelector(`.result[data-key='KEY']`); return [row.dataset.key, row.getBoundingClientRect().top]; })()";
    let key = before[0].as_str().expect("a key");
    let after = page.browser.value(&now.replace("KEY", key)).await;
    let top = |row: &serde_json::Value| row[1].as_f64().expect("pixels");
    // Browsers scroll by whole pixels.
    let moved = (top(&after) - top(&before)).abs();
    assert!(moved < 1.0, "{before} became {after}");
    page.close().await;
}

#[tokio::test]
async fn boats_on_the_water_show_gates_as_they_are_judged_and_go_when_they_are_gone() {
    let day = Day::half_way().await;
    let page = Page::open(&day, Look::PHONE, "").await;
    page.is_live().await;
    // A boat that nobody speaks of for 10 s is gone, and a browser may be slow.
    day.push_boats(day.at_ms).await;
    page.wait("document.querySelectorAll('.boat').length > 0")
        .await;
    let judged = "document.querySelectorAll('.boat .gate:not([data-mark=not-yet])').length";
    let before = page.browser.value(judged).await.as_u64().expect("a number");
    day.push_boats(day.at_ms + 15_000).await;
    page.wait(&format!("{judged} > {before}")).await;
    // It ticks by itself between two pushes.
    let clock = "document.querySelector('.boat:not(.completed) .clock').textContent";
    let first = page.browser.value(clock).await;
    page.wait(&format!("{clock} !== {first}")).await;
    let truth = day.gateway().get("/events/E/oncourse").await;
    let boats = truth.body["oncourse"].as_array().expect("boats").len();
    assert_eq!(page.texts(".boat").await.len(), boats);
    page.click(".on-course summary").await;
    page.wait("document.querySelector('.boats').checkVisibility() === false")
        .await;
    page.browser.client.refresh().await.expect("it loads again");
    page.is_live().await;
    page.wait("document.querySelector('.on-course:not([open])')")
        .await;
    day.clear_water().await;
    page.wait("document.querySelector('.on-course').hidden")
        .await;
    page.close().await;
}

/// Seconds that a clock has shown, each once, in order.
const WATCH: &str = "(() => { window.shown = []; const look = () => { \
    const boat = document.querySelector(`.boat[data-key$=' BIB'] .clock`); const text = boat?.textContent; \
    if (text && text !== shown.at(-1)) { shown.push(text); } requestAnimationFrame(look); }; look(); })()";

#[tokio::test]
async fn a_clock_does_not_go_back_while_other_boats_move() {
    const STEPS: u32 = 15;
    let day = Day::half_way().await;
    let page = Page::watching(&day).await;
    let race = &day.race().race_id;
    // The time on the water comes in whole seconds; the boat behind passes gate after gate.
    let push = async |step: u32| {
        let passed = vec![0; step as usize];
        let boat = |bib, time, gates: &[u32]| serde_json::json!({ "raceId": race, "bib": bib, "time": time, "gates": gates });
        let boats = [
            boat(41, 3_000 + step / 5 * 100, &[0, 0]),
            boat(42, 1_000 + step / 5 * 100, &passed),
        ];
        let body = serde_json::json!({ "oncourse": boats });
        assert_eq!(
            day.api()
                .push(&day.key, "/ingest/oncourse", &body)
                .await
                .status,
            200
        );
    };
    day.clear_water().await;
    push(0).await;
    page.wait("document.querySelector(`.boat[data-key$=' 41'] .clock`)")
        .await;
    page.browser.value(&WATCH.replace("BIB", "41")).await;
    for step in 1..=STEPS {
        push(step).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let shown = page
        .browser
        .value("shown.map((text) => Number(text.replace(',', '.')))")
        .await;
    let shown: Vec<f64> = serde_json::from_value(shown).expect("numbers");
    assert!(shown.len() > 10 && shown.is_sorted(), "{shown:?}");
    page.close().await;
}

/// Whoever stays for the day must not run out of memory.
#[tokio::test]
async fn a_day_at_speed_leaves_no_growing_document() {
    const STEPS: u64 = 240;
    const BYTES: i64 = 1 << 20;
    let day = Day::half_way().await;
    let page = Page::open(&day, Look::PHONE, "").await;
    page.shows(&day.truth().await, "cs").await;
    page.is_live().await;
    let step_ms = (day.whole.ends_at_ms() - day.at_ms) / STEPS;
    let mut elements = Vec::new();
    let mut early = 0;
    for step in 1..=STEPS {
        let at_ms = day.at_ms + step * step_ms;
        day.push_boats(at_ms).await;
        day.push_results(at_ms).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        if step == STEPS / 4 {
            early = page.browser.heap_bytes().await;
        }
        let count = "document.querySelectorAll('*').length - document.querySelectorAll('.on-course *').length";
        elements.push(page.browser.value(count).await.as_u64().expect("a number"));
    }
    let (first, last) = (elements[0], elements[elements.len() - 1]);
    // A run that becomes known adds its penalties, not elements.
    assert!(last <= first + 10, "{elements:?}");
    let grown = page.browser.heap_bytes().await - early;
    assert!(
        grown < BYTES,
        "{grown} bytes more than after a quarter, which were {early}"
    );
    day.clear_water().await;
    page.shows(&day.truth().await, "cs").await;
    page.close().await;
}
