//! The statements of an open store: run, with their values, and what is known kept beside.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::Path;

use label_core::{AppId, FileKey, TenantId};
use rusqlite::{CachedStatement, Connection, Statement};

use super::cache::{Cache, Cached, Indexed, QUOTAS_MAX, Sparse};
use super::columns::{Columns, Failure};
use super::values::{Value, file_values, integer, is_null, number, quota_values, state_bits, text};
use super::{sql, told};
use crate::error::Error;
use crate::quota::{CountedAction, DailyLimit, HalfDay, Quota};
use crate::state::StateKind;
use crate::store::{PAGE_COUNT_MAX, Rows};
use crate::task::{Task, TaskId};

/// The states of a task that is not over.
const PENDING_STATES: [StateKind; 5] = [
    StateKind::Queued,
    StateKind::Deferred,
    StateKind::Suspended,
    StateKind::Retrying,
    StateKind::Running,
];

/// The text of a statement.
pub(super) enum Sql {
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
    pub(super) cache: RefCell<Cache>,
    /// Whether a statement has failed: then nothing of the transaction may stay, whatever became of
    /// the error.
    has_failed: Cell<bool>,
    /// Statements that were used already: to find one again by its text takes as long as to bind its
    /// values.
    statements: RefCell<Vec<(&'static str, CachedStatement<'c>)>>,
}

impl<'c> SqliteRows<'c> {
    /// `cache` repeats what the file says.
    pub(super) fn new(connection: &'c Connection, path: &'c Path, cache: Cache) -> Self {
        Self {
            connection,
            path,
            cache: RefCell::new(cache),
            has_failed: Cell::new(false),
            statements: RefCell::default(),
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.get()
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

    /// A statement that was used before in this transaction. Few are, and the last ones most often.
    fn used(&self, text: &'static str) -> Option<CachedStatement<'c>> {
        let mut statements = self.statements.borrow_mut();
        let place = (statements.iter()).rposition(|(other, _)| std::ptr::eq(*other, text))?;
        Some(statements.swap_remove(place).1)
    }

    /// Does something with a statement that has its values.
    pub(super) fn with_statement<'v, T>(
        &self,
        sql: Sql,
        values: impl IntoIterator<Item = Value<'v>>,
        deed: impl FnOnce(&mut Statement<'_>) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        // After some failures SQLite takes the transaction back by itself: what came now would stay.
        if self.has_failed.get() {
            return Err(Error::TakenBack);
        }
        let run = || -> Result<T, Failure> {
            let fixed = match &sql {
                Sql::Fixed(text) => Some(*text),
                Sql::Made(_) => None,
            };
            let mut statement = match (fixed.and_then(|text| self.used(text)), &sql) {
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
            if let Some(text) = fixed {
                self.statements.borrow_mut().push((text, statement));
            }
            Ok(outcome)
        };
        run().map_err(|failure| self.failed(failure))
    }

    /// Nothing more is done in this transaction, and nothing of it stays.
    fn failed(&self, failure: Failure) -> Error {
        self.has_failed.set(true);
        told(self.path, failure)
    }

    /// All rows that a statement gives.
    pub(super) fn all<'v, T>(
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
    pub(super) fn one<'v, T>(
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

    pub(super) fn execute<'v>(
        &self,
        sql: &'static str,
        values: impl IntoIterator<Item = Value<'v>>,
    ) -> Result<u64, Error> {
        self.with_statement(Sql::Fixed(sql), values, |statement| {
            Ok(statement.raw_execute()? as u64)
        })
    }

    pub(super) fn counter(&self, name: &'static str) -> Result<u64, Error> {
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
            self.failed(failure)
        })?;
        let dirty = false;
        (self.cache.borrow_mut().counters).insert(name, Cached { value, dirty });
        Ok(value)
    }

    pub(super) fn set_counter(&self, name: &'static str, value: u64) {
        let dirty = true;
        (self.cache.borrow_mut().counters).insert(name, Cached { value, dirty });
    }

    pub(super) fn bump(&self, name: &'static str) -> Result<u64, Error> {
        let value = self.counter(name)?.saturating_add(1);
        self.set_counter(name, value);
        Ok(value)
    }

    /// What the indexes say of a task; `None` where there is none.
    pub(super) fn indexed(&self, id: TaskId) -> Result<Option<Indexed>, Error> {
        if let Some(known) = self.cache.borrow().tasks.get(&id) {
            return Ok(*known);
        }
        self.one(sql::INDEXED, [number(integer(id.0))], "task", |row| {
            row.indexed()
        })
    }

    /// Keeps the number of pending tasks in step with a task that is one or isn't from now on.
    pub(super) fn count_pending(&self, was_pending: bool, is_pending: bool) -> Result<(), Error> {
        if was_pending == is_pending {
            return Ok(());
        }
        let count = self.counter(PENDING)?;
        let count = if is_pending {
            count.checked_add(1)
        } else {
            count.checked_sub(1)
        };
        self.keep_count(PENDING, count)
    }

    /// Keeps the number of pieces of work in step with so many that are gone.
    pub(super) fn forget_pieces(&self, gone: u64) -> Result<(), Error> {
        if gone == 0 {
            return Ok(());
        }
        let count = self.counter(PIECES)?.checked_sub(gone);
        self.keep_count(PIECES, count)
    }

    fn keep_count(&self, name: &'static str, count: Option<u64>) -> Result<(), Error> {
        let count = count.ok_or_else(|| {
            let failure = Failure::Content {
                table: "counter",
                column: 2,
                what: format!("`{name}` is not the number of rows that it counts"),
            };
            self.failed(failure)
        })?;
        self.set_counter(name, count);
        Ok(())
    }

    pub(super) fn keep_quota(
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

    pub(super) fn read_quota(&self, values: [Value<'static>; 3]) -> Result<Quota, Error> {
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

    pub(super) fn write_quota(&self, key: [Value<'static>; 3], quota: &Quota) -> Result<(), Error> {
        let row = [number(quota.limit().0)];
        self.execute(sql::PUT_QUOTA, key.clone().into_iter().chain(row))?;
        let read = |columns: &mut Columns<'_>| columns.value::<i64>();
        let known = self.all(sql::QUOTA_HALVES, key.clone(), "quota_half", read)?;
        let halves: BTreeSet<i64> = quota.halves().map(|(half, _)| half.0).collect();
        for gone in known.iter().filter(|half| !halves.contains(half)) {
            let row = key.clone().into_iter().chain([number(*gone)]);
            self.execute(sql::FORGET_QUOTA_HALF, row)?;
        }
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

    pub(super) fn tasks_of(
        &self,
        sql: impl Into<Sql>,
        values: Vec<Value<'_>>,
    ) -> Result<Vec<Task>, Error> {
        let tasks = self.all(sql, values, "task", |row| row.task())?;
        self.keep_indexed(&tasks);
        Ok(tasks)
    }

    pub(super) fn keep_indexed(&self, tasks: &[Task]) {
        let mut cache = self.cache.borrow_mut();
        for task in tasks {
            cache.tasks.insert(task.id, Some(Indexed::of(task)));
        }
    }

    /// A page of the queue.
    pub(super) fn queue(
        &self,
        sql: &'static str,
        values: Vec<Value<'_>>,
    ) -> Result<Vec<Task>, Error> {
        let tasks = self.tasks_of(sql, values)?;
        let mut cache = self.cache.borrow_mut();
        tasks.iter().for_each(|task| cache.keep_queued(task));
        Ok(tasks)
    }

    /// The tasks of a file in some states: what every step of a task asks. Most files have one task
    /// that is pending.
    pub(super) fn tasks_of_file(
        &self,
        tenant: TenantId,
        file: &FileKey,
        states: &[StateKind],
        after: TaskId,
        count: usize,
    ) -> Result<Vec<Task>, Error> {
        let count = count.min(PAGE_COUNT_MAX);
        let ask = |states: &[StateKind]| {
            let mut values = vec![number(integer(after.0)), number(state_bits(states))];
            values.extend(file_values(tenant, file));
            self.lowest(Sql::Fixed(sql::TASKS_OF_FILE), values, count)
        };
        let are_pending = states.iter().all(|state| PENDING_STATES.contains(state));
        if states.is_empty() || !are_pending || count < 2 {
            return ask(states);
        }
        let key = (tenant, file.clone());
        let sole = self.cache.borrow().sole.get(&key).copied();
        let mut found: Vec<Task> = match sole {
            Some(id) => {
                // It may be over by now: then the file has none.
                let state = self.indexed(id)?.map(|indexed| indexed.state);
                if id <= after || !state.is_some_and(|state| states.contains(&state)) {
                    return Ok(Vec::new());
                }
                self.task(id)?.into_iter().collect()
            }
            None => {
                let found = ask(&PENDING_STATES)?;
                if found.len() >= count {
                    // There may be more, and these may be in other states.
                    return ask(states);
                }
                if let ([sole], TaskId(0)) = (found.as_slice(), after) {
                    self.cache.borrow_mut().sole.insert(key, sole.id);
                }
                found
            }
        };
        found.retain(|task| states.contains(&task.state_kind()));
        Ok(found)
    }

    /// The tasks with the lowest numbers of those that a statement gives in any order, by rising
    /// number.
    ///
    /// SQLite would sort them in a table of its own, and to make one takes longer than all the rest
    /// where they are few.
    pub(super) fn lowest(
        &self,
        sql: Sql,
        values: Vec<Value<'_>>,
        count: usize,
    ) -> Result<Vec<Task>, Error> {
        let found = self.with_statement(sql, values, |statement| {
            let mut found: Vec<Task> = Vec::new();
            if count == 0 {
                return Ok(found);
            }
            let mut rows = statement.raw_query();
            let mut highest = TaskId(u64::MAX);
            // At most twice as many as are wanted are kept at a time.
            while let Some(row) = rows.next()? {
                let id = Columns::new(row, "task").number().map(TaskId)?;
                if id > highest {
                    continue;
                }
                let known = self.cache.borrow().whole.get(&id).cloned();
                found.push(match known {
                    Some(task) => task,
                    None => Columns::new(row, "task").task()?,
                });
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
    pub(super) fn has_rows(&self, table: Sparse) -> Result<bool, Error> {
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
pub(super) const PENDING: &str = "pending";

/// The counter of the pieces of work.
pub(super) const PIECES: &str = "pieces";
