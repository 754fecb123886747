//! Goal: whatever the bus loses, doubles, delays or reorders, and whatever Redis forgets, what
//! spectators rebuild from their messages ends equal to the truth, and no diff ever comes out of turn.
//! The same holds for a spectator who leaves and comes back at any moment, and who is told of boats on
//! the water as changes.
//!
//! Method: a model of the server commits changes and answers reads; its messages reach the room by a
//! bad network; checkers replay what the room sends. Proptest shrinks a failure to few steps.

use std::{collections::VecDeque, sync::Arc};

use common::{
    domain::{
        Bib, EventConfig, EventDetails, EventId, EventRecord, EventStatus, KeyRecord, KeyWindow,
        OnCourse, OnCourseEntry, ParticipantId, RaceId, RowIds, Structure, Waiting,
    },
    plan::Revisions,
    protocol::{
        Change, Envelope, Epoch, Position,
        change::{OnCourseChange, OnCourseDelta, StatusChange, StructureChange},
        views::{StructureView, on_course_views},
    },
    store::{History, Limits, Marks, Pulse, Snapshot, Standing},
};
use proptest::prelude::*;
use serde_json::Value;

use super::{Effect, Input, Resumption, Room};
use crate::websocket::{Form, Message};

/// Messages kept by the model; short, so that histories often do not reach back.
const HISTORY_MAX: usize = 6;

#[derive(Debug, Clone)]
enum Step {
    /// A change is committed and its message meets this fate.
    Commit(What, Fate),
    /// The oldest delayed message arrives.
    DeliverDelayed,
    /// The oldest read is answered, or fails.
    Answer(bool),
    /// The room asks for the position, and the answer comes at once.
    CheckPosition,
    /// The primary is lost with that many of its last changes.
    LoseTail(u64),
    /// The traveller leaves, or comes back.
    Travel,
}

#[derive(Debug, Clone, Copy)]
enum What {
    OnCourse,
    Title,
    Status(bool),
}

#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    Lost,
    Doubled,
    Delayed,
    ByReference,
}

fn step() -> impl Strategy<Value = Step> {
    let what = prop_oneof![
        4 => Just(What::OnCourse),
        1 => Just(What::Title),
        1 => any::<bool>().prop_map(What::Status),
    ];
    let fate = prop_oneof![
        4 => Just(Fate::Arrives),
        2 => Just(Fate::Lost),
        1 => Just(Fate::Doubled),
        2 => Just(Fate::Delayed),
        1 => Just(Fate::ByReference),
    ];
    prop_oneof![
        8 => (what, fate).prop_map(|(what, fate)| Step::Commit(what, fate)),
        3 => Just(Step::DeliverDelayed),
        4 => any::<bool>().prop_map(Step::Answer),
        2 => Just(Step::CheckPosition),
        1 => (1..4_u64).prop_map(Step::LoseTail),
        3 => Just(Step::Travel),
    ]
}

/// The truth.
#[derive(Clone)]
struct Server {
    position: Position,
    record: EventRecord,
    on_course: Vec<OnCourseEntry>,
    /// What each position was, to go back to.
    past: Vec<(u64, EventRecord, Vec<OnCourseEntry>)>,
    history: VecDeque<Envelope>,
    epochs: u32,
    counter: u32,
}

impl Server {
    fn new() -> Self {
        let record = EventRecord {
            event_id: EventId::parse("E").expect("a valid id"),
            incarnation: "one".to_owned(),
            number: 1,
            status: EventStatus::Running,
            status_changed_at_ms: 0,
            created_at_ms: 0,
            details: EventDetails::default(),
            config: EventConfig::default(),
            key: KeyRecord {
                salt: String::new(),
                given: KeyWindow::default(),
                window: KeyWindow::default(),
            },
            has_xml: true,
            image: None,
            max_connections: None,
        };
        Self {
            position: Position {
                epoch: Epoch::new("0"),
                seq: 0,
            },
            past: vec![(0, record.clone(), Vec::new())],
            record,
            on_course: Vec::new(),
            history: VecDeque::new(),
            epochs: 0,
            counter: 0,
        }
    }

    fn commit(&mut self, what: What) -> Envelope {
        self.position.seq += 1;
        self.counter += 1;
        let change = self.change(what);
        let envelope = Envelope {
            position: self.position.clone(),
            ts_ms: 0,
            kind: change.kind(),
            body: change.body().into(),
        };
        self.history.push_back(envelope.clone());
        if self.history.len() > HISTORY_MAX {
            self.history.pop_front();
        }
        let now = (
            self.position.seq,
            self.record.clone(),
            self.on_course.clone(),
        );
        self.past.push(now);
        envelope
    }

    fn change(&mut self, what: What) -> Change {
        match what {
            What::OnCourse => {
                self.on_course = vec![boat(self.counter)];
                Change::OnCourse(OnCourseChange {
                    oncourse: on_course_views(&Structure::default(), &self.on_course),
                })
            }
            What::Title => {
                self.record.details.main_title = format!("title {}", self.counter);
                Change::Structure(Box::new(StructureChange {
                    view: self.view(),
                    reread: Vec::new(),
                    also: Vec::new(),
                }))
            }
            What::Status(running) => {
                let status = if running {
                    EventStatus::Running
                } else {
                    EventStatus::Finished
                };
                self.record.status = status;
                Change::Status(StatusChange { status })
            }
        }
    }

    fn view(&self) -> StructureView {
        StructureView::new(&self.record, &Structure::default(), &self.on_course)
    }

    fn lose_tail(&mut self, changes: u64) {
        let seq = self.position.seq.saturating_sub(changes);
        self.past.retain(|(at, _, _)| *at <= seq);
        let (_, record, on_course) = self.past.last().expect("position 0 is never lost").clone();
        self.record = record;
        self.on_course = on_course;
        self.position.seq = seq;
        self.epochs += 1;
        self.position.epoch = Epoch::new(self.epochs.to_string());
        self.history.clear();
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            record: self.record.clone(),
            position: self.position.clone(),
            revisions: Revisions::default(),
            marks: Marks::default(),
            structure: Arc::default(),
            on_course: OnCourse {
                shown: self.on_course.clone(),
                ..OnCourse::default()
            },
            waiting: Waiting::default(),
            server_ms: 0,
        }
    }

    fn history(&self, since: &Position) -> History {
        let missed = self.position.seq.checked_sub(since.seq);
        let missed = missed.and_then(|missed| usize::try_from(missed).ok());
        match missed {
            Some(missed) if since.epoch == self.position.epoch && missed <= self.history.len() => {
                let skip = self.history.len() - missed;
                History::Continues(self.history.iter().skip(skip).cloned().collect())
            }
            _ => History::Broken,
        }
    }

    fn answer(&self, read: &Effect) -> Input {
        match read {
            Effect::ReadHistory(since) => Input::History(self.history(since)),
            _ => Input::Snapshot(Some(Box::new(self.snapshot()))),
        }
    }
}

fn boat(bib: u32) -> OnCourseEntry {
    let id = ParticipantId::new(bib.to_string());
    OnCourseEntry {
        row_id: RowIds::new("secret").of(&id),
        ..OnCourseEntry::new(RaceId::new("K1M"), Some(id), Some(Bib::Number(bib)))
    }
}

/// A spectator: rebuilds the state from messages alone.
#[derive(Debug, Clone, Default)]
struct Checker {
    form: Form,
    epoch: String,
    seq: u64,
    event: Value,
    on_course: Value,
}

impl Checker {
    fn position(&self) -> Position {
        Position {
            epoch: Epoch::new(self.epoch.clone()),
            seq: self.seq,
        }
    }

    /// Takes one or more frames.
    fn receive(&mut self, message: &Message) {
        let mut bytes = &message.bytes(self.form)[..];
        while let [_, length, rest @ ..] = bytes {
            let (length, rest) = match length {
                126 => (usize::from(rest[0]) << 8 | usize::from(rest[1]), &rest[2..]),
                length => (usize::from(*length), rest),
            };
            self.receive_one(&rest[..length]);
            bytes = &rest[length..];
        }
    }

    fn receive_one(&mut self, json: &[u8]) {
        let before = self.position();
        let message: Value = serde_json::from_slice(json).expect("a message is JSON");
        if message["type"] == "resumed" {
            return;
        }
        let seq = message["seq"].as_u64().expect("a seq");
        let data = &message["data"];
        if message["type"] == "full" {
            message["epoch"]
                .as_str()
                .expect("an epoch")
                .clone_into(&mut self.epoch);
            let goes_back = self.epoch == before.epoch.as_str() && seq < before.seq;
            assert!(!goes_back, "a full of the same epoch went back: {message}");
            self.event = data["event"].clone();
            self.on_course = data["oncourse"].clone();
        } else {
            assert_eq!(seq, self.seq + 1, "a diff out of turn: {message}");
            if data["oncourse"].is_array() {
                self.on_course = data["oncourse"].clone();
            }
            if data["oncourseDelta"].is_object() {
                assert!(self.form.delta, "nobody asked for that: {message}");
                self.apply(&data["oncourseDelta"]);
            }
            if data["status"].is_string() {
                self.event["status"] = data["status"].clone();
            }
        }
        self.seq = seq;
    }

    fn apply(&mut self, delta: &Value) {
        let delta: OnCourseDelta = serde_json::from_value(delta.clone()).expect("a delta");
        let mut list = serde_json::from_value(self.on_course.take()).expect("a list");
        delta.apply(&mut list);
        self.on_course = serde_json::to_value(list).expect("JSON");
    }
}

struct World {
    server: Server,
    room: Room,
    checker: Checker,
    traveller: Checker,
    /// `None` while it is in the room, else whether it has asked to come back.
    away: Option<bool>,
    delayed: VecDeque<Envelope>,
    reads: VecDeque<Effect>,
}

impl World {
    fn new() -> Self {
        let server = Server::new();
        let mut room = Room::new(&server.snapshot(), Limits::default(), 0);
        let mut checker = Checker::default();
        checker.receive(&room.full());
        let delta = Form {
            delta: true,
            ..Form::default()
        };
        Self {
            server,
            room,
            traveller: Checker {
                form: delta,
                ..checker.clone()
            },
            checker,
            away: None,
            delayed: VecDeque::new(),
            reads: VecDeque::new(),
        }
    }

    fn feed(&mut self, input: Input) {
        for effect in self.room.on(input, 0) {
            match effect {
                Effect::Broadcast(message, seq) => {
                    self.checker.receive(&message);
                    assert_eq!(self.checker.seq, seq);
                    if self.away.is_none() {
                        self.traveller.receive(&message);
                    }
                }
                Effect::End(end) => panic!("the room ended: {end:?}"),
                read => self.reads.push_back(read),
            }
        }
        assert!(self.reads.len() <= 1, "one read at a time");
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Commit(what, fate) => {
                let envelope = self.server.commit(*what);
                self.send(envelope, *fate);
            }
            Step::DeliverDelayed => {
                if let Some(envelope) = self.delayed.pop_front() {
                    self.feed(Input::Changed(envelope));
                }
            }
            Step::Answer(succeeds) => {
                if let Some(read) = self.reads.pop_front() {
                    let input = if *succeeds {
                        self.server.answer(&read)
                    } else {
                        Input::ReadFailed
                    };
                    self.feed(input);
                }
            }
            Step::CheckPosition => self.check_position(),
            Step::LoseTail(changes) => {
                self.server.lose_tail(*changes);
            }
            Step::Travel => {
                self.away = match self.away {
                    None => Some(false),
                    Some(_) => Some(true),
                };
                self.let_in(false);
            }
        }
    }

    /// Lets the traveller in if it wants that and can be answered.
    fn let_in(&mut self, verified: bool) {
        if self.away != Some(true) {
            return;
        }
        let since = self.traveller.position();
        let mut how = self.room.resume(&since, verified);
        if how == Resumption::ReadPast {
            let history = Some(self.server.history(&since));
            let since = since.clone();
            self.feed(Input::Past { since, history });
            how = self.room.resume(&self.traveller.position(), verified);
        }
        let first = match how {
            Resumption::Replay(replay) => replay,
            // Broken history, or a room that is further than its own history.
            Resumption::Full | Resumption::ReadPast => self.room.full(),
            Resumption::Verify | Resumption::TryLater => return,
        };
        self.traveller.receive(&first);
        assert_eq!(&self.traveller.position(), self.room.position());
        self.away = None;
    }

    fn send(&mut self, envelope: Envelope, fate: Fate) {
        match fate {
            Fate::Arrives => self.feed(Input::Changed(envelope)),
            Fate::Lost => {}
            Fate::Doubled => {
                self.feed(Input::Changed(envelope.clone()));
                self.feed(Input::Changed(envelope));
            }
            Fate::Delayed => self.delayed.push_back(envelope),
            Fate::ByReference => self.feed(Input::Changed(Envelope {
                kind: common::protocol::Kind::ByReference,
                body: bytes::Bytes::new(),
                ..envelope
            })),
        }
    }

    fn check_position(&mut self) {
        let asked = self.room.ask();
        let standing = Standing {
            incarnation: self.server.record.incarnation.clone(),
            position: self.server.position.clone(),
        };
        let read = Some(Pulse {
            standing,
            overdue: false,
        });
        self.feed(Input::Position { read, asked });
    }

    /// Everything arrives, every read is answered, and the room checks its position.
    fn settle(&mut self) {
        while let Some(envelope) = self.delayed.pop_front() {
            self.feed(Input::Changed(envelope));
        }
        for _ in 0..4 {
            while let Some(read) = self.reads.pop_front() {
                let input = self.server.answer(&read);
                self.feed(input);
            }
            self.check_position();
        }
        self.away = self.away.map(|_| true);
        self.let_in(true);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn spectators_end_with_the_truth(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.settle();
        let truth = world.server.view();
        prop_assert_eq!(world.room.position(), &world.server.position);
        prop_assert_eq!(world.away, None);
        prop_assert_eq!(world.traveller.position(), world.checker.position());
        prop_assert_eq!(&world.traveller.event, &world.checker.event);
        prop_assert_eq!(&world.traveller.on_course, &world.checker.on_course);
        prop_assert_eq!(&world.checker.epoch, world.server.position.epoch.as_str());
        prop_assert_eq!(world.checker.seq, world.server.position.seq);
        let event = serde_json::to_value(&truth.event).expect("JSON");
        prop_assert_eq!(&world.checker.event, &event);
        let on_course = serde_json::to_value(&truth.oncourse).expect("JSON");
        prop_assert_eq!(&world.checker.on_course, &on_course);
    }
}
