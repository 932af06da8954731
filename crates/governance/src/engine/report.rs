//! What is known of tasks, allowances and labels, for people and programs that ask.

use std::fmt;

use label_core::{AppId, FileKey, PolicyId, TenantId};

use super::Governance;
use crate::error::Error;
use crate::ledger::AppliedLabel;
use crate::log::LogEntry;
use crate::quota::{DailyLimit, Pause, utc_text};
use crate::state::{Counts, StateKind, SuspensionReason, TaskState};
use crate::store::{LogFilter, PAGE_COUNT_MAX, PolicyState, Rows, Store, TaskFilter};
use crate::task::{Task, TaskId};

/// The most entries that one call of [`Governance::trim_log`] removes.
const TRIM_COUNT_MAX: usize = 10_000;

/// The allowance of an app in a tenant at one time.
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

/// What a task waits for, or how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Why {
    /// The kind of state that it is in.
    pub state: StateKind,
    /// When it moves on by itself, in milliseconds UTC, where that is known.
    pub until: Option<i64>,
    /// One sentence for people, without a full stop.
    pub sentence: String,
}

/// The sentence.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
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

    /// The allowance of an app in a tenant at `now`.
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
    /// use label_core::{AppId, TenantId};
    ///
    /// let governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let allowance = governance.allowance(TenantId::from_u128(1), AppId::BOX, 1_000)?;
    /// assert_eq!((allowance.left, allowance.pause), (100, None));
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn allowance(&self, tenant: TenantId, app: AppId, now: i64) -> Result<Allowance, Error> {
        let quota = self.view(|rows| rows.quota(tenant, app))?;
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

    /// Removes entries of the log that are older than its retention, and says how many (A-032).
    ///
    /// Call it now and then; a call removes at most 10,000.
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
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// assert_eq!(governance.trim_log(1_609_840_800_000)?, 0);
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn trim_log(&mut self, now: i64) -> Result<u64, Error> {
        let before = now.saturating_sub(self.settings.log_retention_ms);
        self.change(now, |change| change.rows.trim_log(before, TRIM_COUNT_MAX))
    }

    /// What a task waits for and until when, or how it ended, in one sentence.
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
    /// assert!(matches!(governance.why(TaskId(7)), Err(Error::UnknownTask { .. })));
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn why(&self, id: TaskId) -> Result<Why, Error> {
        self.view(|rows| {
            let task = rows.task(id)?.ok_or(Error::UnknownTask { id })?;
            Ok(Why {
                state: task.state_kind(),
                until: task.state.due(),
                sentence: sentence(rows, &task)?,
            })
        })
    }
}

fn sentence(rows: &dyn Rows, task: &Task) -> Result<String, Error> {
    let app = task.key.app();
    Ok(match &task.state {
        TaskState::Queued => {
            let mut filter = TaskFilter::of_tenant(task.key.tenant, &[StateKind::Running]);
            filter.file = Some(task.key.file.clone());
            match rows.tasks(&filter, TaskId(0), 1)?.first() {
                Some(other) => format!("waits for task {}, which has the same file", other.id),
                None => "waits for its turn".to_owned(),
            }
        }
        TaskState::Deferred { until: Some(until) } => {
            let limit = rows.quota(task.key.tenant, app)?.limit();
            let until = utc_text(*until);
            format!("waits until {until}: the daily limit of {limit} in {app} is reached")
        }
        TaskState::Deferred { until: None } => {
            format!("waits until the daily limit in {app} is raised: it is 0")
        }
        TaskState::Suspended { reasons } => {
            let until: Vec<_> = reasons.iter().map(|reason| ends(reason, task)).collect();
            format!("waits until {}", until.join(" and "))
        }
        TaskState::Retrying { at, n } => {
            let cause = match &task.last_error {
                Some(reason) => reason.to_string(),
                None => "unspecified".to_owned(),
            };
            format!(
                "waits until {} after failed try {n}: {cause}",
                utc_text(*at)
            )
        }
        TaskState::Running if task.intent.is_some() => "the file is being written".to_owned(),
        TaskState::Running => "the file is being looked at".to_owned(),
        TaskState::Succeeded => format!("done at {}", utc_text(task.changed_ms)),
        TaskState::Skipped { reason } => format!("skipped: {reason}"),
        TaskState::Failed { reason } => format!("failed: {reason}"),
        TaskState::Cancelled { reason } => format!("cancelled: {reason}"),
        TaskState::Reverted { by } => format!("undone by task {by}"),
    })
}

/// What ends a reason to be suspended.
fn ends(reason: SuspensionReason, task: &Task) -> String {
    match (reason, &task.key.policy) {
        (SuspensionReason::PolicyDisabled, Some(policy)) => format!("policy `{policy}` is enabled"),
        (SuspensionReason::PolicyDisabled, None) => "its policy is enabled".to_owned(),
        (SuspensionReason::LabelDisabled, _) => "its label is enabled".to_owned(),
        (SuspensionReason::Unconfirmed, _) => "it is confirmed".to_owned(),
        (SuspensionReason::FileFrozen, _) => "an administrator unfreezes the file".to_owned(),
    }
}
