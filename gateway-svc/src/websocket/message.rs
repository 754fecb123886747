//! A message of a room, encoded once in each form that its spectators ask for.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;

use super::{
    Frame,
    deflate::{DEFLATED_BYTES_MIN, deflated},
};

/// In which form a spectator gets messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is agreed on by itself")]
pub struct Form {
    /// Compressed where that helps.
    pub deflated: bool,
    /// Boats on the water as changes rather than as whole lists.
    pub delta: bool,
    /// Compressed messages may refer to those before them. Only together with the other two.
    pub in_context: bool,
    /// An older client, which reads details again only when it is told to.
    pub rereads: bool,
}

impl Form {
    fn index(self) -> usize {
        usize::from(self.deflated) + 2 * usize::from(self.delta)
    }
}

/// One message, or several to be sent at once. Cloning shares everything; a form is made when somebody
/// first needs it.
#[derive(Debug, Clone)]
pub struct Message(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Source,
    /// Those forms that are not in the source itself, by index.
    made: [OnceLock<Bytes>; 4],
}

#[derive(Debug)]
enum Source {
    Text { whole: Frame, delta: Option<Frame> },
    Joined(Box<[Message]>),
}

impl Message {
    /// A message of that text.
    pub fn text(whole: &[u8]) -> Self {
        Self::new(Source::Text {
            whole: Frame::text(whole),
            delta: None,
        })
    }

    /// A message that is told to some as a change.
    pub fn text_or_delta(whole: &[u8], delta: &[u8]) -> Self {
        Self::new(Source::Text {
            whole: Frame::text(whole),
            delta: Some(Frame::text(delta)),
        })
    }

    /// Several messages, to be sent with one write.
    pub fn joined(messages: Vec<Self>) -> Self {
        Self::new(Source::Joined(messages.into()))
    }

    fn new(source: Source) -> Self {
        let made = Default::default();
        Self(Arc::new(Inner { source, made }))
    }

    /// What goes over the wire in that form.
    pub fn bytes(&self, form: Form) -> &Bytes {
        let frame = match &self.0.source {
            Source::Text {
                delta: Some(delta), ..
            } if form.delta => delta,
            Source::Text { whole, .. } => whole,
            Source::Joined(messages) => {
                return self.0.made[form.index()].get_or_init(|| join(messages, form));
            }
        };
        if !form.deflated {
            return frame.bytes();
        }
        self.0.made[form.index()].get_or_init(|| {
            let payload = deflated(frame.payload(), &[]);
            payload.map_or_else(
                || frame.bytes().clone(),
                |payload| Frame::deflated_text(&payload).bytes().clone(),
            )
        })
    }

    /// The text of one message as those get it who are told changes.
    fn delta_frame(&self) -> Option<&Frame> {
        match &self.0.source {
            Source::Text { whole, delta } => Some(delta.as_ref().unwrap_or(whole)),
            Source::Joined(_) => None,
        }
    }

    /// Bytes of the plain form; the others are smaller.
    pub fn plain_bytes(&self) -> usize {
        self.bytes(Form::default()).len()
    }
}

/// Messages that one may refer back to. More would save little, and newcomers would be in step later.
pub const CONTEXT_MESSAGES: u8 = 4;

/// A message in a room's stream, after those just before it.
#[derive(Debug)]
pub struct Step {
    /// The message.
    pub message: Message,
    before: Vec<Message>,
    referring: OnceLock<Bytes>,
}

impl Step {
    /// A message beside the room's stream, which no other one refers to.
    pub fn alone(message: Message) -> Self {
        Self {
            message,
            before: Vec::new(),
            referring: OnceLock::new(),
        }
    }

    /// What goes over the wire for a spectator who has received `received` messages of the room's stream
    /// in a row until now: changes of the boats, compressed.
    pub fn bytes_in_context(&self, received: usize) -> &Bytes {
        if received < self.before.len() || self.before.is_empty() {
            let form = Form {
                deflated: true,
                delta: true,
                in_context: true,
                rereads: false,
            };
            return self.message.bytes(form);
        }
        self.referring.get_or_init(|| {
            let Some(frame) = self.message.delta_frame() else {
                return Bytes::new();
            };
            let before = self.before.iter().filter_map(Message::delta_frame);
            // Short ones went as they were, and are in nobody's window.
            let compressed = before
                .map(Frame::payload)
                .filter(|p| p.len() >= DEFLATED_BYTES_MIN);
            let payload = deflated(frame.payload(), &compressed.collect::<Vec<_>>().concat());
            payload.map_or_else(
                || frame.bytes().clone(),
                |payload| Frame::deflated_text(&payload).bytes().clone(),
            )
        })
    }
}

/// The latest messages of a room's stream.
#[derive(Debug, Default)]
pub struct Context(VecDeque<Message>);

impl Context {
    /// The next message.
    pub fn next(&mut self, message: Message) -> Step {
        let before = self.0.iter().cloned().collect();
        self.0.push_back(message.clone());
        if self.0.len() > usize::from(CONTEXT_MESSAGES) {
            self.0.pop_front();
        }
        Step {
            message,
            before,
            referring: OnceLock::new(),
        }
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        [false, true].into_iter().all(|delta| {
            let form = Form {
                delta,
                ..Form::default()
            };
            self.bytes(form) == other.bytes(form)
        })
    }
}

fn join(messages: &[Message], form: Form) -> Bytes {
    let parts: Vec<&[u8]> = messages.iter().map(|m| &m.bytes(form)[..]).collect();
    parts.concat().into()
}

#[cfg(test)]
mod tests {
    use super::{Context, Form, Message};

    const PLAIN: Form = Form {
        deflated: false,
        delta: false,
        in_context: false,
        rereads: false,
    };

    #[test]
    fn each_form_is_made_once_and_shared() {
        let text = "on the water ".repeat(50);
        let message = Message::text_or_delta(text.as_bytes(), b"one boat");
        let delta = Form {
            delta: true,
            ..PLAIN
        };
        let deflated = Form {
            deflated: true,
            ..PLAIN
        };
        assert_eq!(message.bytes(PLAIN).len(), text.len() + 4);
        assert_eq!(message.bytes(delta)[2..], b"one boat"[..]);
        let small = message.bytes(deflated);
        assert!(small[0] == 0xC1 && small.len() < 60, "{}", small.len());
        assert_eq!(small.as_ptr(), message.clone().bytes(deflated).as_ptr());
        // The change is too small to be compressed, and so goes plain.
        let both = Form {
            deflated: true,
            delta: true,
            in_context: false,
            rereads: false,
        };
        assert_eq!(message.bytes(both), message.bytes(delta));
    }

    #[test]
    fn joined_messages_are_joined_in_every_form() {
        let first = Message::text_or_delta(b"a list", b"a change");
        let second = Message::text(b"a result");
        let joined = Message::joined(vec![first.clone(), second.clone()]);
        for deflated in [false, true] {
            for delta in [false, true] {
                let form = Form {
                    deflated,
                    delta,
                    in_context: false,
                    rereads: false,
                };
                let apart = [first.bytes(form).clone(), second.bytes(form).clone()].concat();
                assert_eq!(joined.bytes(form), &apart);
            }
        }
    }

    #[test]
    fn who_is_in_step_gets_less_and_who_is_not_gets_it_by_itself() {
        let mut context = Context::default();
        let text = |number| {
            format!(
                "{number}: {}",
                "boats on the water, in some order; ".repeat(9)
            )
        };
        let steps: Vec<_> = (0..9)
            .map(|number| context.next(Message::text(text(number).as_bytes())))
            .collect();
        let last = &steps[8];
        let alone = last.bytes_in_context(3);
        let in_step = last.bytes_in_context(4);
        assert!(
            in_step.len() < alone.len(),
            "{} {}",
            in_step.len(),
            alone.len()
        );
        assert_eq!(in_step.as_ptr(), last.bytes_in_context(1_000).as_ptr());
        // The first one of a stream has nothing to refer to.
        let first = steps[0].bytes_in_context(0);
        assert_eq!(first.as_ptr(), steps[0].bytes_in_context(7).as_ptr());
    }
}
