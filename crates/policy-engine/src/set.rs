//! All policies together.

use std::iter::Zip;
use std::slice::Iter;
use std::sync::Arc;

use label_core::PolicyId;

use crate::check::{self, BuildContext};
use crate::document::PolicyDocument;
use crate::error::{BuildErrors, Problems};
use crate::evaluate::{ContentMatcher, Outcome};
use crate::explain::Explanation;
use crate::finder::Finder;
use crate::index::Index;
use crate::policy::Policy;
use crate::program::{Extract, Gate, Needs};
use crate::read;
use crate::record::FileRecord;

/// Checked policies, in the order of their document. `Send + Sync`, cheap to clone.
///
/// # Examples
///
/// ```
/// use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, TenantId};
/// use policy_engine::{AccessLevel, BuildContext, ContentAnswer, FileRecord, Outcome, PolicySet};
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let policies = PolicySet::from_json(
///     r#"{"format": "file-policies/1", "policies": [
///         {"id": "1", "name": "Exposed", "filters": {"sharing": {"eq": [2, 3, 4]}}}
///     ]}"#,
///     &BuildContext::new(&labels),
/// )?;
///
/// let key = FileKey::new(AppId::BOX, 0, FileId::parse("1")?);
/// let mut file = FileRecord::new(key, "a.docx");
/// file.access_level = Some(AccessLevel::Public);
/// let mut nothing_read = |_: &_| ContentAnswer::NotYet;
/// for evaluation in policies.evaluate(&file, 0, &mut nothing_read) {
///     assert_eq!(evaluation.outcome, Outcome::Match);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    policies: Arc<[Policy]>,
    /// The beginnings of the policies, beside one another.
    gates: Arc<[Gate]>,
    needs: Needs,
    index: Arc<Index>,
}

/// From so many policies on, what they look at is looked up once for all of them.
const EXTRACT_POLICIES_MIN: usize = 8;

/// What one policy of a set says of a record.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Evaluation<'s> {
    /// The policy.
    pub policy: &'s Policy,
    /// Its place in the set, from 0.
    pub place: usize,
    /// What it says.
    pub outcome: Outcome,
}

/// The outcomes of a set's policies for one record, in order, each computed when it is asked for.
///
/// `'s` is the life of the set, `'e` that of record and matcher: the evaluations outlive the
/// matcher's loan.
pub struct Evaluations<'s, 'e> {
    policies: std::iter::Enumerate<Zip<Iter<'s, Policy>, Iter<'s, Gate>>>,
    /// Nothing where there are too few policies for it to be worth its while.
    extract: Option<Extract>,
    record: &'e FileRecord,
    now_ms: i64,
    content: &'e mut dyn ContentMatcher,
}

impl<'s> Iterator for Evaluations<'s, '_> {
    type Item = Evaluation<'s>;

    fn next(&mut self) -> Option<Evaluation<'s>> {
        let (place, (policy, gate)) = self.policies.next()?;
        let passed = match &self.extract {
            Some(extract) => gate.passed_by(extract, self.now_ms),
            None => gate.passed(self.record, self.now_ms),
        };
        let outcome = match passed {
            Some(passed) => policy.evaluate_behind(passed, self.record, self.now_ms, self.content),
            None => Outcome::NoMatch,
        };
        Some(Evaluation {
            policy,
            place,
            outcome,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.policies.size_hint()
    }
}

impl std::fmt::Debug for Evaluations<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Evaluations")
            .field("left", &self.policies.len())
            .finish_non_exhaustive()
    }
}

impl PolicySet {
    /// Checks a document and compiles its policies.
    ///
    /// # Errors
    ///
    /// [`BuildErrors`] with everything that is wrong. Nothing is built; [`build_valid`](Self::build_valid) keeps the policies without an error.
    pub fn build(
        document: &PolicyDocument,
        context: &BuildContext<'_>,
    ) -> Result<Self, BuildErrors> {
        let (set, errors) = Self::build_valid(document, context);
        match errors {
            Some(errors) => Err(errors),
            None => Ok(set),
        }
    }

    /// Checks a document and compiles the policies that have no error, so that one that refers to
    /// a vanished label doesn't stop the others (A-025).
    pub fn build_valid(
        document: &PolicyDocument,
        context: &BuildContext<'_>,
    ) -> (Self, Option<BuildErrors>) {
        let mut problems = Problems::default();
        let policies = check::policies(document, context, &mut problems);
        (Self::of(policies), problems.into_result().err())
    }

    /// Reads, checks and compiles a document in one step.
    ///
    /// # Errors
    ///
    /// [`BuildErrors`] with everything that is wrong with its form and its content.
    pub fn from_json(text: &str, context: &BuildContext<'_>) -> Result<Self, BuildErrors> {
        let mut problems = Problems::default();
        let document = read::text(text, &mut problems);
        let policies = check::policies(&document, context, &mut problems);
        problems.into_result()?;
        Ok(Self::of(policies))
    }

    fn of(policies: Vec<Policy>) -> Self {
        let gates: Arc<[Gate]> = policies
            .iter()
            .map(|policy| policy.compiled().program.gate)
            .collect();
        Self {
            index: Arc::new(Index::new(&policies)),
            needs: Needs::of(&gates),
            gates,
            policies: policies.into(),
        }
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// What looks through all policies for one file after the other, many times faster than
    /// [`evaluate`](Self::evaluate) where there are many.
    pub fn finder(&self) -> Finder<'_> {
        Finder::new(self)
    }

    /// The policies.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The policy of this id.
    pub fn policy(&self, id: &PolicyId) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.id() == id)
    }

    /// The same set with one policy enabled or disabled (R-144).
    #[must_use]
    pub fn with_enabled(&self, id: &PolicyId, enabled: bool) -> Self {
        Self::of(
            self.policies
                .iter()
                .map(|policy| {
                    let enabled = if policy.id() == id {
                        enabled
                    } else {
                        policy.is_enabled()
                    };
                    policy.with_enabled(enabled)
                })
                .collect(),
        )
    }

    /// What each policy says of a record, in order; see [`Policy::evaluate`].
    pub fn evaluate<'s, 'e>(
        &'s self,
        record: &'e FileRecord,
        now_ms: i64,
        content: &'e mut dyn ContentMatcher,
    ) -> Evaluations<'s, 'e> {
        Evaluations {
            policies: self.policies.iter().zip(&*self.gates).enumerate(),
            extract: (self.policies.len() >= EXTRACT_POLICIES_MIN)
                .then(|| Extract::new(record, self.needs)),
            record,
            now_ms,
            content,
        }
    }

    /// Why one policy says what it says of a record; nothing when the set has no such policy.
    pub fn explain(
        &self,
        id: &PolicyId,
        record: &FileRecord,
        now_ms: i64,
        content: &mut dyn ContentMatcher,
    ) -> Option<Explanation> {
        let policy = self.policy(id)?;
        Some(policy.explain(record, now_ms, content))
    }

    /// The policies as a document, every label by tenant and id (R-088, A-026).
    pub fn document(&self) -> PolicyDocument {
        let definition = |policy: &Policy| {
            let mut definition = policy.definition().clone();
            definition.enabled = policy.is_enabled();
            definition
        };
        PolicyDocument {
            policies: self.policies.iter().map(definition).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, TenantId};
    use serde_json::{Value, json};

    use super::*;
    use crate::evaluate::ContentAnswer;

    fn file() -> FileRecord {
        let key = FileKey::new(AppId::BOX, 0, FileId::parse("1").unwrap());
        let mut file = FileRecord::new(key, "Plan.docx");
        file.mime_type = Some("application/pdf".into());
        file
    }

    fn types(policies: usize) -> PolicySet {
        let policy = |number: usize| {
            let filters = json!({"fileType": {"eq": [number % 6]}});
            json!({"id": number.to_string(), "name": "P", "filters": filters})
        };
        let policies: Vec<Value> = (0..policies).map(policy).collect();
        let text = json!({"format": "file-policies/1", "policies": policies}).to_string();
        let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
        PolicySet::from_json(&text, &BuildContext::new(&labels)).unwrap()
    }

    #[test]
    fn kinds_of_files_are_looked_up_for_many_policies_as_for_one() {
        let file = file();
        let mut nothing_read = |_: &_| ContentAnswer::NotYet;
        for count in [EXTRACT_POLICIES_MIN - 1, EXTRACT_POLICIES_MIN, 20] {
            let set = types(count);
            let outcomes = set.evaluate(&file, 0, &mut nothing_read);
            let outcomes: Vec<Outcome> = outcomes.map(|it| it.outcome).collect();
            let alone: Vec<Outcome> = set
                .policies()
                .iter()
                .map(|policy| policy.evaluate(&file, 0, &mut nothing_read))
                .collect();
            assert_eq!(outcomes, alone);
            assert!(outcomes.contains(&Outcome::Match), "{count} policies");
        }
    }

    #[test]
    fn it_is_known_how_many_outcomes_there_will_be() {
        let (set, file) = (types(9), file());
        let mut nothing_read = |_: &_| ContentAnswer::NotYet;
        let mut outcomes = set.evaluate(&file, 0, &mut nothing_read);
        for left in (0..=9).rev() {
            assert_eq!(outcomes.size_hint(), (left, Some(left)));
            assert_eq!(outcomes.next().is_some(), left > 0);
        }
    }
}
