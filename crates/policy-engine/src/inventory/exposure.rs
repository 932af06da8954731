//! How many files are exposed, by label.

use std::collections::BTreeMap;

use label_core::LabelKey;

use super::cells::{Cell, Cells, DENSE_CELLS_MAX};
use super::counting::{Counted, Counting};
use super::store::Inventory;
use crate::record::AccessLevel;

/// Some files, and how many of them are exposed: External, Public or Public (Internet) (1.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExposureCount {
    /// All of them, exposed or not.
    pub files: u64,
    /// Shared with particular people outside.
    pub external: u64,
    /// Open to whoever has the link.
    pub public: u64,
    /// Open to anyone, and found by searching the Internet.
    pub public_internet: u64,
    /// Of unknown access level, which may be exposed.
    pub level_unknown: u64,
}

impl ExposureCount {
    /// How many are exposed.
    pub const fn exposed(&self) -> u64 {
        self.external + self.public + self.public_internet
    }

    fn add(&mut self, level: Option<AccessLevel>, files: u64) {
        self.files += files;
        match level {
            Some(AccessLevel::Private | AccessLevel::Internal) => {}
            Some(AccessLevel::External) => self.external += files,
            Some(AccessLevel::Public) => self.public += files,
            Some(AccessLevel::PublicInternet) => self.public_internet += files,
            None => self.level_unknown += files,
        }
    }
}

/// The exposed files of one label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelExposure {
    /// The label; [`LabelView::display_name`](label_core::LabelView::display_name) has its name,
    /// none for a deleted one.
    pub label: LabelKey,
    /// The files that carry it.
    pub count: ExposureCount,
}

/// How many files are exposed, by label: what [`Inventory::exposure`] finds.
///
/// Every file that the filter lets through is in `total`, and in one of `labelled`,
/// `less_sensitive`, `unlabelled` and `never_read`, once each. `labels` counts a file with several
/// labels once for each of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exposure {
    /// Without a floor the labelled files, with one those that carry a label from it upwards.
    pub labelled: ExposureCount,
    /// The same by label: the most exposed first, then the most files, then by key. At most
    /// [`FILE_LABELS_MAX`](super::FILE_LABELS_MAX) for each label set of the inventory.
    pub labels: Vec<LabelExposure>,
    /// Files with labels of which none is from the floor upwards; none without a floor.
    pub less_sensitive: ExposureCount,
    /// Files whose labels were read, and that have none.
    pub unlabelled: ExposureCount,
    /// Files whose labels were never read.
    pub never_read: ExposureCount,
    /// All files that the filter lets through.
    pub total: ExposureCount,
    /// Files that the filter can't decide about before their labels are read; counted nowhere else.
    pub undecided: u64,
}

impl Inventory {
    /// How many files are exposed, by label.
    ///
    /// Without a filter this is one pass over three columns of numbers, whatever the records are;
    /// with one, the filter is asked first, by a sweep.
    pub fn exposure(&self, counting: &Counting<'_>) -> Exposure {
        let counted = self.counted(counting);
        // One app for all of them: apps don't matter here.
        let mut cells = Cells::new(self.label_set_ids(), 1, DENSE_CELLS_MAX);
        let undecided = self.each_counted(counting, |_, label_set, _, level| {
            cells.add(label_set, 0, level);
        });
        let mut exposure = Exposure {
            undecided,
            ..Exposure::default()
        };
        let mut labels: BTreeMap<LabelKey, ExposureCount> = BTreeMap::new();
        for cell in cells.iter() {
            let level = cell.access_level();
            exposure.total.add(level, cell.files);
            let group = match counted.get(cell.label_set.index()) {
                Some(Counted::For(keys)) => {
                    for key in keys {
                        labels.entry(*key).or_default().add(level, cell.files);
                    }
                    &mut exposure.labelled
                }
                Some(Counted::LessSensitive) | None => &mut exposure.less_sensitive,
                Some(Counted::NoLabel) => &mut exposure.unlabelled,
                Some(Counted::NeverRead) => &mut exposure.never_read,
            };
            group.add(level, cell.files);
        }
        exposure.labels = labels
            .into_iter()
            .map(|(label, count)| LabelExposure { label, count })
            .collect();
        // Stable: equal ones stay in the order of their keys.
        exposure.labels.sort_by(|one, other| {
            let weight = |it: &LabelExposure| (it.count.exposed(), it.count.files);
            weight(other).cmp(&weight(one))
        });
        exposure
    }
}

impl Cell {
    /// The level of these files; nothing if it is unknown.
    pub(super) fn access_level(&self) -> Option<AccessLevel> {
        AccessLevel::ALL.get(self.level).copied()
    }
}
