//! The governance log: what happened, to what, by whom, and why (A-031).

use label_core::{AppId, FileKey, LabelKey, PolicyId, TenantId};

use crate::quota::{CountedAction, DailyLimit};
use crate::reason::Reason;
use crate::state::{Status, TaskState};
use crate::task::{ActionKind, PreviousLabel, Task, TaskId};
use crate::text::Initiator;

/// How long the log is kept unless told otherwise, in milliseconds: 120 days, the product's own
/// figure (A-032).
pub const LOG_RETENTION_MS_DEFAULT: i64 = 120 * 86_400_000;

/// One line of the log. Lines are only ever added at the end and, when old, removed at the start.
///
/// # Examples
///
/// ```
/// use governance::store::{LogFilter, MemoryStore};
/// use governance::{CountedAction, DailyLimit, Governance, Initiator, LogEvent, Settings};
/// use label_core::{AppId, TenantId};
///
/// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
/// let (tenant, by) = (TenantId::from_u128(1), Initiator::parse("admin@contoso.com")?);
/// let (action, from, to) = (CountedAction::ApplyLabel, DailyLimit(100), DailyLimit(250));
/// governance.set_limit(tenant, AppId::BOX, action, to, &by, 1_000)?;
/// let log = governance.log(&LogFilter::default(), 0, 100)?;
/// assert_eq!(log[0].event, LogEvent::LimitChanged { action, from, to });
/// assert_eq!(log[0].initiator, by);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogEntry {
    /// Its number, rising, from 1; 0 until a store has given it one.
    pub sequence: u64,
    /// When it happened, in milliseconds UTC, by the caller's clock.
    pub at_ms: i64,
    /// In which tenant.
    pub tenant: TenantId,
    /// In which app; `None` for a policy, which spans apps.
    pub app: Option<AppId>,
    /// The administrator or the policy that caused it.
    pub initiator: Initiator,
    /// Which task, on what target, with which action; `None` for limits and policies.
    pub task: Option<LoggedTask>,
    /// What happened.
    pub event: LogEvent,
}

/// The task that a line of the log is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedTask {
    /// Its number.
    pub id: TaskId,
    /// The file: the log's *target*.
    pub file: FileKey,
    /// The action: the log's *type*, and with its label what the file has afterwards.
    pub action: ActionKind,
    /// The label that the file had before, as far as that was known by then.
    pub previous: PreviousLabel,
    /// Where the day's allowance stood, for a task that uses it and has ended.
    pub quota: Option<QuotaPosition>,
}

/// How much of a day's allowance was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaPosition {
    /// Units used that day, the entry's own included.
    pub used: u32,
    /// The limit that stood then.
    pub limit: DailyLimit,
}

/// What a line of the log says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogEvent {
    /// A task came to this state: by submission, by a failed try, at its end, by hand.
    ///
    /// Waiting for the daily limit or for a policy is not logged task by task: the entries for
    /// the limit and for the policy stand for all of them.
    Task {
        /// The state.
        state: TaskState,
    },
    /// An administrator changed a daily limit (R-166).
    LimitChanged {
        /// Which one.
        action: CountedAction,
        /// The limit until then.
        from: DailyLimit,
        /// The limit from now on.
        to: DailyLimit,
    },
    /// The day's last unit was used: the app is paused for this action (R-162, A-036).
    LimitReached {
        /// For which one.
        action: CountedAction,
        /// The limit that was reached.
        limit: DailyLimit,
        /// When the app resumes, in milliseconds UTC.
        until: i64,
    },
    /// A policy was disabled; so many tasks were suspended (R-168).
    PolicyDisabled {
        /// Which policy.
        policy: PolicyId,
        /// How many tasks.
        tasks: u64,
    },
    /// A policy was enabled; so many tasks are back in the queue (R-171).
    PolicyEnabled {
        /// Which policy.
        policy: PolicyId,
        /// How many tasks.
        tasks: u64,
    },
    /// A policy was deleted; so many tasks were cancelled (R-172).
    PolicyDeleted {
        /// Which policy.
        policy: PolicyId,
        /// How many tasks.
        tasks: u64,
    },
    /// A label was disabled; so many tasks were suspended.
    LabelDisabled {
        /// Which label.
        label: LabelKey,
        /// How many tasks.
        tasks: u64,
    },
    /// A label was enabled again; so many tasks are no longer held by it.
    LabelEnabled {
        /// Which label.
        label: LabelKey,
        /// How many tasks.
        tasks: u64,
    },
    /// Policies changed the label of a file back and forth: theirs wait for an administrator.
    FileFrozen {
        /// Which file.
        file: FileKey,
        /// How many tasks were suspended.
        tasks: u64,
    },
    /// An administrator let policies change the file's label again.
    FileUnfrozen {
        /// Which file.
        file: FileKey,
        /// How many tasks are no longer held by it.
        tasks: u64,
    },
}

impl LogEvent {
    /// The action whose daily limit the event is about.
    pub fn counted(&self) -> Option<CountedAction> {
        match self {
            Self::LimitChanged { action, .. } | Self::LimitReached { action, .. } => Some(*action),
            _ => None,
        }
    }

    /// The policy that was switched, if one was.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::LogEvent;
    /// use label_core::PolicyId;
    ///
    /// let policy = PolicyId::parse("finance")?;
    /// let event = LogEvent::PolicyDisabled { policy: policy.clone(), tasks: 3 };
    /// assert_eq!(event.policy(), Some(&policy));
    /// # Ok::<(), label_core::IdError>(())
    /// ```
    pub fn policy(&self) -> Option<&PolicyId> {
        match self {
            Self::PolicyDisabled { policy, .. }
            | Self::PolicyEnabled { policy, .. }
            | Self::PolicyDeleted { policy, .. } => Some(policy),
            _ => None,
        }
    }

    /// The label that was switched, if one was.
    pub fn label(&self) -> Option<&LabelKey> {
        match self {
            Self::LabelDisabled { label, .. } | Self::LabelEnabled { label, .. } => Some(label),
            _ => None,
        }
    }

    /// The file that was frozen or unfrozen, if one was.
    pub fn frozen_file(&self) -> Option<&FileKey> {
        match self {
            Self::FileFrozen { file, .. } | Self::FileUnfrozen { file, .. } => Some(file),
            _ => None,
        }
    }
}

impl LogEntry {
    /// An entry about a tenant or an app, without a number yet.
    pub fn new(at_ms: i64, tenant: TenantId, initiator: Initiator, event: LogEvent) -> Self {
        Self {
            sequence: 0,
            at_ms,
            tenant,
            app: None,
            initiator,
            task: None,
            event,
        }
    }

    /// An entry about a task in its present state, without a number yet.
    pub(crate) fn of_task(task: &Task, at_ms: i64, initiator: Initiator) -> Self {
        let event = LogEvent::Task {
            state: task.state.clone(),
        };
        Self {
            app: Some(task.key.app()),
            task: Some(LoggedTask {
                id: task.id,
                file: task.key.file.clone(),
                action: task.key.action,
                previous: task.previous,
                quota: None,
            }),
            ..Self::new(at_ms, task.key.tenant, initiator, event)
        }
    }

    /// The file that it is about.
    pub fn file(&self) -> Option<&FileKey> {
        let of_task = self.task.as_ref().map(|task| &task.file);
        of_task.or_else(|| self.event.frozen_file())
    }

    /// The product's status; a change of a limit or a policy is successful by itself.
    pub fn status(&self) -> Status {
        match &self.event {
            LogEvent::Task { state } => state.status(),
            _ => Status::Successful,
        }
    }

    /// Why the task ended as it did.
    pub fn reason(&self) -> Option<&Reason> {
        match &self.event {
            LogEvent::Task { state } => state.reason(),
            _ => None,
        }
    }
}
