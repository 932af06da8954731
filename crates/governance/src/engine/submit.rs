//! Tasks come in, and what an administrator does with single ones.

use super::Governance;
use super::change::{Change, Parked};
use crate::error::Error;
use crate::reason::Reason;
use crate::state::{StateKind, Status, Suspension, SuspensionReason, TaskState};
use crate::store::{PolicyState, Store};
use crate::task::{NewTask, Repeat, Task, TaskId};
use crate::text::Initiator;

/// The most tasks that one call of [`Governance::submit`] takes.
pub const SUBMIT_COUNT_MAX: usize = 10_000;

/// What became of one submitted task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// It is new and durably kept.
    Accepted(TaskId),
    /// The same task is open: this submission is a part of it, and nothing changed.
    Joined(TaskId),
    /// The same task was submitted before and is over; nothing changed (R-143, [`Repeat`]).
    AlreadyKnown(TaskId),
}

impl Submitted {
    /// The task's number, new or known.
    pub fn id(self) -> TaskId {
        match self {
            Self::Accepted(id) | Self::Joined(id) | Self::AlreadyKnown(id) => id,
        }
    }
}

impl<S: Store> Governance<S> {
    /// Takes tasks in, all or none; to submit a policy's again is harmless.
    ///
    /// A policy's task joins an open one with the same key; administrators' never join
    /// (clarification 15). Tasks of a disabled policy, for a disabled label or on a frozen file are
    /// taken in as suspended. Asked to quarantine a file that carries a label of ours, it takes the
    /// task in and skips it at once, as [`Reason::LABELLED_FILE`] (A-037). The answers are in the order of the tasks.
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
    /// use label_core::{AppId, FileId, FileKey, PolicyId, TenantId};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let key = TaskKey {
    ///     tenant: TenantId::from_u128(1),
    ///     file: FileKey::new(AppId::BOX, 0, FileId::parse("contract.docx")?),
    ///     file_version: FileVersion::parse("3")?,
    ///     policy: Some(PolicyId::parse("finance")?),
    ///     action: ActionKind::Remove,
    /// };
    /// let task = NewTask::new(key, 0, Initiator::parse("Finance documents")?);
    /// let first = governance.submit(&[task.clone()], 1_000)?;
    /// let again = governance.submit(&[task], 2_000)?;
    /// assert_eq!(first, [Submitted::Accepted(TaskId(1))]);
    /// assert_eq!(again, [Submitted::Joined(TaskId(1))]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn submit(&mut self, tasks: &[NewTask], now: i64) -> Result<Vec<Submitted>, Error> {
        self.take_in(tasks, Suspension::NONE, now)
    }

    /// Takes tasks in that wait for a confirmation: nothing is queued before
    /// [`confirm`](Self::confirm) (R-132).
    ///
    /// Otherwise as [`submit`](Self::submit). A task that joins an open one is as confirmed as that
    /// one is. To take a request back, [`cancel`](Self::cancel) its tasks.
    ///
    /// # Errors
    ///
    /// As for [`submit`](Self::submit).
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{
    ///     ActionKind, FileVersion, Governance, Initiator, NewTask, Settings, StateKind, TaskKey,
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
    /// let by = Initiator::parse("admin@contoso.com")?;
    /// let asked = governance.request(&[NewTask::new(key, 0, by.clone())], 1_000)?;
    /// assert!(governance.claim(10, 2_000)?.is_empty());
    /// let ids: Vec<_> = asked.iter().map(|one| one.id()).collect();
    /// assert_eq!(governance.confirm(&ids, &by, 3_000)?, 1);
    /// assert_eq!(governance.claim(10, 3_000)?.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request(&mut self, tasks: &[NewTask], now: i64) -> Result<Vec<Submitted>, Error> {
        self.take_in(tasks, Suspension::of(SuspensionReason::Unconfirmed), now)
    }

    /// Confirms tasks that were requested, all or none, and says how many were waiting for it.
    ///
    /// They are queued, unless something else suspends them. To confirm twice is harmless.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTask`]; [`Error::TooManyTasks`]: split them.
    ///
    /// # Examples
    ///
    /// See [`request`](Self::request).
    pub fn confirm(&mut self, ids: &[TaskId], by: &Initiator, now: i64) -> Result<u64, Error> {
        check_count(ids.len())?;
        self.change(now, |change| {
            let mut confirmed = 0;
            for id in ids {
                let mut task = change.task(*id)?;
                if change.end_reason(&mut task, SuspensionReason::Unconfirmed)? {
                    change.log_task(&task, by)?;
                    confirmed += 1;
                }
            }
            Ok(confirmed)
        })
    }

    fn take_in(
        &mut self,
        tasks: &[NewTask],
        held: Suspension,
        now: i64,
    ) -> Result<Vec<Submitted>, Error> {
        check_count(tasks.len())?;
        let pending_max = self.settings.pending_max;
        self.change(now, |change| {
            let before = change.rows.pending()?;
            let mut pending = before;
            let mut answers = Vec::with_capacity(tasks.len());
            for new in tasks {
                let known = change.known(new)?;
                if let Some(answer) = known {
                    answers.push(answer);
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
                if !held.is_empty() {
                    task.state = TaskState::Suspended { reasons: held };
                    task.recheck = true;
                }
                let parked = change.park(&mut task)?;
                change.log_task(&task, &new.initiator)?;
                match change.not_quarantined(&task)? {
                    Some(reason) if parked == Parked::Waiting => change.skip_idle(task, reason)?,
                    _ => pending += 1,
                }
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
            let reason = Reason::new(Reason::CANCELLED).with_detail(by.as_str());
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
            // The same may have been submitted anew since; that one counts.
            let same = change.rows.task_with_key(&task.key)?;
            if let Some(other) = same.filter(|other| *other != id && !task.key.is_manual())
                && change.task(other)?.state.status() == Status::Pending
            {
                return Err(Error::NotAllowed {
                    id,
                    state: task.state_kind(),
                    deed: "retry it while the same task is open",
                });
            }
            change.step(&mut task, TaskState::Queued)?;
            task.custody.attempts = 0;
            task.recheck = true;
            change.park(&mut task)?;
            change.log_task(&task, by)
        })
    }
}

fn check_count(count: usize) -> Result<(), Error> {
    if count > SUBMIT_COUNT_MAX {
        return Err(Error::TooManyTasks {
            count,
            count_max: SUBMIT_COUNT_MAX,
        });
    }
    Ok(())
}

impl Change<'_> {
    /// The answer to a submission that makes no new task.
    fn known(&self, new: &NewTask) -> Result<Option<Submitted>, Error> {
        let Some(policy) = &new.key.policy else {
            return Ok(None);
        };
        if self.rows.policy(new.key.tenant, policy)? == PolicyState::Deleted {
            return Err(Error::PolicyDeleted {
                tenant: new.key.tenant,
                policy: policy.clone(),
            });
        }
        let Some(id) = self.rows.task_with_key(&new.key)? else {
            return Ok(None);
        };
        let is_open = self.task(id)?.state.status() == Status::Pending;
        Ok(match new.repeat {
            _ if is_open => Some(Submitted::Joined(id)),
            Repeat::Never => Some(Submitted::AlreadyKnown(id)),
            Repeat::WhenOver => None,
        })
    }
}
