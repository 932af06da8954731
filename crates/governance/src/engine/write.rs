//! Writing a file: the grant before it, the outcome after it, and what a crash leaves between.

use super::Governance;
use super::change::{Change, Parked, WAITING};
use super::claim::CLAIM_COUNT_MAX;
use crate::error::Error;
use crate::ledger::{AppliedLabel, Turns};
use crate::quota::Pause;
use crate::reason::Reason;
use crate::state::{StateKind, TaskState};
use crate::store::{PAGE_COUNT_MAX, PolicyState, Store, TaskFilter};
use crate::task::{ActionKind, Claim, Task, TaskId, WriteIntent};
use crate::text::FileVersion;

/// Whether a file may be written now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteGrant {
    /// Write, then call `finish`.
    Granted,
    /// Don't write: the daily limit is reached. The task comes back by itself.
    Deferred {
        /// When the app resumes, in milliseconds UTC; `None` while its limit is 0.
        until: Option<i64>,
    },
    /// Don't write: the policy is disabled. The task comes back when it is enabled.
    Suspended,
    /// Don't write: the policy was deleted. The task is over.
    Cancelled,
}

/// What a try did to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteEffect {
    /// Certainly nothing: the file is as it was. The unit of the allowance is not used.
    Nothing,
    /// Perhaps something: the unit stays used.
    Possible,
}

/// How a task that was handed out ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskOutcome {
    /// The file was written.
    Succeeded {
        /// The file's version now.
        version: FileVersion,
    },
    /// Nothing had to be written, or a precondition does not hold.
    Skipped {
        /// Why.
        reason: Reason,
        /// What happened to the file.
        effect: WriteEffect,
    },
    /// Refused for good.
    Failed {
        /// Why.
        reason: Reason,
        /// What happened to the file.
        effect: WriteEffect,
    },
    /// Failed for a passing reason, such as a locked file: to be tried again (A-029).
    Retry {
        /// Why.
        reason: Reason,
        /// What happened to the file.
        effect: WriteEffect,
        /// The earliest time that the app allows, in milliseconds UTC.
        not_before: Option<i64>,
    },
}

impl<S: Store> Governance<S> {
    /// Asks for leave to write the file, right before it is written.
    ///
    /// This is where the limit is kept: in one change, a unit of the day's allowance is used and
    /// the intent is stored. The label counts on the UTC day of `now` (R-155), and leave to write
    /// holds for the rest of that day: a worker that comes to write later asks again. The report does
    /// not count, however late it comes, nor does a recovery after a crash. A task uses one unit,
    /// however often it is tried, unless a try may have written something.
    ///
    /// To ask again, after a lost answer or with a new intent, uses nothing more on the same day. On
    /// another day it uses a unit of that day as well, for the file may have been written on either.
    /// A policy that was disabled since the task was handed out stops it here; a write that was
    /// granted before goes on.
    ///
    /// # Errors
    ///
    /// [`Error::StaleClaim`], [`Error::LeaseEnded`]: drop the work; [`Error::WriteUnderWay`]: report
    /// what came of the write that was granted on an earlier day; [`Error::UnknownTask`].
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Claim, Error, FileVersion, Governance, Settings, TaskId, WriteIntent};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let intent = WriteIntent::new(FileVersion::parse("sha256:77ab")?);
    /// let made_up = Claim { task: TaskId(7), number: 1 };
    /// let result = governance.begin_write(made_up, intent, 1_000);
    /// assert!(matches!(result, Err(Error::UnknownTask { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn begin_write(
        &mut self,
        claim: Claim,
        intent: WriteIntent,
        now: i64,
    ) -> Result<WriteGrant, Error> {
        self.change(now, |change| change.begin(claim, intent.clone()))
    }

    /// Asks for leave to write several files, in one change of the store: one sync to disk for all.
    ///
    /// The answers are in the order of the requests; one that is refused does not keep the others
    /// from counting. At most [`CLAIM_COUNT_MAX`] are taken; those beyond have no answer.
    ///
    /// # Errors
    ///
    /// Those of the store, for all requests together; the others of
    /// [`begin_write`](Self::begin_write) stand in the answers.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{FileVersion, Governance, Settings, WriteIntent};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let mut requests = Vec::new();
    /// for task in governance.claim(100, 1_000)? {
    ///     requests.push((task.claim(), WriteIntent::new(FileVersion::parse("sha256:77ab")?)));
    /// }
    /// assert_eq!(governance.begin_all(&requests, 1_000)?.len(), requests.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn begin_all(
        &mut self,
        requests: &[(Claim, WriteIntent)],
        now: i64,
    ) -> Result<Vec<Result<WriteGrant, Error>>, Error> {
        self.change(now, |change| {
            let mut answers = Vec::new();
            for (claim, intent) in requests.iter().take(CLAIM_COUNT_MAX) {
                answers.push(kept_apart(change.begin(*claim, intent.clone()))?);
            }
            Ok(answers)
        })
    }

    /// Reports how a task ended and gives the state that it is in by that.
    ///
    /// After a success, the ledger knows the label, and what other policies still wanted of the
    /// file is skipped. `WriteEffect::Nothing` gives the unit back where the task is over, and
    /// keeps it for the next try of the same day where it is not.
    ///
    /// # Errors
    ///
    /// [`Error::StaleClaim`]: the report comes too late, drop it; [`Error::NoGrant`]: a success
    /// without a grant; [`Error::UnknownTask`].
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Reason, Settings, TaskOutcome, WriteEffect};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// for task in governance.claim(10, 1_000)? {
    ///     let reason = Reason::new("locked").with_detail("checked out to Mara");
    ///     let (effect, not_before) = (WriteEffect::Nothing, None);
    ///     let outcome = TaskOutcome::Retry { reason, effect, not_before };
    ///     governance.finish(task.claim(), outcome, 1_000)?;
    /// }
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn finish(
        &mut self,
        claim: Claim,
        outcome: TaskOutcome,
        now: i64,
    ) -> Result<TaskState, Error> {
        self.change(now, |change| change.finish(claim, outcome.clone()))
    }

    /// Reports how several tasks ended, in one change of the store: one sync to disk for all.
    ///
    /// The answers are in the order of the reports. A report that is refused changes nothing and
    /// does not keep the others from counting. Of the reports, at most [`CLAIM_COUNT_MAX`] are
    /// taken; those beyond have no answer.
    ///
    /// # Errors
    ///
    /// Those of the store, for all reports together; the others of [`finish`](Self::finish) stand
    /// in the answers.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Reason, Settings, TaskOutcome, WriteEffect};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let mut reports = Vec::new();
    /// for task in governance.claim(100, 1_000)? {
    ///     let reason = Reason::new("too_large");
    ///     let effect = WriteEffect::Nothing;
    ///     reports.push((task.claim(), TaskOutcome::Failed { reason, effect }));
    /// }
    /// assert_eq!(governance.finish_all(&reports, 1_000)?.len(), reports.len());
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn finish_all(
        &mut self,
        reports: &[(Claim, TaskOutcome)],
        now: i64,
    ) -> Result<Vec<Result<TaskState, Error>>, Error> {
        self.change(now, |change| {
            let mut answers = Vec::new();
            for (claim, outcome) in reports.iter().take(CLAIM_COUNT_MAX) {
                answers.push(kept_apart(change.finish(*claim, outcome.clone()))?);
            }
            Ok(answers)
        })
    }

    /// Puts an interrupted task back among those that wait and gives the state that it is in by that.
    ///
    /// `effect` is what a look at the file told: its version is the one before the write
    /// (`Nothing`), or it can't be told (`Possible`). Say `Nothing` only after the process that had
    /// the task is gone: a worker that is slow may write after the look. Where it is the intent's
    /// version, report `Succeeded` instead. It counts as a failed try, by
    /// [`RetryRules::interrupted`](crate::RetryRules): if it is the task's first, the next one follows
    /// at once, and else after a pause, so that a task that ends its process each time comes to an end
    /// and leaves room for others meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::StaleClaim`]; [`Error::UnknownTask`].
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Settings, WriteEffect};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// for task in governance.interrupted()? {
    ///     // The file has the version that it had before.
    ///     governance.requeue(task.claim(), WriteEffect::Nothing, 1_000)?;
    /// }
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn requeue(
        &mut self,
        claim: Claim,
        effect: WriteEffect,
        now: i64,
    ) -> Result<TaskState, Error> {
        self.change(now, |change| {
            let mut task = change.claimed(claim)?;
            change.requeue(&mut task, effect)?;
            Ok(task.state)
        })
    }

    /// Tasks that an earlier opening of the store left running, by rising number.
    ///
    /// For each: where it has an intent and the file's version is the intent's, the write happened:
    /// `finish` it as succeeded. Else `requeue` it. At most [`PAGE_COUNT_MAX`] are given; ask again
    /// until none is left. Until then their files are taken and their units used.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Settings, TaskOutcome, WriteEffect};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// for task in governance.interrupted()? {
    ///     let present = task.key.file_version.clone(); // Here the file is looked at.
    ///     match &task.intent {
    ///         Some(intent) if intent.after_version == present => {
    ///             let outcome = TaskOutcome::Succeeded { version: present };
    ///             governance.finish(task.claim(), outcome, 1_000)?;
    ///         }
    ///         _ => {
    ///             governance.requeue(task.claim(), WriteEffect::Nothing, 1_000)?;
    ///         }
    ///     }
    /// }
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn interrupted(&self) -> Result<Vec<Task>, Error> {
        let filter = TaskFilter {
            states: vec![StateKind::Running],
            ..TaskFilter::default()
        };
        let mut found = Vec::new();
        self.view(|rows| {
            let last = rows.last_task_id()?;
            let mut after = TaskId(0);
            while after < last && found.len() < PAGE_COUNT_MAX {
                let page = rows.tasks(&filter, after, PAGE_COUNT_MAX)?;
                let Some(end) = page.last() else { break };
                after = end.id.max(TaskId(after.0.saturating_add(1)));
                let dead = page
                    .into_iter()
                    .filter(|task| task.custody.opening != self.opening);
                found.extend(dead);
            }
            Ok(())
        })?;
        found.truncate(PAGE_COUNT_MAX);
        Ok(found)
    }
}

/// An answer on its own where it is a refusal; else an error of the whole change.
///
/// These refusals are found before anything is written; after any other error, nothing holds.
fn kept_apart<T>(answer: Result<T, Error>) -> Result<Result<T, Error>, Error> {
    match answer {
        Err(
            error @ (Error::StaleClaim { .. }
            | Error::LeaseEnded { .. }
            | Error::WriteUnderWay { .. }
            | Error::NoGrant { .. }
            | Error::UnknownTask { .. }),
        ) => Ok(Err(error)),
        other => other.map(Ok),
    }
}

fn stale(task: &Task) -> Error {
    Error::StaleClaim {
        id: task.id,
        state: task.state_kind(),
    }
}

impl Change<'_> {
    /// The running task that the claim is for.
    pub(super) fn claimed(&self, claim: Claim) -> Result<Task, Error> {
        let task = self.task(claim.task)?;
        if !task.custody.is_claim(claim.number) || task.state_kind() != StateKind::Running {
            return Err(stale(&task));
        }
        Ok(task)
    }

    fn begin(&mut self, claim: Claim, intent: WriteIntent) -> Result<WriteGrant, Error> {
        let mut task = self.task(claim.task)?;
        if !task.custody.is_claim(claim.number) {
            return Err(stale(&task));
        }
        match &task.state {
            TaskState::Running => {}
            TaskState::Deferred { until } => return Ok(WriteGrant::Deferred { until: *until }),
            TaskState::Suspended { .. } => return Ok(WriteGrant::Suspended),
            TaskState::Cancelled { .. } => return Ok(WriteGrant::Cancelled),
            _ => return Err(stale(&task)),
        }
        if let Some(lease) = &task.custody.lease
            && lease.has_ended(self.now)
        {
            return Err(Error::LeaseEnded {
                id: task.id,
                until: lease.until_ms,
            });
        }
        if task.intent.is_none() && self.is_stopped(&task)? {
            self.unclaim(&mut task)?;
            return Ok(match self.park(&mut task)? {
                Parked::Cancelled => WriteGrant::Cancelled,
                _ => WriteGrant::Suspended,
            });
        }
        if let Some(action) = self.counted(&task)
            && let Some(Pause { until }) = self.pause_under_way(&task, action)?
        {
            return Err(Error::WriteUnderWay { id: task.id, until });
        }
        if let Some(action) = self.counted(&task)
            && let Some(pause) = self.acquire_unit(&mut task, action)?
        {
            self.defer(&mut task, pause)?;
            return Ok(WriteGrant::Deferred { until: pause.until });
        }
        task.previous = intent.previous;
        task.intent = Some(intent);
        task.recheck = false;
        self.rows.put_task(&task)?;
        Ok(WriteGrant::Granted)
    }

    /// Whether something has come up that keeps the task from running.
    fn is_stopped(&self, task: &Task) -> Result<bool, Error> {
        Ok(self.policy_state(task)? == PolicyState::Deleted || !self.suspension(task)?.is_empty())
    }

    fn finish(&mut self, claim: Claim, outcome: TaskOutcome) -> Result<TaskState, Error> {
        let mut task = self.claimed(claim)?;
        match outcome {
            TaskOutcome::Succeeded { version } => self.succeed(&mut task, version)?,
            TaskOutcome::Skipped { reason, effect } => {
                self.end(&mut task, TaskState::Skipped { reason }, effect)?;
            }
            TaskOutcome::Failed { reason, effect } => {
                task.last_error = Some(reason.clone());
                self.end(&mut task, TaskState::Failed { reason }, effect)?;
            }
            TaskOutcome::Retry {
                reason,
                effect,
                not_before,
            } => self.try_again(&mut task, reason, effect, not_before)?,
        }
        Ok(task.state)
    }

    /// Leaves the unit where it is due after a task's end.
    fn settle_unit(&mut self, task: &mut Task, effect: WriteEffect) -> Result<(), Error> {
        match effect {
            WriteEffect::Nothing => self.release_unit(task),
            WriteEffect::Possible => {
                task.unit = None;
                Ok(())
            }
        }
    }

    /// Ends a running task without success.
    fn end(&mut self, task: &mut Task, state: TaskState, effect: WriteEffect) -> Result<(), Error> {
        let unit = task.unit;
        self.settle_unit(task, effect)?;
        self.step(task, state)?;
        task.intent = None;
        task.custody.take_back();
        let initiator = task.initiator.clone();
        self.rows.put_task(task)?;
        self.log_ended(task, &initiator, unit)
    }

    fn succeed(&mut self, task: &mut Task, version: FileVersion) -> Result<(), Error> {
        if task.intent.is_none() {
            return Err(Error::NoGrant { id: task.id });
        }
        self.end(task, TaskState::Succeeded, WriteEffect::Possible)?;
        self.settle_revert(task)?;
        let (tenant, file) = (task.key.tenant, task.key.file.clone());
        let earlier = self.rows.applied(tenant, &file)?;
        let is_fight = match task.key.action {
            ActionKind::Apply(label) => {
                let applied = AppliedLabel::new(
                    label,
                    version,
                    task.key.policy.clone(),
                    self.now,
                    task.id,
                    self.rows.last_task_id()?,
                );
                self.rows.put_applied(tenant, &file, Some(&applied))?;
                let is_fight = self.take_turn(task, earlier)?;
                // At once, also while the app is paused (clarification 14). Suspended tasks must not
                // move; `claim` sees to them when they come back.
                self.skip_what_is_idle(task, &applied)?;
                is_fight
            }
            ActionKind::Remove => {
                self.rows.put_applied(tenant, &file, None)?;
                self.take_turn(task, earlier)?
            }
            // A file that carried a label of ours would not have come this far.
            ActionKind::AdminQuarantine => false,
        };
        if is_fight {
            self.freeze(task)?;
        }
        Ok(())
    }

    /// Counts the turn of a policy that has changed a file's label, if it took it over from another
    /// one, and says whether there were too many. `earlier` is our label until then.
    ///
    /// Nothing is written for the first policy that labels a file: the ledger knows it.
    fn take_turn(&mut self, task: &Task, earlier: Option<AppliedLabel>) -> Result<bool, Error> {
        let (tenant, file) = (task.key.tenant, &task.key.file);
        let stored = self.rows.turns(tenant, file)?;
        let Some(policy) = task.key.policy.clone() else {
            // An administrator has had a look.
            if stored.is_some() {
                self.rows.put_turns(tenant, file, None)?;
            }
            return Ok(false);
        };
        let by_ledger = || {
            let applied = earlier?;
            Some(Turns {
                policy: applied.policy?,
                count: 0,
                since_ms: applied.at_ms,
            })
        };
        let turns = match stored.clone().or_else(by_ledger) {
            Some(last) => last.then(policy, self.now, self.settings.freeze.window_ms),
            None if task.key.action == ActionKind::Remove => Turns {
                policy,
                count: 0,
                since_ms: self.now,
            },
            None => return Ok(false),
        };
        if stored.as_ref() != Some(&turns) {
            self.rows.put_turns(tenant, file, Some(&turns))?;
        }
        Ok(turns.count >= self.settings.freeze.turns_max.max(1))
    }

    /// Skips what waits for the file of a task and has nothing left to do there.
    fn skip_what_is_idle(&mut self, task: &Task, applied: &AppliedLabel) -> Result<(), Error> {
        let mut filter = TaskFilter::of_tenant(task.key.tenant, &WAITING);
        filter.file = Some(task.key.file.clone());
        let last = self.rows.last_task_id()?;
        let mut after = TaskId(0);
        // Page by page; numbers rise.
        while after < last {
            let page = self.rows.tasks(&filter, after, PAGE_COUNT_MAX)?;
            let Some(end) = page.last() else { break };
            after = end.id.max(TaskId(after.0.saturating_add(1)));
            for other in page {
                if let Some(reason) = applied.makes_idle(&other) {
                    self.skip_idle(other, reason)?;
                }
            }
        }
        Ok(())
    }

    /// Counts a failed try; gives the time of the next one, or ends the task.
    fn count_failure(
        &mut self,
        task: &mut Task,
        reason: Reason,
        effect: WriteEffect,
        not_before: Option<i64>,
    ) -> Result<Option<i64>, Error> {
        task.last_error = Some(reason.clone());
        let rules = self.settings.retry;
        let at = (task.custody).fail(&rules, &reason, self.now, not_before);
        if at.is_none() {
            let exhausted = Reason::new(Reason::RETRIES_EXHAUSTED).with_detail(&reason.to_string());
            self.end(task, TaskState::Failed { reason: exhausted }, effect)?;
        } else {
            // A unit that nothing was written with stays with the task for the rest of the day.
            if effect == WriteEffect::Possible {
                task.unit = None;
            }
            task.intent = None;
        }
        Ok(at)
    }

    fn try_again(
        &mut self,
        task: &mut Task,
        reason: Reason,
        effect: WriteEffect,
        not_before: Option<i64>,
    ) -> Result<(), Error> {
        let Some(at) = self.count_failure(task, reason, effect, not_before)? else {
            return Ok(());
        };
        let n = task.custody.attempts;
        self.step(task, TaskState::Retrying { at, n })?;
        let initiator = task.initiator.clone();
        self.log_task(task, &initiator)?;
        self.park(task).map(drop)
    }

    fn requeue(&mut self, task: &mut Task, effect: WriteEffect) -> Result<(), Error> {
        let reason = Reason::new(Reason::INTERRUPTED);
        self.try_again(task, reason, effect, None)
    }
}
