//! What can go wrong with alerts.

use label_core::PolicyId;
use thiserror::Error;

use super::alert::AlertId;

/// Why an alert book refused. Nothing was changed, but for the count of what a full book refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AlertError {
    /// As many alerts are kept as the options allow, and none of them is closed. The actions of the
    /// match are due all the same, and the alert can be raised again later: close or purge some, or
    /// make the book with a larger bound.
    #[error("the book has {limit} open alerts, which is all it may have: close or purge some")]
    Full {
        /// [`AlertOptions::alerts_max`](super::AlertOptions::alerts_max).
        limit: usize,
    },
    /// There is no such alert, or its time is over.
    #[error("no alert {id}")]
    Unknown {
        /// What was asked for.
        id: AlertId,
    },
    /// The alert was closed before; who and why stays.
    #[error("alert {id} is closed already")]
    AlreadyClosed {
        /// The alert.
        id: AlertId,
    },
    /// A comment or feedback is longer than [`COMMENT_BYTES_MAX`](super::COMMENT_BYTES_MAX):
    /// shorten it.
    #[error("alert {id}: {what} of {bytes} bytes where {limit} are allowed")]
    CommentTooLong {
        /// The alert.
        id: AlertId,
        /// `comment` or `feedback`.
        what: &'static str,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// Two alerts of the same number: the alerts are not those of one book.
    #[error("two alerts have the number {id}")]
    Duplicate {
        /// The number.
        id: AlertId,
    },
    /// A policy and day with two counts: the entries are not those of one book.
    #[error("policy `{policy}` has two counts for the day from {day_start_ms} ms")]
    DuplicateDay {
        /// The policy.
        policy: PolicyId,
        /// When the day began, milliseconds UTC.
        day_start_ms: i64,
    },
    /// Two entries with the state of a book: they are not those of one.
    #[error("two entries have the state of the book")]
    DuplicateState,
}
