//! A request to watch, read from the first bytes of a connection (RFC 9112).

use axum::{
    extract::Query,
    http::{Uri, header},
};
use httparse::{EMPTY_HEADER, Status};

use super::WatchQuery;
use crate::websocket::Offer;

/// Headers of one request.
const HEADERS_MAX: usize = 64;

/// A request to watch that is all there.
#[derive(Debug)]
pub struct Request {
    /// What the path names.
    pub event: String,
    /// How it wants to watch.
    pub query: WatchQuery,
    /// Its handshake.
    pub offer: Offer,
    /// Bytes up to the end of its headers.
    pub head_bytes: usize,
}

impl Request {
    /// Reads it; `None` for whatever else came, and for what is unusual enough to be left to HTTP.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut headers = [EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        let Ok(Status::Complete(head_bytes)) = request.parse(bytes) else {
            return None;
        };
        if request.method != Some("GET") || request.version != Some(1) {
            return None;
        }
        let uri: Uri = request.path?.parse().ok()?;
        let event = uri
            .path()
            .strip_prefix("/api/v1/events/")?
            .strip_suffix("/ws")?;
        if event.contains(['/', '%']) {
            return None;
        }
        let headers = request.headers.iter().map(|h| (h.name, h.value));
        let has_body = |(name, _): (&str, &[u8])| {
            name.eq_ignore_ascii_case(header::CONTENT_LENGTH.as_str())
                || name.eq_ignore_ascii_case(header::TRANSFER_ENCODING.as_str())
        };
        if headers.clone().any(has_body) {
            return None;
        }
        let Query(query) = Query::try_from_uri(&uri).unwrap_or_default();
        Some(Self {
            event: event.to_owned(),
            query,
            offer: Offer::read(headers).ok()?,
            head_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Request;

    fn head(line: &str, more: &str) -> Vec<u8> {
        format!(
            "{line}\r\nHost: eddyline\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{more}\r\n"
        )
        .into_bytes()
    }

    #[test]
    fn a_spectator_s_request_is_read() {
        let line = "GET /api/v1/events/CZE2.2026/ws?epoch=e&since=41&oncourse=delta HTTP/1.1";
        let mut bytes = head(line, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
        let length = bytes.len();
        bytes.extend(b"early");
        let request = Request::read(&bytes).expect("it asks to watch");
        assert_eq!(request.event, "CZE2.2026");
        assert_eq!(request.head_bytes, length);
        assert_eq!(request.query.position().map(|p| p.seq), Some(41));
        let form = request.query.form(&request.offer);
        assert!(form.deflated && form.delta);
    }

    #[test]
    fn everything_else_is_left_to_http() {
        let ws = "GET /api/v1/events/E/ws HTTP/1.1";
        let others = [
            head("POST /api/v1/events/E/ws HTTP/1.1", ""),
            head("GET /api/v1/events/E/ws HTTP/1.0", ""),
            head("GET /api/v1/events/E HTTP/1.1", ""),
            head("GET /api/v1/events/E/categories/ws HTTP/1.1", ""),
            head("GET /api/v1/events/%45/ws HTTP/1.1", ""),
            head(ws, "Content-Length: 5\r\n"),
            head(ws, "Transfer-Encoding: chunked\r\n"),
            head(ws, "")[..100].to_vec(),
            format!("{ws}\r\nHost: eddyline\r\n\r\n").into_bytes(),
            head(ws, &"X-Many: 1\r\n".repeat(64)),
            b"\x16\x03\x01".to_vec(),
        ];
        for bytes in others {
            assert!(Request::read(&bytes).is_none());
        }
    }

    #[test]
    fn a_query_that_makes_no_sense_asks_for_nothing() {
        for query in [
            "?since=x&epoch=e",
            "?since=4",
            "?epoch=e",
            "?since=1&since=2&epoch=e",
        ] {
            let bytes = head(&format!("GET /api/v1/events/E/ws{query} HTTP/1.1"), "");
            let request = Request::read(&bytes).expect("it asks to watch");
            assert!(request.query.position().is_none(), "{query}");
        }
    }
}
