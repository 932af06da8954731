//! The rows of an open store: one method of the trait, one or two statements.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use label_core::{AppId, FileKey, LabelKey, PolicyId, TenantId};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::cache::{Cache, Cached};
use super::columns::{Columns, Failure};
use super::values::{
    changing_values, file_values, integer, key_values, log_values, number, number_or_null,
    policy_state_code, quota_values, task_values, tenant_text, text, text_or_empty, work_values,
};
use super::{sql, told};
use crate::error::Error;
use crate::jobs::JobName;
use crate::ledger::{AppliedLabel, Turns};
use crate::log::LogEntry;
use crate::quota::{CountedAction, DailyLimit, HalfDay, Quota};
use crate::state::{Counts, StateKind, Status};
use crate::store::{
    Backlog, DUE_TIMES_MAX, LogFilter, PAGE_COUNT_MAX, PolicyState, Rows, RowsMut, TaskFilter,
    WAITING_COUNT_MAX, Waiting,
};
use crate::task::{LEASE_MS_MAX, QueuePlace, Task, TaskId, TaskKey, farthest_end};
use crate::work::{WorkCounts, WorkId, WorkItem, WorkKey, WorkKind};

/// A connection inside a transaction.
pub(super) struct SqliteRows<'c> {
    connection: &'c Connection,
    path: &'c Path,
    cache: RefCell<Cache>,
}

impl<'c> SqliteRows<'c> {
    pub(super) fn new(connection: &'c Connection, path: &'c Path) -> Self {
        Self {
            connection,
            path,
            cache: RefCell::default(),
        }
    }

    /// Writes what is only kept here so far: to be called before the transaction ends.
    pub(super) fn flush(&self) -> Result<(), Error> {
        let cache = self.cache.take();
        for (name, counter) in cache.counters.iter().filter(|(_, counter)| counter.dirty) {
            let values = [text(name), number(integer(counter.value))];
            self.execute(sql::WRITE_COUNTER, values)?;
        }
        for ((tenant, app, action), quota) in cache.quotas.iter().filter(|(_, kept)| kept.dirty) {
            self.write_quota(quota_values(*tenant, *app, *action), &quota.value)?;
        }
        Ok(())
    }

    /// All rows that a statement gives.
    fn all<T>(
        &self,
        statement: &str,
        values: impl IntoIterator<Item = Value>,
        table: &'static str,
        read: impl Fn(&mut Columns<'_>) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Error> {
        let run = || -> Result<Vec<T>, Failure> {
            let mut statement = self.connection.prepare_cached(statement)?;
            let mut rows = statement.query(params_from_iter(values))?;
            let mut found = Vec::new();
            // Every statement has a LIMIT or a key, so the number of rows is bounded.
            while let Some(row) = rows.next()? {
                found.push(read(&mut Columns::new(row, table))?);
            }
            Ok(found)
        };
        run().map_err(|failure| told(self.path, failure))
    }

    /// The row that a statement gives, if it gives one.
    fn one<T>(
        &self,
        statement: &str,
        values: impl IntoIterator<Item = Value>,
        table: &'static str,
        read: impl Fn(&mut Columns<'_>) -> Result<T, Failure>,
    ) -> Result<Option<T>, Error> {
        let found = self.all(statement, values, table, read)?;
        Ok(found.into_iter().next())
    }

    fn execute(
        &self,
        statement: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<u64, Error> {
        let run = || {
            let mut statement = self.connection.prepare_cached(statement)?;
            statement.execute(params_from_iter(values))
        };
        match run() {
            Ok(count) => Ok(count as u64),
            Err(error) => Err(told(self.path, Failure::Sqlite(error))),
        }
    }

    fn counter(&self, name: &'static str) -> Result<u64, Error> {
        if let Some(counter) = self.cache.borrow().counters.get(name) {
            return Ok(counter.value);
        }
        let value = self.one(sql::READ_COUNTER, [text(name)], "counter", |row| {
            row.number()
        })?;
        let value = value.ok_or_else(|| {
            let failure = Failure::Content {
                table: "counter",
                column: 1,
                what: format!("no counter `{name}`"),
            };
            told(self.path, failure)
        })?;
        let dirty = false;
        (self.cache.borrow_mut().counters).insert(name, Cached { value, dirty });
        Ok(value)
    }

    fn set_counter(&self, name: &'static str, value: u64) {
        let dirty = true;
        (self.cache.borrow_mut().counters).insert(name, Cached { value, dirty });
    }

    fn bump(&self, name: &'static str) -> Result<u64, Error> {
        let value = self.counter(name)?.saturating_add(1);
        self.set_counter(name, value);
        Ok(value)
    }

    /// Keeps the number of pending tasks in step with a task that is one or isn't from now on.
    fn count_pending(&self, id: TaskId, is_pending: bool) -> Result<(), Error> {
        let known = self.cache.borrow().pending.get(&id).copied();
        let was_pending = match known {
            Some(known) => known,
            None => {
                let key = [number(integer(id.0))];
                let stored = self.one(sql::IS_PENDING, key, "task", |row| row.flag())?;
                stored.unwrap_or(false)
            }
        };
        if was_pending != is_pending {
            let count = self.counter(PENDING)?;
            let count = if is_pending {
                count.checked_add(1)
            } else {
                count.checked_sub(1)
            };
            let count = count.ok_or_else(|| {
                let failure = Failure::Content {
                    table: "counter",
                    column: 2,
                    what: format!("`{PENDING}` is not the number of pending tasks"),
                };
                told(self.path, failure)
            })?;
            self.set_counter(PENDING, count);
        }
        self.remember_pending(id, is_pending);
        Ok(())
    }

    fn remember_pending(&self, id: TaskId, is_pending: bool) {
        let mut cache = self.cache.borrow_mut();
        cache.make_room();
        cache.pending.insert(id, is_pending);
    }

    fn keep_quota(
        &self,
        key: (TenantId, AppId, CountedAction),
        quota: Cached<Quota>,
    ) -> Result<(), Error> {
        if self.cache.borrow().is_full() {
            self.flush()?;
        }
        self.cache.borrow_mut().quotas.insert(key, quota);
        Ok(())
    }

    fn read_quota(&self, values: [Value; 3]) -> Result<Quota, Error> {
        let read = |columns: &mut Columns<'_>| Ok(DailyLimit(columns.number()?));
        let Some(limit) = self.one(sql::QUOTA, values.clone(), "quota", read)? else {
            return Ok(Quota::default());
        };
        let read = |columns: &mut Columns<'_>| Ok((HalfDay(columns.value()?), columns.number()?));
        let halves: Vec<(HalfDay, u32)> =
            self.all(sql::QUOTA_HALVES, values.clone(), "quota_half", read)?;
        let read = |columns: &mut Columns<'_>| columns.value::<i64>();
        let reached = self.all(sql::QUOTA_REACHED, values, "quota_reached", read)?;
        Ok(Quota::from_parts(limit, reached, halves))
    }

    fn write_quota(&self, key: [Value; 3], quota: &Quota) -> Result<(), Error> {
        let row = [number(quota.limit().0)];
        self.execute(sql::PUT_QUOTA, key.clone().into_iter().chain(row))?;
        let oldest = quota.halves().next().map_or(i64::MIN, |(half, _)| half.0);
        let before = key.clone().into_iter().chain([number(oldest)]);
        self.execute(sql::FORGET_QUOTA_HALVES, before)?;
        for (half, used) in quota.halves() {
            let row = [number(half.0), number(used)];
            self.execute(sql::PUT_QUOTA_HALF, key.clone().into_iter().chain(row))?;
        }
        let read = |columns: &mut Columns<'_>| columns.value::<i64>();
        let known: BTreeSet<i64> = self
            .all(sql::QUOTA_REACHED, key.clone(), "quota_reached", read)?
            .into_iter()
            .collect();
        let reached: BTreeSet<i64> = quota.reached().collect();
        for (statement, days) in [
            (sql::FORGET_QUOTA_REACHED, known.difference(&reached)),
            (sql::PUT_QUOTA_REACHED, reached.difference(&known)),
        ] {
            for day in days {
                self.execute(statement, key.clone().into_iter().chain([number(*day)]))?;
            }
        }
        Ok(())
    }

    fn tasks_of(&self, statement: &str, values: Vec<Value>) -> Result<Vec<Task>, Error> {
        let tasks = self.all(statement, values, "task", |row| row.task())?;
        for task in &tasks {
            self.remember_pending(task.id, task.state.status() == Status::Pending);
        }
        Ok(tasks)
    }
}

/// The counter of the tasks that are pending.
const PENDING: &str = "pending";

fn page(count: usize) -> Value {
    number(integer(count.min(PAGE_COUNT_MAX) as u64))
}

impl Rows for SqliteRows<'_> {
    fn task(&self, id: TaskId) -> Result<Option<Task>, Error> {
        let found = self.tasks_of(sql::TASK, vec![number(integer(id.0))])?;
        Ok(found.into_iter().next())
    }

    fn task_with_key(&self, key: &TaskKey) -> Result<Option<TaskId>, Error> {
        self.one(sql::TASK_WITH_KEY, key_values(key), "task", |columns| {
            columns.number().map(TaskId)
        })
    }

    fn tasks(&self, filter: &TaskFilter, after: TaskId, count: usize) -> Result<Vec<Task>, Error> {
        let mut values = vec![number(integer(after.0)), page(count)];
        values.extend(filter.tenant.map(tenant_text));
        values.extend(filter.app.map(|app| number(app.0)));
        if let Some(file) = &filter.file {
            values.extend([number(file.app.0), number(file.instance), text(&file.file)]);
        }
        values.extend(filter.policy.as_ref().map(text));
        values.extend(filter.label.map(text));
        self.tasks_of(&sql::tasks(filter), values)
    }

    fn queued(&self, after: Option<QueuePlace>, count: usize) -> Result<Vec<Task>, Error> {
        let Some(place) = after else {
            return self.tasks_of(sql::QUEUED, vec![page(count)]);
        };
        let values = vec![
            page(count),
            number(place.automatic),
            number(-i64::from(place.label_priority.0)),
            number(integer(place.id.0)),
        ];
        self.tasks_of(sql::QUEUED_AFTER, values)
    }

    fn retries_due(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.tasks_of(sql::RETRIES_DUE, vec![number(now), page(count)])
    }

    fn deferred_due(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        let mut due = Vec::new();
        let mut from = i64::MIN;
        for _ in 0..DUE_TIMES_MAX {
            let read = |row: &mut Columns<'_>| row.value::<Option<i64>>();
            let at = self.one(sql::NEXT_DEFERRED, [number(from)], "task", read)?;
            let Some(at) = at.flatten().filter(|at| *at <= now) else {
                break;
            };
            due.extend(self.tasks_of(sql::DEFERRED_UNTIL, vec![number(at), page(count)])?);
            match at.checked_add(1) {
                Some(next) => from = next,
                None => break,
            }
        }
        due.sort_unstable_by_key(Task::place);
        due.truncate(count.min(PAGE_COUNT_MAX));
        Ok(due)
    }

    fn retries_beyond(&self, at: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.tasks_of(sql::RETRIES_BEYOND, vec![number(at), page(count)])
    }

    fn deferred_beyond(&self, at: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.tasks_of(sql::DEFERRED_BEYOND, vec![number(at), page(count)])
    }

    fn next_due(&self) -> Result<Option<i64>, Error> {
        let read = |row: &mut Columns<'_>| row.value::<Option<i64>>();
        let deferred = self.one(sql::NEXT_DEFERRED, [number(i64::MIN)], "task", read)?;
        let retry = self.one(sql::NEXT_RETRY, [], "task", read)?;
        Ok([deferred, retry].into_iter().flatten().flatten().min())
    }

    fn lease_ended(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.tasks_of(sql::LEASE_ENDED, vec![number(now), page(count)])
    }

    fn leases_beyond(&self, at: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.tasks_of(sql::LEASES_BEYOND, vec![number(at), page(count)])
    }

    fn next_lease_end(&self) -> Result<Option<i64>, Error> {
        let read = |row: &mut Columns<'_>| row.value::<Option<i64>>();
        Ok(self.one(sql::NEXT_LEASE_END, [], "task", read)?.flatten())
    }

    fn waiting(
        &self,
        tenant: TenantId,
        app: AppId,
        after: Option<QueuePlace>,
        count: usize,
    ) -> Result<Vec<Waiting>, Error> {
        let count = integer(count.min(WAITING_COUNT_MAX) as u64);
        // Before the first place there is none.
        let (automatic, rank, id) = match after {
            Some(place) => (
                i64::from(place.automatic),
                -i64::from(place.label_priority.0),
                integer(place.id.0),
            ),
            None => (-1, 0, 0),
        };
        let values = [
            tenant_text(tenant),
            number(app.0),
            number(automatic),
            number(rank),
            number(id),
            number(count),
        ];
        self.all(sql::WAITING, values, "task", |row| row.waiting())
    }

    fn pending(&self) -> Result<u64, Error> {
        self.counter(PENDING)
    }

    fn counts(&self, tenant: TenantId, app: AppId) -> Result<Counts, Error> {
        let values = [tenant_text(tenant), number(app.0)];
        let read = |columns: &mut Columns<'_>| Ok((columns.state_kind()?, columns.number()?));
        let found: Vec<(StateKind, u64)> = self.all(sql::COUNTS, values, "task", read)?;
        let mut counts = Counts::default();
        for (kind, count) in found {
            counts.add(kind, count);
        }
        Ok(counts)
    }

    fn last_task_id(&self) -> Result<TaskId, Error> {
        self.counter("task").map(TaskId)
    }

    fn quota(&self, tenant: TenantId, app: AppId, action: CountedAction) -> Result<Quota, Error> {
        let key = (tenant, app, action);
        if let Some(quota) = self.cache.borrow().quotas.get(&key) {
            return Ok(quota.value.clone());
        }
        let value = self.read_quota(quota_values(tenant, app, action))?;
        let (kept, dirty) = (value.clone(), false);
        self.keep_quota(key, Cached { value: kept, dirty })?;
        Ok(value)
    }

    fn policy(&self, tenant: TenantId, policy: &PolicyId) -> Result<PolicyState, Error> {
        let key = (tenant, policy.clone());
        if let Some(state) = self.cache.borrow().policies.get(&key) {
            return Ok(*state);
        }
        let values = [tenant_text(tenant), text(policy)];
        let state = self.one(sql::POLICY, values, "policy", |row| row.policy_state())?;
        let state = state.unwrap_or_default();
        let mut cache = self.cache.borrow_mut();
        cache.make_room();
        cache.policies.insert(key, state);
        Ok(state)
    }

    fn is_label_disabled(&self, label: &LabelKey) -> Result<bool, Error> {
        if let Some(disabled) = self.cache.borrow().labels.get(label) {
            return Ok(*disabled);
        }
        let read = |_: &mut Columns<'_>| Ok(());
        let found = self.one(sql::LABEL_DISABLED, [text(label)], "disabled_label", read)?;
        let mut cache = self.cache.borrow_mut();
        cache.make_room();
        cache.labels.insert(*label, found.is_some());
        Ok(found.is_some())
    }

    fn frozen_since(&self, tenant: TenantId, file: &FileKey) -> Result<Option<i64>, Error> {
        let values = file_values(tenant, file);
        self.one(sql::FROZEN, values, "frozen_file", |row| row.value())
    }

    fn applied(&self, tenant: TenantId, file: &FileKey) -> Result<Option<AppliedLabel>, Error> {
        let values = file_values(tenant, file);
        self.one(sql::APPLIED, values, "applied", |row| row.applied())
    }

    fn turns(&self, tenant: TenantId, file: &FileKey) -> Result<Option<Turns>, Error> {
        let values = file_values(tenant, file);
        self.one(sql::TURNS, values, "file_turns", |row| row.turns())
    }

    fn log(&self, filter: &LogFilter, after: u64, count: usize) -> Result<Vec<LogEntry>, Error> {
        let mut values = vec![number(integer(after)), page(count)];
        values.extend(filter.tenant.map(tenant_text));
        values.extend(filter.app.map(|app| number(app.0)));
        if let Some(file) = &filter.file {
            values.extend([number(file.app.0), number(file.instance), text(&file.file)]);
        }
        values.extend(filter.initiator.as_ref().map(text));
        values.extend(filter.from_ms.map(number));
        values.extend(filter.until_ms.map(number));
        self.all(&sql::log(filter), values, "log", |row| row.log_entry())
    }

    fn work(&self, id: WorkId) -> Result<Option<WorkItem>, Error> {
        self.one(sql::WORK, [number(integer(id.0))], "work", |row| row.work())
    }

    fn work_with_key(&self, kind: &WorkKind, key: &WorkKey) -> Result<Option<WorkItem>, Error> {
        let values = [text(kind), text(key)];
        self.one(sql::WORK_WITH_KEY, values, "work", |row| row.work())
    }

    fn ready_work(
        &self,
        kind: &WorkKind,
        now: i64,
        farthest: i64,
        count: usize,
    ) -> Result<Vec<WorkItem>, Error> {
        let lease = number(farthest_end(now, LEASE_MS_MAX));
        let values = [
            text(kind),
            number(now),
            page(count),
            number(farthest),
            lease,
        ];
        self.all(sql::READY_WORK, values, "work", |row| row.work())
    }

    fn dead_work(
        &self,
        kind: &WorkKind,
        after: WorkId,
        count: usize,
    ) -> Result<Vec<WorkItem>, Error> {
        let values = [text(kind), number(integer(after.0)), page(count)];
        self.all(sql::DEAD_WORK, values, "work", |row| row.work())
    }

    fn work_counts(&self, kind: &WorkKind) -> Result<WorkCounts, Error> {
        let read = |row: &mut Columns<'_>| {
            Ok(WorkCounts::new(row.number()?, row.number()?, row.number()?))
        };
        let counts = self.one(sql::WORK_COUNTS, [text(kind)], "work", read)?;
        Ok(counts.unwrap_or_default())
    }

    fn job_ran(&self, name: &JobName) -> Result<Option<i64>, Error> {
        self.one(sql::JOB_RAN, [text(name)], "job", |row| row.value())
    }

    fn opening(&self) -> Result<u64, Error> {
        self.counter("opening")
    }
}

impl RowsMut for SqliteRows<'_> {
    fn next_task_id(&mut self) -> Result<TaskId, Error> {
        let id = self.bump("task").map(TaskId)?;
        self.remember_pending(id, false);
        Ok(id)
    }

    fn put_task(&mut self, task: &Task) -> Result<(), Error> {
        self.count_pending(task.id, task.state.status() == Status::Pending)?;
        if self.execute(sql::CHANGE_TASK, changing_values(task))? == 0 {
            self.execute(sql::ADD_TASK, task_values(task))?;
        }
        Ok(())
    }

    fn put_off(
        &mut self,
        tenant: TenantId,
        app: AppId,
        action: CountedAction,
        which: Backlog,
        until: Option<i64>,
    ) -> Result<u64, Error> {
        let mut values = quota_values(tenant, app, action).to_vec();
        values.push(number_or_null(until));
        let statement = match which {
            Backlog::All => sql::PUT_OFF_ALL,
            Backlog::Due { now, by_hand } => {
                values.extend([number(now), number(by_hand)]);
                sql::PUT_OFF_DUE
            }
        };
        self.execute(statement, values)
    }

    fn remove_task(&mut self, id: TaskId) -> Result<(), Error> {
        self.count_pending(id, false)?;
        self.execute(sql::REMOVE_TASK, [number(integer(id.0))])
            .map(drop)
    }

    fn put_quota(
        &mut self,
        tenant: TenantId,
        app: AppId,
        action: CountedAction,
        quota: &Quota,
    ) -> Result<(), Error> {
        let (value, dirty) = (quota.clone(), true);
        self.keep_quota((tenant, app, action), Cached { value, dirty })
    }

    fn put_policy(
        &mut self,
        tenant: TenantId,
        policy: &PolicyId,
        state: PolicyState,
    ) -> Result<(), Error> {
        let values = [
            tenant_text(tenant),
            text(policy),
            number(policy_state_code(state)),
        ];
        self.execute(sql::PUT_POLICY, values)?;
        let mut cache = self.cache.borrow_mut();
        cache.policies.insert((tenant, policy.clone()), state);
        Ok(())
    }

    fn put_label_disabled(&mut self, label: &LabelKey, disabled: bool) -> Result<(), Error> {
        let statement = if disabled {
            sql::DISABLE_LABEL
        } else {
            sql::ENABLE_LABEL
        };
        self.execute(statement, [text(label)])?;
        self.cache.borrow_mut().labels.insert(*label, disabled);
        Ok(())
    }

    fn put_frozen(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        since_ms: Option<i64>,
    ) -> Result<(), Error> {
        let key = file_values(tenant, file);
        match since_ms {
            Some(since_ms) => {
                let values = key.into_iter().chain([number(since_ms)]);
                self.execute(sql::FREEZE, values).map(drop)
            }
            None => self.execute(sql::UNFREEZE, key).map(drop),
        }
    }

    fn put_applied(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        applied: Option<&AppliedLabel>,
    ) -> Result<(), Error> {
        let key = file_values(tenant, file);
        let Some(applied) = applied else {
            return self.execute(sql::FORGET_APPLIED, key).map(drop);
        };
        let row = [
            text(applied.label),
            text(&applied.version),
            text_or_empty(applied.policy.as_ref()),
            number(applied.at_ms),
            number(integer(applied.task.0)),
            number(integer(applied.known_up_to.0)),
        ];
        self.execute(sql::PUT_APPLIED, key.into_iter().chain(row))
            .map(drop)
    }

    fn put_turns(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        turns: Option<&Turns>,
    ) -> Result<(), Error> {
        let key = file_values(tenant, file);
        let Some(turns) = turns else {
            return self.execute(sql::FORGET_TURNS, key).map(drop);
        };
        let (policy, count) = (text(&turns.policy), number(turns.count));
        let row = [policy, count, number(turns.since_ms)];
        self.execute(sql::PUT_TURNS, key.into_iter().chain(row))
            .map(drop)
    }

    fn append_log(&mut self, entry: &LogEntry) -> Result<u64, Error> {
        let sequence = self.bump("log")?;
        self.execute(sql::APPEND_LOG, log_values(sequence, entry))?;
        Ok(sequence)
    }

    fn trim_log(&mut self, before_ms: i64, count: usize) -> Result<u64, Error> {
        let values = [number(before_ms), number(integer(count as u64))];
        self.execute(sql::TRIM_LOG, values)
    }

    fn next_work_id(&mut self) -> Result<WorkId, Error> {
        self.bump("work").map(WorkId)
    }

    fn put_work(&mut self, item: &WorkItem) -> Result<(), Error> {
        self.execute(sql::PUT_WORK, work_values(item)).map(drop)
    }

    fn remove_work(&mut self, id: WorkId) -> Result<(), Error> {
        self.execute(sql::REMOVE_WORK, [number(integer(id.0))])
            .map(drop)
    }

    fn put_job_ran(&mut self, name: &JobName, at_ms: i64) -> Result<(), Error> {
        let values = [text(name), number(at_ms)];
        self.execute(sql::PUT_JOB_RAN, values).map(drop)
    }

    fn begin_opening(&mut self) -> Result<u64, Error> {
        self.bump("opening")
    }
}
