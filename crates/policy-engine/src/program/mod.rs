//! What a filter compiles to: typed conditions, the cheap ones first, in groups.

mod gate;
mod step;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;
use std::sync::Arc;

use label_core::{AppId, LabelKey, PolicyId};

use crate::evaluate::Answer;
use crate::field::{Field, Kind, Operator};
use crate::file_type::FileTypeTable;
use crate::fold;
use crate::index::{FoldedTexts, times};
use crate::pattern::Pattern;
use crate::record::{EntityKey, FileRecord, FileStatus};
use crate::text_match::WordQuery;

pub(crate) use gate::{Extract, Gate, Needs};
use step::Step;

/// Milliseconds of a day, for the relative date operators.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// One filter.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The beginning of it, once more.
    pub(crate) gate: Gate,
    /// All of it must hold.
    pub(crate) root: Group,
    pub(crate) file_types: FileTypeTable,
}

/// Whether files that are gone may match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deleted {
    Allowed,
    Excluded,
}

/// Conditions that count together.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) kind: GroupKind,
    /// Where it stands in the document.
    pub(crate) pointer: Box<str>,
    /// Its place among conditions and groups of the document.
    pub(crate) position: usize,
    /// How many groups it lies in.
    pub(crate) depth: usize,
    /// In the order of evaluation.
    pub(crate) conditions: Box<[Condition]>,
    /// Evaluated behind the conditions.
    pub(crate) groups: Box<[Group]>,
}

/// How the parts of a group count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupKind {
    All,
    Any,
    None,
}

/// One operator of one filter.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    /// Where it stands in the document, operator included.
    pub(crate) pointer: Box<str>,
    /// Its place among conditions and groups of the document.
    pub(crate) position: usize,
    /// How many groups it lies in.
    pub(crate) depth: usize,
    pub(crate) field: Field,
    pub(crate) operator: Operator,
    pub(crate) operand: Operand,
    /// The operand for people to read.
    pub(crate) wanted: Box<str>,
    /// The same in few bytes, if it can be, once it is part of a group.
    pub(crate) step: Option<Step>,
}

/// The values of a condition, ready to compare: lists are sorted, texts are folded.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Nothing,
    Codes(Box<[u32]>),
    Labels(Box<[LabelKey]>),
    Texts(FoldedTexts),
    /// Texts where letter case matters.
    ExactTexts(Box<[Box<str>]>),
    Queries(Box<[WordQuery]>),
    Patterns(Box<[Pattern]>),
    Entities(Box<[EntityKey]>),
    Instant(i64),
    /// Merged: in order, with gaps between them.
    Ranges(Box<[RangeInclusive<i64>]>),
    Days(i64),
}

/// What looks on while a program runs.
pub(crate) trait Watcher<'p> {
    /// Whether to go on when the rest can't change the answer.
    const COMPLETE: bool;
    fn condition(&mut self, condition: &'p Condition, answer: Answer);
    fn group(&mut self, group: &'p Group, answer: Answer);
}

/// Looks away; compiles to nothing.
pub(crate) struct Quiet;

impl<'p> Watcher<'p> for Quiet {
    const COMPLETE: bool = false;
    fn condition(&mut self, _: &'p Condition, _: Answer) {}
    fn group(&mut self, _: &'p Group, _: Answer) {}
}

impl Program {
    /// Whether a condition looks at labels.
    pub(crate) fn needs_labels(&self) -> bool {
        self.root.any_condition(&Condition::is_about_labels)
    }

    /// Whether the record's status lets it match at all.
    pub(crate) fn admits(&self, record: &FileRecord) -> bool {
        self.gate.deleted == Deleted::Allowed || record.status != FileStatus::Deleted
    }

    /// What the conditions say of a record.
    pub(crate) fn answer<'p, W: Watcher<'p>>(
        &'p self,
        record: &FileRecord,
        now_ms: i64,
        watcher: &mut W,
    ) -> Answer {
        let ask = |condition: &Condition| condition.answer(record, now_ms, self.file_types);
        self.root.answer(&ask, watcher)
    }

    /// The same for a record that its gate has let pass, and without anybody looking on.
    pub(crate) fn answer_behind(&self, passed: usize, record: &FileRecord, now_ms: i64) -> Answer {
        let ask = |condition: &Condition| condition.answer(record, now_ms, self.file_types);
        self.root.answer_from(passed, &ask, &mut Quiet)
    }

    /// What the groups at the root say of a record.
    pub(crate) fn groups_answer(&self, record: &FileRecord, now_ms: i64) -> Answer {
        let ask = |condition: &Condition| condition.answer(record, now_ms, self.file_types);
        let mut all = Answer::Yes;
        for group in &self.root.groups {
            all = all.and(group.answer(&ask, &mut Quiet));
            if all == Answer::No {
                break;
            }
        }
        all
    }

    /// Whether the record may match once its labels have been read, whatever they are.
    pub(crate) fn covers(&self, record: &FileRecord, now_ms: i64) -> bool {
        let ask = |condition: &Condition| {
            if condition.is_about_labels() {
                Answer::Unknown
            } else {
                condition.answer(record, now_ms, self.file_types)
            }
        };
        self.root.answer(&ask, &mut Quiet) != Answer::No
    }
}

impl Group {
    /// Puts the conditions in the order of evaluation.
    pub(crate) fn new(
        kind: GroupKind,
        pointer: Box<str>,
        position: usize,
        depth: usize,
        mut conditions: Vec<Condition>,
        groups: Vec<Self>,
    ) -> Self {
        conditions.sort_by_key(Condition::cost);
        for condition in &mut conditions {
            condition.step = Step::of(condition);
        }
        Self {
            kind,
            pointer,
            position,
            depth,
            conditions: conditions.into_boxed_slice(),
            groups: groups.into_boxed_slice(),
        }
    }

    /// It lies in one group more.
    pub(crate) fn deepen(&mut self) {
        self.depth += 1;
        for condition in &mut self.conditions {
            condition.depth += 1;
        }
        self.groups.iter_mut().for_each(Self::deepen);
    }

    fn any_condition(&self, is_wanted: &impl Fn(&Condition) -> bool) -> bool {
        self.conditions.iter().any(is_wanted)
            || self
                .groups
                .iter()
                .any(|group| group.any_condition(is_wanted))
    }

    /// What the parts say together. Ends as soon as one decides, unless somebody looks on who wants to
    /// see the rest.
    fn answer<'p, W: Watcher<'p>>(
        &'p self,
        ask: &impl Fn(&Condition) -> Answer,
        watcher: &mut W,
    ) -> Answer {
        self.answer_from(0, ask, watcher)
    }

    /// The same, where so many conditions were asked already and decided nothing.
    fn answer_from<'p, W: Watcher<'p>>(
        &'p self,
        asked: usize,
        ask: &impl Fn(&Condition) -> Answer,
        watcher: &mut W,
    ) -> Answer {
        // None of them holds where each opposite does.
        let combine = |together: Answer, one: Answer| match self.kind {
            GroupKind::All => together.and(one),
            GroupKind::Any => together.or(one),
            GroupKind::None => together.and(one.negated()),
        };
        let start = match self.kind {
            GroupKind::All | GroupKind::None => Answer::Yes,
            GroupKind::Any => Answer::No,
        };
        let decisive = start.negated();
        let mut together = start;
        for condition in self.conditions.iter().skip(asked) {
            let answer = ask(condition);
            watcher.condition(condition, answer);
            together = combine(together, answer);
            if together == decisive && !W::COMPLETE {
                return together;
            }
        }
        for group in &self.groups {
            let answer = group.answer(ask, watcher);
            watcher.group(group, answer);
            together = combine(together, answer);
            if together == decisive && !W::COMPLETE {
                return together;
            }
        }
        together
    }
}

impl Condition {
    /// Whether it looks at how names start, which no letter of a stem changes: a file that goes by
    /// its name without the extension, too, starts the same.
    pub(crate) fn is_name_start(&self) -> bool {
        self.field == Field::FileName
            && matches!(
                self.operator,
                Operator::StartsWith | Operator::StartsWithSingle | Operator::DoesNotStartWith
            )
    }

    pub(crate) fn is_about_labels(&self) -> bool {
        self.field == Field::Label
    }

    /// A rough order of expense: numbers, then dates, then texts, then names.
    fn cost(&self) -> u8 {
        match (&self.operand, self.field.kind()) {
            (Operand::Codes(_) | Operand::Nothing, _) => 0,
            (Operand::Instant(_) | Operand::Ranges(_) | Operand::Days(_), _) => 1,
            (Operand::Labels(_), _) => 2,
            (Operand::Queries(_), _) => 5,
            (Operand::Patterns(_), _) => 6,
            (_, Kind::Entity) => 4,
            _ => 3,
        }
    }

    /// What the condition says of a record.
    pub(crate) fn answer(&self, record: &FileRecord, now_ms: i64, table: FileTypeTable) -> Answer {
        if let Some(step) = &self.step {
            return step.holds(&(record, table), now_ms).into();
        }
        match self.field.kind() {
            Kind::Label => self.of_labels(record),
            Kind::Instant => self.of_instant(instant(self.field, record)).into(),
            Kind::Entity => self.of_entities(entities(self.field, record)).into(),
            Kind::Text | Kind::Extension | Kind::Name => self.of_texts(record).into(),
            Kind::App | Kind::Number | Kind::AccessLevel | Kind::FileType | Kind::Boolean => self
                .of_codes(code(self.field, record, table).into_iter())
                .into(),
            Kind::Warning => self
                .of_codes(record.warnings.iter().map(|warning| warning.code()))
                .into(),
        }
    }

    fn of_codes(&self, values: impl Iterator<Item = u32>) -> bool {
        let Operand::Codes(wanted) = &self.operand else {
            return self.of_presence(values);
        };
        self.of_membership(values, |value| wanted.binary_search(value).is_ok())
    }

    fn of_labels(&self, record: &FileRecord) -> Answer {
        let values = record.labels.iter();
        let Operand::Labels(wanted) = &self.operand else {
            if record.labels_unknown() {
                return Answer::Unknown;
            }
            return self.of_presence(values).into();
        };
        // An empty list of labels is decided whatever the file has.
        if record.labels_unknown() && !wanted.is_empty() {
            return Answer::Unknown;
        }
        self.of_membership(values, |value| wanted.binary_search(value).is_ok())
            .into()
    }

    fn of_entities(&self, values: &[EntityKey]) -> bool {
        let Operand::Entities(wanted) = &self.operand else {
            return self.of_presence(values.iter());
        };
        self.of_membership(values.iter(), |value| {
            wanted.iter().any(|wanted| same_entity(value, wanted))
        })
    }

    fn of_texts(&self, record: &FileRecord) -> bool {
        let values = Texts::of(self.field, self.operator, record);
        match &self.operand {
            Operand::Texts(wanted) => {
                let part: fn(&str, &str) -> bool = match self.operator {
                    Operator::StartsWith
                    | Operator::StartsWithSingle
                    | Operator::DoesNotStartWith => fold::starts_with,
                    Operator::EndsWith | Operator::DoesNotEndWith => fold::ends_with,
                    Operator::Substring | Operator::Nsubstring => fold::contains,
                    _ => {
                        return self.of_text_membership(values, |text| wanted.find(text).is_some());
                    }
                };
                self.of_any(values.any(|text| wanted.iter().any(|wanted| part(text, wanted))))
            }
            Operand::ExactTexts(wanted) => self.of_text_membership(values, |text| {
                wanted.binary_search_by(|one| (**one).cmp(text)).is_ok()
            }),
            Operand::Queries(wanted) => {
                self.of_any(values.any(|text| wanted.iter().any(|query| query.matches(text))))
            }
            Operand::Patterns(wanted) => {
                self.of_any(values.any(|text| wanted.iter().any(|one| one.matches(text))))
            }
            _ => self.of_presence(values.iter()),
        }
    }

    fn of_text_membership(&self, values: Texts<'_>, is_wanted: impl Fn(&str) -> bool) -> bool {
        match self.operator {
            Operator::Deq => values.any(|text| !is_wanted(text)),
            _ => self.of_any(values.any(is_wanted)),
        }
    }

    fn of_instant(&self, value: Option<i64>) -> bool {
        let Some(value) = value else {
            return false;
        };
        match (&self.operand, self.operator) {
            (Operand::Instant(wanted), Operator::Gt) => value > *wanted,
            (Operand::Instant(wanted), Operator::Lt) => value < *wanted,
            (Operand::Ranges(ranges), _) => times::holds(ranges, value),
            // All others are steps.
            _ => false,
        }
    }

    fn of_membership<T>(
        &self,
        mut values: impl Iterator<Item = T>,
        is_wanted: impl Fn(&T) -> bool,
    ) -> bool {
        self.of_any(values.any(|value| is_wanted(&value)))
    }

    fn of_any(&self, any: bool) -> bool {
        any != self.operator.is_negative()
    }

    fn of_presence<T>(&self, mut values: impl Iterator<Item = T>) -> bool {
        let present = values.next().is_some();
        present != (self.operator == Operator::IsNotSet)
    }
}

/// The record's number for a field of numbers.
pub(crate) fn code(field: Field, record: &FileRecord, table: FileTypeTable) -> Option<u32> {
    match field {
        Field::App => Some(record.key.app.0),
        Field::Instance => Some(record.key.instance),
        Field::AccessLevel => record.access_level.map(|level| level.code()),
        Field::FileType => record.file_type(table).map(|kind| kind.code()),
        Field::Trashed => Some(u32::from(record.is_trashed())),
        Field::Quarantined => Some(u32::from(record.quarantined)),
        Field::Folder => Some(u32::from(record.is_folder)),
        Field::CollaboratorsOrganization => Some(u32::from(record.shared_with_organization)),
        _ => None,
    }
}

/// The record's time for a field of times.
pub(crate) fn instant(field: Field, record: &FileRecord) -> Option<i64> {
    match field {
        Field::Modified => record.modified_ms,
        Field::Created => record.created_ms,
        Field::Snapshot => record.snapshot_ms,
        _ => None,
    }
}

/// The record's directory entries for a field of those.
pub(crate) fn entities(field: Field, record: &FileRecord) -> &[EntityKey] {
    match field {
        Field::OwnerEntity => &record.owner_entities,
        Field::CollaboratorsEntity => &record.collaborator_entities,
        _ => &[],
    }
}

/// The record's texts for a field of texts.
#[derive(Clone, Copy)]
pub(crate) enum Texts<'r> {
    /// A value, and on SharePoint the same without its extension: there a file goes by both names.
    One(Option<&'r str>, Option<&'r str>),
    /// Values, and more of them.
    Lists(&'r [Arc<str>], &'r [Arc<str>]),
    Policies(&'r [PolicyId]),
}

impl<'r> Texts<'r> {
    pub(crate) fn of(field: Field, operator: Operator, record: &'r FileRecord) -> Self {
        match field {
            Field::FileName => {
                let is_sharepoint = record.key.app == AppId::SHAREPOINT_ONLINE;
                Self::One(Some(&record.name), is_sharepoint.then(|| record.stem()))
            }
            Field::OwnerOrgUnit => Self::One(record.owner_org_unit.as_deref(), None),
            Field::OwnerUsername => Self::One(record.owner_address.as_deref(), None),
            Field::Extension => Self::One(record.extension(), None),
            Field::MimeType => Self::One(record.mime_type.as_deref(), None),
            Field::FileId => Self::One(Some(record.key.file.as_str()), None),
            Field::Path => Self::One(record.path.as_deref(), None),
            Field::ParentFolder => {
                let below = matches!(operator, Operator::DescendantOf | Operator::NdescendantOf);
                let ancestors = record.ancestor_folders.as_deref();
                let above = ancestors.filter(|_| below).unwrap_or_default();
                Self::Lists(&record.parent_folders, above)
            }
            Field::CollaboratorsWithDomain | Field::CollaboratorsDomains => {
                Self::Lists(&record.domains, &[])
            }
            Field::CollaboratorsGroups => Self::Lists(&record.groups, &[]),
            Field::CollaboratorsUsers => Self::Lists(&record.collaborators, &[]),
            Field::MatchedPolicy => Self::Policies(&record.matched_policies),
            _ => Self::One(None, None),
        }
    }

    /// Whether one of them is as wanted.
    fn any(self, mut is_wanted: impl FnMut(&'r str) -> bool) -> bool {
        match self {
            Self::One(value, other) => {
                value.is_some_and(&mut is_wanted) || other.is_some_and(is_wanted)
            }
            Self::Lists(values, more) => values.iter().chain(more).any(|value| is_wanted(value)),
            Self::Policies(policies) => policies.iter().any(|policy| is_wanted(policy.as_str())),
        }
    }

    /// All of them.
    pub(crate) fn iter(self) -> impl Iterator<Item = &'r str> {
        let (one, other, values, more, policies) = match self {
            Self::One(value, other) => (value, other, &[][..], &[][..], &[][..]),
            Self::Lists(values, more) => (None, None, values, more, &[][..]),
            Self::Policies(policies) => (None, None, &[][..], &[][..], policies),
        };
        one.into_iter()
            .chain(other)
            .chain(values.iter().chain(more).map(|text| &**text))
            .chain(policies.iter().map(|policy| policy.as_str()))
    }
}

/// Whether a directory entry is the one a filter names; what either leaves out doesn't matter.
fn same_entity(value: &EntityKey, wanted: &EntityKey) -> bool {
    let agree = |one: Option<u32>, other: Option<u32>| match (one, other) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    // Ids of wanted entries were folded when the filter was compiled.
    fold::equals(&value.id, &wanted.id)
        && agree(value.app.map(|app| app.0), wanted.app.map(|app| app.0))
        && agree(value.instance, wanted.instance)
}
