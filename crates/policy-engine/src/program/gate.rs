//! The beginnings of programs: most records get no further.

use super::step::Step;
use super::{Deleted, Group, code, instant};
use crate::field::Field;
use crate::file_type::FileTypeTable;
use crate::record::{FileRecord, FileStatus};

/// What can be said of a record without looking further: whether it is deleted, and the first
/// conditions, as far as they are steps. A hundred of them fit into the nearest cache.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gate {
    /// Nothing behind the last one.
    steps: [Option<Step>; 4],
    count: u8,
    pub(crate) deleted: Deleted,
    file_types: FileTypeTable,
}

impl Gate {
    /// Of a group of which all must hold.
    pub(crate) fn new(root: &Group, deleted: Deleted, file_types: FileTypeTable) -> Self {
        let mut steps = [None; 4];
        let mut count = 0;
        for (place, condition) in steps.iter_mut().zip(&root.conditions) {
            if condition.step.is_none() {
                break;
            }
            *place = condition.step;
            count += 1;
        }
        Self {
            steps,
            count,
            deleted,
            file_types,
        }
    }

    /// For how many conditions it stands, where all of them hold; nothing where the answer is no.
    #[inline]
    pub(crate) fn passed(&self, record: &FileRecord, now_ms: i64) -> Option<usize> {
        self.passed_by(&(record, self.file_types), now_ms)
    }

    /// The same of what was looked up before.
    #[inline]
    pub(crate) fn passed_by(&self, facts: &impl Facts, now_ms: i64) -> Option<usize> {
        if self.deleted == Deleted::Excluded && facts.is_deleted() {
            return None;
        }
        let [one, two, three, four] = &self.steps;
        let holds = |step: &Option<Step>| {
            let step = step.as_ref();
            step.is_none_or(|step| step.holds(facts, now_ms))
        };
        // Two at a time: whether the first holds is hard to foretell, whether both do is not.
        if !(holds(one) & holds(two)) || !(holds(three) & holds(four)) {
            return None;
        }
        Some(usize::from(self.count))
    }
}

/// What steps look at.
pub(crate) trait Facts {
    fn is_deleted(&self) -> bool;
    fn code(&self, field: Field) -> Option<u32>;
    fn instant(&self, field: Field) -> Option<i64>;
}

/// A record as it is.
impl Facts for (&FileRecord, FileTypeTable) {
    fn is_deleted(&self) -> bool {
        self.0.status == FileStatus::Deleted
    }

    #[inline]
    fn code(&self, field: Field) -> Option<u32> {
        code(field, self.0, self.1)
    }

    #[inline]
    fn instant(&self, field: Field) -> Option<i64> {
        instant(field, self.0)
    }
}

/// The numbers and times of a record, looked up once for many gates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extract {
    codes: [Option<u32>; CODE_FIELDS.len()],
    times: [Option<i64>; 3],
    is_deleted: bool,
}

/// The fields of numbers that have one value, in the order of an extract.
const CODE_FIELDS: [Field; 8] = [
    Field::App,
    Field::Instance,
    Field::AccessLevel,
    Field::FileType,
    Field::Trashed,
    Field::Quarantined,
    Field::Folder,
    Field::CollaboratorsOrganization,
];

/// What the gates of a set look at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Needs {
    /// The kind of file, which has to be looked up by its MIME type.
    file_type: bool,
    file_types: FileTypeTable,
}

impl Needs {
    pub(crate) fn of(gates: &[Gate]) -> Self {
        let mut steps = gates.iter().flat_map(|gate| gate.steps.iter().flatten());
        Self {
            file_type: steps.any(|step| step.field() == Field::FileType),
            // All policies of a set were built in one context.
            file_types: gates
                .first()
                .map(|gate| gate.file_types)
                .unwrap_or_default(),
        }
    }
}

impl Extract {
    pub(crate) fn new(record: &FileRecord, needs: Needs) -> Self {
        let mut codes = [None; CODE_FIELDS.len()];
        for (place, field) in codes.iter_mut().zip(CODE_FIELDS) {
            if field != Field::FileType || needs.file_type {
                *place = code(field, record, needs.file_types);
            }
        }
        Self {
            codes,
            times: [record.modified_ms, record.created_ms, record.snapshot_ms],
            is_deleted: record.status == FileStatus::Deleted,
        }
    }
}

impl Facts for Extract {
    fn is_deleted(&self) -> bool {
        self.is_deleted
    }

    #[inline]
    fn code(&self, field: Field) -> Option<u32> {
        let place = match field {
            Field::App => 0,
            Field::Instance => 1,
            Field::AccessLevel => 2,
            Field::FileType => 3,
            Field::Trashed => 4,
            Field::Quarantined => 5,
            Field::Folder => 6,
            Field::CollaboratorsOrganization => 7,
            _ => return None,
        };
        self.codes.get(place).copied().flatten()
    }

    #[inline]
    fn instant(&self, field: Field) -> Option<i64> {
        let place = match field {
            Field::Modified => 0,
            Field::Created => 1,
            Field::Snapshot => 2,
            _ => return None,
        };
        self.times.get(place).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::AccessLevel;
    use label_core::{AppId, FileId, FileKey};

    #[test]
    fn an_extract_says_what_the_record_says() {
        let key = FileKey::new(AppId::BOX, 3, FileId::parse("1").unwrap());
        let mut record = FileRecord::new(key, "a.pdf");
        record.access_level = Some(AccessLevel::Public);
        record.mime_type = Some("application/pdf".into());
        record.quarantined = true;
        record.modified_ms = Some(1);
        record.snapshot_ms = Some(3);
        let table = FileTypeTable::default();
        let needs = Needs {
            file_type: true,
            file_types: table,
        };
        let extract = Extract::new(&record, needs);
        for field in CODE_FIELDS {
            assert_eq!(
                extract.code(field),
                (&record, table).code(field),
                "{field:?}"
            );
        }
        for field in [Field::Modified, Field::Created, Field::Snapshot] {
            let expected = (&record, table).instant(field);
            assert_eq!(extract.instant(field), expected, "{field:?}");
        }
    }
}
