//! A message of a room, encoded once in each form that its spectators ask for.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::{Frame, deflate::deflated};

/// In which form a spectator gets messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Form {
    /// Compressed where that helps.
    pub deflated: bool,
    /// Boats on the water as changes rather than as whole lists.
    pub delta: bool,
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
            let smaller = deflated(frame.payload());
            smaller.map_or_else(
                || frame.bytes().clone(),
                |payload| Frame::deflated_text(&payload).bytes().clone(),
            )
        })
    }

    /// Bytes of the plain form; the others are smaller.
    pub fn plain_bytes(&self) -> usize {
        self.bytes(Form::default()).len()
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        [false, true].into_iter().all(|delta| {
            let form = Form {
                delta,
                deflated: false,
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
    use super::{Form, Message};

    const PLAIN: Form = Form {
        deflated: false,
        delta: false,
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
                let form = Form { deflated, delta };
                let apart = [first.bytes(form).clone(), second.bytes(form).clone()].concat();
                assert_eq!(joined.bytes(form), &apart);
            }
        }
    }
}
