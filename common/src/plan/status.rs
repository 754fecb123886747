//! A change of the event's state.

use super::{Before, Part, Plan, PlanError, Write, due::settle_rows};
use crate::{
    domain::{EventStatus, OnCourse},
    protocol::{
        Change,
        change::{OnCourseChange, StatusChange},
    },
};

/// Moves the event to `requested`. Nobody is on the water of an event that is not running, so the
/// list empties with it, after the news of the state. What an export said and waits is shown before results
/// become final; `before` holds all races concerned by it then.
pub fn plan(before: &Before<'_>, requested: EventStatus, now_ms: i64) -> Result<Plan, PlanError> {
    let Before {
        record,
        on_course,
        revisions,
        ..
    } = *before;
    let current = record.status;
    if !current.next().contains(&requested) {
        return Err(PlanError::InvalidTransition { current, requested });
    }
    let mut plan = Plan {
        expected: vec![
            revisions.expect(Part::Record),
            revisions.expect(Part::OnCourse),
        ],
        touched: vec![Part::Record],
        writes: vec![Write::Status(requested, now_ms)],
        changes: Vec::new(),
    };
    if requested == EventStatus::Official {
        settle_rows(&mut plan, before, i64::MAX);
    }
    plan.changes
        .push(Change::Status(StatusChange { status: requested }));
    if !requested.has_on_course() && *on_course != OnCourse::default() {
        plan.touched.push(Part::OnCourse);
        plan.writes.push(Write::OnCourse(OnCourse::default()));
        if !on_course.shown.is_empty() {
            plan.changes.push(Change::OnCourse(OnCourseChange {
                oncourse: Vec::new(),
            }));
        }
    }
    Ok(plan)
}
