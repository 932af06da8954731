//! Many policies, one file: only those that match, or may.

use crate::evaluate::{ContentMatcher, Outcome};
use crate::record::FileRecord;
use crate::set::{Evaluation, PolicySet};

/// Looks through a set's policies for one file after the other. Holds what it writes into, so that
/// nothing is allocated for a file; each thread has one of its own.
///
/// Made by [`PolicySet::finder`].
///
/// # Examples
///
/// ```
/// use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, TenantId};
/// use policy_engine::{BuildContext, ContentAnswer, FileRecord, PolicySet};
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let policies = PolicySet::from_json(
///     r#"{"format": "file-policies/1", "policies": [
///         {"id": "1", "name": "Box", "filters": {"service": {"eq": [10489]}}},
///         {"id": "2", "name": "Google", "filters": {"service": {"eq": [11770]}}}
///     ]}"#,
///     &BuildContext::new(&labels),
/// )?;
/// let file = FileRecord::new(FileKey::new(AppId::BOX, 0, FileId::parse("1")?), "a.docx");
///
/// let mut finder = policies.finder();
/// let mut found = Vec::new();
/// finder.find(&file, 0, &mut |_: &_| ContentAnswer::NotYet, |evaluation| {
///     found.push(evaluation.policy.name());
/// });
/// assert_eq!(found, ["Box"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Finder<'s> {
    set: &'s PolicySet,
    /// One bit for each policy that is left.
    left: Vec<u64>,
    gathered: Vec<u64>,
}

impl<'s> Finder<'s> {
    pub(crate) fn new(set: &'s PolicySet) -> Self {
        let words = set.index().words();
        Self {
            set,
            left: vec![0; words],
            gathered: vec![0; words],
        }
    }

    /// Gives the policies that match a record, or that a scan or its content decides, in the order of
    /// the set: as [`PolicySet::evaluate`] does, without those that don't match.
    ///
    /// Content is asked for where everything else of a policy holds. `now_ms` is what relative dates
    /// are measured from, milliseconds UTC.
    pub fn find(
        &mut self,
        record: &FileRecord,
        now_ms: i64,
        content: &mut dyn ContentMatcher,
        mut found: impl FnMut(Evaluation<'s>),
    ) {
        let index = self.set.index();
        let Some(first) = self.set.policies().first() else {
            return;
        };
        // All policies of a set were built in one context.
        let file_types = first.compiled().program.file_types;
        let labels_unknown = index.look(record, file_types, &mut self.left, &mut self.gathered);
        for (at, word) in self.left.iter().enumerate() {
            let mut word = *word;
            while word != 0 {
                let place = 64 * at + word.trailing_zeros() as usize;
                word &= word - 1;
                let policy = self.set.policies().get(place).zip(index.rest(place));
                let Some((policy, rest)) = policy else { break };
                let outcome = policy.finish(rest, labels_unknown, record, now_ms, content);
                if outcome != Outcome::NoMatch {
                    found(Evaluation {
                        policy,
                        place,
                        outcome,
                    });
                }
            }
        }
    }
}
