//! The same system on every kind of Redis, and what happens when a primary is lost.

use std::{collections::BTreeMap, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{
    SAMPLE_XML, Servers, Spectator, Stack, StackConfig, Topology, chaos, servers::SentinelTrio,
    until,
};

const RACE: &str = "K1M_QUA_4";

async fn started(topology: Topology) -> (Stack, String) {
    started_with(topology, &[]).await
}

async fn started_with(topology: Topology, flags: &[&str]) -> (Stack, String) {
    let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    let config = StackConfig {
        ingests: 2,
        gateways: 2,
        topology,
        ingest_flags: flags.clone(),
        gateway_flags: flags,
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
    let refused = stack.servers.refused().await;
    assert!(refused.is_empty(), "a user lacks a right: {refused:?}");
}

#[tokio::test]
async fn an_event_lives_on_one_server() {
    Box::pin(whole_life(Topology::Single)).await;
}

#[tokio::test]
async fn an_event_lives_behind_sentinels() {
    Box::pin(whole_life(Topology::Sentinel)).await;
}

#[tokio::test]
async fn an_event_lives_on_a_cluster() {
    Box::pin(whole_life(Topology::Cluster)).await;
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

/// A failover to a replica that lacks the last three writes, then one more write. Gives what a spectator
/// that was there all the time believes, and what is true.
async fn lost_tail(flags: &[&str]) -> (Vec<Value>, Vec<Value>) {
    let (mut stack, key) = started_with(Topology::Sentinel, flags).await;
    let mut spectator = stack.watch(0, "E").await;
    spectator.message().await;
    // The replica hears nothing of what comes now, and then is all that is left.
    sentinels(&mut stack).nodes[1].kill();
    let mut believed = BTreeMap::new();
    for time in [8000, 8100, 8200] {
        let pushed = stack.ingest().push_result(&key, RACE, 1, time).await;
        assert_eq!(pushed.status, 200, "{}", pushed.body);
        believe(&mut believed, &spectator.message().await);
    }
    // What comes next must not be heard one by one: rooms see only where the new primary ends up.
    for gateway in &stack.gateways {
        gateway.process.signal("STOP");
    }
    let trio = sentinels(&mut stack);
    trio.nodes[0].kill();
    trio.nodes[1].restart();
    push_until_taken(&stack, &key, 2, 9000).await;
    for time in [9100, 9200] {
        push_until_taken(&stack, &key, 2, time).await;
    }
    for gateway in &stack.gateways {
        gateway.process.signal("CONT");
    }
    push_until_taken(&stack, &key, 2, 9300).await;
    let told = tokio::time::timeout(Duration::from_secs(15), async {
        loop {
            let message = spectator.message().await;
            if message["type"] == "full" {
                believed.clear();
                let list = results(&stack).await;
                believe(&mut believed, &json!({ "data": { "results": list } }));
            } else {
                believe(&mut believed, &message);
            }
            if believed
                .get(&2)
                .is_some_and(|row: &Value| row["time"] == 9300)
            {
                return;
            }
        }
    });
    let _ = told.await;
    let mut truth = BTreeMap::new();
    let list = results(&stack).await;
    believe(&mut truth, &json!({ "data": { "results": list } }));
    let times =
        |rows: &BTreeMap<u64, Value>| rows.values().map(|row| row["time"].clone()).collect();
    (times(&believed), times(&truth))
}

fn sentinels(stack: &mut Stack) -> &mut SentinelTrio {
    match &mut stack.servers {
        Servers::Sentinel(trio) => trio,
        _ => panic!("behind sentinels"),
    }
}

async fn results(stack: &Stack) -> Vec<Value> {
    let list = stack
        .gateway_at(1)
        .get(&format!("/events/E/results/{RACE}"))
        .await;
    list.body["results"].as_array().expect("rows").clone()
}

fn believe(believed: &mut BTreeMap<u64, Value>, message: &Value) {
    for row in message["data"]["results"].as_array().into_iter().flatten() {
        believed.insert(row["bib"].as_u64().expect("a bib"), row.clone());
    }
}

#[tokio::test]
async fn a_failover_without_the_last_writes_brings_everyone_to_the_new_truth() {
    let (believed, truth) = lost_tail(&[]).await;
    assert_eq!(truth[1], 9300);
    assert_eq!(
        truth[0],
        json!(null),
        "the lost tail is lost for everyone alike"
    );
    assert_eq!(believed, truth);
}

#[tokio::test]
async fn without_a_new_epoch_the_same_seqs_are_handed_out_again_and_nobody_notices() {
    let (believed, truth) = lost_tail(&["--without=new-epoch"]).await;
    assert_ne!(believed, truth, "the lost tail is still believed");
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
    for node in &cluster.nodes {
        if node.is_primary().await {
            node.wait_until_copied().await;
        }
    }
    cluster.nodes[holder].kill();
    push_until_taken(&stack, &key, 1, 9000).await;
    told(&mut spectator, 9000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_diverges_when_the_slot_of_their_event_moves() {
    let schedule = chaos::Schedule {
        faults: 4,
        seed: 7,
        kinds: vec![chaos::Kind::SlotMoved],
        lasts_ms_max: 1_000,
        topology: Topology::Cluster,
        viewers: 4,
        without: Vec::new(),
        verbose: false,
    };
    if let Err(what) = Box::pin(chaos::run(&schedule)).await {
        panic!("{what}");
    }
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
