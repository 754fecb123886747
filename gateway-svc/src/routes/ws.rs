//! `GET /events/{eventId}/ws`

use axum::{
    extract::{Path, Request, State},
    response::Response,
};
use common::{
    domain::EventId,
    http::{
        ApiError,
        documented::{AnyCall, UpgradeCall},
    },
};

use crate::{
    connection::{accept, socket},
    room::hub::Ticket,
    state::App,
};

/// Watch an event
///
/// A WebSocket whose text frames are `LiveMessage`s: `full` first, then changes as they happen, each with the next
/// `seq`. What clients send is read and dropped.
#[utoipa::path(
    get,
    path = "/{eventId}/ws",
    operation_id = "watch",
    tag = "live",
    params(("eventId" = EventId, Path)),
    responses((status = 101, description = "Upgraded"), UpgradeCall, AnyCall)
)]
pub async fn connect(
    State(app): State<App>,
    Path(name): Path<String>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let entered = enter(&app, &name, &mut request).await;
    let (ticket, upgrade) = entered.inspect_err(|error| app.hub.count_refusal(error))?;
    let (response, on_upgrade) = upgrade.answer();
    ticket.redeem(socket(on_upgrade));
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
