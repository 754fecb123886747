//! A room's part of a shard: its sockets in a dense list, and the messages that wait for this turn.

use std::{
    borrow::Cow,
    io,
    os::fd::AsFd,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use common::protocol::Seq;
use tracing::{debug, warn};

use super::{
    SlotKey,
    inside::{Delivered, Ended},
    ring::{Ring, SENDS_MAX, ToSend},
    slots::Slots,
    worker::Context,
};
use crate::websocket::{CONTEXT_MESSAGES, Form, Message, Step};

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
            _ if received >= CONTEXT_MESSAGES => {
                let joined = self
                    .joined_in_step
                    .get_or_init(|| self.join_in_context(received.into()));
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

    /// One in so many of the members, rounded up or down by chance, so that the shares of many calls add up to all.
    pub fn one_in(&self, one_in: usize) -> &[SlotKey] {
        let (all, one_in) = (self.members.len(), one_in.max(1));
        let rounded_up = rand::random_range(0..one_in) < all % one_in;
        let count = all / one_in + usize::from(rounded_up);
        &self.members[all - count..]
    }

    /// Sends what waits to everyone, and returns those whose connection is over.
    pub fn send_pending(
        &mut self,
        slots: &mut Slots,
        ring: &mut Option<Ring>,
        context: &Context,
    ) -> Vec<(SlotKey, Ended)> {
        if self.pending.is_empty() {
            return Vec::new();
        }
        let batch = Batch::new(std::mem::take(&mut self.pending));
        let mut over = Vec::new();
        let mut refreshes = 0;
        for members in self.members.chunks(SENDS_MAX) {
            let mut sent = match ring {
                Some(ring) if members.len() > 1 => send_at_once(members, slots, ring, &batch),
                _ => Vec::new(),
            };
            give_up_refused(ring, context);
            for (index, &key) in members.iter().enumerate() {
                let Some((stream, inside)) = slots.inside(key) else {
                    debug!("a member without a socket");
                    continue;
                };
                let (limits, now) = (context.config.outbox, context.now);
                let delivered = match sent.get_mut(index).and_then(Option::take) {
                    Some(sent) => inside.sent(stream, &batch, sent, limits, now),
                    None => inside.deliver(stream, &batch, limits, now),
                };
                match delivered {
                    Delivered::Yes => {}
                    Delivered::Dropped => refreshes += 1,
                    Delivered::Over => over.push((key, Ended::Left)),
                }
            }
        }
        let metrics = &context.metrics;
        metrics.refreshes.inc_by(refreshes);
        let deliveries = self.members.len() * batch.steps.len();
        metrics.deliveries.inc_by(deliveries as u64);
        over
    }
}

impl Section {
    /// Sends a message beside the room's stream to older clients, and returns those whose connection is over.
    pub fn send_to_older(
        &self,
        step: Arc<Step>,
        seq: Seq,
        slots: &mut Slots,
        context: &Context,
    ) -> Vec<(SlotKey, Ended)> {
        let batch = Batch::new(vec![(step, seq)]);
        let mut over = Vec::new();
        for &key in &self.members {
            let member = slots.inside(key);
            let Some((stream, inside)) = member.filter(|(_, inside)| inside.rereads()) else {
                continue;
            };
            let (limits, now) = (context.config.outbox, context.now);
            if inside.deliver(stream, &batch, limits, now) == Delivered::Over {
                over.push((key, Ended::Left));
            }
        }
        over
    }
}

/// Without the ring that the kernel takes nothing from any more, each socket is written to by itself.
fn give_up_refused(ring: &mut Option<Ring>, context: &Context) {
    let Some(error) = ring.as_ref().and_then(Ring::refused) else {
        return;
    };
    warn!(%error, "sends are not batched any more: io_uring is refused now");
    context.metrics.batching.dec();
    *ring = None;
}

/// Sends to all who are in step, and returns what became of it for each of `members`; nothing for those who
/// are to be written to by themselves.
fn send_at_once(
    members: &[SlotKey],
    slots: &Slots,
    ring: &mut Ring,
    batch: &Batch,
) -> Vec<Option<io::Result<usize>>> {
    let sends: Vec<Option<ToSend<'_>>> = members
        .iter()
        .map(|&key| {
            let (stream, inside) = slots.look_inside(key)?;
            Some(ToSend {
                socket: stream.as_fd(),
                bytes: inside.next_bytes(batch)?,
            })
        })
        .collect();
    let all: Vec<ToSend<'_>> = sends.iter().flatten().copied().collect();
    let mut answers = ring.send(&all).into_iter();
    let of_member = |send: Option<ToSend<'_>>| send.and_then(|_| answers.next().flatten());
    sends.into_iter().map(of_member).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Batch, CONTEXT_MESSAGES};
    use crate::websocket::{Context, Form, Message};

    #[test]
    fn joined_messages_are_those_that_each_would_have_got_one_by_one() {
        let mut context = Context::default();
        let text = |number| format!("{number}: {}", "boats on the water; ".repeat(9));
        let message = |number| Message::text(text(number).as_bytes());
        let mut steps = (0..9).map(|number| (Arc::new(context.next(message(number))), number));
        let batch = Batch::new(steps.by_ref().skip(6).collect());
        let form = Form {
            deflated: true,
            delta: true,
            in_context: true,
            rereads: false,
        };
        for received in 0..2 * CONTEXT_MESSAGES {
            let frames = (0..3).map(|index| batch.frame(index, form, received).clone());
            let one_by_one = frames.collect::<Vec<_>>().concat();
            assert_eq!(batch.bytes(form, received)[..], one_by_one[..]);
        }
        // Those in step share one buffer.
        let shared = |received| batch.bytes(form, received).as_ptr();
        assert_eq!(shared(CONTEXT_MESSAGES), shared(u8::MAX));
    }
}
