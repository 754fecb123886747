//! Several processes at once on one event.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use serde_json::json;
use system_tests::{SAMPLE_XML, Stack, StackConfig, metrics::metric, servers::own_address, until};

/// Every key that belongs to an event.
pub async fn keys_of(stack: &Stack, event_id: &str) -> Vec<String> {
    let client = redis::Client::open(stack.redis().url()).expect("a well-formed URL");
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("redis answers");
    let pattern = format!("ed:{{{event_id}}}:*");
    let keys = redis::cmd("KEYS")
        .arg(pattern)
        .query_async(&mut connection)
        .await;
    keys.expect("redis answers")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_pushes_at_once_over_two_processes_lose_nothing_and_show_no_half_state() {
    let stack = Stack::pair().await;
    let api = stack.ingest();
    let key = api.create("E").await;
    api.push_xml(&key, SAMPLE_XML).await;
    api.bring_to("E", &key, "running").await;
    let mut spectators = [stack.watch(0, "E").await, stack.watch(1, "E").await];
    for spectator in &mut spectators {
        spectator.message().await;
    }

    for round in 0..5_u32 {
        let pushes = (0..10_u32).map(|push| {
            let api = stack.ingest_at(push as usize % 2);
            let key = key.clone();
            async move {
                match push {
                    // The export has first runs of other races only, so it takes nothing of these.
                    0..=3 => api.push_xml(&key, &renamed(round * 10 + push)).await,
                    4..=6 => {
                        api.push_result(&key, "K1M_FIN_5", push - 3, 9000 + round)
                            .await
                    }
                    _ => {
                        api.push_result(&key, "K1W_QUA_4", push - 6, 9000 + round)
                            .await
                    }
                }
            }
        });
        for answer in join_all(pushes).await {
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
    }
    for (bib, race_id) in [(1, "K1M_FIN_5"), (2, "K1M_FIN_5"), (3, "K1M_FIN_5")] {
        api.push_result(&key, race_id, bib, 8000 + bib).await;
    }

    let detail = stack.gateway_at(0).get("/events/E").await;
    let seq = detail.body["seq"].as_u64().expect("a seq");
    let mut seen = Vec::new();
    for spectator in &mut spectators {
        let mut totals: BTreeMap<u64, u64> = BTreeMap::new();
        while spectator.seq() < seq {
            let message = spectator.message().await;
            if message["data"]["raceId"] == "K1M_FIN_5" {
                for row in message["data"]["results"].as_array().expect("rows") {
                    if let (Some(bib), Some(total)) = (row["bib"].as_u64(), row["total"].as_u64()) {
                        totals.insert(bib, total);
                    }
                }
            }
        }
        seen.push(totals);
    }
    let expected = BTreeMap::from([(1, 8201), (2, 8202), (3, 8203)]);
    assert_eq!(seen, [expected.clone(), expected]);
}

fn renamed(number: u32) -> String {
    SAMPLE_XML.replace("3. kolo", &format!("{number}. kolo"))
}

/// A bridge pushes ten times a second through a load balancer: in turn to each process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bridge_over_two_processes_does_not_collide_with_itself() {
    let metrics = [own_address(), own_address()].map(|address| format!("{address}:9090"));
    let config = StackConfig {
        ingests: 2,
        ingest_flags_of_each: metrics
            .iter()
            .map(|address| vec![format!("--metrics-listen={address}")])
            .collect(),
        ..StackConfig::default()
    };
    let stack = Stack::with(config).await;
    let key = stack.ingest().create("E").await;
    stack.ingest().push_xml(&key, SAMPLE_XML).await;
    stack.ingest().bring_to("E", &key, "running").await;
    for push in 0..50_usize {
        let boat = json!({ "raceId": "K1M_QUA_4", "bib": 1, "time": 1000 + push });
        let body = json!({ "oncourse": [boat] });
        let answer = stack
            .ingest_at(push % 2)
            .push(&key, "/ingest/oncourse", &body)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut conflicts = 0;
    for address in &metrics {
        conflicts += metric::<u64>(address, "ingest_conflicts_total")
            .await
            .expect("a number");
    }
    assert!(conflicts <= 8, "{conflicts} conflicts of 50 pushes");
    let path = "/events/E/oncourse";
    until("the last list", || async {
        let list = stack.gateway_at(0).get(path).await;
        (list.body["oncourse"][0]["time"] == 1049).then_some(())
    })
    .await;
}
