//! What happens to matches when a policy changes.

use std::collections::BTreeSet;

use label_core::PolicyId;

use super::book::MatchBook;
use super::entry::{EndReason, PolicyStatus};
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

impl MatchBook {
    /// Says that a policy was edited. All its files have to be evaluated again.
    pub fn policy_edited(&mut self, policy: &PolicyId, results: EditedResults) {
        // Without a table there is no match that could be reset.
        if results == EditedResults::Reset
            && let Some(table) = self.tables.get_mut(policy)
        {
            table.resets = table.resets.wrapping_add(1);
        }
        self.tidy(policy, None);
    }

    /// Says that a policy was disabled: its matches are kept, not shown, and don't change.
    pub fn policy_disabled(&mut self, policy: &PolicyId) {
        let table = self.tables.entry(policy.clone()).or_default();
        table.status = PolicyStatus::Disabled;
    }

    /// Says that a policy is in force again. What matches still goes on, without actions.
    pub fn policy_enabled(&mut self, policy: &PolicyId) {
        if let Some(table) = self.tables.get_mut(policy) {
            table.status = PolicyStatus::Enabled;
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

    /// Takes over which policies of a set are enabled. A policy that the set doesn't have counts as
    /// disabled: it may have been left out for an error, and then its matches must be there
    /// when it is mended. What was deleted is for [`policy_deleted`](Self::policy_deleted).
    pub fn follow(&mut self, policies: &PolicySet) {
        let enabled: BTreeSet<&PolicyId> = policies
            .policies()
            .iter()
            .filter(|policy| policy.is_enabled())
            .map(Policy::id)
            .collect();
        for policy in policies.policies() {
            if !policy.is_enabled() {
                self.policy_disabled(policy.id());
            }
        }
        let known: Vec<PolicyId> = self.tables.keys().cloned().collect();
        for policy in &known {
            if enabled.contains(policy) {
                self.policy_enabled(policy);
            } else if !self.files(policy).is_empty() {
                self.policy_disabled(policy);
            } else if policies.policy(policy).is_none() {
                // Nothing is left that its status could matter to.
                self.policy_enabled(policy);
            }
        }
    }
}
