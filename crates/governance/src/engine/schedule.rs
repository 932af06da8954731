//! What is to be done now, and when to ask again.

use super::Governance;
use crate::custody::{LEASE_MS_MAX, farthest_end};
use crate::error::Error;
use crate::jobs::{JOBS_MAX, Job, JobName, Next};
use crate::quota::PAUSE_MS_MAX;
use crate::store::Store;

impl<S: Store> Governance<S> {
    /// What is to be done at `now`: jobs, tasks, leases, work; and when to ask again.
    ///
    /// The one question of a main loop. It takes jobs that are new to the store as having run now,
    /// so that nothing runs at the first start that belongs to the past. At most [`JOBS_MAX`] jobs
    /// are looked at.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::jobs::{Job, JobName};
    /// use governance::store::MemoryStore;
    /// use governance::{Governance, Settings};
    ///
    /// let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let refresh = JobName::parse("label refresh")?;
    /// let jobs = [Job::every_hour(refresh.clone())];
    /// let next = governance.next(&jobs, 1_000)?;
    /// assert!(next.is_idle());
    /// assert_eq!(next.wake_at, Some(3_600_000));
    /// let next = governance.next(&jobs, 9_000_000)?; // half past two
    /// assert_eq!(next.jobs, [(refresh.clone(), 7_200_000)]);
    /// governance.job_done(&refresh, 7_200_000, 9_000_000)?;
    /// assert!(governance.next(&jobs, 9_000_000)?.is_idle());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next(&mut self, jobs: &[Job], now: i64) -> Result<Next, Error> {
        self.change(now, |change| {
            let mut next = Next::default();
            let mut wake_at: Option<i64> = None;
            let mut wake = |at: i64| wake_at = Some(wake_at.map_or(at, |earlier| earlier.min(at)));
            for job in jobs.iter().take(JOBS_MAX) {
                let last = match change.rows.job_ran(&job.name)? {
                    Some(last) if last <= now => last,
                    // Never, or by a clock that was ahead: counted from now on.
                    _ => {
                        change.rows.put_job_ran(&job.name, now)?;
                        now
                    }
                };
                if let Some(due) = job.due(last, now) {
                    next.jobs.push((job.name.clone(), due));
                }
                wake(job.after(now.max(last)));
            }
            let dues = [
                change.rows.next_due()?,
                change.rows.next_lease_end()?,
                change.rows.next_work(now)?,
            ];
            for due in dues {
                due.into_iter().filter(|due| *due > now).for_each(&mut wake);
            }
            let is_due = change.rows.next_due()?.is_some_and(|due| due <= now);
            let farthest = farthest_end(now, PAUSE_MS_MAX);
            let is_due = is_due || !change.rows.deferred_beyond(farthest, 1)?.is_empty();
            let farthest = change.settings.retry.farthest(now);
            let is_due = is_due || !change.rows.retries_beyond(farthest, 1)?.is_empty();
            next.tasks = is_due || !change.rows.queued(None, 1)?.is_empty();
            let farthest = farthest_end(now, LEASE_MS_MAX);
            next.leases = change.rows.next_lease_end()?.is_some_and(|end| end <= now)
                || !change.rows.leases_beyond(farthest, 1)?.is_empty();
            let farthest = change.settings.retry.farthest(now);
            next.work = change.rows.is_work_ready(now, farthest)?;
            next.wake_at = wake_at;
            Ok(next)
        })
    }

    /// Remembers that a job ran, for the time that [`next`](Self::next) gave.
    ///
    /// A time before the last one changes nothing.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// See [`next`](Self::next).
    pub fn job_done(&mut self, name: &JobName, due: i64, now: i64) -> Result<(), Error> {
        self.change(now, |change| {
            let last = change.rows.job_ran(name)?;
            if last.is_none_or(|last| last < due) {
                change.rows.put_job_ran(name, due)?;
            }
            Ok(())
        })
    }
}
