//! A Redis without memory left.

use common::{
    domain::RaceId,
    plan::{Part, Plan, Write},
    store::{Limits, StoreError},
};
use system_tests::RedisServer;

use crate::{
    commit::{commit, head, running},
    fsck,
};

/// A plan that first removes rows, which takes no memory, and then writes something, which does.
fn removing(race_id: &RaceId, revisions: &common::plan::Revisions) -> Plan {
    let details = common::domain::EventDetails::default();
    Plan {
        expected: vec![revisions.expect(Part::Rows(race_id.clone()))],
        touched: vec![Part::Rows(race_id.clone())],
        writes: vec![Write::DropRows(race_id.clone()), Write::Details(details)],
        ..Plan::default()
    }
}

#[tokio::test]
async fn a_commit_happens_as_a_whole_or_not_at_all() {
    let redis = RedisServer::start().await;
    let store = redis.store();
    running(&store).await;
    redis.set_memory_max(1).await;
    let race_id = RaceId::new("K1M_QUA_4");
    let before = head(&store).await;
    let rows = store.whole_competition(&before).await.expect("readable");
    let plan = removing(&race_id, &before.revisions);
    let refused = commit(&store, &before, &plan, Limits::default()).await;
    assert!(matches!(refused, Err(StoreError::NoRoom(_))), "{refused:?}");
    let after = head(&store).await;
    assert_eq!(after.position, before.position);
    let still = store.whole_competition(&after).await.expect("readable");
    assert_eq!(still, rows);
    fsck::check(&store, &crate::commit::event_id()).await;
}
