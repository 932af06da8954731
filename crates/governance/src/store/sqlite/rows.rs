//! Reading an open store: one method of the trait, one or two statements.

use label_core::{AppId, FileKey, LabelKey, PolicyId, TenantId};

use super::cache::{Cached, Sparse};
use super::columns::Columns;
use super::sql;
use super::statements::{PENDING, PIECES, Sql, SqliteRows};
use super::values::{Value, file_values, integer, key_values, number, quota_values, text, written};
use crate::custody::{LEASE_MS_MAX, farthest_end};
use crate::error::Error;
use crate::jobs::JobName;
use crate::ledger::{AppliedLabel, Turns};
use crate::log::LogEntry;
use crate::quota::{CountedAction, Quota};
use crate::state::{Counts, StateKind};
use crate::store::{
    DUE_TIMES_MAX, LogFilter, PAGE_COUNT_MAX, PolicyState, Rows, TaskFilter, WAITING_COUNT_MAX,
    Waiting,
};
use crate::task::{QueuePlace, Task, TaskId, TaskKey};
use crate::work::{WorkCounts, WorkId, WorkItem, WorkKey, WorkKind};

fn page(count: usize) -> Value<'static> {
    number(integer(count.min(PAGE_COUNT_MAX) as u64))
}

impl Rows for SqliteRows<'_> {
    fn task(&self, id: TaskId) -> Result<Option<Task>, Error> {
        if let Some(task) = self.cache.borrow().whole.get(&id) {
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
            return self.tasks_of_file(tenant, file, &filter.states, after, count);
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
            return self.queue(sql::QUEUED, vec![page(count)]);
        };
        let values = vec![
            page(count),
            number(place.automatic),
            number(-i64::from(place.label_priority.0)),
            number(integer(place.id.0)),
        ];
        self.queue(sql::QUEUED_AFTER, values)
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
            number(integer(self.opening()?)),
        ];
        self.all(sql::READY_WORK, values, "work", |row| row.work())
    }

    fn is_work_ready(&self, now: i64, farthest: i64) -> Result<bool, Error> {
        let values = [
            number(now),
            number(farthest),
            number(farthest_end(now, LEASE_MS_MAX)),
            number(integer(self.opening()?)),
        ];
        let found = self.one(sql::IS_WORK_READY, values, "work", |row| row.flag())?;
        Ok(found.unwrap_or_default())
    }

    fn next_work(&self, after: i64) -> Result<Option<i64>, Error> {
        let mut first = None;
        for tried in [false, true] {
            let at = self.one(
                sql::NEXT_WORK,
                [number(tried), number(after)],
                "work",
                |row| row.value(),
            )?;
            first = first.into_iter().chain(at.flatten()).min();
        }
        Ok(first)
    }

    fn pieces(&self) -> Result<u64, Error> {
        self.counter(PIECES)
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
