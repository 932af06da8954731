//! What looks like a mistake in policies that can be built.

use std::collections::BTreeMap;
use std::fmt;

use label_core::{AppId, LabelKey, LabelState, LabelView, PolicyId};

use super::{Asked, Proof};
use crate::action::Action;
use crate::conflict::choose_label_action;
use crate::field::{Field, Operator};
use crate::file_action::FileAction;
use crate::filter::Purpose;
use crate::policy::Policy;
use crate::program::{Condition, Group, GroupKind};
use crate::record::AccessLevel;
use crate::set::PolicySet;

/// Most pairs of policies that are compared; of more policies only the first are.
pub const LINT_PAIRS_MAX: usize = 1_000_000;

/// Most values of filters that are looked at to compare policies; what comes behind isn't compared.
pub const LINT_VALUES_MAX: usize = 20_000_000;

/// Most lints of one set, the first that are found.
pub const LINTS_MAX: usize = 1_000;

/// One thing that looks like a mistake.
///
/// # Examples
///
/// ```
/// use label_core::{LabelCatalog, LabelView, TenantId};
/// use policy_engine::{BuildContext, LintKind, PolicySet};
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let policies = PolicySet::from_json(
///     r#"{"format": "file-policies/1", "policies": [
///         {"id": "1", "name": "Exposed", "filters": {"sharing": {"neq": [1]}}}
///     ]}"#,
///     &BuildContext::new(&labels),
/// )?;
/// let lints = policies.lints(&labels);
/// assert_eq!(lints[0].kind, LintKind::MatchesPrivate);
/// assert_eq!(lints[0].pointer, "/policies/0/filters/sharing/neq");
/// # Ok::<(), policy_engine::BuildErrors>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lint {
    /// The policy.
    pub policy: PolicyId,
    /// Where in the document that it was built from.
    pub pointer: String,
    /// What.
    pub kind: LintKind,
    /// The other policy, where two are concerned.
    pub other: Option<PolicyId>,
}

/// What can look like a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LintKind {
    /// No file can match.
    NeverMatches,
    /// It changes files, and every file of the app matches.
    ChangesEveryFile,
    /// Files that nobody shares match, too: `does not equal` takes them in (E3).
    MatchesPrivate,
    /// Its actions for an app are never due: its filters or folders leave the app out.
    ActionsNeverDue,
    /// Its label action is never carried out: another policy's comes first for all its files.
    Shadowed,
    /// Another policy that matches some of the same files wants the opposite.
    Contradiction,
    /// It asks for a label that is disabled; new files don't get it.
    DisabledLabel,
    /// It raises alerts, none a day.
    NoAlerts,
}

impl LintKind {
    /// A word for it that stays the same.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NeverMatches => "never_matches",
            Self::ChangesEveryFile => "changes_every_file",
            Self::MatchesPrivate => "matches_private",
            Self::ActionsNeverDue => "actions_never_due",
            Self::Shadowed => "shadowed",
            Self::Contradiction => "contradiction",
            Self::DisabledLabel => "disabled_label",
            Self::NoAlerts => "no_alerts",
        }
    }
}

impl fmt::Display for LintKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeverMatches => "no file can match",
            Self::ChangesEveryFile => "every file of this app matches, and is changed",
            Self::MatchesPrivate => {
                "private files match, too; name the levels that are meant, or exclude 0"
            }
            Self::ActionsNeverDue => "filters or folders leave this app out, so its actions are never due",
            Self::Shadowed => {
                "its label action is never carried out: another policy's comes first for all its files"
            }
            Self::Contradiction => "for some of the same files another policy wants the opposite",
            Self::DisabledLabel => "the label is disabled, so no more files get it",
            Self::NoAlerts => "the daily limit is 0, so no alert is ever raised",
        })
    }
}

/// `/policies/0: no file can match`, and the other policy behind it.
impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.kind)?;
        if let Some(other) = &self.other {
            write!(f, " (policy `{other}`)")?;
        }
        Ok(())
    }
}

impl PolicySet {
    /// What looks like a mistake, policy by policy in the order of the document. Each is a proof:
    /// where the analysis can't tell, nothing is said, but for contradictions, which are said of all
    /// policies that were not proved to be apart. That private files match, and that every file of an
    /// app does, is said of filters and folders; what inspection finds is not known here.
    ///
    /// Disabled policies are looked at like all others, and count as not there for the others.
    ///
    /// At most [`LINTS_MAX`], after at most [`LINT_PAIRS_MAX`] pairs of policies and
    /// [`LINT_VALUES_MAX`] values.
    pub fn lints(&self, labels: &LabelView) -> Vec<Lint> {
        let looked_at: Vec<LookedAt<'_>> = self
            .policies()
            .iter()
            .enumerate()
            .map(|(place, policy)| LookedAt::new(place, policy))
            .collect();
        let mut lints = Lints::default();
        for one in &looked_at {
            one.alone(labels, &mut lints);
        }
        let rivals: Vec<&LookedAt<'_>> = looked_at
            .iter()
            .filter(|it| it.policy.is_enabled() && !it.wanted.is_empty())
            .collect();
        let pairs = rivals
            .iter()
            .enumerate()
            .flat_map(|(at, one)| rivals.iter().skip(at + 1).map(move |other| (*one, *other)));
        let mut values: usize = 0;
        for (one, other) in pairs.take(LINT_PAIRS_MAX) {
            if lints.is_full() || values >= LINT_VALUES_MAX {
                break;
            }
            if pair(one, other, labels, &mut lints) {
                values = values
                    .saturating_add(one.values)
                    .saturating_add(other.values);
            }
        }
        let mut found = lints.found;
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().map(|(_, lint)| lint).collect()
    }
}

/// Lints, each with the place of its policy.
#[derive(Default)]
struct Lints {
    found: Vec<(usize, Lint)>,
}

impl Lints {
    fn is_full(&self) -> bool {
        self.found.len() >= LINTS_MAX
    }

    fn push(&mut self, of: &LookedAt<'_>, pointer: String, kind: LintKind, other: Option<&Policy>) {
        if self.is_full() {
            return;
        }
        let lint = Lint {
            policy: of.policy.id().clone(),
            pointer,
            kind,
            other: other.map(|other| other.id().clone()),
        };
        self.found.push((of.place, lint));
    }
}

/// A policy, and what is asked of it often.
struct LookedAt<'p> {
    place: usize,
    policy: &'p Policy,
    asked: Asked,
    never: Proof,
    /// How many values its filters name.
    values: usize,
    /// The actions that others can be in the way of, of the apps where they can be due.
    wanted: BTreeMap<AppId, Wanted<'p>>,
}

/// Actions of one app that others can be in the way of.
struct Wanted<'p> {
    label: Option<&'p Action>,
    changes: Vec<&'p FileAction>,
}

impl<'p> LookedAt<'p> {
    fn new(place: usize, policy: &'p Policy) -> Self {
        let asked = Asked::of_policy(policy);
        let never = policy.never_as(&asked);
        let mut wanted = BTreeMap::new();
        for (app, actions) in &policy.compiled().actions {
            let label = actions.iter().find(|action| action.is_label_action());
            let changes: Vec<&FileAction> = actions
                .iter()
                .filter_map(|action| match action {
                    Action::File(action) if action.can_be_contradicted() => Some(action),
                    _ => None,
                })
                .collect();
            let is_none = label.is_none() && changes.is_empty();
            let is_due = never != Proof::Yes
                && !is_none
                && asked.never_with(Field::App, [app.0]) != Proof::Yes;
            if is_due {
                wanted.insert(*app, Wanted { label, changes });
            }
        }
        Self {
            place,
            policy,
            values: asked.len(),
            asked,
            never,
            wanted,
        }
    }

    fn alone(&self, labels: &LabelView, lints: &mut Lints) {
        let compiled = self.policy.compiled();
        let place = &compiled.pointer;
        let mut push = |pointer, kind| lints.push(self, pointer, kind, None);
        let never = self.never == Proof::Yes;
        if never {
            push(format!("{place}/filters"), LintKind::NeverMatches);
        }
        for (app, actions) in &compiled.actions {
            let changes =
                |action: &Action| action.is_label_action() || matches!(action, Action::File(_));
            let all = Asked::of_app(*app, compiled.program.file_types);
            let pointer = || format!("{place}/governance/{}", app.0);
            if self.policy.covers_every_place()
                && actions.iter().any(changes)
                && all.within(&self.asked) == Proof::Yes
            {
                push(pointer(), LintKind::ChangesEveryFile);
            } else if !never && self.asked.never_with(Field::App, [app.0]) == Proof::Yes {
                push(pointer(), LintKind::ActionsNeverDue);
            }
        }
        if let Some(pointer) = excluded_level(&compiled.program.root)
            && self.takes_in_private()
        {
            push(pointer.to_owned(), LintKind::MatchesPrivate);
        }
        let applied = compiled
            .references
            .iter()
            .filter(|it| it.purpose == Purpose::Apply);
        for reference in applied {
            let label = labels.label(reference.key);
            if label.is_some_and(|label| label.state == LabelState::Disabled) {
                push(reference.pointer.clone(), LintKind::DisabledLabel);
            }
        }
        let alerts = &self.policy.definition().alerts;
        if alerts.each_match && alerts.daily_limit == 0 {
            push(format!("{place}/alerts/dailyLimit"), LintKind::NoAlerts);
        }
    }

    /// Whether there can be a private file that filters and folders let in.
    fn takes_in_private(&self) -> bool {
        let private = [AccessLevel::Private.code()];
        self.never != Proof::Yes
            && self.policy.has_certain_places(&self.asked)
            && self.asked.never_with(Field::AccessLevel, private) == Proof::No
    }
}

/// The condition that says which levels are not meant.
fn excluded_level(group: &Group) -> Option<&str> {
    let is_negative = |condition: &&Condition| {
        condition.field == Field::AccessLevel && condition.operator == Operator::Neq
    };
    let own = group.conditions.iter().find(is_negative);
    own.map(|condition| &*condition.pointer).or_else(|| {
        let groups = group.groups.iter();
        let mut all = groups.filter(|group| group.kind == GroupKind::All);
        all.find_map(excluded_level)
    })
}

/// What two policies of one set make of one another. Whether there was anything to compare.
fn pair(one: &LookedAt<'_>, other: &LookedAt<'_>, labels: &LabelView, lints: &mut Lints) -> bool {
    // Where one of them has the larger priority somebody has decided.
    let is_open = one.policy.definition().priority == other.policy.definition().priority;
    let mut apart = None;
    for (app, ours) in &one.wanted {
        let Some(theirs) = other.wanted.get(app) else {
            continue;
        };
        let labelled = ours.label.zip(theirs.label);
        let labelled =
            labelled.is_some_and(|(one, other)| label_wanted(one) != label_wanted(other));
        let changed = is_open && contradict(&ours.changes, &theirs.changes);
        if !labelled && !changed {
            continue;
        }
        let apart = *apart.get_or_insert_with(|| one.asked.apart(&other.asked));
        if apart == Proof::Yes {
            return true;
        }
        if one.asked.apart_in(&other.asked, *app) == Proof::Yes {
            continue;
        }
        let choice = choose_label_action([one.policy, other.policy], *app, labels);
        let (first, last) = match choice {
            Some(choice) if choice.chosen.0.id() == other.policy.id() => (other, one),
            _ => (one, other),
        };
        let mut push = |kind| {
            let pointer = format!("{}/governance/{}", last.policy.compiled().pointer, app.0);
            lints.push(last, pointer, kind, Some(first.policy));
        };
        let shadowed = labelled && {
            let filters = last.asked.within_in(&first.asked, *app);
            last.policy.within_as(first.policy, filters) == Proof::Yes
        };
        if shadowed {
            push(LintKind::Shadowed);
        }
        if changed || (labelled && !shadowed && is_open) {
            push(LintKind::Contradiction);
        }
    }
    apart.is_some()
}

/// The label that a label action leaves on a file; none for removing.
fn label_wanted(action: &Action) -> Option<LabelKey> {
    match action {
        Action::ApplyLabel { label, .. } => Some(*label),
        _ => None,
    }
}

fn contradict(actions: &[&FileAction], others: &[&FileAction]) -> bool {
    let contradicts = |one: &&FileAction| others.iter().any(|other| one.contradicts(other));
    actions.iter().any(contradicts)
}
