//! The opening handshake (RFC 6455, section 4.2) and the one extension that is agreed on in it
//! (RFC 7692, section 7.1).

use axum::http::{HeaderName, HeaderValue, header};
use common::http::ApiError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::Form;

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
    /// The client will not keep what it has inflated.
    forgets: bool,
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
        let key = key.trim();
        if !is_key(key) {
            let text = "the Sec-WebSocket-Key header is not 16 bytes in base64";
            return Err(ApiError::Invalid(text.to_owned()));
        }
        let mut offers =
            values(header::SEC_WEBSOCKET_EXTENSIONS).flat_map(|value| value.split(','));
        Ok(Self {
            accept_key: derive_accept_key(key.as_bytes()),
            // In the client's order of preference; the first that can be taken is.
            deflate: offers.find_map(Deflate::read),
        })
    }

    /// In which form messages are to come, given whether changes of the boats are asked for. Only those
    /// get messages that refer to earlier ones: it takes a client written for it, and gains little otherwise.
    pub fn form(&self, delta: bool) -> Form {
        Form {
            deflated: self.deflate.is_some(),
            delta,
            in_context: delta && self.deflate.is_some_and(|deflate| !deflate.forgets),
            rereads: false,
        }
    }

    /// The headers of the answer, whose status is 101.
    pub fn answer(&self, form: Form) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = vec![
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
        ];
        if let Ok(accept) = HeaderValue::from_str(&self.accept_key) {
            headers.push((header::SEC_WEBSOCKET_ACCEPT, accept));
        }
        if let Some(deflate) = self.deflate
            && let Ok(agreed) = HeaderValue::from_str(&deflate.answer(form))
        {
            headers.push((header::SEC_WEBSOCKET_EXTENSIONS, agreed));
        }
        headers
    }

    /// The whole answer as it goes over the wire (RFC 9112, section 4).
    pub fn answer_bytes(&self, form: Form) -> Vec<u8> {
        let mut bytes = b"HTTP/1.1 101 Switching Protocols\r\n".to_vec();
        for (name, value) in self.answer(form) {
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
                ("server_no_context_takeover", None) => deflate.forgets = true,
                ("client_no_context_takeover" | "client_max_window_bits", None) => {}
                ("client_max_window_bits", Some(bits)) if is_window(bits) => {}
                ("server_max_window_bits", Some("15")) => deflate.names_window = true,
                _ => return None,
            }
        }
        Some(deflate)
    }

    fn answer(self, form: Form) -> String {
        let mut answer = "permessage-deflate".to_owned();
        if !form.in_context {
            answer.push_str("; server_no_context_takeover");
        }
        // Nobody inflates what clients send, so nobody keeps a window for it.
        answer.push_str("; client_no_context_takeover");
        if self.names_window {
            answer.push_str("; server_max_window_bits=15");
        }
        answer
    }
}

/// 16 bytes in base64 (RFC 6455, section 4.1).
fn is_key(key: &str) -> bool {
    let letters = key.strip_suffix("==").unwrap_or_default();
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    letters.len() == 22 && letters.bytes().all(is_letter)
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

    fn answer(offer: &Offer, delta: bool) -> String {
        String::from_utf8(offer.answer_bytes(offer.form(delta))).expect("text")
    }

    #[test]
    fn the_answer_is_that_of_the_rfc() {
        let answer = answer(&offering(&[]), false);
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
        for key in ["", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZ?=="] {
            let mut headers = ASKING;
            headers[3].1 = key.as_bytes();
            let read = Offer::read(headers.iter().copied());
            assert!(matches!(read, Err(ApiError::Invalid(_))), "{key}");
        }
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
            assert!(offering(&[offer]).form(false).deflated, "{offer}");
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
            assert!(!offering(&[offer]).form(false).deflated, "{offer}");
        }
        let two_lines = offering(&["unheard-of", "permessage-deflate"]);
        assert!(two_lines.form(false).deflated);
        let named = offering(&["permessage-deflate; server_max_window_bits=15"]);
        let named = answer(&named, false);
        assert!(named.contains("server_max_window_bits=15"), "{named}");
    }

    #[test]
    fn messages_refer_back_only_for_who_asks_for_changes_and_remembers() {
        const FORGETS: &str = "server_no_context_takeover";
        let remembers = offering(&["permessage-deflate"]);
        assert!(remembers.form(true).in_context && !answer(&remembers, true).contains(FORGETS));
        assert!(!remembers.form(false).in_context && answer(&remembers, false).contains(FORGETS));
        let forgets = offering(&["permessage-deflate; server_no_context_takeover"]);
        assert!(!forgets.form(true).in_context && answer(&forgets, true).contains(FORGETS));
        assert!(!offering(&[]).form(true).in_context);
    }
}
