//! Answers that stall or come late, storage that is not there, races that change by themselves.

use serde_json::json;
use system_tests::browser::Look;

use super::kit::{Day, Page, STATUS, hold_first, seconds};

#[tokio::test]
async fn a_body_that_breaks_off_is_read_again() {
    const BREAK: &str = "const real = window.fetch; let broken = 0; window.fetch = async (...all) => { \
        const answer = await real(...all); \
        if (String(all[0]).includes('/results/') && broken++ < 2) answer.json = () => Promise.reject(new Error('cut')); \
        return answer; };";
    let day = Day::half_way().await;
    let page = Page::prepared(&day, BREAK).await;
    page.shows(&day.truth().await, "cs").await;
    page.is_live().await;
    day.finish(31, 8_000).await;
    page.shows(&day.truth().await, "cs").await;
    page.close().await;
}

#[tokio::test]
async fn an_answer_from_before_an_import_is_not_taken_for_the_truth_after_it() {
    let day = Day::half_way().await;
    let page = Page::prepared(&day, &hold_first("/results/")).await;
    page.wait("window.release").await;
    page.wait("document.querySelector('.race').options.length > 0")
        .await;
    let later = day.whole.export_xml(day.at_ms + 600_000);
    let structure = later.replace("<CourseConfig>N", "<CourseConfig>R");
    assert_ne!(structure, later, "gates of another kind");
    day.api().push_xml(&day.key, &structure).await;
    let truth = day.truth().await;
    // Not before the page has heard of it.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    page.browser.value("release()").await;
    page.shows(&truth, "cs").await;
    page.is_live().await;
    page.close().await;
}

#[tokio::test]
async fn the_page_follows_the_race_that_is_on() {
    let day = Day::half_way().await;
    let page = Page::open(&day, Look::PHONE, "?category=SE").await;
    page.is_live().await;
    let mut others = day.whole.races.iter();
    let other = others
        .find(|race| race.discipline == "FIN")
        .expect("another race");
    let boat = json!({ "raceId": other.race_id, "bib": 1, "time": 100, "name": "SOMEBODY", "club": "A club" });
    day.clear_water().await;
    day.api()
        .push(&day.key, "/ingest/oncourse", &json!({ "oncourse": [boat] }))
        .await;
    page.wait(&format!(
        "document.querySelector('.race').value === '{}'",
        other.race_id
    ))
    .await;
    let path = format!("/events/E/results/{}?catId=SE", other.race_id);
    let truth = day.gateway().get(&path).await.body["results"].clone();
    let rows = truth.as_array().expect("a list").iter();
    let names: Vec<_> = rows
        .map(|row| row["name"].as_str().expect("a name").to_owned())
        .collect();
    page.shows_texts(".lists .name", &names).await;
    page.close().await;
}

#[tokio::test]
async fn a_first_run_alone_is_shown_as_the_first_run() {
    let day = Day::half_way().await;
    let race = day.race();
    let who = &day.whole.classes[race.class].athletes[9];
    let xml = day.whole.export_xml(day.at_ms);
    let is_theirs = |part: &str| {
        // The first one has all that stands before the starts.
        !part.contains("<Schedule>")
            && part.contains(&race.race_id)
            && part.contains(&format!(">{}<", who.participant_id))
    };
    let starts: Vec<_> = xml.split_inclusive("</Results>").collect();
    let without: String = starts.into_iter().filter(|part| !is_theirs(part)).collect();
    assert_ne!(without, xml, "one start less");
    assert_eq!(day.api().push_xml(&day.key, &without).await.status, 200);
    let truth = day.truth().await;
    let row = truth
        .iter()
        .find(|row| row["bib"] == who.bib)
        .expect("its row");
    assert_eq!(
        (&row["betterRunNr"], &row["prevTotal"]),
        (&json!(1), &json!(null))
    );
    let page = Page::open(&day, Look::PHONE, "").await;
    page.shows(&truth, "cs").await;
    let script = format!(
        "[...document.querySelectorAll(\".result[data-key^='{} '] .run\")].map((run) => [run.classList.contains('better'), run.querySelector('.run-total').textContent])",
        who.bib
    );
    let runs = page.browser.value(&script).await;
    let total = seconds(&row["total"], "cs");
    assert_eq!(runs, json!([[true, total], [false, "–"]]));
    // A run without a result is not the better one, even when it is the only one.
    let mut races = day.whole.races.iter();
    let first = races.find(|race| race.class == day.race().class);
    let row =
        json!({ "raceId": first.expect("a first run").race_id, "bib": who.bib, "status": "DNF" });
    let body = json!({ "results": [row] });
    let answer = day.api().push(&day.key, "/ingest/results", &body).await;
    assert_eq!(answer.body["updated"], 1, "{}", answer.body);
    let expected = json!([[false, "DNF"], [false, "–"]]);
    page.wait(&format!(
        "JSON.stringify({script}) === JSON.stringify({expected})"
    ))
    .await;
    page.close().await;
}

#[tokio::test]
async fn without_storage_and_with_broken_storage_the_page_works() {
    let day = Day::half_way().await;
    for script in [
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });",
        "Object.defineProperty(window, 'localStorage', { value: null });",
        "for (const name of ['event:E', 'recent', 'stars', 'language', 'boats']) localStorage.setItem(name, '{\"results\":');",
        "for (const name of ['event:E', 'recent', 'stars']) localStorage.setItem(name, 'null');",
    ] {
        let page = Page::prepared(&day, script).await;
        page.shows(&day.truth().await, "cs").await;
        page.is_live().await;
        page.close().await;
    }
}

#[tokio::test]
async fn what_the_browser_keeps_is_not_taken_for_the_truth() {
    const FIRST: &str = "const real = window.fetch; window.fetch = async (...all) => { \
        const answer = await real(...all); \
        if (String(all[0]).endsWith('/events/E')) { window.first ??= (await answer.clone().json()).event.status; } \
        return answer; };";
    let day = Day::half_way().await;
    let page = Page::prepared(&day, FIRST).await;
    page.goto("/").await;
    page.wait("document.querySelector('.card')").await;
    let keep = "fetch('/api/v1/events/E').then((answer) => answer.text()).then(() => { window.first = undefined; arguments[0](true); })";
    page.browser.run(keep, vec![]).await;
    day.api().set_status("E", &day.key, "finished").await;
    page.click(".card").await;
    page.wait("window.first").await;
    assert_eq!(page.browser.value("first").await, "finished");
    // A document names what its script will read first, so that the browser reads it sooner.
    page.browser.run(keep, vec![]).await;
    day.api().set_status("E", &day.key, "official").await;
    page.goto("/events/E").await;
    page.wait("window.first").await;
    assert_eq!(page.browser.value("first").await, "official");
    page.close().await;
}

#[tokio::test]
async fn a_reload_right_after_the_end_asks_anew() {
    let day = Day::half_way().await;
    let page = Page::open(&day, Look::PHONE, "").await;
    page.is_live().await;
    for status in ["finished", "official"] {
        day.api().set_status("E", &day.key, status).await;
    }
    page.browser.client.refresh().await.expect("it loads again");
    page.wait(&format!("{STATUS} === 'final'")).await;
    page.close().await;
    // Whether the browser had a copy and took it is a matter of luck; that it may not is none.
    for path in ["/events", "/events/E", "/events/E/oncourse"] {
        let answer = day.gateway().get(path).await;
        assert_eq!(
            answer.headers["cache-control"],
            "public, max-age=0, s-maxage=1"
        );
    }
}

#[tokio::test]
async fn an_event_that_is_taken_back_says_so() {
    let day = Day::half_way().await;
    let api = day.api();
    let key = api.create("OTHER").await;
    api.bring_to("OTHER", &key, "startlist").await;
    let page = Page::at(&day.origin(), Look::PHONE).await;
    page.goto("/events/OTHER").await;
    page.is_live().await;
    api.set_status("OTHER", &key, "draft").await;
    page.wait(&format!("{STATUS} === 'gone'")).await;
    // That the reads are answered by 404 is the browser's own note.
    page.close_after_cuts().await;
}
