//! What a filter compiles to: typed conditions, the cheap ones first.

use std::ops::RangeInclusive;

use label_core::{AppId, LabelKey};

use crate::evaluate::Answer;
use crate::field::{Field, Kind, Operator};
use crate::file_type::FileTypeTable;
use crate::fold;
use crate::record::{EntityKey, FileRecord, FileStatus};
use crate::text_match::WordQuery;

/// Milliseconds of a day, for the relative date operators.
const DAY_MS: i64 = 86_400_000;

/// All conditions of one filter.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// In the order of evaluation.
    pub(crate) conditions: Box<[Condition]>,
    /// Whether deleted files may match.
    pub(crate) deleted: Deleted,
    pub(crate) file_types: FileTypeTable,
}

/// Whether files that are gone may match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deleted {
    Allowed,
    Excluded,
}

/// One operator of one filter.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    /// Where it stands in the document, operator included.
    pub(crate) pointer: Box<str>,
    /// Its place among the conditions of the document.
    pub(crate) position: usize,
    pub(crate) field: Field,
    pub(crate) operator: Operator,
    pub(crate) operand: Operand,
    /// The operand for people to read.
    pub(crate) wanted: Box<str>,
}

/// The values of a condition, ready to compare: lists are sorted, texts are folded.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Nothing,
    Codes(Box<[u32]>),
    Labels(Box<[LabelKey]>),
    Texts(Box<[Box<str>]>),
    /// Texts where letter case matters.
    ExactTexts(Box<[Box<str>]>),
    Queries(Box<[WordQuery]>),
    Entities(Box<[EntityKey]>),
    Instant(i64),
    Ranges(Box<[RangeInclusive<i64>]>),
    Days(i64),
}

impl Program {
    /// Puts the conditions in the order of evaluation.
    pub(crate) fn new(
        mut conditions: Vec<Condition>,
        deleted: Deleted,
        file_types: FileTypeTable,
    ) -> Self {
        conditions.sort_by_key(Condition::cost);
        Self {
            conditions: conditions.into_boxed_slice(),
            deleted,
            file_types,
        }
    }

    /// Whether a condition looks at labels.
    pub(crate) fn needs_labels(&self) -> bool {
        self.conditions.iter().any(Condition::is_about_labels)
    }

    /// Whether the record's status lets it match at all.
    pub(crate) fn admits(&self, record: &FileRecord) -> bool {
        self.deleted == Deleted::Allowed || record.status != FileStatus::Deleted
    }
}

impl Condition {
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
            (_, Kind::Entity) => 4,
            _ => 3,
        }
    }

    /// What the condition says of a record.
    pub(crate) fn answer(&self, record: &FileRecord, now_ms: i64, table: FileTypeTable) -> Answer {
        match self.field.kind() {
            Kind::Label => self.of_labels(record),
            Kind::Instant => self.of_instant(instant(self.field, record), now_ms),
            Kind::Entity => self.of_entities(entities(self.field, record)),
            Kind::Text | Kind::Extension => self.of_texts(record),
            Kind::Name => self.of_name(record),
            Kind::App | Kind::Number | Kind::AccessLevel | Kind::FileType | Kind::Boolean => {
                self.of_codes(code(self.field, record, table).into_iter())
            }
            Kind::Warning => self.of_codes(record.warnings.iter().map(|warning| warning.code())),
        }
        .into()
    }

    fn of_codes(&self, values: impl Iterator<Item = u32>) -> Truth {
        let Operand::Codes(wanted) = &self.operand else {
            return self.of_presence(values);
        };
        self.of_membership(values, |value| wanted.binary_search(value).is_ok())
    }

    fn of_labels(&self, record: &FileRecord) -> Truth {
        let values = record.labels.iter();
        let Operand::Labels(wanted) = &self.operand else {
            if record.labels_unknown() {
                return Truth::Unknown;
            }
            return self.of_presence(values);
        };
        // An empty list of labels is decided whatever the file has.
        if record.labels_unknown() && !wanted.is_empty() {
            return Truth::Unknown;
        }
        self.of_membership(values, |value| wanted.binary_search(value).is_ok())
    }

    fn of_entities(&self, values: &[EntityKey]) -> Truth {
        let Operand::Entities(wanted) = &self.operand else {
            return self.of_presence(values.iter());
        };
        self.of_membership(values.iter(), |value| {
            wanted.iter().any(|wanted| same_entity(value, wanted))
        })
    }

    fn of_texts(&self, record: &FileRecord) -> Truth {
        let values = texts(self.field, self.operator, record);
        match &self.operand {
            Operand::Texts(wanted) => self.of_membership(values, |value| {
                wanted
                    .binary_search_by(|one| fold::compare(value, one).reverse())
                    .is_ok()
            }),
            Operand::ExactTexts(wanted) => self.of_membership(values, |value| {
                wanted.binary_search_by(|one| (**one).cmp(value)).is_ok()
            }),
            _ => self.of_presence(values),
        }
    }

    fn of_name(&self, record: &FileRecord) -> Truth {
        let names = names(record);
        match &self.operand {
            Operand::Queries(wanted) => {
                let contains = |name: &str| wanted.iter().any(|query| query.matches(name));
                let any = names.into_iter().any(contains);
                Truth::from(any != (self.operator == Operator::Ncontains))
            }
            Operand::Texts(wanted) => {
                let matches = |name: &str| {
                    wanted.iter().any(|wanted| match self.operator {
                        Operator::StartsWith
                        | Operator::StartsWithSingle
                        | Operator::DoesNotStartWith => fold::starts_with(name, wanted),
                        Operator::EndsWith => fold::ends_with(name, wanted),
                        _ => fold::equals(name, wanted),
                    })
                };
                let any = names.into_iter().any(matches);
                let negative = matches!(self.operator, Operator::Neq | Operator::DoesNotStartWith);
                Truth::from(any != negative)
            }
            _ => self.of_presence(names.into_iter()),
        }
    }

    fn of_instant(&self, value: Option<i64>, now_ms: i64) -> Truth {
        let Some(value) = value else {
            return Truth::No;
        };
        let days_ago = |days: i64| now_ms.saturating_sub(days.saturating_mul(DAY_MS));
        Truth::from(match (&self.operand, self.operator) {
            (Operand::Instant(wanted), Operator::Gt) => value > *wanted,
            (Operand::Instant(wanted), Operator::Gte) => value >= *wanted,
            (Operand::Instant(wanted), Operator::Lt) => value < *wanted,
            (Operand::Instant(wanted), Operator::Lte) => value <= *wanted,
            (Operand::Days(days), Operator::GteNdays) => value >= days_ago(*days),
            (Operand::Days(days), Operator::LteNdays) => value <= days_ago(*days),
            (Operand::Ranges(ranges), _) => ranges.iter().any(|range| range.contains(&value)),
            // The compiler of filters makes no other pairs.
            _ => false,
        })
    }

    fn of_membership<T>(
        &self,
        mut values: impl Iterator<Item = T>,
        is_wanted: impl Fn(&T) -> bool,
    ) -> Truth {
        Truth::from(match self.operator {
            Operator::Neq | Operator::NdescendantOf => !values.any(|value| is_wanted(&value)),
            Operator::Deq => values.any(|value| !is_wanted(&value)),
            _ => values.any(|value| is_wanted(&value)),
        })
    }

    fn of_presence<T>(&self, mut values: impl Iterator<Item = T>) -> Truth {
        let present = values.next().is_some();
        Truth::from(present != (self.operator == Operator::IsNotSet))
    }
}

/// Three values of a condition.
enum Truth {
    Yes,
    No,
    Unknown,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl From<Truth> for Answer {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::Yes => Self::Yes,
            Truth::No => Self::No,
            Truth::Unknown => Self::Unknown,
        }
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

/// The record's texts for a field of texts: one value, a list, or both.
pub(crate) fn texts(
    field: Field,
    operator: Operator,
    record: &FileRecord,
) -> impl Iterator<Item = &str> {
    let one = match field {
        Field::OwnerOrgUnit => record.owner_org_unit.as_deref(),
        Field::OwnerUsername => record.owner_address.as_deref(),
        Field::Extension => record.extension(),
        Field::MimeType => record.mime_type.as_deref(),
        Field::FileId => Some(record.key.file.as_str()),
        _ => None,
    };
    let list = match field {
        Field::ParentFolder => record.parent_folders.as_slice(),
        Field::CollaboratorsWithDomain | Field::CollaboratorsDomains => &record.domains,
        Field::CollaboratorsGroups => &record.groups,
        Field::CollaboratorsUsers => &record.collaborators,
        _ => &[],
    };
    let below = matches!(operator, Operator::DescendantOf | Operator::NdescendantOf);
    let ancestors = record
        .ancestor_folders
        .as_deref()
        .filter(|_| field == Field::ParentFolder && below)
        .unwrap_or_default();
    let policies = match field {
        Field::MatchedPolicy => record.matched_policies.as_slice(),
        _ => &[],
    };
    one.into_iter()
        .chain(list.iter().chain(ancestors).map(|text| &**text))
        .chain(policies.iter().map(|policy| policy.as_str()))
}

/// The names a file goes by: on SharePoint also the part before the extension.
pub(crate) fn names(record: &FileRecord) -> impl IntoIterator<Item = &str> {
    let stem = (record.key.app == AppId::SHAREPOINT_ONLINE).then(|| record.stem());
    std::iter::once(&*record.name).chain(stem)
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
