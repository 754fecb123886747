//! `GET /events/{eventId}/ws`

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::{Method, StatusCode},
    response::Response,
};
use common::{
    domain::EventId,
    http::{
        ApiError,
        documented::{AnyCall, UpgradeCall},
        extract::Path,
        server::socket_of,
    },
};
use hyper::upgrade::OnUpgrade;
use tokio::time::timeout;
use tracing::debug;

use crate::{
    entrance::{Refused, WatchQuery, check},
    room::hub::{Coming, Hub, Ticket},
    shard::Arrived,
    state::App,
    websocket::{Form, Offer},
};

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
    let asked = ask(&app.hub, &name, &mut request).await;
    let (ticket, offer, upgrade) = asked.inspect_err(|error| app.hub.count_refusal(error))?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let query = query.map_or_else(|_| WatchQuery::default(), |Query(query)| query);
    let form = query.form(&offer);
    response.headers_mut().extend(offer.answer(form));
    tokio::spawn(watch(app, ticket, form, query, upgrade));
    Ok(response)
}

async fn ask(
    hub: &Hub,
    name: &str,
    request: &mut Request,
) -> Result<(Ticket, Offer, OnUpgrade), ApiError> {
    let refused = request.extensions_mut().remove::<Refused>();
    if let Some(error) = refused.and_then(|refused| refused.take()) {
        return Err(error);
    }
    let event_id = check(hub, name).await?;
    // Before a seat is taken: a plain request must not cost one.
    let headers = request.headers().iter();
    let headers: Vec<_> = headers.map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
    if request.method() != Method::GET {
        return Err(ApiError::UpgradeRequired);
    }
    let offer = Offer::read(headers.iter().copied())?;
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let upgrade = upgrade.ok_or(ApiError::UpgradeRequired)?;
    Ok((hub.enter(&event_id).await?, offer, upgrade))
}

/// How long the answer to an upgrade may take to get out: behind answers that the client does not take it
/// may never do.
const UPGRADE_WITHIN: Duration = Duration::from_secs(10);

/// Waits for the answer to be out, then gives the socket to a shard. Nothing of HTTP stays behind.
async fn watch(app: App, ticket: Ticket, form: Form, query: WatchQuery, upgrade: OnUpgrade) {
    let upgraded = match timeout(UPGRADE_WITHIN, upgrade).await {
        Ok(Ok(upgraded)) => upgraded,
        Ok(Err(error)) => return debug!(%error, "not upgraded"),
        Err(_) => return debug!("the answer to an upgrade was not taken"),
    };
    let Some((stream, early)) = socket_of(upgraded) else {
        return;
    };
    let Ok(stream) = stream.into_std() else {
        return;
    };
    let coming = Coming {
        shard: app.shards.next().clone(),
        arrived: Arrived::FromHttp(stream, early),
        answer: Vec::new(),
        form,
        since: query.position(),
    };
    ticket.redeem(coming).await;
}
