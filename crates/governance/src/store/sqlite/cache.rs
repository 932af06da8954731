//! What is asked for over and over, kept beside the file.
//!
//! A batch of a hundred tasks asks for the same allowance, policy and numbers a hundred times, and
//! for every task again at its next step. Nobody else can write the file while it is open, so what
//! is kept here is what the file says, as long as every change is made in both. A change that fails
//! is made in neither: the cache of a transaction that didn't end well is thrown away.

use std::collections::HashMap;
use std::hash::Hash;

use label_core::{AppId, FileKey, LabelKey, PolicyId, TenantId};

use crate::ledger::AppliedLabel;
use crate::quota::{CountedAction, Quota};
use crate::state::{StateKind, Status};
use crate::store::PolicyState;
use crate::task::{Task, TaskId};

/// How many allowances are kept; more are written, and begin anew.
pub(super) const QUOTAS_MAX: usize = 1_000;

/// How many policies and labels are kept, each.
const STATES_MAX: usize = 1_000;

/// How many tasks, labels by us and files are kept, each: two claims of the largest size.
const WHOLE_MAX: usize = 2_000;

/// Of how many tasks it is kept what the indexes say.
const TASKS_MAX: usize = 10_000;

/// A value, and whether the file doesn't have it yet.
#[derive(Clone, Debug)]
pub(super) struct Cached<T> {
    pub(super) value: T,
    pub(super) dirty: bool,
}

/// Values that only repeat the file: when there are too many, they begin anew.
#[derive(Debug)]
pub(super) struct Repeated<K, V> {
    values: HashMap<K, V>,
    count_max: usize,
}

impl<K: Eq + Hash, V> Repeated<K, V> {
    fn new(count_max: usize) -> Self {
        Self {
            values: HashMap::new(),
            count_max,
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key)
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.values.len() >= self.count_max {
            self.values.clear();
        }
        self.values.insert(key, value);
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.values.remove(key);
    }

    pub(super) fn clear(&mut self) {
        self.values.clear();
    }
}

/// The columns of a task that indexes are made of and that change in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Indexed {
    pub(super) state: StateKind,
    pub(super) due_ms: Option<i64>,
    pub(super) lease_ms: Option<i64>,
}

impl Indexed {
    pub(super) fn of(task: &Task) -> Self {
        Self {
            state: task.state_kind(),
            due_ms: task.state.due(),
            lease_ms: task.custody.lease.as_ref().map(|lease| lease.until_ms),
        }
    }

    pub(super) fn is_pending(self) -> bool {
        self.state.status() == Status::Pending
    }
}

/// Tables that are mostly empty. Where one is, no row is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sparse {
    FrozenFile,
    FileTurns,
}

/// What is kept.
#[derive(Debug)]
pub(super) struct Cache {
    /// What the indexes say of a task; `None` for a number without one.
    pub(super) tasks: Repeated<TaskId, Option<Indexed>>,
    /// Tasks that run, and those that were read from the queue: they are asked for again soon.
    pub(super) whole: Repeated<TaskId, Task>,
    /// The only pending task of a file, where it is known to be the only one.
    pub(super) sole: Repeated<(TenantId, FileKey), TaskId>,
    pub(super) counters: HashMap<&'static str, Cached<u64>>,
    pub(super) quotas: HashMap<(TenantId, AppId, CountedAction), Cached<Quota>>,
    pub(super) policies: Repeated<(TenantId, PolicyId), PolicyState>,
    pub(super) labels: Repeated<LabelKey, bool>,
    pub(super) applied: Repeated<(TenantId, FileKey), Option<AppliedLabel>>,
    pub(super) has_rows: Repeated<Sparse, bool>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            tasks: Repeated::new(TASKS_MAX),
            whole: Repeated::new(WHOLE_MAX),
            sole: Repeated::new(WHOLE_MAX),
            counters: HashMap::new(),
            quotas: HashMap::new(),
            policies: Repeated::new(STATES_MAX),
            labels: Repeated::new(STATES_MAX),
            applied: Repeated::new(WHOLE_MAX),
            has_rows: Repeated::new(STATES_MAX),
        }
    }
}

impl Cache {
    /// Keeps a task as the file has it, where a transaction has read it from the queue.
    pub(super) fn keep_queued(&mut self, task: &Task) {
        self.whole.insert(task.id, task.clone());
    }

    /// Keeps a task as the file has it from now on.
    pub(super) fn keep_written(&mut self, task: &Task, was_pending: bool) {
        let indexed = Indexed::of(task);
        self.tasks.insert(task.id, Some(indexed));
        if indexed.state == StateKind::Running {
            self.whole.insert(task.id, task.clone());
        } else {
            self.whole.remove(&task.id);
        }
        if indexed.is_pending() && !was_pending {
            self.sole.remove(&(task.key.tenant, task.key.file.clone()));
        }
    }

    pub(super) fn forget_task(&mut self, id: TaskId) {
        self.tasks.remove(&id);
        self.whole.remove(&id);
    }
}
