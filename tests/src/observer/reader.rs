//! Reads over REST all the time, in turn over a connection that it keeps and over a new one.

use std::time::Duration;

use super::{Shared, TIMEOUT, note};
use crate::authority::Trust;

const EVERY: Duration = Duration::from_millis(50);

pub(super) async fn read(url: String, trust: Trust, report: Shared) {
    let kept = trust.http().timeout(TIMEOUT);
    let fresh = trust.http().timeout(TIMEOUT).pool_max_idle_per_host(0);
    let clients = [kept, fresh].map(|client| client.build().expect("a client"));
    for client in clients.iter().cycle() {
        let status = match client.get(&url).send().await {
            Ok(answer) => answer.status().as_u16(),
            Err(_) => 0,
        };
        if status != 200 {
            note(&report, |report| {
                *report.read_errors.entry(status).or_default() += 1;
            });
        }
        tokio::time::sleep(EVERY).await;
    }
}
