//! The states of a task, the moves between them, and what the product's log shows of them.

use std::fmt;

use crate::reason::Reason;
use crate::task::TaskId;

/// Where a task stands. The product shows three statuses; these are what can be tested.
///
/// # Examples
///
/// ```
/// use governance::{Reason, Status, TaskState};
///
/// let state = TaskState::Skipped { reason: Reason::new(Reason::ALREADY_LABELLED) };
/// assert_eq!(state.status(), Status::Successful);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// Waits for its turn.
    Queued,
    /// The daily limit was reached (R-162).
    Deferred {
        /// When the app resumes, in milliseconds UTC; `None` while its limit is 0.
        until: Option<i64>,
    },
    /// Its policy is disabled (R-168).
    Suspended,
    /// A try failed for a passing reason: the file is locked, the app throttles (A-029).
    Retrying {
        /// When it is tried again, in milliseconds UTC.
        at: i64,
        /// How many tries have failed.
        n: u32,
    },
    /// Handed out by `claim`.
    Running,
    /// The file was written.
    Succeeded,
    /// Nothing had to be written, or a precondition no longer holds.
    Skipped {
        /// Why.
        reason: Reason,
    },
    /// Refused for good, or tried too often.
    Failed {
        /// Why.
        reason: Reason,
    },
    /// Its policy was deleted, or an administrator cancelled it.
    Cancelled {
        /// Why.
        reason: Reason,
    },
    /// A later task undid it. Reserved: no label action is reverted yet.
    Reverted {
        /// Which task undid it.
        by: TaskId,
    },
}

impl TaskState {
    /// Which kind of state it is.
    pub fn kind(&self) -> StateKind {
        match self {
            Self::Queued => StateKind::Queued,
            Self::Deferred { .. } => StateKind::Deferred,
            Self::Suspended => StateKind::Suspended,
            Self::Retrying { .. } => StateKind::Retrying,
            Self::Running => StateKind::Running,
            Self::Succeeded => StateKind::Succeeded,
            Self::Skipped { .. } => StateKind::Skipped,
            Self::Failed { .. } => StateKind::Failed,
            Self::Cancelled { .. } => StateKind::Cancelled,
            Self::Reverted { .. } => StateKind::Reverted,
        }
    }

    /// The product's status.
    pub fn status(&self) -> Status {
        self.kind().status()
    }

    /// Why it was skipped, failed or cancelled.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Skipped { reason } | Self::Failed { reason } | Self::Cancelled { reason } => {
                Some(reason)
            }
            _ => None,
        }
    }

    /// When it moves on by itself, in milliseconds UTC.
    pub fn due(&self) -> Option<i64> {
        match self {
            Self::Deferred { until } => *until,
            Self::Retrying { at, .. } => Some(*at),
            _ => None,
        }
    }
}

/// A [`TaskState`] without its particulars: to filter and to count by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StateKind {
    /// Waits for its turn.
    Queued,
    /// Waits for the next day's allowance.
    Deferred,
    /// Waits for its policy.
    Suspended,
    /// Waits for its next try.
    Retrying,
    /// Handed out.
    Running,
    /// Written.
    Succeeded,
    /// Nothing to write.
    Skipped,
    /// Refused or given up.
    Failed,
    /// Called off.
    Cancelled,
    /// Undone.
    Reverted,
}

impl StateKind {
    /// All kinds, in the order of the documentation's table.
    pub const ALL: [Self; 10] = [
        Self::Queued,
        Self::Deferred,
        Self::Suspended,
        Self::Retrying,
        Self::Running,
        Self::Succeeded,
        Self::Skipped,
        Self::Failed,
        Self::Cancelled,
        Self::Reverted,
    ];

    /// The product's status: everything that can still happen is pending.
    pub fn status(self) -> Status {
        match self {
            Self::Queued | Self::Deferred | Self::Suspended | Self::Retrying | Self::Running => {
                Status::Pending
            }
            Self::Succeeded | Self::Skipped | Self::Reverted => Status::Successful,
            Self::Failed | Self::Cancelled => Status::Failed,
        }
    }

    /// Whether a task may go from this state to `next`. Every change is made of such moves.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::StateKind;
    ///
    /// assert!(StateKind::Failed.may_become(StateKind::Queued));
    /// assert!(!StateKind::Succeeded.may_become(StateKind::Queued));
    /// ```
    pub fn may_become(self, next: Self) -> bool {
        use StateKind as S;
        match self {
            S::Queued => matches!(next, S::Running | S::Deferred | S::Suspended | S::Cancelled),
            S::Deferred | S::Retrying => matches!(next, S::Queued | S::Suspended | S::Cancelled),
            S::Suspended => matches!(next, S::Queued | S::Cancelled),
            S::Running => matches!(
                next,
                S::Succeeded | S::Skipped | S::Failed | S::Retrying | S::Deferred
            ),
            S::Failed => matches!(next, S::Queued),
            S::Succeeded => matches!(next, S::Reverted),
            S::Skipped | S::Cancelled | S::Reverted => false,
        }
    }
}

/// The state's name in lower case.
impl fmt::Display for StateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queued => "queued",
            Self::Deferred => "deferred",
            Self::Suspended => "suspended",
            Self::Retrying => "retrying",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Reverted => "reverted",
        })
    }
}

/// The three statuses of the product's governance log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// Not done yet.
    Pending,
    /// Done, or nothing had to be done.
    Successful,
    /// Not done, and it won't be.
    Failed,
}

/// How many tasks are in which state.
///
/// # Examples
///
/// ```
/// use governance::{Counts, StateKind, Status};
///
/// let mut counts = Counts::default();
/// counts.add(StateKind::Deferred, 3);
/// assert_eq!(counts.of(StateKind::Deferred), 3);
/// assert_eq!(counts.with_status(Status::Pending), 3);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; StateKind::ALL.len()]);

impl Counts {
    /// Adds `count` tasks of one kind.
    pub fn add(&mut self, kind: StateKind, count: u64) {
        if let Some(slot) = self.0.get_mut(kind as usize) {
            *slot = slot.saturating_add(count);
        }
    }

    /// How many tasks are in states of this kind.
    pub fn of(&self, kind: StateKind) -> u64 {
        self.0.get(kind as usize).copied().unwrap_or(0)
    }

    /// How many tasks have this status.
    pub fn with_status(&self, status: Status) -> u64 {
        StateKind::ALL
            .into_iter()
            .filter(|kind| kind.status() == status)
            .map(|kind| self.of(kind))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StateKind as S;

    #[test]
    fn states_and_moves_are_those_of_the_table() {
        // Section 4.4 of the reference, with the further moves of clarification 17.
        let table: [(S, Status, &[S]); 10] = [
            (
                S::Queued,
                Status::Pending,
                &[S::Running, S::Deferred, S::Suspended, S::Cancelled],
            ),
            (
                S::Deferred,
                Status::Pending,
                &[S::Queued, S::Suspended, S::Cancelled],
            ),
            (S::Suspended, Status::Pending, &[S::Queued, S::Cancelled]),
            (
                S::Retrying,
                Status::Pending,
                &[S::Queued, S::Suspended, S::Cancelled],
            ),
            (
                S::Running,
                Status::Pending,
                &[
                    S::Succeeded,
                    S::Skipped,
                    S::Failed,
                    S::Retrying,
                    S::Deferred,
                ],
            ),
            (S::Succeeded, Status::Successful, &[S::Reverted]),
            (S::Skipped, Status::Successful, &[]),
            (S::Failed, Status::Failed, &[S::Queued]),
            (S::Cancelled, Status::Failed, &[]),
            (S::Reverted, Status::Successful, &[]),
        ];
        assert_eq!(table.map(|(state, ..)| state), S::ALL);
        for (from, status, moves) in table {
            assert_eq!(from.status(), status, "{from}");
            for to in S::ALL {
                assert_eq!(from.may_become(to), moves.contains(&to), "{from} to {to}");
            }
        }
    }

    #[test]
    fn kinds_count_by_their_place() {
        for (place, kind) in S::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
        }
    }
}
