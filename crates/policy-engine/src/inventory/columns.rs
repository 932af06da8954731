//! What counting looks at, beside the records: nine bytes for each, so that a pass over a million
//! records reads nine megabytes and follows no pointer.

use crate::record::{AccessLevel, FileRecord, FileStatus};

/// Levels and "no level".
pub(crate) const LEVELS: usize = AccessLevel::ALL.len() + 1;

/// The level of a record that has none: behind the others.
const NO_LEVEL: u8 = 5;

/// Marks a deleted file, which counts only where a filter asks for it.
const DELETED: u8 = 0x80;

/// One row for each record, in the order of the records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    /// What labels it has: the number of a [`LabelSetId`].
    pub(crate) label_sets: Vec<u32>,
    /// The number of its app among the apps of the inventory.
    pub(crate) apps: Vec<u32>,
    pub(crate) levels: Vec<Level>,
}

/// The labels of a record as a number: "no label" and "never read" first, then the label sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LabelSetId(u32);

impl LabelSetId {
    /// Read, and no label found.
    pub(crate) const NO_LABEL: Self = Self(0);
    /// Nobody knows yet.
    pub(crate) const NEVER_READ: Self = Self(1);
    /// How many ids stand before those of the label sets.
    pub(crate) const RESERVED: u32 = 2;

    pub(crate) const fn number(self) -> u32 {
        self.0
    }

    /// The id of the label set with this number.
    pub(crate) fn of_set(number: u32) -> Self {
        Self(number.saturating_add(Self::RESERVED))
    }

    /// The number of the label set, if it is one.
    pub(crate) fn set(self) -> Option<u32> {
        self.0.checked_sub(Self::RESERVED)
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    /// The id with this index.
    pub(crate) fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }
}

/// The access level of a record, and whether the file is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level(u8);

impl Level {
    pub(crate) fn of(record: &FileRecord) -> Self {
        let level = record.access_level.map_or(NO_LEVEL, |level| level as u8);
        let is_deleted = record.status == FileStatus::Deleted;
        Self(if is_deleted { level | DELETED } else { level })
    }

    pub(crate) const fn is_deleted(self) -> bool {
        self.0 & DELETED != 0
    }

    /// Its place among the levels, less than [`LEVELS`].
    pub(crate) const fn index(self) -> usize {
        (self.0 & !DELETED) as usize
    }
}

impl Columns {
    pub(crate) fn push(&mut self, label_set: LabelSetId, app: u32, level: Level) {
        self.label_sets.push(label_set.0);
        self.apps.push(app);
        self.levels.push(level);
    }

    pub(crate) fn set(&mut self, at: usize, label_set: LabelSetId, app: u32, level: Level) {
        if let Some(cell) = self.label_sets.get_mut(at) {
            *cell = label_set.0;
        }
        if let Some(cell) = self.apps.get_mut(at) {
            *cell = app;
        }
        if let Some(cell) = self.levels.get_mut(at) {
            *cell = level;
        }
    }

    pub(crate) fn label_set(&self, at: usize) -> Option<LabelSetId> {
        self.label_sets.get(at).copied().map(LabelSetId)
    }

    /// Takes a row out and puts the last one in its place.
    pub(crate) fn swap_remove(&mut self, at: usize) -> Option<(LabelSetId, u32)> {
        if at >= self.levels.len() {
            return None;
        }
        self.levels.swap_remove(at);
        let label_set = LabelSetId(self.label_sets.swap_remove(at));
        Some((label_set, self.apps.swap_remove(at)))
    }

    /// All rows: label set, app, level.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (LabelSetId, u32, Level)> {
        let rows = self.label_sets.iter().zip(&self.apps).zip(&self.levels);
        rows.map(|((&label_set, &app), &level)| (LabelSetId(label_set), app, level))
    }
}
