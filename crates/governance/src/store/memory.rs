//! The store that forgets when it is dropped: for tests, previews and simulations.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use label_core::{AppId, FileKey, LabelKey, PolicyId, TenantId};

use super::{
    LogFilter, Look, PAGE_COUNT_MAX, PolicyState, Rows, RowsMut, Store, TaskFilter,
    WAITING_COUNT_MAX, Waiting, Work,
};
use crate::error::Error;
use crate::jobs::JobName;
use crate::ledger::AppliedLabel;
use crate::log::LogEntry;
use crate::quota::Quota;
use crate::state::{Counts, StateKind, Status};
use crate::task::{QueuePlace, Task, TaskId, TaskKey};
use crate::work::{WorkCounts, WorkId, WorkItem, WorkKey, WorkKind};

/// Tasks in memory. A clone is a second, independent store with the same content.
///
/// # Examples
///
/// ```
/// use governance::{Governance, Settings};
/// use governance::store::MemoryStore;
///
/// let governance = Governance::open(MemoryStore::new(), Settings::default())?;
/// assert_eq!(governance.next_due()?, None);
/// # Ok::<(), governance::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    state: State,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn transact(&mut self, work: &mut Work<'_>) -> Result<(), Error> {
        let mut change = Change {
            state: &mut self.state,
            undo: Vec::new(),
        };
        let result = work(&mut change);
        if result.is_err() {
            change.roll_back();
        }
        result
    }

    fn view(&self, look: &mut Look<'_>) -> Result<(), Error> {
        look(&self.state)
    }
}

/// The rows, and what finds them quickly. Only `set_task` changes tasks, so the two agree.
#[derive(Clone, Debug, Default)]
struct State {
    tasks: BTreeMap<TaskId, Task>,
    by_key: HashMap<TaskKey, BTreeSet<TaskId>>,
    by_file: HashMap<(TenantId, FileKey), BTreeSet<TaskId>>,
    queued: BTreeMap<QueuePlace, TaskId>,
    due: BTreeSet<(i64, TaskId)>,
    leases: BTreeSet<(i64, TaskId)>,
    waiting: HashMap<(TenantId, AppId), BTreeMap<QueuePlace, Waiting>>,
    pending: u64,
    last_task: u64,
    quotas: HashMap<(TenantId, AppId), Quota>,
    policies: HashMap<(TenantId, PolicyId), PolicyState>,
    disabled_labels: HashSet<LabelKey>,
    frozen: HashMap<(TenantId, FileKey), i64>,
    applied: HashMap<(TenantId, FileKey), AppliedLabel>,
    work: BTreeMap<WorkId, WorkItem>,
    work_by_key: HashMap<(WorkKind, WorkKey), WorkId>,
    work_in_order: HashMap<WorkKind, BTreeSet<(Reverse<u32>, WorkId)>>,
    last_work: u64,
    jobs: HashMap<JobName, i64>,
    log: BTreeMap<u64, LogEntry>,
    last_log: u64,
    opening: u64,
}

impl State {
    /// Puts a task in place of the one with its number, or removes it; gives the earlier one.
    fn set_task(&mut self, id: TaskId, task: Option<Task>) -> Option<Task> {
        let earlier = self.tasks.remove(&id);
        if let Some(earlier) = &earlier {
            if let Some(ids) = self.by_key.get_mut(&earlier.key) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.by_key.remove(&earlier.key);
                }
            }
            let file = (earlier.key.tenant, earlier.key.file.clone());
            if let Some(ids) = self.by_file.get_mut(&file) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.by_file.remove(&file);
                }
            }
            self.queued.remove(&earlier.place());
            let app = (earlier.key.tenant, earlier.key.app());
            if let Some(waiting) = self.waiting.get_mut(&app) {
                waiting.remove(&earlier.place());
            }
            if let Some(due) = earlier.state.due() {
                self.due.remove(&(due, id));
            }
            if let Some(lease) = &earlier.lease {
                self.leases.remove(&(lease.until_ms, id));
            }
            if earlier.state.status() == Status::Pending {
                self.pending = self.pending.saturating_sub(1);
            }
        }
        if let Some(task) = task {
            self.by_key.entry(task.key.clone()).or_default().insert(id);
            self.by_file
                .entry((task.key.tenant, task.key.file.clone()))
                .or_default()
                .insert(id);
            if let Some(waiting) = Waiting::of(&task) {
                let app = (task.key.tenant, task.key.app());
                let of_app = self.waiting.entry(app).or_default();
                of_app.insert(waiting.place, waiting);
            }
            if task.state_kind() == StateKind::Queued {
                self.queued.insert(task.place(), id);
            }
            if let Some(due) = task.state.due() {
                self.due.insert((due, id));
            }
            if let Some(lease) = &task.lease {
                self.leases.insert((lease.until_ms, id));
            }
            if task.state.status() == Status::Pending {
                self.pending = self.pending.saturating_add(1);
            }
            self.tasks.insert(id, task);
        }
        earlier
    }

    /// Puts a piece of work in place of the one with its number, or removes it; gives the earlier.
    fn set_work(&mut self, id: WorkId, item: Option<WorkItem>) -> Option<WorkItem> {
        let earlier = self.work.remove(&id);
        if let Some(earlier) = &earlier {
            let new = &earlier.new;
            self.work_by_key
                .remove(&(new.kind.clone(), new.key.clone()));
            if let Some(of_kind) = self.work_in_order.get_mut(&new.kind) {
                of_kind.remove(&earlier.order());
            }
        }
        if let Some(item) = item {
            let kind = item.new.kind.clone();
            self.work_by_key
                .insert((kind.clone(), item.new.key.clone()), id);
            self.work_in_order
                .entry(kind)
                .or_default()
                .insert(item.order());
            self.work.insert(id, item);
        }
        earlier
    }

    /// The pieces of a kind, in their order.
    fn work_of<'a>(&'a self, kind: &WorkKind) -> impl Iterator<Item = &'a WorkItem> {
        let of_kind = self.work_in_order.get(kind).into_iter().flatten();
        of_kind.filter_map(|(_, id)| self.work.get(id))
    }

    fn all<'a>(&'a self, ids: impl Iterator<Item = &'a TaskId>, count: usize) -> Vec<Task> {
        ids.filter_map(|id| self.tasks.get(id))
            .take(count.min(PAGE_COUNT_MAX))
            .cloned()
            .collect()
    }
}

impl Rows for State {
    fn task(&self, id: TaskId) -> Result<Option<Task>, Error> {
        Ok(self.tasks.get(&id).cloned())
    }

    fn task_with_key(&self, key: &TaskKey) -> Result<Option<TaskId>, Error> {
        let Some(ids) = self.by_key.get(key) else {
            return Ok(None);
        };
        let is_open = |id: &&TaskId| {
            let task = self.tasks.get(*id);
            task.is_some_and(|task| task.state.status() == Status::Pending)
        };
        let open = ids.iter().rev().find(is_open);
        Ok(open.or_else(|| ids.last()).copied())
    }

    fn tasks(&self, filter: &TaskFilter, after: TaskId, count: usize) -> Result<Vec<Task>, Error> {
        let count = count.min(PAGE_COUNT_MAX);
        let later = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        if let (Some(tenant), Some(file)) = (filter.tenant, &filter.file) {
            let ids = self.by_file.get(&(tenant, file.clone()));
            return Ok(ids
                .into_iter()
                .flat_map(|ids| ids.range(later))
                .filter_map(|id| self.tasks.get(id))
                .filter(|task| filter.matches(task))
                .take(count)
                .cloned()
                .collect());
        }
        let tasks = self.tasks.range(later).map(|(_, task)| task);
        Ok(tasks
            .filter(|task| filter.matches(task))
            .take(count)
            .cloned()
            .collect())
    }

    fn queued(&self, after: Option<QueuePlace>, count: usize) -> Result<Vec<Task>, Error> {
        let start = match after {
            Some(place) => std::ops::Bound::Excluded(place),
            None => std::ops::Bound::Unbounded,
        };
        let places = self.queued.range((start, std::ops::Bound::Unbounded));
        Ok(self.all(places.map(|(_, id)| id), count))
    }

    fn due(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        let due = self.due.range(..=(now, TaskId(u64::MAX)));
        Ok(self.all(due.map(|(_, id)| id), count))
    }

    fn next_due(&self) -> Result<Option<i64>, Error> {
        Ok(self.due.first().map(|(at, _)| *at))
    }

    fn lease_ended(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        let ended = self.leases.range(..=(now, TaskId(u64::MAX)));
        Ok(self.all(ended.map(|(_, id)| id), count))
    }

    fn next_lease_end(&self) -> Result<Option<i64>, Error> {
        Ok(self.leases.first().map(|(at, _)| *at))
    }

    fn waiting(
        &self,
        tenant: TenantId,
        app: AppId,
        after: Option<QueuePlace>,
        count: usize,
    ) -> Result<Vec<Waiting>, Error> {
        let Some(waiting) = self.waiting.get(&(tenant, app)) else {
            return Ok(Vec::new());
        };
        let start = match after {
            Some(place) => std::ops::Bound::Excluded(place),
            None => std::ops::Bound::Unbounded,
        };
        let rows = waiting.range((start, std::ops::Bound::Unbounded));
        let count = count.min(WAITING_COUNT_MAX);
        Ok(rows.map(|(_, waiting)| *waiting).take(count).collect())
    }

    fn pending(&self) -> Result<u64, Error> {
        Ok(self.pending)
    }

    fn counts(&self, tenant: TenantId, app: AppId) -> Result<Counts, Error> {
        let mut counts = Counts::default();
        for task in self.tasks.values() {
            if task.key.tenant == tenant && task.key.app() == app {
                counts.add(task.state_kind(), 1);
            }
        }
        Ok(counts)
    }

    fn last_task_id(&self) -> Result<TaskId, Error> {
        Ok(TaskId(self.last_task))
    }

    fn quota(&self, tenant: TenantId, app: AppId) -> Result<Quota, Error> {
        Ok(self.quotas.get(&(tenant, app)).cloned().unwrap_or_default())
    }

    fn policy(&self, tenant: TenantId, policy: &PolicyId) -> Result<PolicyState, Error> {
        let state = self.policies.get(&(tenant, policy.clone()));
        Ok(state.copied().unwrap_or_default())
    }

    fn is_label_disabled(&self, label: &LabelKey) -> Result<bool, Error> {
        Ok(self.disabled_labels.contains(label))
    }

    fn frozen_since(&self, tenant: TenantId, file: &FileKey) -> Result<Option<i64>, Error> {
        Ok(self.frozen.get(&(tenant, file.clone())).copied())
    }

    fn applied(&self, tenant: TenantId, file: &FileKey) -> Result<Option<AppliedLabel>, Error> {
        Ok(self.applied.get(&(tenant, file.clone())).cloned())
    }

    fn log(&self, filter: &LogFilter, after: u64, count: usize) -> Result<Vec<LogEntry>, Error> {
        let later = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        let entries = self.log.range(later).map(|(_, entry)| entry);
        Ok(entries
            .filter(|entry| filter.matches(entry))
            .take(count.min(PAGE_COUNT_MAX))
            .cloned()
            .collect())
    }

    fn work(&self, id: WorkId) -> Result<Option<WorkItem>, Error> {
        Ok(self.work.get(&id).cloned())
    }

    fn work_with_key(&self, kind: &WorkKind, key: &WorkKey) -> Result<Option<WorkItem>, Error> {
        let id = self.work_by_key.get(&(kind.clone(), key.clone()));
        Ok(id.and_then(|id| self.work.get(id)).cloned())
    }

    fn ready_work(&self, kind: &WorkKind, now: i64, count: usize) -> Result<Vec<WorkItem>, Error> {
        let ready = self.work_of(kind).filter(|item| item.is_ready(now));
        Ok(ready.take(count.min(PAGE_COUNT_MAX)).cloned().collect())
    }

    fn dead_work(
        &self,
        kind: &WorkKind,
        after: WorkId,
        count: usize,
    ) -> Result<Vec<WorkItem>, Error> {
        let later = (std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded);
        let items = self.work.range(later).map(|(_, item)| item);
        let dead = items.filter(|item| item.new.kind == *kind && item.dead.is_some());
        Ok(dead.take(count.min(PAGE_COUNT_MAX)).cloned().collect())
    }

    fn work_counts(&self, kind: &WorkKind) -> Result<WorkCounts, Error> {
        let mut counts = WorkCounts::default();
        for item in self.work_of(kind) {
            match (&item.dead, &item.lease) {
                (Some(_), _) => counts.dead += 1,
                (None, Some(_)) => counts.leased += 1,
                (None, None) => counts.waiting += 1,
            }
        }
        Ok(counts)
    }

    fn job_ran(&self, name: &JobName) -> Result<Option<i64>, Error> {
        Ok(self.jobs.get(name).copied())
    }

    fn opening(&self) -> Result<u64, Error> {
        Ok(self.opening)
    }
}

/// How to take one write back.
enum Undo {
    Task(TaskId, Option<Box<Task>>),
    Quota((TenantId, AppId), Option<Quota>),
    Policy((TenantId, PolicyId), Option<PolicyState>),
    Label(LabelKey, bool),
    Frozen((TenantId, FileKey), Option<i64>),
    Applied((TenantId, FileKey), Option<AppliedLabel>),
    LogAdded(u64),
    LogRemoved(u64, Box<LogEntry>),
    Opening(u64),
    LastTask(u64),
    Work(WorkId, Option<Box<WorkItem>>),
    LastWork(u64),
    Job(JobName, Option<i64>),
}

/// A change that is under way.
struct Change<'s> {
    state: &'s mut State,
    undo: Vec<Undo>,
}

fn restore<K: std::hash::Hash + Eq, V>(map: &mut HashMap<K, V>, key: K, earlier: Option<V>) {
    match earlier {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

impl Change<'_> {
    fn roll_back(self) {
        let state = self.state;
        for undo in self.undo.into_iter().rev() {
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

    fn due(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.state.due(now, count)
    }

    fn next_due(&self) -> Result<Option<i64>, Error> {
        self.state.next_due()
    }

    fn lease_ended(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.state.lease_ended(now, count)
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

    fn quota(&self, tenant: TenantId, app: AppId) -> Result<Quota, Error> {
        self.state.quota(tenant, app)
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

    fn log(&self, filter: &LogFilter, after: u64, count: usize) -> Result<Vec<LogEntry>, Error> {
        self.state.log(filter, after, count)
    }

    fn work(&self, id: WorkId) -> Result<Option<WorkItem>, Error> {
        self.state.work(id)
    }

    fn work_with_key(&self, kind: &WorkKind, key: &WorkKey) -> Result<Option<WorkItem>, Error> {
        self.state.work_with_key(kind, key)
    }

    fn ready_work(&self, kind: &WorkKind, now: i64, count: usize) -> Result<Vec<WorkItem>, Error> {
        self.state.ready_work(kind, now, count)
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
            return Err(Error::unavailable(place, "another task has its key"));
        }
        let earlier = self.state.set_task(task.id, Some(task.clone()));
        self.undo.push(Undo::Task(task.id, earlier.map(Box::new)));
        Ok(())
    }

    fn put_quota(&mut self, tenant: TenantId, app: AppId, quota: &Quota) -> Result<(), Error> {
        let earlier = self.state.quotas.insert((tenant, app), quota.clone());
        self.undo.push(Undo::Quota((tenant, app), earlier));
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
            return Err(Error::unavailable(place, "another piece has its key"));
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
