//! Leases: for how long a task belongs to a worker, and what happens when it falls silent.

use super::Governance;
use super::change::Change;
use crate::custody::{LEASE_MS_MAX, Lease, farthest_end};
use crate::error::Error;
use crate::state::StateKind;
use crate::store::{PAGE_COUNT_MAX, Store};
use crate::task::{Claim, Task};
use crate::text::Worker;

impl<S: Store> Governance<S> {
    /// Hands out the next tasks to a worker for `lease_ms`: [`claim`](Self::claim), with an end.
    ///
    /// The worker [renews](Self::renew) the lease while it works. When it has ended, no write is
    /// granted any more, and others may [take the task over](Self::take_over); a report of what
    /// was written before still counts until somebody does.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Settings, Worker};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let worker = Worker::parse("labeller-2")?;
    /// for task in governance.claim_for(&worker, 60_000, 10, 1_000)? {
    ///     assert_eq!(task.custody.lease.as_ref().map(|lease| lease.until_ms), Some(61_000));
    ///     governance.renew(task.claim(), 60_000, 31_000)?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn claim_for(
        &mut self,
        worker: &Worker,
        lease_ms: i64,
        count: usize,
        now: i64,
    ) -> Result<Vec<Task>, Error> {
        self.claim_leased(count, Some(Lease::new(worker, lease_ms, now)), now)
    }

    /// Makes a lease last `lease_ms` from `now`, and gives its new end.
    ///
    /// One that has just ended can still be renewed as long as nobody has taken the task over.
    ///
    /// # Errors
    ///
    /// [`Error::StaleClaim`]: somebody has; drop the work. [`Error::NotAllowed`] for a task that
    /// was claimed without a lease; [`Error::UnknownTask`].
    ///
    /// # Examples
    ///
    /// See [`claim_for`](Self::claim_for).
    pub fn renew(&mut self, claim: Claim, lease_ms: i64, now: i64) -> Result<i64, Error> {
        self.change(now, |change| {
            let mut task = change.claimed(claim)?;
            let Some(until) = task.custody.renew(lease_ms, now) else {
                return Err(Error::NotAllowed {
                    id: task.id,
                    state: task.state_kind(),
                    deed: "renew a lease that it does not have",
                });
            };
            change.rows.put_task(&task)?;
            Ok(until)
        })
    }

    /// Takes over tasks whose lease has [ended](Lease::has_ended), at most `count`, by its end.
    ///
    /// Each is fenced: its old worker's claim is stale from now on. What it did must be found out:
    /// where the task has an intent and the file has the intent's version, the write happened,
    /// [`finish`](Self::finish) it as succeeded; else [`requeue`](Self::requeue) it, with
    /// [`WriteEffect::Possible`](crate::WriteEffect::Possible) as long as the old worker may only be
    /// slow: what it still writes has its unit then.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Settings, WriteEffect, Worker};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let worker = Worker::parse("labeller-3")?;
    /// for task in governance.take_over(&worker, 60_000, 10, 1_000)? {
    ///     // The file has the version that it had before, but the old worker may write it yet.
    ///     governance.requeue(task.claim(), WriteEffect::Possible, 1_000)?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn take_over(
        &mut self,
        worker: &Worker,
        lease_ms: i64,
        count: usize,
        now: i64,
    ) -> Result<Vec<Task>, Error> {
        self.change(now, |change| {
            let count = count.min(PAGE_COUNT_MAX);
            let mut ended = change.rows.lease_ended(now, count)?;
            let farthest = farthest_end(now, LEASE_MS_MAX);
            ended.extend(
                change
                    .rows
                    .leases_beyond(farthest, count - ended.len().min(count))?,
            );
            for task in &mut ended {
                change.take_over(task, Lease::new(worker, lease_ms, now))?;
            }
            Ok(ended)
        })
    }

    /// The earliest end of a lease: when to take over, if nobody renews.
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
    /// assert_eq!(governance.next_lease_end()?, None);
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn next_lease_end(&self) -> Result<Option<i64>, Error> {
        self.view(|rows| rows.next_lease_end())
    }
}

impl Change<'_> {
    fn take_over(&mut self, task: &mut Task, lease: Lease) -> Result<(), Error> {
        if task.state_kind() != StateKind::Running {
            return Err(Error::StoreContract {
                rule: "only running tasks have a lease",
            });
        }
        task.custody.hand_out(self.opening, Some(lease));
        self.rows.put_task(task)
    }
}
