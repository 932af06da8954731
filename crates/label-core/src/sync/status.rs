//! How syncing stands.

use std::fmt;

use crate::sync::error::SyncError;

/// The list is up to date up to this age, in milliseconds.
pub const FRESH_MS: i64 = 2 * 3_600_000;

/// The list is merely old up to this age, in milliseconds.
pub const STALE_MS: i64 = 24 * 3_600_000;

/// How old the list is. Reading labels and filtering by them goes on at any age; whether labels
/// may still be applied is the embedder's to say: ids are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Freshness {
    /// Confirmed by the source within the last two hours.
    Fresh,
    /// Within the last day.
    Stale,
    /// Longer ago, or never.
    Expired,
}

/// A list that was read and is not in force yet, because too much would go (L-045, L-046).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Held {
    /// How many labels would be removed.
    pub lost: usize,
    /// Of how many.
    pub of: usize,
    /// When it was read first, UTC, in milliseconds since 1970.
    pub since_ms: i64,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} labels would go: waiting for a second read that says the same, or for a \
             confirmation",
            self.lost, self.of
        )
    }
}

/// What happened so far. None of it has names of labels but `notes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncStatus {
    /// When the last read was started, UTC, in milliseconds since 1970.
    pub last_attempt_ms: Option<i64>,
    /// When the source last confirmed the list in force.
    pub last_success_ms: Option<i64>,
    /// Why the last read failed; nothing if it didn't.
    pub last_error: Option<SyncError>,
    /// How many reads failed since the last that didn't.
    pub consecutive_failures: u32,
    /// The list that waits for a confirmation.
    pub held: Option<Held>,
    /// The version in force.
    pub version: Option<u64>,
    /// What was odd in the last list and could be read all the same, at most 1,000. Has names of
    /// labels: not for a log that everybody reads.
    pub notes: Vec<String>,
    /// Requests sent.
    pub requests: u64,
    /// Requests sent again because the service was busy or out of reach.
    pub retries: u64,
    /// Lists read to their end.
    pub reads: u64,
    /// Reads that failed.
    pub failures: u64,
}

impl SyncStatus {
    /// How old the list in force is.
    pub fn freshness(&self, now_ms: i64) -> Freshness {
        match self.last_success_ms {
            // A clock that was a little ahead does no harm; one that was far ahead says nothing.
            Some(at) if at.saturating_sub(now_ms) > FRESH_MS => Freshness::Expired,
            Some(at) if now_ms.saturating_sub(at) <= FRESH_MS => Freshness::Fresh,
            Some(at) if now_ms.saturating_sub(at) <= STALE_MS => Freshness::Stale,
            _ => Freshness::Expired,
        }
    }
}
