//! Messages as spectators receive them, encoded once for a whole room.

use common::protocol::{
    Envelope, Epoch, Seq,
    change::OnCourseDelta,
    live::DeltaData,
    views::{CategoryView, ClassView, EventView, OnCourseView, RaceWithResultsSeq},
};
use jiff::Timestamp;
use serde::Serialize;

use crate::websocket::Message;

/// The data of a `full`.
#[derive(Debug, Serialize)]
pub struct FullData<'a> {
    /// The event.
    pub event: &'a EventView,
    /// Its classes.
    pub classes: &'a [ClassView],
    /// Its races, with the positions of their results.
    pub races: Vec<RaceWithResultsSeq>,
    /// Its age categories.
    pub categories: &'a [CategoryView],
    /// Boats on the water.
    pub oncourse: &'a [OnCourseView],
}

#[derive(Serialize)]
struct Full<'a> {
    #[serde(rename = "type")]
    message_type: &'static str,
    seq: Seq,
    epoch: &'a Epoch,
    ts: i64,
    data: &'a FullData<'a>,
}

/// Complete state at `seq`.
pub fn full(epoch: &Epoch, seq: Seq, ts_ms: i64, data: &FullData<'_>) -> Message {
    let full = Full {
        message_type: "full",
        seq,
        epoch,
        ts: ts_ms,
        data,
    };
    let json = serde_json::to_vec(&full);
    Message::text(&json.expect("public shapes have text keys and no failing serializers"))
}

/// What a change says. Its body is JSON already and is not looked at again. `delta` says the same to
/// those who want boats on the water as changes.
pub fn diff(envelope: &Envelope, delta: Option<OnCourseDelta>) -> Message {
    let whole = diff_text(envelope, &envelope.body);
    let Some(oncourse_delta) = delta else {
        return Message::text(&whole);
    };
    let data = serde_json::to_vec(&DeltaData { oncourse_delta });
    let data = data.expect("public shapes have text keys and no failing serializers");
    Message::text_or_delta(&whole, &diff_text(envelope, &data))
}

fn diff_text(envelope: &Envelope, data: &[u8]) -> Vec<u8> {
    let (seq, ts) = (envelope.position.seq, envelope.ts_ms);
    let mut json = format!(r#"{{"type":"diff","seq":{seq},"ts":{ts},"data":"#).into_bytes();
    json.extend_from_slice(data);
    json.push(b'}');
    json
}

/// Asks to re-read; everything up to `seq` is settled by that.
pub fn refresh(seq: Seq) -> Message {
    let ts = now_ms();
    Message::text(format!(r#"{{"type":"refresh","seq":{seq},"ts":{ts}}}"#).as_bytes())
}

/// Says that exactly what was missed follows, and where that ends.
pub fn resumed(seq: Seq, missed: usize) -> Message {
    let ts = now_ms();
    let json = format!(r#"{{"type":"resumed","seq":{seq},"missed":{missed},"ts":{ts}}}"#);
    Message::text(json.as_bytes())
}

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}
