//! Retention: what is over and old is forgotten, unless something still asks for it.

use super::Governance;
use super::change::Change;
use crate::error::Error;
use crate::ledger::AppliedLabel;
use crate::state::Status;
use crate::store::{PAGE_COUNT_MAX, PolicyState, Store, TaskFilter};
use crate::task::{Task, TaskId};

/// The most entries that one call of [`Governance::trim_log`] removes.
const TRIM_COUNT_MAX: usize = 10_000;

/// What one call of [`Governance::trim_tasks`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trimmed {
    /// How many tasks were removed.
    pub removed: u64,
    /// Where to go on: there may be more.
    pub after: Option<TaskId>,
}

impl<S: Store> Governance<S> {
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

    /// Removes tasks that are over for longer than their retention and that nothing needs any more
    /// (A-038).
    ///
    /// Looks at the tasks after number `after`, at most [`PAGE_COUNT_MAX`] in one call: start with
    /// `TaskId(0)`, go on with [`Trimmed::after`] until it is `None`. Call it now and then.
    ///
    /// A task that is over stays, however old it is, as long as
    ///
    /// * [`revert`](Self::revert) could undo it, or is about to;
    /// * its policy could ask for the same again, and would have to be told that it is done with
    ///   (R-143): the last task of a policy that is not deleted, for a version of a file that is,
    ///   as far as we know, the present one.
    ///
    /// The ledger stays as it is: what was labelled by us is known without the task. What is removed
    /// is unknown from then on, as if it had never been; the log has a retention of its own.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Settings, TaskId};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let mut after = Some(TaskId(0));
    /// while let Some(start) = after {
    ///     let trimmed = governance.trim_tasks(start, 1_609_840_800_000)?;
    ///     assert_eq!(trimmed.removed, 0);
    ///     after = trimmed.after;
    /// }
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn trim_tasks(&mut self, after: TaskId, now: i64) -> Result<Trimmed, Error> {
        let before = now.saturating_sub(self.settings.task_retention_ms.max(0));
        self.change(now, |change| {
            let page = (change.rows).tasks(&TaskFilter::default(), after, PAGE_COUNT_MAX)?;
            let mut trimmed = Trimmed::default();
            if page.len() >= PAGE_COUNT_MAX {
                trimmed.after = page.last().map(|task| task.id);
            }
            for task in page {
                let is_old = task.changed_ms < before && task.state.status() != Status::Pending;
                if is_old && !change.is_needed(&task)? {
                    change.rows.remove_task(task.id)?;
                    trimmed.removed += 1;
                }
            }
            Ok(trimmed)
        })
    }
}

impl Change<'_> {
    /// Whether somebody may still ask for a task that is over.
    fn is_needed(&self, task: &Task) -> Result<bool, Error> {
        let key = &task.key;
        let applied = self.rows.applied(key.tenant, &key.file)?;
        if self.undoing(task, applied.as_ref()).is_ok() {
            return Ok(true);
        }
        let mut of_file = TaskFilter::of_tenant(key.tenant, &[]);
        of_file.file = Some(key.file.clone());
        let later = self.rows.tasks(&of_file, task.id, PAGE_COUNT_MAX)?;
        let is_undone = |other: &Task| {
            other.reverts == Some(task.id) && other.state.status() == Status::Pending
        };
        // Of a file with so many tasks, nothing is known for sure.
        if later.len() >= PAGE_COUNT_MAX || later.iter().any(is_undone) {
            return Ok(true);
        }
        let is_asked_for = !key.is_manual()
            && self.policy_state(task)? != PolicyState::Deleted
            && self.rows.task_with_key(key)? == Some(task.id);
        let wrote_since = |applied: &AppliedLabel| {
            task.id <= applied.known_up_to && applied.version != key.file_version
        };
        // A revert brings no new version: it starts from one of ours and may end at the one before.
        let brings_other =
            |other: &Task| other.reverts.is_none() && other.key.file_version != key.file_version;
        let moved_on = applied.as_ref().is_some_and(wrote_since) || later.iter().any(brings_other);
        Ok(is_asked_for && !moved_on)
    }
}
