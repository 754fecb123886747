//! Resharding a cluster while it is in use.

use std::time::Duration;

use redis::{FromRedisValue, from_redis_value};

use crate::{
    User,
    servers::{Node, PORT, RedisCluster},
};

/// Keys that are moved at once: few, so that those of an event are apart meanwhile.
const KEYS: &str = "2";

impl RedisCluster {
    /// Moves the slot of a key to another primary as an operator would, with half of its keys there and
    /// half here for a while. Nothing, with whatever was done so far, when a server does not answer.
    pub async fn move_slot_of(&self, key: &str, for_a_while: Duration) -> Option<()> {
        let slot: u16 = ask(&self.nodes[0], &["CLUSTER", "KEYSLOT", key]).await?;
        let mut primaries = Vec::new();
        for node in &self.nodes {
            if node.is_primary().await {
                let id: String = ask(node, &["CLUSTER", "MYID"]).await?;
                primaries.push((node, id, has(node, slot).await?));
            }
        }
        let (from, from_id, _) = primaries.iter().find(|(_, _, has)| *has)?.clone();
        let (to, to_id, _) = primaries.iter().find(|(_, _, has)| !*has)?.clone();
        let slot = slot.to_string();
        let set = ["CLUSTER", "SETSLOT", &slot];
        to.command(&[&set[..], &["IMPORTING", &from_id]].concat())
            .await?;
        from.command(&[&set[..], &["MIGRATING", &to_id]].concat())
            .await?;
        let mut is_half = false;
        loop {
            let keys: Vec<String> = ask(from, &["CLUSTER", "GETKEYSINSLOT", &slot, KEYS]).await?;
            if keys.is_empty() {
                break;
            }
            let port = PORT.to_string();
            let (operator, password) = (User::Operator.name(), User::Operator.password());
            let head = ["MIGRATE", &to.address, &port, "", "0", "5000"];
            let login = ["AUTH2", operator, &password, "KEYS"];
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            from.command(&[&head[..], &login, &keys].concat()).await?;
            if !std::mem::replace(&mut is_half, true) {
                tokio::time::sleep(for_a_while).await;
            }
        }
        // Who gets it learns so first: it is never nobody's.
        primaries.sort_by_key(|(_, id, _)| *id != to_id);
        for (node, ..) in &primaries {
            node.command(&[&set[..], &["NODE", &to_id]].concat())
                .await?;
        }
        Some(())
    }
}

async fn ask<T: FromRedisValue>(node: &Node, words: &[&str]) -> Option<T> {
    from_redis_value(node.command(words).await?).ok()
}

/// Whether a primary serves a slot, by its own line in its list of nodes.
async fn has(node: &Node, slot: u16) -> Option<bool> {
    let nodes: String = ask(node, &["CLUSTER", "NODES"]).await?;
    let own = nodes.lines().find(|line| line.contains("myself"))?;
    let mut ranges = own.split_whitespace().skip(8);
    Some(ranges.any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let bounds = first.parse::<u16>().ok().zip(last.parse::<u16>().ok());
        bounds.is_some_and(|(first, last)| (first..=last).contains(&slot))
    }))
}
