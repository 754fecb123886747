//! Lists, filters, detail: what a spectator reads and taps.

use std::time::Duration;

use serde_json::Value;
use system_tests::browser::Look;

use super::kit::{BOATS, Day, Page};

#[tokio::test]
async fn results_are_the_servers_in_both_languages() {
    let day = Day::half_way().await;
    let truth = day.truth().await;
    assert_eq!(truth.len(), BOATS);
    let page = Page::open(&day, Look::PHONE, "").await;
    page.shows(&truth, "cs").await;
    page.click(".preferences [lang=en]").await;
    page.shows(&truth, "en").await;
    assert_eq!(
        page.browser.value("document.documentElement.lang").await,
        "en"
    );
    page.browser.client.refresh().await.expect("it loads again");
    page.shows(&truth, "en").await;
    page.close().await;
}

#[tokio::test]
async fn both_runs_are_shown_the_better_one_is_marked_and_the_one_to_come_has_a_dash() {
    let day = Day::half_way().await;
    let truth = day.truth().await;
    let page = Page::open(&day, Look::PHONE, "").await;
    page.shows(&truth, "cs").await;
    let script = "[...document.querySelectorAll('.result')].map((row) => \
        [row.querySelectorAll('.run').length, [...row.querySelectorAll('.run')].findIndex((run) => run.classList.contains('better')) + 1, \
         ...[...row.querySelectorAll('.run-total')].map((total) => total.textContent === '–')])";
    let runs = page.browser.value(script).await;
    let expected: Vec<Value> = truth
        .iter()
        .map(|row| {
            let better = row["betterRunNr"].as_u64().unwrap_or(0);
            let to_come = [["prevTotal", "prevStatus"], ["total", "currStatus"]]
                .map(|said| said.iter().all(|field| row[*field].is_null()));
            serde_json::json!([2, better, to_come[0], to_come[1]])
        })
        .collect();
    let waiting = expected.iter().filter(|row| row[3] == true).count();
    assert!(waiting > 0 && waiting < expected.len(), "half-way");
    assert_eq!(runs, Value::Array(expected));
    page.close().await;
}

#[tokio::test]
async fn categories_and_search_are_in_the_address() {
    let day = Day::half_way().await;
    let truth = day.truth().await;
    let category = truth[1]["catId"].as_str().expect("a category");
    let query = format!("?race={}&category={category}", day.race().race_id);
    let page = Page::open(&day, Look::PHONE, &query).await;
    page.is_live().await;
    page.wait("document.querySelectorAll('.result').length > 0")
        .await;
    let of_category: Vec<_> = truth
        .iter()
        .filter(|row| row["catId"] == category)
        .collect();
    let rows = page.rows().await;
    assert_eq!(rows.len(), of_category.len());
    for (shown, row) in rows.iter().zip(&of_category) {
        let rank = row["catRnk"]
            .as_u64()
            .map_or_else(String::new, |rank| rank.to_string());
        assert_eq!(
            (&shown[0], shown[2].as_str()),
            (&rank, row["name"].as_str().expect("a name"))
        );
    }
    // Accents and case do not matter.
    let name = truth[4]["name"].as_str().expect("a name").to_lowercase();
    let family = name.split(' ').next().expect("a family name");
    page.goto("/events/E").await;
    page.is_live().await;
    let script = "const [text, done] = arguments; const field = document.querySelector('[type=search]'); \
        field.value = text.normalize('NFD').replace(/\\p{M}/gu, ''); field.dispatchEvent(new Event('input')); done(location.search)";
    page.browser.run(script, vec![family.into()]).await;
    let names = page.texts(".lists .name").await;
    assert!(!names.is_empty() && names.len() < BOATS);
    let fits = |row: &Value| {
        let text = format!("{} {}", row["name"], row["club"]).to_lowercase();
        text.contains(family)
    };
    for name in &names {
        let row = truth
            .iter()
            .find(|row| row["name"] == name.as_str())
            .expect("a row");
        assert!(
            fits(row) || name.to_lowercase().contains(family),
            "{name} for {family}"
        );
    }
    let bib = truth[7]["bib"].to_string();
    page.goto(&format!("/events/E?search={bib}")).await;
    page.wait("document.querySelectorAll('.result').length === 1")
        .await;
    assert_eq!(page.rows().await[0][1], bib);
    page.close().await;
}

#[tokio::test]
async fn a_row_opens_to_gates_and_times_and_all_rows_do_at_once() {
    let day = Day::half_way().await;
    let page = Page::watching(&day).await;
    page.click(".result .line").await;
    page.wait("document.querySelectorAll('.result .detail .gate').length > 20")
        .await;
    let detail = page.texts(".result .detail").await.remove(0);
    assert!(
        detail.contains("Start 09:") && detail.contains("Cíl 09:"),
        "{detail}"
    );
    let path = format!("/events/E/results/{}?detailed=true", day.race().race_id);
    let truth = day.gateway().get(&path).await.body["results"][0].clone();
    let gates = truth["prevGates"].as_array().expect("gates");
    let marks = page.browser.value("[...document.querySelector('.run-detail .gates').children].map((gate) => gate.dataset.mark)").await;
    let expected: Vec<_> = gates
        .iter()
        .map(|gate| match gate["penalty"].as_u64() {
            Some(0) => "clean",
            Some(2) => "touched",
            Some(50) => "missed",
            _ => "not-yet",
        })
        .collect();
    assert_eq!(marks, serde_json::json!(expected));
    page.browser.picture("detail-phone").await;
    page.click(".tools [aria-pressed]").await;
    page.wait("[...document.querySelectorAll('.result .detail')].filter((detail) => !detail.hidden).length > 50").await;
    assert_eq!(page.browser.value("location.search").await, "?detail=all");
    page.close().await;
}

#[tokio::test]
async fn whoever_looks_elsewhere_reads_no_gates() {
    const COUNT: &str = "const real = window.fetch; window.details = 0; window.fetch = (...all) => { \
        details += String(all[0]).includes('detailed=true') ? 1 : 0; return real(...all); };";
    let day = Day::half_way().await;
    let page = Page::prepared(&day, COUNT).await;
    page.goto("/events/E?detail=all").await;
    page.wait("document.querySelectorAll('.detail .gate').length > 100")
        .await;
    page.click(".tabs button:nth-child(2)").await;
    page.wait("document.querySelector('.starts .result')").await;
    page.is_live().await;
    // A read may have begun just before.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = page.browser.value("details").await;
    for time in [8_100, 8_000, 7_900] {
        day.finish(31, time).await;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    assert_eq!(page.browser.value("details").await, before);
    page.click(".tabs button:nth-child(1)").await;
    page.shows(&day.truth().await, "cs").await;
    page.wait(&format!("details > {before}")).await;
    page.close().await;
}

#[tokio::test]
async fn bibs_that_stand_twice_or_nowhere_hide_nobody() {
    let day = Day::half_way().await;
    let [one, other, without] =
        [4, 5, 6].map(|at| &day.whole.classes[day.race().class].athletes[at]);
    let bibs = |number: u32| {
        [
            format!("<Bib>{number:>4}</Bib>"),
            format!("<EventBib>{number}</EventBib>"),
        ]
    };
    let mut twins = day.whole.export_xml(day.at_ms);
    for at in 0..2 {
        twins = twins.replace(&bibs(other.bib)[at], &bibs(one.bib)[at]);
        twins = twins.replace(&bibs(without.bib)[at], "");
    }
    assert_eq!(day.api().push_xml(&day.key, &twins).await.status, 200);
    let truth = day.truth().await;
    assert_eq!(truth.len(), BOATS);
    assert_eq!(truth.iter().filter(|row| row["bib"] == one.bib).count(), 2);
    let page = Page::open(&day, Look::PHONE, "").await;
    page.shows(&truth, "cs").await;
    page.is_live().await;
    day.finish(31, 8_000).await;
    page.shows(&day.truth().await, "cs").await;
    page.close().await;
}

#[tokio::test]
async fn start_lists_and_the_schedule_are_one_tap_away() {
    let day = Day::half_way().await;
    let page = Page::open(&day, Look::PHONE, "?view=startlist").await;
    page.is_live().await;
    let path = format!("/events/E/startlist/{}", day.race().race_id);
    let starts = day.gateway().get(&path).await.body["startlist"].clone();
    let names: Vec<_> = starts
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| row["name"].as_str().expect("a name").to_owned())
        .collect();
    page.wait("document.querySelectorAll('.starts .result').length > 0")
        .await;
    assert_eq!(page.texts(".starts .name").await, names);
    page.browser.picture("startlist-phone").await;
    page.click(".tabs button:nth-child(3)").await;
    page.wait("document.querySelectorAll('.schedule .line').length > 0")
        .await;
    let races = day.gateway().get("/events/E").await.body["races"]
        .as_array()
        .map(Vec::len);
    assert_eq!(Some(page.texts(".schedule .line").await.len()), races);
    let current = page.texts(".schedule .line[aria-current]").await;
    assert!(
        current.len() == 1 && current[0].contains("2. jízda"),
        "{current:?}"
    );
    page.browser.picture("schedule-phone").await;
    page.click(".schedule .line").await;
    page.wait("document.querySelectorAll('.lists .result').length > 0")
        .await;
    let first = format!("?race={}", day.whole.races[0].race_id);
    assert_eq!(page.browser.value("location.search").await, first.as_str());
    page.close().await;
}

#[tokio::test]
async fn who_has_no_result_stands_last_with_the_reason() {
    let day = Day::half_way().await;
    let single = day.whole.races.iter().find(|race| race.discipline == "FIN");
    let race_id = &single.expect("a race of one run").race_id;
    let row = |bib, status| serde_json::json!({ "raceId": race_id, "bib": bib, "time": null, "pen": null, "status": status });
    let rows = [row(1, "DNS"), row(2, "DNF"), row(3, "DSQ")];
    let body = serde_json::json!({ "results": rows });
    day.api().push(&day.key, "/ingest/results", &body).await;
    let path = format!("/events/E/results/{race_id}");
    let truth = day.gateway().get(&path).await.body["results"].clone();
    let page = Page::open(&day, Look::PHONE, &format!("?race={race_id}")).await;
    page.shows(truth.as_array().expect("a list"), "cs").await;
    let totals = page.texts(".lists .total").await;
    for status in ["DNS", "DNF", "DSQ"] {
        assert!(totals.iter().any(|total| total == status), "{totals:?}");
    }
    page.close().await;
}
