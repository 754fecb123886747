//! Seats as leases.

use std::time::Duration;

use common::{
    domain::{EventDetails, EventId, KeyRecord, KeyWindow},
    store::{NewEvent, SeatAnswer, SeatRequest, Store},
};
use system_tests::{RedisServer, until};

const MAX: usize = 10;
const LONG: Duration = Duration::from_secs(60);

async fn created(store: &Store) -> (EventId, String) {
    let event_id = EventId::parse("E").expect("a valid id");
    let new = NewEvent {
        event_id: event_id.clone(),
        details: EventDetails::default(),
        key: KeyRecord {
            salt: String::new(),
            given: KeyWindow::default(),
            window: KeyWindow::default(),
        },
        image: None,
        max_connections: None,
        created_at_ms: 0,
    };
    let record = store.create(new, "digest").await.expect("a new event");
    (event_id, record.incarnation)
}

async fn ask(
    store: &Store,
    (event_id, incarnation): &(EventId, String),
    gateway: &str,
    (held, wanted): (usize, usize),
    lease: Duration,
) -> Option<(usize, usize)> {
    let request = SeatRequest {
        gateway,
        held,
        wanted,
        max: MAX,
        lease,
    };
    let answer = store.seats(event_id, incarnation, request).await;
    match answer.expect("redis answers") {
        SeatAnswer::Granted {
            granted, others, ..
        } => Some((granted, others)),
        SeatAnswer::Gone => None,
    }
}

#[tokio::test]
async fn no_more_than_max_over_all_gateways_and_repeating_changes_nothing() {
    let redis = RedisServer::start().await;
    let store = redis.store();
    let event = created(&store).await;
    assert_eq!(ask(&store, &event, "a", (0, 7), LONG).await, Some((7, 0)));
    assert_eq!(ask(&store, &event, "a", (0, 7), LONG).await, Some((7, 0)));
    assert_eq!(ask(&store, &event, "b", (0, 7), LONG).await, Some((3, 7)));
    assert_eq!(ask(&store, &event, "a", (7, 1), LONG).await, Some((7, 3)));
    assert_eq!(ask(&store, &event, "a", (5, 0), LONG).await, Some((5, 3)));
    assert_eq!(ask(&store, &event, "b", (3, 7), LONG).await, Some((5, 5)));
    // Back from a partition with more than there is room for: it keeps whom it has.
    assert_eq!(ask(&store, &event, "c", (4, 4), LONG).await, Some((4, 10)));
}

#[tokio::test]
async fn a_lease_that_is_not_renewed_counts_no_more() {
    let redis = RedisServer::start().await;
    let store = redis.store();
    let event = created(&store).await;
    let short = Duration::from_millis(200);
    assert_eq!(
        ask(&store, &event, "dead", (0, MAX), short).await,
        Some((MAX, 0))
    );
    until("the lease to end", || async {
        (ask(&store, &event, "alive", (0, 1), LONG).await == Some((1, 0))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_room_of_a_deleted_event_takes_nothing_from_its_successor() {
    let redis = RedisServer::start().await;
    let store = redis.store();
    let old = created(&store).await;
    let head = store.head(&old.0).await.expect("it is there");
    store.delete(&head, "digest", 0).await.expect("it is there");
    let new = created(&store).await;
    assert_eq!(ask(&store, &old, "a", (5, 5), LONG).await, None);
    assert_eq!(ask(&store, &new, "b", (0, MAX), LONG).await, Some((MAX, 0)));
}
