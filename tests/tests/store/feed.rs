//! The subscription of a process.

use std::{sync::atomic::Ordering, time::Duration};

use common::{
    domain::EventId,
    store::{Feed, FeedEvent, FeedWithout, Store, StoreConfig},
};
use system_tests::{
    RedisServer, User,
    proxy::{Proxy, Target},
};
use tokio::{sync::mpsc::Receiver, time::timeout};

async fn next(feed: &mut Receiver<FeedEvent>) -> FeedEvent {
    let event = timeout(system_tests::DEADLINE, feed.recv()).await;
    event.expect("an event in time").expect("the feed goes on")
}

async fn publish(redis: &RedisServer, message: &str) {
    let client = redis::Client::open(redis.url()).expect("a well-formed URL");
    let mut connection = client
        .get_multiplexed_async_connection()
        .await
        .expect("redis answers");
    let mut command = redis::cmd("PUBLISH");
    command.arg("ed:{E}:feed").arg(message);
    let published = command.query_async::<u32>(&mut connection).await;
    published.expect("redis answers");
}

#[tokio::test]
async fn a_lost_connection_is_made_anew_and_the_room_is_told() {
    let mut redis = RedisServer::start().await;
    let feed = Feed::start(redis.store(), "process", FeedWithout::default());
    let event_id = EventId::parse("E").expect("a valid id");
    let mut room = feed.subscribe(&event_id).await;
    assert_eq!(next(&mut room).await, FeedEvent::Subscribed);
    publish(&redis, "epoch 1 7 status {}").await;
    assert!(matches!(next(&mut room).await, FeedEvent::Message(_)));
    redis.restart().await;
    assert_eq!(next(&mut room).await, FeedEvent::Subscribed);
    assert!(feed.stats().reconnects.load(Ordering::Relaxed) > 0);
    publish(&redis, "not an envelope").await;
    publish(&redis, "epoch 2 7 status {}").await;
    assert!(matches!(next(&mut room).await, FeedEvent::Message(_)));
}

#[tokio::test]
async fn a_frozen_server_loses_nothing_and_is_no_reason_to_leave() {
    let redis = RedisServer::start().await;
    let feed = Feed::start(redis.store(), "process", FeedWithout::default());
    let event_id = EventId::parse("E").expect("a valid id");
    let mut room = feed.subscribe(&event_id).await;
    assert_eq!(next(&mut room).await, FeedEvent::Subscribed);
    redis.signal("STOP");
    assert!(redis.store().ping().await.is_err());
    redis.signal("CONT");
    publish(&redis, "epoch 1 7 status {}").await;
    assert!(matches!(next(&mut room).await, FeedEvent::Message(_)));
    assert_eq!(feed.stats().deaf.load(Ordering::Relaxed), 0);
}

/// A subscription over a connection that goes dead without an end, while new ones work.
async fn deaf(without: FeedWithout) -> bool {
    let redis = RedisServer::start().await;
    let proxy = Proxy::start(Target::Unix(redis.socket())).await;
    let config = StoreConfig {
        url: format!("redis://{}@{}", User::Gateway.login(), proxy.address()),
        connections_max: 4,
        timeout: Duration::from_secs(1),
        new_epochs: true,
    };
    let store = Store::new(&config).expect("a well-formed URL");
    let feed = Feed::start(store, "process", without);
    let event_id = EventId::parse("E").expect("a valid id");
    let mut room = feed.subscribe(&event_id).await;
    assert_eq!(next(&mut room).await, FeedEvent::Subscribed);
    proxy.stall();
    publish(&redis, "epoch 1 7 status {}").await;
    timeout(Duration::from_secs(20), room.recv()).await.is_ok()
}

#[tokio::test]
async fn a_deaf_subscription_is_found_out_by_probes_and_not_without_them() {
    let (with, without) = tokio::join!(
        deaf(FeedWithout { probes: false }),
        deaf(FeedWithout { probes: true }),
    );
    assert!(with, "with probes the room is told to look");
    assert!(!without, "without probes the room starves");
}
