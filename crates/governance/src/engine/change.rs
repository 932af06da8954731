//! The moves that several operations share: each keeps the task, its unit and the log in step.

use label_core::{AppId, TenantId};

use super::Settings;
use crate::error::Error;
use crate::log::{LogEntry, LogEvent, QuotaPosition};
use crate::quota::{CountedAction, HalfDay, Pause, Quota, Unit};
use crate::reason::Reason;
use crate::state::{StateKind, Suspension, SuspensionReason, TaskState};
use crate::store::{Backlog, PAGE_COUNT_MAX, PolicyState, RowsMut, TaskFilter};
use crate::task::{ActionKind, Task, TaskId};
use crate::text::Initiator;

/// The states that a task waits in for something else than its policy.
pub(super) const WAITING: [StateKind; 3] =
    [StateKind::Deferred, StateKind::Retrying, StateKind::Queued];

/// One change of the store, at one time.
pub(super) struct Change<'r> {
    pub(super) rows: &'r mut dyn RowsMut,
    pub(super) settings: Settings,
    pub(super) opening: u64,
    pub(super) now: i64,
}

impl Change<'_> {
    /// The task with this number.
    pub(super) fn task(&self, id: TaskId) -> Result<Task, Error> {
        self.rows.task(id)?.ok_or(Error::UnknownTask { id })
    }

    /// Moves a task by one allowed move.
    ///
    /// # Errors
    ///
    /// [`Error::NotAllowed`] for any other move, so that no rule can invent one.
    pub(super) fn step(&self, task: &mut Task, next: TaskState) -> Result<(), Error> {
        if !task.state_kind().may_become(next.kind()) {
            return Err(Error::NotAllowed {
                id: task.id,
                state: task.state_kind(),
                deed: "change its state like that",
            });
        }
        task.state = next;
        task.changed_ms = self.now;
        Ok(())
    }

    /// Logs the state that the task is in.
    pub(super) fn log_task(&mut self, task: &Task, initiator: &Initiator) -> Result<(), Error> {
        self.log_ended(task, initiator, None)
    }

    /// Logs the state that the task is in, and, if it has used the unit that it had, where the
    /// allowance of that day stands.
    pub(super) fn log_ended(
        &mut self,
        task: &Task,
        initiator: &Initiator,
        unit: Option<HalfDay>,
    ) -> Result<(), Error> {
        let mut entry = LogEntry::of_task(task, self.now, initiator.clone());
        if task.state_kind() == StateKind::Succeeded
            && let (Some(action), Some(half)) = (self.counted(task), unit)
        {
            let quota = self.quota(task.key.tenant, task.key.app(), action)?;
            if let Some(logged) = &mut entry.task {
                logged.quota = Some(QuotaPosition {
                    used: quota.used_with(half),
                    limit: quota.limit(),
                });
            }
        }
        self.rows.append_log(&entry).map(drop)
    }

    /// Stores the task and logs its state.
    pub(super) fn put_logged(&mut self, task: &Task, initiator: &Initiator) -> Result<(), Error> {
        self.rows.put_task(task)?;
        self.log_task(task, initiator)
    }

    /// The state of the policy that wants the task; a task by hand runs like an enabled one.
    pub(super) fn policy_state(&self, task: &Task) -> Result<PolicyState, Error> {
        match &task.key.policy {
            Some(policy) => self.rows.policy(task.key.tenant, policy),
            None => Ok(PolicyState::Enabled),
        }
    }

    /// Everything that keeps the task from running until somebody changes it.
    ///
    /// Whether it is confirmed only its own state tells; all else is looked up.
    pub(super) fn suspension(&self, task: &Task) -> Result<Suspension, Error> {
        let mut reasons = Suspension::NONE;
        if let TaskState::Suspended { reasons: present } = task.state
            && present.contains(SuspensionReason::Unconfirmed)
        {
            reasons = reasons.with(SuspensionReason::Unconfirmed);
        }
        if self.policy_state(task)? == PolicyState::Disabled {
            reasons = reasons.with(SuspensionReason::PolicyDisabled);
        }
        if let ActionKind::Apply(label) = task.key.action
            && self.rows.is_label_disabled(&label)?
        {
            reasons = reasons.with(SuspensionReason::LabelDisabled);
        }
        if !task.key.is_manual()
            && self
                .rows
                .frozen_since(task.key.tenant, &task.key.file)?
                .is_some()
        {
            reasons = reasons.with(SuspensionReason::FileFrozen);
        }
        Ok(reasons)
    }

    /// Whose daily limit concerns the task, if one does.
    pub(super) fn counted(&self, task: &Task) -> Option<CountedAction> {
        let action = task.key.action.counted();
        self.settings.counted(task.key.is_manual(), action)
    }

    /// The allowance of an action in an app, with days read as the settings say.
    pub(super) fn quota(
        &self,
        tenant: TenantId,
        app: AppId,
        action: CountedAction,
    ) -> Result<Quota, Error> {
        let quota = self.rows.quota(tenant, app, action)?;
        Ok(quota.read_by(self.settings.day))
    }

    /// Makes the task hold a unit of today's allowance of its action, or says why it can't.
    ///
    /// A unit that it holds from an earlier try of today is enough: one label, one unit. One of
    /// another day goes back to that day, because the label will count on the day it is applied.
    pub(super) fn acquire_unit(
        &mut self,
        task: &mut Task,
        action: CountedAction,
    ) -> Result<Option<Pause>, Error> {
        let under_way = task.intent.is_some();
        let (tenant, app) = (task.key.tenant, task.key.app());
        let mut quota = self.quota(tenant, app, action)?;
        let is_of_today = |half| quota.is_of_today(half, self.now);
        if task.unit.is_some_and(is_of_today) && (under_way || quota.covers(self.now)) {
            return Ok(None);
        }
        if let Some(half) = task.unit.take() {
            // With a write under way, the file may have been changed on that day: it stays used.
            if !under_way {
                quota.give_back(half, self.now);
            }
        }
        let refused = match quota.take(self.now) {
            Unit::Taken { half, last } => {
                task.unit = Some(half);
                if last {
                    self.log_limit_reached(task, action, &quota)?;
                }
                None
            }
            Unit::Refused(pause) => Some(pause),
        };
        self.rows.put_quota(tenant, app, action, &quota)?;
        Ok(refused)
    }

    /// The pause that keeps a task from writing again whose write of an earlier day is not reported
    /// yet.
    ///
    /// That write may have happened: neither may its intent be forgotten, nor may it be made today
    /// on the account of the other day.
    pub(super) fn pause_under_way(
        &self,
        task: &Task,
        action: CountedAction,
    ) -> Result<Option<Pause>, Error> {
        if task.intent.is_none() {
            return Ok(None);
        }
        let quota = self.quota(task.key.tenant, task.key.app(), action)?;
        let is_of_today = |half| quota.is_of_today(half, self.now);
        Ok(quota
            .pause(self.now)
            .filter(|_| !task.unit.is_some_and(is_of_today)))
    }

    fn log_limit_reached(
        &mut self,
        task: &Task,
        action: CountedAction,
        quota: &Quota,
    ) -> Result<(), Error> {
        let until = quota.pause(self.now).and_then(|pause| pause.until);
        let event = LogEvent::LimitReached {
            action,
            limit: quota.limit(),
            until: until.unwrap_or(self.now),
        };
        let mut entry = LogEntry::new(self.now, task.key.tenant, task.initiator.clone(), event);
        entry.app = Some(task.key.app());
        self.rows.append_log(&entry).map(drop)
    }

    /// Gives back the unit that the task holds, if it holds one; what waits may run by that.
    pub(super) fn release_unit(&mut self, task: &mut Task) -> Result<(), Error> {
        let (Some(half), Some(action)) = (task.unit.take(), task.key.action.counted()) else {
            return Ok(());
        };
        let (tenant, app) = (task.key.tenant, task.key.app());
        let mut quota = self.quota(tenant, app, action)?;
        let paused = quota.pause(self.now).is_some();
        quota.give_back(half, self.now);
        self.rows.put_quota(tenant, app, action, &quota)?;
        if paused && quota.pause(self.now).is_none() {
            self.settle_deferred(tenant, app, action, None)?;
        }
        Ok(())
    }

    /// Makes the deferred tasks of an action agree with its pause, as one: a new time to wait for, or,
    /// where it has ended, the present one. Claims then move them page by page.
    pub(super) fn settle_deferred(
        &mut self,
        tenant: TenantId,
        app: AppId,
        action: CountedAction,
        pause: Option<Pause>,
    ) -> Result<(), Error> {
        let until = match pause {
            Some(Pause { until }) => until,
            None => Some(self.now),
        };
        (self.rows)
            .put_off(tenant, app, action, Backlog::All, until)
            .map(drop)
    }

    /// Defers a queued or running task until its app resumes.
    pub(super) fn defer(&mut self, task: &mut Task, pause: Pause) -> Result<(), Error> {
        self.step(task, TaskState::Deferred { until: pause.until })?;
        task.custody.take_back();
        task.looked_at = true;
        task.recheck = false;
        self.rows.put_task(task)
    }

    /// Suspends a waiting task, or gives a suspended one these reasons. What was known of the file
    /// may have changed when it comes back.
    pub(super) fn suspend(&mut self, task: &mut Task, reasons: Suspension) -> Result<(), Error> {
        if task.state_kind() == StateKind::Suspended {
            task.state = TaskState::Suspended { reasons };
            return self.rows.put_task(task);
        }
        self.release_unit(task)?;
        self.step(task, TaskState::Suspended { reasons })?;
        task.looked_at = false;
        task.recheck = true;
        self.rows.put_task(task)
    }

    /// Suspends all waiting and suspended tasks of a filter for one more reason; says how many.
    pub(super) fn hold(
        &mut self,
        filter: &TaskFilter,
        reason: SuspensionReason,
    ) -> Result<u64, Error> {
        let mut filter = filter.clone();
        // The suspended ones first, or those that just became so would be visited twice.
        filter.states = [&[StateKind::Suspended][..], &WAITING].concat();
        let mut count = 0;
        self.each_task(&filter, |change, mut task| {
            // An administrator's task is no part of what policies do to a file.
            if reason == SuspensionReason::FileFrozen && task.key.is_manual() {
                return Ok(());
            }
            let reasons = match task.state {
                TaskState::Suspended { reasons } => reasons,
                _ => Suspension::NONE,
            };
            count += 1;
            change.suspend(&mut task, reasons.with(reason))
        })?;
        Ok(count)
    }

    /// Ends one reason to be suspended for all tasks of a filter; those without another one are
    /// queued in their old place. Says how many were held by it.
    pub(super) fn let_go(
        &mut self,
        filter: &TaskFilter,
        reason: SuspensionReason,
    ) -> Result<u64, Error> {
        let mut filter = filter.clone();
        filter.states = vec![StateKind::Suspended];
        let mut count = 0;
        self.each_task(&filter, |change, mut task| {
            count += u64::from(change.end_reason(&mut task, reason)?);
            Ok(())
        })?;
        Ok(count)
    }

    /// Ends one reason of a suspended task, and says whether it was one.
    pub(super) fn end_reason(
        &mut self,
        task: &mut Task,
        reason: SuspensionReason,
    ) -> Result<bool, Error> {
        let TaskState::Suspended { reasons } = task.state else {
            return Ok(false);
        };
        if !reasons.contains(reason) {
            return Ok(false);
        }
        let reasons = reasons.without(reason);
        if reasons.is_empty() {
            self.step(task, TaskState::Queued)?;
            self.rows.put_task(task)?;
        } else {
            self.suspend(task, reasons)?;
        }
        Ok(true)
    }

    /// Cancels a waiting task.
    pub(super) fn call_off(
        &mut self,
        task: &mut Task,
        reason: Reason,
        initiator: &Initiator,
    ) -> Result<(), Error> {
        self.release_unit(task)?;
        self.step(task, TaskState::Cancelled { reason })?;
        self.put_logged(task, initiator)
    }

    /// Stores a task that waits from now on, unless its policy was deleted or something suspends
    /// it.
    ///
    /// Says which of the three happened.
    pub(super) fn park(&mut self, task: &mut Task) -> Result<Parked, Error> {
        if self.policy_state(task)? == PolicyState::Deleted {
            let initiator = task.initiator.clone();
            self.call_off(task, Reason::new(Reason::POLICY_DELETED), &initiator)?;
            return Ok(Parked::Cancelled);
        }
        let reasons = self.suspension(task)?;
        if reasons.is_empty() {
            self.rows.put_task(task)?;
            return Ok(Parked::Waiting);
        }
        self.suspend(task, reasons)?;
        Ok(Parked::Suspended)
    }

    /// Takes a running task that has not begun to write back among those that wait.
    pub(super) fn unclaim(&self, task: &mut Task) -> Result<(), Error> {
        let (at, n) = (self.now, task.custody.attempts);
        task.custody.take_back();
        self.step(task, TaskState::Retrying { at, n })
    }

    /// Why a file may not be quarantined, for a task that asks for that: it carries a label of ours
    ///
    pub(super) fn not_quarantined(&self, task: &Task) -> Result<Option<Reason>, Error> {
        if task.key.action != ActionKind::AdminQuarantine {
            return Ok(None);
        }
        let applied = self.rows.applied(task.key.tenant, &task.key.file)?;
        Ok(applied.and_then(|label| label.makes_idle(task)))
    }

    /// Skips a waiting task that never reaches a caller.
    pub(super) fn skip_idle(&mut self, mut task: Task, reason: Reason) -> Result<(), Error> {
        self.release_unit(&mut task)?;
        // The allowed way from waiting to skipped leads over running; no one sees the steps.
        if task.state_kind() != StateKind::Queued {
            self.step(&mut task, TaskState::Queued)?;
        }
        self.step(&mut task, TaskState::Running)?;
        self.step(&mut task, TaskState::Skipped { reason })?;
        let initiator = task.initiator.clone();
        self.put_logged(&task, &initiator)
    }

    /// Does something with each task that passes the filter, by rising number; says how many.
    ///
    /// One state after the other, which is how stores find them fast. The bound is the number of
    /// the last task: what is added meanwhile is not visited.
    pub(super) fn each_task(
        &mut self,
        filter: &TaskFilter,
        mut deed: impl FnMut(&mut Self, Task) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        let last = self.rows.last_task_id()?;
        let mut count = 0;
        for state in &filter.states {
            let one_state = TaskFilter {
                states: vec![*state],
                ..filter.clone()
            };
            let mut after = TaskId(0);
            while after < last {
                let page = self.rows.tasks(&one_state, after, PAGE_COUNT_MAX)?;
                let Some(end) = page.last() else { break };
                if end.id <= after {
                    return Err(Error::StoreContract {
                        rule: "tasks must come by rising number",
                    });
                }
                after = end.id;
                for task in page {
                    deed(self, task)?;
                    count += 1;
                }
            }
        }
        Ok(count)
    }
}

/// What became of a task that was to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parked {
    Waiting,
    Suspended,
    Cancelled,
}
