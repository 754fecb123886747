//! The one writer step.

use common::{
    domain::{
        Bib, EventDetails, EventId, EventStatus, Hundredths, KeyRecord, KeyWindow, LiveRow,
        OnCourseEntry, RaceId, RowIds, merge::LiveRun,
    },
    plan::{Part, Plan, Write, import, on_course, results, status},
    protocol::{Kind, Position},
    store::{Head, History, Limits, NewEvent, Store, StoreError, Terms},
};
use proptest::{prelude::*, test_runner::Config};
use system_tests::{RedisServer, SAMPLE_XML};

use crate::fsck;

/// Far enough in the server's future.
const LATER_MS: i64 = 60_000;

pub fn event_id() -> EventId {
    EventId::parse("E").expect("a valid id")
}

async fn created(store: &Store) -> Head {
    let new = NewEvent {
        event_id: event_id(),
        details: EventDetails {
            main_title: "Závod".to_owned(),
            ..EventDetails::default()
        },
        key: KeyRecord {
            salt: "salt".to_owned(),
            given: KeyWindow::default(),
            window: KeyWindow::default(),
        },
        image: None,
        max_connections: None,
        created_at_ms: 0,
    };
    store.create(new, "digest").await.expect("a new event");
    head(store).await
}

pub async fn head(store: &Store) -> Head {
    store.head(&event_id()).await.expect("the event is there")
}

fn terms(head: &Head) -> Terms<'static> {
    Terms {
        states: None,
        ts_ms: 7,
        deadline_ms: head.server_ms + LATER_MS,
        same_epoch: false,
        limits: Limits::default(),
    }
}

pub async fn commit(
    store: &Store,
    head: &Head,
    plan: &Plan,
    limits: Limits,
) -> Result<u64, StoreError> {
    let terms = Terms {
        limits,
        ..terms(head)
    };
    let committed = store.commit(head, plan, terms).await;
    committed.map(|committed| committed.position.seq)
}

async fn import_sample(store: &Store) {
    let head = head(store).await;
    let before = store.whole_competition(&head).await.expect("readable");
    let parsed = common::c123::parse(SAMPLE_XML).expect("a good export");
    let planned = import::plan(&head.before(&before), &parsed.export, 0);
    let (_, plan) = planned.expect("a draft takes exports");
    commit(store, &head, &plan, Limits::default())
        .await
        .expect("nobody else writes");
}

async fn set_status(store: &Store, to: EventStatus) -> Result<u64, StoreError> {
    let head = head(store).await;
    let competition = store.whole_competition(&head).await?;
    let plan = status::plan(&head.before(&competition), to, 0);
    commit(
        store,
        &head,
        &plan.expect("a valid transition"),
        Limits::default(),
    )
    .await
}

pub async fn running(store: &Store) {
    created(store).await;
    import_sample(store).await;
    for to in [EventStatus::Startlist, EventStatus::Running] {
        set_status(store, to).await.expect("nobody else writes");
    }
}

#[tokio::test]
async fn what_is_stored_is_read_back_whole() {
    let redis = RedisServer::start().await;
    let store = redis.store();
    created(&store).await;
    import_sample(&store).await;
    let head = head(&store).await;
    let common::c123::Parsed {
        export, imported, ..
    } = common::c123::parse(SAMPLE_XML).expect("a good export");
    let stored = store.whole_competition(&head).await.expect("readable");
    let row_ids = RowIds::new(&head.record.incarnation);
    assert_eq!(stored, export.competition.named_by(&row_ids));
    assert_eq!(imported.results, 11);
    assert!(head.record.has_xml);
    fsck::check(&store, &event_id()).await;
}

#[tokio::test]
async fn a_plan_from_an_old_read_is_refused_whole() {
    let redis = RedisServer::start().await;
    let store = redis.store();
    let old = created(&store).await;
    let rename = |title: &str| Plan {
        expected: vec![old.revisions.expect(Part::Record)],
        touched: vec![Part::Record],
        writes: vec![Write::Details(EventDetails {
            main_title: title.to_owned(),
            ..EventDetails::default()
        })],
        changes: Vec::new(),
    };
    let limits = Limits::default();
    commit(&store, &old, &rename("first"), limits)
        .await
        .expect("the first one wins");
    let second = commit(&store, &old, &rename("second"), limits).await;
    assert!(matches!(second, Err(StoreError::Conflict)), "{second:?}");
    assert_eq!(head(&store).await.record.details.main_title, "first");
}

#[tokio::test]
async fn state_time_and_incarnation_are_checked_in_the_same_step() {
    let redis = RedisServer::start().await;
    let store = redis.store();
    let old = created(&store).await;
    let plan = Plan {
        writes: vec![Write::HasXml],
        ..Plan::default()
    };
    let running = Terms {
        states: Some(&[EventStatus::Running]),
        ..terms(&old)
    };
    let state = store.commit(&old, &plan, running).await;
    assert!(
        matches!(state, Err(StoreError::State(EventStatus::Draft))),
        "{state:?}"
    );
    let over = Terms {
        deadline_ms: old.server_ms - 1,
        ..terms(&old)
    };
    let late = store.commit(&old, &plan, over).await;
    assert!(matches!(late, Err(StoreError::Late)), "{late:?}");
    store.delete(&old, "digest", 0).await.expect("it is there");
    let gone = store.commit(&old, &plan, terms(&old)).await;
    assert!(matches!(gone, Err(StoreError::NoEvent)), "{gone:?}");
    created(&store).await;
    let recreated = store.commit(&old, &plan, terms(&old)).await;
    assert!(
        matches!(recreated, Err(StoreError::NoEvent)),
        "{recreated:?}"
    );
    assert!(!head(&store).await.record.has_xml);
}

fn finish(race_id: &str, bib: u32, time: u64) -> LiveRow {
    LiveRow {
        race_id: RaceId::new(race_id),
        index: 0,
        participant_id: None,
        bib: Some(Bib::Number(bib)),
        rank: None,
        run: LiveRun {
            time: Hundredths::new(time),
            ..LiveRun::default()
        },
    }
}

async fn push_result(store: &Store, row: LiveRow, limits: Limits) -> Result<u64, StoreError> {
    let head = head(store).await;
    let plan = planned(store, &head, row).await?;
    commit(store, &head, &plan, limits).await
}

async fn planned(store: &Store, head: &Head, row: LiveRow) -> Result<Plan, StoreError> {
    let race_id = row.race_id.clone();
    let competition = store.competition(head, [&race_id]).await?;
    let plan = results::plan(&head.before(&competition), vec![row], 0);
    Ok(plan.map_err(|_| StoreError::Conflict)?.1)
}

#[tokio::test]
async fn history_is_bounded_contiguous_and_continues_only_from_where_it_reaches() {
    let redis = RedisServer::start().await;
    let store = redis.store();
    running(&store).await;
    let limits = Limits {
        history_messages: 5,
        ..Limits::default()
    };
    let mut top = 0;
    for time in 0..20 {
        top = push_result(&store, finish("K1M_QUA_4", 1, 9000 + time), limits)
            .await
            .expect("ok");
    }
    let head = head(&store).await;
    let since = |seq| Position {
        seq,
        ..head.position.clone()
    };
    let read = |at: Position| {
        let (store, incarnation) = (store.clone(), head.record.incarnation.clone());
        async move {
            store
                .history(&event_id(), &incarnation, &at)
                .await
                .expect("redis answers")
        }
    };
    assert_eq!(read(since(top)).await, History::Continues(Vec::new()));
    let History::Continues(missed) = read(since(top - 5)).await else {
        panic!("five messages are kept");
    };
    let seqs: Vec<u64> = missed
        .iter()
        .map(|envelope| envelope.position.seq)
        .collect();
    assert_eq!(seqs, (top - 4..=top).collect::<Vec<_>>());
    assert!(
        missed
            .iter()
            .all(|envelope| envelope.ts_ms == 7 && envelope.kind == Kind::Results)
    );
    assert_eq!(read(since(top - 6)).await, History::Broken);
    assert_eq!(read(since(top + 1)).await, History::Broken);
    fsck::check(&store, &event_id()).await;

    let tiny = Limits {
        history_bytes: 1000,
        ..Limits::default()
    };
    for time in 0..5 {
        top = push_result(&store, finish("K1M_QUA_4", 2, 9000 + time), tiny)
            .await
            .expect("ok");
    }
    assert_eq!(read(since(top - 4)).await, History::Broken);
    fsck::check(&store, &event_id()).await;
}

#[tokio::test]
async fn a_server_with_another_identity_starts_another_epoch() {
    let mut redis = RedisServer::start().await;
    let store = redis.store();
    running(&store).await;
    let before = head(&store).await.position;
    redis.restart().await;
    let row = finish("K1M_QUA_4", 1, 9000);
    let seq = push_result(&store, row, Limits::default())
        .await
        .expect("it is back");
    let after = head(&store).await.position;
    assert_ne!(before.epoch, after.epoch);
    assert_eq!((seq, after.seq), (before.seq + 1, before.seq + 1));
    fsck::check(&store, &event_id()).await;
}

#[tokio::test]
async fn who_asks_for_the_same_epoch_is_refused_by_another_server() {
    let mut redis = RedisServer::start().await;
    let store = redis.store();
    running(&store).await;
    let known = head(&store).await;
    let row = finish("K1M_QUA_4", 1, 9000);
    let plan = planned(&store, &known, row).await.expect("ok");
    let same_epoch = Terms {
        same_epoch: true,
        ..terms(&known)
    };
    redis.restart().await;
    // A read finds the connection broken and makes another one. It sees the next epoch before any write.
    let now = head(&store).await.position;
    assert_eq!(now.seq, known.position.seq);
    assert_ne!(now.epoch, known.position.epoch);
    let refused = store.commit(&known, &plan, same_epoch).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    set_status(&store, EventStatus::Finished).await.expect("ok");
    assert_eq!(head(&store).await.position.epoch, now.epoch);
    let refused = store.commit(&known, &plan, same_epoch).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    store
        .commit(&known, &plan, terms(&known))
        .await
        .expect("ok");
    fsck::check(&store, &event_id()).await;
}

/// What one writer does, again until nobody is faster.
#[derive(Debug, Clone)]
enum Action {
    Import(u32),
    Result(u32, u64),
    OnCourse(u32),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        (0..1000_u32).prop_map(Action::Import),
        (1..4_u32, 8000..9000_u64).prop_map(|(bib, time)| Action::Result(bib, time)),
        (1..4_u32).prop_map(Action::OnCourse),
    ]
}

async fn attempt(store: &Store, action: &Action) -> Result<u64, StoreError> {
    let head = head(store).await;
    let plan = match action {
        Action::Import(number) => {
            let xml = SAMPLE_XML.replace("3. kolo", &format!("{number}. kolo"));
            let parsed = common::c123::parse(&xml).expect("a good export");
            let before = store.whole_competition(&head).await?;
            import::plan(&head.before(&before), &parsed.export, 0)
                .expect("a running event takes exports")
                .1
        }
        Action::Result(bib, time) => {
            return push_result(store, finish("K1M_FIN_5", *bib, *time), Limits::default()).await;
        }
        Action::OnCourse(bib) => {
            let race_id = RaceId::new("K1M_FIN_5");
            let competition = store.competition(&head, [&race_id]).await?;
            let entry = OnCourseEntry::new(race_id, None, Some(Bib::Number(*bib)));
            let before = head.before(&competition);
            on_course::plan(&before, vec![(0, entry)], head.server_ms)
                .expect("a running event takes boats")
                .2
        }
    };
    commit(store, &head, &plan, Limits::default()).await
}

async fn run_writer(store: Store, actions: Vec<Action>) -> usize {
    let mut conflicts = 0;
    for action in &actions {
        loop {
            match attempt(&store, action).await {
                Ok(_) => break,
                Err(StoreError::Conflict) => conflicts += 1,
                Err(error) => panic!("{action:?}: {error}"),
            }
        }
    }
    conflicts
}

/// Whatever several writers do at once: seqs have no hole, rows and messages agree, and every
/// reader's view by history equals the stored state.
#[test]
fn any_writers_at_once_leave_a_state_that_holds_together() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let redis = runtime.block_on(RedisServer::start());
    let cases = Config::with_cases(12);
    let writers = prop::collection::vec(prop::collection::vec(action(), 1..6), 2..5);
    proptest!(cases, |(writers in writers)| {
        runtime.block_on(async {
            let store = redis.store();
            running(&store).await;
            let tasks: Vec<_> = writers
                .into_iter()
                .map(|actions| tokio::spawn(run_writer(store.clone(), actions)))
                .collect();
            for task in tasks {
                task.await.expect("the writer runs");
            }
            fsck::check(&store, &event_id()).await;
            let head = head(&store).await;
            store.delete(&head, "digest", 0).await.expect("it is there");
        });
    });
}
