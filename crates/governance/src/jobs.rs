//! Recurring jobs, and the one question of a main loop: what is to be done now, and when next?
//!
//! Nothing here waits or reads a clock: [`Governance::next`](crate::Governance::next) is asked with
//! the time, and answers. When a job ran last is kept in the store, so that a restart neither
//! forgets nor repeats it; what happens with runs that were missed is a rule of each job.

pub use crate::text::JobName;

use crate::quota::{DAY_MS, RESUME_AFTER_MIDNIGHT_MS};

/// The most jobs that one question takes.
pub const JOBS_MAX: usize = 100;

/// The shortest time between two runs, in milliseconds: one second.
pub const INTERVAL_MS_MIN: i64 = 1000;

/// What happens with runs that were missed, because nobody asked for some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CatchUp {
    /// However many were missed, it runs once, late.
    #[default]
    Once,
    /// A run that is later than this is left out, in milliseconds.
    SkipAfter(i64),
    /// Every one is made up for, one after the other, but no more than so many.
    Each(u32),
}

/// A job that recurs: at `phase_ms`, `phase_ms + interval_ms` and so on, in UTC.
///
/// # Examples
///
/// ```
/// use governance::jobs::{Job, JobName};
///
/// let refresh = Job::every_hour(JobName::parse("label refresh")?);
/// assert_eq!(refresh.after(0), 3_600_000);
/// let resume = Job::at_noon(JobName::parse("resume")?);
/// assert_eq!(resume.after(0), 43_200_000);
/// # Ok::<(), label_core::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Job {
    /// Its name; of one name there is one job.
    pub name: JobName,
    /// The time between two runs, in milliseconds. At least [`INTERVAL_MS_MIN`] is used.
    pub interval_ms: i64,
    /// When the first run after 1970-01-01 00:00 UTC would have been, in milliseconds.
    pub phase_ms: i64,
    /// What happens with missed runs.
    pub catch_up: CatchUp,
}

impl Job {
    /// A job with this interval, from midnight on; late means once.
    pub fn every(name: JobName, interval_ms: i64) -> Self {
        Self {
            name,
            interval_ms,
            phase_ms: 0,
            catch_up: CatchUp::Once,
        }
    }

    /// On the hour, like the refresh of labels.
    pub fn every_hour(name: JobName) -> Self {
        Self::every(name, 3_600_000)
    }

    /// At midnight and noon, like the sweep that looks for files that events missed.
    pub fn every_half_day(name: JobName) -> Self {
        Self::every(name, DAY_MS / 2)
    }

    /// Once a day at 12:00 UTC, when paused apps resume.
    pub fn at_noon(name: JobName) -> Self {
        Self {
            phase_ms: RESUME_AFTER_MIDNIGHT_MS,
            ..Self::every(name, DAY_MS)
        }
    }

    fn interval(&self) -> i64 {
        self.interval_ms.max(INTERVAL_MS_MIN)
    }

    /// The first run after an instant. Beyond the range of the type it is the last instant.
    pub fn after(&self, instant: i64) -> i64 {
        let interval = self.interval();
        let since = i128::from(instant) - i128::from(self.phase_ms);
        let turns = since.div_euclid(i128::from(interval)) + 1;
        let at = i128::from(self.phase_ms) + turns * i128::from(interval);
        i64::try_from(at).unwrap_or(i64::MAX)
    }

    /// The run that is due at `now`, if the last one was for the time `last`.
    pub fn due(&self, last: i64, now: i64) -> Option<i64> {
        let first = self.after(last);
        if first > now {
            return None;
        }
        let interval = self.interval();
        // The latest run that is not in the future. `first` is one, so it is not before that.
        let latest = now.saturating_sub(now.saturating_sub(first).rem_euclid(interval));
        match self.catch_up {
            CatchUp::Once => Some(latest),
            CatchUp::SkipAfter(late_ms) => {
                (now.saturating_sub(latest) <= late_ms.max(0)).then_some(latest)
            }
            CatchUp::Each(most) => {
                let behind = i64::from(most.max(1) - 1).saturating_mul(interval);
                Some(first.max(latest.saturating_sub(behind)))
            }
        }
    }
}

/// What is to be done at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Next {
    /// Jobs that are due, with the time that each run is for; say
    /// [`job_done`](crate::Governance::job_done) afterwards.
    pub jobs: Vec<(JobName, i64)>,
    /// Label tasks may be claimed.
    pub tasks: bool,
    /// Leases have ended: tasks can be taken over.
    pub leases: bool,
    /// Pieces of work of some kind are ready: see [`claim_work`](crate::Governance::claim_work).
    pub work: bool,
    /// When to ask again, in milliseconds UTC, if nothing else happens before; `None`: never.
    pub wake_at: Option<i64>,
}

impl Next {
    /// Whether there is nothing to do now.
    pub fn is_idle(&self) -> bool {
        self.jobs.is_empty() && !self.tasks && !self.leases && !self.work
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn job(catch_up: CatchUp) -> Job {
        let mut job = Job::every_hour(JobName::parse("j").unwrap());
        job.catch_up = catch_up;
        job
    }

    #[test]
    fn missed_runs_are_made_up_for_by_the_rule() {
        let late = 5 * HOUR + 600_000;
        let table = [
            (CatchUp::Once, Some(5 * HOUR)),
            (CatchUp::SkipAfter(600_000), Some(5 * HOUR)),
            (CatchUp::SkipAfter(599_999), None),
            (CatchUp::SkipAfter(-5), None),
            (CatchUp::Each(2), Some(4 * HOUR)),
            (CatchUp::Each(100), Some(HOUR)),
            (CatchUp::Each(0), Some(5 * HOUR)),
        ];
        for (rule, expected) in table {
            let job = job(rule);
            assert_eq!(job.due(0, late), expected, "{rule:?}");
            // On time it runs by any rule, and not twice.
            assert_eq!(job.due(0, HOUR), Some(HOUR));
            assert_eq!(job.due(HOUR, HOUR), None);
            assert_eq!(job.due(HOUR, 2 * HOUR - 1), None);
            // A clock that was set back runs nothing again.
            assert_eq!(job.due(9 * HOUR, late), None);
        }
    }

    #[test]
    fn runs_keep_their_phase_and_absurd_values_do_no_harm() {
        let noon = Job::at_noon(JobName::parse("n").unwrap());
        assert_eq!(noon.after(DAY_MS / 2 - 1), DAY_MS / 2);
        assert_eq!(noon.after(DAY_MS / 2), DAY_MS + DAY_MS / 2);
        assert_eq!(noon.after(-DAY_MS), -DAY_MS / 2);
        for interval_ms in [i64::MIN, 0, i64::MAX] {
            let mut odd = job(CatchUp::Each(u32::MAX));
            odd.interval_ms = interval_ms;
            odd.phase_ms = i64::MIN;
            for instant in [i64::MIN, 0, i64::MAX] {
                assert!(odd.after(instant) > instant || instant == i64::MAX);
                odd.due(instant, i64::MAX);
                odd.due(i64::MIN, instant);
            }
        }
    }
}
