//! Does what is due of an event when a gateway notices: boats that nobody speaks of go, a list that waits is shown,
//! and so is what an export said of rows that live data had changed just before. Mostly the ingest process that
//! left it due is faster; this is for when that one is gone.

use common::{
    domain::EventId,
    plan::{due, results::concerned},
    store::{Limits, Store, StoreError, Terms},
};

use crate::room::now_ms;

/// How long a commit of ours may take, in ms.
const WITHIN_MS: i64 = 2_000;

/// Commits what is due, as an ingest process would.
pub async fn settle(store: &Store, event_id: &EventId, limits: Limits) -> Result<(), StoreError> {
    let head = store.head(event_id).await?;
    let races = concerned(&head.structure, &head.waiting.due(head.server_ms));
    let competition = store.competition(&head, &races).await?;
    let (_, plan) = due::plan(&head.before(&competition), head.server_ms);
    let terms = Terms {
        states: None,
        ts_ms: now_ms(),
        deadline_ms: head.server_ms + WITHIN_MS,
        same_epoch: false,
        limits,
    };
    match store.commit(&head, &plan, terms).await {
        // Another gateway or an ingest process was faster.
        Ok(_) | Err(StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}
