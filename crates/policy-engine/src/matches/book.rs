//! The book of matches.

use std::collections::{BTreeMap, BTreeSet};

use label_core::{FileKey, PolicyId};

use super::change::{ChangedContent, MatchChange, Observation, decide};
use super::entry::{BookEntry, ContentHash, CurrentMatch, EndReason, PolicyState, PolicyStatus};
use super::error::MatchError;
use super::history::{HISTORY_RETENTION_MS_DEFAULT, History};
use super::table::{Now, Table};

/// What a book keeps, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchOptions {
    /// How long a match stays in the history, milliseconds. Default:
    /// [`HISTORY_RETENTION_MS_DEFAULT`], six months (A-014).
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
/// months, each match in exactly one of the three (A-014).
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
    /// Disabled policies.
    pub(super) disabled: usize,
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
    /// allow, and [`MatchError::TooManyDisabled`]; [`MatchError::Duplicate`] when a file and policy
    /// have two of them, and [`MatchError::DuplicatePolicy`] when a policy has two states.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::{AppId, FileId, FileKey, PolicyId};
    /// use policy_engine::matches::{
    ///     BookEntry, ContentHash, CurrentMatch, MatchBook, MatchOptions, PolicyState, PolicyStatus,
    /// };
    ///
    /// // As it was stored, in whatever form.
    /// let policy = PolicyId::parse("exposed")?;
    /// let content = ContentHash::parse("sha256:2c26b46b68ffc68f")?;
    /// let stored = [
    ///     BookEntry::Policy(PolicyState {
    ///         policy: policy.clone(),
    ///         status: PolicyStatus::Disabled,
    ///         resets: 1,
    ///     }),
    ///     BookEntry::Current(CurrentMatch {
    ///         file: FileKey::new(AppId::BOX, 0, FileId::parse("7")?),
    ///         policy: policy.clone(),
    ///         since_ms: 1_000,
    ///         seen_ms: 2_000,
    ///         content: Some(content.clone()),
    ///         matched_content: Some(content),
    ///         resets: 1,
    ///     }),
    /// ];
    /// let book = MatchBook::from_entries(MatchOptions::default(), stored.clone())?;
    /// assert_eq!(book.status(&policy), PolicyStatus::Disabled);
    /// assert!(book.entries().eq(stored));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_entries(
        options: MatchOptions,
        entries: impl IntoIterator<Item = BookEntry>,
    ) -> Result<Self, MatchError> {
        let mut book = Self::new(options);
        let mut told = BTreeSet::new();
        for entry in entries {
            match entry {
                BookEntry::Policy(state) => {
                    let policy = state.policy;
                    if !told.insert(policy.clone()) {
                        return Err(MatchError::DuplicatePolicy { policy });
                    }
                    if state.status == PolicyStatus::Disabled {
                        book.policy_disabled(&policy)?;
                    }
                    book.tables.entry(policy).or_default().resets = state.resets;
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
            None => self.note_content(observation),
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

    /// What [`observe`](Self::observe) would say if the book had room: whether it has is found
    /// only there. Changes nothing, so that a policy can be tried before it is saved (A-011).
    pub fn preview(&self, observation: &Observation<'_>) -> Option<MatchChange> {
        let table = self.tables.get(observation.policy);
        decide(table, self.options.changed_content, observation)
    }

    /// The enabled policies that a file matches now (A-009): what
    /// [`FileRecord::matched_policies`](crate::FileRecord::matched_policies) should have.
    pub fn matched_policies(&self, file: &FileKey) -> impl Iterator<Item = &PolicyId> {
        self.by_file
            .get(file)
            .into_iter()
            .flatten()
            .filter(|policy| self.status(policy) == PolicyStatus::Enabled)
    }

    /// The current matches of a policy, by file; none while it is disabled (A-009).
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

    /// How many current matches a policy has; 0 while it is disabled (A-009).
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

    /// Says that we changed a file ourselves: its content was `before` and is `after`. What was known
    /// with `before`, matches and authorisations, is known with `after`, so that a label which a
    /// policy applies neither ends an authorisation nor makes a new match. Where somebody else had
    /// changed the content in between, that is seen as ever.
    ///
    /// To be called when the write is recorded, before the file is evaluated with the new content.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::{AppId, FileId, FileKey, PolicyId};
    /// use policy_engine::matches::{
    ///     AuthorisationEnd, ContentHash, MatchBook, MatchOptions, Observation,
    /// };
    /// use policy_engine::{Address, Outcome};
    ///
    /// let mut book = MatchBook::new(MatchOptions::default());
    /// let file = FileKey::new(AppId::BOX, 0, FileId::parse("7")?);
    /// let policy = PolicyId::parse("exposed")?;
    /// let (bare, labelled) = (ContentHash::parse("1")?, ContentHash::parse("2")?);
    /// let mut seen = Observation::new(&file, &policy, Outcome::Match, 0);
    /// seen.content = Some(&bare);
    /// book.observe(&seen)?;
    ///
    /// let admin = Address::parse("admin@contoso.example")?;
    /// book.authorise(&file, &policy, &admin, AuthorisationEnd::ContentChange, 1_000)?;
    /// // The label that was under way arrives.
    /// book.content_written(&file, &bare, &labelled);
    /// seen.content = Some(&labelled);
    /// assert_eq!(book.observe(&seen)?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn content_written(&mut self, file: &FileKey, before: &ContentHash, after: &ContentHash) {
        let follow = |known: &mut Option<ContentHash>| {
            if known.as_ref() == Some(before) {
                *known = Some(after.clone());
            }
        };
        for table in self.tables.values_mut() {
            match table.slots.get_mut(file).and_then(|slot| slot.now.as_mut()) {
                Some(Now::Current(current)) => {
                    follow(&mut current.content);
                    follow(&mut current.matched_content);
                }
                Some(Now::Authorised(authorised)) => follow(&mut authorised.content),
                None => {}
            }
        }
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
