//! The opening handshake (RFC 6455, section 4.2) and the one extension that is agreed on in it
//! (RFC 7692, section 7.1).

use axum::http::{HeaderName, HeaderValue, header};
use common::http::ApiError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// What a client offers that asks for a WebSocket and may have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    accept_key: String,
    deflate: Option<Deflate>,
}

/// An offer of `permessage-deflate` that can be taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Deflate {
    /// The client named the window of 15 bits that we use: then the answer must name it too.
    names_window: bool,
}

impl Offer {
    /// Checks that a request's headers ask for a WebSocket: 426 unless they do.
    pub fn read<'a>(
        headers: impl Iterator<Item = (&'a str, &'a [u8])> + Clone,
    ) -> Result<Self, ApiError> {
        let values = |name: HeaderName| {
            let named = headers
                .clone()
                .filter(move |(n, _)| name.as_str().eq_ignore_ascii_case(n));
            named.filter_map(|(_, value)| std::str::from_utf8(value).ok())
        };
        let has = |name, wanted: &str| {
            let mut parts = values(name).flat_map(|value| value.split(','));
            parts.any(|part| part.trim().eq_ignore_ascii_case(wanted))
        };
        let asks = has(header::UPGRADE, "websocket")
            && has(header::CONNECTION, "upgrade")
            && has(header::SEC_WEBSOCKET_VERSION, "13");
        if !asks {
            return Err(ApiError::UpgradeRequired);
        }
        let key = values(header::SEC_WEBSOCKET_KEY).next().ok_or_else(|| {
            ApiError::Invalid("the Sec-WebSocket-Key header is missing".to_owned())
        })?;
        let mut offers =
            values(header::SEC_WEBSOCKET_EXTENSIONS).flat_map(|value| value.split(','));
        Ok(Self {
            accept_key: derive_accept_key(key.trim().as_bytes()),
            // In the client's order of preference; the first that can be taken is.
            deflate: offers.find_map(Deflate::read),
        })
    }

    /// Whether messages may be compressed.
    pub fn deflates(&self) -> bool {
        self.deflate.is_some()
    }

    /// The headers of the answer, whose status is 101.
    pub fn answer(&self) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = vec![
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
        ];
        if let Ok(accept) = HeaderValue::from_str(&self.accept_key) {
            headers.push((header::SEC_WEBSOCKET_ACCEPT, accept));
        }
        if let Some(deflate) = self.deflate {
            let agreed = HeaderValue::from_static(deflate.answer());
            headers.push((header::SEC_WEBSOCKET_EXTENSIONS, agreed));
        }
        headers
    }

    /// The whole answer as it goes over the wire (RFC 9112, section 4).
    pub fn answer_bytes(&self) -> Vec<u8> {
        let mut bytes = b"HTTP/1.1 101 Switching Protocols\r\n".to_vec();
        for (name, value) in self.answer() {
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                bytes.extend_from_slice(part);
            }
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }
}

impl Deflate {
    /// Reads one offer; `None` when it is another extension or demands what shared frames can't give.
    fn read(offer: &str) -> Option<Self> {
        let mut parts = offer.split(';').map(str::trim);
        if parts.next() != Some("permessage-deflate") {
            return None;
        }
        let mut deflate = Self::default();
        let mut seen = Vec::new();
        for parameter in parts {
            let (name, value) = match parameter.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
                None => (parameter, None),
            };
            if seen.contains(&name) {
                return None;
            }
            seen.push(name);
            match (name, value) {
                (
                    "server_no_context_takeover"
                    | "client_no_context_takeover"
                    | "client_max_window_bits",
                    None,
                ) => {}
                ("client_max_window_bits", Some(bits)) if is_window(bits) => {}
                ("server_max_window_bits", Some("15")) => deflate.names_window = true,
                _ => return None,
            }
        }
        Some(deflate)
    }

    fn answer(self) -> &'static str {
        if self.names_window {
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             server_max_window_bits=15"
        } else {
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        }
    }
}

fn is_window(bits: &str) -> bool {
    matches!(bits, "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15")
}

#[cfg(test)]
mod tests {
    use super::{ApiError, Offer};

    const ASKING: [(&str, &[u8]); 4] = [
        ("Upgrade", b"WebSocket"),
        ("connection", b"keep-alive, Upgrade"),
        ("Sec-WebSocket-Version", b"13"),
        ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    fn offering(extensions: &[&str]) -> Offer {
        let extensions = extensions
            .iter()
            .map(|e| ("sec-websocket-extensions", e.as_bytes()));
        let headers: Vec<_> = ASKING.into_iter().chain(extensions).collect();
        Offer::read(headers.iter().copied()).expect("it asks")
    }

    #[test]
    fn the_answer_is_that_of_the_rfc() {
        let answer = String::from_utf8(offering(&[]).answer_bytes()).expect("text");
        assert!(answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
        assert!(answer.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        assert!(answer.ends_with("\r\n\r\n") && !answer.contains("extensions"));
    }

    #[test]
    fn whoever_does_not_ask_is_told_to() {
        for left_out in 0..3 {
            let mut headers = ASKING.to_vec();
            headers.remove(left_out);
            let read = Offer::read(headers.iter().copied());
            assert!(matches!(read, Err(ApiError::UpgradeRequired)), "{left_out}");
        }
        let read = Offer::read(ASKING[..3].iter().copied());
        assert!(matches!(read, Err(ApiError::Invalid(_))));
    }

    #[test]
    fn deflate_is_agreed_on_where_shared_frames_can_do_it() {
        let taken = [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_max_window_bits=10; server_no_context_takeover",
            "x-webkit-deflate-frame, permessage-deflate",
            "permessage-deflate; server_max_window_bits=10, permessage-deflate",
            "permessage-deflate; server_max_window_bits=\"15\"",
        ];
        for offer in taken {
            assert!(offering(&[offer]).deflates(), "{offer}");
        }
        let declined = [
            "",
            "x-webkit-deflate-frame",
            "permessage-deflate; server_max_window_bits=10",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; client_max_window_bits=15; client_max_window_bits=15",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; unheard_of",
        ];
        for offer in declined {
            assert!(!offering(&[offer]).deflates(), "{offer}");
        }
        let two_lines = offering(&["unheard-of", "permessage-deflate"]);
        assert!(two_lines.deflates());
        let named = offering(&["permessage-deflate; server_max_window_bits=15"]);
        let answer = String::from_utf8(named.answer_bytes()).expect("text");
        assert!(answer.contains("server_max_window_bits=15"), "{answer}");
    }
}
