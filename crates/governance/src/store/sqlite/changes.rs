//! Writing an open store: one method of the trait, one or two statements.

use label_core::{AppId, FileKey, LabelKey, PolicyId, TenantId};

use super::cache::{Cached, Indexed, Sparse};
use super::sql;
use super::statements::{PIECES, SqliteRows};
use super::values::{
    changing_values, file_values, integer, log_values, number, number_or_null, policy_state_code,
    policy_text, quota_values, task_values, text, work_values, written,
};
use crate::error::Error;
use crate::jobs::JobName;
use crate::ledger::{AppliedLabel, Turns};
use crate::log::LogEntry;
use crate::quota::{CountedAction, DayReading, Quota};
use crate::store::{Backlog, PolicyState, RowsMut};
use crate::task::{Task, TaskId};
use crate::work::{WorkId, WorkItem};

impl RowsMut for SqliteRows<'_> {
    fn next_task_id(&mut self) -> Result<TaskId, Error> {
        let id = self.bump("task").map(TaskId)?;
        let mut cache = self.cache.borrow_mut();
        if cache.tasks.get(&id).is_none() {
            cache.tasks.insert(id, None);
        }
        drop(cache);
        Ok(id)
    }

    fn put_task(&mut self, task: &Task) -> Result<(), Error> {
        let (before, after) = (self.indexed(task.id)?, Indexed::of(task));
        let was_pending = before.is_some_and(Indexed::is_pending);
        self.count_pending(was_pending, after.is_pending())?;
        match before {
            None => self.execute(sql::ADD_TASK, task_values(task))?,
            // SQLite takes all entries of an index out and puts them in again where a column of its
            // own is named, even if it stays as it is.
            Some(before) if before == after => {
                self.execute(sql::CHANGE_TASK_IN_PLACE, changing_values(task))?
            }
            Some(_) => self.execute(sql::CHANGE_TASK, changing_values(task))?,
        };
        self.cache.borrow_mut().keep_written(task, was_pending);
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
        // Those kept whole are queued or run.
        self.cache.borrow_mut().tasks.clear();
        self.execute(statement, values)
    }

    fn remove_task(&mut self, id: TaskId) -> Result<(), Error> {
        let was_pending = self.indexed(id)?.is_some_and(Indexed::is_pending);
        self.count_pending(was_pending, false)?;
        self.execute(sql::REMOVE_TASK, [number(integer(id.0))])?;
        self.cache.borrow_mut().forget_task(id);
        Ok(())
    }

    fn put_quota(
        &mut self,
        tenant: TenantId,
        app: AppId,
        action: CountedAction,
        quota: &Quota,
    ) -> Result<(), Error> {
        // How days are read is no part of what is stored.
        let value = quota.clone().read_by(DayReading::default());
        let dirty = true;
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
        let mut changed = self.execute(sql::CHANGE_WORK, work_values(item))?;
        if changed == 0 {
            changed = self.execute(sql::ADD_WORK, work_values(item))?;
            let pieces = self.counter(PIECES)?.saturating_add(changed);
            self.set_counter(PIECES, pieces);
        }
        Ok(())
    }

    fn remove_work(&mut self, id: WorkId) -> Result<(), Error> {
        let removed = self.execute(sql::REMOVE_WORK, [number(integer(id.0))])?;
        self.forget_pieces(removed)
    }

    fn trim_dead_work(&mut self, before_ms: i64, count: usize) -> Result<u64, Error> {
        let values = [number(before_ms), number(integer(count as u64))];
        let removed = self.execute(sql::TRIM_DEAD_WORK, values)?;
        self.forget_pieces(removed)?;
        Ok(removed)
    }

    fn put_job_ran(&mut self, name: &JobName, at_ms: i64) -> Result<(), Error> {
        let values = [text(name.as_str()), number(at_ms)];
        self.execute(sql::PUT_JOB_RAN, values).map(drop)
    }

    fn begin_opening(&mut self) -> Result<u64, Error> {
        self.bump("opening")
    }
}
