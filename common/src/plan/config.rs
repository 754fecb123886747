//! Changes of the event's record that spectators see as a new structure: its configuration and
//! what an administrator corrects.

use super::{Part, Plan, PlanError, Revisions, Write, guard};
use crate::{
    domain::{DataKind, EventConfig, EventRecord, EventStatus, OnCourseEntry, Structure},
    protocol::{Change, change::StructureChange, views::StructureView},
};

/// Merges `patch` into the configuration. Only in `draft`, but for the merge strategy, which is
/// taken until the results are final: a running event can't go back.
pub fn plan(
    record: &EventRecord,
    structure: &Structure,
    on_course: &[OnCourseEntry],
    revisions: &Revisions,
    patch: EventConfig,
) -> Result<(EventConfig, Plan), PlanError> {
    let strategy_alone = patch.is_merge_strategy_alone() && record.status != EventStatus::Official;
    if !strategy_alone {
        guard(DataKind::Config, record.status)?;
    }
    let config = record.config.patched(patch);
    let after = EventRecord {
        config: config.clone(),
        ..record.clone()
    };
    let mut plan = record_plan(record, &after, structure, on_course, revisions);
    if config != record.config {
        plan.writes.push(Write::Config(config.clone()));
        plan.touched.push(Part::Record);
    }
    Ok((config, plan))
}

/// The plan that tells spectators of a new record, without anything to store yet. It tells nothing
/// when the public shape is the same.
pub fn record_plan(
    before: &EventRecord,
    after: &EventRecord,
    structure: &Structure,
    on_course: &[OnCourseEntry],
    revisions: &Revisions,
) -> Plan {
    let view = StructureView::new(after, structure, on_course);
    let mut plan = Plan {
        expected: vec![
            revisions.expect(Part::Record),
            revisions.expect(Part::Structure),
            revisions.expect(Part::OnCourse),
        ],
        ..Plan::default()
    };
    if view != StructureView::new(before, structure, on_course) {
        plan.changes
            .push(Change::Structure(Box::new(StructureChange {
                view,
                reread: Vec::new(),
                also: Vec::new(),
            })));
    }
    plan
}
