//! A change that is under way: it is made in place, and taken back unless it is kept.

use std::collections::HashMap;

use label_core::{AppId, FileKey, LabelKey, PolicyId, TenantId};

use crate::error::Error;
use crate::jobs::JobName;
use crate::ledger::{AppliedLabel, Turns};
use crate::log::LogEntry;
use crate::quota::{CountedAction, DayReading, Quota};
use crate::state::{Counts, StateKind, Status, TaskState};
use crate::store::{Backlog, LogFilter, PolicyState, Rows, RowsMut, TaskFilter, Waiting};
use crate::task::{QueuePlace, Task, TaskId, TaskKey};
use crate::work::{WorkCounts, WorkId, WorkItem, WorkKey, WorkKind};

use super::state::State;

/// How to take one write back.
enum Undo {
    Task(TaskId, Option<Box<Task>>),
    Quota((TenantId, AppId, CountedAction), Option<Quota>),
    Policy((TenantId, PolicyId), Option<PolicyState>),
    Label(LabelKey, bool),
    Frozen((TenantId, FileKey), Option<i64>),
    Applied((TenantId, FileKey), Option<AppliedLabel>),
    Turns((TenantId, FileKey), Option<Turns>),
    LogAdded(u64),
    LogRemoved(u64, Box<LogEntry>),
    Opening(u64),
    LastTask(u64),
    Work(WorkId, Option<Box<WorkItem>>),
    LastWork(u64),
    Job(JobName, Option<i64>),
}

/// A change that is under way.
pub(super) struct Change<'s> {
    state: &'s mut State,
    undo: Vec<Undo>,
    has_failed: bool,
}

fn restore<K: std::hash::Hash + Eq, V>(map: &mut HashMap<K, V>, key: K, earlier: Option<V>) {
    match earlier {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

impl<'s> Change<'s> {
    pub(super) fn new(state: &'s mut State) -> Self {
        Self {
            state,
            undo: Vec::new(),
            has_failed: false,
        }
    }

    /// Keeps what was done, unless a part of it failed.
    pub(super) fn commit(mut self) -> Result<(), Error> {
        if self.has_failed {
            return Err(Error::TakenBack);
        }
        self.undo.clear();
        Ok(())
    }

    /// A write that can't be made.
    fn refused(&mut self, place: String, why: &'static str) -> Error {
        self.has_failed = true;
        Error::unavailable(place, why)
    }
}

/// Also where the caller's code panics, nothing stays half done.
impl Drop for Change<'_> {
    fn drop(&mut self) {
        let state = &mut *self.state;
        for undo in std::mem::take(&mut self.undo).into_iter().rev() {
            match undo {
                Undo::Task(id, earlier) => {
                    state.set_task(id, earlier.map(|task| *task));
                }
                Undo::Quota(key, earlier) => restore(&mut state.quotas, key, earlier),
                Undo::Policy(key, earlier) => restore(&mut state.policies, key, earlier),
                Undo::Label(label, true) => {
                    state.disabled_labels.insert(label);
                }
                Undo::Label(label, false) => {
                    state.disabled_labels.remove(&label);
                }
                Undo::Frozen(key, earlier) => restore(&mut state.frozen, key, earlier),
                Undo::Applied(key, earlier) => restore(&mut state.applied, key, earlier),
                Undo::Turns(key, earlier) => restore(&mut state.turns, key, earlier),
                Undo::LogAdded(sequence) => {
                    state.log.remove(&sequence);
                    state.last_log = sequence.saturating_sub(1);
                }
                Undo::LogRemoved(sequence, entry) => {
                    state.log.insert(sequence, *entry);
                }
                Undo::Opening(earlier) => state.opening = earlier,
                Undo::LastTask(earlier) => state.last_task = earlier,
                Undo::Work(id, earlier) => {
                    state.set_work(id, earlier.map(|item| *item));
                }
                Undo::LastWork(earlier) => state.last_work = earlier,
                Undo::Job(name, earlier) => restore(&mut state.jobs, name, earlier),
            }
        }
    }
}

/// Reading during a change is reading the state: it already has the change's own writes.
impl Rows for Change<'_> {
    fn task(&self, id: TaskId) -> Result<Option<Task>, Error> {
        self.state.task(id)
    }

    fn task_with_key(&self, key: &TaskKey) -> Result<Option<TaskId>, Error> {
        self.state.task_with_key(key)
    }

    fn tasks(&self, filter: &TaskFilter, after: TaskId, count: usize) -> Result<Vec<Task>, Error> {
        self.state.tasks(filter, after, count)
    }

    fn queued(&self, after: Option<QueuePlace>, count: usize) -> Result<Vec<Task>, Error> {
        self.state.queued(after, count)
    }

    fn retries_due(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.state.retries_due(now, count)
    }

    fn deferred_due(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.state.deferred_due(now, count)
    }

    fn retries_beyond(&self, at: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.state.retries_beyond(at, count)
    }

    fn deferred_beyond(&self, at: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.state.deferred_beyond(at, count)
    }

    fn next_due(&self) -> Result<Option<i64>, Error> {
        self.state.next_due()
    }

    fn lease_ended(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.state.lease_ended(now, count)
    }

    fn leases_beyond(&self, at: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.state.leases_beyond(at, count)
    }

    fn next_lease_end(&self) -> Result<Option<i64>, Error> {
        self.state.next_lease_end()
    }

    fn waiting(
        &self,
        tenant: TenantId,
        app: AppId,
        after: Option<QueuePlace>,
        count: usize,
    ) -> Result<Vec<Waiting>, Error> {
        self.state.waiting(tenant, app, after, count)
    }

    fn pending(&self) -> Result<u64, Error> {
        self.state.pending()
    }

    fn counts(&self, tenant: TenantId, app: AppId) -> Result<Counts, Error> {
        self.state.counts(tenant, app)
    }

    fn last_task_id(&self) -> Result<TaskId, Error> {
        self.state.last_task_id()
    }

    fn quota(&self, tenant: TenantId, app: AppId, action: CountedAction) -> Result<Quota, Error> {
        self.state.quota(tenant, app, action)
    }

    fn policy(&self, tenant: TenantId, policy: &PolicyId) -> Result<PolicyState, Error> {
        self.state.policy(tenant, policy)
    }

    fn is_label_disabled(&self, label: &LabelKey) -> Result<bool, Error> {
        self.state.is_label_disabled(label)
    }

    fn frozen_since(&self, tenant: TenantId, file: &FileKey) -> Result<Option<i64>, Error> {
        self.state.frozen_since(tenant, file)
    }

    fn applied(&self, tenant: TenantId, file: &FileKey) -> Result<Option<AppliedLabel>, Error> {
        self.state.applied(tenant, file)
    }

    fn turns(&self, tenant: TenantId, file: &FileKey) -> Result<Option<Turns>, Error> {
        self.state.turns(tenant, file)
    }

    fn log(&self, filter: &LogFilter, after: u64, count: usize) -> Result<Vec<LogEntry>, Error> {
        self.state.log(filter, after, count)
    }

    fn work(&self, id: WorkId) -> Result<Option<WorkItem>, Error> {
        self.state.work(id)
    }

    fn work_with_key(&self, kind: &WorkKind, key: &WorkKey) -> Result<Option<WorkItem>, Error> {
        self.state.work_with_key(kind, key)
    }

    fn ready_work(
        &self,
        kind: &WorkKind,
        now: i64,
        farthest: i64,
        count: usize,
    ) -> Result<Vec<WorkItem>, Error> {
        self.state.ready_work(kind, now, farthest, count)
    }

    fn is_work_ready(&self, now: i64, farthest: i64) -> Result<bool, Error> {
        self.state.is_work_ready(now, farthest)
    }

    fn next_work(&self, after: i64) -> Result<Option<i64>, Error> {
        self.state.next_work(after)
    }

    fn pieces(&self) -> Result<u64, Error> {
        self.state.pieces()
    }

    fn dead_work(
        &self,
        kind: &WorkKind,
        after: WorkId,
        count: usize,
    ) -> Result<Vec<WorkItem>, Error> {
        self.state.dead_work(kind, after, count)
    }

    fn work_counts(&self, kind: &WorkKind) -> Result<WorkCounts, Error> {
        self.state.work_counts(kind)
    }

    fn job_ran(&self, name: &JobName) -> Result<Option<i64>, Error> {
        self.state.job_ran(name)
    }

    fn opening(&self) -> Result<u64, Error> {
        self.state.opening()
    }
}

impl RowsMut for Change<'_> {
    fn next_task_id(&mut self) -> Result<TaskId, Error> {
        self.undo.push(Undo::LastTask(self.state.last_task));
        self.state.last_task = self.state.last_task.saturating_add(1);
        Ok(TaskId(self.state.last_task))
    }

    fn put_task(&mut self, task: &Task) -> Result<(), Error> {
        let is_open = |task: &Task| task.state.status() == Status::Pending;
        let other = |id: &TaskId| *id != task.id && self.state.tasks.get(id).is_some_and(is_open);
        let same_key = self.state.by_key.get(&task.key).into_iter().flatten();
        if !task.key.is_manual() && is_open(task) && same_key.into_iter().any(other) {
            let place = format!("task {}", task.id);
            return Err(self.refused(place, "another task has its key"));
        }
        let earlier = self.state.set_task(task.id, Some(task.clone()));
        self.undo.push(Undo::Task(task.id, earlier.map(Box::new)));
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
        let ids: Vec<_> = match which {
            Backlog::All => {
                let waiting = self.state.waiting.get(&(tenant, app)).into_iter().flatten();
                waiting.map(|(place, _)| place.id).collect()
            }
            Backlog::Due { now, .. } => {
                let due = self.state.deferred.range(..=now);
                due.flat_map(|(_, places)| places.values().copied())
                    .collect()
            }
        };
        let is_meant = |task: &&Task| {
            let key = &task.key;
            let place = (key.tenant, key.app(), key.action.counted());
            let by_hand = !matches!(which, Backlog::Due { by_hand: false, .. });
            task.state_kind() == StateKind::Deferred
                && (by_hand || !key.is_manual())
                && place == (tenant, app, Some(action))
        };
        let tasks = ids.iter().filter_map(|id| self.state.tasks.get(id));
        let tasks: Vec<_> = tasks.filter(is_meant).cloned().collect();
        let count = tasks.len() as u64;
        for mut task in tasks {
            task.state = TaskState::Deferred { until };
            self.put_task(&task)?;
        }
        Ok(count)
    }

    fn remove_task(&mut self, id: TaskId) -> Result<(), Error> {
        let earlier = self.state.set_task(id, None);
        self.undo.push(Undo::Task(id, earlier.map(Box::new)));
        Ok(())
    }

    fn put_quota(
        &mut self,
        tenant: TenantId,
        app: AppId,
        action: CountedAction,
        quota: &Quota,
    ) -> Result<(), Error> {
        let key = (tenant, app, action);
        // How days are read is no part of what is stored.
        let quota = quota.clone().read_by(DayReading::default());
        let earlier = self.state.quotas.insert(key, quota);
        self.undo.push(Undo::Quota(key, earlier));
        Ok(())
    }

    fn put_policy(
        &mut self,
        tenant: TenantId,
        policy: &PolicyId,
        state: PolicyState,
    ) -> Result<(), Error> {
        let key = (tenant, policy.clone());
        let earlier = self.state.policies.insert(key.clone(), state);
        self.undo.push(Undo::Policy(key, earlier));
        Ok(())
    }

    fn put_label_disabled(&mut self, label: &LabelKey, disabled: bool) -> Result<(), Error> {
        let changed = if disabled {
            self.state.disabled_labels.insert(*label)
        } else {
            self.state.disabled_labels.remove(label)
        };
        if changed {
            self.undo.push(Undo::Label(*label, !disabled));
        }
        Ok(())
    }

    fn put_frozen(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        since_ms: Option<i64>,
    ) -> Result<(), Error> {
        let key = (tenant, file.clone());
        let earlier = match since_ms {
            Some(since_ms) => self.state.frozen.insert(key.clone(), since_ms),
            None => self.state.frozen.remove(&key),
        };
        self.undo.push(Undo::Frozen(key, earlier));
        Ok(())
    }

    fn put_applied(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        applied: Option<&AppliedLabel>,
    ) -> Result<(), Error> {
        let key = (tenant, file.clone());
        let earlier = match applied {
            Some(applied) => self.state.applied.insert(key.clone(), applied.clone()),
            None => self.state.applied.remove(&key),
        };
        self.undo.push(Undo::Applied(key, earlier));
        Ok(())
    }

    fn put_turns(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        turns: Option<&Turns>,
    ) -> Result<(), Error> {
        let key = (tenant, file.clone());
        let earlier = match turns {
            Some(turns) => self.state.turns.insert(key.clone(), turns.clone()),
            None => self.state.turns.remove(&key),
        };
        self.undo.push(Undo::Turns(key, earlier));
        Ok(())
    }

    fn append_log(&mut self, entry: &LogEntry) -> Result<u64, Error> {
        let sequence = self.state.last_log.saturating_add(1);
        let mut entry = entry.clone();
        entry.sequence = sequence;
        self.state.log.insert(sequence, entry);
        self.state.last_log = sequence;
        self.undo.push(Undo::LogAdded(sequence));
        Ok(sequence)
    }

    fn trim_log(&mut self, before_ms: i64, count: usize) -> Result<u64, Error> {
        let mut removed = 0;
        for _ in 0..count {
            match self.state.log.first_entry() {
                Some(first) if first.get().at_ms < before_ms => {
                    let (sequence, entry) = first.remove_entry();
                    self.undo.push(Undo::LogRemoved(sequence, Box::new(entry)));
                    removed += 1;
                }
                _ => break,
            }
        }
        Ok(removed)
    }

    fn next_work_id(&mut self) -> Result<WorkId, Error> {
        self.undo.push(Undo::LastWork(self.state.last_work));
        self.state.last_work = self.state.last_work.saturating_add(1);
        Ok(WorkId(self.state.last_work))
    }

    fn put_work(&mut self, item: &WorkItem) -> Result<(), Error> {
        let key = (item.new.kind.clone(), item.new.key.clone());
        let holder = self.state.work_by_key.get(&key);
        if holder.is_some_and(|id| *id != item.id) {
            let place = format!("work {}", item.id);
            return Err(self.refused(place, "another piece has its key"));
        }
        let earlier = self.state.set_work(item.id, Some(item.clone()));
        self.undo.push(Undo::Work(item.id, earlier.map(Box::new)));
        Ok(())
    }

    fn remove_work(&mut self, id: WorkId) -> Result<(), Error> {
        let earlier = self.state.set_work(id, None);
        self.undo.push(Undo::Work(id, earlier.map(Box::new)));
        Ok(())
    }

    fn trim_dead_work(&mut self, before_ms: i64, count: usize) -> Result<u64, Error> {
        let dead = self.state.dead_work.iter();
        let old = dead.take_while(|(at, _)| *at < before_ms).take(count);
        let ids: Vec<WorkId> = old.map(|(_, id)| *id).collect();
        for id in &ids {
            self.remove_work(*id)?;
        }
        Ok(ids.len() as u64)
    }

    fn put_job_ran(&mut self, name: &JobName, at_ms: i64) -> Result<(), Error> {
        let earlier = self.state.jobs.insert(name.clone(), at_ms);
        self.undo.push(Undo::Job(name.clone(), earlier));
        Ok(())
    }

    fn begin_opening(&mut self) -> Result<u64, Error> {
        self.undo.push(Undo::Opening(self.state.opening));
        self.state.opening = self.state.opening.saturating_add(1);
        Ok(self.state.opening)
    }
}
