//! A durable queue for work of any kind: scans, refreshes, notifications.
//!
//! For everything but label tasks this queue is enough: pieces of work with a kind, a key, a priority
//! and a lease.
//!
//! # Why label tasks have rows of their own
//!
//! Both are worked on by one set of rules: [`Lease`] says when a worker's time is over, a claim's number
//! fences the one before it, and [`RetryRules`](crate::RetryRules) counts failed tries and pauses between
//! them. Label tasks need more, and what they need is asked of the store with one statement each:
//!
//! * they stay when they are over, because the log, [`revert`](crate::Governance::revert) and a policy
//!   that asks again (R-143) come back to them; a piece of work that is done is forgotten;
//! * their state is one of ten, of which five wait, for a noon, a policy, a label, a confirmation or a
//!   try, and whole groups move at once: all of a policy, all of an app at noon;
//! * of one file one runs, and of several policies one is chosen;
//! * their order is one over all apps, that of the queue; pieces of work are asked for by kind;
//! * the unit of a daily limit moves with the task, in the same change.
//!
//! In one table either kind would carry the columns and indexes of the other, so that each would be
//! slower than it is, and no rule would become shorter.
//!
//! # What waits
//!
//! A piece that waits is not queued twice (R-072). One that is asked for again while somebody works
//! on it is done once more afterwards, because what was asked may have come too late to be seen.
//!
//! # Examples
//!
//! ```
//! use governance::store::MemoryStore;
//! use governance::work::{Enqueued, NewWork, WorkKey, WorkKind, WorkOutcome};
//! use governance::{Governance, Settings, Worker};
//!
//! let mut governance = Governance::open(MemoryStore::new(), Settings::default())?;
//! let scan = WorkKind::parse("scan")?;
//! let new = NewWork::new(scan.clone(), WorkKey::parse("contract.docx")?);
//! let first = governance.enqueue(&[new.clone()], 1_000)?;
//! assert!(matches!(first[0], Enqueued::Added(_)));
//! assert!(matches!(governance.enqueue(&[new], 2_000)?[0], Enqueued::Waits(_)));
//!
//! let worker = Worker::parse("scanner")?;
//! for item in governance.claim_work(&scan, &worker, 60_000, 10, 3_000)? {
//!     governance.finish_work(item.claim(), WorkOutcome::Done, 4_000)?;
//! }
//! assert_eq!(governance.work_counts(&scan)?.waiting, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::cmp::Reverse;
use std::fmt;

pub use crate::text::{WorkKey, WorkKind};

use crate::reason::Reason;
use crate::task::Lease;

/// Largest payload of a piece of work, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// The most pieces that one call hands out or takes in.
pub const WORK_COUNT_MAX: usize = 1000;

/// The number of a piece of work in its store, rising, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkId(pub u64);

impl fmt::Display for WorkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A piece of work as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewWork {
    /// Of which kind it is.
    pub kind: WorkKind,
    /// What it is about.
    pub key: WorkKey,
    /// Larger comes first.
    pub priority: u32,
    /// Not before this time, in milliseconds UTC.
    pub not_before: i64,
    /// Whatever the worker needs; at most [`PAYLOAD_BYTES_MAX`].
    pub payload: String,
}

impl NewWork {
    /// A piece of work of priority 0, at once, without a payload.
    pub fn new(kind: WorkKind, key: WorkKey) -> Self {
        Self {
            kind,
            key,
            priority: 0,
            not_before: i64::MIN,
            payload: String::new(),
        }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// It is a new piece.
    Added(WorkId),
    /// The same waits already; it now has the larger priority and the earlier time of both, and
    /// the newer payload. After a failed try, the time of the next one stands.
    Waits(WorkId),
    /// Somebody works on the same; it is done once more afterwards.
    Again(WorkId),
}

/// A piece of work as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkItem {
    /// Its number.
    pub id: WorkId,
    /// What was asked for.
    pub new: NewWork,
    /// How many tries have failed.
    pub attempts: u32,
    /// How often it was handed out: the fencing token.
    pub claims: u32,
    /// Who works on it.
    pub lease: Option<Lease>,
    /// Whether it was asked for again since it was handed out.
    pub again: bool,
    /// Why nobody will work on it any more: a dead letter.
    pub dead: Option<Reason>,
}

impl WorkItem {
    /// The piece `new` as number `id`.
    pub fn new(id: WorkId, new: NewWork) -> Self {
        Self {
            id,
            new,
            attempts: 0,
            claims: 0,
            lease: None,
            again: false,
            dead: None,
        }
    }

    /// The right to work on it, for whoever got it from `claim_work`.
    pub fn claim(&self) -> WorkClaim {
        WorkClaim {
            work: self.id,
            number: self.claims,
        }
    }

    /// Its order among those of its kind, smallest first.
    pub fn order(&self) -> (Reverse<u32>, WorkId) {
        (Reverse(self.new.priority), self.id)
    }

    /// Whether it can be handed out at `now`.
    ///
    /// `farthest` is the latest time that a pause from about now can end at; a longer one after a
    /// failed try was given by a clock that was ahead, and has ended.
    pub fn is_ready(&self, now: i64, farthest: i64) -> bool {
        let is_free = (self.lease.as_ref()).is_none_or(|lease| lease.has_ended(now));
        let at = self.new.not_before;
        let is_due = at <= now || (self.attempts > 0 && at > farthest);
        self.dead.is_none() && is_free && is_due
    }

    /// The first time at which it can be handed out; `None` for a dead letter.
    pub fn ready_at(&self) -> Option<i64> {
        let lease = self.lease.as_ref().map_or(i64::MIN, |lease| lease.until_ms);
        self.dead
            .is_none()
            .then_some(lease.max(self.new.not_before))
    }
}

/// The right to work on a piece, over as soon as it is handed out anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WorkClaim {
    /// Which piece.
    pub work: WorkId,
    /// The how manieth claim of it this is, from 1.
    pub number: u32,
}

/// How work on a piece ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkOutcome {
    /// It is done.
    Done,
    /// It failed for a passing reason and is tried again, as label tasks are.
    Retry {
        /// Why.
        reason: Reason,
        /// The earliest time that was asked for, in milliseconds UTC.
        not_before: Option<i64>,
    },
    /// It failed for good: a dead letter.
    Failed {
        /// Why.
        reason: Reason,
    },
}

/// How many pieces of a kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkCounts {
    /// They wait, be it for their time.
    pub waiting: u64,
    /// Somebody has them.
    pub leased: u64,
    /// Dead letters.
    pub dead: u64,
}

impl WorkCounts {
    /// These counts: for stores.
    pub fn new(waiting: u64, leased: u64, dead: u64) -> Self {
        Self {
            waiting,
            leased,
            dead,
        }
    }
}
