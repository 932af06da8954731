//! The book of matches.

use std::collections::{BTreeMap, BTreeSet};

use label_core::{FileKey, PolicyId};

use super::change::{ChangedContent, MatchChange, Observation, decide};
use super::entry::{BookEntry, CurrentMatch, EndReason, PolicyState, PolicyStatus};
use super::error::MatchError;
use super::history::{HISTORY_RETENTION_MS_DEFAULT, History};
use super::table::{Now, Table};

/// What a book keeps, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchOptions {
    /// How long a match stays in the history, milliseconds. Default:
    /// [`HISTORY_RETENTION_MS_DEFAULT`], six months.
    pub history_retention_ms: i64,
    /// Most current and authorised matches together. Default: 1,000,000.
    pub matches_max: usize,
    /// Most matches of the history. When it is full, the oldest goes, and
    /// [`MatchBook::history_dropped`] counts it. Default: 1,000,000.
    pub history_max: usize,
    /// Most matches that one [`MatchBook::purge`] takes out, so that none takes long; at least
    /// one. Default: 10,000.
    pub purge_max: usize,
    /// Whether changed content makes a new match. Default: no.
    pub changed_content: ChangedContent,
}

impl Default for MatchOptions {
    fn default() -> Self {
        Self {
            history_retention_ms: HISTORY_RETENTION_MS_DEFAULT,
            matches_max: 1_000_000,
            history_max: 1_000_000,
            purge_max: 10_000,
            changed_content: ChangedContent::default(),
        }
    }
}

/// The matches of all files and policies: current ones, authorised ones, and those of the last
/// months, each match in exactly one of the three.
///
/// See the [module](super) for an example.
#[derive(Clone, Debug, Default)]
pub struct MatchBook {
    pub(super) options: MatchOptions,
    pub(super) tables: BTreeMap<PolicyId, Table>,
    /// The policies with a current match, for each file.
    pub(super) by_file: BTreeMap<FileKey, BTreeSet<PolicyId>>,
    pub(super) history: History,
    /// Current and authorised matches.
    pub(super) held: usize,
}

impl MatchBook {
    /// A book without matches.
    pub fn new(options: MatchOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// The book that [`entries`](Self::entries) came from, in any order but that of past matches
    /// which ended in the same millisecond.
    ///
    /// # Errors
    ///
    /// [`MatchError::Full`] when there are more current and authorised matches than the options
    /// allow; [`MatchError::Duplicate`] when a file and policy have two of them.
    pub fn from_entries(
        options: MatchOptions,
        entries: impl IntoIterator<Item = BookEntry>,
    ) -> Result<Self, MatchError> {
        let mut book = Self::new(options);
        for entry in entries {
            match entry {
                BookEntry::Policy(state) => {
                    let table = book.tables.entry(state.policy.clone()).or_default();
                    table.status = state.status;
                    table.resets = state.resets;
                }
                BookEntry::Past(past) => book.remember(past),
                BookEntry::Current(current) => book.restore(Now::Current(current))?,
                BookEntry::Authorised(authorised) => book.restore(Now::Authorised(authorised))?,
            }
        }
        // Only now: a policy may come before its matches.
        let policies: Vec<PolicyId> = book.tables.keys().cloned().collect();
        for policy in &policies {
            book.tidy(policy, None);
        }
        Ok(book)
    }

    /// Everything that has to be kept for [`from_entries`](Self::from_entries): policies first,
    /// each followed by its matches, then the history, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = BookEntry> {
        let tables = self.tables.iter().flat_map(|(policy, table)| {
            let is_plain = table.status == PolicyStatus::Enabled && table.resets == 0;
            let state = (!is_plain).then(|| {
                BookEntry::Policy(PolicyState {
                    policy: policy.clone(),
                    status: table.status,
                    resets: table.resets,
                })
            });
            let matches = table.slots.values().filter_map(|slot| match &slot.now {
                Some(Now::Current(current)) => Some(BookEntry::Current(current.clone())),
                Some(Now::Authorised(authorised)) => {
                    Some(BookEntry::Authorised(authorised.clone()))
                }
                None => None,
            });
            state.into_iter().chain(matches)
        });
        tables.chain(self.history.iter().cloned().map(BookEntry::Past))
    }

    /// What it keeps, and for how long.
    pub fn options(&self) -> &MatchOptions {
        &self.options
    }

    /// Takes in what a policy says of a file, and says what became of the match; `None` when
    /// nothing is known to have changed: the file didn't match and doesn't, labels or content have
    /// to be read first, the match is authorised, or the policy is disabled.
    ///
    /// # Errors
    ///
    /// [`MatchError::Full`] when a match begins and the book has no room for it. Nothing was
    /// changed; the next observation says again that it begins.
    pub fn observe(
        &mut self,
        observation: &Observation<'_>,
    ) -> Result<Option<MatchChange>, MatchError> {
        let change = self.preview(observation);
        match change {
            None => self.note_authorised_content(observation),
            Some(MatchChange::Continued) => self.note_seen(observation),
            Some(MatchChange::Ended) => self.end(
                observation.policy,
                observation.file,
                observation.now_ms,
                EndReason::NoLongerMatches,
            ),
            Some(MatchChange::Started | MatchChange::Restarted(_)) => self.begin(observation)?,
        }
        Ok(change)
    }

    /// What [`observe`](Self::observe) would say. Changes nothing, so that a policy can be tried
    /// before it is saved.
    pub fn preview(&self, observation: &Observation<'_>) -> Option<MatchChange> {
        let table = self.tables.get(observation.policy);
        decide(table, self.options.changed_content, observation)
    }

    /// The enabled policies that a file matches now: what
    /// [`FileRecord::matched_policies`](crate::FileRecord::matched_policies) should have.
    pub fn matched_policies(&self, file: &FileKey) -> impl Iterator<Item = &PolicyId> {
        self.by_file
            .get(file)
            .into_iter()
            .flatten()
            .filter(|policy| self.status(policy) == PolicyStatus::Enabled)
    }

    /// The current matches of a policy, by file; none while it is disabled.
    pub fn matching_now(&self, policy: &PolicyId) -> impl Iterator<Item = &CurrentMatch> {
        self.tables
            .get(policy)
            .into_iter()
            .filter(|table| table.status == PolicyStatus::Enabled)
            .flat_map(|table| table.slots.values())
            .filter_map(|slot| match &slot.now {
                Some(Now::Current(current)) => Some(current),
                _ => None,
            })
    }

    /// How many current matches a policy has; 0 while it is disabled.
    pub fn matching_count(&self, policy: &PolicyId) -> usize {
        self.tables
            .get(policy)
            .filter(|table| table.status == PolicyStatus::Enabled)
            .map_or(0, |table| table.matching)
    }

    /// Whether the book knows a policy as in force. One that it was never told of is.
    pub fn status(&self, policy: &PolicyId) -> PolicyStatus {
        self.tables
            .get(policy)
            .map_or(PolicyStatus::Enabled, |table| table.status)
    }

    /// Ends all matches of a file that is gone, and its authorisations. How many there were.
    pub fn forget_file(&mut self, file: &FileKey, now_ms: i64) -> usize {
        let is_held = |table: &Table| table.slots.get(file).is_some_and(|slot| slot.now.is_some());
        let policies: Vec<PolicyId> = self
            .tables
            .iter()
            .filter(|(_, table)| is_held(table))
            .map(|(policy, _)| policy.clone())
            .collect();
        for policy in &policies {
            self.end(policy, file, now_ms, EndReason::FileGone);
        }
        policies.len()
    }
}
