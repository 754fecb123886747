//! A change as it travels on the bus and rests in the history.
//!
//! Text of five parts, split by single blanks: `<epoch> <seq> <ts> <kind> <body>`. The body is JSON
//! and ready to stand as `data` in a spectator's message, so that a gateway frames it unparsed.

use bytes::Bytes;

use super::{Epoch, Position, Seq};

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Rows of one race.
    Results,
    /// The list of boats on the water.
    OnCourse,
    /// The event's state.
    Status,
    /// Everything that a `full` carries.
    Structure,
    /// The event is gone; it has no history any more.
    Deleted,
    /// On the bus only: the change is too large and must be read from the history.
    ByReference,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Results,
        Self::OnCourse,
        Self::Status,
        Self::Structure,
        Self::Deleted,
        Self::ByReference,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Results => "results",
            Self::OnCourse => "oncourse",
            Self::Status => "status",
            Self::Structure => "structure",
            Self::Deleted => "deleted",
            Self::ByReference => "reference",
        }
    }
}

/// One change with its place in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Which history, and where in it.
    pub position: Position,
    /// When ingest accepted the change, ms since 1970.
    pub ts_ms: i64,
    /// What it is about.
    pub kind: Kind,
    /// JSON; empty for [`Kind::Deleted`] and [`Kind::ByReference`].
    pub body: Bytes,
}

/// Why bytes are not an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an envelope of the form '<epoch> <seq> <ts> <kind> <body>'")]
pub struct InvalidEnvelope;

impl Envelope {
    /// Reads the text form.
    pub fn parse(bytes: &Bytes) -> Result<Self, InvalidEnvelope> {
        let mut rest: &[u8] = bytes;
        let mut part = || {
            let end = rest.iter().position(|b| *b == b' ')?;
            let text = std::str::from_utf8(&rest[..end]).ok()?;
            rest = &rest[end + 1..];
            Some(text)
        };
        let head = (|| {
            let epoch = Epoch::new(part()?);
            let seq: Seq = part()?.parse().ok()?;
            let ts_ms = part()?.parse().ok()?;
            let word = part()?;
            let kind = Kind::ALL.into_iter().find(|k| k.as_str() == word)?;
            Some((Position { epoch, seq }, ts_ms, kind))
        })();
        let (position, ts_ms, kind) = head.ok_or(InvalidEnvelope)?;
        let body = bytes.slice(bytes.len() - rest.len()..);
        Ok(Self {
            position,
            ts_ms,
            kind,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Envelope, Kind};

    #[test]
    fn the_text_form_is_read_back() {
        let text = Bytes::from_static(b"9f3c 42 1700000000000 status {\"status\":\"a b\"}");
        let envelope = Envelope::parse(&text).expect("well formed");
        assert_eq!(envelope.position.seq, 42);
        assert_eq!(envelope.position.epoch.as_str(), "9f3c");
        assert_eq!(envelope.kind, Kind::Status);
        assert_eq!(&envelope.body[..], b"{\"status\":\"a b\"}");
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "a b c d e",
            "9f3c 42 17",
            "9f3c -1 17 status {}",
            "9f3c 1 17 nonsense {}",
        ] {
            assert!(Envelope::parse(&Bytes::from(bad)).is_err(), "{bad}");
        }
    }
}
