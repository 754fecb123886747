//! The room's lease of the event's seats.
//!
//! One task asks Redis for all who wait, so that a storm of connections is a few calls. It reports
//! absolute numbers: how many seats are held and how many more are wanted. The lease is renewed well
//! before it ends; a gateway that dies stops renewing, and its seats are free when the lease is over.
//!
//! While Redis is away a gateway lets in as many as it had, and its share of what was free when it
//! last heard.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use common::{
    domain::EventId,
    store::{SeatAnswer, SeatRequest, Store},
};
use tokio::sync::{Notify, mpsc, oneshot};
use tracing::warn;

const RENEW_EVERY: Duration = Duration::from_secs(4);
/// Connections that may wait for their seat at once.
const WAITING_MAX: usize = 16_384;

/// Why there is no seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoSeat {
    /// All of so many are taken.
    Full(usize),
    /// The event does not exist any more.
    Gone,
    /// Redis does not answer, or too many wait already.
    Unavailable(String),
}

/// One spectator's place; dropping it gives it back.
#[derive(Debug)]
pub struct Seat {
    shared: Arc<Shared>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.held.fetch_sub(1, Ordering::AcqRel);
        self.shared.changed.notify_one();
    }
}

#[derive(Debug, Default)]
struct Shared {
    held: AtomicUsize,
    changed: Notify,
}

type Waiter = oneshot::Sender<Result<Seat, NoSeat>>;

/// Asks for seats. The task behind it ends when all handles and all seats are gone.
#[derive(Clone)]
pub struct Seats {
    waiters: mpsc::Sender<Waiter>,
}

/// Whose seats they are.
pub struct SeatsOf {
    /// The shared state.
    pub store: Store,
    /// The event.
    pub event_id: EventId,
    /// Which event of that id.
    pub incarnation: String,
    /// This room of this process; no two rooms share one.
    pub lease: String,
    /// Seats of an event on all gateways, where it has no number of its own.
    pub seats_max: usize,
    /// How long the claim lives without being renewed.
    pub lease_time: Duration,
}

impl Seats {
    /// Starts the task; it is to be spawned by the caller, who wants to wait for its end.
    pub fn new(of: SeatsOf) -> (Self, impl Future<Output = ()> + Send) {
        let (waiters, queue) = mpsc::channel(WAITING_MAX);
        let keeper = Keeper {
            of,
            queue,
            shared: Arc::default(),
            reported: 0,
            alone_max: 0,
        };
        (Self { waiters }, keeper.run())
    }

    /// Waits for a seat, or for the answer that there is none.
    pub async fn take(&self) -> Result<Seat, NoSeat> {
        let (waiter, answer) = oneshot::channel();
        self.waiters
            .try_send(waiter)
            .map_err(|_| NoSeat::Unavailable("too many wait for a seat".to_owned()))?;
        answer.await.unwrap_or(Err(NoSeat::Gone))
    }
}

struct Keeper {
    of: SeatsOf,
    queue: mpsc::Receiver<Waiter>,
    shared: Arc<Shared>,
    /// What Redis believes that we hold.
    reported: usize,
    /// How many we may hold while Redis can't be asked.
    alone_max: usize,
}

impl Keeper {
    async fn run(mut self) {
        let mut renew = tokio::time::interval(RENEW_EVERY);
        renew.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut open = true;
        while open || self.held() > 0 || self.reported > 0 {
            let mut waiting = Vec::new();
            tokio::select! {
                waiter = self.queue.recv(), if open => match waiter {
                    Some(waiter) => waiting.push(waiter),
                    None => open = false,
                },
                () = self.shared.changed.notified() => {}
                _ = renew.tick() => {}
            }
            while let Ok(waiter) = self.queue.try_recv() {
                waiting.push(waiter);
            }
            // Whoever hung up while waiting needs no seat.
            waiting.retain(|waiter| !waiter.is_closed());
            if waiting.is_empty() && self.held() == 0 && self.reported == 0 {
                continue;
            }
            let failed = self.ask(waiting).await;
            if failed && !open && self.held() == 0 {
                // Nobody is left to renew for; the lease ends by itself.
                return;
            }
        }
    }

    fn held(&self) -> usize {
        self.shared.held.load(Ordering::Acquire)
    }

    /// Reports what is held, asks for what is wanted and hands out what is granted. True when it
    /// could not.
    async fn ask(&mut self, waiting: Vec<Waiter>) -> bool {
        let held = self.held();
        let request = SeatRequest {
            gateway: &self.of.lease,
            held,
            wanted: waiting.len(),
            max: self.of.seats_max,
            lease: self.of.lease_time,
        };
        let answer = self
            .of
            .store
            .seats(&self.of.event_id, &self.of.incarnation, request)
            .await;
        match answer {
            Ok(SeatAnswer::Granted {
                granted,
                others,
                gateways,
                max,
            }) => {
                self.reported = granted;
                let free = max.saturating_sub(granted + others);
                self.alone_max = granted + free / (gateways + 1);
                let full = NoSeat::Full(max);
                self.hand_out(waiting, granted.saturating_sub(held), &full);
                false
            }
            Ok(SeatAnswer::Gone) => {
                self.reported = 0;
                refuse(waiting, &NoSeat::Gone);
                false
            }
            Err(error) => {
                warn!(%error, event = %self.of.event_id, "seats not confirmed");
                // Redis may have granted them all the same; the next report takes that back.
                self.reported = self.reported.max(held + waiting.len());
                let away = NoSeat::Unavailable(error.to_string());
                self.hand_out(waiting, self.alone_max.saturating_sub(held), &away);
                true
            }
        }
    }

    /// Gives seats to those who came first; the others hear why there is none.
    fn hand_out(&self, waiting: Vec<Waiter>, mut seats: usize, otherwise: &NoSeat) {
        for waiter in waiting {
            if seats == 0 {
                let _ = waiter.send(Err(otherwise.clone()));
                continue;
            }
            seats -= 1;
            self.shared.held.fetch_add(1, Ordering::AcqRel);
            let shared = Arc::clone(&self.shared);
            // A waiter that is gone leaves its seat to the next one.
            if waiter.send(Ok(Seat { shared })).is_err() {
                seats += 1;
            }
        }
    }
}

fn refuse(waiting: Vec<Waiter>, why: &NoSeat) {
    for waiter in waiting {
        let _ = waiter.send(Err(why.clone()));
    }
}
