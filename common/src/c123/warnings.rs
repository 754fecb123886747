//! Values of an export that can't be read: each costs itself, and the operator is told.

use serde::Serialize;
use utoipa::ToSchema;

use super::sections::{Section, line_and_column};
use crate::domain::Bib;

/// So many are told; all are counted.
const TOLD_MAX: usize = 20;
const VALUE_CHARS_MAX: usize = 100;

/// A value that counts as not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Warning {
    /// Where it stands, counted from 1.
    #[schema(example = 1204)]
    pub line: usize,
    /// Such as `Results`.
    #[schema(example = "Results")]
    pub section: String,
    /// Such as `Pen`.
    #[schema(example = "Pen")]
    pub field: String,
    /// What stands there.
    #[schema(example = "*")]
    pub value: String,
    /// What is wrong with it.
    #[schema(example = "not a whole number")]
    pub why: String,
}

/// Collects them while an export is read.
pub(super) struct Warnings<'a> {
    text: &'a str,
    told: Vec<Warning>,
    count: usize,
}

/// Why a number can't be read.
pub(super) const NO_NUMBER: &str = "not a whole number that is 0 or more";

impl<'a> Warnings<'a> {
    pub fn of(text: &'a str) -> Self {
        Self {
            text,
            told: Vec::new(),
            count: 0,
        }
    }

    /// The first ones, and how many there are.
    pub fn into_parts(self) -> (Vec<Warning>, usize) {
        (self.told, self.count)
    }

    /// Counts the value of a field as one that can't be read.
    pub fn add(&mut self, section: &Section<'_>, field: &str, why: &str) {
        self.count += 1;
        if self.told.len() == TOLD_MAX {
            return;
        }
        let value = section.text(field).unwrap_or_default();
        self.told.push(Warning {
            line: line_and_column(self.text, section.offset_of(field)).0,
            section: section.name.to_owned(),
            field: field.to_owned(),
            value: value.chars().take(VALUE_CHARS_MAX).collect(),
            why: why.to_owned(),
        });
    }

    /// A number, or nothing when there is none.
    pub fn number<T: std::str::FromStr>(
        &mut self,
        section: &Section<'_>,
        field: &str,
    ) -> Option<T> {
        let text = section.text(field)?;
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_number);
        if number.is_none() {
            self.add(section, field, NO_NUMBER);
        }
        number
    }

    /// A bib, or nothing when there is none.
    pub fn bib(&mut self, section: &Section<'_>, field: &str) -> Option<Bib> {
        let bib = Bib::parse(section.text(field)?);
        if bib.is_none() {
            self.add(section, field, "too long for a bib");
        }
        bib
    }
}
