//! What is known of tasks, allowances and labels, for people and programs that ask.

use label_core::{AppId, FileKey, PolicyId, TenantId};

use super::Governance;
use crate::error::Error;
use crate::ledger::AppliedLabel;
use crate::log::LogEntry;
use crate::quota::{CountedAction, DailyLimit, Pause};
use crate::state::Counts;
use crate::store::{LogFilter, PAGE_COUNT_MAX, PolicyState, Store, TaskFilter};
use crate::task::{Task, TaskId};

/// The allowance of an action in an app of a tenant at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Allowance {
    /// The limit that stands.
    pub limit: DailyLimit,
    /// How many units were used on the UTC day, those of writes under way included.
    pub used: u32,
    /// How many are left now: none while the app is paused.
    pub left: u32,
    /// Whether the app is paused, and until when.
    pub pause: Option<Pause>,
}

impl<S: Store> Governance<S> {
    /// The task with this number.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTask`].
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Error, Governance, Settings, TaskId};
    ///
    /// let governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// assert!(matches!(governance.task(TaskId(7)), Err(Error::UnknownTask { .. })));
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn task(&self, id: TaskId) -> Result<Task, Error> {
        self.view(|rows| rows.task(id))?
            .ok_or(Error::UnknownTask { id })
    }

    /// One page of tasks, by rising number: those after `after`, at most [`PAGE_COUNT_MAX`].
    ///
    /// Start with `TaskId(0)`, go on with the last one given, stop at an empty page.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Settings, StateKind, TaskFilter, TaskId};
    ///
    /// let governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let mut failed = TaskFilter::default();
    /// failed.states = vec![StateKind::Failed];
    /// assert!(governance.tasks(&failed, TaskId(0), 100)?.is_empty());
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn tasks(
        &self,
        filter: &TaskFilter,
        after: TaskId,
        count: usize,
    ) -> Result<Vec<Task>, Error> {
        self.view(|rows| rows.tasks(filter, after, count.min(PAGE_COUNT_MAX)))
    }

    /// How many tasks of an app in a tenant are in which state.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Settings, Status};
    /// use label_core::{AppId, TenantId};
    ///
    /// let governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let counts = governance.counts(TenantId::from_u128(1), AppId::BOX)?;
    /// assert_eq!(counts.with_status(Status::Pending), 0);
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn counts(&self, tenant: TenantId, app: AppId) -> Result<Counts, Error> {
        self.view(|rows| rows.counts(tenant, app))
    }

    /// The allowance of an action in an app of a tenant at `now`.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{CountedAction, Governance, Settings};
    /// use label_core::{AppId, TenantId};
    ///
    /// let governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let tenant = TenantId::from_u128(1);
    /// for action in CountedAction::ALL {
    ///     let allowance = governance.allowance(tenant, AppId::BOX, action, 1_000)?;
    ///     assert_eq!((allowance.left, allowance.pause), (100, None));
    /// }
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn allowance(
        &self,
        tenant: TenantId,
        app: AppId,
        action: CountedAction,
        now: i64,
    ) -> Result<Allowance, Error> {
        let quota = self.view(|rows| rows.quota(tenant, app, action))?;
        let quota = quota.read_by(self.settings.day);
        Ok(Allowance {
            limit: quota.limit(),
            used: quota.used_at(now),
            left: quota.left(now),
            pause: quota.pause(now),
        })
    }

    /// The earliest time at which a task moves on by itself: when to claim again, if nothing else
    /// happens before.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Settings};
    ///
    /// let governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// assert_eq!(governance.next_due()?, None);
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn next_due(&self) -> Result<Option<i64>, Error> {
        self.view(|rows| rows.next_due())
    }

    /// The label that we put on a file, as far as we know of it (R-092).
    ///
    /// It holds if the file's version is the one given; else the file was changed since.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Settings};
    /// use label_core::{AppId, FileId, FileKey, TenantId};
    ///
    /// let governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let file = FileKey::new(AppId::BOX, 0, FileId::parse("contract.docx")?);
    /// assert_eq!(governance.applied_by_us(TenantId::from_u128(1), &file)?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn applied_by_us(
        &self,
        tenant: TenantId,
        file: &FileKey,
    ) -> Result<Option<AppliedLabel>, Error> {
        self.view(|rows| rows.applied(tenant, file))
    }

    /// Whether a policy's tasks run; enabled for a policy that was never switched.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, PolicyState, Settings};
    /// use label_core::{PolicyId, TenantId};
    ///
    /// let governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let policy = PolicyId::parse("finance")?;
    /// let state = governance.policy_state(TenantId::from_u128(1), &policy)?;
    /// assert_eq!(state, PolicyState::Enabled);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn policy_state(&self, tenant: TenantId, policy: &PolicyId) -> Result<PolicyState, Error> {
        self.view(|rows| rows.policy(tenant, policy))
    }

    /// One page of the log, oldest first: entries after `after`, at most [`PAGE_COUNT_MAX`].
    ///
    /// Start with 0, go on with the last number given, stop at an empty page.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::{LogFilter, MemoryStore};
    /// use governance::{Governance, Settings};
    ///
    /// let governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// assert!(governance.log(&LogFilter::default(), 0, 100)?.is_empty());
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn log(
        &self,
        filter: &LogFilter,
        after: u64,
        count: usize,
    ) -> Result<Vec<LogEntry>, Error> {
        self.view(|rows| rows.log(filter, after, count.min(PAGE_COUNT_MAX)))
    }
}
