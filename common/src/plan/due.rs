//! What is due without a push: boats that nobody speaks of any more go, a list that waits is shown,
//! and so is what an export said of rows that live data had changed just before.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Before, Part, Plan, Write, on_course,
    telling::{Told, tell_rows, write_rows},
};
use crate::domain::{Rows, Waiting};

/// Does what is due, for whoever notices first; `before` holds all races concerned by those of
/// [`crate::domain::Waiting::due`]. Says when something is due again, ms since 1970. `now_ms` is the server's clock.
pub fn plan(before: &Before<'_>, now_ms: i64) -> (Option<i64>, Plan) {
    let (boats, mut plan) = on_course::refresh(before, now_ms);
    let waiting = settle_rows(&mut plan, before, now_ms);
    let again = [boats.due_at_ms(), waiting.due_at_ms()];
    (again.into_iter().flatten().min(), plan)
}

/// Adds to `plan` that what an export said is shown, of all rows that are due, and returns what waits then.
pub(super) fn settle_rows(plan: &mut Plan, before: &Before<'_>, now_ms: i64) -> Waiting {
    let due = before.waiting.due(now_ms);
    if due.is_empty() {
        return before.waiting.clone();
    }
    let strategy = before.record.config.merge_strategy.unwrap_or_default();
    let mut after = before.competition.clone();
    let mut settled = BTreeMap::new();
    for race_id in &due {
        let rows = after.rows.entry(race_id.clone()).or_default();
        for row in rows.values_mut() {
            if row.due_at_ms().is_some_and(|at_ms| at_ms <= now_ms) {
                Arc::make_mut(row).settle(strategy, now_ms);
            }
        }
        settled.insert(race_id.clone(), Rows::clone(rows));
    }
    let waiting = before.waiting.with(&settled);
    for race_id in &due {
        write_rows(plan, before.competition, &after, race_id);
    }
    // What the merge goes by, and what the waiting races are known from.
    plan.expected
        .extend([Part::Record, Part::Waiting].map(|part| before.revisions.expect(part)));
    plan.touched.push(Part::Waiting);
    plan.writes.push(Write::Waiting(waiting.clone()));
    let told = Told {
        imported: true,
        ..Told::default()
    };
    tell_rows(plan, before, &after, &due, told);
    waiting
}
