//! Few connections, many who want one.

use std::time::{Duration, Instant};

use common::{
    domain::EventId,
    store::{Store, StoreConfig, StoreError},
};
use system_tests::RedisServer;

const TIMEOUT: Duration = Duration::from_millis(500);

async fn ask_all_the_time(store: Store) -> u64 {
    let event_id = EventId::parse("NONE").expect("a valid id");
    let started = Instant::now();
    let mut answers = 0;
    while started.elapsed() < 3 * TIMEOUT {
        let answer = store.head(&event_id).await;
        assert!(matches!(answer, Err(StoreError::NoEvent)), "{answer:?}");
        answers += 1;
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_a_connection_gets_one_although_the_others_never_pause() {
    let redis = RedisServer::start().await;
    let config = StoreConfig {
        url: redis.url(),
        connections_max: 16,
        timeout: TIMEOUT,
        new_epochs: true,
    };
    let store = Store::new(&config).expect("a well-formed URL");
    let callers = [(); 40].map(|()| tokio::spawn(ask_all_the_time(store.clone())));
    for caller in callers {
        assert!(caller.await.expect("it was always answered") > 0);
    }
}
