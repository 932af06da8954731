//! A durable queue for work of any kind: scans, refreshes, notifications.
//!
//! Pieces of work with a kind, a key, a priority and a lease.
//!
//! # One queue, two tables
//!
//! Label tasks and pieces of work are handed out by the same rules, which are written once
//! ([`Custody`]): a claim has a number that fences the one before it; a lease ends, can be renewed, and
//! is over at once when the process that had it is gone; failed tries are counted and paused after by
//! [`RetryRules`](crate::RetryRules). [`Governance::next`](crate::Governance::next) says for both
//! whether there is something to do, and when next.
//!
//! Their rows are in tables of their own. Of a label task more is asked, with one statement each:
//!
//! * it stays when it is over, because the log, [`revert`](crate::Governance::revert) and a policy
//!   that asks again (R-143) come back to it; a piece of work that is done is forgotten;
//! * its state is one of ten, of which four wait: for their turn, a noon, a try, or for what people
//!   decide; and whole groups move at once: all of a policy, all of an app at noon;
//! * of one file one runs, and of several policies one is chosen;
//! * its order is one over all apps, that of the queue; pieces of work are asked for by kind;
//! * the unit of a daily limit moves with it, in the same change.
//!
//! In one table either would carry the columns and indexes of the other, and be slower for it.
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

use crate::custody::Custody;
use crate::reason::Reason;

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
    /// How often it was handed out and failed, and who works on it.
    pub custody: Custody,
    /// Whether it was asked for again since it was handed out.
    pub again: bool,
    /// Why nobody will work on it any more, if it is a dead letter.
    pub dead: Option<DeadLetter>,
}

/// The end of a piece of work that failed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// What the last try said.
    pub reason: Reason,
    /// When that was, in milliseconds UTC.
    pub at_ms: i64,
}

impl WorkItem {
    /// The piece `new` as number `id`.
    pub fn new(id: WorkId, new: NewWork) -> Self {
        Self {
            id,
            new,
            custody: Custody::default(),
            again: false,
            dead: None,
        }
    }

    /// The right to work on it, for whoever got it from `claim_work`.
    pub fn claim(&self) -> WorkClaim {
        WorkClaim {
            work: self.id,
            number: self.custody.claims,
        }
    }

    /// Its order among those of its kind, smallest first.
    pub fn order(&self) -> (Reverse<u32>, WorkId) {
        (Reverse(self.new.priority), self.id)
    }

    /// Whether it can be handed out at `now`, in the opening of the store of that number. Who had it in
    /// an earlier one is gone.
    ///
    /// `farthest` is the latest time that a pause from about now can end at; a longer one after a
    /// failed try was given by a clock that was ahead, and has ended.
    pub fn is_ready(&self, now: i64, farthest: i64, opening: u64) -> bool {
        let custody = &self.custody;
        let is_free =
            custody.lease.is_none() || custody.has_ended(now) || custody.opening < opening;
        let at = self.new.not_before;
        let is_due = at <= now || (custody.attempts > 0 && at > farthest);
        self.dead.is_none() && is_free && is_due
    }

    /// The first time at which it can be handed out, if whoever has it neither ends nor renews
    /// before; `None` for a dead letter.
    pub fn ready_at(&self) -> Option<i64> {
        let lease = self.custody.lease.as_ref();
        let free = lease.map_or(i64::MIN, |lease| lease.until_ms);
        self.dead.is_none().then_some(free.max(self.new.not_before))
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
