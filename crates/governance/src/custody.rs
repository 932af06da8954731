//! What the queue knows of everything that it hands out, label tasks and pieces of work alike: how often
//! it did, how often that came to nothing, and who has it.
//!
//! The rules of handing out are here, once: a claim's number fences the one before it, a lease ends,
//! what an earlier opening of the store handed out is interrupted, and a failed try is counted.

use crate::reason::Reason;
use crate::retry::RetryRules;
use crate::text::Worker;

/// The longest lease, in milliseconds: one day. Longer ones are taken as this.
pub const LEASE_MS_MAX: i64 = 86_400_000;

/// How far a clock may go back, or two threads may differ, before what reaches too far is taken as
/// given by a clock that was ahead, in milliseconds: one hour.
pub const CLOCK_MARGIN_MS: i64 = 3_600_000;

/// The latest time that a span of at most `longest_ms` can end at that was given about now: what ends
/// later was given by a clock that was ahead.
pub(crate) const fn farthest_end(now: i64, longest_ms: i64) -> i64 {
    now.saturating_add(longest_ms)
        .saturating_add(CLOCK_MARGIN_MS)
}

/// The end of a lease of so many milliseconds from `now`.
fn lease_end(lease_ms: i64, now: i64) -> i64 {
    now.saturating_add(lease_ms.clamp(1, LEASE_MS_MAX))
}

/// Who has a piece of work, and until when nobody else may take it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The worker.
    pub worker: Worker,
    /// The first instant at which it may be taken over, in milliseconds UTC.
    pub until_ms: i64,
}

impl Lease {
    /// A worker's lease for `lease_ms` from `now`, which is taken as at least 1 and at most
    /// [`LEASE_MS_MAX`].
    pub(crate) fn new(worker: &Worker, lease_ms: i64, now: i64) -> Self {
        Self {
            worker: worker.clone(),
            until_ms: lease_end(lease_ms, now),
        }
    }

    /// Whether it has ended at `now`. So has one that lasts longer, by more than
    /// [`CLOCK_MARGIN_MS`], than any that could be given now: the clock was ahead when it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::{CLOCK_MARGIN_MS, LEASE_MS_MAX, Lease, Worker};
    ///
    /// let lease = Lease { worker: Worker::parse("labeller-2")?, until_ms: 5_000 };
    /// assert!(!lease.has_ended(4_999) && lease.has_ended(5_000));
    /// let earliest = 5_000 - LEASE_MS_MAX - CLOCK_MARGIN_MS;
    /// assert!(!lease.has_ended(earliest) && lease.has_ended(earliest - 1));
    /// # Ok::<(), label_core::IdError>(())
    /// ```
    pub fn has_ended(&self, now: i64) -> bool {
        self.until_ms <= now || self.until_ms > farthest_end(now, LEASE_MS_MAX)
    }
}

/// How often something was handed out, how often that came to nothing, and who has it: kept with every
/// label task and every piece of work.
///
/// # Examples
///
/// ```
/// use governance::Custody;
///
/// let custody = Custody::default();
/// assert_eq!((custody.attempts, custody.claims, custody.lease), (0, 0, None));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Custody {
    /// How many tries have failed.
    pub attempts: u32,
    /// How often it was handed out: the number of the claim that holds.
    pub claims: u32,
    /// Which opening of the store handed it out last. If that is not the present one, its process is
    /// gone.
    pub opening: u64,
    /// Who has it; `None`: nobody, or whoever has the store open, for as long as that is so.
    pub lease: Option<Lease>,
}

impl Custody {
    /// Hands it out in an opening of the store, under a lease or without one. Whoever had it before is
    /// fenced: that claim's number is no longer the last.
    pub(crate) fn hand_out(&mut self, opening: u64, lease: Option<Lease>) {
        self.claims = self.claims.saturating_add(1);
        self.opening = opening;
        self.lease = lease;
    }

    /// Nobody has it any more.
    pub(crate) fn take_back(&mut self) {
        self.lease = None;
    }

    /// Makes its lease last `lease_ms` from `now` and gives the new end; `None`: it has no lease.
    pub(crate) fn renew(&mut self, lease_ms: i64, now: i64) -> Option<i64> {
        let present = self.lease.take()?;
        let renewed = Lease {
            until_ms: lease_end(lease_ms, now),
            ..present
        };
        let until = renewed.until_ms;
        self.lease = Some(renewed);
        Some(until)
    }

    /// Takes it back after one more failed try and gives the time of the next one, if there is one.
    pub(crate) fn fail(
        &mut self,
        rules: &RetryRules,
        reason: &Reason,
        now: i64,
        not_before: Option<i64>,
    ) -> Option<i64> {
        self.take_back();
        self.attempts = self.attempts.saturating_add(1);
        let policy = rules.for_reason(reason);
        policy.next_try(self.attempts, now, not_before)
    }

    /// Whether this is the claim that holds.
    pub(crate) fn is_claim(&self, number: u32) -> bool {
        self.claims == number
    }

    /// Whether its lease has ended at `now`; one without a lease has none that could.
    pub(crate) fn has_ended(&self, now: i64) -> bool {
        (self.lease.as_ref()).is_some_and(|lease| lease.has_ended(now))
    }
}
