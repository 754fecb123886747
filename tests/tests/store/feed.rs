//! The subscription of a process.

use std::sync::atomic::Ordering;

use common::{
    domain::EventId,
    store::{Feed, FeedEvent},
};
use system_tests::{RedisServer, until};
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
    let feed = Feed::start(redis.store(), "process");
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
async fn a_frozen_server_is_noticed_and_left() {
    let redis = RedisServer::start().await;
    let feed = Feed::start(redis.store(), "process");
    let event_id = EventId::parse("E").expect("a valid id");
    let mut room = feed.subscribe(&event_id).await;
    assert_eq!(next(&mut room).await, FeedEvent::Subscribed);
    redis.signal("STOP");
    until("the feed to give the connection up", || async {
        (feed.stats().reconnects.load(Ordering::Relaxed) > 0).then_some(())
    })
    .await;
    redis.signal("CONT");
    assert_eq!(next(&mut room).await, FeedEvent::Subscribed);
}
