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
    /// Something that only people change keeps it from running (R-168).
    Suspended {
        /// What: at least one.
        reasons: Suspension,
    },
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
    /// A later task undid it.
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
            Self::Suspended { .. } => StateKind::Suspended,
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

/// One thing that suspends a task until somebody ends it.
///
/// # Examples
///
/// ```
/// use governance::SuspensionReason;
///
/// assert_eq!(SuspensionReason::PolicyDisabled.code(), "policy_disabled");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SuspensionReason {
    /// The policy that wants it is disabled (R-168).
    PolicyDisabled,
    /// The label that it would apply is disabled or gone.
    LabelDisabled,
    /// It was asked for and not yet confirmed (R-132).
    Unconfirmed,
    /// Policies have changed the label of its file back and forth.
    FileFrozen,
}

impl SuspensionReason {
    /// All reasons.
    pub const ALL: [Self; 4] = [
        Self::PolicyDisabled,
        Self::LabelDisabled,
        Self::Unconfirmed,
        Self::FileFrozen,
    ];

    /// A word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::PolicyDisabled => "policy_disabled",
            Self::LabelDisabled => "label_disabled",
            Self::Unconfirmed => "unconfirmed",
            Self::FileFrozen => "file_frozen",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Why a task is suspended: a set, because a task goes on only when all of them have ended.
///
/// # Examples
///
/// ```
/// use governance::{Suspension, SuspensionReason};
///
/// let reasons = Suspension::of(SuspensionReason::PolicyDisabled).with(SuspensionReason::LabelDisabled);
/// let left = reasons.without(SuspensionReason::PolicyDisabled);
/// assert_eq!(left.iter().collect::<Vec<_>>(), [SuspensionReason::LabelDisabled]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Suspension(u8);

impl Suspension {
    /// No reason: the task may run.
    pub const NONE: Self = Self(0);

    /// The set of one reason.
    pub const fn of(reason: SuspensionReason) -> Self {
        Self(reason.bit())
    }

    /// The set with one reason more.
    #[must_use]
    pub const fn with(self, reason: SuspensionReason) -> Self {
        Self(self.0 | reason.bit())
    }

    /// The set with one reason less.
    #[must_use]
    pub const fn without(self, reason: SuspensionReason) -> Self {
        Self(self.0 & !reason.bit())
    }

    /// Whether the reason is in the set.
    pub const fn contains(self, reason: SuspensionReason) -> bool {
        self.0 & reason.bit() != 0
    }

    /// Whether there is no reason.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The reasons, in the order of [`SuspensionReason::ALL`].
    pub fn iter(self) -> impl Iterator<Item = SuspensionReason> {
        SuspensionReason::ALL
            .into_iter()
            .filter(move |reason| self.contains(*reason))
    }

    /// The set as a number, for stores: one bit a reason.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set of a number that [`bits`](Self::bits) gave; `None` for any other.
    pub fn from_bits(bits: u8) -> Option<Self> {
        let known = SuspensionReason::ALL
            .into_iter()
            .fold(0, |all, reason| all | reason.bit());
        (bits & !known == 0).then_some(Self(bits))
    }
}

/// The codes, with a plus sign between them.
impl fmt::Display for Suspension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, reason) in self.iter().enumerate() {
            if place > 0 {
                f.write_str("+")?;
            }
            f.write_str(reason.code())?;
        }
        Ok(())
    }
}

/// A [`TaskState`] without its particulars: to filter and to count by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StateKind {
    /// Waits for its turn.
    Queued,
    /// Waits for allowance: the next day's, or what has become free since.
    Deferred,
    /// Waits for its policy, its label, a confirmation, or a file that was frozen.
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
    fn a_suspension_is_a_set() {
        let mut all = Suspension::NONE;
        for reason in SuspensionReason::ALL {
            assert!(!all.contains(reason));
            all = all.with(reason).with(reason);
            assert!(all.contains(reason));
            assert_eq!(Suspension::from_bits(all.bits()), Some(all));
        }
        assert_eq!(all.iter().collect::<Vec<_>>(), SuspensionReason::ALL);
        let codes = "policy_disabled+label_disabled+unconfirmed+file_frozen";
        assert_eq!(all.to_string(), codes);
        for reason in SuspensionReason::ALL {
            all = all.without(reason).without(reason);
            assert!(!all.contains(reason));
        }
        assert!(all.is_empty());
        assert_eq!(Suspension::from_bits(16), None);
    }

    #[test]
    fn kinds_count_by_their_place() {
        for (place, kind) in S::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
        }
    }
}
