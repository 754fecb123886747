//! The opening handshake (RFC 6455, section 4.2), and taking the socket over from HTTP.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use common::http::ApiError;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tracing::debug;

/// A request that asks for a WebSocket and may have one.
pub struct Upgrade {
    accept_key: String,
    on_upgrade: OnUpgrade,
}

/// Checks that a request asks for a WebSocket: 426 unless it does.
pub fn accept(request: &mut Request) -> Result<Upgrade, ApiError> {
    let headers = request.headers();
    let asks = has_token(headers, header::UPGRADE, "websocket")
        && has_token(headers, header::CONNECTION, "upgrade")
        && headers
            .get(header::SEC_WEBSOCKET_VERSION)
            .is_some_and(|v| v == "13");
    if !asks {
        return Err(ApiError::UpgradeRequired);
    }
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .ok_or_else(|| ApiError::Invalid("the Sec-WebSocket-Key header is missing".to_owned()))?;
    let accept_key = derive_accept_key(key.as_bytes());
    let on_upgrade = request.extensions_mut().remove::<OnUpgrade>();
    Ok(Upgrade {
        accept_key,
        on_upgrade: on_upgrade.ok_or(ApiError::UpgradeRequired)?,
    })
}

fn has_token(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|v| v.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

impl Upgrade {
    /// The answer that must be sent, and the future of the socket after it.
    pub fn answer(self) -> (Response, OnUpgrade) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        if let Ok(accept) = HeaderValue::from_str(&self.accept_key) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        (response, self.on_upgrade)
    }
}

/// Waits for the answer to be out, then takes the socket with whatever was read beyond the
/// request. Nothing of HTTP stays behind.
pub async fn socket(on_upgrade: OnUpgrade) -> Option<(TcpStream, Bytes)> {
    let upgraded = match on_upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            debug!(%error, "not upgraded");
            return None;
        }
    };
    let parts = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
    // A copy: even an empty slice of the read buffer would keep all of its kilobytes alive.
    let already_read = Bytes::copy_from_slice(&parts.read_buf);
    Some((parts.io.into_inner(), already_read))
}
