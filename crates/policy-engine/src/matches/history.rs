//! Matches that are over.

use std::collections::BTreeMap;

use label_core::PolicyId;

use super::book::MatchBook;
use super::entry::PastMatch;

/// How long matches stay in the history unless told otherwise, milliseconds: 184 days. The
/// product's figure is six months (A-014), and no six months in a row are longer, so nothing goes
/// early.
pub const HISTORY_RETENTION_MS_DEFAULT: i64 = 184 * 86_400_000;

/// Past matches by when they ended, and in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    matches: BTreeMap<(i64, u64), PastMatch>,
    next: u64,
    dropped: u64,
}

impl History {
    pub(super) fn iter(&self) -> impl Iterator<Item = &PastMatch> {
        self.matches.values()
    }

    fn push(&mut self, past: PastMatch) {
        self.matches.insert((past.ended_ms, self.next), past);
        self.next += 1;
    }
}

/// What a purge did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purged {
    /// How many were taken out.
    pub removed: usize,
    /// Whether more are due, beyond what one purge takes out: call again.
    pub more: bool,
}

impl MatchBook {
    /// The matches of a policy that are over, oldest first, whatever the policy's status. Looks
    /// through the whole history.
    pub fn history(&self, policy: &PolicyId) -> impl Iterator<Item = &PastMatch> {
        self.history
            .iter()
            .filter(move |past| past.policy == *policy)
    }

    /// Takes matches out of the history that ended as long ago as they are kept, or longer; at most
    /// [`MatchOptions::purge_max`](super::MatchOptions::purge_max) at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::{AppId, FileId, FileKey, PolicyId};
    /// use policy_engine::Outcome;
    /// use policy_engine::matches::{
    ///     HISTORY_RETENTION_MS_DEFAULT, MatchBook, MatchOptions, Observation,
    /// };
    ///
    /// let mut book = MatchBook::new(MatchOptions::default());
    /// let file = FileKey::new(AppId::BOX, 0, FileId::parse("7")?);
    /// let policy = PolicyId::parse("exposed")?;
    /// for outcome in [Outcome::Match, Outcome::NoMatch] {
    ///     book.observe(&Observation::new(&file, &policy, outcome, 0))?;
    /// }
    /// while book.purge(HISTORY_RETENTION_MS_DEFAULT - 1).more {}
    /// assert_eq!(book.history(&policy).count(), 1);
    /// while book.purge(HISTORY_RETENTION_MS_DEFAULT).more {}
    /// assert_eq!(book.history(&policy).count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn purge(&mut self, now_ms: i64) -> Purged {
        let oldest_ms = now_ms.saturating_sub(self.options.history_retention_ms);
        let mut removed = 0;
        while removed < self.options.purge_max.max(1) && self.first_ended_by(oldest_ms) {
            self.forget_oldest();
            removed += 1;
        }
        Purged {
            removed,
            more: self.first_ended_by(oldest_ms),
        }
    }

    /// How many matches were taken out of the history before their time since the book was made,
    /// because it was full.
    pub fn history_dropped(&self) -> u64 {
        self.history.dropped
    }

    fn first_ended_by(&self, instant_ms: i64) -> bool {
        let first = self.history.matches.keys().next();
        first.is_some_and(|(ended_ms, _)| *ended_ms <= instant_ms)
    }

    /// Puts a match into the history, and the oldest out if there is no room.
    pub(super) fn remember(&mut self, past: PastMatch) {
        let table = self.tables.entry(past.policy.clone()).or_default();
        table.slots.entry(past.file.clone()).or_default().past += 1;
        self.history.push(past);
        if self.history.matches.len() > self.options.history_max {
            self.forget_oldest();
            self.history.dropped += 1;
        }
    }

    fn forget_oldest(&mut self) {
        let Some((_, past)) = self.history.matches.pop_first() else {
            return;
        };
        let table = self.tables.get_mut(&past.policy);
        if let Some(slot) = table.and_then(|table| table.slots.get_mut(&past.file)) {
            slot.past -= 1;
        }
        self.tidy(&past.policy, Some(&past.file));
    }
}
