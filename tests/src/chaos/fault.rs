//! Faults, and how each is done and undone.

use std::time::Duration;

use rand::{RngExt, rngs::StdRng};
use tokio::sync::watch;

use super::{EVENTS, viewer::Viewer};
use crate::{Servers, Stack, Topology, haproxy::HaProxy, until};

/// Longer than a push that is under way takes on a system that is well.
const LAST_WRITES: Duration = Duration::from_millis(300);

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A gateway is ended at once.
    GatewayKilled,
    /// A gateway is asked to stop.
    GatewayTerminated,
    /// A gateway stands still for a while.
    GatewayFrozen,
    /// An ingest process is ended at once.
    IngestKilled,
    /// An ingest process is asked to stop.
    IngestTerminated,
    /// An ingest process stands still for a while.
    IngestFrozen,
    /// Redis is ended at once and starts again on its data.
    RedisKilled,
    /// Redis stands still for a while.
    RedisFrozen,
    /// Redis ends all subscriptions.
    SubscriptionsKilled,
    /// Redis ends all other connections.
    ConnectionsKilled,
    /// A gateway does not reach Redis for a while.
    GatewayCutOff,
    /// The connections of a gateway to Redis are open and dead.
    GatewayStalled,
    /// All between a gateway and Redis comes late.
    GatewayDelayed,
    /// An ingest process does not reach Redis for a while.
    IngestCutOff,
    /// The connections of an ingest process to Redis are open and dead.
    IngestStalled,
    /// The load balancer is restarted.
    BalancerRestarted,
    /// A third of the viewers lose their connection.
    ViewersCut,
    /// A primary is lost and comes back as a replica.
    PrimaryLost,
    /// An event's slot moves to another primary.
    SlotMoved,
}

impl Kind {
    /// Faults of one server with proxies in between.
    const SINGLE: [Self; 17] = [
        Self::GatewayKilled,
        Self::GatewayTerminated,
        Self::GatewayFrozen,
        Self::IngestKilled,
        Self::IngestTerminated,
        Self::IngestFrozen,
        Self::RedisKilled,
        Self::RedisFrozen,
        Self::SubscriptionsKilled,
        Self::ConnectionsKilled,
        Self::GatewayCutOff,
        Self::GatewayStalled,
        Self::GatewayDelayed,
        Self::IngestCutOff,
        Self::IngestStalled,
        Self::BalancerRestarted,
        Self::ViewersCut,
    ];

    /// Faults of several servers.
    const SEVERAL: [Self; 9] = [
        Self::GatewayKilled,
        Self::GatewayTerminated,
        Self::GatewayFrozen,
        Self::IngestKilled,
        Self::IngestFrozen,
        Self::BalancerRestarted,
        Self::ViewersCut,
        Self::PrimaryLost,
        Self::PrimaryLost,
    ];

    /// Faults that a kind of Redis can have, as often as they are to come up.
    pub fn all_of(topology: Topology) -> Vec<Self> {
        match topology {
            Topology::Single => Self::SINGLE.to_vec(),
            Topology::Sentinel => Self::SEVERAL.to_vec(),
            Topology::Cluster => [&Self::SEVERAL[..], &[Self::SlotMoved; 2]].concat(),
        }
    }
}

/// A fault of a schedule.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// Of those that it can happen to, which.
    pub index: usize,
    /// How long all is well before it.
    pub after: Duration,
    /// How long it lasts.
    pub lasts: Duration,
}

impl Fault {
    /// The next one of a schedule.
    pub fn random(random: &mut StdRng, kinds: &[Kind], lasts_ms_max: u64) -> Self {
        Self {
            kind: kinds[random.random_range(0..kinds.len())],
            index: random.random_range(0..1000),
            after: Duration::from_millis(random.random_range(100..500)),
            lasts: Duration::from_millis(random.random_range(50..=lasts_ms_max.max(50))),
        }
    }

    /// Lets it happen, and undoes it.
    pub async fn happen(
        &self,
        stack: &mut Stack,
        balancer: &mut HaProxy,
        viewers: &[Viewer],
        paused: &watch::Sender<bool>,
    ) {
        let gateway = self.index % stack.gateways.len();
        let ingest = self.index % stack.ingests.len();
        match self.kind {
            Kind::GatewayKilled => {
                stack.gateways[gateway].process.kill();
                self.pass().await;
                stack.gateways[gateway].restart();
            }
            Kind::GatewayTerminated => {
                stack.gateways[gateway].process.signal("TERM");
                self.pass().await;
                stack.gateways[gateway].process.wait();
                stack.gateways[gateway].restart();
            }
            Kind::GatewayFrozen => {
                stack.gateways[gateway].process.signal("STOP");
                self.pass().await;
                stack.gateways[gateway].process.signal("CONT");
            }
            Kind::IngestKilled => {
                stack.ingests[ingest].process.kill();
                self.pass().await;
                stack.ingests[ingest].restart();
            }
            Kind::IngestTerminated => {
                stack.ingests[ingest].process.signal("TERM");
                self.pass().await;
                stack.ingests[ingest].process.wait();
                stack.ingests[ingest].restart();
            }
            Kind::IngestFrozen => {
                stack.ingests[ingest].process.signal("STOP");
                self.pass().await;
                stack.ingests[ingest].process.signal("CONT");
            }
            Kind::BalancerRestarted => balancer.restart(),
            Kind::ViewersCut => {
                for viewer in viewers.iter().skip(self.index % 3).step_by(3) {
                    viewer.cut();
                }
            }
            Kind::PrimaryLost => self.lose_primary(stack, paused).await,
            Kind::SlotMoved => self.move_slot(stack).await,
            _ => self.happen_to_redis(stack, (gateway, ingest)).await,
        }
    }

    async fn happen_to_redis(&self, stack: &mut Stack, (gateway, ingest): (usize, usize)) {
        let proxy = |service: &crate::stack::Service, act: &dyn Fn(&crate::proxy::Proxy)| {
            service.proxy.iter().for_each(act);
        };
        match self.kind {
            Kind::RedisKilled => {
                stack.redis_mut().kill();
                self.pass().await;
                stack.redis_mut().restart().await;
            }
            Kind::RedisFrozen => {
                stack.redis().signal("STOP");
                self.pass().await;
                stack.redis().signal("CONT");
            }
            Kind::SubscriptionsKilled => stack.redis().kill_clients("pubsub").await,
            Kind::ConnectionsKilled => stack.redis().kill_clients("normal").await,
            Kind::GatewayCutOff => {
                proxy(&stack.gateways[gateway], &|proxy| {
                    proxy.refuse(true);
                    proxy.cut();
                });
                self.pass().await;
                proxy(&stack.gateways[gateway], &|proxy| proxy.refuse(false));
            }
            Kind::GatewayStalled => proxy(&stack.gateways[gateway], &crate::proxy::Proxy::stall),
            Kind::GatewayDelayed => {
                let delay = self.lasts / 5;
                proxy(&stack.gateways[gateway], &|proxy| proxy.delay(delay));
                tokio::time::sleep(self.lasts * 2).await;
                proxy(&stack.gateways[gateway], &|proxy| {
                    proxy.delay(Duration::ZERO);
                });
            }
            Kind::IngestCutOff => {
                proxy(&stack.ingests[ingest], &|proxy| {
                    proxy.refuse(true);
                    proxy.cut();
                });
                self.pass().await;
                proxy(&stack.ingests[ingest], &|proxy| proxy.refuse(false));
            }
            _ => proxy(&stack.ingests[ingest], &crate::proxy::Proxy::stall),
        }
    }

    async fn move_slot(&self, stack: &Stack) {
        let Servers::Cluster(cluster) = &stack.servers else {
            return;
        };
        let event_id = EVENTS[self.index % EVENTS.len()];
        let key = format!("{{{event_id}}}");
        let moved = cluster.move_slot_of(&key, self.lasts);
        moved.await.expect("every primary answers");
    }

    /// Replication is asynchronous: what a replica does not have yet is lost with its primary, as is documented. So
    /// writing pauses until a replica has everything, and goes on before anything takes over.
    async fn lose_primary(&self, stack: &mut Stack, paused: &watch::Sender<bool>) {
        let nodes = match &mut stack.servers {
            Servers::Single(_) => return,
            Servers::Sentinel(trio) => &mut trio.nodes,
            Servers::Cluster(cluster) => &mut cluster.nodes,
        };
        let all = &*nodes;
        let primaries = until("a primary with a replica", || async {
            let mut found = Vec::new();
            for (index, node) in all.iter().enumerate() {
                if node.is_followed().await {
                    found.push(index);
                }
            }
            (!found.is_empty()).then_some(found)
        });
        let primaries = primaries.await;
        let lost = primaries[self.index % primaries.len()];
        paused.send_replace(true);
        tokio::time::sleep(LAST_WRITES).await;
        nodes[lost].wait_until_copied().await;
        nodes[lost].kill();
        paused.send_replace(false);
        // Long enough for another one to take over.
        tokio::time::sleep(Duration::from_secs(5)).await;
        nodes[lost].restart();
    }

    async fn pass(&self) {
        tokio::time::sleep(self.lasts).await;
    }
}
