//! The penalties of a run as an export writes them.

use crate::domain::Penalty;

/// What a `Gates` field says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Gates {
    /// By gate, first to last; `None` is not judged.
    pub penalties: Vec<Option<Penalty>>,
    /// Whether something in it is no penalty; that gate counts as not judged.
    pub unreadable: bool,
}

/// Reads three characters a gate, right-aligned, blank where not judged; when that does not fit, the
/// penalties split by blanks. The field is padded with blanks, so blank gates beyond `course_gates`
/// are none, and a shorter field is filled up to them; without a course blanks at the end are none.
pub(super) fn read(raw: &str, course_gates: Option<usize>, is_team: bool) -> Gates {
    let raw = raw.trim_matches(|c| matches!(c, '\n' | '\r' | '\t'));
    let raw = raw.trim_end();
    if raw.is_empty() {
        return Gates::default();
    }
    let cells = fixed_width(raw).unwrap_or_else(|| raw.split_whitespace().collect());
    let mut gates = Gates::default();
    for cell in cells {
        let penalty = penalty(cell, is_team);
        gates.unreadable |= !cell.is_empty() && penalty.is_none();
        gates.penalties.push(penalty);
    }
    if let Some(count) = course_gates
        && gates.penalties.len() < count
    {
        gates.penalties.resize(count, None);
    }
    gates
}

/// The trimmed cells, if all are right-aligned.
fn fixed_width(raw: &str) -> Option<Vec<&str>> {
    if !raw.is_ascii() || !raw.len().is_multiple_of(3) {
        return None;
    }
    (0..raw.len() / 3)
        .map(|index| {
            let cell = &raw[index * 3..index * 3 + 3];
            let trimmed = cell.trim();
            let fits = cell.ends_with(trimmed) && !trimmed.contains(' ');
            (trimmed.is_empty() || fits).then_some(trimmed)
        })
        .collect()
}

fn penalty(cell: &str, is_team: bool) -> Option<Penalty> {
    let penalty = Penalty::from_seconds(cell.parse().ok()?)?;
    (is_team || penalty.is_of_one_boat()).then_some(penalty)
}

#[cfg(test)]
mod tests {
    use super::{Gates, Penalty, read};

    const CLEAN: Option<Penalty> = Some(Penalty::CLEAN);
    const TOUCHED: Option<Penalty> = Some(Penalty::TOUCHED);
    const MISSED: Option<Penalty> = Some(Penalty::MISSED);

    fn penalties(raw: &str, course_gates: Option<usize>) -> Vec<Option<Penalty>> {
        read(raw, course_gates, false).penalties
    }

    #[test]
    fn gates_are_three_characters_each_and_fall_back_to_splitting() {
        assert_eq!(penalties("  0  2 50", None), [CLEAN, TOUCHED, MISSED]);
        assert_eq!(penalties("     2   ", None), [None, TOUCHED]);
        assert_eq!(penalties("0 2 50 0", None), [CLEAN, TOUCHED, MISSED, CLEAN]);
        assert!(penalties("   ", None).is_empty());
        assert!(penalties("   ", Some(3)).is_empty());
    }

    #[test]
    fn padding_is_no_gate_and_a_shorter_field_is_filled_up() {
        let padded = format!("  0  2{}", " ".repeat(60));
        assert_eq!(penalties(&padded, None), [CLEAN, TOUCHED]);
        assert_eq!(penalties(&padded, Some(3)), [CLEAN, TOUCHED, None]);
        assert_eq!(penalties("  0  2 50", Some(2)), [CLEAN, TOUCHED, MISSED]);
    }

    #[test]
    fn what_is_no_penalty_costs_that_gate() {
        let gates = Gates {
            penalties: vec![CLEAN, None, MISSED],
            unreadable: true,
        };
        assert_eq!(read("  0  4 50", None, false), gates);
        assert_eq!(read("  0  x 50", None, false), gates);
        assert_eq!(read("  0 -2 50", None, false), gates);
    }

    #[test]
    fn a_team_has_sums() {
        let sum = |seconds| Penalty::from_seconds(seconds);
        let gates = read("  4 52150", None, true);
        assert_eq!(gates.penalties, [sum(4), sum(52), sum(150)]);
        assert!(!gates.unreadable);
    }
}
