//! The rules applied to a store: what a caller does with label tasks.
//!
//! Every operation is one change of the store. The rules in it are pure: the time comes as an
//! argument, and nothing is remembered between two calls but the store and the settings.

mod change;
mod claim;
mod forecast;
mod hold;
mod lease;
mod policy;
mod report;
mod revert;
mod schedule;
mod submit;
mod together;
mod trim;
mod why;
mod work;
mod write;

pub use forecast::Forecast;
pub use report::Allowance;
pub use revert::{NotReverted, Reverts};
pub use submit::{SUBMIT_COUNT_MAX, Submitted};
pub use together::Joint;
pub use trim::Trimmed;
pub use why::{Waits, Why};
pub use write::{TaskOutcome, WriteEffect, WriteGrant};

pub use claim::CLAIM_COUNT_MAX;

use crate::error::Error;
use crate::log::LOG_RETENTION_MS_DEFAULT;
use crate::quota::{CountedAction, DayReading};
use crate::retry::RetryRules;
use crate::store::{Rows, RowsMut, Store};
use change::Change;

/// Whether tasks of administrators use up the daily limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManualTasks {
    /// They neither count nor wait: the rule of May 2021 (clarification 11).
    Exempt,
    /// They count and wait like any other: the rule since August 2021.
    Counted,
}

/// When a file is frozen whose label policies change back and forth, be it that one applies a label and
/// another takes it off.
///
/// A policy never replaces a label that another one has just applied. But where something changes
/// the file in between, each finds it in need of its own label again, and all of them together use
/// up the allowance. After `turns_max` turns from one policy to another within `window_ms`, the
/// file's policy tasks are suspended until an administrator has had a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FreezePolicy {
    /// How many turns freeze a file. At least 1 is used.
    pub turns_max: u32,
    /// Within which time, in milliseconds, from the first of them.
    pub window_ms: i64,
}

/// Four turns in seven days.
impl Default for FreezePolicy {
    fn default() -> Self {
        Self {
            turns_max: 4,
            window_ms: 7 * 86_400_000,
        }
    }
}

/// What may be chosen. The default is the behaviour of May 2021, profile `seed`.
///
/// # Examples
///
/// ```
/// use governance::{ManualTasks, Settings};
///
/// let mut settings = Settings::default();
/// assert_eq!(settings.manual_tasks, ManualTasks::Exempt);
/// settings.manual_tasks = ManualTasks::Counted;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Whether tasks of administrators count.
    pub manual_tasks: ManualTasks,
    /// What a day of the daily limit is.
    pub day: DayReading,
    /// How often and after how long a failed try is repeated.
    pub retry: RetryRules,
    /// When policies that change one file back and forth are stopped.
    pub freeze: FreezePolicy,
    /// How many tasks may be pending in one store: the bound of their queue.
    pub pending_max: u64,
    /// How many pieces of work may be in one store, dead ones included: the bound of their queue.
    pub work_max: u64,
    /// How long the log is kept, in milliseconds.
    pub log_retention_ms: i64,
    /// How long tasks are kept that are over, in milliseconds from their last change (A-038), and dead
    /// pieces of work. What is still needed of tasks stays longer: see [`Governance::trim_tasks`].
    pub task_retention_ms: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            manual_tasks: ManualTasks::Exempt,
            day: DayReading::default(),
            retry: RetryRules::default(),
            freeze: FreezePolicy::default(),
            pending_max: 1_000_000,
            work_max: 1_000_000,
            log_retention_ms: LOG_RETENTION_MS_DEFAULT,
            task_retention_ms: LOG_RETENTION_MS_DEFAULT,
        }
    }
}

impl Settings {
    /// Whose daily limit a task counts against: none if it is by hand and such tasks are exempt
    /// (R-159, clarification 11).
    pub(crate) fn counted(
        &self,
        is_manual: bool,
        action: Option<CountedAction>,
    ) -> Option<CountedAction> {
        let exempt = is_manual && self.manual_tasks == ManualTasks::Exempt;
        action.filter(|_| !exempt)
    }
}

/// Label tasks under a daily limit, kept in a store.
///
/// The life of a task: [`submit`](Self::submit) → [`claim`](Self::claim) → look at the file →
/// [`begin_write`](Self::begin_write) → write it → [`finish`](Self::finish). When nothing has to
/// be written, `finish` follows on the look. After a restart, [`interrupted`](Self::interrupted)
/// lists what was under way.
///
/// Several threads share one value behind a lock; each call is short. Times are milliseconds UTC.
/// Errors of the store, [`Error::Unavailable`] and [`Error::Damaged`], can come from every method.
#[derive(Debug)]
pub struct Governance<S> {
    store: S,
    settings: Settings,
    opening: u64,
}

impl<S: Store> Governance<S> {
    /// Takes over a store. Tasks that ran in an earlier opening count as interrupted from now on.
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
    /// assert!(governance.interrupted()?.is_empty());
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn open(mut store: S, settings: Settings) -> Result<Self, Error> {
        let mut opening = None;
        store.transact(&mut |rows| {
            opening = Some(rows.begin_opening()?);
            Ok(())
        })?;
        Ok(Self {
            store,
            settings,
            opening: opening.ok_or(WORK_NOT_RUN)?,
        })
    }

    /// The settings that it was opened with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Gives the store back, as it is.
    pub fn into_store(self) -> S {
        self.store
    }

    /// Makes one change under the rules, at `now`.
    fn change<T>(
        &mut self,
        now: i64,
        mut rule: impl FnMut(&mut Change<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut outcome = None;
        let (settings, opening) = (self.settings, self.opening);
        self.store.transact(&mut |rows: &mut dyn RowsMut| {
            let mut change = Change {
                rows,
                settings,
                opening,
                now,
            };
            outcome = Some(rule(&mut change)?);
            Ok(())
        })?;
        outcome.ok_or(WORK_NOT_RUN)
    }

    /// Takes one look.
    fn view<T>(&self, mut look: impl FnMut(&dyn Rows) -> Result<T, Error>) -> Result<T, Error> {
        let mut outcome = None;
        self.store.view(&mut |rows: &dyn Rows| {
            outcome = Some(look(rows)?);
            Ok(())
        })?;
        outcome.ok_or(WORK_NOT_RUN)
    }
}

const WORK_NOT_RUN: Error = Error::StoreContract {
    rule: "the work must be called before success is reported",
};
