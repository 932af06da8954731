//! Which label the sensitive types that were found in content call for.

use super::action::{ActionLabel, ActionSource, LabelAction, LabelChange};
use super::apply::{evaluate_application, not_appliable};
use super::content::{ContentInfo, LabelingOptions, Method};
use super::error::{EvaluateError, EvaluateNote};
use super::records::Records;
use super::{EvaluateContext, Evaluation};
use crate::catalog::NotAppliable;
use crate::id::{LabelId, SensitiveTypeId};

/// A sensitive type that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClassificationResult {
    /// Which type.
    pub sensitive_type: SensitiveTypeId,
    /// How often.
    pub count: u32,
    /// How sure it is, 0 to 100.
    pub confidence: u8,
}

/// What a rule does with its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RuleMode {
    /// It is set.
    Automatic,
    /// It is recommended to a person.
    Recommended,
}

/// When a label is called for. Several rules of one label stand beside each other: one is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ClassificationRule {
    /// The label.
    pub label: LabelId,
    /// The type that calls for it.
    pub sensitive_type: SensitiveTypeId,
    /// How often it must be there at least; once by default.
    pub min_count: u32,
    /// How often at most; no bound by default.
    pub max_count: Option<u32>,
    /// How sure it must be; 0 by default.
    pub min_confidence: u8,
    /// Whether the label is set or recommended.
    pub mode: RuleMode,
}

impl ClassificationRule {
    /// A rule with the defaults.
    pub const fn new(label: LabelId, sensitive_type: SensitiveTypeId, mode: RuleMode) -> Self {
        Self {
            label,
            sensitive_type,
            min_count: 1,
            max_count: None,
            min_confidence: 0,
            mode,
        }
    }

    /// Whether this result is enough.
    pub fn is_satisfied(&self, result: &ClassificationResult) -> bool {
        self.sensitive_type == result.sensitive_type
            && self.min_count <= result.count
            && self.max_count.is_none_or(|most| result.count <= most)
            && self.min_confidence <= result.confidence
    }
}

/// A label with a satisfied rule.
struct Candidate {
    label: LabelId,
    mode: RuleMode,
    types: Vec<SensitiveTypeId>,
}

/// Which label the content calls for, and what setting it takes: one [`LabelAction::ApplyLabel`] or
/// [`LabelAction::RecommendLabel`], or nothing.
///
/// Of several labels the most sensitive one is taken; among sublabels of one heading those that are
/// set automatically come before those that are recommended. A label that was not set automatically
/// is never replaced by a lower or equal one, and one that a person chose never automatically: then
/// a note says so. A recommendation tells what there is to do when a person follows it, and so with
/// method [`Method::Privileged`].
///
/// # Errors
///
/// [`EvaluateError`], as for setting the label.
///
/// # Examples
///
/// ```
/// use label_core::evaluate::{
///     ClassificationResult, ClassificationRule, ContentInfo, EvaluateContext, RuleMode,
///     evaluate_classification_results,
/// };
/// use label_core::{
///     Label, LabelAction, LabelCatalog, LabelId, PolicySettings, SensitiveTypeId, TenantId,
/// };
///
/// let (tenant, id) = (TenantId::from_u128(1), LabelId::from_u128(2));
/// let (catalog, _) = LabelCatalog::build(tenant, vec![Label::new(tenant, id, "Secret")])?;
/// let settings = PolicySettings::default();
/// let context = EvaluateContext::new(&catalog, &settings, 0);
/// let cards = SensitiveTypeId::from_u128(3);
/// let rule = ClassificationRule::new(id, cards, RuleMode::Automatic);
/// let found = ClassificationResult { sensitive_type: cards, count: 2, confidence: 85 };
/// let content = ContentInfo::default();
/// let evaluation = evaluate_classification_results(&context, &content, &[found], &[rule])?;
/// assert!(matches!(evaluation.actions.as_slice(), [LabelAction::ApplyLabel(_)]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn evaluate_classification_results(
    context: &EvaluateContext<'_>,
    content: &ContentInfo,
    results: &[ClassificationResult],
    rules: &[ClassificationRule],
) -> Result<Evaluation, EvaluateError> {
    let catalog = context.catalog;
    let mut evaluation = Evaluation::default();
    let mut candidates = candidates(results, rules);
    candidates.retain(|candidate| {
        let reason = match catalog.by_id(candidate.label) {
            Some(label) => not_appliable(catalog, label, &content.format),
            None => Some(NotAppliable::Unknown),
        };
        if let Some(reason) = reason {
            evaluation.notes.push(EvaluateNote::PassedOver {
                label: candidate.label,
                reason,
            });
        }
        reason.is_none()
    });
    let Some(chosen) = choose(context, &candidates) else {
        return Ok(evaluation);
    };
    let records = Records::read(catalog, &content.metadata);
    if let Some(current) = records.current() {
        let method = current.method().unwrap_or_default();
        // What the list doesn't know is lowest, as where the current label is told.
        let is_higher = catalog.place(chosen.label) > catalog.place(current.label);
        let is_by_person = method == Method::Privileged && chosen.mode == RuleMode::Automatic;
        if is_by_person || (method > Method::Auto && !is_higher) {
            records.note_several(&mut evaluation.notes);
            evaluation.notes.push(EvaluateNote::Kept {
                current: current.label,
                found: chosen.label,
            });
            return Ok(evaluation);
        }
    }
    let (source, method) = match chosen.mode {
        RuleMode::Automatic => (ActionSource::Automatic, Method::Auto),
        RuleMode::Recommended => (ActionSource::Recommended, Method::Privileged),
    };
    let mut options = LabelingOptions::new(chosen.label);
    options.method = method;
    let inner = evaluate_application(context, content, &options)?;
    evaluation.notes.extend(inner.notes);
    if chosen.mode == RuleMode::Automatic && inner.actions == [LabelAction::Justify] {
        evaluation.notes.push(EvaluateNote::NeedsJustification {
            found: chosen.label,
        });
        return Ok(evaluation);
    }
    let label = ActionLabel::of(catalog, chosen.label);
    let (Some(label), false) = (label, inner.actions.is_empty()) else {
        return Ok(evaluation);
    };
    let change = LabelChange {
        label,
        actions: inner.actions,
        source,
        responsible_types: chosen.types.clone(),
    };
    evaluation.actions.push(match chosen.mode {
        RuleMode::Automatic => LabelAction::ApplyLabel(change),
        RuleMode::Recommended => LabelAction::RecommendLabel(change),
    });
    Ok(evaluation)
}

/// The labels with a satisfied rule, in the order of the rules.
fn candidates(results: &[ClassificationResult], rules: &[ClassificationRule]) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    let satisfied = rules
        .iter()
        .filter(|rule| results.iter().any(|result| rule.is_satisfied(result)));
    for rule in satisfied {
        match candidates.iter_mut().find(|one| one.label == rule.label) {
            None => candidates.push(Candidate {
                label: rule.label,
                mode: rule.mode,
                types: vec![rule.sensitive_type],
            }),
            Some(candidate) => {
                if rule.mode == RuleMode::Automatic {
                    candidate.mode = RuleMode::Automatic;
                }
                if !candidate.types.contains(&rule.sensitive_type) {
                    candidate.types.push(rule.sensitive_type);
                }
            }
        }
    }
    candidates
}

fn choose<'c>(context: &EvaluateContext<'_>, candidates: &'c [Candidate]) -> Option<&'c Candidate> {
    let catalog = context.catalog;
    let order = |one: &&Candidate| (catalog.place(one.label), one.label);
    let parent = |one: &Candidate| catalog.by_id(one.label).and_then(|label| label.parent);
    let highest = candidates.iter().max_by_key(order)?;
    let Some(heading) = parent(highest) else {
        return Some(highest);
    };
    candidates
        .iter()
        .filter(|one| one.mode == RuleMode::Automatic && parent(one) == Some(heading))
        .max_by_key(order)
        .or(Some(highest))
}
