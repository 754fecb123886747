//! All rooms of this gateway: first spectator in opens one, and some time after the last one out it
//! is dissolved.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use common::{
    domain::{EventId, EventStatus},
    http::ApiError,
    protocol::Position,
    store::{Feed, Store, StoreError},
};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};

use super::{
    members::{Presence, Present},
    seats::{NoSeat, Seat, Seats, SeatsOf},
    task::{Command, Phase, RoomTask},
};
use crate::{
    Config,
    answers::Answers,
    config::RoomConfig,
    metrics::Metrics,
    shard::{Arrived, Entrant, Shard, Shards},
    websocket::{CloseCode, Form},
};

/// Commands that wait for a room: as many as may join in one storm.
const COMMANDS_MAX: usize = 16_384;
/// Events watched here at once.
const ROOMS_MAX: usize = 10_000;

/// All rooms; cheap to clone.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    answers: Answers,
    feed: Feed,
    gateway: String,
    config: RoomConfig,
    shards: Shards,
    metrics: Metrics,
    rooms: Mutex<HashMap<EventId, Arc<RoomHandle>>>,
    next_key: AtomicU64,
    places: Arc<Semaphore>,
    draining: AtomicBool,
    /// Connections and seat keepers: what has to say goodbye before the process ends.
    tasks: TaskTracker,
}

/// A room, as those see it who want to come in. Whoever holds one keeps the room from dissolving.
struct RoomHandle {
    key: u64,
    commands: mpsc::Sender<Command>,
    phase: watch::Receiver<Phase>,
    seats: OnceCell<Seats>,
    present: Present,
}

/// The right to join a room: a seat of the event and a place on this gateway.
pub struct Ticket {
    room: Arc<RoomHandle>,
    seat: Seat,
    place: OwnedSemaphorePermit,
    hub: Hub,
}

impl Hub {
    /// No rooms yet.
    pub fn new(
        (store, answers): (Store, Answers),
        feed: Feed,
        shards: Shards,
        gateway: String,
        config: &Config,
        metrics: Metrics,
    ) -> Self {
        let inner = Inner {
            store,
            answers,
            feed,
            gateway,
            config: config.room(),
            shards,
            metrics,
            rooms: Mutex::default(),
            next_key: AtomicU64::new(1),
            places: Arc::new(Semaphore::new(config.max_connections)),
            draining: AtomicBool::new(false),
            tasks: TaskTracker::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Whether the event may be watched: 404 when it is not public, 410 when it is official, 503
    /// while this gateway takes nobody.
    pub async fn check(&self, event_id: &EventId) -> Result<(), ApiError> {
        if self.room(event_id).is_none() {
            // Boxed: ten thousand who come at once shall not each bring room for a read that is rare.
            Box::pin(self.check_status(event_id)).await?;
        }
        if self.inner.draining.load(Ordering::Relaxed) {
            return Err(ApiError::Unavailable("draining".to_owned()));
        }
        Ok(())
    }

    /// Takes a seat in the event's room, opening it if need be.
    pub async fn enter(&self, event_id: &EventId) -> Result<Ticket, ApiError> {
        let place = Arc::clone(&self.inner.places).try_acquire_owned();
        let place = place.map_err(|_| ApiError::Unavailable("the gateway is full".to_owned()))?;
        let room = self.open(event_id)?;
        let mut phase = room.phase.clone();
        let settled = phase.wait_for(|phase| *phase != Phase::Opening).await;
        let phase = settled.map_or(Phase::Gone, |phase| phase.clone());
        let incarnation = match phase {
            Phase::Open(incarnation) => incarnation,
            Phase::Official => return Err(official(event_id)),
            Phase::Failed(why) => return Err(ApiError::Unavailable(why)),
            Phase::Gone | Phase::Opening => return Err(not_found(event_id)),
        };
        let seats = room
            .seats
            .get_or_init(|| async { self.seats(event_id, incarnation, room.key) })
            .await;
        let seat = seats.take().await.map_err(|why| match why {
            NoSeat::Full(max) => ApiError::ConnectionLimitReached(max),
            NoSeat::Gone => not_found(event_id),
            NoSeat::Unavailable(why) => ApiError::Unavailable(why),
        })?;
        Ok(Ticket {
            room,
            seat,
            place,
            hub: self.clone(),
        })
    }

    /// Counts a refused upgrade.
    pub fn count_refusal(&self, error: &ApiError) {
        let why = match error {
            ApiError::EventNotFound(_) => "not-found",
            ApiError::EventOfficial(_) => "official",
            ApiError::ConnectionLimitReached(_) => "seats",
            ApiError::Unavailable(_) => "unavailable",
            _ => "request",
        };
        self.inner.metrics.refused.with_label_values(&[why]).inc();
    }

    async fn check_status(&self, event_id: &EventId) -> Result<(), ApiError> {
        match self.inner.answers.status(event_id).await {
            Ok(EventStatus::Official) => Err(official(event_id)),
            Ok(_) => Ok(()),
            Err(StoreError::NoEvent) => Err(not_found(event_id)),
            Err(error) => Err(error.into()),
        }
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<EventId, Arc<RoomHandle>>> {
        self.inner
            .rooms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn room(&self, event_id: &EventId) -> Option<Arc<RoomHandle>> {
        self.rooms().get(event_id).cloned()
    }

    fn open(&self, event_id: &EventId) -> Result<Arc<RoomHandle>, ApiError> {
        let mut rooms = self.rooms();
        // Under the lock: a room that opens after the drain has begun would never hear of it.
        if self.inner.draining.load(Ordering::Relaxed) {
            return Err(ApiError::Unavailable("draining".to_owned()));
        }
        if let Some(room) = rooms.get(event_id) {
            return Ok(Arc::clone(room));
        }
        if rooms.len() >= ROOMS_MAX {
            return Err(ApiError::Unavailable("too many rooms".to_owned()));
        }
        let (commands, command_queue) = mpsc::channel(COMMANDS_MAX);
        let (phase_sender, phase) = watch::channel(Phase::Opening);
        let key = self.inner.next_key.fetch_add(1, Ordering::Relaxed);
        let present = Present::default();
        let task = RoomTask {
            event_id: event_id.clone(),
            key,
            hub: self.clone(),
            store: self.inner.store.clone(),
            feed: self.inner.feed.clone(),
            shards: self.inner.shards.clone(),
            present: present.clone(),
            config: self.inner.config,
            metrics: self.inner.metrics.clone(),
            commands: command_queue,
            phase: phase_sender,
        };
        tokio::spawn(task.run());
        let room = Arc::new(RoomHandle {
            key,
            commands,
            phase,
            seats: OnceCell::new(),
            present,
        });
        rooms.insert(event_id.clone(), Arc::clone(&room));
        Ok(room)
    }

    fn seats(&self, event_id: &EventId, incarnation: String, key: u64) -> Seats {
        let (seats, keeper) = Seats::new(SeatsOf {
            store: self.inner.store.clone(),
            event_id: event_id.clone(),
            incarnation,
            // A room that is closing and the one that follows it hold seats of their own.
            lease: format!("{}:{key}", self.inner.gateway),
            seats_max: self.inner.config.seats_max,
            lease_time: self.inner.config.lease,
        });
        self.inner.tasks.spawn(keeper);
        seats
    }

    /// Forgets a room that has ended: whoever comes next asks Redis.
    pub(super) fn remove(&self, event_id: &EventId, key: u64) {
        let mut rooms = self.rooms();
        if rooms.get(event_id).is_some_and(|room| room.key == key) {
            rooms.remove(event_id);
        }
    }

    /// Forgets a room that nobody is in or on the way to; false when somebody is.
    pub(super) fn dissolve(&self, event_id: &EventId, key: u64) -> bool {
        let mut rooms = self.rooms();
        match rooms.get(event_id) {
            Some(room) if room.key == key => {
                // New handles are only made under this lock, so the map's own is the last one.
                let alone = Arc::strong_count(room) == 1;
                if alone {
                    rooms.remove(event_id);
                }
                alone
            }
            _ => true,
        }
    }

    /// Takes nobody any more and sends everyone elsewhere, evenly within `over`. Completes when
    /// all are gone and their seats are given back.
    pub async fn drain(&self, over: Duration) {
        let rooms: Vec<_> = {
            let rooms = self.rooms();
            self.inner.draining.store(true, Ordering::Relaxed);
            rooms.values().cloned().collect()
        };
        for room in rooms {
            // A room that has ended meanwhile has nobody to send away.
            let _ = room.commands.send(Command::Drain(over)).await;
        }
        self.rooms().clear();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }
}

/// What a spectator holds as long as its socket lives.
struct Lease {
    _seat: Seat,
    _place: OwnedSemaphorePermit,
    _presence: Presence,
    /// Keeps the room from dissolving.
    _room: Arc<RoomHandle>,
    /// Keeps the process from ending before the goodbye is said.
    _token: TaskTrackerToken,
}

/// How a spectator comes.
pub struct Coming {
    /// The shard it belongs to.
    pub shard: Shard,
    /// Its socket.
    pub arrived: Arrived,
    /// What it is still to be answered.
    pub answer: Vec<u8>,
    /// How it gets messages.
    pub form: Form,
    /// Where it stood, if it comes back.
    pub since: Option<Position>,
}

impl Ticket {
    /// Hands the spectator to its room.
    pub async fn redeem(self, coming: Coming) {
        let Self {
            room,
            seat,
            place,
            hub,
        } = self;
        let commands = room.commands.clone();
        let lease = Lease {
            _seat: seat,
            _place: place,
            _presence: room.present.one_more(),
            _room: room,
            _token: hub.inner.tasks.token(),
        };
        let entrant = Entrant {
            shard: coming.shard,
            arrived: coming.arrived,
            answer: coming.answer.into(),
            form: coming.form,
            lease: Box::new(lease),
        };
        let join = Command::Join(entrant, coming.since);
        if let Err(mpsc::error::SendError(Command::Join(entrant, _))) = commands.send(join).await {
            let code = CloseCode::ServiceRestart;
            Box::pin(entrant.turn_away(code, "the room has just closed")).await;
        }
    }
}

fn official(event_id: &EventId) -> ApiError {
    ApiError::EventOfficial(event_id.to_string())
}

fn not_found(event_id: &EventId) -> ApiError {
    ApiError::EventNotFound(event_id.to_string())
}
