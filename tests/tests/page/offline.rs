//! Without a network, and as an application of its own.

use serde_json::{Value, json};
use system_tests::{
    browser::Look,
    proxy::{Proxy, Target},
};

use super::kit::{Day, Page};

#[tokio::test]
async fn what_was_last_seen_is_readable_without_a_network() {
    let day = Day::half_way().await;
    let proxy = Proxy::start(Target::Tcp(day.stack.gateways[0].address.clone())).await;
    let page = Page::at(&format!("http://{}", proxy.address()), Look::PHONE).await;
    page.goto("/events/E").await;
    let truth = day.truth().await;
    page.shows(&truth, "cs").await;
    page.is_live().await;
    page.browser
        .run(
            "navigator.serviceWorker.ready.then(() => arguments[0](true))",
            vec![],
        )
        .await;
    page.wait("localStorage.getItem('event:E')?.includes('\"results\":[[')")
        .await;
    proxy.refuse(true);
    proxy.cut();
    page.browser.client.refresh().await.expect("it is kept");
    page.shows(&truth, "cs").await;
    page.wait("document.querySelector('.connection').dataset.status === 'offline'")
        .await;
    assert_eq!(
        page.browser
            .value("document.querySelector('.on-course').hidden")
            .await,
        true
    );
    page.browser.picture("offline-phone").await;
    page.goto("/").await;
    page.wait("document.querySelectorAll('.card').length === 1")
        .await;
    assert_eq!(page.texts(".card strong").await, ["Závod"]);
    page.goto("/events/E").await;
    page.shows(&truth, "cs").await;
    day.finish(31, 8_000).await;
    proxy.refuse(false);
    page.is_live().await;
    page.shows(&day.truth().await, "cs").await;
    page.close_after_cuts().await;
}

#[tokio::test]
async fn it_can_be_installed() {
    let day = Day::half_way().await;
    let page = Page::open(&day, Look::PHONE, "").await;
    page.is_live().await;
    let manifest = page
        .browser
        .devtools("Page.getAppManifest", json!({}))
        .await;
    assert_eq!(manifest["errors"], json!([]), "{manifest}");
    let text: Value =
        serde_json::from_str(manifest["data"].as_str().expect("a manifest")).expect("JSON");
    let icon = text["icons"][0]["src"]
        .as_str()
        .expect("an icon")
        .to_owned();
    let script = format!(
        "fetch({}).then((answer) => arguments[0](answer.status))",
        json!(icon)
    );
    assert_eq!(page.browser.run(&script, vec![]).await, 200);
    page.close().await;
}

#[tokio::test]
async fn files_are_compressed_and_kept_for_good_and_the_policy_is_strict() {
    let day = Day::half_way().await;
    let client = sim::http::client().build().expect("a client");
    let get = async |path: &str, coding: &str| {
        let request = client
            .get(format!("{}{path}", day.origin()))
            .header("accept-encoding", coding);
        request.send().await.expect("an answer")
    };
    let document = get("/events/E", "identity").await;
    let policy = document.headers()["content-security-policy"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"));
    assert_eq!(document.headers()["cache-control"], "no-cache");
    let text = document.text().await.expect("text");
    let (_, rest) = text.split_once("src=\"").expect("a script");
    let (script, _) = rest.split_once('"').expect("its address");
    let mut sizes = Vec::new();
    for coding in ["br", "gzip", "identity"] {
        let answer = get(script, coding).await;
        assert_eq!(
            answer.headers()["cache-control"],
            "public, max-age=31536000, immutable"
        );
        let told = answer
            .headers()
            .get("content-encoding")
            .map(|told| told.to_str().expect("text").to_owned());
        assert_eq!(told.as_deref(), (coding != "identity").then_some(coding));
        sizes.push(answer.bytes().await.expect("a body").len());
    }
    assert!(sizes[0] < sizes[1] && sizes[1] * 2 < sizes[2], "{sizes:?}");
    // While gateways are replaced, the document of one names files of another.
    let other = get("/assets/0123456789abcdef/app.js", "br").await;
    assert_eq!(other.status(), 200);
    assert_eq!(other.headers()["cache-control"], "no-store");
    assert_eq!(
        get("/assets/0123456789abcdef/secret.js", "br")
            .await
            .status(),
        404
    );
}
