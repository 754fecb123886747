//! The same system on every kind of Redis, and what happens when a primary is lost.

use reqwest::Method;
use serde_json::json;
use system_tests::{SAMPLE_XML, Servers, Spectator, Stack, StackConfig, Topology, until};

const RACE: &str = "K1M_QUA_4";

async fn started(topology: Topology) -> (Stack, String) {
    let config = StackConfig {
        ingests: 2,
        gateways: 2,
        topology,
        ..StackConfig::default()
    };
    let stack = Stack::with(config).await;
    let api = stack.ingest();
    let key = api.create("E").await;
    assert_eq!(api.push_xml(&key, SAMPLE_XML).await.status, 200);
    api.bring_to("E", &key, "running").await;
    (stack, key)
}

/// One event's whole life: everything that touches Redis.
async fn whole_life(topology: Topology) {
    let (stack, key) = started(topology).await;
    let api = stack.ingest();
    let mut spectators = [stack.watch(0, "E").await, stack.watch(1, "E").await];
    for spectator in &mut spectators {
        assert_eq!(spectator.message().await["type"], "full");
    }
    api.push_result(&key, RACE, 1, 9000).await;
    stack.ingest_at(1).push_result(&key, RACE, 2, 9100).await;
    for spectator in &mut spectators {
        assert_eq!(spectator.message().await["data"]["results"][0]["bib"], 1);
        assert_eq!(spectator.message().await["data"]["results"][0]["bib"], 2);
    }
    let [mut first, second] = spectators;
    let standing = second.standing();
    second.leave().await;
    api.push_result(&key, RACE, 3, 9200).await;
    let origin = &stack.gateways[0].origin;
    let back = Spectator::resume(origin, "E", standing).await;
    assert_eq!(back.expect("let in").message().await["missed"], 1);
    first.message().await;
    // An event of another slot, the list, a rotation, and a deletion.
    let other = api.create("OTHER").await;
    assert_eq!(api.push_xml(&other, SAMPLE_XML).await.status, 200);
    assert_eq!(
        api.get("/admin/events").await.body["events"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    let rotate = api.request(Method::POST, "/admin/events/OTHER/rotate-key");
    assert_eq!(api.send(rotate).await.status, 200);
    assert_eq!(api.push_xml(&other, SAMPLE_XML).await.status, 401);
    let delete = api.request(Method::DELETE, "/admin/events/OTHER");
    assert_eq!(api.send(delete).await.body["deleted"], true);
    let store = stack.servers.store();
    let found = store.repair_indexes(|_| "digest".to_owned()).await;
    assert_eq!(found.expect("all servers are walked"), 1);
    api.set_status("E", &key, "finished").await;
    assert_eq!(
        first.message().await["data"],
        json!({ "status": "finished" })
    );
}

#[tokio::test]
async fn an_event_lives_on_one_server() {
    whole_life(Topology::Single).await;
}

#[tokio::test]
async fn an_event_lives_behind_sentinels() {
    whole_life(Topology::Sentinel).await;
}

#[tokio::test]
async fn an_event_lives_on_a_cluster() {
    whole_life(Topology::Cluster).await;
}

/// Pushes until it is taken again.
async fn push_until_taken(stack: &Stack, key: &str, bib: u32, time: u32) {
    let api = stack.ingest();
    until("ingest to take results again", || async {
        let answer = api.push_result(key, RACE, bib, time).await;
        assert!(
            matches!(answer.status.as_u16(), 200 | 503),
            "{}",
            answer.body
        );
        (answer.status == 200).then_some(())
    })
    .await;
}

/// Waits until a spectator has been told of a time.
async fn told(spectator: &mut Spectator, time: u32) {
    loop {
        let message = spectator.message().await;
        let rows = message["data"]["results"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if message["type"] == "full" || rows.iter().any(|row| row["time"] == time) {
            return;
        }
    }
}

#[tokio::test]
async fn a_primary_behind_sentinels_is_lost_and_everyone_goes_on_with_the_next() {
    let (mut stack, key) = started(Topology::Sentinel).await;
    let mut spectators = [stack.watch(0, "E").await, stack.watch(1, "E").await];
    let Servers::Sentinel(trio) = &mut stack.servers else {
        panic!("behind sentinels")
    };
    trio.nodes[0].kill();
    push_until_taken(&stack, &key, 1, 9000).await;
    for spectator in &mut spectators {
        // A new primary is another history: one `full` for everyone, or the diffs of the old one.
        told(spectator, 9000).await;
    }
    let list = stack
        .gateway_at(0)
        .get(&format!("/events/E/results/{RACE}"))
        .await;
    assert_eq!(list.body["results"][0]["time"], 9000);
}

#[tokio::test]
async fn a_failover_without_the_last_writes_brings_everyone_to_the_new_truth_by_a_full() {
    let (mut stack, key) = started(Topology::Sentinel).await;
    let mut spectator = stack.watch(0, "E").await;
    let epoch = spectator.message().await["epoch"].clone();
    let Servers::Sentinel(trio) = &mut stack.servers else {
        panic!("behind sentinels")
    };
    // The replica hears nothing of what comes now, and then is all that is left.
    trio.nodes[1].kill();
    for time in [8000, 8100, 8200] {
        let pushed = stack.ingest().push_result(&key, RACE, 1, time).await;
        assert_eq!(pushed.status, 200, "{}", pushed.body);
        told(&mut spectator, time).await;
    }
    let Servers::Sentinel(trio) = &mut stack.servers else {
        panic!("behind sentinels")
    };
    trio.nodes[0].kill();
    trio.nodes[1].restart();
    push_until_taken(&stack, &key, 2, 9000).await;
    let full = loop {
        let message = spectator.message().await;
        if message["type"] == "full" && message["epoch"] != epoch {
            break message;
        }
    };
    let list = stack
        .gateway_at(0)
        .get(&format!("/events/E/results/{RACE}"))
        .await
        .body;
    let time_of = |bib: u64| {
        let rows = list["results"].as_array().expect("rows");
        rows.iter()
            .find(|row| row["bib"] == bib)
            .map(|row| row["time"].clone())
    };
    assert_eq!(time_of(2), Some(json!(9000)));
    assert_eq!(
        time_of(1),
        Some(json!(null)),
        "the lost tail is lost for everyone alike"
    );
    assert!(spectator.seq() >= full["seq"].as_u64().expect("a seq"));
}

#[tokio::test]
async fn a_primary_of_a_cluster_is_lost_and_its_events_go_on() {
    let (mut stack, key) = started(Topology::Cluster).await;
    let mut spectator = stack.watch(0, "E").await;
    spectator.message().await;
    let Servers::Cluster(cluster) = &mut stack.servers else {
        panic!("a cluster")
    };
    let holder = primary(cluster).await.expect("somebody holds the event");
    cluster.nodes[holder].kill();
    push_until_taken(&stack, &key, 1, 9000).await;
    told(&mut spectator, 9000).await;
}

async fn primary(cluster: &system_tests::servers::RedisCluster) -> Option<usize> {
    for (index, node) in cluster.nodes.iter().enumerate() {
        // The node that holds the keys of the event itself.
        let keys = node.command(&["EXISTS", "ed:{E}:meta"]).await;
        if keys == Some(redis::Value::Int(1)) && node.is_primary().await {
            return Some(index);
        }
    }
    None
}
