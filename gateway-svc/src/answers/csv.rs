//! Result lists for spreadsheets.

use common::{
    domain::{Hundredths, RaceState},
    protocol::result_view::ResultView,
    store::StoreError,
};

use super::shapes::{List, ResultsOf};

/// Excel takes a file for UTF-8 only by this.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What stands between two fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Separator {
    /// As RFC 4180 has it.
    #[default]
    Comma,
    /// As spreadsheets of countries with a decimal comma want it.
    Semicolon,
}

impl Separator {
    fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
        }
    }
}

const COLUMNS: [&str; 17] = [
    "rank",
    "bib",
    "name",
    "club",
    "nation",
    "category",
    "categoryRank",
    "time",
    "penalty",
    "total",
    "behind",
    "status",
    "previousTime",
    "previousPenalty",
    "previousTotal",
    "bestTotal",
    "members",
];

/// The list as RFC 4180 has it: CRLF, quotes where they are needed. Times are seconds with a point.
pub fn encode(list: &List, of: &ResultsOf, separator: Separator) -> Result<Vec<u8>, StoreError> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(separator.byte())
        .terminator(csv::Terminator::CRLF)
        .from_writer(BYTE_ORDER_MARK.to_vec());
    writer.write_record(COLUMNS).map_err(StoreError::corrupt)?;
    for row in of.select(&list.rows) {
        writer
            .write_record(record(&row))
            .map_err(StoreError::corrupt)?;
    }
    writer.into_inner().map_err(StoreError::corrupt)
}

fn record(row: &ResultView) -> [String; 17] {
    let best_run = row.best_run.as_ref();
    let status = row.further.status_code.as_ref().or(row.status.as_ref());
    [
        number(row.rnk),
        text(row.bib_text.as_deref()),
        text(Some(&row.name)),
        text(row.club.as_deref()),
        text(row.noc.as_deref()),
        text(row.cat_id.as_ref().map(common::domain::CatId::as_str)),
        number(row.cat_rnk),
        seconds(row.time),
        seconds(row.pen),
        seconds(row.total),
        row.total_behind.clone().unwrap_or_default(),
        text(status.map(AsRef::as_ref)),
        seconds(best_run.and_then(|run| run.prev_time)),
        seconds(best_run.and_then(|run| run.prev_pen)),
        seconds(best_run.and_then(|run| run.prev_total)),
        seconds(best_run.and_then(|run| run.total_total)),
        text(Some(&row.further.members.join(", "))),
    ]
}

fn number(value: Option<u32>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn seconds(value: Option<Hundredths>) -> String {
    value.map_or_else(String::new, |value| {
        format!("{}.{:02}", value.get() / 100, value.get() % 100)
    })
}

/// A text that no spreadsheet takes for a formula (OWASP, CSV injection).
fn text(value: Option<&str>) -> String {
    let value = value.unwrap_or_default();
    if value.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{value}")
    } else {
        value.to_owned()
    }
}

/// The name under which a browser keeps the list: the race's title and its state.
pub fn file_name(title: Option<&str>, race_id: &str, state: RaceState) -> String {
    let state = serde_json::to_value(state).ok();
    let state = state.as_ref().and_then(serde_json::Value::as_str);
    let title = title.unwrap_or(race_id);
    format!("{title} {}.csv", state.unwrap_or("unknown"))
}
