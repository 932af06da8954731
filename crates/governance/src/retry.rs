//! Trying again after a passing failure: how long to wait, and when to give up.

use crate::custody::farthest_end;
use crate::reason::Reason;

/// When a task that failed for a passing reason is tried again (A-029).
///
/// The product tries a locked file again by itself and says no more. Ours: after `at_once` failed
/// tries the first pause is `first_ms`, each further one is twice as long, none is longer than
/// `longest_ms`; after `tries_max` failed tries the task has failed, and an administrator may retry
/// it by hand.
///
/// # Examples
///
/// ```
/// use governance::RetryPolicy;
///
/// let policy = RetryPolicy::default();
/// assert_eq!(policy.pause_ms(1), Some(60_000));
/// assert_eq!(policy.pause_ms(2), Some(120_000));
/// assert_eq!(policy.pause_ms(policy.tries_max), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often a task is tried in all, the first time included. At least 1 is used.
    pub tries_max: u32,
    /// After how many failed tries, of whatever kind, the next one has no pause. Default: after none.
    pub at_once: u32,
    /// The pause after the first failed try that has one, in milliseconds.
    pub first_ms: i64,
    /// The longest pause, in milliseconds.
    pub longest_ms: i64,
}

/// Ten tries, one minute, at most one hour: about four hours until a lock makes a task fail.
impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries_max: 10,
            at_once: 0,
            first_ms: 60_000,
            longest_ms: 3_600_000,
        }
    }
}

/// How often and how soon a failed try is repeated, by what it failed of.
///
/// The kinds are told apart by the code of the reason, as the decision tables and the connectors
/// write it.
///
/// # Examples
///
/// ```
/// use governance::{Reason, RetryRules};
///
/// let rules = RetryRules::default();
/// let locked = rules.for_reason(&Reason::new("locked"));
/// let conflict = rules.for_reason(&Reason::new("conflict"));
/// assert_eq!((locked.pause_ms(1), conflict.pause_ms(1)), (Some(60_000), Some(1_000)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryRules {
    /// `locked`, `checkout_required`: somebody has the file open. They go home some time.
    pub locked: RetryPolicy,
    /// `throttled`: the app asks for fewer requests, and mostly says until when.
    pub throttled: RetryPolicy,
    /// `conflict`: the file was changed since it was read. A fresh look is all it takes.
    pub conflict: RetryPolicy,
    /// `interrupted`: the process or the worker ended while it had the task. Mostly the task had no
    /// part in that, so if it had not failed before it is tried again at once; after that the pauses
    /// begin short.
    pub interrupted: RetryPolicy,
    /// Everything else that passes.
    pub other: RetryPolicy,
}

impl Default for RetryRules {
    fn default() -> Self {
        let usual = RetryPolicy::default();
        let first = |first_ms| RetryPolicy { first_ms, ..usual };
        Self {
            locked: usual,
            throttled: first(300_000),
            conflict: first(1_000),
            interrupted: RetryPolicy {
                at_once: 1,
                ..first(1_000)
            },
            other: usual,
        }
    }
}

impl RetryRules {
    /// The same policy for every kind.
    pub const fn same(policy: RetryPolicy) -> Self {
        Self {
            locked: policy,
            throttled: policy,
            conflict: policy,
            interrupted: policy,
            other: policy,
        }
    }

    /// The latest time that a pause can end at that begins about now: what waits for a later one was told so
    /// by a clock that was ahead.
    pub(crate) fn farthest(&self, now: i64) -> i64 {
        let all = [
            self.locked,
            self.throttled,
            self.conflict,
            self.interrupted,
            self.other,
        ];
        let pauses = all.iter().map(|policy| policy.longest_ms);
        farthest_end(now, pauses.fold(NOT_BEFORE_MS_MAX, i64::max))
    }

    /// The policy for a reason.
    pub fn for_reason(&self, reason: &Reason) -> RetryPolicy {
        match reason.code() {
            "locked" | "checkout_required" => self.locked,
            "throttled" => self.throttled,
            "conflict" => self.conflict,
            Reason::INTERRUPTED => self.interrupted,
            _ => self.other,
        }
    }
}

/// The longest wait that a server may ask for, in milliseconds: one day.
pub const NOT_BEFORE_MS_MAX: i64 = 86_400_000;

impl RetryPolicy {
    /// The shortest pause that is one, in milliseconds, also where no try is allowed after it.
    pub(crate) fn first_pause_ms(&self) -> i64 {
        self.first_ms.max(0).min(self.longest_ms.max(0))
    }

    /// The pause after failed try number `failed` (from 1), in milliseconds; `None`: give up.
    pub fn pause_ms(&self, failed: u32) -> Option<i64> {
        if failed >= self.tries_max {
            return None;
        }
        let Some(doublings) = failed.saturating_sub(self.at_once).checked_sub(1) else {
            return Some(0);
        };
        // 2^62 still fits; any sensible `longest_ms` is far below.
        let doublings = doublings.min(62);
        let pause = self.first_ms.max(0).saturating_mul(1_i64 << doublings);
        Some(pause.min(self.longest_ms.max(0)))
    }

    /// When to try again after failed try number `failed` at `now`; `None`: give up.
    ///
    /// `not_before` is the earliest time that the app asked for, in milliseconds UTC. It is heeded
    /// up to [`NOT_BEFORE_MS_MAX`] from now.
    pub fn next_try(&self, failed: u32, now: i64, not_before: Option<i64>) -> Option<i64> {
        let at = now.saturating_add(self.pause_ms(failed)?);
        let asked = not_before
            .unwrap_or(at)
            .min(now.saturating_add(NOT_BEFORE_MS_MAX));
        Some(at.max(asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_029_pauses_double_up_to_a_bound_and_end() {
        let policy = RetryPolicy::default();
        let minutes: Vec<_> = (1..=10).map(|n| policy.pause_ms(n)).collect();
        let expected = [1, 2, 4, 8, 16, 32, 60, 60, 60]
            .map(|minutes| Some(minutes * 60_000))
            .into_iter()
            .chain([None])
            .collect::<Vec<_>>();
        assert_eq!(minutes, expected);
    }

    #[test]
    fn a_029_absurd_values_do_not_overflow() {
        let policy = RetryPolicy {
            tries_max: u32::MAX,
            at_once: 0,
            first_ms: i64::MAX,
            longest_ms: i64::MAX,
        };
        assert_eq!(policy.next_try(1000, i64::MAX, None), Some(i64::MAX));
        let never = RetryPolicy {
            tries_max: 0,
            at_once: 0,
            first_ms: -5,
            longest_ms: -5,
        };
        assert_eq!(never.next_try(1, 0, None), None);
    }

    #[test]
    fn a_029_the_app_may_ask_for_more_time_but_not_for_ever() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.next_try(1, 1_000, Some(500_000)), Some(500_000));
        assert_eq!(policy.next_try(1, 1_000, Some(0)), Some(61_000));
        assert_eq!(
            policy.next_try(1, 1_000, Some(i64::MAX)),
            Some(1_000 + NOT_BEFORE_MS_MAX)
        );
    }

    #[test]
    fn an_interrupted_try_is_repeated_at_once_and_then_after_pauses() {
        let policy = RetryRules::default().interrupted;
        let pauses: Vec<_> = [1, 2, 3, 4, 9, 10].map(|n| policy.pause_ms(n)).into();
        let expected = [
            Some(0),
            Some(1_000),
            Some(2_000),
            Some(4_000),
            Some(128_000),
            None,
        ];
        assert_eq!(pauses, expected);
        let always = RetryPolicy {
            at_once: u32::MAX,
            ..policy
        };
        assert_eq!((always.pause_ms(9), always.pause_ms(10)), (Some(0), None));
    }
}
