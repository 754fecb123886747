//! The one writer step.

use redis::ScriptInvocation;
use serde::Serialize;

use super::{Head, Store, StoreError, keys::EventKeys, record::to_json};
use crate::{
    domain::EventStatus,
    plan::{Plan, Write},
    protocol::{Epoch, Position, Seq},
};

/// What bounds an event's history and the messages on the bus.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Messages kept for those who come back.
    pub history_messages: usize,
    /// Bytes kept for those who come back.
    pub history_bytes: usize,
    /// A larger message is published by reference.
    pub inline_bytes: usize,
    /// Rows and their message in one step; only tests do without.
    pub atomic: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            history_messages: 5_000,
            history_bytes: 8 << 20,
            inline_bytes: 32 << 10,
            atomic: true,
        }
    }
}

/// When a commit may happen, beside what its plan expects.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The states that the event may be in; any if `None`.
    pub states: Option<&'a [EventStatus]>,
    /// When it was asked for, ms since 1970; spectators see it.
    pub ts_ms: i64,
    /// Not later than this by the server's clock, ms since 1970.
    pub deadline_ms: i64,
    /// Only in the epoch of the head, which a server that may have lost writes does not continue:
    /// its revisions count other writes.
    pub same_epoch: bool,
    /// What is kept and published.
    pub limits: Limits,
}

/// A commit that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The position after it.
    pub position: Position,
}

/// The plan as the script reads it.
#[derive(Serialize)]
struct ScriptPlan<'a> {
    incarnation: &'a str,
    deadline_ms: i64,
    ts_ms: i64,
    same_epoch: Option<&'a Epoch>,
    channel: String,
    publish: &'static str,
    states: Option<&'a [EventStatus]>,
    expected: Vec<(String, u64)>,
    touched: Vec<String>,
    writes: Vec<(&'static str, usize, usize)>,
    changes: Vec<(&'static str, Vec<String>)>,
    messages_max: usize,
    bytes_max: usize,
    inline_bytes_max: usize,
}

/// Keys and values of a plan's writes, in the order in which the script takes them.
struct Batch {
    keys: Vec<String>,
    values: Vec<Vec<u8>>,
    writes: Vec<(&'static str, usize, usize)>,
}

impl Batch {
    fn push(&mut self, command: &'static str, key: String, values: Vec<Vec<u8>>) {
        let index = self.keys.iter().position(|known| *known == key);
        let index = index.unwrap_or_else(|| {
            self.keys.push(key);
            self.keys.len() - 1
        });
        // Lua counts from 1.
        self.writes.push((command, index + 1, values.len()));
        self.values.extend(values);
    }

    fn set_field(&mut self, keys: &EventKeys, field: &str, value: String) {
        self.push("HSET", keys.meta(), vec![field.into(), value.into()]);
    }

    fn set_rows<'a, T: Serialize + 'a>(
        &mut self,
        key: String,
        rows: impl Iterator<Item = (&'a str, &'a T)>,
    ) {
        let values = rows.flat_map(|(id, row)| [id.into(), to_json(row).into()]);
        self.push("HSET", key, values.collect());
    }

    fn add(&mut self, keys: &EventKeys, write: &Write) {
        match write {
            Write::Details(details) => self.set_field(keys, "details", to_json(details)),
            Write::Config(config) => self.set_field(keys, "config", to_json(config)),
            Write::Status(status, at_ms) => {
                self.set_field(keys, "status", status.to_string());
                self.set_field(keys, "status_changed_at", at_ms.to_string());
            }
            Write::Key(key) => self.set_field(keys, "key", to_json(key)),
            Write::MaxConnections(Some(max)) => {
                self.set_field(keys, "max_connections", max.to_string());
            }
            Write::MaxConnections(None) => {
                self.push("HDEL", keys.meta(), vec!["max_connections".into()]);
            }
            Write::HasXml => self.set_field(keys, "has_xml", "1".to_owned()),
            Write::Image(Some((image, bytes))) => {
                self.set_field(keys, "image", to_json(image));
                self.push("SET", keys.image(), vec![bytes.clone()]);
            }
            Write::Image(None) => {
                self.push("HDEL", keys.meta(), vec!["image".into()]);
                self.push("DEL", keys.image(), Vec::new());
            }
            Write::Structure(structure) => {
                self.push(
                    "SET",
                    keys.structure(),
                    vec![to_json(structure.as_ref()).into()],
                );
            }
            Write::OnCourse(on_course) => {
                self.push("SET", keys.on_course(), vec![to_json(on_course).into()]);
                // 0 is before every moment; readers take it as never.
                let due_at_ms = on_course.due_at_ms().unwrap_or(0);
                self.set_field(keys, "oncourse_due_at", due_at_ms.to_string());
            }
            Write::Waiting(waiting) => {
                self.set_field(keys, "waiting", to_json(waiting));
                let due_at_ms = waiting.due_at_ms().unwrap_or(0);
                self.set_field(keys, "rows_due_at", due_at_ms.to_string());
            }
            Write::Participants(class, people) => {
                let rows = people.iter().map(|p| (p.participant_id.as_str(), p));
                self.set_rows(keys.people(class), rows);
            }
            Write::RemoveParticipants(class, ids) => {
                let ids = ids.iter().map(|id| id.as_str().into()).collect();
                self.push("HDEL", keys.people(class), ids);
            }
            Write::DropParticipants(class) => self.push("DEL", keys.people(class), Vec::new()),
            Write::Rows(race, rows) => {
                let rows = rows.iter().map(|row| (row.participant_id.as_str(), row));
                self.set_rows(keys.rows(race), rows);
            }
            Write::RemoveRows(race, ids) => {
                let ids = ids.iter().map(|id| id.as_str().into()).collect();
                self.push("HDEL", keys.rows(race), ids);
            }
            Write::DropRows(race) => self.push("DEL", keys.rows(race), Vec::new()),
        }
    }
}

impl Store {
    /// Commits `plan`, computed from `head`: wholly or not at all, and only on `terms`. A plan that
    /// changes nothing commits nothing.
    pub async fn commit(
        &self,
        head: &Head,
        plan: &Plan,
        terms: Terms<'_>,
    ) -> Result<Committed, StoreError> {
        let limits = terms.limits;
        if plan.is_empty() {
            let position = head.position.clone();
            return Ok(Committed { position });
        }
        if !limits.atomic && !plan.writes.is_empty() && !plan.changes.is_empty() {
            return self.commit_torn(head, plan, terms).await;
        }
        let keys = EventKeys::new(&head.record.event_id);
        let mut batch = Batch {
            keys: vec![keys.meta(), keys.marks(), keys.history()],
            values: Vec::new(),
            writes: Vec::new(),
        };
        for write in &plan.writes {
            batch.add(&keys, write);
        }
        let header = ScriptPlan {
            incarnation: &head.record.incarnation,
            deadline_ms: terms.deadline_ms,
            ts_ms: terms.ts_ms,
            same_epoch: terms.same_epoch.then_some(&head.position.epoch),
            channel: keys.feed(),
            publish: self.publish_command(),
            states: terms.states,
            expected: plan
                .expected
                .iter()
                .map(|(p, rev)| (p.name(), *rev))
                .collect(),
            touched: plan.touched.iter().map(crate::plan::Part::name).collect(),
            writes: batch.writes,
            changes: plan
                .changes
                .iter()
                .map(|c| {
                    (
                        c.kind().as_str(),
                        c.marks().iter().map(crate::protocol::Mark::name).collect(),
                    )
                })
                .collect(),
            messages_max: limits.history_messages,
            bytes_max: limits.history_bytes,
            inline_bytes_max: limits.inline_bytes,
        };
        let mut invocation: ScriptInvocation<'_> = self.scripts().commit.prepare_invoke();
        for key in &batch.keys {
            invocation.key(key);
        }
        invocation.arg(to_json(&header));
        for value in &batch.values {
            invocation.arg(value);
        }
        for change in &plan.changes {
            invocation.arg(change.body());
        }
        committed(&self.write::<Vec<String>>(&invocation).await?)
    }
}

impl Store {
    /// Rows first, their message a moment later: what tests show the one step to be for.
    async fn commit_torn(
        &self,
        head: &Head,
        plan: &Plan,
        terms: Terms<'_>,
    ) -> Result<Committed, StoreError> {
        const TORN_FOR: std::time::Duration = std::time::Duration::from_millis(150);
        let (rows, message) = plan.clone().torn();
        Box::pin(self.commit(head, &rows, terms)).await?;
        tokio::time::sleep(TORN_FOR).await;
        let terms = Terms {
            states: None,
            ..terms
        };
        Box::pin(self.commit(head, &message, terms)).await
    }
}

fn committed(reply: &[String]) -> Result<Committed, StoreError> {
    let reply: Vec<&str> = reply.iter().map(String::as_str).collect();
    match reply.as_slice() {
        ["ok", epoch, seq] => {
            let seq: Seq = seq.parse().map_err(StoreError::corrupt)?;
            let epoch = Epoch::new(*epoch);
            Ok(Committed {
                position: Position { epoch, seq },
            })
        }
        ["gone"] => Err(StoreError::NoEvent),
        ["late"] => Err(StoreError::Late),
        ["conflict"] => Err(StoreError::Conflict),
        ["state", status] => Err(EventStatus::parse(status)
            .map_or_else(|| StoreError::corrupt(status), StoreError::State)),
        other => Err(StoreError::corrupt(format!("commit answered {other:?}"))),
    }
}
