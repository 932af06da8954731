//! Undoing what tasks did: one, or everything that a policy did since some time.

use std::fmt;

use label_core::{PolicyId, TenantId};

use super::change::Change;
use super::{Governance, SUBMIT_COUNT_MAX};
use crate::error::Error;
use crate::ledger::AppliedLabel;
use crate::state::{StateKind, Status, TaskState};
use crate::store::{PAGE_COUNT_MAX, Store, TaskFilter};
use crate::task::{ActionKind, NewTask, PreviousLabel, Task, TaskId, TaskKey};
use crate::text::{FileVersion, Initiator};

/// Why a task can't be reverted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotReverted {
    /// It has not succeeded, or was reverted before.
    NotDone,
    /// Nobody said what label the file had before.
    PreviousUnknown,
    /// The file was labelled again since: undoing this would undo that.
    LabelledSince,
    /// A revert is open already.
    UnderWay,
    /// It did not change a label. A quarantine is ended where the file lies.
    NoLabelAction,
}

impl fmt::Display for NotReverted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotDone => "it has not succeeded",
            Self::PreviousUnknown => "the label before it is unknown",
            Self::LabelledSince => "the file was labelled again since",
            Self::UnderWay => "a revert is open already",
            Self::NoLabelAction => "it did not change a label",
        })
    }
}

/// What came of reverting the tasks of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reverts {
    /// The new tasks, in the order of those that they undo.
    pub tasks: Vec<TaskId>,
    /// Tasks that can't be reverted, and why.
    pub refused: Vec<(TaskId, NotReverted)>,
    /// Where to go on: there may be more.
    pub after: Option<TaskId>,
}

impl<S: Store> Governance<S> {
    /// Undoes a task that has succeeded, by an administrator: a new task puts back the label that
    /// the file had before, or takes ours off where it had none.
    ///
    /// The new task is a manual one. When it succeeds, the old one becomes
    /// [`TaskState::Reverted`]. The label before is the one that was named in
    /// [`WriteIntent::replacing`](crate::WriteIntent::replacing).
    ///
    /// # Errors
    ///
    /// [`Error::NotReverted`] with the reason; [`Error::QueueFull`]; [`Error::UnknownTask`].
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Error, Governance, Initiator, Settings, TaskId};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let by = Initiator::parse("admin@contoso.com")?;
    /// let result = governance.revert(TaskId(7), &by, 1_000);
    /// assert!(matches!(result, Err(Error::UnknownTask { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn revert(&mut self, id: TaskId, by: &Initiator, now: i64) -> Result<TaskId, Error> {
        self.change(now, |change| {
            let task = change.task(id)?;
            match change.revert(&task, by)? {
                Ok(id) => Ok(id),
                Err(reason) => Err(Error::NotReverted { id, reason }),
            }
        })
    }

    /// Undoes everything that a policy has done since `since`, by an administrator.
    ///
    /// Looks at the policy's tasks after number `after`, at most [`SUBMIT_COUNT_MAX`] in one call:
    /// start with `TaskId(0)`, go on with [`Reverts::after`] until it is `None`. What can't be
    /// reverted is named, the rest is done all the same.
    ///
    /// # Errors
    ///
    /// [`Error::QueueFull`]: nothing was done by this call.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Initiator, Settings, TaskId};
    /// use label_core::{PolicyId, TenantId};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let by = Initiator::parse("admin@contoso.com")?;
    /// let (tenant, policy) = (TenantId::from_u128(1), PolicyId::parse("finance")?);
    /// let since = 1_609_804_800_000; // 2021-01-05
    /// let now = since + 3_600_000;
    /// let undone = governance.revert_policy(tenant, &policy, since, TaskId(0), &by, now)?;
    /// assert!(undone.tasks.is_empty() && undone.after.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn revert_policy(
        &mut self,
        tenant: TenantId,
        policy: &PolicyId,
        since: i64,
        after: TaskId,
        by: &Initiator,
        now: i64,
    ) -> Result<Reverts, Error> {
        self.change(now, |change| {
            let mut filter = TaskFilter::of_tenant(tenant, &[StateKind::Succeeded]);
            filter.policy = Some(policy.clone());
            let mut made = Reverts::default();
            let mut after = after;
            for _ in 0..SUBMIT_COUNT_MAX / PAGE_COUNT_MAX {
                let page = change.rows.tasks(&filter, after, PAGE_COUNT_MAX)?;
                let Some(last) = page.last() else {
                    return Ok(made);
                };
                after = last.id;
                for task in page.iter().filter(|task| task.changed_ms >= since) {
                    match change.revert(task, by)? {
                        Ok(id) => made.tasks.push(id),
                        Err(reason) => made.refused.push((task.id, reason)),
                    }
                }
            }
            made.after = Some(after);
            Ok(made)
        })
    }
}

impl Change<'_> {
    /// What undoes a task, and on which version of the file, with what the ledger says of it; or why
    /// nothing does.
    pub(super) fn undoing(
        &self,
        task: &Task,
        applied: Option<&AppliedLabel>,
    ) -> Result<(ActionKind, FileVersion), NotReverted> {
        if task.state_kind() != StateKind::Succeeded {
            return Err(NotReverted::NotDone);
        }
        if task.key.action == ActionKind::AdminQuarantine {
            return Err(NotReverted::NoLabelAction);
        }
        let action = match task.previous {
            PreviousLabel::Unknown => return Err(NotReverted::PreviousUnknown),
            PreviousLabel::None => ActionKind::Remove,
            PreviousLabel::Label(label) => ActionKind::Apply(label),
        };
        match (applied, task.key.action) {
            (Some(applied), ActionKind::Apply(_)) if applied.task == task.id => {
                Ok((action, applied.version.clone()))
            }
            (None, ActionKind::Remove) => Ok((action, task.key.file_version.clone())),
            _ => Err(NotReverted::LabelledSince),
        }
    }

    /// Takes in the task that undoes another one, or says why not.
    fn revert(
        &mut self,
        task: &Task,
        by: &Initiator,
    ) -> Result<Result<TaskId, NotReverted>, Error> {
        let key = &task.key;
        let applied = self.rows.applied(key.tenant, &key.file)?;
        let (action, present) = match self.undoing(task, applied.as_ref()) {
            Ok(undoing) => undoing,
            Err(reason) => return Ok(Err(reason)),
        };
        let mut filter = TaskFilter::of_tenant(key.tenant, &[]);
        filter.file = Some(key.file.clone());
        filter.states = StateKind::ALL
            .into_iter()
            .filter(|kind| kind.status() == Status::Pending)
            .collect();
        let mut under_way = false;
        self.each_task(&filter, |_, other| {
            under_way |= other.reverts == Some(task.id);
            Ok(())
        })?;
        if under_way {
            return Ok(Err(NotReverted::UnderWay));
        }
        let (pending, pending_max) = (self.rows.pending()?, self.settings.pending_max);
        if pending >= pending_max {
            return Err(Error::QueueFull {
                pending,
                pending_max,
            });
        }
        let key = TaskKey {
            file_version: present,
            policy: None,
            action,
            ..key.clone()
        };
        let new = NewTask::new(key, task.label_priority, by.clone());
        let id = self.rows.next_task_id()?;
        let mut undoing = Task::new(id, new, self.now);
        undoing.reverts = Some(task.id);
        self.park(&mut undoing)?;
        self.log_task(&undoing, by)?;
        Ok(Ok(id))
    }

    /// After a revert has succeeded: the task that it undoes is undone, unless it was forgotten.
    pub(super) fn settle_revert(&mut self, undoing: &Task) -> Result<(), Error> {
        let Some(id) = undoing.reverts else {
            return Ok(());
        };
        // A revert that had failed may be retried when nothing else needed the task any more.
        let Some(mut task) = self.rows.task(id)? else {
            return Ok(());
        };
        if task.state_kind() != StateKind::Succeeded {
            return Ok(());
        }
        self.step(&mut task, TaskState::Reverted { by: undoing.id })?;
        self.put_logged(&task, &undoing.initiator)
    }
}
