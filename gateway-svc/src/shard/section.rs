//! A room's part of a shard: its sockets in a dense list, and the messages that wait for this turn.

use common::protocol::Seq;
use tracing::debug;

use super::{
    SlotKey,
    inside::{Delivered, Ended},
    slots::Slots,
    worker::Context,
};
use crate::websocket::Message;

/// The sockets of a room in this shard.
#[derive(Default)]
pub struct Section {
    /// In no order: who leaves is replaced by the last one.
    pub members: Vec<SlotKey>,
    /// What came since the last turn, with the room's position after each.
    pub pending: Vec<(Message, Seq)>,
}

/// Messages that are sent together: a socket in step gets them with one write.
pub struct Batch {
    /// One by one, for those who are behind.
    pub messages: Vec<(Message, Seq)>,
    /// All in one.
    pub joined: Message,
}

impl Batch {
    /// Those messages, of which there is at least one.
    fn new(messages: Vec<(Message, Seq)>) -> Self {
        let joined = match &messages[..] {
            [(message, _)] => message.clone(),
            several => Message::joined(several.iter().map(|(m, _)| m.clone()).collect()),
        };
        Self { messages, joined }
    }
}

impl Section {
    /// Adds a member.
    pub fn add(&mut self, key: SlotKey, slots: &mut Slots) {
        if let Some((_, inside)) = slots.inside(key) {
            inside.place = self.members.len();
            self.members.push(key);
        }
    }

    /// Takes the member in that place out.
    pub fn take_out(&mut self, place: usize, slots: &mut Slots) {
        if place < self.members.len() {
            self.members.swap_remove(place);
        }
        if let Some(&moved) = self.members.get(place)
            && let Some((_, inside)) = slots.inside(moved)
        {
            inside.place = place;
        }
    }

    /// Sends what waits to everyone, and returns those whose connection is over.
    pub fn send_pending(&mut self, slots: &mut Slots, context: &Context) -> Vec<(SlotKey, Ended)> {
        if self.pending.is_empty() {
            return Vec::new();
        }
        let batch = Batch::new(std::mem::take(&mut self.pending));
        let mut over = Vec::new();
        let mut refreshes = 0;
        for &key in &self.members {
            let Some((stream, inside)) = slots.inside(key) else {
                debug!("a member without a socket");
                continue;
            };
            match inside.deliver(stream, &batch, context.config.outbox, context.now) {
                Delivered::Yes => {}
                Delivered::Dropped => refreshes += 1,
                Delivered::Over => over.push((key, Ended::Left)),
            }
        }
        let metrics = &context.metrics;
        metrics.refreshes.inc_by(refreshes);
        let deliveries = self.members.len() * batch.messages.len();
        metrics.deliveries.inc_by(deliveries as u64);
        over
    }
}
