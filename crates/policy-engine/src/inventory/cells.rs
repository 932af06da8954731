//! How many files there are for each label set, app and access level.

use std::collections::HashMap;

use super::columns::{LEVELS, LabelSetId, Level};

/// Most counters that lie side by side, four bytes each. A tenant has a few hundred combinations;
/// where there are more of them than this, counters are made as they are needed.
pub(super) const DENSE_CELLS_MAX: usize = 1 << 22;

/// Counters by label set, app and level.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    apps: usize,
    counters: Counters,
}

#[derive(Clone, Debug)]
enum Counters {
    Dense(Vec<u32>),
    /// At most one for each record.
    Sparse(HashMap<usize, u32>),
}

/// Some files that have label set, app and level in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) label_set: LabelSetId,
    pub(super) app: u32,
    /// Its place among the levels.
    pub(super) level: usize,
    pub(super) files: u64,
}

impl Cells {
    /// Counters for so many label set ids and apps, side by side if there are at most `dense_max`.
    pub(super) fn new(label_sets: usize, apps: usize, dense_max: usize) -> Self {
        let count = label_sets.saturating_mul(apps).saturating_mul(LEVELS);
        let counters = if count <= dense_max {
            Counters::Dense(vec![0; count])
        } else {
            Counters::Sparse(HashMap::new())
        };
        Self { apps, counters }
    }

    /// One file more.
    #[inline]
    pub(super) fn add(&mut self, label_set: LabelSetId, app: u32, level: Level) {
        let row = label_set.index().saturating_mul(self.apps) + app as usize;
        let index = row.saturating_mul(LEVELS) + level.index();
        match &mut self.counters {
            Counters::Dense(counters) => {
                if let Some(counter) = counters.get_mut(index) {
                    *counter += 1;
                }
            }
            Counters::Sparse(counters) => *counters.entry(index).or_default() += 1,
        }
    }

    /// The counters that count something, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Cell> {
        let (dense, sparse) = match &self.counters {
            Counters::Dense(counters) => (counters.as_slice(), None),
            Counters::Sparse(counters) => (&[][..], Some(counters)),
        };
        let sparse = sparse.into_iter().flatten();
        let counted = dense.iter().enumerate();
        counted
            .chain(sparse.map(|(index, files)| (*index, files)))
            .filter(|(_, files)| **files > 0)
            .map(|(index, files)| {
                let row = index / LEVELS;
                Cell {
                    label_set: LabelSetId::from_index(row / self.apps.max(1)),
                    app: u32::try_from(row % self.apps.max(1)).unwrap_or(u32::MAX),
                    level: index % LEVELS,
                    files: u64::from(*files),
                }
            })
    }
}
