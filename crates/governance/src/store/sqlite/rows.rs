//! The rows of an open store: one method of the trait, one or two statements.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use label_core::{AppId, FileKey, LabelKey, PolicyId, TenantId};
use rusqlite::{CachedStatement, Connection, Statement};

use super::cache::{Cache, Cached, Indexed, QUOTAS_MAX, Sparse};
use super::columns::{Columns, Failure};
use super::values::{
    Value, changing_values, file_values, integer, is_null, key_values, log_values, number,
    number_or_null, policy_state_code, policy_text, quota_values, state_bits, task_values, text,
    work_values, written,
};
use super::{sql, told};
use crate::error::Error;
use crate::jobs::JobName;
use crate::ledger::{AppliedLabel, Turns};
use crate::log::LogEntry;
use crate::quota::{CountedAction, DailyLimit, HalfDay, Quota};
use crate::state::{Counts, StateKind};
use crate::store::{
    Backlog, DUE_TIMES_MAX, LogFilter, PAGE_COUNT_MAX, PolicyState, Rows, RowsMut, TaskFilter,
    WAITING_COUNT_MAX, Waiting,
};
use crate::task::{LEASE_MS_MAX, QueuePlace, Task, TaskId, TaskKey, farthest_end};
use crate::work::{WorkCounts, WorkId, WorkItem, WorkKey, WorkKind};

/// The text of a statement.
enum Sql {
    /// One of `sql`, known by where it stands.
    Fixed(&'static str),
    /// Made for a filter.
    Made(String),
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self::Fixed(text)
    }
}

/// A connection inside a transaction.
pub(super) struct SqliteRows<'c> {
    connection: &'c Connection,
    path: &'c Path,
    cache: RefCell<Cache>,
    /// Statements that were used already: to find one again by its text takes as long as to bind its
    /// values.
    statements: RefCell<HashMap<*const u8, CachedStatement<'c>>>,
}

impl<'c> SqliteRows<'c> {
    /// `cache` repeats what the file says.
    pub(super) fn new(connection: &'c Connection, path: &'c Path, cache: Cache) -> Self {
        Self {
            connection,
            path,
            cache: RefCell::new(cache),
            statements: RefCell::default(),
        }
    }

    /// What repeats the file when the transaction has ended well.
    pub(super) fn into_cache(self) -> Cache {
        self.cache.into_inner()
    }

    /// Writes what is only kept here so far: to be called before the transaction ends.
    pub(super) fn flush(&self) -> Result<(), Error> {
        let (mut counters, mut quotas) = (Vec::new(), Vec::new());
        let mut cache = self.cache.borrow_mut();
        for (name, counter) in &mut cache.counters {
            if std::mem::take(&mut counter.dirty) {
                counters.push((*name, counter.value));
            }
        }
        for (key, quota) in &mut cache.quotas {
            if std::mem::take(&mut quota.dirty) {
                quotas.push((*key, quota.value.clone()));
            }
        }
        drop(cache);
        for (name, value) in counters {
            self.execute(sql::WRITE_COUNTER, [text(name), number(integer(value))])?;
        }
        for ((tenant, app, action), quota) in quotas {
            self.write_quota(quota_values(tenant, app, action), &quota)?;
        }
        Ok(())
    }

    /// Does something with a statement that has its values.
    fn with_statement<'v, T>(
        &self,
        sql: Sql,
        values: impl IntoIterator<Item = Value<'v>>,
        deed: impl FnOnce(&mut Statement<'_>) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        let run = || -> Result<T, Failure> {
            let place = match &sql {
                Sql::Fixed(text) => Some(text.as_ptr()),
                Sql::Made(_) => None,
            };
            let known = place.and_then(|place| self.statements.borrow_mut().remove(&place));
            let mut statement = match (known, &sql) {
                (Some(statement), _) => statement,
                (None, Sql::Fixed(text)) => self.connection.prepare_cached(text)?,
                (None, Sql::Made(text)) => self.connection.prepare_cached(text)?,
            };
            statement.clear_bindings();
            for (place, value) in (1..).zip(values) {
                // What isn't bound is null.
                if !is_null(&value) {
                    statement.raw_bind_parameter(place, value)?;
                }
            }
            let outcome = deed(&mut statement)?;
            if let Some(place) = place {
                self.statements.borrow_mut().insert(place, statement);
            }
            Ok(outcome)
        };
        run().map_err(|failure| told(self.path, failure))
    }

    /// All rows that a statement gives.
    fn all<'v, T>(
        &self,
        sql: impl Into<Sql>,
        values: impl IntoIterator<Item = Value<'v>>,
        table: &'static str,
        read: impl Fn(&mut Columns<'_>) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Error> {
        self.with_statement(sql.into(), values, |statement| {
            let mut rows = statement.raw_query();
            let mut found = Vec::new();
            // Every statement has a LIMIT or a key, so the number of rows is bounded.
            while let Some(row) = rows.next()? {
                found.push(read(&mut Columns::new(row, table))?);
            }
            Ok(found)
        })
    }

    /// The row that a statement gives, if it gives one.
    fn one<'v, T>(
        &self,
        sql: &'static str,
        values: impl IntoIterator<Item = Value<'v>>,
        table: &'static str,
        read: impl Fn(&mut Columns<'_>) -> Result<T, Failure>,
    ) -> Result<Option<T>, Error> {
        self.with_statement(Sql::Fixed(sql), values, |statement| {
            let mut rows = statement.raw_query();
            let row = rows.next()?;
            row.map(|row| read(&mut Columns::new(row, table)))
                .transpose()
        })
    }

    fn execute<'v>(
        &self,
        sql: &'static str,
        values: impl IntoIterator<Item = Value<'v>>,
    ) -> Result<u64, Error> {
        self.with_statement(Sql::Fixed(sql), values, |statement| {
            Ok(statement.raw_execute()? as u64)
        })
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

    /// What the indexes say of a task; `None` where there is none.
    fn indexed(&self, id: TaskId) -> Result<Option<Indexed>, Error> {
        if let Some(known) = self.cache.borrow().tasks.get(&id) {
            return Ok(*known);
        }
        self.one(sql::INDEXED, [number(integer(id.0))], "task", |row| {
            row.indexed()
        })
    }

    /// Keeps the number of pending tasks in step with a task that is one or isn't from now on.
    fn count_pending(&self, was_pending: bool, is_pending: bool) -> Result<(), Error> {
        if was_pending == is_pending {
            return Ok(());
        }
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
        Ok(())
    }

    fn keep_quota(
        &self,
        key: (TenantId, AppId, CountedAction),
        quota: Cached<Quota>,
    ) -> Result<(), Error> {
        if self.cache.borrow().quotas.len() >= QUOTAS_MAX {
            self.flush()?;
            self.cache.borrow_mut().quotas.clear();
        }
        self.cache.borrow_mut().quotas.insert(key, quota);
        Ok(())
    }

    fn read_quota(&self, values: [Value<'static>; 3]) -> Result<Quota, Error> {
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

    fn write_quota(&self, key: [Value<'static>; 3], quota: &Quota) -> Result<(), Error> {
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

    fn tasks_of(&self, sql: impl Into<Sql>, values: Vec<Value<'_>>) -> Result<Vec<Task>, Error> {
        let tasks = self.all(sql, values, "task", |row| row.task())?;
        self.keep_indexed(&tasks);
        Ok(tasks)
    }

    fn keep_indexed(&self, tasks: &[Task]) {
        let mut cache = self.cache.borrow_mut();
        for task in tasks {
            cache.tasks.insert(task.id, Some(Indexed::of(task)));
        }
    }

    /// The tasks with the lowest numbers of those that a statement gives in any order, by rising
    /// number.
    ///
    /// SQLite would sort them in a table of its own, and to make one takes longer than all the rest
    /// where they are few.
    fn lowest(&self, sql: Sql, values: Vec<Value<'_>>, count: usize) -> Result<Vec<Task>, Error> {
        let found = self.with_statement(sql, values, |statement| {
            let mut rows = statement.raw_query();
            let mut found: Vec<Task> = Vec::new();
            let mut highest = TaskId(u64::MAX);
            // At most twice as many as are wanted are kept at a time.
            while let Some(row) = rows.next()? {
                if Columns::new(row, "task").number().map(TaskId)? > highest {
                    continue;
                }
                found.push(Columns::new(row, "task").task()?);
                if found.len() >= count.saturating_mul(2) {
                    found.sort_unstable_by_key(|task| task.id);
                    found.truncate(count);
                    highest = found.last().map_or(highest, |task| task.id);
                }
            }
            found.sort_unstable_by_key(|task| task.id);
            found.truncate(count);
            Ok(found)
        })?;
        self.keep_indexed(&found);
        Ok(found)
    }

    /// Whether a table that seldom has rows has any.
    fn has_rows(&self, table: Sparse) -> Result<bool, Error> {
        if let Some(known) = self.cache.borrow().has_rows.get(&table) {
            return Ok(*known);
        }
        let (statement, name) = match table {
            Sparse::FrozenFile => (sql::ANY_FROZEN, "frozen_file"),
            Sparse::FileTurns => (sql::ANY_TURNS, "file_turns"),
        };
        let known = self.one(statement, [], name, |row| row.flag())?;
        let known = known.unwrap_or(true);
        self.cache.borrow_mut().has_rows.insert(table, known);
        Ok(known)
    }
}

/// The counter of the tasks that are pending.
const PENDING: &str = "pending";

fn page(count: usize) -> Value<'static> {
    number(integer(count.min(PAGE_COUNT_MAX) as u64))
}

impl Rows for SqliteRows<'_> {
    fn task(&self, id: TaskId) -> Result<Option<Task>, Error> {
        if let Some(task) = self.cache.borrow().running.get(&id) {
            return Ok(Some(task.clone()));
        }
        let found = self.tasks_of(sql::TASK, vec![number(integer(id.0))])?;
        Ok(found.into_iter().next())
    }

    fn task_with_key(&self, key: &TaskKey) -> Result<Option<TaskId>, Error> {
        let read = |row: &mut Columns<'_>| {
            let (open, last) = (row.number_or_null()?, row.number_or_null()?);
            Ok(open.or(last).map(TaskId))
        };
        let found = self.one(sql::TASK_WITH_KEY, key_values(key), "task", read)?;
        Ok(found.flatten())
    }

    fn tasks(&self, filter: &TaskFilter, after: TaskId, count: usize) -> Result<Vec<Task>, Error> {
        if let Some((tenant, file)) = filter.of_file_only() {
            let mut values = vec![number(integer(after.0)), number(state_bits(&filter.states))];
            values.extend(file_values(tenant, file));
            let sql = Sql::Fixed(sql::TASKS_OF_FILE);
            return self.lowest(sql, values, count.min(PAGE_COUNT_MAX));
        }
        let mut values = vec![number(integer(after.0)), page(count)];
        values.extend(filter.tenant.map(written));
        values.extend(filter.app.map(|app| number(app.0)));
        if let Some(file) = &filter.file {
            values.extend([
                number(file.app.0),
                number(file.instance),
                text(file.file.as_str()),
            ]);
        }
        values.extend(filter.policy.as_ref().map(|policy| text(policy.as_str())));
        values.extend(filter.label.map(written));
        let sql = Sql::Made(sql::tasks(filter));
        if filter.file.is_some() {
            return self.lowest(sql, values, count.min(PAGE_COUNT_MAX));
        }
        self.tasks_of(sql, values)
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
            written(tenant),
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
        let values = [written(tenant), number(app.0)];
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
        let values = [written(tenant), text(policy.as_str())];
        let state = self.one(sql::POLICY, values, "policy", |row| row.policy_state())?;
        let state = state.unwrap_or_default();
        self.cache.borrow_mut().policies.insert(key, state);
        Ok(state)
    }

    fn is_label_disabled(&self, label: &LabelKey) -> Result<bool, Error> {
        if let Some(disabled) = self.cache.borrow().labels.get(label) {
            return Ok(*disabled);
        }
        let read = |_: &mut Columns<'_>| Ok(());
        let found = self.one(
            sql::LABEL_DISABLED,
            [written(label)],
            "disabled_label",
            read,
        )?;
        let is_disabled = found.is_some();
        self.cache.borrow_mut().labels.insert(*label, is_disabled);
        Ok(is_disabled)
    }

    fn frozen_since(&self, tenant: TenantId, file: &FileKey) -> Result<Option<i64>, Error> {
        if !self.has_rows(Sparse::FrozenFile)? {
            return Ok(None);
        }
        let values = file_values(tenant, file);
        self.one(sql::FROZEN, values, "frozen_file", |row| row.value())
    }

    fn applied(&self, tenant: TenantId, file: &FileKey) -> Result<Option<AppliedLabel>, Error> {
        let key = (tenant, file.clone());
        if let Some(applied) = self.cache.borrow().applied.get(&key) {
            return Ok(applied.clone());
        }
        let values = file_values(tenant, file);
        let applied = self.one(sql::APPLIED, values, "applied", |row| row.applied())?;
        let kept = applied.clone();
        self.cache.borrow_mut().applied.insert(key, kept);
        Ok(applied)
    }

    fn turns(&self, tenant: TenantId, file: &FileKey) -> Result<Option<Turns>, Error> {
        if !self.has_rows(Sparse::FileTurns)? {
            return Ok(None);
        }
        let values = file_values(tenant, file);
        self.one(sql::TURNS, values, "file_turns", |row| row.turns())
    }

    fn log(&self, filter: &LogFilter, after: u64, count: usize) -> Result<Vec<LogEntry>, Error> {
        let mut values = vec![number(integer(after)), page(count)];
        values.extend(filter.tenant.map(written));
        values.extend(filter.app.map(|app| number(app.0)));
        if let Some(file) = &filter.file {
            values.extend([
                number(file.app.0),
                number(file.instance),
                text(file.file.as_str()),
            ]);
        }
        values.extend(filter.initiator.as_ref().map(|by| text(by.as_str())));
        values.extend(filter.from_ms.map(number));
        values.extend(filter.until_ms.map(number));
        self.all(Sql::Made(sql::log(filter)), values, "log", |row| {
            row.log_entry()
        })
    }

    fn work(&self, id: WorkId) -> Result<Option<WorkItem>, Error> {
        self.one(sql::WORK, [number(integer(id.0))], "work", |row| row.work())
    }

    fn work_with_key(&self, kind: &WorkKind, key: &WorkKey) -> Result<Option<WorkItem>, Error> {
        let values = [text(kind.as_str()), text(key.as_str())];
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
            text(kind.as_str()),
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
        let values = [text(kind.as_str()), number(integer(after.0)), page(count)];
        self.all(sql::DEAD_WORK, values, "work", |row| row.work())
    }

    fn work_counts(&self, kind: &WorkKind) -> Result<WorkCounts, Error> {
        let read = |row: &mut Columns<'_>| {
            Ok(WorkCounts::new(row.number()?, row.number()?, row.number()?))
        };
        let counts = self.one(sql::WORK_COUNTS, [text(kind.as_str())], "work", read)?;
        Ok(counts.unwrap_or_default())
    }

    fn job_ran(&self, name: &JobName) -> Result<Option<i64>, Error> {
        self.one(sql::JOB_RAN, [text(name.as_str())], "job", |row| {
            row.value()
        })
    }

    fn opening(&self) -> Result<u64, Error> {
        self.counter("opening")
    }
}

impl RowsMut for SqliteRows<'_> {
    fn next_task_id(&mut self) -> Result<TaskId, Error> {
        let id = self.bump("task").map(TaskId)?;
        self.cache.borrow_mut().tasks.insert(id, None);
        Ok(id)
    }

    fn put_task(&mut self, task: &Task) -> Result<(), Error> {
        let (before, after) = (self.indexed(task.id)?, Indexed::of(task));
        self.count_pending(before.is_some_and(Indexed::is_pending), after.is_pending())?;
        match before {
            None => self.execute(sql::ADD_TASK, task_values(task))?,
            // SQLite takes all entries of an index out and puts them in again where a column of its
            // own is named, even if it stays as it is.
            Some(before) if before == after => {
                self.execute(sql::CHANGE_TASK_IN_PLACE, changing_values(task))?
            }
            Some(_) => self.execute(sql::CHANGE_TASK, changing_values(task))?,
        };
        self.cache.borrow_mut().keep_task(task);
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
        self.cache.borrow_mut().forget_tasks();
        self.execute(statement, values)
    }

    fn remove_task(&mut self, id: TaskId) -> Result<(), Error> {
        let was_pending = self.indexed(id)?.is_some_and(Indexed::is_pending);
        self.count_pending(was_pending, false)?;
        self.execute(sql::REMOVE_TASK, [number(integer(id.0))])?;
        let mut cache = self.cache.borrow_mut();
        cache.tasks.remove(&id);
        cache.running.remove(&id);
        Ok(())
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
            written(tenant),
            text(policy.as_str()),
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
        self.execute(statement, [written(label)])?;
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
                let mut cache = self.cache.borrow_mut();
                cache.has_rows.insert(Sparse::FrozenFile, true);
                drop(cache);
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
        let mut cache = self.cache.borrow_mut();
        (cache.applied).insert((tenant, file.clone()), applied.cloned());
        drop(cache);
        let Some(applied) = applied else {
            return self.execute(sql::FORGET_APPLIED, key).map(drop);
        };
        let row = [
            written(applied.label),
            text(applied.version.as_str()),
            policy_text(applied.policy.as_ref()),
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
        let mut cache = self.cache.borrow_mut();
        cache.has_rows.insert(Sparse::FileTurns, true);
        drop(cache);
        let (policy, count) = (text(turns.policy.as_str()), number(turns.count));
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
        let values = [text(name.as_str()), number(at_ms)];
        self.execute(sql::PUT_JOB_RAN, values).map(drop)
    }

    fn begin_opening(&mut self) -> Result<u64, Error> {
        self.bump("opening")
    }
}
