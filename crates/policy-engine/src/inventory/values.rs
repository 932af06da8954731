//! What filters look at, as numbers beside the records: equal values have one number, so that a
//! condition is asked once for each value instead of once for each record.

use std::sync::Arc;

use label_core::PolicyId;

use super::columns::LabelSetId;
use super::interner::Interner;
use crate::field::Field;
use crate::file_type::FileType;
use crate::fold;
use crate::record::{AccessLevel, EntityKey, FileRecord, FileStatus, ScanWarnings};

/// A part of a record that is numbered as a whole. Names, paths and identities are not: hardly two
/// files share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    State,
    Instance,
    Kind,
    Extension,
    OwnerOrgUnit,
    OwnerAddress,
    OwnerEntities,
    Folders,
    Domains,
    Groups,
    Collaborators,
    CollaboratorEntities,
    MatchedPolicies,
}

/// How many parts there are.
const PARTS: usize = Part::ALL.len();

/// All numbers of one record: first the parts in their order.
pub(crate) type ValueNumbers = [u32; 16];

/// Where the number of the app stands in a row.
pub(crate) const APP: usize = PARTS;

/// Where the number of the labels stands in a row.
pub(crate) const LABELS: usize = PARTS + 1;

impl Part {
    pub(crate) const ALL: [Self; 13] = [
        Self::State,
        Self::Instance,
        Self::Kind,
        Self::Extension,
        Self::OwnerOrgUnit,
        Self::OwnerAddress,
        Self::OwnerEntities,
        Self::Folders,
        Self::Domains,
        Self::Groups,
        Self::Collaborators,
        Self::CollaboratorEntities,
        Self::MatchedPolicies,
    ];

    /// The part that a field looks at.
    pub(crate) fn of_field(field: Field) -> Option<Self> {
        Some(match field {
            Field::AccessLevel
            | Field::ScanWarning
            | Field::Trashed
            | Field::Quarantined
            | Field::Folder
            | Field::CollaboratorsOrganization => Self::State,
            Field::Instance => Self::Instance,
            Field::FileType | Field::MimeType => Self::Kind,
            Field::Extension => Self::Extension,
            Field::OwnerOrgUnit => Self::OwnerOrgUnit,
            Field::OwnerUsername => Self::OwnerAddress,
            Field::OwnerEntity => Self::OwnerEntities,
            Field::ParentFolder => Self::Folders,
            Field::CollaboratorsWithDomain | Field::CollaboratorsDomains => Self::Domains,
            Field::CollaboratorsGroups => Self::Groups,
            Field::CollaboratorsUsers => Self::Collaborators,
            Field::CollaboratorsEntity => Self::CollaboratorEntities,
            Field::MatchedPolicy => Self::MatchedPolicies,
            // App and labels have columns of their own.
            Field::App
            | Field::Label
            | Field::Modified
            | Field::Created
            | Field::Snapshot
            | Field::FileName
            | Field::FileId
            | Field::AllowDeleted
            | Field::Path => return None,
        })
    }
}

/// What one part of a record is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    State {
        access_level: Option<AccessLevel>,
        status: FileStatus,
        warnings: ScanWarnings,
        is_folder: bool,
        quarantined: bool,
        shared_with_organization: bool,
    },
    Instance(u32),
    Kind {
        file_type: Option<FileType>,
        is_folder: bool,
        mime_type: Option<Arc<str>>,
    },
    Extension(Option<Box<str>>),
    OwnerOrgUnit(Option<Arc<str>>),
    OwnerAddress(Option<Arc<str>>),
    OwnerEntities(Box<[EntityKey]>),
    Folders {
        parents: Box<[Arc<str>]>,
        ancestors: Option<Box<[Arc<str>]>>,
    },
    Domains(Box<[Arc<str>]>),
    Groups(Box<[Arc<str>]>),
    Collaborators(Box<[Arc<str>]>),
    CollaboratorEntities(Box<[EntityKey]>),
    MatchedPolicies(Box<[PolicyId]>),
}

impl Value {
    /// A record's value of this part.
    pub(crate) fn of(part: Part, record: &FileRecord) -> Self {
        match part {
            Part::State => Self::State {
                access_level: record.access_level,
                status: record.status,
                warnings: record.warnings,
                is_folder: record.is_folder,
                quarantined: record.quarantined,
                shared_with_organization: record.shared_with_organization,
            },
            Part::Instance => Self::Instance(record.key.instance),
            Part::Kind => Self::Kind {
                file_type: record.file_type,
                is_folder: record.is_folder,
                mime_type: record.mime_type.clone(),
            },
            Part::Extension => Self::Extension(record.extension().map(Box::from)),
            Part::OwnerOrgUnit => Self::OwnerOrgUnit(record.owner_org_unit.clone()),
            Part::OwnerAddress => Self::OwnerAddress(record.owner_address.clone()),
            Part::OwnerEntities => Self::OwnerEntities(record.owner_entities.as_slice().into()),
            Part::Folders => Self::Folders {
                parents: record.parent_folders.as_slice().into(),
                ancestors: record.ancestor_folders.as_deref().map(Box::from),
            },
            Part::Domains => Self::Domains(record.domains.as_slice().into()),
            Part::Groups => Self::Groups(record.groups.as_slice().into()),
            Part::Collaborators => Self::Collaborators(record.collaborators.as_slice().into()),
            Part::CollaboratorEntities => {
                Self::CollaboratorEntities(record.collaborator_entities.as_slice().into())
            }
            Part::MatchedPolicies => {
                Self::MatchedPolicies(record.matched_policies.as_slice().into())
            }
        }
    }

    /// Gives a record this value. Conditions on this part then say of it what they say of every
    /// record with the value.
    pub(crate) fn put_into(&self, record: &mut FileRecord) {
        match self.clone() {
            Self::State {
                access_level,
                status,
                warnings,
                is_folder,
                quarantined,
                shared_with_organization,
            } => {
                record.access_level = access_level;
                record.status = status;
                record.warnings = warnings;
                record.is_folder = is_folder;
                record.quarantined = quarantined;
                record.shared_with_organization = shared_with_organization;
            }
            Self::Instance(instance) => record.key.instance = instance,
            Self::Kind {
                file_type,
                is_folder,
                mime_type,
            } => {
                record.file_type = file_type;
                record.is_folder = is_folder;
                record.mime_type = mime_type;
            }
            Self::Extension(extension) => {
                record.name = "".into();
                record.reported_extension = extension.map(Arc::from);
            }
            Self::OwnerOrgUnit(unit) => record.owner_org_unit = unit,
            Self::OwnerAddress(address) => record.owner_address = address,
            Self::OwnerEntities(entities) => record.owner_entities = entities.into(),
            Self::Folders { parents, ancestors } => {
                record.parent_folders = parents.into();
                record.ancestor_folders = ancestors.map(Vec::from);
            }
            Self::Domains(domains) => record.domains = domains.into(),
            Self::Groups(groups) => record.groups = groups.into(),
            Self::Collaborators(people) => record.collaborators = people.into(),
            Self::CollaboratorEntities(entities) => record.collaborator_entities = entities.into(),
            Self::MatchedPolicies(policies) => record.matched_policies = policies.into(),
        }
    }
}

/// The numbers of all records' values, times, and the beginnings of names: one row for each record,
/// in the order of the records.
#[derive(Clone, Debug, Default)]
pub(crate) struct NumberedValues {
    known: [Interner<Value>; PARTS],
    numbers: [Vec<u32>; PARTS],
    /// The same again, and app and labels: what is known of one record lies in one line of memory.
    rows: Vec<ValueNumbers>,
    /// Modified, created, snapshot.
    times: [Vec<Option<i64>>; 3],
    name_starts: Vec<u64>,
}

impl NumberedValues {
    pub(super) fn push(&mut self, record: &FileRecord, app: u32, labels: LabelSetId) {
        let mut row = [0; 16];
        let parts = Part::ALL.iter().zip(&mut self.known).zip(&mut self.numbers);
        for (((part, known), numbers), cell) in parts.zip(&mut row) {
            *cell = number(known, Value::of(*part, record));
            numbers.push(*cell);
        }
        self.rows.push(with_others(row, app, labels));
        for (times, time) in self.times.iter_mut().zip(times(record)) {
            times.push(time);
        }
        self.name_starts.push(fold::start(&record.name));
    }

    pub(super) fn set(&mut self, at: usize, record: &FileRecord, app: u32, labels: LabelSetId) {
        let mut row = [0; 16];
        let parts = Part::ALL.iter().zip(&mut self.known).zip(&mut self.numbers);
        for (((part, known), numbers), number_of_part) in parts.zip(&mut row) {
            if let Some(cell) = numbers.get_mut(at) {
                *number_of_part = number(known, Value::of(*part, record));
                known.release(std::mem::replace(cell, *number_of_part));
            }
        }
        if let Some(cell) = self.rows.get_mut(at) {
            *cell = with_others(row, app, labels);
        }
        for (times, time) in self.times.iter_mut().zip(times(record)) {
            if let Some(cell) = times.get_mut(at) {
                *cell = time;
            }
        }
        if let Some(cell) = self.name_starts.get_mut(at) {
            *cell = fold::start(&record.name);
        }
    }

    /// The last row takes the place of this one, which there is.
    pub(super) fn swap_remove(&mut self, at: usize) {
        if at >= self.name_starts.len() {
            return;
        }
        for (known, numbers) in self.known.iter_mut().zip(&mut self.numbers) {
            known.release(numbers.swap_remove(at));
        }
        self.rows.swap_remove(at);
        for times in &mut self.times {
            times.swap_remove(at);
        }
        self.name_starts.swap_remove(at);
    }

    /// Every record's number for a part.
    pub(crate) fn numbers(&self, part: Part) -> &[u32] {
        self.numbers.get(part as usize).map_or(&[], Vec::as_slice)
    }

    /// Every record's row.
    pub(crate) fn rows(&self) -> &[ValueNumbers] {
        &self.rows
    }

    /// The values of a part, by number.
    pub(crate) fn known(&self, part: Part) -> Option<&Interner<Value>> {
        self.known.get(part as usize)
    }

    /// Every record's time, for a field of times.
    pub(crate) fn times(&self, field: Field) -> &[Option<i64>] {
        let place = match field {
            Field::Modified => 0,
            Field::Created => 1,
            Field::Snapshot => 2,
            _ => return &[],
        };
        self.times.get(place).map_or(&[], Vec::as_slice)
    }

    /// The [`fold::start`] of every record's name.
    pub(crate) fn name_starts(&self) -> &[u64] {
        &self.name_starts
    }
}

/// The row with the numbers that are not those of parts.
fn with_others(mut row: ValueNumbers, app: u32, labels: LabelSetId) -> ValueNumbers {
    let others = row.iter_mut().skip(APP);
    others
        .zip([app, labels.number()])
        .for_each(|(cell, number)| *cell = number);
    row
}

fn number(known: &mut Interner<Value>, value: Value) -> u32 {
    // There are fewer records than numbers, and no more values than records.
    known.acquire(value, usize::MAX).unwrap_or(u32::MAX)
}

fn times(record: &FileRecord) -> [Option<i64>; 3] {
    [record.modified_ms, record.created_ms, record.snapshot_ms]
}
