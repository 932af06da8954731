//! Values for rows: the other way round than `columns`.

use label_core::{AppId, FileKey, TenantId};
use rusqlite::types::Value;

use crate::log::{LogEntry, LogEvent};
use crate::quota::CountedAction;
use crate::reason::Reason;
use crate::state::TaskState;
use crate::store::{ActionType, PolicyState};
use crate::task::{PreviousLabel, Task, TaskKey};
use crate::work::WorkItem;

/// A count as SQLite has it. No count of ours comes near the bound.
pub(super) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn tenant_text(tenant: TenantId) -> Value {
    Value::Text(tenant.to_string())
}

pub(super) fn text(value: impl ToString) -> Value {
    Value::Text(value.to_string())
}

fn text_or_null(value: Option<impl ToString>) -> Value {
    value.map_or(Value::Null, text)
}

/// The empty text where there is none.
pub(super) fn text_or_empty(value: Option<impl ToString>) -> Value {
    text(value.map(|value| value.to_string()).unwrap_or_default())
}

pub(super) fn number(value: impl Into<i64>) -> Value {
    Value::Integer(value.into())
}

pub(super) fn number_or_null(value: Option<impl Into<i64>>) -> Value {
    value.map_or(Value::Null, number)
}

/// The four columns that find a file.
pub(super) fn file_values(tenant: TenantId, file: &FileKey) -> [Value; 4] {
    [
        tenant_text(tenant),
        number(file.app.0),
        number(file.instance),
        text(&file.file),
    ]
}

fn reason_values(reason: Option<&Reason>) -> [Value; 2] {
    [
        text_or_null(reason.map(Reason::code)),
        text_or_null(reason.and_then(Reason::detail)),
    ]
}

fn held_value(state: &TaskState) -> Value {
    match state {
        TaskState::Suspended { reasons } => number(reasons.bits()),
        _ => number(0),
    }
}

fn previous_label_value(previous: PreviousLabel) -> Value {
    match previous {
        PreviousLabel::Unknown => Value::Null,
        PreviousLabel::None => Value::Text(String::new()),
        PreviousLabel::Label(label) => text(label),
    }
}

fn state_values(state: &TaskState) -> Vec<Value> {
    let tries = match state {
        TaskState::Retrying { n, .. } => number(*n),
        _ => Value::Null,
    };
    let reverted_by = match state {
        TaskState::Reverted { by } => number(integer(by.0)),
        _ => Value::Null,
    };
    let mut values = vec![
        number(state.kind() as i64),
        number_or_null(state.due()),
        tries,
    ];
    values.extend(reason_values(state.reason()));
    values.push(reverted_by);
    values
}

/// An action without its label, as a number.
pub(super) fn action_code(action: ActionType) -> i64 {
    match action {
        ActionType::Apply => 0,
        ActionType::Remove => 1,
        ActionType::AdminQuarantine => 2,
    }
}

/// The three columns that find an allowance.
pub(super) fn quota_values(tenant: TenantId, app: AppId, action: CountedAction) -> [Value; 3] {
    let action = number(action_code(action.into()));
    [tenant_text(tenant), number(app.0), action]
}

/// The eight columns of a task's key, in the order of the index.
pub(super) fn key_values(key: &TaskKey) -> Vec<Value> {
    let mut values = file_values(key.tenant, &key.file).to_vec();
    values.extend([
        text(&key.file_version),
        text_or_empty(key.policy.as_ref()),
        number(action_code((&key.action).into())),
        text_or_empty(key.action.label()),
    ]);
    values
}

pub(super) fn task_values(task: &Task) -> Vec<Value> {
    let mut values = vec![number(integer(task.id.0))];
    values.extend(key_values(&task.key));
    values.extend([
        number(task.label_priority),
        text(&task.initiator),
        number_or_null(task.policy_order.priority),
        number(task.policy_order.created_ms),
        text_or_null(task.matched.as_ref()),
        number(task.submitted_ms),
    ]);
    push_changing(&mut values, task);
    values.push(number_or_null(task.reverts.map(|id| integer(id.0))));
    values
}

/// The number of a task, and the columns that change in its life.
pub(super) fn changing_values(task: &Task) -> Vec<Value> {
    let mut values = vec![number(integer(task.id.0))];
    push_changing(&mut values, task);
    values
}

fn push_changing(values: &mut Vec<Value>, task: &Task) {
    values.push(number(task.changed_ms));
    values.extend(state_values(&task.state));
    values.push(number(task.attempts));
    values.extend(reason_values(task.last_error.as_ref()));
    values.extend([
        text_or_null(task.intent.as_ref().map(|intent| &intent.after_version)),
        number_or_null(task.unit.map(|half| half.0)),
        number(task.claims),
        number(integer(task.opening)),
        number(task.looked_at),
        number(task.recheck),
        held_value(&task.state),
        text_or_null(task.lease.as_ref().map(|lease| &lease.worker)),
        number_or_null(task.lease.as_ref().map(|lease| lease.until_ms)),
        previous_label_value(task.previous),
    ]);
}

pub(super) fn work_values(item: &WorkItem) -> Vec<Value> {
    let mut values = vec![
        number(integer(item.id.0)),
        text(&item.new.kind),
        text(&item.new.key),
        number(item.new.priority),
        number(item.new.not_before),
        text(&item.new.payload),
        number(item.attempts),
        number(item.claims),
        text_or_null(item.lease.as_ref().map(|lease| &lease.worker)),
        number_or_null(item.lease.as_ref().map(|lease| lease.until_ms)),
        number(item.again),
    ];
    values.extend(reason_values(item.dead.as_ref()));
    values
}

pub(super) fn policy_state_code(state: PolicyState) -> i64 {
    match state {
        PolicyState::Enabled => 0,
        PolicyState::Disabled => 1,
        PolicyState::Deleted => 2,
    }
}

/// What a task did, or whose limit an entry is about.
fn logged_action(entry: &LogEntry) -> Option<ActionType> {
    let of_task = entry
        .task
        .as_ref()
        .map(|task| ActionType::from(&task.action));
    of_task.or_else(|| entry.event.counted().map(ActionType::from))
}

pub(super) fn log_values(sequence: u64, entry: &LogEntry) -> Vec<Value> {
    let task = entry.task.as_ref();
    let file = task
        .map(|task| &task.file)
        .or_else(|| entry.event.frozen_file());
    let mut values = vec![
        number(integer(sequence)),
        number(entry.at_ms),
        tenant_text(entry.tenant),
        number_or_null(entry.app.map(|app| app.0)),
        text(&entry.initiator),
        number_or_null(task.map(|task| integer(task.id.0))),
        number_or_null(file.map(|file| file.instance)),
        text_or_null(file.map(|file| &file.file)),
        number_or_null(logged_action(entry).map(action_code)),
        task.map_or(Value::Null, |task| text_or_empty(task.action.label())),
    ];
    let no_state = || vec![Value::Null; 6];
    let tasks = |tasks: &u64| number(integer(*tasks));
    let (code, state, first, second) = match &entry.event {
        LogEvent::Task { state } => (0, state_values(state), Value::Null, Value::Null),
        LogEvent::LimitChanged { from, to, .. } => (1, no_state(), number(from.0), number(to.0)),
        LogEvent::LimitReached { limit, until, .. } => {
            (2, no_state(), number(limit.0), number(*until))
        }
        LogEvent::PolicyDisabled { tasks: n, .. } => (3, no_state(), tasks(n), Value::Null),
        LogEvent::PolicyEnabled { tasks: n, .. } => (4, no_state(), tasks(n), Value::Null),
        LogEvent::PolicyDeleted { tasks: n, .. } => (5, no_state(), tasks(n), Value::Null),
        LogEvent::LabelDisabled { tasks: n, .. } => (6, no_state(), tasks(n), Value::Null),
        LogEvent::LabelEnabled { tasks: n, .. } => (7, no_state(), tasks(n), Value::Null),
        LogEvent::FileFrozen { tasks: n, .. } => (8, no_state(), tasks(n), Value::Null),
        LogEvent::FileUnfrozen { tasks: n, .. } => (9, no_state(), tasks(n), Value::Null),
    };
    let held = match &entry.event {
        LogEvent::Task { state } => held_value(state),
        _ => number(0),
    };
    let quota = task.and_then(|task| task.quota);
    values.push(number(code));
    values.extend(state);
    values.extend([
        held,
        text_or_null(entry.event.policy()),
        text_or_null(entry.event.label()),
        first,
        second,
        task.map_or(Value::Null, |task| previous_label_value(task.previous)),
        number_or_null(quota.map(|quota| quota.used)),
        number_or_null(quota.map(|quota| quota.limit.0)),
    ]);
    values
}
