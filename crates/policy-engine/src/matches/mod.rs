//! The life of a match: new, still there, over, and authorised.
//!
//! A *match* is one file that one policy selects. What a policy says of a file at one moment is an
//! [`Outcome`](crate::Outcome); a [`MatchBook`] remembers the last one and says what became of the
//! match, as a [`MatchChange`]. Only a match that begins has actions due, and each match has them
//! once. The book does nothing itself: no clock, no disk, no task and no alert. An evaluation that
//! it isn't told of leaves no trace, and [`MatchBook::preview`] says what would come of it (A-011).
//! It is kept in memory; its [`entries`](MatchBook::entries) are what has to be stored.
//!
//! ```text
//!              Match                     NoMatch
//!  no match ───────────► matching now ───────────► history, 6 months
//!      ▲                    │    ▲ │
//!      │          authorise │    │ │ NeedsScan, NeedsContent, or the policy is off:
//!      │                    ▼    └─┘ nothing is known to have changed
//!      └─────────────── authorised
//!        revoked, or the content changed
//! ```
//!
//! # Examples
//!
//! ```
//! use label_core::{AppId, FileId, FileKey, PolicyId};
//! use policy_engine::Outcome;
//! use policy_engine::matches::{MatchBook, MatchChange, MatchOptions, Observation};
//!
//! let mut book = MatchBook::new(MatchOptions::default());
//! let file = FileKey::new(AppId::BOX, 0, FileId::parse("7")?);
//! let policy = PolicyId::parse("exposed")?;
//!
//! let mut see = |outcome, now_ms| {
//!     book.observe(&Observation::new(&file, &policy, outcome, now_ms))
//! };
//! assert_eq!(see(Outcome::Match, 1_000)?, Some(MatchChange::Started));
//! assert_eq!(see(Outcome::Match, 2_000)?, Some(MatchChange::Continued));
//! // Not known at present: the match stays.
//! assert_eq!(see(Outcome::NeedsScan, 3_000)?, None);
//! assert_eq!(see(Outcome::NoMatch, 4_000)?, Some(MatchChange::Ended));
//!
//! assert_eq!(book.matched_policies(&file).count(), 0);
//! assert_eq!(book.history(&policy).next().map(|past| past.ended_ms), Some(4_000));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod authorise;
mod book;
mod change;
mod entry;
mod error;
mod history;
mod policies;
mod table;

#[cfg(test)]
mod tests;

pub use book::{MatchBook, MatchOptions};
pub use change::{AlertDue, ChangedContent, MatchChange, Observation, Restart};
pub use entry::{
    AuthorisationEnd, AuthorisedMatch, BookEntry, ContentHash, CurrentMatch, EndReason, PastMatch,
    PolicyState, PolicyStatus,
};
pub use error::MatchError;
pub use history::{HISTORY_RETENTION_MS_DEFAULT, Purged};
pub use policies::{DISABLED_POLICIES_MAX, EditedResults};
