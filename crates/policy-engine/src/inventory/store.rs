//! The records of an inventory, and the columns beside them.

use std::collections::HashMap;
use std::sync::Arc;

use label_core::{AppId, FileKey, LabelKey};

use super::columns::{Columns, LabelSetId, Level};
use super::error::InventoryError;
use super::interner::Interner;
use super::values::NumberedValues;
use crate::record::FileRecord;

/// Most different labels of one file. Documents come from strangers; the product's own pictures show
/// three.
pub const FILE_LABELS_MAX: usize = 100;

/// Most records of any inventory, so that 32 bits number and count them.
pub const INVENTORY_RECORDS_MAX: usize = 4_000_000_000;

/// How much an inventory keeps and shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryOptions {
    /// Most records, up to [`INVENTORY_RECORDS_MAX`]. Default: 1,000,000.
    pub records_max: usize,
    /// Most different combinations of labels among the records. Default: 65,536.
    pub label_sets_max: usize,
    /// Most different apps among the records. Default: 1,024.
    pub apps_max: usize,
    /// Most owners that [`Facets`](super::Facets) lists, those with the most files; the rest is
    /// summed up. Default: 100.
    pub facet_owners_max: usize,
}

impl Default for InventoryOptions {
    fn default() -> Self {
        Self {
            records_max: 1_000_000,
            label_sets_max: 65_536,
            apps_max: 1_024,
            facet_owners_max: 100,
        }
    }
}

/// The files of all connected apps, in memory, to be searched and counted (R-020, R-023).
///
/// It keeps what it is given; reading files and keeping the records up to date is the caller's
/// work. `Send + Sync`; answering changes nothing.
///
/// # Examples
///
/// ```
/// use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, TenantId};
/// use policy_engine::{
///     AccessLevel, BuildContext, Counting, FileRecord, Inventory, InventoryOptions, Query,
///     QueryOptions,
/// };
///
/// let mut inventory = Inventory::new(InventoryOptions::default());
/// for (app, id, name) in [(AppId::BOX, "1", "Plan.docx"), (AppId::ONEDRIVE, "2", "Agenda.docx")] {
///     let mut file = FileRecord::new(FileKey::new(app, 0, FileId::parse(id)?), name);
///     file.access_level = Some(AccessLevel::Public);
///     inventory.insert(file)?;
/// }
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let text = r#"{"filters": {"sharing": {"eq": [3]}}, "sortField": "name", "limit": 1}"#;
/// let query = Query::from_json(text, &BuildContext::new(&labels), &QueryOptions::default())?;
/// let page = inventory.answer(&query, 0);
/// assert_eq!(page.total, 2);
/// assert!(page.has_next);
/// assert_eq!(&*page.records[0].name, "Agenda.docx");
///
/// assert_eq!(inventory.exposure(&Counting::default()).total.exposed(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    pub(super) options: InventoryOptions,
    /// Where each file's record is.
    positions: HashMap<FileKey, usize>,
    pub(crate) records: Vec<FileRecord>,
    pub(crate) columns: Columns,
    /// Sorted, no label twice, none empty.
    pub(crate) label_sets: Interner<Arc<[LabelKey]>>,
    pub(crate) apps: Interner<AppId>,
    pub(crate) values: NumberedValues,
}

impl Inventory {
    /// An inventory without records.
    pub fn new(options: InventoryOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// How much it keeps and shows.
    pub fn options(&self) -> &InventoryOptions {
        &self.options
    }

    /// How many records it has.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The place of a file's record among [`records`](Self::records), until the inventory changes.
    pub fn place(&self, key: &FileKey) -> Option<usize> {
        self.positions.get(key).copied()
    }

    /// The record of a file.
    pub fn record(&self, key: &FileKey) -> Option<&FileRecord> {
        self.records.get(*self.positions.get(key)?)
    }

    /// All records, in no particular order.
    pub fn records(&self) -> impl Iterator<Item = &FileRecord> {
        self.records.iter()
    }

    /// Takes in a record, in the place of the one that the file had; that one is given back.
    ///
    /// # Errors
    ///
    /// [`InventoryError::Full`], [`InventoryError::TooManyLabelSets`] and
    /// [`InventoryError::TooManyApps`] when a bound of the options is reached,
    /// [`InventoryError::TooManyLabels`] when the record has more than [`FILE_LABELS_MAX`]. Nothing
    /// was changed; the file's earlier record is still there.
    pub fn insert(&mut self, record: FileRecord) -> Result<Option<FileRecord>, InventoryError> {
        let at = self.positions.get(&record.key).copied();
        let limit = self.options.records_max.min(INVENTORY_RECORDS_MAX);
        if at.is_none() && self.records.len() >= limit {
            return Err(InventoryError::Full { limit });
        }
        let before = at.and_then(|at| self.columns.label_set(at));
        let label_set = self.acquire_label_set(&record, before)?;
        let limit = self.options.apps_max;
        let Some(app) = self.apps.acquire(record.key.app, limit) else {
            self.release_label_set(label_set);
            return Err(InventoryError::TooManyApps { limit });
        };
        let level = Level::of(&record);
        let Some(at) = at else {
            self.positions
                .insert(record.key.clone(), self.records.len());
            self.columns.push(label_set, app, level);
            self.values.push(&record, app, label_set);
            self.records.push(record);
            return Ok(None);
        };
        // The app is part of the key, so it is the one that the record before has acquired.
        self.apps.release(app);
        if let Some(before) = before {
            self.release_label_set(before);
        }
        self.columns.set(at, label_set, app, level);
        self.values.set(at, &record, app, label_set);
        let place = self.records.get_mut(at);
        Ok(place.map(|place| std::mem::replace(place, record)))
    }

    /// Takes a file's record out.
    pub fn remove(&mut self, key: &FileKey) -> Option<FileRecord> {
        let at = self.positions.remove(key)?;
        if at >= self.records.len() {
            return None;
        }
        let record = self.records.swap_remove(at);
        if let Some(moved) = self.records.get(at)
            && let Some(position) = self.positions.get_mut(&moved.key)
        {
            *position = at;
        }
        self.values.swap_remove(at);
        if let Some((label_set, app)) = self.columns.swap_remove(at) {
            self.release_label_set(label_set);
            self.apps.release(app);
        }
        Some(record)
    }

    /// The id of a record's labels. `before` is what it replaces: where nothing else uses that, its
    /// place will be free.
    fn acquire_label_set(
        &mut self,
        record: &FileRecord,
        before: Option<LabelSetId>,
    ) -> Result<LabelSetId, InventoryError> {
        if record.labels_unknown() {
            return Ok(LabelSetId::NEVER_READ);
        }
        if record.labels.is_empty() {
            return Ok(LabelSetId::NO_LABEL);
        }
        let mut labels = record.labels.clone();
        labels.sort_unstable();
        labels.dedup();
        if labels.len() > FILE_LABELS_MAX {
            return Err(InventoryError::TooManyLabels {
                file: record.key.clone(),
                count: labels.len(),
                limit: FILE_LABELS_MAX,
            });
        }
        let limit = self.options.label_sets_max;
        let will_be_free = before
            .and_then(LabelSetId::set)
            .is_some_and(|set| self.label_sets.uses(set) == 1);
        self.label_sets
            .acquire(labels.into(), limit.saturating_add(will_be_free.into()))
            .map(LabelSetId::of_set)
            .ok_or(InventoryError::TooManyLabelSets { limit })
    }

    fn release_label_set(&mut self, id: LabelSetId) {
        if let Some(set) = id.set() {
            self.label_sets.release(set);
        }
    }
}
