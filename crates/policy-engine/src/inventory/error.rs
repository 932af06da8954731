//! What can go wrong with an inventory.

use label_core::{FileKey, LabelKey};
use thiserror::Error;

/// Why an inventory refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InventoryError {
    /// It has as many records as the options allow: remove some, or make it with a larger bound.
    #[error("the inventory has {limit} records, which is all it may have")]
    Full {
        /// [`InventoryOptions::records_max`](super::InventoryOptions::records_max), at most
        /// [`INVENTORY_RECORDS_MAX`](super::INVENTORY_RECORDS_MAX).
        limit: usize,
    },
    /// Its records have as many different combinations of labels as the options allow: remove
    /// records, or make it with a larger bound.
    #[error("the records have {limit} different label sets, which is all there may be")]
    TooManyLabelSets {
        /// [`InventoryOptions::label_sets_max`](super::InventoryOptions::label_sets_max).
        limit: usize,
    },
    /// Its records are of as many different apps as the options allow.
    #[error("the records are of {limit} different apps, which is all there may be")]
    TooManyApps {
        /// [`InventoryOptions::apps_max`](super::InventoryOptions::apps_max).
        limit: usize,
    },
    /// A record has more different labels than [`FILE_LABELS_MAX`](super::FILE_LABELS_MAX): leave
    /// out what nobody asks for, such as labels of other tenants.
    #[error("file `{file}` has {count} labels, at most {limit} are allowed")]
    TooManyLabels {
        /// The file.
        file: FileKey,
        /// How many different labels it has.
        count: usize,
        /// How many it may have.
        limit: usize,
    },
    /// The label has no place in the catalogue's order, so no label is above or below it: take one
    /// of the tenant's own.
    #[error("label `{label}` is not in the catalogue")]
    NotInCatalogue {
        /// The label.
        label: LabelKey,
    },
}
