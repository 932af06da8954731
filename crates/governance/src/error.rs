//! What can go wrong, sorted by what the caller should do.

use std::error::Error as StdError;
use std::path::PathBuf;

use label_core::{PolicyId, TenantId};
use thiserror::Error;

use crate::engine::NotReverted;
use crate::quota::utc_text;
use crate::state::StateKind;
use crate::task::TaskId;
use crate::work::WorkId;

/// A cause from outside this crate, kept as the source of an [`enum@Error`].
pub type Cause = Box<dyn StdError + Send + Sync + 'static>;

/// Why an operation did nothing. After an error the store is as it was before the call.
///
/// # Examples
///
/// ```
/// use governance::{Error, TaskId};
///
/// let error = Error::UnknownTask { id: TaskId(7) };
/// assert_eq!(error.to_string(), "task 7: there is no such task");
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// No task has this id: correct the id.
    #[error("task {id}: there is no such task")]
    UnknownTask {
        /// The id as given.
        id: TaskId,
    },
    /// The task's state does not allow what was asked, such as cancelling a finished task: look at
    /// the task again.
    #[error("task {id}: {state} does not allow to {deed}")]
    NotAllowed {
        /// Which task.
        id: TaskId,
        /// The state that it is in.
        state: StateKind,
        /// What was asked, as a verb.
        deed: &'static str,
    },
    /// The claim is not the task's present one: someone else has it, or it has ended. Drop the
    /// work; nothing may be written.
    #[error("task {id}: the claim is over, the task is {state}")]
    StaleClaim {
        /// Which task.
        id: TaskId,
        /// The state that it is in.
        state: StateKind,
    },
    /// More work, or larger, than one call takes: split it, or keep the payload elsewhere.
    #[error("work: {size} {what} are too much")]
    TooMuchWork {
        /// What was too much.
        what: &'static str,
        /// How much.
        size: usize,
    },
    /// The queue has as much work as allowed, dead letters included: trim those, or enqueue again when
    /// some is done.
    #[error("work: {pieces} pieces are kept, at most {pieces_max} are allowed")]
    WorkQueueFull {
        /// Pieces that are kept, those of the call included.
        pieces: u64,
        /// How many are allowed.
        pieces_max: u64,
    },
    /// The claim of a piece of work is over: somebody else has it, or it is done. Drop the result.
    #[error("work {id}: the claim is over")]
    StaleWork {
        /// Which piece.
        id: WorkId,
    },
    /// The task can't be undone, for this reason.
    #[error("task {id}: it can't be reverted, {reason}")]
    NotReverted {
        /// Which task.
        id: TaskId,
        /// Why not.
        reason: NotReverted,
    },
    /// The lease has ended: others may have taken the task over. Nothing may be written; renew the
    /// lease in time, or claim anew.
    #[error("task {id}: the lease ended at {}", utc_text(*until))]
    LeaseEnded {
        /// Which task.
        id: TaskId,
        /// When it ended, in milliseconds UTC.
        until: i64,
    },
    /// Leave to write was given on an earlier day, and the limit of today is reached. The file may
    /// have been written: report what came of that. Don't write now.
    #[error("task {id}: a write of an earlier day is not reported yet, and {}", no_more(*until))]
    WriteUnderWay {
        /// Which task.
        id: TaskId,
        /// When the app resumes, in milliseconds UTC; `None` while its limit is 0.
        until: Option<i64>,
    },
    /// A success was reported without the grant to write: call `begin_write` before writing.
    #[error("task {id}: no write was granted")]
    NoGrant {
        /// Which task.
        id: TaskId,
    },
    /// The policy was deleted: submit nothing more for it.
    #[error("policy `{policy}` of tenant {tenant}: the policy was deleted")]
    PolicyDeleted {
        /// Whose policy.
        tenant: TenantId,
        /// Which policy.
        policy: PolicyId,
    },
    /// More tasks in one call than allowed: submit them in several calls.
    #[error("submission of {count} tasks: at most {count_max} are allowed in one call")]
    TooManyTasks {
        /// How many were given.
        count: usize,
        /// How many are allowed.
        count_max: usize,
    },
    /// The queue has as many pending tasks as allowed: submit again when some are done.
    #[error("queue: {pending} tasks are pending, at most {pending_max} are allowed")]
    QueueFull {
        /// Pending tasks before the call.
        pending: u64,
        /// How many are allowed.
        pending_max: u64,
    },
    /// Another process, or another value in this process, has the store open: end it, or wait.
    #[error("{}: the store is in use", path.display())]
    Locked {
        /// Which store.
        path: PathBuf,
    },
    /// The file belongs to another program. It was not changed: name another path.
    #[error("{}: the file is not a store of label tasks ({found})", path.display())]
    NotAStore {
        /// Which file.
        path: PathBuf,
        /// What it looks like instead.
        found: String,
    },
    /// A newer version of this library wrote the store. It was not changed: update the library.
    #[error("{}: the store has version {found}, this library knows up to {known}", path.display())]
    NewerVersion {
        /// Which store.
        path: PathBuf,
        /// The version of the store.
        found: u32,
        /// The newest version that is understood.
        known: u32,
    },
    /// The store's content is damaged. Nothing was repaired or overwritten: restore a copy.
    #[error("{place}: the store is damaged")]
    Damaged {
        /// The path, or what was being read.
        place: String,
        /// What was found.
        source: Cause,
    },
    /// The store could not be read or written now, such as on a full disk: try again.
    #[error("{place}: the store is not available")]
    Unavailable {
        /// The path, or what was being done.
        place: String,
        /// What the system said.
        source: Cause,
    },
    /// A part of a change failed, such as one of several calls that were made together, and its error
    /// was not handed on. Nothing of the change was made: hand the error on, or make that call by itself.
    #[error("change: a part of it failed, so that nothing of it was made")]
    TakenBack,
    /// A store of the embedder's own broke a rule of the trait: correct the store.
    #[error("store: {rule}")]
    StoreContract {
        /// The rule that was broken.
        rule: &'static str,
    },
}

/// Why nothing more is done now.
fn no_more(until: Option<i64>) -> String {
    match until {
        Some(until) => format!("the daily limit is reached until {}", utc_text(until)),
        None => "the daily limit is 0".to_owned(),
    }
}

impl Error {
    /// A damaged store: for stores outside this crate.
    pub fn damaged(place: impl Into<String>, cause: impl Into<Cause>) -> Self {
        Self::Damaged {
            place: place.into(),
            source: cause.into(),
        }
    }

    /// A store that can't be reached now: for stores outside this crate.
    pub fn unavailable(place: impl Into<String>, cause: impl Into<Cause>) -> Self {
        Self::Unavailable {
            place: place.into(),
            source: cause.into(),
        }
    }
}
