//! A store that fails when it is told to.

use std::cell::Cell;
use std::rc::Rc;

use governance::jobs::JobName;
use governance::store::{
    Backlog, LogFilter, Look, MemoryStore, PolicyState, Rows, RowsMut, Store, TaskFilter, Waiting,
    Work,
};
use governance::work::{WorkCounts, WorkId, WorkItem, WorkKey, WorkKind};
use governance::{
    AppliedLabel, CountedAction, Counts, Error, LogEntry, QueuePlace, Task, TaskId, TaskKey, Turns,
    quota::Quota,
};
use label_core::{AppId, FileKey, LabelKey, PolicyId, TenantId};

/// Fails when the number of operations left reaches zero; does nothing while there is none.
#[derive(Clone, Default)]
pub(crate) struct Fuse(pub(crate) Rc<Cell<Option<u32>>>, pub(crate) Rc<Cell<bool>>);

impl Fuse {
    fn burn(&self) -> Result<(), Error> {
        match self.0.get() {
            None => Ok(()),
            Some(0) => Err(Error::unavailable("disk", "full")),
            Some(left) => {
                self.0.set(Some(left - 1));
                Ok(())
            }
        }
    }
}

/// A store in memory that fails when its fuse has burnt down. The second flag of the fuse makes it
/// lose the answer of the next change instead: the change is made, and reported as failed.
#[derive(Clone)]
pub(crate) struct Failing {
    pub(crate) inner: MemoryStore,
    pub(crate) fuse: Fuse,
}

impl Store for Failing {
    fn transact(&mut self, work: &mut Work<'_>) -> Result<(), Error> {
        let fuse = &self.fuse;
        self.inner.transact(&mut |rows| {
            work(&mut FailingRows { rows, fuse })?;
            // The commit itself may fail, too.
            fuse.burn()
        })?;
        if fuse.1.replace(false) {
            return Err(Error::unavailable("answer", "lost"));
        }
        Ok(())
    }

    fn view(&self, look: &mut Look<'_>) -> Result<(), Error> {
        self.fuse.burn()?;
        self.inner.view(look)
    }
}

struct FailingRows<'r> {
    rows: &'r mut dyn RowsMut,
    fuse: &'r Fuse,
}

impl Rows for FailingRows<'_> {
    fn task(&self, id: TaskId) -> Result<Option<Task>, Error> {
        self.fuse.burn()?;
        self.rows.task(id)
    }
    fn task_with_key(&self, key: &TaskKey) -> Result<Option<TaskId>, Error> {
        self.fuse.burn()?;
        self.rows.task_with_key(key)
    }
    fn tasks(&self, filter: &TaskFilter, after: TaskId, count: usize) -> Result<Vec<Task>, Error> {
        self.fuse.burn()?;
        self.rows.tasks(filter, after, count)
    }
    fn queued(&self, after: Option<QueuePlace>, count: usize) -> Result<Vec<Task>, Error> {
        self.fuse.burn()?;
        self.rows.queued(after, count)
    }
    fn retries_due(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.fuse.burn()?;
        self.rows.retries_due(now, count)
    }
    fn deferred_due(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.fuse.burn()?;
        self.rows.deferred_due(now, count)
    }
    fn retries_beyond(&self, at: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.fuse.burn()?;
        self.rows.retries_beyond(at, count)
    }
    fn leases_beyond(&self, at: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.fuse.burn()?;
        self.rows.leases_beyond(at, count)
    }
    fn deferred_beyond(&self, at: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.fuse.burn()?;
        self.rows.deferred_beyond(at, count)
    }
    fn next_due(&self) -> Result<Option<i64>, Error> {
        self.fuse.burn()?;
        self.rows.next_due()
    }
    fn lease_ended(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.fuse.burn()?;
        self.rows.lease_ended(now, count)
    }
    fn next_lease_end(&self) -> Result<Option<i64>, Error> {
        self.fuse.burn()?;
        self.rows.next_lease_end()
    }
    fn is_label_disabled(&self, label: &LabelKey) -> Result<bool, Error> {
        self.fuse.burn()?;
        self.rows.is_label_disabled(label)
    }
    fn frozen_since(&self, tenant: TenantId, file: &FileKey) -> Result<Option<i64>, Error> {
        self.fuse.burn()?;
        self.rows.frozen_since(tenant, file)
    }
    fn waiting(
        &self,
        tenant: TenantId,
        app: AppId,
        after: Option<QueuePlace>,
        count: usize,
    ) -> Result<Vec<Waiting>, Error> {
        self.fuse.burn()?;
        self.rows.waiting(tenant, app, after, count)
    }
    fn pending(&self) -> Result<u64, Error> {
        self.fuse.burn()?;
        self.rows.pending()
    }
    fn counts(&self, tenant: TenantId, app: AppId) -> Result<Counts, Error> {
        self.fuse.burn()?;
        self.rows.counts(tenant, app)
    }
    fn last_task_id(&self) -> Result<TaskId, Error> {
        self.fuse.burn()?;
        self.rows.last_task_id()
    }
    fn quota(&self, tenant: TenantId, app: AppId, action: CountedAction) -> Result<Quota, Error> {
        self.fuse.burn()?;
        self.rows.quota(tenant, app, action)
    }
    fn policy(&self, tenant: TenantId, policy: &PolicyId) -> Result<PolicyState, Error> {
        self.fuse.burn()?;
        self.rows.policy(tenant, policy)
    }
    fn applied(&self, tenant: TenantId, file: &FileKey) -> Result<Option<AppliedLabel>, Error> {
        self.fuse.burn()?;
        self.rows.applied(tenant, file)
    }
    fn turns(&self, tenant: TenantId, file: &FileKey) -> Result<Option<Turns>, Error> {
        self.fuse.burn()?;
        self.rows.turns(tenant, file)
    }
    fn log(&self, filter: &LogFilter, after: u64, count: usize) -> Result<Vec<LogEntry>, Error> {
        self.fuse.burn()?;
        self.rows.log(filter, after, count)
    }
    fn work(&self, id: WorkId) -> Result<Option<WorkItem>, Error> {
        self.fuse.burn()?;
        self.rows.work(id)
    }
    fn work_with_key(&self, kind: &WorkKind, key: &WorkKey) -> Result<Option<WorkItem>, Error> {
        self.fuse.burn()?;
        self.rows.work_with_key(kind, key)
    }
    fn ready_work(
        &self,
        kind: &WorkKind,
        now: i64,
        farthest: i64,
        count: usize,
    ) -> Result<Vec<WorkItem>, Error> {
        self.fuse.burn()?;
        self.rows.ready_work(kind, now, farthest, count)
    }
    fn is_work_ready(&self, now: i64, farthest: i64) -> Result<bool, Error> {
        self.fuse.burn()?;
        self.rows.is_work_ready(now, farthest)
    }
    fn next_work(&self, after: i64) -> Result<Option<i64>, Error> {
        self.fuse.burn()?;
        self.rows.next_work(after)
    }
    fn pieces(&self) -> Result<u64, Error> {
        self.fuse.burn()?;
        self.rows.pieces()
    }
    fn dead_work(
        &self,
        kind: &WorkKind,
        after: WorkId,
        count: usize,
    ) -> Result<Vec<WorkItem>, Error> {
        self.fuse.burn()?;
        self.rows.dead_work(kind, after, count)
    }
    fn work_counts(&self, kind: &WorkKind) -> Result<WorkCounts, Error> {
        self.fuse.burn()?;
        self.rows.work_counts(kind)
    }
    fn job_ran(&self, name: &JobName) -> Result<Option<i64>, Error> {
        self.fuse.burn()?;
        self.rows.job_ran(name)
    }
    fn opening(&self) -> Result<u64, Error> {
        self.fuse.burn()?;
        self.rows.opening()
    }
}

impl RowsMut for FailingRows<'_> {
    fn next_task_id(&mut self) -> Result<TaskId, Error> {
        self.fuse.burn()?;
        self.rows.next_task_id()
    }
    fn put_task(&mut self, task: &Task) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_task(task)
    }
    fn put_off(
        &mut self,
        tenant: TenantId,
        app: AppId,
        action: CountedAction,
        which: Backlog,
        until: Option<i64>,
    ) -> Result<u64, Error> {
        self.fuse.burn()?;
        self.rows.put_off(tenant, app, action, which, until)
    }
    fn remove_task(&mut self, id: TaskId) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.remove_task(id)
    }
    fn put_quota(
        &mut self,
        tenant: TenantId,
        app: AppId,
        action: CountedAction,
        quota: &Quota,
    ) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_quota(tenant, app, action, quota)
    }
    fn put_policy(
        &mut self,
        tenant: TenantId,
        policy: &PolicyId,
        state: PolicyState,
    ) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_policy(tenant, policy, state)
    }
    fn put_label_disabled(&mut self, label: &LabelKey, disabled: bool) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_label_disabled(label, disabled)
    }
    fn put_frozen(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        since_ms: Option<i64>,
    ) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_frozen(tenant, file, since_ms)
    }
    fn put_applied(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        applied: Option<&AppliedLabel>,
    ) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_applied(tenant, file, applied)
    }
    fn put_turns(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        turns: Option<&Turns>,
    ) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_turns(tenant, file, turns)
    }
    fn append_log(&mut self, entry: &LogEntry) -> Result<u64, Error> {
        self.fuse.burn()?;
        self.rows.append_log(entry)
    }
    fn trim_log(&mut self, before_ms: i64, count: usize) -> Result<u64, Error> {
        self.fuse.burn()?;
        self.rows.trim_log(before_ms, count)
    }
    fn next_work_id(&mut self) -> Result<WorkId, Error> {
        self.fuse.burn()?;
        self.rows.next_work_id()
    }
    fn put_work(&mut self, item: &WorkItem) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_work(item)
    }
    fn remove_work(&mut self, id: WorkId) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.remove_work(id)
    }
    fn trim_dead_work(&mut self, before_ms: i64, count: usize) -> Result<u64, Error> {
        self.fuse.burn()?;
        self.rows.trim_dead_work(before_ms, count)
    }
    fn put_job_ran(&mut self, name: &JobName, at_ms: i64) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_job_ran(name, at_ms)
    }
    fn begin_opening(&mut self) -> Result<u64, Error> {
        self.fuse.burn()?;
        self.rows.begin_opening()
    }
}
