//! `GET /events/{eventId}/ws`

#![expect(
    unused_qualifications,
    reason = "the description's macro writes paths of its own"
)]

use axum::{
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    response::Response,
};
use common::{
    domain::EventId,
    http::{
        ApiError,
        documented::{AnyCall, UpgradeCall},
    },
    protocol::{Epoch, Position},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    connection::{accept, socket},
    room::hub::Ticket,
    state::App,
};

/// Where a spectator stood who comes back.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WatchQuery {
    /// The `epoch` of the last `full`.
    epoch: Option<String>,
    /// The `seq` of the last message.
    #[param(value_type = Option<u64>)]
    since: Option<String>,
}

impl WatchQuery {
    /// Nothing unless both make sense: who asks wrongly gets a `full`.
    fn position(self) -> Option<Position> {
        let seq = self.since?.parse().ok()?;
        let epoch = Epoch::new(self.epoch?);
        Some(Position { epoch, seq })
    }
}

/// Watch an event
///
/// A WebSocket whose text frames are `LiveMessage`s: `full` first, then changes as they happen, each with the next
/// `seq`. Who comes back with `epoch` and `since` gets `resumed` and exactly what it missed instead, or a
/// `full` where that can't be told. What clients send is read and dropped.
#[utoipa::path(
    get,
    path = "/{eventId}/ws",
    operation_id = "watch",
    tag = "live",
    params(("eventId" = EventId, Path), WatchQuery),
    responses((status = 101, description = "Upgraded"), UpgradeCall, AnyCall)
)]
pub async fn connect(
    State(app): State<App>,
    Path(name): Path<String>,
    query: Result<Query<WatchQuery>, QueryRejection>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let entered = enter(&app, &name, &mut request).await;
    let (ticket, upgrade) = entered.inspect_err(|error| app.hub.count_refusal(error))?;
    let (response, on_upgrade) = upgrade.answer();
    let since = query.ok().and_then(|Query(query)| query.position());
    ticket.redeem(since, socket(on_upgrade));
    Ok(response)
}

async fn enter(
    app: &App,
    name: &str,
    request: &mut Request,
) -> Result<(Ticket, crate::connection::Upgrade), ApiError> {
    let event_id = EventId::parse(name).map_err(|_| ApiError::EventNotFound(name.to_owned()))?;
    app.hub.check(&event_id).await?;
    // Before a seat is taken: a plain request must not cost one.
    let upgrade = accept(request)?;
    Ok((app.hub.enter(&event_id).await?, upgrade))
}
