//! Which tasks run next.

use std::collections::{HashMap, HashSet};

use label_core::{AppId, FileKey, TenantId};

use super::change::Change;
use super::{Governance, ManualTasks};
use crate::custody::{Lease, farthest_end};
use crate::error::Error;
use crate::quota::{CountedAction, PAUSE_MS_MAX, Pause};
use crate::state::{StateKind, TaskState};
use crate::store::{Backlog, PAGE_COUNT_MAX, Store, TaskFilter};
use crate::task::{Task, TaskId};

/// The most tasks that one call of [`Governance::claim`] hands out.
pub const CLAIM_COUNT_MAX: usize = 1000;

/// How many queued tasks are read at a time where few are wanted: some of them may have to wait.
const PAGE_COUNT_MIN: usize = 16;

impl<S: Store> Governance<S> {
    /// Hands out the next tasks, at most `count`, and marks them as running.
    ///
    /// The order: by hand before by policy, then the most sensitive label, then first in, first
    /// out. Deferred tasks whose app has resumed and tries that are due take their old place. One
    /// task runs per file; where several policies want different labels for one file, the order of
    /// [`PolicyOrder`](crate::PolicyOrder) decides, and once one has succeeded the others are
    /// skipped here without being handed out (A-034, A-035).
    ///
    /// While an app is paused, a task is handed out once all the same, so that a file with nothing
    /// to write is skipped at once (clarification 14); `begin_write` then defers it, and it is not
    /// handed out again before the app resumes.
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
    /// assert!(governance.claim(10, 1_000)?.is_empty());
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn claim(&mut self, count: usize, now: i64) -> Result<Vec<Task>, Error> {
        self.claim_leased(count, None, now)
    }

    /// Hands out the next tasks under a lease, or without one.
    pub(super) fn claim_leased(
        &mut self,
        count: usize,
        lease: Option<Lease>,
        now: i64,
    ) -> Result<Vec<Task>, Error> {
        let count = count.min(CLAIM_COUNT_MAX);
        self.change(now, |change| {
            change.wake_retries()?;
            let page_count = count.clamp(PAGE_COUNT_MIN, PAGE_COUNT_MAX);
            let mut picked = Vec::new();
            let mut known = Known::default();
            let mut place = None;
            // Places rise, so it ends where the queue ends.
            while picked.len() < count {
                // As many as are looked at below: none that comes first stays behind, and no more of
                // the backlog is moved than is needed.
                change.wake_deferred(page_count)?;
                let page = change.rows.queued(place, page_count)?;
                let Some(last) = page.last() else { break };
                if place.is_some_and(|place| last.place() <= place) {
                    return Err(OUT_OF_ORDER);
                }
                for candidate in page {
                    if picked.len() >= count {
                        break;
                    }
                    place = Some(candidate.place());
                    picked.extend(change.consider(&candidate, lease.as_ref(), &mut known)?);
                }
            }
            Ok(picked)
        })
    }
}

pub(super) const OUT_OF_ORDER: Error = Error::StoreContract {
    rule: "tasks must come in the order of the queue",
};

type Pauses = HashMap<(TenantId, AppId, CountedAction), Option<Pause>>;

/// What is known during one claim.
#[derive(Default)]
struct Known {
    /// The pauses that were looked up.
    pauses: Pauses,
    /// Files that have a running task. The tasks of such a file are read once, however many of them are
    /// queued. There are no more files than tasks that were looked at.
    taken: HashSet<(TenantId, FileKey)>,
}

impl Change<'_> {
    /// Puts tries whose time has come back into the queue; and what waits for a time that nothing of
    /// today can reach: a clock that was ahead has named it. It is decided on anew.
    fn wake_retries(&mut self) -> Result<(), Error> {
        let (noon, pause) = (
            farthest_end(self.now, PAUSE_MS_MAX),
            self.settings.retry.farthest(self.now),
        );
        loop {
            let mut due = self.rows.retries_due(self.now, PAGE_COUNT_MAX)?;
            due.extend(self.rows.retries_beyond(pause, PAGE_COUNT_MAX)?);
            due.extend(self.rows.deferred_beyond(noon, PAGE_COUNT_MAX)?);
            if due.is_empty() {
                return Ok(());
            }
            // Each of them leaves its state, or it is an error.
            for mut task in due {
                self.wake(&mut task)?;
            }
        }
    }

    /// Puts the first of the deferred tasks whose app has resumed back into the queue.
    fn wake_deferred(&mut self, count: usize) -> Result<(), Error> {
        for mut task in self.rows.deferred_due(self.now, count)? {
            self.wake(&mut task)?;
        }
        Ok(())
    }

    fn wake(&mut self, task: &mut Task) -> Result<(), Error> {
        self.step(task, TaskState::Queued)?;
        self.rows.put_task(task)
    }

    /// What runs on a file and what else wants it: what is due belongs to it, although its turn has
    /// not come yet.
    fn contenders(&mut self, next: &Task) -> Result<Vec<Task>, Error> {
        let states = [StateKind::Running, StateKind::Queued, StateKind::Deferred];
        let mut of_file = TaskFilter::of_tenant(next.key.tenant, &states);
        of_file.file = Some(next.key.file.clone());
        let mut found = self.rows.tasks(&of_file, TaskId(0), PAGE_COUNT_MAX)?;
        if found.len() >= PAGE_COUNT_MAX {
            // So many wait on this file that they could hide those that don't.
            of_file.states.truncate(2);
            return self.rows.tasks(&of_file, TaskId(0), PAGE_COUNT_MAX);
        }
        found.retain(|task| match task.state {
            TaskState::Deferred { until } => until.is_some_and(|until| until <= self.now),
            _ => true,
        });
        for task in &mut found {
            if task.state_kind() == StateKind::Deferred {
                self.wake(task)?;
            }
        }
        Ok(found)
    }

    /// Decides on the file that is next in the queue: hands out one of its tasks, or none.
    fn consider(
        &mut self,
        next: &Task,
        lease: Option<&Lease>,
        known: &mut Known,
    ) -> Result<Option<Task>, Error> {
        let file = (next.key.tenant, next.key.file.clone());
        if known.taken.contains(&file) {
            return Ok(None);
        }
        let of_file = self.contenders(next)?;
        let runs = |tasks: &[Task]| {
            let mut kinds = tasks.iter().map(Task::state_kind);
            kinds.any(|kind| kind == StateKind::Running)
        };
        let mut is_taken = runs(&of_file);
        if !is_taken && of_file.len() >= PAGE_COUNT_MAX {
            // The one that runs may stand behind the page.
            let mut running = TaskFilter::of_tenant(next.key.tenant, &[StateKind::Running]);
            running.file = Some(next.key.file.clone());
            is_taken = !self.rows.tasks(&running, TaskId(0), 1)?.is_empty();
        }
        if is_taken {
            known.taken.insert(file);
            return Ok(None);
        }
        // An earlier step of this claim may have moved it on. Of a file with so many tasks that a
        // page can't hold them, the first ones have their turn.
        if !of_file.iter().any(|task| task.id == next.id) {
            return Ok(None);
        }
        let contenders = if next.is_automatic_apply() {
            self.settle_conflict(of_file)?
        } else if let Some(reason) = self.not_quarantined(next)? {
            self.skip_idle(next.clone(), reason)?;
            Vec::new()
        } else {
            vec![next.clone()]
        };
        for task in contenders {
            let handed_out = self.hand_out(task, lease, &mut known.pauses)?;
            if handed_out.is_some() {
                known.taken.insert(file);
                return Ok(handed_out);
            }
        }
        Ok(None)
    }

    /// Skips the tasks of policies that a label by us has made idle, and gives those that are left
    /// by their order.
    fn settle_conflict(&mut self, queued: Vec<Task>) -> Result<Vec<Task>, Error> {
        let Some(first) = queued.first() else {
            return Ok(Vec::new());
        };
        let applied = self.rows.applied(first.key.tenant, &first.key.file)?;
        let mut contenders = Vec::new();
        for task in queued.into_iter().filter(Task::is_automatic_apply) {
            match applied.as_ref().and_then(|label| label.makes_idle(&task)) {
                // It holds no unit: one that did was skipped when the label was applied.
                Some(reason) => self.skip_idle(task, reason)?,
                None => contenders.push(task),
            }
        }
        contenders.sort_by_key(Task::conflict_order);
        Ok(contenders)
    }

    /// Marks a task as running, unless it was looked at already and would only wait for the
    /// allowance. Such a task holds no unit: it gave up what it had when it was deferred.
    fn hand_out(
        &mut self,
        mut task: Task,
        lease: Option<&Lease>,
        pauses: &mut Pauses,
    ) -> Result<Option<Task>, Error> {
        if task.looked_at
            && let Some(action) = self.counted(&task)
            && let Some(pause) = self.pause_of(&task, action, pauses)?
        {
            self.defer(&mut task, pause)?;
            return Ok(None);
        }
        self.step(&mut task, TaskState::Running)?;
        task.custody.hand_out(self.opening, lease.cloned());
        task.looked_at = false;
        self.rows.put_task(&task)?;
        Ok(Some(task))
    }

    /// The pause of an action in the task's app, looked up once.
    fn pause_of(
        &mut self,
        task: &Task,
        action: CountedAction,
        pauses: &mut Pauses,
    ) -> Result<Option<Pause>, Error> {
        let (tenant, app) = (task.key.tenant, task.key.app());
        if let Some(pause) = pauses.get(&(tenant, app, action)) {
            return Ok(*pause);
        }
        let pause = self.quota(tenant, app, action)?.pause(self.now);
        if let Some(Pause { until }) = pause {
            // The rest of its backlog has been looked at, too: it waits on as one.
            let which = Backlog::Due {
                now: self.now,
                by_hand: self.settings.manual_tasks == ManualTasks::Counted,
            };
            self.rows.put_off(tenant, app, action, which, until)?;
        }
        pauses.insert((tenant, app, action), pause);
        Ok(pause)
    }
}
