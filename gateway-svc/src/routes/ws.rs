//! `GET /events/{eventId}/ws`

use axum::{
    extract::{Path, Request, State},
    response::Response,
};
use common::{domain::EventId, http::ApiError};

use crate::{
    connection::{accept, socket},
    room::hub::Ticket,
    state::App,
};

/// Refuses with an HTTP answer, or upgrades and hands the socket to the event's room.
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
