//! What a match leads to, and which of several label actions counts.

use std::cmp::Reverse;

use label_core::{AppId, LabelKey, LabelView};

use crate::document::Severity;
use crate::policy::Policy;

/// One thing that is due for a matching file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Put a label on the file (R-142).
    ApplyLabel {
        /// Which one.
        label: LabelKey,
        /// Whether it may replace a label whose protection a person chose.
        override_user_defined: bool,
        /// Whether it may replace a more sensitive label.
        allow_downgrade: bool,
    },
    /// Take the label off.
    RemoveLabel,
    /// Tell people about the match (R-203).
    Notify(Notify),
    /// Raise an alert with the policy's severity (R-202).
    Alert {
        /// How serious the policy is.
        severity: Severity,
        /// At most so many alerts of this policy a day. Limits alerts, never actions (R-205).
        daily_limit: u32,
        /// Who gets it by e-mail.
        email: Vec<String>,
    },
}

impl Action {
    /// Whether it changes the file's label.
    pub fn is_label_action(&self) -> bool {
        matches!(self, Self::ApplyLabel { .. } | Self::RemoveLabel)
    }
}

/// Whom to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notify {
    /// The owner, in a digest of matches.
    Owner,
    /// These addresses.
    Users(Vec<String>),
    /// Whoever changed the file last; Box and Google Workspace only.
    LastEditor,
}

/// Which label action of several policies is carried out.
#[derive(Clone, Debug)]
pub struct LabelChoice<'p> {
    /// The policy and its action.
    pub chosen: (&'p Policy, &'p Action),
    /// The others, to be logged as superseded, in order.
    pub superseded: Vec<(&'p Policy, &'p Action)>,
}

/// Chooses among the label actions of the policies that one file of `app` matches (A-034).
///
/// The product leaves it open which of several labels a file gets. Here the order is: explicit
/// priority of the policy, the larger number first; then the more sensitive label, and removal
/// last; then the older policy, one without a date last; then the policy's id.
///
/// Nothing when no policy has a label action for the app.
///
/// # Examples
///
/// ```
/// use label_core::{AppId, LabelCatalog, LabelView, TenantId};
/// use policy_engine::choose_label_action;
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// assert!(choose_label_action([], AppId::BOX, &labels).is_none());
/// ```
pub fn choose_label_action<'p>(
    matching: impl IntoIterator<Item = &'p Policy>,
    app: AppId,
    labels: &LabelView,
) -> Option<LabelChoice<'p>> {
    let mut candidates: Vec<(&Policy, &Action)> = matching
        .into_iter()
        .filter_map(|policy| {
            let action = policy.actions(app).iter().find(|it| it.is_label_action())?;
            Some((policy, action))
        })
        .collect();
    candidates.sort_by_cached_key(|(policy, action)| {
        let definition = policy.definition();
        let order = match action {
            Action::ApplyLabel { label, .. } => labels.catalog().order(label.label),
            _ => None,
        };
        (
            Reverse(definition.priority),
            Reverse(order),
            definition.created_ms.unwrap_or(i64::MAX),
            policy.id().clone(),
        )
    });
    let mut candidates = candidates.into_iter();
    Some(LabelChoice {
        chosen: candidates.next()?,
        superseded: candidates.collect(),
    })
}
