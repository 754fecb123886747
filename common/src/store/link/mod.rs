//! Connections to Redis, whichever topology its URL names.

mod manager;
pub(super) mod url;
mod warm;

use deadpool::managed::{self, Object};
use deadpool_redis::redis::AsyncConnectionConfig;
use redis::{
    Cmd, Pipeline, RedisFuture, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster_async::ClusterConnection,
};

pub(super) use manager::{LinkManager, Source};
pub(super) use warm::{Borrowed, Warm};

/// A connection to the servers that hold the data.
pub(super) enum Link {
    /// To one server, the primary.
    Node(MultiplexedConnection),
    /// To all primaries of a cluster.
    Cluster(ClusterConnection),
}

/// A connection from a pool.
pub(super) enum Pooled {
    /// To one server.
    Single(deadpool_redis::Connection),
    /// Found by sentinels, or to a cluster.
    Routed(Object<LinkManager>),
}

/// Where pooled connections come from.
#[derive(Clone)]
pub(super) enum LinkPool {
    /// One server.
    Single(deadpool_redis::Pool),
    /// Found by sentinels, or a cluster.
    Routed(managed::Pool<LinkManager>),
}

impl Link {
    pub async fn subscribe(&mut self, channel: &str) -> redis::RedisResult<()> {
        match self {
            Self::Node(node) => node.subscribe(channel).await,
            Self::Cluster(cluster) => cluster.ssubscribe(channel).await,
        }
    }

    pub async fn unsubscribe(&mut self, channel: &str) -> redis::RedisResult<()> {
        match self {
            Self::Node(node) => node.unsubscribe(channel).await,
            Self::Cluster(cluster) => cluster.sunsubscribe(channel).await,
        }
    }
}

impl Pooled {
    /// Keeps the connection from going back.
    pub fn discard(self) {
        match self {
            Self::Single(connection) => drop(deadpool_redis::Connection::take(connection)),
            Self::Routed(object) => drop(Object::take(object)),
        }
    }

    /// The connection to a cluster, if it is one.
    pub fn cluster(&mut self) -> Option<&mut ClusterConnection> {
        match self {
            Self::Routed(object) => match &mut **object {
                Link::Cluster(cluster) => Some(cluster),
                Link::Node(_) => None,
            },
            Self::Single(_) => None,
        }
    }
}

macro_rules! connection_like {
    ($type:ident, $($variant:ident),+) => {
        impl ConnectionLike for $type {
            fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
                match self {
                    $(Self::$variant(link) => link.req_packed_command(cmd),)+
                }
            }

            fn req_packed_commands<'a>(
                &'a mut self,
                pipeline: &'a Pipeline,
                offset: usize,
                count: usize,
            ) -> RedisFuture<'a, Vec<Value>> {
                match self {
                    $(Self::$variant(link) => link.req_packed_commands(pipeline, offset, count),)+
                }
            }

            fn get_db(&self) -> i64 {
                match self {
                    $(Self::$variant(link) => link.get_db(),)+
                }
            }
        }
    };
}

connection_like!(Link, Node, Cluster);
connection_like!(Pooled, Single, Routed);

/// Time-outs and, for a subscription, where pushes go.
pub(super) fn node_config(timeout: std::time::Duration) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(timeout))
        .set_response_timeout(Some(timeout))
}
