//! Where tasks are kept: the trait, its implementations, and the suite that proves one.
//!
//! A store keeps rows and knows no rule. It offers two things: a look at one consistent state, and
//! a change that happens as a whole or not at all. [`MemoryStore`] forgets when the process ends;
//! [`SqliteStore`] does not. Whoever brings a store of their own runs [`conformance`] on it.

pub mod conformance;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

use label_core::{AppId, FileKey, LabelKey, PolicyId, TenantId};

pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenCheck, SqliteStore};

use crate::error::Error;
use crate::jobs::JobName;
use crate::ledger::{AppliedLabel, Turns};
use crate::log::LogEntry;
use crate::quota::{CountedAction, HalfDay, Quota};
use crate::state::{Counts, StateKind, Status, TaskState};
use crate::task::{ActionKind, QueuePlace, Task, TaskId, TaskKey};
use crate::text::Initiator;
use crate::work::{WorkCounts, WorkId, WorkItem, WorkKey, WorkKind};

/// The most rows that one call of [`Rows::tasks`], [`Rows::queued`], [`Rows::deferred_due`],
/// [`Rows::log`] and the like gives; a larger count is taken as this.
pub const PAGE_COUNT_MAX: usize = 1000;

/// Among how many different times [`Rows::deferred_due`] looks: noons, and instants at which a limit was
/// raised or a unit came back.
pub const DUE_TIMES_MAX: usize = 64;

/// The most rows that one call of [`Rows::waiting`] gives; they are small.
pub const WAITING_COUNT_MAX: usize = 200_000;

/// What a forecast needs of a task: a slim row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in the queue, and its number.
    pub place: QueuePlace,
    /// Whose daily limit it counts against, if any.
    pub counted: Option<CountedAction>,
    /// Whether leave to write was given and nothing reported since: it needs no unit any more.
    pub writing: bool,
    /// When it is tried again, in milliseconds UTC, if it waits for that.
    pub retry_at: Option<i64>,
    /// The half-day whose allowance it holds a unit of.
    pub unit: Option<HalfDay>,
}

impl Waiting {
    /// The row of a task; `None` if it is over or suspended.
    pub fn of(task: &Task) -> Option<Self> {
        let retry_at = match &task.state {
            TaskState::Queued | TaskState::Deferred { .. } | TaskState::Running => None,
            TaskState::Retrying { at, .. } => Some(*at),
            _ => return None,
        };
        Some(Self {
            place: task.place(),
            counted: task.key.action.counted(),
            writing: task.intent.is_some(),
            retry_at,
            unit: task.unit,
        })
    }
}

/// A change to be made: called once, with the rows to read and to write.
pub type Work<'w> = dyn FnMut(&mut dyn RowsMut) -> Result<(), Error> + 'w;

/// A look to be taken: called once, with the rows to read.
pub type Look<'l> = dyn FnMut(&dyn Rows) -> Result<(), Error> + 'l;

/// Rows that survive: the seam between the rules and a database.
///
/// A store belongs to one process at a time: what an earlier opening left running counts as
/// interrupted ([`Governance::interrupted`](crate::Governance::interrupted)), whatever its leases
/// say.
///
/// # Examples
///
/// ```
/// use governance::store::{MemoryStore, Store};
///
/// let mut store = MemoryStore::new();
/// store.transact(&mut |rows| rows.begin_opening().map(drop))?;
/// store.view(&mut |rows| {
///     assert_eq!(rows.opening()?, 1);
///     Ok(())
/// })?;
/// # Ok::<(), governance::Error>(())
/// ```
pub trait Store {
    /// Makes one change: all of `work`'s writes, durably, or none of them.
    ///
    /// `work` sees its own writes, and no one else's while it runs. When it gives an error, that
    /// error is given back and nothing is kept; nor is anything when it panics, or when a write of it
    /// failed and it drops that error.
    ///
    /// # Errors
    ///
    /// `work`'s own; [`Error::TakenBack`] where it has dropped one of a write; [`Error::Unavailable`] when the change could not be kept: try again;
    /// [`Error::Damaged`]: stop.
    fn transact(&mut self, work: &mut Work<'_>) -> Result<(), Error>;

    /// Looks at one consistent state.
    ///
    /// # Errors
    ///
    /// `look`'s own; [`Error::Unavailable`] and [`Error::Damaged`] as above.
    fn view(&self, look: &mut Look<'_>) -> Result<(), Error>;
}

impl<S: Store + ?Sized> Store for Box<S> {
    fn transact(&mut self, work: &mut Work<'_>) -> Result<(), Error> {
        (**self).transact(work)
    }

    fn view(&self, look: &mut Look<'_>) -> Result<(), Error> {
        (**self).view(look)
    }
}

/// What can be read. Every method may fail with [`Error::Unavailable`] or [`Error::Damaged`].
#[allow(
    clippy::missing_errors_doc,
    reason = "the trait's own sentence says it once for all methods"
)]
pub trait Rows {
    /// The task with this number.
    fn task(&self, id: TaskId) -> Result<Option<Task>, Error>;

    /// The number of the task with this key; of several, of one that is pending, else the largest.
    fn task_with_key(&self, key: &TaskKey) -> Result<Option<TaskId>, Error>;

    /// Tasks that pass the filter and come after `after` (0: from the first), by rising number.
    fn tasks(&self, filter: &TaskFilter, after: TaskId, count: usize) -> Result<Vec<Task>, Error>;

    /// Queued tasks after a place, in the order of the queue.
    fn queued(&self, after: Option<QueuePlace>, count: usize) -> Result<Vec<Task>, Error>;

    /// Retrying tasks whose time has come at `now`, by time and number.
    fn retries_due(&self, now: i64, count: usize) -> Result<Vec<Task>, Error>;

    /// Deferred tasks whose time has come at `now`, in the order of the queue: those of the earliest
    /// [`DUE_TIMES_MAX`] times.
    fn deferred_due(&self, now: i64, count: usize) -> Result<Vec<Task>, Error>;

    /// Retrying tasks whose time is later than `at`, the latest first.
    fn retries_beyond(&self, at: i64, count: usize) -> Result<Vec<Task>, Error>;

    /// Deferred tasks whose time is later than `at`, the latest first.
    fn deferred_beyond(&self, at: i64, count: usize) -> Result<Vec<Task>, Error>;

    /// The earliest time at which a deferred or retrying task comes due.
    fn next_due(&self) -> Result<Option<i64>, Error>;

    /// Running tasks whose lease has ended at `now`, by its end and by number.
    fn lease_ended(&self, now: i64, count: usize) -> Result<Vec<Task>, Error>;

    /// Running tasks whose lease lasts beyond `at`, the latest end first.
    fn leases_beyond(&self, at: i64, count: usize) -> Result<Vec<Task>, Error>;

    /// The earliest end of a lease.
    fn next_lease_end(&self) -> Result<Option<i64>, Error>;

    /// The tasks of an app in a tenant that will run without anybody's doing, queued, deferred,
    /// retrying or running, after a place, in the order of the queue; at most
    /// [`WAITING_COUNT_MAX`].
    fn waiting(
        &self,
        tenant: TenantId,
        app: AppId,
        after: Option<QueuePlace>,
        count: usize,
    ) -> Result<Vec<Waiting>, Error>;

    /// How many tasks are pending: queued, deferred, suspended, retrying or running.
    fn pending(&self) -> Result<u64, Error>;

    /// How many tasks of an app in a tenant are in which state.
    fn counts(&self, tenant: TenantId, app: AppId) -> Result<Counts, Error>;

    /// The largest task number given so far; 0 before the first.
    fn last_task_id(&self) -> Result<TaskId, Error>;

    /// The allowance of an action in an app of a tenant; the default where none was stored.
    fn quota(&self, tenant: TenantId, app: AppId, action: CountedAction) -> Result<Quota, Error>;

    /// A policy's state; enabled where none was stored.
    fn policy(&self, tenant: TenantId, policy: &PolicyId) -> Result<PolicyState, Error>;

    /// Whether a label was disabled.
    fn is_label_disabled(&self, label: &LabelKey) -> Result<bool, Error>;

    /// Since when a file is frozen, if it is, in milliseconds UTC.
    fn frozen_since(&self, tenant: TenantId, file: &FileKey) -> Result<Option<i64>, Error>;

    /// The label that we put on a file.
    fn applied(&self, tenant: TenantId, file: &FileKey) -> Result<Option<AppliedLabel>, Error>;

    /// How policies take turns at a file's label, as far as that is kept.
    fn turns(&self, tenant: TenantId, file: &FileKey) -> Result<Option<Turns>, Error>;

    /// Entries of the log that pass the filter and come after `after` (0: from the first), oldest
    /// first.
    fn log(&self, filter: &LogFilter, after: u64, count: usize) -> Result<Vec<LogEntry>, Error>;

    /// The piece of work with this number.
    fn work(&self, id: WorkId) -> Result<Option<WorkItem>, Error>;

    /// The piece of work with this kind and key.
    fn work_with_key(&self, kind: &WorkKind, key: &WorkKey) -> Result<Option<WorkItem>, Error>;

    /// Pieces of a kind that are [ready](WorkItem::is_ready) at `now` in the present
    /// [opening](Self::opening), in their [order](WorkItem::order); `farthest` is the latest time that a pause from about now
    /// can end at.
    fn ready_work(
        &self,
        kind: &WorkKind,
        now: i64,
        farthest: i64,
        count: usize,
    ) -> Result<Vec<WorkItem>, Error>;

    /// Whether a piece of any kind is [ready](WorkItem::is_ready), as above.
    fn is_work_ready(&self, now: i64, farthest: i64) -> Result<bool, Error>;

    /// The earliest time after `after` at which a piece of any kind [can be handed
    /// out](WorkItem::ready_at).
    fn next_work(&self, after: i64) -> Result<Option<i64>, Error>;

    /// How many pieces of work are kept, dead letters included.
    fn pieces(&self) -> Result<u64, Error>;

    /// Dead letters of a kind after `after` (0: from the first), by rising number.
    fn dead_work(
        &self,
        kind: &WorkKind,
        after: WorkId,
        count: usize,
    ) -> Result<Vec<WorkItem>, Error>;

    /// How many pieces of a kind there are.
    fn work_counts(&self, kind: &WorkKind) -> Result<WorkCounts, Error>;

    /// For which time a job ran last.
    fn job_ran(&self, name: &JobName) -> Result<Option<i64>, Error>;

    /// How many times the store was opened.
    fn opening(&self) -> Result<u64, Error>;
}

/// What can be written. Every method may fail with [`Error::Unavailable`] or [`Error::Damaged`].
#[allow(
    clippy::missing_errors_doc,
    reason = "the trait's own sentence says it once for all methods"
)]
pub trait RowsMut: Rows {
    /// A task number larger than any given before.
    fn next_task_id(&mut self) -> Result<TaskId, Error>;

    /// Adds the task, or replaces the one with its number.
    ///
    /// What a task was submitted with never changes, nor what it reverts. Two pending tasks of a policy
    /// with one key are an error: this is the last guard against doing the same twice.
    fn put_task(&mut self, task: &Task) -> Result<(), Error>;

    /// Makes deferred tasks for an action in an app wait until another time, and changes nothing else
    /// of them; says how many.
    fn put_off(
        &mut self,
        tenant: TenantId,
        app: AppId,
        action: CountedAction,
        which: Backlog,
        until: Option<i64>,
    ) -> Result<u64, Error>;

    /// Forgets a task; its number is not given again. One that is not there is forgotten already.
    fn remove_task(&mut self, id: TaskId) -> Result<(), Error>;

    /// Adds or replaces an allowance.
    fn put_quota(
        &mut self,
        tenant: TenantId,
        app: AppId,
        action: CountedAction,
        quota: &Quota,
    ) -> Result<(), Error>;

    /// Adds or replaces a policy's state.
    fn put_policy(
        &mut self,
        tenant: TenantId,
        policy: &PolicyId,
        state: PolicyState,
    ) -> Result<(), Error>;

    /// Says whether a label is disabled.
    fn put_label_disabled(&mut self, label: &LabelKey, disabled: bool) -> Result<(), Error>;

    /// Says since when a file is frozen; `None`: it is not.
    fn put_frozen(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        since_ms: Option<i64>,
    ) -> Result<(), Error>;

    /// Adds or replaces the label that we put on a file; `None` forgets it.
    fn put_applied(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        applied: Option<&AppliedLabel>,
    ) -> Result<(), Error>;

    /// Says how policies take turns at a file's label; `None` forgets it.
    fn put_turns(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        turns: Option<&Turns>,
    ) -> Result<(), Error>;

    /// Adds an entry at the end of the log and gives it the next number; the number in the entry
    /// is not read.
    fn append_log(&mut self, entry: &LogEntry) -> Result<u64, Error>;

    /// Removes entries older than `before_ms` from the start of the log, at most `count`, and
    /// says how many. It stops at the first entry that is not older.
    fn trim_log(&mut self, before_ms: i64, count: usize) -> Result<u64, Error>;

    /// A number for a piece of work larger than any given before.
    fn next_work_id(&mut self) -> Result<WorkId, Error>;

    /// Adds a piece of work, or replaces the one with its number; kind and key never change, and a
    /// kind and key that another piece has are an error.
    fn put_work(&mut self, item: &WorkItem) -> Result<(), Error>;

    /// Forgets a piece of work; one that is not there is forgotten already.
    fn remove_work(&mut self, id: WorkId) -> Result<(), Error>;

    /// Forgets dead letters that died before `before_ms`, the earliest first, at most `count`, and says
    /// how many.
    fn trim_dead_work(&mut self, before_ms: i64, count: usize) -> Result<u64, Error>;

    /// Says for which time a job ran last.
    fn put_job_ran(&mut self, name: &JobName, at_ms: i64) -> Result<(), Error>;

    /// Counts one more opening and gives its number, from 1.
    fn begin_opening(&mut self) -> Result<u64, Error>;
}

/// Which deferred tasks get another time to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backlog {
    /// All of them.
    All,
    /// Those whose time has come.
    Due {
        /// At this time, in milliseconds UTC.
        now: i64,
        /// Those by hand, too, and not only those of policies.
        by_hand: bool,
    },
}

/// Whether a policy's tasks run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PolicyState {
    /// They run.
    #[default]
    Enabled,
    /// They are suspended.
    Disabled,
    /// They are cancelled, and no new ones are taken. For good.
    Deleted,
}

/// An action without its label: to filter by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionType {
    /// Any label is put on.
    Apply,
    /// The label is taken off.
    Remove,
    /// The file is put in admin quarantine.
    AdminQuarantine,
}

impl From<&ActionKind> for ActionType {
    fn from(action: &ActionKind) -> Self {
        match action {
            ActionKind::Apply(_) => Self::Apply,
            ActionKind::Remove => Self::Remove,
            ActionKind::AdminQuarantine => Self::AdminQuarantine,
        }
    }
}

impl From<CountedAction> for ActionType {
    fn from(action: CountedAction) -> Self {
        match action {
            CountedAction::ApplyLabel => Self::Apply,
            CountedAction::AdminQuarantine => Self::AdminQuarantine,
        }
    }
}

impl ActionType {
    /// Whether `action` is of this type.
    pub fn matches(self, action: &ActionKind) -> bool {
        self == Self::from(action)
    }
}

/// Which tasks are wanted: those that meet every condition that is set.
///
/// # Examples
///
/// ```
/// use governance::store::TaskFilter;
/// use governance::StateKind;
/// use label_core::AppId;
///
/// let mut filter = TaskFilter::default();
/// filter.app = Some(AppId::BOX);
/// filter.states = vec![StateKind::Deferred];
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskFilter {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// In this app.
    pub app: Option<AppId>,
    /// On this file.
    pub file: Option<FileKey>,
    /// Of this policy.
    pub policy: Option<PolicyId>,
    /// With this type of action.
    pub action: Option<ActionType>,
    /// Which puts on this label.
    pub label: Option<LabelKey>,
    /// In one of these states; empty: in any.
    pub states: Vec<StateKind>,
}

impl TaskFilter {
    /// Tasks of a tenant in one of these states.
    pub(crate) fn of_tenant(tenant: TenantId, states: &[StateKind]) -> Self {
        Self {
            tenant: Some(tenant),
            states: states.to_vec(),
            ..Self::default()
        }
    }

    /// The tenant and the file where nothing but those and the states is asked for: what every step
    /// of a task asks.
    #[cfg(feature = "sqlite")]
    pub(crate) fn of_file_only(&self) -> Option<(TenantId, &FileKey)> {
        let file = self.file.as_ref()?;
        let is_plain = self.policy.is_none()
            && self.action.is_none()
            && self.label.is_none()
            && self.app.is_none();
        self.tenant.filter(|_| is_plain).zip(Some(file))
    }

    /// Whether a task meets every condition.
    pub fn matches(&self, task: &Task) -> bool {
        let key = &task.key;
        self.tenant.is_none_or(|tenant| tenant == key.tenant)
            && self.app.is_none_or(|app| app == key.app())
            && self.file.as_ref().is_none_or(|file| *file == key.file)
            && (self.policy.is_none() || self.policy == key.policy)
            && self.action.is_none_or(|action| action.matches(&key.action))
            && (self.label.is_none() || self.label == key.action.label())
            && (self.states.is_empty() || self.states.contains(&task.state_kind()))
    }
}

/// Which entries of the log are wanted: those that meet every condition that is set (A-032).
///
/// Entries about limits and policies have no action; they pass only where none is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogFilter {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// In this app.
    pub app: Option<AppId>,
    /// With this type of action.
    pub action: Option<ActionType>,
    /// With this status.
    pub status: Option<Status>,
    /// About this file.
    pub file: Option<FileKey>,
    /// By this administrator or policy.
    pub initiator: Option<Initiator>,
    /// Not before this time, in milliseconds UTC.
    pub from_ms: Option<i64>,
    /// Before this time, in milliseconds UTC.
    pub until_ms: Option<i64>,
}

impl LogFilter {
    /// Whether an entry meets every condition.
    pub fn matches(&self, entry: &LogEntry) -> bool {
        let action = entry.task.as_ref().map(|task| &task.action);
        self.tenant.is_none_or(|tenant| tenant == entry.tenant)
            && (self.app.is_none() || self.app == entry.app)
            && self
                .action
                .is_none_or(|wanted| action.is_some_and(|action| wanted.matches(action)))
            && self.status.is_none_or(|status| status == entry.status())
            && (self.file.is_none() || self.file.as_ref() == entry.file())
            && (self.initiator.as_ref()).is_none_or(|initiator| *initiator == entry.initiator)
            && self.from_ms.is_none_or(|from| from <= entry.at_ms)
            && self.until_ms.is_none_or(|until| entry.at_ms < until)
    }
}
