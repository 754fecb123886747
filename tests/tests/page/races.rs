//! Days as they are really run: two days, heats, teams, boats under review.

use system_tests::{Stack, browser::Look};

use super::kit::Page;

async fn day_of(file: &str) -> (Stack, Page) {
    let path = format!("{}/cases/{file}", env!("CARGO_MANIFEST_DIR"));
    let xml = std::fs::read_to_string(path).expect("a file of tests/cases");
    let stack = Stack::start().await;
    let api = stack.ingest();
    let key = api.create("E").await;
    assert_eq!(api.push_xml(&key, &xml).await.status, 200);
    api.bring_to("E", &key, "running").await;
    let page = Page::at(&stack.gateways[0].origin, Look::PHONE).await;
    (stack, page)
}

#[tokio::test]
async fn of_two_days_every_race_is_named_with_its_own_and_the_latest_opens() {
    let (_stack, page) = day_of("two-days.xml").await;
    page.goto("/events/E").await;
    page.wait("document.querySelector('select.race')?.value === 'K1M_ST_BR2_25'")
        .await;
    let names = page.texts("select.race option").await;
    assert_eq!(names.len(), 4);
    assert!(
        names[..2].iter().all(|name| name.contains("25. 4.")),
        "{names:?}"
    );
    assert!(
        names[2..].iter().all(|name| name.contains("26. 4.")),
        "{names:?}"
    );
    page.goto("/events/E?view=schedule").await;
    page.wait("document.querySelectorAll('.schedule h2').length === 2")
        .await;
    let states = page.texts(".schedule .status").await;
    assert_eq!(states, ["oficiální", "dojeto", "", "odloženo"]);
    page.close().await;
}

#[tokio::test]
async fn a_cross_is_shown_heat_by_heat_and_its_result_is_called_so() {
    let (_stack, page) = day_of("cross.xml").await;
    page.goto("/events/E?race=MX1_XF_26").await;
    page.wait("document.querySelectorAll('.lists .result').length === 8")
        .await;
    assert_eq!(
        page.texts(".lists h2").await,
        ["1. rozjížďka", "2. rozjížďka"]
    );
    assert_eq!(
        page.texts(".lists .bib").await,
        ["2", "1", "4", "3", "6", "5", "8", "7"]
    );
    assert_eq!(
        page.texts(".lists .rank").await,
        ["1", "2", "3", "4", "5", "6", "7", "8"]
    );
    let names = page.texts("select.race option").await;
    assert!(names[1].contains("finále"), "{names:?}");
    assert!(names[2].contains("celkové výsledky"), "{names:?}");
    page.goto("/events/E?race=MX1_XT_25").await;
    page.wait("document.querySelectorAll('.lists .result').length === 12")
        .await;
    let notes = page.texts(".lists .note").await;
    assert!(
        notes[10].contains("chyby: 1") && notes[11].contains("chyby: 2"),
        "{notes:?}"
    );
    page.goto("/events/E?race=MX1_XER_26").await;
    page.wait("document.querySelectorAll('.lists .result').length === 12")
        .await;
    let bibs = page.texts(".lists .bib").await;
    assert_eq!(bibs[8..], ["4", "3", "2", "1"]);
    page.close().await;
}

#[tokio::test]
async fn teams_show_letters_and_members_and_judges_are_waited_for() {
    let (_stack, page) = day_of("teams.xml").await;
    page.goto("/events/E?race=K1T_TSR_25").await;
    page.wait("document.querySelectorAll('.lists .result').length === 2")
        .await;
    let mut bibs = page.texts(".lists .bib").await;
    bibs.sort();
    assert_eq!(bibs, ["A", "B"]);
    let clubs = page.texts(".lists .club").await;
    assert!(
        clubs.iter().all(|club| club.matches(", ").count() == 2),
        "{clubs:?}"
    );
    page.close().await;
    let (_stack, page) = day_of("statuses.xml").await;
    page.goto("/events/E?race=C1M_SR_25").await;
    page.wait("document.querySelectorAll('.lists .result').length === 9")
        .await;
    assert_eq!(
        page.texts(".lists .bib").await,
        ["1", "4", "2", "3", "6", "9", "5", "7", "8"]
    );
    assert_eq!(page.texts(".lists .note").await[1], "prověřuje se");
    assert_eq!(page.texts(".lists .total").await[2..4], ["DSQ-R", "DQB"]);
    page.close().await;
}
