//! What looks like a mistake in policies that can be built.

use std::fmt;

use label_core::{AppId, LabelKey, LabelState, LabelView, PolicyId};

use super::Proof;
use crate::action::Action;
use crate::conflict::choose_label_action;
use crate::field::{Field, Operator};
use crate::filter::Purpose;
use crate::policy::Policy;
use crate::program::{Condition, Operand};
use crate::record::AccessLevel;
use crate::set::PolicySet;

/// Most pairs of policies that are compared; of more policies only the first are.
pub const LINT_PAIRS_MAX: usize = 1_000_000;

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
    /// It changes files, and every file of these apps matches.
    ChangesEveryFile,
    /// Files that nobody shares match, too: `does not equal` takes them in (E3).
    MatchesPrivate,
    /// Its actions for an app are never due: its filters leave the app out.
    ActionsNeverDue,
    /// Its label is never applied: an earlier policy labels all its files.
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
            Self::ChangesEveryFile => "every file matches, and is changed",
            Self::MatchesPrivate => {
                "private files match, too; name the levels that are meant, or exclude 0"
            }
            Self::ActionsNeverDue => "the filters leave this app out, so its actions are never due",
            Self::Shadowed => "its label is never applied: an earlier policy labels all its files",
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
    /// policies that were not proved to be apart.
    ///
    /// Disabled policies are looked at like all others, and count as not there for the others.
    pub fn lints(&self, labels: &LabelView) -> Vec<Lint> {
        let mut lints = Vec::new();
        for policy in self.policies() {
            Linter {
                policy,
                lints: &mut lints,
            }
            .alone(labels);
        }
        let enabled: Vec<&Policy> = self
            .policies()
            .iter()
            .filter(|it| it.is_enabled())
            .collect();
        let pairs = enabled
            .iter()
            .enumerate()
            .flat_map(|(at, one)| enabled.iter().skip(at + 1).map(move |other| (*one, *other)));
        for (one, other) in pairs.take(LINT_PAIRS_MAX) {
            pair(one, other, labels, &mut lints);
        }
        let place = |lint: &Lint| {
            self.policies()
                .iter()
                .position(|it| *it.id() == lint.policy)
        };
        lints.sort_by_cached_key(place);
        lints
    }
}

struct Linter<'l> {
    policy: &'l Policy,
    lints: &'l mut Vec<Lint>,
}

impl Linter<'_> {
    fn push(&mut self, pointer: String, kind: LintKind) {
        self.lints.push(Lint {
            policy: self.policy.id().clone(),
            pointer,
            kind,
            other: None,
        });
    }

    fn alone(&mut self, labels: &LabelView) {
        let compiled = self.policy.compiled();
        let place = &compiled.pointer;
        let never = self.policy.never_matches() == Proof::Yes;
        if never {
            self.push(format!("{place}/filters"), LintKind::NeverMatches);
        }
        let root = &compiled.program.root;
        let is_open = root.conditions.is_empty() && root.groups.is_empty();
        for (app, actions) in &compiled.actions {
            let changes =
                |action: &Action| action.is_label_action() || matches!(action, Action::File(_));
            let pointer = format!("{place}/governance/{}", app.0);
            if is_open && self.policy.covers_every_place() && actions.iter().any(changes) {
                self.push(pointer, LintKind::ChangesEveryFile);
            } else if !never && leaves_out(&root.conditions, *app) {
                self.push(pointer, LintKind::ActionsNeverDue);
            }
        }
        if let Some(pointer) = takes_in_private(&root.conditions) {
            self.push(pointer.to_owned(), LintKind::MatchesPrivate);
        }
        let applied = compiled
            .references
            .iter()
            .filter(|it| it.purpose == Purpose::Apply);
        for reference in applied {
            let label = labels.label(reference.key);
            if label.is_some_and(|label| label.state == LabelState::Disabled) {
                self.push(reference.pointer.clone(), LintKind::DisabledLabel);
            }
        }
        let alerts = &self.policy.definition().alerts;
        if alerts.each_match && alerts.daily_limit == 0 {
            self.push(format!("{place}/alerts/dailyLimit"), LintKind::NoAlerts);
        }
    }
}

/// Whether the app filters let no file of this app match.
fn leaves_out(conditions: &[Condition], app: AppId) -> bool {
    conditions.iter().any(|condition| {
        let Operand::Codes(codes) = &condition.operand else {
            return false;
        };
        condition.field == Field::App
            && codes.contains(&app.0) != (condition.operator == Operator::Eq)
    })
}

/// The condition that says which levels are not meant, where nothing else leaves private files out.
fn takes_in_private(conditions: &[Condition]) -> Option<&str> {
    let of_sharing = |condition: &&Condition| condition.field == Field::AccessLevel;
    let private = AccessLevel::Private.code();
    let names = |condition: &Condition| matches!(&condition.operand, Operand::Codes(codes) if codes.contains(&private));
    let leaves_out = conditions
        .iter()
        .filter(of_sharing)
        .any(|condition| names(condition) != (condition.operator == Operator::Eq));
    let negative = conditions
        .iter()
        .filter(of_sharing)
        .find(|condition| condition.operator == Operator::Neq);
    negative
        .filter(|_| !leaves_out)
        .map(|condition| &*condition.pointer)
}

/// What two policies of one set make of one another.
fn pair(one: &Policy, other: &Policy, labels: &LabelView, lints: &mut Vec<Lint>) {
    for (app, actions) in &one.compiled().actions {
        let theirs = other.actions(*app);
        let label_action = |action: &&Action| action.is_label_action();
        let both = actions
            .iter()
            .find(label_action)
            .zip(theirs.iter().find(label_action));
        // Where one of them has the larger priority somebody has decided.
        let is_open = one.definition().priority == other.definition().priority;
        let opposed = both.is_some_and(|(one, other)| label_wanted(one) != label_wanted(other))
            || contradicts(actions, theirs);
        let choice = choose_label_action([one, other], *app, labels);
        let (first, last) = match choice {
            Some(choice) if choice.chosen.0.id() == other.id() => (other, one),
            _ => (one, other),
        };
        if both.is_some() && last.is_within(first) == Proof::Yes {
            lints.push(of_two(last, first, *app, LintKind::Shadowed));
        } else if opposed && is_open && one.is_apart_from(other) != Proof::Yes {
            lints.push(of_two(last, first, *app, LintKind::Contradiction));
        }
    }
}

fn of_two(policy: &Policy, other: &Policy, app: AppId, kind: LintKind) -> Lint {
    Lint {
        policy: policy.id().clone(),
        pointer: format!("{}/governance/{}", policy.compiled().pointer, app.0),
        kind,
        other: Some(other.id().clone()),
    }
}

/// The label that a label action leaves on a file; none for removing.
fn label_wanted(action: &Action) -> Option<LabelKey> {
    match action {
        Action::ApplyLabel { label, .. } => Some(*label),
        _ => None,
    }
}

fn contradicts(actions: &[Action], others: &[Action]) -> bool {
    let pairs = actions
        .iter()
        .flat_map(|one| others.iter().map(move |other| (one, other)));
    pairs.into_iter().any(|pair| match pair {
        (Action::File(one), Action::File(other)) => one.contradicts(other),
        _ => false,
    })
}
