//! What can go wrong with a match book.

use label_core::{FileKey, PolicyId};
use thiserror::Error;

/// Why a match book refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MatchError {
    /// As many matches are kept as the options allow. Nothing was changed: authorised matches can
    /// be revoked, a policy can be narrowed or deleted, or a book be made with a larger bound.
    #[error(
        "the book has {limit} matches, which is all it may have: narrow or delete a policy, revoke \
         authorisations, or allow more"
    )]
    Full {
        /// [`MatchOptions::matches_max`](super::MatchOptions::matches_max).
        limit: usize,
    },
    /// The file doesn't match the policy at present, so there is nothing to authorise.
    #[error("file `{file}` doesn't match policy `{policy}`")]
    NotMatching {
        /// The file.
        file: FileKey,
        /// The policy.
        policy: PolicyId,
    },
    /// There is no authorisation to revoke.
    #[error("the match of file `{file}` and policy `{policy}` isn't authorised")]
    NotAuthorised {
        /// The file.
        file: FileKey,
        /// The policy.
        policy: PolicyId,
    },
    /// Of two entries for one file and policy at most one can be current or authorised: the
    /// entries are not those of one book.
    #[error("file `{file}` and policy `{policy}` have two entries")]
    Duplicate {
        /// The file.
        file: FileKey,
        /// The policy.
        policy: PolicyId,
    },
    /// A policy has two entries that say whether it is in force: they are not those of one book.
    #[error("policy `{policy}` has two entries")]
    DuplicatePolicy {
        /// The policy.
        policy: PolicyId,
    },
    /// More policies would be disabled than [`DISABLED_POLICIES_MAX`](super::DISABLED_POLICIES_MAX).
    /// Nothing was changed: say of those that are gone that they were deleted.
    #[error("{limit} policies are disabled, which is all that may: delete some")]
    TooManyDisabled {
        /// The limit.
        limit: usize,
    },
}
