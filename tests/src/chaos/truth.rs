//! The state of an event as Redis has it.

use std::collections::BTreeMap;

use common::{
    domain::EventId,
    protocol::{RaceSheet, views::StructureView},
    store::{Store, StoreError},
};
use serde_json::{Value, json};

use super::known::Known;

/// What every spectator must know in the end; `None` while it changes.
pub async fn read(store: &Store, event_id: &EventId) -> Result<Option<Known>, StoreError> {
    let head = store.head(event_id).await?;
    let whole = store.whole_competition(&head).await?;
    // Rows are read after the head: they are its own only if nothing came between.
    if store.head(event_id).await?.position != head.position {
        return Ok(None);
    }
    let view = StructureView::new(&head.record, &head.structure, &head.on_course.shown);
    let mut results = BTreeMap::new();
    for race in &head.structure.races {
        let Some(sheet) = RaceSheet::of(&whole, &race.race_id) else {
            continue;
        };
        let rows = sheet.results().into_iter().map(|mut row| {
            row.detail = None;
            (u64::from(row.bib.unwrap_or(0)), json!(row))
        });
        results.insert(
            race.race_id.to_string(),
            rows.collect::<BTreeMap<u64, Value>>(),
        );
    }
    Ok(Some(Known {
        epoch: head.position.epoch.to_string(),
        seq: head.position.seq,
        event: json!(view.event),
        classes: json!(view.classes),
        categories: json!(view.categories),
        races: json!(view.races),
        oncourse: json!(view.oncourse),
        results,
    }))
}

/// Seats that live leases claim.
pub async fn seats(store: &Store, event_id: &EventId) -> Result<usize, StoreError> {
    let head = store.head(event_id).await?;
    let request = common::store::SeatRequest {
        gateway: "an observer",
        held: 0,
        wanted: 0,
        max: usize::MAX >> 1,
        lease: std::time::Duration::from_secs(1),
    };
    match store
        .seats(event_id, &head.record.incarnation, request)
        .await?
    {
        common::store::SeatAnswer::Granted { others, .. } => Ok(others),
        common::store::SeatAnswer::Gone => Err(StoreError::NoEvent),
    }
}
