//! Values for rows: the other way round than `columns`.

use std::fmt::{Display, Write};

use label_core::{AppId, FileKey, PolicyId, TenantId};
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::log::{LogEntry, LogEvent};
use crate::quota::CountedAction;
use crate::reason::Reason;
use crate::state::{StateKind, TaskState};
use crate::store::{ActionType, PolicyState};
use crate::task::{PreviousLabel, Task, TaskKey};
use crate::text::MatchId;
use crate::work::WorkItem;

/// The columns of a task, and of an entry of the log.
const TASK_COLUMNS: usize = 36;
const LOG_COLUMNS: usize = 25;

/// The bytes of a label as text; a tenant has fewer.
const LABEL_BYTES: usize = 73;

/// A count as SQLite has it. No count of ours comes near the bound.
pub(super) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A value for a statement. Texts are borrowed as far as they are texts already.
pub(super) type Value<'a> = ToSqlOutput<'a>;

pub(super) const NULL: Value<'static> = ToSqlOutput::Borrowed(ValueRef::Null);

pub(super) fn is_null(value: &Value<'_>) -> bool {
    matches!(value, ToSqlOutput::Borrowed(ValueRef::Null))
}

pub(super) fn text(value: &str) -> Value<'_> {
    ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes()))
}

/// Of what is no text but is kept as one: tenants and labels.
pub(super) fn written(value: impl Display) -> Value<'static> {
    let mut text = String::with_capacity(LABEL_BYTES);
    // Writing to a text can't fail.
    let _ = write!(text, "{value}");
    ToSqlOutput::Owned(rusqlite::types::Value::Text(text))
}

fn text_or_null(value: Option<&str>) -> Value<'_> {
    value.map_or(NULL, text)
}

fn written_or_empty(value: Option<impl Display>) -> Value<'static> {
    value.map_or(text(""), written)
}

pub(super) fn policy_text(policy: Option<&PolicyId>) -> Value<'_> {
    text(policy.map_or("", PolicyId::as_str))
}

pub(super) fn number(value: impl Into<i64>) -> Value<'static> {
    ToSqlOutput::Borrowed(ValueRef::Integer(value.into()))
}

pub(super) fn number_or_null(value: Option<impl Into<i64>>) -> Value<'static> {
    value.map_or(NULL, number)
}

/// The four columns that find a file.
pub(super) fn file_values(tenant: TenantId, file: &FileKey) -> [Value<'_>; 4] {
    [
        written(tenant),
        number(file.app.0),
        number(file.instance),
        text(file.file.as_str()),
    ]
}

fn reason_values(reason: Option<&Reason>) -> [Value<'_>; 2] {
    [
        text_or_null(reason.map(Reason::code)),
        text_or_null(reason.and_then(Reason::detail)),
    ]
}

fn held_value(state: &TaskState) -> Value<'static> {
    match state {
        TaskState::Suspended { reasons } => number(reasons.bits()),
        _ => number(0),
    }
}

fn previous_label_value(previous: PreviousLabel) -> Value<'static> {
    match previous {
        PreviousLabel::Unknown => NULL,
        PreviousLabel::None => text(""),
        PreviousLabel::Label(label) => written(label),
    }
}

fn state_values(state: &TaskState) -> [Value<'_>; 6] {
    let tries = match state {
        TaskState::Retrying { n, .. } => number(*n),
        _ => NULL,
    };
    let reverted_by = match state {
        TaskState::Reverted { by } => number(integer(by.0)),
        _ => NULL,
    };
    let [code, detail] = reason_values(state.reason());
    [
        number(state.kind() as i64),
        number_or_null(state.due()),
        tries,
        code,
        detail,
        reverted_by,
    ]
}

/// One bit for each state; all of them for none.
pub(super) fn state_bits(states: &[StateKind]) -> i64 {
    match states {
        [] => -1,
        _ => states
            .iter()
            .fold(0, |bits, state| bits | 1 << *state as i64),
    }
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
pub(super) fn quota_values(
    tenant: TenantId,
    app: AppId,
    action: CountedAction,
) -> [Value<'static>; 3] {
    let action = number(action_code(action.into()));
    [written(tenant), number(app.0), action]
}

/// The eight columns of a task's key, in the order of the index.
pub(super) fn key_values(key: &TaskKey) -> Vec<Value<'_>> {
    let mut values = file_values(key.tenant, &key.file).to_vec();
    values.extend([
        text(key.file_version.as_str()),
        policy_text(key.policy.as_ref()),
        number(action_code((&key.action).into())),
        written_or_empty(key.action.label()),
    ]);
    values
}

pub(super) fn task_values(task: &Task) -> Vec<Value<'_>> {
    let mut values = Vec::with_capacity(TASK_COLUMNS);
    values.push(number(integer(task.id.0)));
    values.extend(key_values(&task.key));
    values.extend([
        number(task.label_priority),
        text(task.initiator.as_str()),
        number_or_null(task.policy_order.priority),
        number(task.policy_order.created_ms),
        text_or_null(task.matched.as_ref().map(MatchId::as_str)),
        number(task.submitted_ms),
    ]);
    push_changing(&mut values, task);
    values.push(number_or_null(task.reverts.map(|id| integer(id.0))));
    values
}

/// The number of a task, and the columns that change in its life.
pub(super) fn changing_values(task: &Task) -> Vec<Value<'_>> {
    let mut values = Vec::with_capacity(TASK_COLUMNS);
    values.push(number(integer(task.id.0)));
    push_changing(&mut values, task);
    values
}

fn push_changing<'a>(values: &mut Vec<Value<'a>>, task: &'a Task) {
    values.push(number(task.changed_ms));
    values.extend(state_values(&task.state));
    values.push(number(task.custody.attempts));
    values.extend(reason_values(task.last_error.as_ref()));
    values.extend([
        text_or_null((task.intent.as_ref()).map(|intent| intent.after_version.as_str())),
        number_or_null(task.unit.map(|half| half.0)),
        number(task.custody.claims),
        number(integer(task.custody.opening)),
        number(task.looked_at),
        number(task.recheck),
        held_value(&task.state),
        text_or_null(
            task.custody
                .lease
                .as_ref()
                .map(|lease| lease.worker.as_str()),
        ),
        number_or_null(task.custody.lease.as_ref().map(|lease| lease.until_ms)),
        previous_label_value(task.previous),
    ]);
}

pub(super) fn work_values(item: &WorkItem) -> Vec<Value<'_>> {
    let mut values = vec![
        number(integer(item.id.0)),
        text(item.new.kind.as_str()),
        text(item.new.key.as_str()),
        number(item.new.priority),
        number(item.new.not_before),
        text(&item.new.payload),
        number(item.custody.attempts),
        number(item.custody.claims),
        number(integer(item.custody.opening)),
        text_or_null(
            item.custody
                .lease
                .as_ref()
                .map(|lease| lease.worker.as_str()),
        ),
        number_or_null(item.custody.lease.as_ref().map(|lease| lease.until_ms)),
        number(item.again),
    ];
    values.extend(reason_values(item.dead.as_ref().map(|dead| &dead.reason)));
    values.push(number_or_null(item.dead.as_ref().map(|dead| dead.at_ms)));
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

pub(super) fn log_values(sequence: u64, entry: &LogEntry) -> Vec<Value<'_>> {
    let task = entry.task.as_ref();
    let file = task
        .map(|task| &task.file)
        .or_else(|| entry.event.frozen_file());
    let mut values = Vec::with_capacity(LOG_COLUMNS);
    values.extend([
        number(integer(sequence)),
        number(entry.at_ms),
        written(entry.tenant),
        number_or_null(entry.app.map(|app| app.0)),
        text(entry.initiator.as_str()),
        number_or_null(task.map(|task| integer(task.id.0))),
        number_or_null(file.map(|file| file.instance)),
        text_or_null(file.map(|file| file.file.as_str())),
        number_or_null(logged_action(entry).map(action_code)),
        task.map_or(NULL, |task| written_or_empty(task.action.label())),
    ]);
    let no_state = || [NULL; 6];
    let tasks = |tasks: &u64| number(integer(*tasks));
    let (code, state, first, second) = match &entry.event {
        LogEvent::Task { state } => (0, state_values(state), NULL, NULL),
        LogEvent::LimitChanged { from, to, .. } => (1, no_state(), number(from.0), number(to.0)),
        LogEvent::LimitReached { limit, until, .. } => {
            (2, no_state(), number(limit.0), number(*until))
        }
        LogEvent::PolicyDisabled { tasks: n, .. } => (3, no_state(), tasks(n), NULL),
        LogEvent::PolicyEnabled { tasks: n, .. } => (4, no_state(), tasks(n), NULL),
        LogEvent::PolicyDeleted { tasks: n, .. } => (5, no_state(), tasks(n), NULL),
        LogEvent::LabelDisabled { tasks: n, .. } => (6, no_state(), tasks(n), NULL),
        LogEvent::LabelEnabled { tasks: n, .. } => (7, no_state(), tasks(n), NULL),
        LogEvent::FileFrozen { tasks: n, .. } => (8, no_state(), tasks(n), NULL),
        LogEvent::FileUnfrozen { tasks: n, .. } => (9, no_state(), tasks(n), NULL),
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
        text_or_null(entry.event.policy().map(PolicyId::as_str)),
        entry.event.label().map_or(NULL, written),
        first,
        second,
        task.map_or(NULL, |task| previous_label_value(task.previous)),
        number_or_null(quota.map(|quota| quota.used)),
        number_or_null(quota.map(|quota| quota.limit.0)),
    ]);
    values
}
