//! The number on the vest, which is not always one.

use std::{cmp::Ordering, fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Longer ones are no bibs: a vest has room for a few characters.
const CHARS_MAX: usize = 16;

/// What is printed on the vest: a number, or a letter of a team (`A`). The event result of a kayak
/// cross has a third kind: `t   33` is somebody who did not reach the heats and wore 33 in the time
/// trial, which is text, since a starter of the heats may wear 33 too.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Bib {
    /// Such as 12.
    Number(u32),
    /// Such as `A`.
    Text(Arc<str>),
}

impl Bib {
    /// Reads it as it stands in an export or a request; `None` when it is blank or can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix(['t', 'T'])
            && rest.starts_with(' ')
        {
            return Self::text(rest.trim());
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if is_number => Some(Self::Number(number)),
            _ => Self::text(text),
        }
    }

    fn text(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.chars().count() <= CHARS_MAX;
        let printable = !text.chars().any(char::is_control);
        (fits && printable).then(|| Self::Text(text.into()))
    }

    /// The number, if it is one.
    pub fn number(&self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) => None,
        }
    }
}

impl fmt::Display for Bib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Numbers first, then texts: the order of every list.
impl Ord for Bib {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Bib {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for Bib {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u32(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

/// As it was stored: a text stays one, also `"33"`.
impl<'de> Deserialize<'de> for Bib {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BibVisitor)
    }
}

struct BibVisitor;

impl de::Visitor<'_> for BibVisitor {
    type Value = Bib;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number or a text")
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Bib, E> {
        let number = u32::try_from(value);
        number
            .map(Bib::Number)
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Bib, E> {
        Bib::text(value).ok_or_else(|| E::invalid_value(de::Unexpected::Str(value), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::Bib;

    #[test]
    fn numbers_letters_and_bibs_of_the_time_trial_are_told_apart() {
        let text = |text: &str| Some(Bib::Text(text.into()));
        for (written, expected) in [
            ("  12", Some(Bib::Number(12))),
            ("007", Some(Bib::Number(7))),
            ("A", text("A")),
            ("t   33", text("33")),
            ("t", text("t")),
            ("T12", text("T12")),
            ("4294967296", text("4294967296")),
            ("-3", text("-3")),
            ("   ", None),
            ("seventeen letters", None),
        ] {
            assert_eq!(Bib::parse(written), expected, "{written}");
        }
    }

    #[test]
    fn it_is_read_back_as_it_was_stored_and_numbers_come_first() {
        for bib in [Bib::Number(33), Bib::Text("33".into())] {
            let stored = serde_json::to_string(&bib).expect("JSON");
            assert_eq!(serde_json::from_str::<Bib>(&stored).expect("a bib"), bib);
        }
        assert!(Bib::Number(33) < Bib::Text("1".into()));
        assert!(Bib::Number(2) < Bib::Number(10));
    }
}
