//! Whether something grows that must not.

/// What was measured of one thing over time.
#[derive(Debug, Clone)]
pub struct Series {
    name: String,
    /// What it may be more by from the second quarter of the time to the last: what settles late.
    growth_max: u64,
    values: Vec<u64>,
}

impl Series {
    /// Nothing measured yet.
    pub fn new(name: impl Into<String>, growth_max: u64) -> Self {
        Self {
            name: name.into(),
            growth_max,
            values: Vec::new(),
        }
    }

    /// One more value.
    pub fn push(&mut self, value: u64) {
        self.values.push(value);
    }

    /// The largest value of the second quarter and of the last one.
    fn quarters(&self) -> [u64; 2] {
        let values = &self.values;
        let quarter = (values.len() / 4).max(1).min(values.len());
        let largest = |part: &[u64]| part.iter().copied().max().unwrap_or(0);
        let second = quarter.min(values.len() - quarter);
        [
            largest(&values[second..second + quarter]),
            largest(&values[values.len() - quarter..]),
        ]
    }
}

/// Prints all of them as a table.
pub fn show(all: &[Series]) {
    println!(
        "{:<18}{:>12}{:>16}{:>14}",
        "", "at first", "2nd quarter", "last quarter"
    );
    for series in all {
        let [second, last] = series.quarters();
        let first = series.values.first().copied().unwrap_or(0);
        println!("{:<18}{first:>12}{second:>16}{last:>14}", series.name);
    }
}

/// # Panics
///
/// When one has grown.
pub fn assert_flat(all: &[Series]) {
    for series in all {
        let [second, last] = series.quarters();
        let name = &series.name;
        assert!(
            last <= second + series.growth_max,
            "{name} grew from {second} to {last}"
        );
    }
}
