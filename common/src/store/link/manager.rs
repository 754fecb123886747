//! Makes connections, and looks at those that come back from their last user.

use std::time::Duration;

use deadpool::managed;
use redis::{
    Client, PushInfo, RedisError, RedisResult, TlsMode,
    aio::{ConnectionLike, SendError},
    cluster::{ClusterClient, ClusterClientBuilder},
    sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType},
};
use tokio::sync::Mutex;

use super::{Link, node_config, url::Topology};
use crate::store::StoreError;

/// Where a connection leads to.
pub(in crate::store) enum Source {
    Single(Client),
    Sentinel(Mutex<SentinelClient>),
    Cluster(Box<(Topology, ClusterClient)>),
}

/// What happens to pushes of a subscription.
pub(in crate::store) trait Pushes:
    Fn(PushInfo) -> Result<(), SendError> + Send + Sync + 'static
{
}

impl<F: Fn(PushInfo) -> Result<(), SendError> + Send + Sync + 'static> Pushes for F {}

impl Source {
    pub fn new(topology: &Topology, timeout: Duration) -> Result<Self, StoreError> {
        Ok(match topology {
            Topology::Single(info) => Self::Single(Client::open(info.clone())?),
            Topology::Sentinel {
                sentinels,
                name,
                node,
                tls,
            } => {
                let mut info =
                    SentinelNodeConnectionInfo::default().set_redis_connection_info(node.clone());
                if *tls {
                    info = info.set_tls_mode(TlsMode::Secure);
                }
                let kind = SentinelServerType::Master;
                let client = SentinelClient::build(sentinels.clone(), name, Some(info), kind)?;
                Self::Sentinel(Mutex::new(client))
            }
            Topology::Cluster(_) => Self::Cluster(Box::new((
                topology.clone(),
                cluster(topology, timeout).build()?,
            ))),
        })
    }

    /// A connection for commands.
    pub async fn connect(&self, timeout: Duration) -> RedisResult<Link> {
        let config = node_config(timeout);
        Ok(match self {
            Self::Single(client) => Link::Node(
                client
                    .get_multiplexed_async_connection_with_config(&config)
                    .await?,
            ),
            Self::Sentinel(client) => {
                let mut client = client.lock().await;
                Link::Node(client.get_async_connection_with_config(&config).await?)
            }
            Self::Cluster(cluster) => Link::Cluster(cluster.1.get_async_connection().await?),
        })
    }

    /// A connection for a subscription.
    pub async fn connect_pushing(
        &self,
        timeout: Duration,
        pushes: impl Pushes,
    ) -> RedisResult<Link> {
        let config = node_config(timeout);
        Ok(match self {
            Self::Single(client) => {
                let config = config.set_push_sender(pushes);
                Link::Node(
                    client
                        .get_multiplexed_async_connection_with_config(&config)
                        .await?,
                )
            }
            Self::Sentinel(client) => {
                let config = config.set_push_sender(pushes);
                let mut client = client.lock().await;
                Link::Node(client.get_async_connection_with_config(&config).await?)
            }
            Self::Cluster(known) => {
                let client = cluster(&known.0, timeout).push_sender(pushes).build()?;
                Link::Cluster(client.get_async_connection().await?)
            }
        })
    }
}

fn cluster(topology: &Topology, timeout: Duration) -> ClusterClientBuilder {
    let nodes = match topology {
        Topology::Cluster(nodes) => nodes.clone(),
        Topology::Single(_) | Topology::Sentinel { .. } => Vec::new(),
    };
    ClusterClientBuilder::new(nodes)
        .use_protocol(redis::ProtocolVersion::RESP3)
        // One silent node must leave time for the others: all are tried within one time-out.
        .connection_timeout(timeout / 4)
        .response_timeout(timeout)
        .overall_response_timeout(Some(timeout))
}

/// Connections that sentinels find, or to a cluster.
pub(in crate::store) struct LinkManager {
    pub source: Source,
    pub timeout: Duration,
}

impl managed::Manager for LinkManager {
    type Type = Link;
    type Error = RedisError;

    async fn create(&self) -> Result<Link, RedisError> {
        self.source.connect(self.timeout).await
    }

    async fn recycle(
        &self,
        link: &mut Link,
        _: &managed::Metrics,
    ) -> managed::RecycleResult<RedisError> {
        match link {
            Link::Node(node) => {
                node.req_packed_command(&redis::cmd("PING")).await?;
            }
            // It looks after its own connections.
            Link::Cluster(_) => {}
        }
        Ok(())
    }
}
