//! What every part of a policy says of a record, noted while it is evaluated.

use std::fmt;

use crate::document::Inspection;
use crate::evaluate::{Answer, ContentAnswer, ContentMatcher, Outcome, ScopeAnswer, of_content};
use crate::explain::{self, Explanation};
use crate::field::{Field, Operator};
use crate::policy::{FolderRule, OwnerRule, Policy};
use crate::program::{Condition, Group, Watcher};
use crate::record::FileRecord;

/// One part of a policy or a filter, and what it says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event<'p> {
    Disabled,
    Deleted,
    Folders(ScopeAnswer),
    Owners(ScopeAnswer),
    Condition(&'p Condition, Answer),
    Group(&'p Group, Answer),
    /// `None` when there was no need to ask.
    Content(&'p Inspection, Option<ContentAnswer>),
}

/// Notes what conditions and groups say.
impl<'p> Watcher<'p> for Vec<Event<'p>> {
    const COMPLETE: bool = true;

    fn condition(&mut self, condition: &'p Condition, answer: Answer) {
        self.push(Event::Condition(condition, answer));
    }

    fn group(&mut self, group: &'p Group, answer: Answer) {
        self.push(Event::Group(group, answer));
    }
}

/// What a policy says of a record, and what each of its conditions says: an
/// [`Explanation`](crate::Explanation) before it is put into words, for one that is kept for every
/// file and read for few.
///
/// # Examples
///
/// ```
/// use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, TenantId};
/// use policy_engine::{Answer, BuildContext, ContentAnswer, Field, FileRecord, Outcome, PolicySet};
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let policies = PolicySet::from_json(
///     r#"{"format": "file-policies/1", "policies": [
///         {"id": "1", "name": "Box", "filters": {"service": {"eq": [10489]}, "trashed": {"eq": true}}}
///     ]}"#,
///     &BuildContext::new(&labels),
/// )?;
/// let file = FileRecord::new(FileKey::new(AppId::BOX, 0, FileId::parse("1")?), "a.docx");
///
/// let trace = policies.policies()[0].trace(&file, 0, &mut |_: &_| ContentAnswer::NotYet);
/// assert_eq!(trace.outcome(), Outcome::NoMatch);
/// let failed = trace.conditions().find(|condition| condition.answer == Answer::No);
/// assert_eq!(failed.ok_or("none")?.field, Field::Trashed);
/// assert!(trace.to_string().contains("saw Box → yes"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Trace<'a> {
    policy: &'a Policy,
    record: &'a FileRecord,
    outcome: Outcome,
    events: Vec<Event<'a>>,
}

/// One condition of a [`Trace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TracedCondition<'a> {
    /// Where it stands in the document the policy was built from.
    pub pointer: &'a str,
    /// What it looks at.
    pub field: Field,
    /// What it asks.
    pub operator: Operator,
    /// Whether it holds.
    pub answer: Answer,
}

impl<'a> Trace<'a> {
    /// The policy.
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// What it says: as [`Policy::evaluate`].
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// What every condition says, in the order of evaluation; those in groups before their group
    /// is left, and also those that could not change the outcome any more.
    pub fn conditions(&self) -> impl Iterator<Item = TracedCondition<'a>> {
        self.events.iter().filter_map(|event| match event {
            Event::Condition(condition, answer) => Some(TracedCondition {
                pointer: &condition.pointer,
                field: condition.field,
                operator: condition.operator,
                answer: *answer,
            }),
            _ => None,
        })
    }

    /// The same in words, with what each part saw.
    pub fn explanation(&self) -> Explanation {
        explain::policy(self.policy, self.record, self.outcome, &self.events)
    }
}

/// The [`explanation`](Trace::explanation).
impl fmt::Display for Trace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.explanation().fmt(f)
    }
}

impl Policy {
    /// What every part of it says of a record: all conditions are looked at, also after the first
    /// that fails. Content is asked for only when everything else holds, as in
    /// [`evaluate`](Self::evaluate), whose outcome this has.
    pub fn trace<'a>(
        &'a self,
        record: &'a FileRecord,
        now_ms: i64,
        content: &mut dyn ContentMatcher,
    ) -> Trace<'a> {
        let compiled = self.compiled();
        let program = &compiled.program;
        // Scopes and content beside the conditions of the root; groups are few.
        let mut events = Vec::with_capacity(program.root.conditions.len() + 3);
        let mut all = Answer::Yes;
        if !self.is_enabled() {
            events.push(Event::Disabled);
            all = Answer::No;
        }
        if !program.admits(record) {
            events.push(Event::Deleted);
            all = Answer::No;
        }
        if !matches!(compiled.folders, FolderRule::All) {
            let scope = compiled.folders.answer(record);
            events.push(Event::Folders(scope));
            all = all.and(scope.inside.into());
        }
        if !matches!(compiled.owners, OwnerRule::All) {
            let scope = compiled.owners.answer(record);
            events.push(Event::Owners(scope));
            all = all.and(scope.inside.into());
        }
        all = all.and(program.answer(record, now_ms, &mut events));
        let mut asked = None;
        if let Some(inspection) = self.inspection() {
            asked = (all == Answer::Yes).then(|| content.content_matches(inspection));
            events.push(Event::Content(inspection, asked));
        }
        let outcome = match all {
            Answer::Yes => asked.map_or(Outcome::Match, of_content),
            Answer::No => Outcome::NoMatch,
            Answer::Unknown => Outcome::NeedsScan,
        };
        Trace {
            policy: self,
            record,
            outcome,
            events,
        }
    }
}
