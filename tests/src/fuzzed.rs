//! What is fuzzed: everything that parses what others send. Each function takes any bytes and panics
//! when something that must always hold does not. `deploy/fuzz` lets a fuzzer look for such bytes; the
//! tests run what it has found before.

use std::collections::BTreeMap;

use common::{
    c123::{self, Parsed, decode::decode},
    domain::{Competition, EventConfig, MergeStrategy},
    http::{ApiError, body::parse_json},
};
use gateway_svc::websocket::{Offer, Reader, Received};
use ingest_svc::bodies::{
    event::{EditBody, NewEventBody},
    export::ExportFormat,
    on_course::OnCourseBody,
    results::ResultsBody,
};

/// A whole export in any encoding: it is taken or refused, and taking it twice is taking it once.
///
/// # Panics
///
/// When that does not hold.
pub fn export(bytes: &[u8]) {
    let Ok(text) = decode(bytes, None) else {
        return;
    };
    let Ok(Parsed {
        export, imported, ..
    }) = c123::parse(&text)
    else {
        return;
    };
    let competition = export.competition;
    let rows: usize = competition.rows.values().map(BTreeMap::len).sum();
    assert_eq!(imported.results, rows);
    let merged =
        |before: &Competition| before.replaced_by(competition.clone(), MergeStrategy::Newest, 0);
    let once = merged(&Competition::default());
    assert_eq!(merged(&once), once);
}

/// A JSON body of any call: it is taken, or refused with a reason.
///
/// # Panics
///
/// When a refusal has no reason.
pub fn bodies(bytes: &[u8]) {
    refused_with_reason(parse_json(bytes).and_then(ResultsBody::into_rows));
    refused_with_reason(parse_json(bytes).and_then(OnCourseBody::into_entries));
    refused_with_reason(parse_json::<NewEventBody>(bytes).and_then(|body| body.details()));
    refused_with_reason(parse_json::<EditBody>(bytes));
    refused_with_reason(parse_json::<EventConfig>(bytes));
    for content_type in ["application/json", "application/xml; charset=windows-1250"] {
        for encoding in ["identity", "gzip"] {
            let headers = [
                ("content-type", content_type),
                ("content-encoding", encoding),
            ];
            let headers = headers.map(|(name, value)| {
                let value = http::HeaderValue::from_static(value);
                (http::HeaderName::from_static(name), value)
            });
            let format = ExportFormat::of(&headers.into_iter().collect(), 1 << 20);
            refused_with_reason(format.and_then(|format| format.read(bytes.to_vec().into())));
        }
    }
}

/// What a spectator sends: however it is cut, the same is read of it and the same is wrong with it. The
/// first byte says whether compression was agreed on, and how long the pieces are.
///
/// # Panics
///
/// When that does not hold.
pub fn frames(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let read = |step: usize| {
        let mut reader = Reader::new(first & 1 != 0);
        let mut received = Vec::new();
        let mut pieces = bytes.chunks(step);
        let end = pieces.try_for_each(|piece| reader.read(piece, &mut |what| received.push(what)));
        (received, end)
    };
    let whole = read(bytes.len().max(1));
    assert_eq!(read(usize::from(first >> 1) + 1), whole);
    assert_eq!(read(1), whole);
    let kept = |what: &Received| match what {
        Received::Ping(payload) => payload.len(),
        _ => 0,
    };
    assert!(whole.0.iter().all(|what| kept(what) <= 125));
}

/// The headers of a handshake, one a line: they are taken, or refused with a reason.
///
/// # Panics
///
/// When a refusal has no reason, or an answer could be read as more than one header.
pub fn handshake(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let headers: Vec<(&str, &[u8])> = lines.map(|(n, v)| (n, v.trim().as_bytes())).collect();
    match Offer::read(headers.iter().copied()) {
        Ok(offer) => {
            for delta in [false, true] {
                let answer = offer.answer_bytes(offer.form(delta));
                let answer = String::from_utf8(answer).expect("an answer is text");
                assert_eq!(answer.matches("\r\n\r\n").count(), 1);
                assert!((5..=6).contains(&answer.matches("\r\n").count()));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn refused_with_reason<T>(read: Result<T, ApiError>) {
    if let Err(error) = read {
        assert!(!error.to_string().is_empty());
    }
}
