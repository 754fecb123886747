//! What a service counts.

use std::str::FromStr;

/// The value of a metric, labels included in its name as they are shown; nothing when it is not shown.
///
/// # Panics
///
/// When `address`, of `--metrics-listen`, does not answer.
pub async fn metric<T: FromStr>(address: &str, name: &str) -> Option<T> {
    let answer = sim::http::get(format!("http://{address}/metrics")).await;
    let text = answer.expect("an answer").text().await.expect("text");
    let mut values = text
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    values.next()?.parse().ok()
}
