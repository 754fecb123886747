//! Why a participant has no place.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longer codes are cut: they are shown on phones.
const CODE_CHARS_MAX: usize = 20;

/// The words that exist, each with the codes that begin with it (ICF slalom rules; `DQB` and the like
/// are Canoe123's codes of disqualifications).
const WORDS: [(&str, &str); 6] = [
    ("DNS", "DNS"),
    ("DNF", "DNF"),
    ("DSQ", "DSQ"),
    ("DQ", "DSQ"),
    ("CAP", "CAP"),
    ("RAL", "RAL"),
];

/// Why a participant has no place, as the timing system has it: `DNS`, `DSQ-R`, `NON-RK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultStatus(Cow<'static, str>);

/// What the timing system writes in a status field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusField {
    /// A code with a letter in it.
    pub status: Option<ResultStatus>,
    /// A mark without letters, such as `*`: the judges are still at it, and the boat keeps its rank.
    pub under_review: bool,
}

impl StatusField {
    /// Reads the field.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if text.chars().any(char::is_alphabetic) {
            return Self {
                status: Some(ResultStatus::of_code(text)),
                under_review: false,
            };
        }
        Self {
            status: None,
            under_review: !text.is_empty(),
        }
    }
}

impl ResultStatus {
    /// Did not start.
    pub const DNS: Self = Self(Cow::Borrowed("DNS"));
    /// Did not finish.
    pub const DNF: Self = Self(Cow::Borrowed("DNF"));
    /// Disqualified.
    pub const DSQ: Self = Self(Cow::Borrowed("DSQ"));

    fn of_code(code: &str) -> Self {
        let is_word = |(start, word): &(&str, &str)| start == word && *word == code;
        match WORDS.into_iter().find(is_word) {
            Some((word, _)) => Self(Cow::Borrowed(word)),
            None => Self(Cow::Owned(code.chars().take(CODE_CHARS_MAX).collect())),
        }
    }

    /// The code as the timing system has it.
    pub fn code(&self) -> &str {
        &self.0
    }

    /// `DNS`, `DNF`, `DSQ`, `CAP` or `RAL`; the code itself when it is none of them.
    pub fn word(&self) -> Cow<'static, str> {
        let begins = |start: &str| {
            let head = self.0.get(..start.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(start))
        };
        let known = WORDS.into_iter().find(|(start, _)| begins(start));
        known.map_or_else(|| self.0.clone(), |(_, word)| Cow::Borrowed(word))
    }

    /// The code where the word does not say it all.
    pub fn further_code(&self) -> Option<Cow<'static, str>> {
        (self.word() != self.0).then(|| self.0.clone())
    }

    /// Whether the participant did not start.
    pub fn is_dns(&self) -> bool {
        self.word() == "DNS"
    }
}

impl Serialize for ResultStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ResultStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::of_code(&Cow::<str>::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::StatusField;

    #[test]
    fn codes_are_read_by_their_beginning_and_marks_are_no_status() {
        for (code, word, further) in [
            ("DNS", "DNS", None),
            ("DNS-A", "DNS", Some("DNS-A")),
            ("DSQ-R", "DSQ", Some("DSQ-R")),
            ("DQB", "DSQ", Some("DQB")),
            ("DQ", "DSQ", Some("DQ")),
            ("CAP", "CAP", None),
            ("RAL", "RAL", None),
            ("dnf", "DNF", Some("dnf")),
            ("NON-RK", "NON-RK", None),
            ("ž", "ž", None),
        ] {
            let field = StatusField::parse(code);
            let status = field.status.expect("a status");
            assert_eq!(status.word(), word);
            assert_eq!(status.further_code().as_deref(), further, "{code}");
            assert!(!field.under_review);
        }
        for mark in ["*", " ** ", "?"] {
            let field = StatusField::parse(mark);
            assert_eq!((field.status, field.under_review), (None, true), "{mark}");
        }
        assert_eq!(StatusField::parse("  "), StatusField::default());
    }
}
