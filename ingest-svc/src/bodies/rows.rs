//! The rows of a push, each read on its own: one that can't be right never holds up the others.

use std::fmt;

use common::{
    domain::{Bib, Penalty, Skipped},
    http::ApiError,
};
use serde::{Deserialize, Deserializer, Serialize, de, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};
use utoipa::ToSchema;

/// So many are named; all are counted.
const NAMED_MAX: usize = 20;

/// Rows that could be read, with their places, and those that could not.
#[derive(Debug)]
pub struct Rows<T> {
    /// In the order in which they were sent, with their places counted from 0.
    pub usable: Vec<(usize, T)>,
    /// Those with a value that can't be.
    pub skipped: Vec<Skipped>,
}

impl<T: DeserializeOwned> Rows<T> {
    /// Reads each row of `list`; 400 when there are some and none can be read.
    pub fn read(list: &str, raw: &[Box<RawValue>]) -> Result<Self, ApiError> {
        let mut rows = Self {
            usable: Vec::with_capacity(raw.len()),
            skipped: Vec::new(),
        };
        for (index, raw) in raw.iter().enumerate() {
            match read_row(raw) {
                Ok(row) => rows.usable.push((index, row)),
                Err(why) => rows.skipped.push(Skipped {
                    row: index,
                    bib: bib_of(raw),
                    why,
                    unusable: true,
                }),
            }
        }
        refuse_if_none_is_usable(list, raw.len(), &rows.skipped)?;
        Ok(rows)
    }
}

/// 400 when a push has rows and each has a value that can't be.
pub fn refuse_if_none_is_usable(
    list: &str,
    sent: usize,
    skipped: &[Skipped],
) -> Result<(), ApiError> {
    let unusable = skipped.iter().filter(|row| row.unusable);
    match skipped.first() {
        Some(first) if unusable.count() == sent => Err(ApiError::Invalid(format!(
            "{list}[{}].{}",
            first.row, first.why
        ))),
        _ => Ok(()),
    }
}

/// The row, or why it can't be read, with the name of the field.
fn read_row<T: DeserializeOwned>(raw: &RawValue) -> Result<T, String> {
    if !raw.get().starts_with('{') {
        return Err("the row is not a JSON object".to_owned());
    }
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let reason = error.into_inner().to_string();
        // The place would be that within the row.
        let reason = reason.split(" at line ").next().unwrap_or_default();
        match path.as_str() {
            "." | "?" => reason.to_owned(),
            path => format!("{path}: {reason}"),
        }
    })
}

fn bib_of(raw: &RawValue) -> Option<Bib> {
    let row: Value = serde_json::from_str(raw.get()).ok()?;
    match row.get("bib")? {
        Value::String(text) => Bib::parse(text),
        Value::Number(number) => Bib::parse(&number.to_string()),
        _ => None,
    }
}

/// A row of a push that was left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct SkippedRow {
    /// Its place in the push, counted from 0.
    #[schema(example = 3)]
    row: usize,
    /// As it was sent.
    #[schema(value_type = Option<BibField>)]
    bib: Option<Bib>,
    /// What is wrong with it.
    #[schema(example = "nobody in this race or its class has this bib")]
    why: String,
}

/// The rows that were left out.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkippedRows {
    /// The first 20 rows that were left out. Absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    skipped: Vec<SkippedRow>,
    /// How many rows were left out. Absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = 1)]
    skipped_count: Option<usize>,
}

impl SkippedRows {
    /// In the order of the push.
    pub fn of(mut skipped: Vec<Skipped>) -> Self {
        skipped.sort_by_key(|row| row.row);
        let count = skipped.len();
        let named = skipped.into_iter().take(NAMED_MAX);
        let named = named.map(|Skipped { row, bib, why, .. }| SkippedRow { row, bib, why });
        Self {
            skipped: named.collect(),
            skipped_count: (count > 0).then_some(count),
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.skipped_count.unwrap_or(0)
    }

    /// What is wrong with the first one.
    pub fn first(&self) -> &str {
        self.skipped.first().map_or("", |row| &row.why)
    }
}

/// A bib in a request: a number, a text such as `"A"`, or null.
#[derive(Debug, Clone, Default, ToSchema)]
#[schema(value_type = Value, examples(12, "A"))]
pub struct BibField(pub Option<Bib>);

struct BibVisitor;

impl de::Visitor<'_> for BibVisitor {
    type Value = BibField;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number that is 0 or more, a short text or null")
    }

    fn visit_unit<E: de::Error>(self) -> Result<BibField, E> {
        Ok(BibField(None))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<BibField, E> {
        let number = u32::try_from(value).map(Bib::Number);
        number
            .map(|bib| BibField(Some(bib)))
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<BibField, E> {
        match Bib::parse(value) {
            None if !value.trim().is_empty() => {
                Err(E::invalid_value(de::Unexpected::Str(value), &self))
            }
            bib => Ok(BibField(bib)),
        }
    }
}

impl<'de> Deserialize<'de> for BibField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BibVisitor)
    }
}

/// A gate's penalty in seconds, or in hundredths, as some clients send it.
#[derive(Debug, Clone, Copy)]
pub struct GatePenalty(pub Penalty);

impl<'de> Deserialize<'de> for GatePenalty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = u64::deserialize(deserializer)?;
        let hundredths =
            || Penalty::from_seconds(value / 100).filter(|_| value.is_multiple_of(100));
        let penalty = Penalty::from_seconds(value).or_else(hundredths);
        penalty.map(Self).ok_or_else(|| {
            de::Error::custom(format!("gate penalty {value} is not 0, 2 or 50 seconds"))
        })
    }
}
