//! What happens to matches when a policy changes.

use std::collections::BTreeSet;

use label_core::PolicyId;

use super::book::MatchBook;
use super::entry::{EndReason, PolicyStatus};
use super::error::MatchError;
use crate::policy::Policy;
use crate::set::PolicySet;

/// What becomes of the results that a policy has when it is edited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EditedResults {
    /// They stay: only files that begin to match have actions due.
    #[default]
    Keep,
    /// They are reset, and actions are applied again: every match that is seen to go on counts as
    /// a new one, once. Authorisations stay.
    Reset,
}

/// Most policies that a book knows as disabled.
pub const DISABLED_POLICIES_MAX: usize = 100_000;

impl MatchBook {
    /// Says that a policy was edited. All its files have to be evaluated again.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::{AppId, FileId, FileKey, PolicyId};
    /// use policy_engine::Outcome;
    /// use policy_engine::matches::{
    ///     EditedResults, MatchBook, MatchChange, MatchOptions, Observation, Restart,
    /// };
    ///
    /// let mut book = MatchBook::new(MatchOptions::default());
    /// let file = FileKey::new(AppId::BOX, 0, FileId::parse("7")?);
    /// let policy = PolicyId::parse("exposed")?;
    /// let seen = Observation::new(&file, &policy, Outcome::Match, 0);
    /// book.observe(&seen)?;
    ///
    /// book.policy_edited(&policy, EditedResults::Keep);
    /// assert_eq!(book.observe(&seen)?, Some(MatchChange::Continued));
    /// book.policy_edited(&policy, EditedResults::Reset);
    /// assert_eq!(book.observe(&seen)?, Some(MatchChange::Restarted(Restart::Reset)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn policy_edited(&mut self, policy: &PolicyId, results: EditedResults) {
        // Without a table there is no match that could be reset.
        if results == EditedResults::Reset
            && let Some(table) = self.tables.get_mut(policy)
        {
            table.resets = table.resets.wrapping_add(1);
        }
        self.tidy(policy, None);
    }

    /// Says that a policy was disabled: its matches are kept, not shown, and don't change (A-009).
    /// It stays so until it is enabled or deleted, with or without matches.
    ///
    /// # Errors
    ///
    /// [`MatchError::TooManyDisabled`] at [`DISABLED_POLICIES_MAX`].
    pub fn policy_disabled(&mut self, policy: &PolicyId) -> Result<(), MatchError> {
        if self.status(policy) == PolicyStatus::Disabled {
            return Ok(());
        }
        let limit = DISABLED_POLICIES_MAX;
        if self.disabled >= limit {
            return Err(MatchError::TooManyDisabled { limit });
        }
        self.disabled += 1;
        let table = self.tables.entry(policy.clone()).or_default();
        table.status = PolicyStatus::Disabled;
        Ok(())
    }

    /// Says that a policy is in force again. What matches still goes on, without actions.
    pub fn policy_enabled(&mut self, policy: &PolicyId) {
        if let Some(table) = self.tables.get_mut(policy)
            && table.status == PolicyStatus::Disabled
        {
            table.status = PolicyStatus::Enabled;
            self.disabled -= 1;
        }
        self.tidy(policy, None);
    }

    /// Says that a policy was deleted: all its matches go into the history, the authorised ones
    /// too. How many there were.
    pub fn policy_deleted(&mut self, policy: &PolicyId, now_ms: i64) -> usize {
        let files = self.files(policy);
        for file in &files {
            self.end(policy, file, now_ms, EndReason::PolicyDeleted);
        }
        self.policy_enabled(policy);
        files.len()
    }

    /// Takes over which policies of a set are enabled. A policy that the book knows, by a match, the
    /// history, or because it was disabled, and that the set doesn't have counts as disabled: it may
    /// have been left out for an error (A-025), and then its matches must be there when it is mended.
    /// What was deleted is for [`policy_deleted`](Self::policy_deleted).
    ///
    /// # Errors
    ///
    /// [`MatchError::TooManyDisabled`] beyond [`DISABLED_POLICIES_MAX`]; nothing was changed.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, PolicyId, TenantId};
    /// use policy_engine::matches::{MatchBook, MatchOptions, Observation};
    /// use policy_engine::{BuildContext, Outcome, PolicySet};
    ///
    /// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
    /// let set = |enabled: bool| {
    ///     let text = format!(
    ///         r#"{{"format": "file-policies/1", "policies": [
    ///             {{"id": "1", "name": "All files", "enabled": {enabled}}}
    ///         ]}}"#
    ///     );
    ///     PolicySet::from_json(&text, &BuildContext::new(&labels))
    /// };
    /// let mut book = MatchBook::new(MatchOptions::default());
    /// let file = FileKey::new(AppId::BOX, 0, FileId::parse("7")?);
    /// let policy = PolicyId::parse("1")?;
    /// book.observe(&Observation::new(&file, &policy, Outcome::Match, 0))?;
    ///
    /// book.follow(&set(false)?)?;
    /// assert_eq!(book.matched_policies(&file).count(), 0);
    /// book.follow(&set(true)?)?;
    /// assert_eq!(book.matched_policies(&file).count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn follow(&mut self, policies: &PolicySet) -> Result<(), MatchError> {
        let (enabled, disabled): (Vec<&Policy>, Vec<&Policy>) = policies
            .policies()
            .iter()
            .partition(|policy| policy.is_enabled());
        let enabled: BTreeSet<&PolicyId> = enabled.into_iter().map(Policy::id).collect();
        let known = self.tables.keys();
        let disabled: BTreeSet<PolicyId> = known
            .filter(|policy| !enabled.contains(policy))
            .chain(disabled.into_iter().map(Policy::id))
            .cloned()
            .collect();
        let limit = DISABLED_POLICIES_MAX;
        if disabled.len() > limit {
            return Err(MatchError::TooManyDisabled { limit });
        }
        // Those first, so that the bound is not met on the way.
        for policy in enabled {
            self.policy_enabled(policy);
        }
        disabled
            .iter()
            .try_for_each(|policy| self.policy_disabled(policy))
    }
}
