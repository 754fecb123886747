//! From a request to watch to a place in a room.
//!
//! Spectators mostly come with a request of their own on a fresh connection: those never see HTTP's
//! machinery, and get the answer to their handshake together with their first message. Everything else goes
//! the usual way through the router, and so does whoever is refused.

mod request;

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::http::Extensions;
use common::{
    domain::EventId,
    http::{ApiError, HttpMetrics, server},
    protocol::{Epoch, Position},
};
use serde::Deserialize;
use tokio::{net::TcpStream, runtime::Handle};
use tracing::debug;
use utoipa::IntoParams;

use crate::{
    room::hub::{Coming, Hub, Ticket},
    shard::{Arrived, Command, Door, HandedOver, Shard, SlotKey},
    websocket::{Form, Offer},
};
use request::Request;

/// The route under which spectators are counted.
const ROUTE: &str = "/api/v1/events/{eventId}/ws";

/// How a spectator wants to watch.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WatchQuery {
    /// The `epoch` of the last `full`, for who comes back.
    epoch: Option<String>,
    /// The `seq` of the last message, for who comes back.
    #[param(value_type = Option<u64>)]
    since: Option<String>,
    /// `delta`: boats on the water come as `oncourseDelta` where that can be told.
    oncourse: Option<String>,
}

impl WatchQuery {
    /// Nothing unless both make sense: who asks wrongly gets a `full`.
    pub fn position(&self) -> Option<Position> {
        let seq = self.since.as_ref()?.parse().ok()?;
        let epoch = Epoch::new(self.epoch.clone()?);
        Some(Position { epoch, seq })
    }

    /// In which form messages are to come.
    pub fn form(&self, offer: &Offer) -> Form {
        let delta = self.oncourse.as_deref() == Some("delta");
        Form {
            rereads: !delta && self.since.is_none() && self.epoch.is_none(),
            ..offer.form(delta)
        }
    }
}

/// Why a spectator was refused before its request came to its handler.
#[derive(Clone)]
pub struct Refused(Arc<Mutex<Option<ApiError>>>);

impl Refused {
    fn new(error: ApiError) -> Self {
        Self(Arc::new(Mutex::new(Some(error))))
    }

    /// The reason, once.
    pub fn take(&self) -> Option<ApiError> {
        self.0.lock().ok()?.take()
    }
}

/// Finds an event that may be watched.
pub async fn check(hub: &Hub, name: &str) -> Result<EventId, ApiError> {
    let event_id = EventId::parse(name).map_err(|_| ApiError::EventNotFound(name.to_owned()))?;
    hub.check(&event_id).await?;
    Ok(event_id)
}

async fn enter(hub: &Hub, name: &str) -> Result<Ticket, ApiError> {
    let event_id = check(hub, name).await?;
    hub.enter(&event_id).await
}

/// The door between shards and everything else.
#[derive(Clone)]
pub struct Entrance {
    hub: Hub,
    server: server::Server,
    metrics: HttpMetrics,
    runtime: Handle,
}

impl Entrance {
    /// On the runtime that it is made on.
    pub fn new(hub: Hub, server: server::Server, metrics: HttpMetrics) -> Self {
        Self {
            hub,
            server,
            metrics,
            runtime: Handle::current(),
        }
    }

    async fn let_in(self, request: Request, shard: Shard, key: SlotKey) {
        let started = Instant::now();
        match enter(&self.hub, &request.event).await {
            Ok(ticket) => {
                self.metrics.count("GET", ROUTE, "101", started.elapsed());
                let form = request.query.form(&request.offer);
                let coming = Coming {
                    shard,
                    arrived: Arrived::Here(key),
                    answer: request.offer.answer_bytes(form),
                    form,
                    since: request.query.position(),
                };
                ticket.redeem(coming).await;
            }
            Err(error) => {
                let mut extensions = Extensions::new();
                extensions.insert(Refused::new(error));
                shard.send(Command::HandOver(key, extensions)).await;
            }
        }
    }
}

impl Door for Entrance {
    fn watch(&self, read: &[u8], shard: &Shard, key: SlotKey) -> Option<usize> {
        let request = Request::read(read)?;
        let head_bytes = request.head_bytes;
        let letting_in = self.clone().let_in(request, shard.clone(), key);
        // Ten thousand who come at once wait side by side.
        debug_assert!(size_of_val(&letting_in) < 2 << 10);
        self.runtime.spawn(letting_in);
        Some(head_bytes)
    }

    fn serve(&self, handed: HandedOver) {
        let _runtime = self.runtime.enter();
        match TcpStream::from_std(handed.stream) {
            Ok(stream) => self.server.serve_connection(server::Arrival {
                stream,
                peer: handed.peer,
                read: handed.read,
                extensions: handed.extensions,
                place: handed.place,
            }),
            Err(error) => debug!(%error, "a connection could not be handed over"),
        }
    }
}
