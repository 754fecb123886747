//! The latest part of the room's stream, for spectators who come back and ask for what they missed.

use std::collections::{HashMap, VecDeque};

use common::{protocol::Seq, store::Limits};

use super::message;
use crate::websocket::Message;

/// More than this is not replayed, in bytes, unless a `full` would be even larger.
const REPLAY_BYTES_MAX: usize = 384 << 10;

/// Replays kept ready in all, in bytes.
const REPLAYS_BYTES_MAX: usize = 2 << 20;

/// One step of the stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A message that can be replayed.
    Diff(Message),
    /// One that is sent as `full`, which replaces all that came before.
    Full,
}

impl Step {
    fn bytes(&self) -> usize {
        match self {
            Self::Diff(message) => message.plain_bytes(),
            Self::Full => 0,
        }
    }
}

/// What a spectator missed.
#[derive(Debug, Clone, PartialEq)]
pub enum Missed {
    /// All of it, to be sent at once: `resumed` and the messages.
    Replay(Message),
    /// It is told by a `full`: one is among it, or it is too much, or too long ago.
    Full,
    /// It begins before what is kept here.
    Unknown,
}

/// Steps up to the room's position, without a hole, bounded in number and bytes.
#[derive(Debug)]
pub struct Recent {
    limits: Limits,
    /// The position before the first step.
    floor: Seq,
    steps: VecDeque<Step>,
    bytes: usize,
    /// The history before this is known to be gone.
    gone_before: Seq,
    /// Replays from that seq to the present position: in a storm many ask for the same one.
    replays: HashMap<Seq, Message>,
    replay_bytes: usize,
}

impl Recent {
    /// Nothing yet at `seq`.
    pub fn new(limits: Limits, seq: Seq) -> Self {
        Self {
            limits,
            floor: seq,
            steps: VecDeque::new(),
            bytes: 0,
            gone_before: 0,
            replays: HashMap::new(),
            replay_bytes: 0,
        }
    }

    /// The history does not reach back to `since`.
    pub fn gone(&mut self, since: Seq) {
        self.gone_before = self.gone_before.max(since + 1);
    }

    fn position(&self) -> Seq {
        self.floor + self.steps.len() as Seq
    }

    /// Appends the next step.
    pub fn push(&mut self, step: Step) {
        self.bytes += step.bytes();
        self.steps.push_back(step);
        self.replays.clear();
        self.replay_bytes = 0;
        while self.steps.len() > self.limits.history_messages
            || self.bytes > self.limits.history_bytes
        {
            let Some(step) = self.steps.pop_front() else {
                return;
            };
            self.bytes -= step.bytes();
            self.floor += 1;
        }
    }

    /// Puts what was read of the history in front: `steps` follow `since` without a hole. Steps that
    /// are here already are left out. What does not fit is as good as gone: it is not read again.
    pub fn extend_back(&mut self, since: Seq, steps: Vec<Step>) {
        self.put_in_front(since, steps);
        if since < self.floor {
            self.gone(self.floor - 1);
        }
    }

    fn put_in_front(&mut self, since: Seq, steps: Vec<Step>) {
        if since >= self.floor || since + (steps.len() as Seq) < self.floor {
            return;
        }
        let older = usize::try_from(self.floor - since).unwrap_or(usize::MAX);
        for step in steps.into_iter().take(older).rev() {
            let over = self.steps.len() >= self.limits.history_messages
                || self.bytes + step.bytes() > self.limits.history_bytes;
            if over {
                return;
            }
            self.bytes += step.bytes();
            self.steps.push_front(step);
            self.floor -= 1;
        }
    }

    /// What came after `since`, which is not after the room's position. `full_bytes` is what a `full`
    /// would cost.
    pub fn since(&mut self, since: Seq, full_bytes: usize) -> Missed {
        if since < self.floor {
            return if since < self.gone_before {
                Missed::Full
            } else {
                Missed::Unknown
            };
        }
        if let Some(replay) = self.replays.get(&since) {
            return Missed::Replay(replay.clone());
        }
        let known = usize::try_from(since - self.floor).unwrap_or(usize::MAX);
        let missed = self.steps.range(known.min(self.steps.len())..);
        if missed.clone().map(Step::bytes).sum::<usize>() > REPLAY_BYTES_MAX.max(full_bytes) {
            return Missed::Full;
        }
        let mut messages = vec![message::resumed(self.position(), missed.len())];
        for step in missed {
            match step {
                Step::Diff(message) => messages.push(message.clone()),
                Step::Full => return Missed::Full,
            }
        }
        let replay = Message::joined(messages);
        self.replay_bytes += replay.plain_bytes();
        if self.replay_bytes > REPLAYS_BYTES_MAX {
            self.replays.clear();
            self.replay_bytes = replay.plain_bytes();
        }
        self.replays.insert(since, replay.clone());
        Missed::Replay(replay)
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, Message, Missed, REPLAY_BYTES_MAX, Recent, Step};
    use crate::websocket::Form;

    fn limits(messages: usize, bytes: usize) -> Limits {
        Limits {
            history_messages: messages,
            history_bytes: bytes,
            ..Limits::default()
        }
    }

    fn diff(seq: u64) -> Step {
        Step::Diff(Message::text(format!("diff {seq}").as_bytes()))
    }

    /// The text of a replay, its `resumed` cut to its numbers.
    fn replayed(recent: &mut Recent, since: u64) -> Option<String> {
        match recent.since(since, 0) {
            Missed::Replay(replay) => {
                let bytes = replay.bytes(Form::default());
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
            Missed::Full | Missed::Unknown => None,
        }
    }

    #[test]
    fn exactly_what_was_missed_is_replayed_and_nothing_is_an_answer_too() {
        let mut recent = Recent::new(limits(10, 1000), 5);
        for seq in 6..9 {
            recent.push(diff(seq));
        }
        let all = replayed(&mut recent, 5).expect("it is here");
        assert!(all.contains(r#""seq":8,"missed":3"#), "{all}");
        assert!(all.contains("diff 6") && all.contains("diff 8"), "{all}");
        let last = replayed(&mut recent, 7).expect("it is here");
        assert!(
            last.contains(r#""missed":1"#) && !last.contains("diff 7"),
            "{last}"
        );
        let none = replayed(&mut recent, 8).expect("it is here");
        assert!(none.contains(r#""missed":0"#), "{none}");
        // A second one of the same is the same bytes, until something happens.
        assert_eq!(replayed(&mut recent, 5), Some(all));
        recent.push(diff(9));
        assert!(replayed(&mut recent, 5).is_some_and(|all| all.contains("diff 9")));
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_was_before_is_unknown() {
        let mut recent = Recent::new(limits(2, 1000), 0);
        for seq in 1..5 {
            recent.push(diff(seq));
        }
        assert_eq!(recent.since(1, 0), Missed::Unknown);
        assert!(replayed(&mut recent, 2).is_some());
        let mut recent = Recent::new(limits(10, 20), 0);
        for seq in 1..5 {
            recent.push(diff(seq));
        }
        assert_eq!(recent.since(1, 0), Missed::Unknown);
        assert!(replayed(&mut recent, 2).is_some());
    }

    #[test]
    fn history_is_put_in_front_without_doubles() {
        let mut recent = Recent::new(limits(10, 1000), 5);
        recent.push(diff(6));
        recent.extend_back(2, (3..=7).map(diff).collect());
        let all = replayed(&mut recent, 2).expect("it reaches back");
        for seq in 3..=6 {
            assert_eq!(all.matches(&format!("diff {seq}")).count(), 1, "{all}");
        }
        assert!(!all.contains("diff 7"), "the room is not there yet: {all}");
        // What does not touch is of no use.
        let mut recent = Recent::new(limits(10, 1000), 5);
        recent.extend_back(1, vec![diff(2)]);
        assert_eq!(recent.since(1, 0), Missed::Full);
    }

    #[test]
    fn a_history_that_does_not_fit_is_not_read_for_ever() {
        let mut recent = Recent::new(limits(2, 1000), 5);
        assert_eq!(recent.since(1, 0), Missed::Unknown);
        recent.extend_back(1, (2..=5).map(diff).collect());
        assert_eq!(recent.since(1, 0), Missed::Full);
        assert!(replayed(&mut recent, 3).is_some());
    }

    #[test]
    fn a_full_on_the_way_or_too_much_is_told_by_a_full() {
        let mut recent = Recent::new(limits(10, 10 << 20), 0);
        recent.push(Step::Full);
        recent.push(diff(2));
        assert_eq!(recent.since(0, 0), Missed::Full);
        assert!(replayed(&mut recent, 1).is_some());
        recent.push(Step::Diff(Message::text(&vec![b'x'; REPLAY_BYTES_MAX])));
        assert_eq!(recent.since(1, 0), Missed::Full);
        assert!(matches!(
            recent.since(1, REPLAY_BYTES_MAX * 2),
            Missed::Replay(_)
        ));
    }
}
