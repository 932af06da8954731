//! Tasks come in, and what an administrator does with single ones.

use super::Governance;
use crate::error::Error;
use crate::reason::Reason;
use crate::state::{StateKind, TaskState};
use crate::store::{PolicyState, Store};
use crate::task::{NewTask, Task, TaskId};
use crate::text::Initiator;

/// The most tasks that one call of [`Governance::submit`] takes.
pub const SUBMIT_COUNT_MAX: usize = 10_000;

/// What became of one submitted task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It is new and durably kept.
    Accepted(TaskId),
    /// It was submitted before, whatever became of it since; nothing changed (R-143).
    AlreadyKnown(TaskId),
}

impl Submitted {
    /// The task's number, new or known.
    pub fn id(self) -> TaskId {
        match self {
            Self::Accepted(id) | Self::AlreadyKnown(id) => id,
        }
    }
}

impl<S: Store> Governance<S> {
    /// Takes tasks in, all or none; to submit the same again is harmless.
    ///
    /// Tasks of a disabled policy are taken in as suspended. The answers are in the order of the
    /// tasks.
    ///
    /// # Errors
    ///
    /// [`Error::PolicyDeleted`] (clarification 16): leave those tasks out; [`Error::TooManyTasks`]:
    /// split them; [`Error::QueueFull`]: later.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{
    ///     ActionKind, FileVersion, Governance, Initiator, NewTask, Settings, Submitted, TaskId,
    ///     TaskKey,
    /// };
    /// use label_core::{AppId, FileId, FileKey, TenantId};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let key = TaskKey {
    ///     tenant: TenantId::from_u128(1),
    ///     file: FileKey::new(AppId::BOX, 0, FileId::parse("contract.docx")?),
    ///     file_version: FileVersion::parse("3")?,
    ///     policy: None,
    ///     action: ActionKind::Remove,
    /// };
    /// let task = NewTask::new(key, 0, Initiator::parse("admin@contoso.com")?);
    /// let first = governance.submit(&[task.clone()], 1_000)?;
    /// let again = governance.submit(&[task], 2_000)?;
    /// assert_eq!(first, [Submitted::Accepted(TaskId(1))]);
    /// assert_eq!(again, [Submitted::AlreadyKnown(TaskId(1))]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn submit(&mut self, tasks: &[NewTask], now: i64) -> Result<Vec<Submitted>, Error> {
        if tasks.len() > SUBMIT_COUNT_MAX {
            return Err(Error::TooManyTasks {
                count: tasks.len(),
                count_max: SUBMIT_COUNT_MAX,
            });
        }
        let pending_max = self.settings.pending_max;
        self.change(now, |change| {
            let before = change.rows.pending()?;
            let mut pending = before;
            let mut answers = Vec::with_capacity(tasks.len());
            for new in tasks {
                let known = change.rows.task_with_key(&new.key)?;
                if let Some(policy) = &new.key.policy
                    && change.rows.policy(new.key.tenant, policy)? == PolicyState::Deleted
                {
                    return Err(Error::PolicyDeleted {
                        tenant: new.key.tenant,
                        policy: policy.clone(),
                    });
                }
                if let Some(id) = known {
                    answers.push(Submitted::AlreadyKnown(id));
                    continue;
                }
                if pending >= pending_max {
                    return Err(Error::QueueFull {
                        pending: before,
                        pending_max,
                    });
                }
                let id = change.rows.next_task_id()?;
                let mut task = Task::new(id, new.clone(), change.now);
                change.park(&mut task)?;
                change.log_task(&task, &new.initiator)?;
                pending += 1;
                answers.push(Submitted::Accepted(id));
            }
            Ok(answers)
        })
    }

    /// Calls off a task that waits, by an administrator.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTask`]; [`Error::NotAllowed`] when it runs or is finished (clarification
    /// 16): nothing changes.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Error, Governance, Initiator, Settings, TaskId};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let by = Initiator::parse("admin@contoso.com")?;
    /// let result = governance.cancel(TaskId(7), &by, 1_000);
    /// assert!(matches!(result, Err(Error::UnknownTask { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&mut self, id: TaskId, by: &Initiator, now: i64) -> Result<(), Error> {
        self.change(now, |change| {
            let mut task = change.task(id)?;
            if !task.state_kind().may_become(StateKind::Cancelled) {
                return Err(Error::NotAllowed {
                    id,
                    state: task.state_kind(),
                    deed: "cancel it",
                });
            }
            let reason = Reason::new(Reason::CANCELLED_BY_ADMINISTRATOR).with_detail(by.as_str());
            change.call_off(&mut task, reason, by)
        })
    }

    /// Puts a failed task back into the queue, by an administrator, with all its tries (A-030).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTask`]; [`Error::NotAllowed`] unless it has failed;
    /// [`Error::PolicyDeleted`] when its policy is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Error, Governance, Initiator, Settings, TaskId};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let by = Initiator::parse("admin@contoso.com")?;
    /// let result = governance.retry(TaskId(7), &by, 1_000);
    /// assert!(matches!(result, Err(Error::UnknownTask { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retry(&mut self, id: TaskId, by: &Initiator, now: i64) -> Result<(), Error> {
        self.change(now, |change| {
            let mut task = change.task(id)?;
            if task.state_kind() != StateKind::Failed {
                return Err(Error::NotAllowed {
                    id,
                    state: task.state_kind(),
                    deed: "retry it",
                });
            }
            if let Some(policy) = &task.key.policy
                && change.policy_state(&task)? == PolicyState::Deleted
            {
                return Err(Error::PolicyDeleted {
                    tenant: task.key.tenant,
                    policy: policy.clone(),
                });
            }
            change.step(&mut task, TaskState::Queued)?;
            task.attempts = 0;
            task.recheck = true;
            change.park(&mut task)?;
            change.log_task(&task, by)
        })
    }
}
