//! A change of the event's state.

use super::{Part, Plan, PlanError, Revisions, Write};
use crate::{
    domain::{EventRecord, EventStatus, OnCourse},
    protocol::{
        Change,
        change::{OnCourseChange, StatusChange},
    },
};

/// Moves the event to `requested`. Nobody is on the water of an event that is not running, so the
/// list empties with it, after the news of the state.
pub fn plan(
    record: &EventRecord,
    on_course: &OnCourse,
    revisions: &Revisions,
    requested: EventStatus,
    now_ms: i64,
) -> Result<Plan, PlanError> {
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
        changes: vec![Change::Status(StatusChange { status: requested })],
    };
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
