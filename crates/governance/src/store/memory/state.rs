//! The rows in memory, and what finds them quickly.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::ops::RangeBounds;

use label_core::{AppId, FileKey, LabelKey, PolicyId, TenantId};

use crate::custody::{LEASE_MS_MAX, farthest_end};
use crate::error::Error;
use crate::jobs::JobName;
use crate::ledger::{AppliedLabel, Turns};
use crate::log::LogEntry;
use crate::quota::{CountedAction, Quota};
use crate::state::{Counts, StateKind, Status, TaskState};
use crate::store::{
    DUE_TIMES_MAX, LogFilter, PAGE_COUNT_MAX, PolicyState, Rows, TaskFilter, WAITING_COUNT_MAX,
    Waiting,
};
use crate::task::{QueuePlace, Task, TaskId, TaskKey};
use crate::work::{WorkCounts, WorkId, WorkItem, WorkKey, WorkKind};

/// The rows, and what finds them quickly. Only `set_task` changes tasks, so the two agree.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) tasks: BTreeMap<TaskId, Task>,
    pub(super) by_key: HashMap<TaskKey, BTreeSet<TaskId>>,
    pub(super) by_file: HashMap<(TenantId, FileKey), BTreeSet<TaskId>>,
    pub(super) queued: BTreeMap<QueuePlace, TaskId>,
    /// By the time that they wait for, in the order of the queue.
    pub(super) deferred: BTreeMap<i64, BTreeMap<QueuePlace, TaskId>>,
    pub(super) retries: BTreeSet<(i64, TaskId)>,
    pub(super) leases: BTreeSet<(i64, TaskId)>,
    pub(super) waiting: HashMap<(TenantId, AppId), BTreeMap<QueuePlace, Waiting>>,
    pub(super) pending: u64,
    pub(super) last_task: u64,
    pub(super) quotas: HashMap<(TenantId, AppId, CountedAction), Quota>,
    pub(super) policies: HashMap<(TenantId, PolicyId), PolicyState>,
    pub(super) disabled_labels: HashSet<LabelKey>,
    pub(super) frozen: HashMap<(TenantId, FileKey), i64>,
    pub(super) applied: HashMap<(TenantId, FileKey), AppliedLabel>,
    pub(super) turns: HashMap<(TenantId, FileKey), Turns>,
    pub(super) work: BTreeMap<WorkId, WorkItem>,
    pub(super) work_by_key: HashMap<(WorkKind, WorkKey), WorkId>,
    pub(super) work_in_order: HashMap<WorkKind, BTreeSet<(Reverse<u32>, WorkId)>>,
    /// Live pieces, tried ones apart, by the time from which they can be handed out.
    pub(super) work_by_time: [BTreeSet<(i64, WorkId)>; 2],
    /// Live pieces that somebody has, by the opening that handed them out.
    pub(super) work_by_opening: BTreeSet<(u64, WorkId)>,
    /// The same by the end of the lease.
    pub(super) work_by_lease: BTreeSet<(i64, WorkId)>,
    /// Dead letters, by the time of their death.
    pub(super) dead_work: BTreeSet<(i64, WorkId)>,
    pub(super) last_work: u64,
    pub(super) jobs: HashMap<JobName, i64>,
    pub(super) log: BTreeMap<u64, LogEntry>,
    pub(super) last_log: u64,
    pub(super) opening: u64,
}

/// The rows of an index that come later than a time.
fn beyond(at: i64) -> impl RangeBounds<(i64, WorkId)> {
    (Excluded((at, WorkId(u64::MAX))), Unbounded)
}

impl State {
    /// Puts a task in place of the one with its number, or removes it; gives the earlier one.
    pub(super) fn set_task(&mut self, id: TaskId, task: Option<Task>) -> Option<Task> {
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
            match earlier.state {
                TaskState::Retrying { at, .. } => drop(self.retries.remove(&(at, id))),
                TaskState::Deferred { until: Some(until) } => {
                    if let Some(places) = self.deferred.get_mut(&until) {
                        places.remove(&earlier.place());
                        if places.is_empty() {
                            self.deferred.remove(&until);
                        }
                    }
                }
                _ => {}
            }
            if let Some(lease) = &earlier.custody.lease {
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
            match task.state {
                TaskState::Retrying { at, .. } => drop(self.retries.insert((at, id))),
                TaskState::Deferred { until: Some(until) } => {
                    let places = self.deferred.entry(until).or_default();
                    places.insert(task.place(), id);
                }
                _ => {}
            }
            if let Some(lease) = &task.custody.lease {
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
    pub(super) fn set_work(&mut self, id: WorkId, item: Option<WorkItem>) -> Option<WorkItem> {
        let earlier = self.work.remove(&id);
        if let Some(earlier) = &earlier {
            let new = &earlier.new;
            self.work_by_key
                .remove(&(new.kind.clone(), new.key.clone()));
            if let Some(of_kind) = self.work_in_order.get_mut(&new.kind) {
                of_kind.remove(&earlier.order());
            }
            self.index_work(earlier, false);
        }
        if let Some(item) = item {
            let kind = item.new.kind.clone();
            self.work_by_key
                .insert((kind.clone(), item.new.key.clone()), id);
            self.work_in_order
                .entry(kind)
                .or_default()
                .insert(item.order());
            self.index_work(&item, true);
            self.work.insert(id, item);
        }
        earlier
    }

    /// Puts a piece into the indexes by time, or takes it out of them.
    fn index_work(&mut self, item: &WorkItem, is_there: bool) {
        fn keep<T: Ord>(index: &mut BTreeSet<(T, WorkId)>, row: (T, WorkId), is_there: bool) {
            if is_there {
                index.insert(row);
            } else {
                index.remove(&row);
            }
        }
        match (&item.dead, item.ready_at()) {
            (Some(dead), _) => keep(&mut self.dead_work, (dead.at_ms, item.id), is_there),
            (None, at) => {
                let [fresh, tried] = &mut self.work_by_time;
                let index = if item.custody.attempts > 0 {
                    tried
                } else {
                    fresh
                };
                keep(index, (at.unwrap_or(i64::MIN), item.id), is_there);
                if let Some(lease) = &item.custody.lease {
                    let opening = item.custody.opening;
                    keep(&mut self.work_by_opening, (opening, item.id), is_there);
                    keep(&mut self.work_by_lease, (lease.until_ms, item.id), is_there);
                }
            }
        }
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
        let later = (Excluded(after), Unbounded);
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
            Some(place) => Excluded(place),
            None => Unbounded,
        };
        let places = self.queued.range((start, Unbounded));
        Ok(self.all(places.map(|(_, id)| id), count))
    }

    fn retries_due(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        let due = self.retries.range(..=(now, TaskId(u64::MAX)));
        Ok(self.all(due.map(|(_, id)| id), count))
    }

    fn deferred_due(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        let count = count.min(PAGE_COUNT_MAX);
        let times = self.deferred.range(..=now).take(DUE_TIMES_MAX);
        let mut due: Vec<_> = times
            .flat_map(|(_, places)| places.iter().take(count))
            .collect();
        due.sort_unstable();
        Ok(self.all(due.into_iter().map(|(_, id)| id), count))
    }

    fn retries_beyond(&self, at: i64, count: usize) -> Result<Vec<Task>, Error> {
        let after = (Excluded((at, TaskId(u64::MAX))), Unbounded);
        let due = self.retries.range(after).rev().map(|(_, id)| id);
        Ok(self.all(due, count))
    }

    fn deferred_beyond(&self, at: i64, count: usize) -> Result<Vec<Task>, Error> {
        let times = self.deferred.range((Excluded(at), Unbounded)).rev();
        let due = times.flat_map(|(_, places)| places.values().rev());
        Ok(self.all(due, count))
    }

    fn next_due(&self) -> Result<Option<i64>, Error> {
        let deferred = self.deferred.keys().next().copied();
        let retry = self.retries.first().map(|(at, _)| *at);
        Ok(deferred.into_iter().chain(retry).min())
    }

    fn lease_ended(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        let ended = self.leases.range(..=(now, TaskId(u64::MAX)));
        Ok(self.all(ended.map(|(_, id)| id), count))
    }

    fn leases_beyond(&self, at: i64, count: usize) -> Result<Vec<Task>, Error> {
        let after = (Excluded((at, TaskId(u64::MAX))), Unbounded);
        let leases = self.leases.range(after).rev().map(|(_, id)| id);
        Ok(self.all(leases, count))
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
            Some(place) => Excluded(place),
            None => Unbounded,
        };
        let rows = waiting.range((start, Unbounded));
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

    fn quota(&self, tenant: TenantId, app: AppId, action: CountedAction) -> Result<Quota, Error> {
        let quota = self.quotas.get(&(tenant, app, action));
        Ok(quota.cloned().unwrap_or_default())
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

    fn turns(&self, tenant: TenantId, file: &FileKey) -> Result<Option<Turns>, Error> {
        Ok(self.turns.get(&(tenant, file.clone())).cloned())
    }

    fn log(&self, filter: &LogFilter, after: u64, count: usize) -> Result<Vec<LogEntry>, Error> {
        let later = (Excluded(after), Unbounded);
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

    fn ready_work(
        &self,
        kind: &WorkKind,
        now: i64,
        farthest: i64,
        count: usize,
    ) -> Result<Vec<WorkItem>, Error> {
        let ready = self
            .work_of(kind)
            .filter(|item| item.is_ready(now, farthest, self.opening));
        Ok(ready.take(count.min(PAGE_COUNT_MAX)).cloned().collect())
    }

    fn is_work_ready(&self, now: i64, farthest: i64) -> Result<bool, Error> {
        let [_, tried] = &self.work_by_time;
        let mut firsts = self.work_by_time.iter().filter_map(BTreeSet::first);
        // What a clock that was ahead has put off was tried, or is leased.
        let put_off = tried.range(beyond(farthest)).map(|(_, id)| id);
        let leases = self
            .work_by_lease
            .range(beyond(farthest_end(now, LEASE_MS_MAX)));
        let gone = self.work_by_opening.range(..(self.opening, WorkId(0)));
        let mut ids = put_off
            .chain(leases.map(|(_, id)| id))
            .chain(gone.map(|(_, id)| id));
        let is_ready = |id| {
            let item = self.work.get(id);
            item.is_some_and(|item| item.is_ready(now, farthest, self.opening))
        };
        Ok(firsts.any(|(at, _)| *at <= now) || ids.any(is_ready))
    }

    fn next_work(&self, after: i64) -> Result<Option<i64>, Error> {
        let later =
            (self.work_by_time.iter()).filter_map(|index| index.range(beyond(after)).next());
        Ok(later.map(|(at, _)| *at).min())
    }

    fn pieces(&self) -> Result<u64, Error> {
        Ok(self.work.len() as u64)
    }

    fn dead_work(
        &self,
        kind: &WorkKind,
        after: WorkId,
        count: usize,
    ) -> Result<Vec<WorkItem>, Error> {
        let later = (Excluded(after), Unbounded);
        let items = self.work.range(later).map(|(_, item)| item);
        let dead = items.filter(|item| item.new.kind == *kind && item.dead.is_some());
        Ok(dead.take(count.min(PAGE_COUNT_MAX)).cloned().collect())
    }

    fn work_counts(&self, kind: &WorkKind) -> Result<WorkCounts, Error> {
        let mut counts = WorkCounts::default();
        for item in self.work_of(kind) {
            match (&item.dead, &item.custody.lease) {
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
