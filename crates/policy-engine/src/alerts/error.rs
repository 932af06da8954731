//! What can go wrong with alerts.

use thiserror::Error;

use super::alert::AlertId;

/// Why an alert book refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AlertError {
    /// As many alerts are kept as the options allow. The actions of the match are due all the same;
    /// purge, or make the book with a larger bound.
    #[error("the book has {limit} alerts, which is all it may have")]
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
    #[error("{bytes} bytes of text where {limit} are allowed")]
    CommentTooLong {
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
}
