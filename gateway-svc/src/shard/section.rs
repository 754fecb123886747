//! A room's part of a shard: its sockets in a dense list, and the messages that wait for this turn.

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use common::protocol::Seq;
use tracing::debug;

use super::{
    SlotKey,
    inside::{Delivered, Ended},
    slots::Slots,
    worker::Context,
};
use crate::websocket::{Form, Message, Step};

/// The sockets of a room in this shard.
#[derive(Default)]
pub struct Section {
    /// In no order: who leaves is replaced by the last one.
    pub members: Vec<SlotKey>,
    /// What came since the last turn, with the room's position after each.
    pub pending: Vec<(Arc<Step>, Seq)>,
}

/// Messages that are sent together: a socket in step gets them with one write.
pub struct Batch {
    /// One by one, for those who are behind.
    pub steps: Vec<(Arc<Step>, Seq)>,
    joined: Message,
    joined_in_step: OnceLock<Bytes>,
}

/// Whoever has received so many messages in a row has all that any message refers to.
const IN_STEP: usize = u8::MAX as usize;

impl Batch {
    /// Those messages, of which there is at least one.
    fn new(steps: Vec<(Arc<Step>, Seq)>) -> Self {
        let joined = match &steps[..] {
            [(step, _)] => step.message.clone(),
            several => Message::joined(several.iter().map(|(s, _)| s.message.clone()).collect()),
        };
        Self {
            steps,
            joined,
            joined_in_step: OnceLock::new(),
        }
    }

    /// How many messages it has.
    pub fn len(&self) -> u8 {
        u8::try_from(self.steps.len()).unwrap_or(u8::MAX)
    }

    /// All of it for a spectator who has received `received` messages in a row until now.
    pub fn bytes(&self, form: Form, received: u8) -> Cow<'_, Bytes> {
        if !form.in_context {
            return Cow::Borrowed(self.joined.bytes(form));
        }
        match &self.steps[..] {
            [(step, _)] => Cow::Borrowed(step.bytes_in_context(received.into())),
            _ if usize::from(received) >= IN_STEP => {
                let joined = self
                    .joined_in_step
                    .get_or_init(|| self.join_in_context(IN_STEP));
                Cow::Borrowed(joined)
            }
            // Few, and only for the first messages after they came.
            _ => Cow::Owned(self.join_in_context(received.into())),
        }
    }

    /// Message number `index` for such a spectator.
    pub fn frame(&self, index: usize, form: Form, received: u8) -> &Bytes {
        let step = &self.steps[index].0;
        if form.in_context {
            step.bytes_in_context(usize::from(received) + index)
        } else {
            step.message.bytes(form)
        }
    }

    fn join_in_context(&self, received: usize) -> Bytes {
        let steps = self.steps.iter().enumerate();
        let parts = steps.map(|(index, (step, _))| &step.bytes_in_context(received + index)[..]);
        parts.collect::<Vec<_>>().concat().into()
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
        let deliveries = self.members.len() * batch.steps.len();
        metrics.deliveries.inc_by(deliveries as u64);
        over
    }
}
