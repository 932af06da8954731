//! What several policies want of one file, and what of it is done (4.3).

use std::cmp::Reverse;

use label_core::{AppId, LabelView, PolicyId};

use crate::action::Action;
use crate::file_action::FileAction;
use crate::policy::Policy;

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
        let (priority, age, id) = precedence(policy);
        let order = match action {
            Action::ApplyLabel { label, .. } => labels.catalog().order(label.label),
            _ => None,
        };
        (priority, Reverse(order), age, id)
    });
    let mut candidates = candidates.into_iter();
    Some(LabelChoice {
        chosen: candidates.next()?,
        superseded: candidates.collect(),
    })
}

/// An action of a policy.
pub type PolicyAction<'p> = (&'p Policy, &'p Action);

/// What is done of all that several policies want of one file.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Resolution<'p> {
    /// What is due: the label action, changes of access from the strongest to the weakest, then
    /// notifications and alerts in the order of the policies.
    pub due: Vec<PolicyAction<'p>>,
    /// What is not done, each with what is done instead; to be logged as superseded.
    pub superseded: Vec<Superseded<'p>>,
}

/// An action that another one made needless or impossible.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Superseded<'p> {
    /// What is not done.
    pub action: PolicyAction<'p>,
    /// What is done instead.
    pub by: PolicyAction<'p>,
}

/// Decides what is done for a file of `app` that these policies match.
///
/// Of two actions where one contains the other, the stronger runs; unrelated ones both run (A-033).
/// Of two that contradict one another, the one of the policy that comes first: the larger priority,
/// then the older, then by id. Of label actions one runs, see [`choose_label_action`]. Where a policy
/// puts the file into quarantine or into the trash no label is written: within one policy the product
/// lets nobody ask for both, and a file that was labelled can't be quarantined.
///
/// # Examples
///
/// ```
/// use label_core::{AppId, LabelCatalog, LabelView, TenantId};
/// use policy_engine::{BuildContext, PolicySet, resolve_actions};
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let policies = PolicySet::from_json(
///     r#"{"format": "file-policies/1", "policies": [
///         {"id": "1", "name": "Partners", "alerts": {"eachMatch": false},
///          "governance": {"15600": {"removeExternalUsers": true}}},
///         {"id": "2", "name": "Secret", "alerts": {"eachMatch": false},
///          "governance": {"15600": {"makePrivate": true}}}
///     ]}"#,
///     &BuildContext::new(&labels),
/// )?;
/// let resolution = resolve_actions(policies.policies(), AppId::ONEDRIVE, &labels);
/// assert_eq!(resolution.due[0].1.to_string(), "Make private");
/// assert_eq!(resolution.superseded[0].action.1.to_string(), "Remove external users");
/// # Ok::<(), policy_engine::BuildErrors>(())
/// ```
pub fn resolve_actions<'p>(
    matching: impl IntoIterator<Item = &'p Policy>,
    app: AppId,
    labels: &LabelView,
) -> Resolution<'p> {
    let policies: Vec<&Policy> = matching.into_iter().collect();
    let actions = || {
        let of = |policy: &&'p Policy| {
            let policy = *policy;
            policy
                .actions(app)
                .iter()
                .map(move |action| (policy, action))
        };
        policies.iter().flat_map(of)
    };
    let mut changes: Vec<PolicyAction<'p>> = actions()
        .filter(|(_, action)| matches!(action, Action::File(_)))
        .collect();
    // The stronger before the weaker: the kinds stand in that order, and of two lists of people only
    // the longer can contain the other.
    let people = |action: &Action| match action {
        Action::File(action) => action.people(),
        _ => 0,
    };
    changes.sort_by_cached_key(|(policy, action)| {
        (action.kind(), Reverse(people(action)), precedence(policy))
    });

    let mut resolution = Resolution::default();
    let mut kept: Vec<PolicyAction<'p>> = Vec::with_capacity(changes.len());
    for change in changes {
        let stands_against = |earlier: &&PolicyAction<'p>| match (earlier.1, change.1) {
            (Action::File(one), Action::File(other)) => {
                one.makes_needless(other) || one.contradicts(other)
            }
            _ => false,
        };
        match kept.iter().find(stands_against) {
            Some(&by) => resolution
                .superseded
                .push(Superseded { action: change, by }),
            None => kept.push(change),
        }
    }
    let takes_away = |(_, action): &&PolicyAction<'p>| matches!(action, Action::File(action) if action.is_quarantine() || *action == FileAction::Trash);
    let away = kept.iter().find(takes_away).copied();
    if let Some(choice) = choose_label_action(policies.iter().copied(), app, labels) {
        let by = away.unwrap_or(choice.chosen);
        let mut not_done = choice.superseded;
        match away {
            Some(_) => not_done.insert(0, choice.chosen),
            None => resolution.due.push(choice.chosen),
        }
        resolution
            .superseded
            .extend(not_done.into_iter().map(|action| Superseded { action, by }));
    }
    resolution.due.append(&mut kept);
    resolution.due.extend(
        actions().filter(|(_, action)| matches!(action, Action::Notify(_) | Action::Alert { .. })),
    );
    resolution
}

/// Which of two policies comes first where they contradict one another: the larger priority, then the
/// older, one without a date last, then by id.
fn precedence(policy: &Policy) -> (Reverse<i32>, i64, PolicyId) {
    let definition = policy.definition();
    (
        Reverse(definition.priority),
        definition.created_ms.unwrap_or(i64::MAX),
        policy.id().clone(),
    )
}
