//! What an outcome does to a match: the table, apart from where matches are kept.

use label_core::{FileKey, PolicyId};

use super::entry::{AuthorisationEnd, ContentHash, PolicyStatus};
use super::table::{Now, Table};
use crate::evaluate::Outcome;
use crate::set::Evaluation;

/// What a policy was seen to say of a file.
#[derive(Clone, Debug)]
pub struct Observation<'o> {
    /// The file.
    pub file: &'o FileKey,
    /// The policy.
    pub policy: &'o PolicyId,
    /// What it says.
    pub outcome: Outcome,
    /// The content the file has, if that is known. Default: unknown.
    pub content: Option<&'o ContentHash>,
    /// When it was evaluated, milliseconds UTC.
    pub now_ms: i64,
}

impl<'o> Observation<'o> {
    /// The outcome of one policy for a file of unknown content.
    pub fn new(file: &'o FileKey, policy: &'o PolicyId, outcome: Outcome, now_ms: i64) -> Self {
        Self {
            file,
            policy,
            outcome,
            content: None,
            now_ms,
        }
    }

    /// The same from an evaluation; nothing if the policy is disabled, because then its outcome
    /// says nothing of the file.
    pub fn of(file: &'o FileKey, evaluation: &Evaluation<'o>, now_ms: i64) -> Option<Self> {
        let policy = evaluation.policy;
        policy
            .is_enabled()
            .then(|| Self::new(file, policy.id(), evaluation.outcome, now_ms))
    }
}

/// What became of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MatchChange {
    /// The file matches, and the history has no earlier match: actions and an alert are due.
    Started,
    /// It goes on: nothing is due.
    Continued,
    /// It is over and now in the history. Tasks that it caused are not undone.
    Ended,
    /// The file matches anew: actions are due, and an alert as [`MatchChange::alert_due`] says.
    Restarted(Restart),
}

/// What makes a match a new one although there was one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Restart {
    /// The one before had ended.
    Ended,
    /// The policy's results were reset, so that its actions are applied again.
    Reset,
    /// The content changed, and the options say that this is a new match.
    Changed,
}

/// Whether a match calls for an alert, if its policy raises any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlertDue {
    /// No.
    Never,
    /// Only if no alert of this file and policy is open.
    UnlessOpen,
    /// Yes.
    Always,
}

impl MatchChange {
    /// Whether a match begins, so that the policy's actions are due.
    pub fn are_actions_due(self) -> bool {
        matches!(self, Self::Started | Self::Restarted(_))
    }

    /// Whether an alert is due: for a new match always; for one that takes the place of another
    /// without the file having been out of the list in between, only if the earlier alert is not
    /// open any more.
    pub fn alert_due(self) -> AlertDue {
        match self {
            Self::Started | Self::Restarted(Restart::Ended) => AlertDue::Always,
            Self::Restarted(Restart::Reset | Restart::Changed) => AlertDue::UnlessOpen,
            Self::Continued | Self::Ended => AlertDue::Never,
        }
    }
}

/// What it means for a match that the content of its file changes while the policy still selects
/// it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ChangedContent {
    /// Nothing: the match goes on. A label that a policy applies is a change of content too, and
    /// must not make the policy act once more.
    #[default]
    Continues,
    /// A new match begins.
    Restarts,
}

/// What an observation does to the match of its file and policy; `None` when nothing is known to
/// have changed.
///
/// | | `Match` | `NoMatch` | undecided |
/// | --- | --- | --- | --- |
/// | no match | started, or restarted if there was one before | – | – |
/// | current | continued, or restarted after a reset | ended | – |
/// | authorised | – | – | – |
/// | authorised, other content | restarted | ended | – |
/// | policy disabled | – | – | – |
pub(super) fn decide(
    table: Option<&Table>,
    changed: ChangedContent,
    observation: &Observation<'_>,
) -> Option<MatchChange> {
    let status = table.map_or(PolicyStatus::Enabled, |table| table.status);
    if status == PolicyStatus::Disabled {
        return None;
    }
    let slot = table.and_then(|table| table.slots.get(observation.file));
    let is_match = match observation.outcome {
        Outcome::Match => true,
        Outcome::NoMatch => false,
        // To end a match because the file has to be read again would act on it twice.
        Outcome::NeedsScan | Outcome::NeedsContent => return None,
    };
    let is_other = |known: &Option<ContentHash>| match (known, observation.content) {
        (Some(known), Some(seen)) => known != seen,
        _ => false,
    };
    let Some(slot) = slot else {
        return is_match.then_some(MatchChange::Started);
    };
    match &slot.now {
        None => is_match.then_some(MatchChange::Restarted(Restart::Ended)),
        Some(Now::Current(_)) if !is_match => Some(MatchChange::Ended),
        Some(Now::Current(current)) => Some(
            if table.is_some_and(|table| table.resets != current.resets) {
                MatchChange::Restarted(Restart::Reset)
            } else if changed == ChangedContent::Restarts && is_other(&current.matched_content) {
                MatchChange::Restarted(Restart::Changed)
            } else {
                MatchChange::Continued
            },
        ),
        Some(Now::Authorised(authorised)) => {
            let has_ended =
                authorised.end == AuthorisationEnd::ContentChange && is_other(&authorised.content);
            match (has_ended, is_match) {
                (false, _) => None,
                (true, true) => Some(MatchChange::Restarted(Restart::Ended)),
                (true, false) => Some(MatchChange::Ended),
            }
        }
    }
}
