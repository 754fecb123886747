//! What every request handler can reach.

use common::store::Store;

use crate::{
    answers::Answers, images::Images, room::hub::Hub, routes::events::EventList, shard::Shards,
};

/// Shared by all requests; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// All rooms of this gateway.
    pub hub: Hub,
    /// Where spectators' sockets go.
    pub shards: Shards,
    /// Encoded answers of events.
    pub answers: Answers,
    /// Pictures of events.
    pub images: Images,
    /// The list of public events.
    pub events: EventList,
}

impl App {
    /// Puts together what the handlers need.
    pub fn new(store: Store, answers: Answers, hub: Hub, shards: Shards) -> Self {
        Self {
            answers,
            events: EventList::new(store.clone()),
            images: Images::new(store.clone()),
            hub,
            shards,
        }
    }
}
