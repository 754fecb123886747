//! What was acknowledged is there.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use system_tests::{Api, until};

use super::{RACE, running};

#[tokio::test]
async fn redis_killed_during_acknowledged_writes_loses_none_of_them() {
    let (mut stack, key) = running(&[]).await;
    let acknowledged = Arc::new(AtomicU32::new(0));
    let writing = {
        let (api, acknowledged) = (stack.ingest(), Arc::clone(&acknowledged));
        tokio::spawn(async move {
            for number in 1..=200 {
                push_until_acknowledged(&api, &key, number).await;
                acknowledged.store(number, Ordering::SeqCst);
            }
        })
    };
    for part in [40, 100, 160] {
        until("that many writes", || async {
            (acknowledged.load(Ordering::SeqCst) >= part).then_some(())
        })
        .await;
        let before = acknowledged.load(Ordering::SeqCst);
        stack.redis_mut().kill();
        stack.redis_mut().restart().await;
        let store = stack.servers.store();
        let event_id = common::domain::EventId::parse("E").expect("a valid id");
        let race_id = common::domain::RaceId::new(RACE);
        let (_, competition) = store
            .race(&event_id, &race_id)
            .await
            .expect("redis is back")
            .expect("a race");
        let rows = competition.rows[&race_id].values();
        let time = rows
            .filter_map(|row| row.run.time)
            .map(common::domain::Hundredths::get)
            .max();
        assert!(
            time >= Some(8000 + before),
            "{time:?} is there, {before} were acknowledged"
        );
    }
    writing.await.expect("all was acknowledged");
    let list = stack
        .gateway_at(0)
        .get(&format!("/events/E/results/{RACE}"))
        .await;
    assert_eq!(list.body["results"][0]["time"], 8200);
}

async fn push_until_acknowledged(api: &Api, key: &str, number: u32) {
    until("ingest to take it", || async {
        let pushed = api.push_result(key, RACE, 1, 8000 + number).await;
        if pushed.status == 503 {
            assert!(pushed.headers.contains_key("retry-after"));
        }
        (pushed.status == 200).then_some(())
    })
    .await;
}
