//! Which files are counted, and the pass over them.

use std::sync::Arc;

use label_core::{LabelCatalog, LabelKey, LabelView};

use super::columns::{LabelSetId, Level};
use super::error::InventoryError;
use super::store::Inventory;
use crate::evaluate::Outcome;
use crate::filter::Filter;

/// Which files and which labels are counted. The default counts every file that is not deleted,
/// and every label.
#[derive(Clone, Debug, Default)]
pub struct Counting<'c> {
    /// Only files that this filter finds. Default: as an empty filter does, all that are not
    /// deleted.
    pub filter: Option<&'c Filter>,
    /// What relative dates of the filter are measured from, milliseconds UTC. Default: 0.
    pub now_ms: i64,
    /// Only labels from a chosen sensitivity upwards (R-024). Default: all labels.
    pub floor: Option<SensitivityFloor>,
    /// Leaves the owners out of the facets. Default: they are counted.
    pub without_owners: bool,
}

/// The labels of the tenant from a chosen one upwards, in the catalogue's order (R-024).
///
/// The chosen one is included. A heading stands before its sublabels, so that it includes them;
/// a label that was deleted keeps its place. Other tenants' labels and unknown ones have no place,
/// and are not included.
///
/// # Examples
///
/// ```
/// use label_core::{Label, LabelCatalog, LabelId, LabelView, TenantId};
/// use policy_engine::SensitivityFloor;
///
/// let tenant = TenantId::from_u128(1);
/// let general = Label::new(tenant, LabelId::from_u128(2), "General");
/// let mut secret = Label::new(tenant, LabelId::from_u128(3), "Secret");
/// secret.source_order = 1;
/// let keys = (general.key, secret.key);
/// let (catalog, _) = LabelCatalog::build(tenant, vec![general, secret])?;
///
/// let floor = SensitivityFloor::new(&LabelView::new(catalog.into()), keys.1)?;
/// assert!(floor.includes(keys.1));
/// assert!(!floor.includes(keys.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SensitivityFloor {
    catalog: Arc<LabelCatalog>,
    lowest: LabelKey,
}

impl SensitivityFloor {
    /// The labels from this one upwards.
    ///
    /// # Errors
    ///
    /// [`InventoryError::NotInCatalogue`] for another tenant's label, or an unknown one.
    pub fn new(labels: &LabelView, lowest: LabelKey) -> Result<Self, InventoryError> {
        let catalog = Arc::clone(labels.catalog());
        if catalog.label(lowest).is_none() {
            return Err(InventoryError::NotInCatalogue { label: lowest });
        }
        Ok(Self { catalog, lowest })
    }

    /// Whether a label is the chosen one, or more sensitive.
    pub fn includes(&self, label: LabelKey) -> bool {
        let place = |key: LabelKey| {
            self.catalog.label(key)?;
            self.catalog.place(key.label)
        };
        match (place(label), place(self.lowest)) {
            (Some(place), Some(lowest)) => place >= lowest,
            _ => false,
        }
    }
}

impl Counting<'_> {
    /// Whether a label is counted.
    pub(super) fn includes(&self, label: LabelKey) -> bool {
        self.floor
            .as_ref()
            .is_none_or(|floor| floor.includes(label))
    }
}

/// How a label set counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// For these labels, at least one.
    For(Vec<LabelKey>),
    NoLabel,
    NeverRead,
    /// It has labels, all of them below the floor or without a place.
    LessSensitive,
}

impl Inventory {
    /// How the label set ids count, each in its place.
    pub(super) fn counted(&self, counting: &Counting<'_>) -> Vec<Counted> {
        (0..self.label_set_ids())
            .map(|index| {
                let id = LabelSetId::from_index(index);
                match id {
                    LabelSetId::NO_LABEL => return Counted::NoLabel,
                    LabelSetId::NEVER_READ => return Counted::NeverRead,
                    _ => {}
                }
                let set = id.set().and_then(|set| self.label_sets.value(set));
                let labels = set.into_iter().flat_map(|set| set.iter().copied());
                let labels: Vec<LabelKey> =
                    labels.filter(|label| counting.includes(*label)).collect();
                if labels.is_empty() {
                    Counted::LessSensitive
                } else {
                    Counted::For(labels)
                }
            })
            .collect()
    }

    /// All label set ids are less.
    pub(crate) fn label_set_ids(&self) -> usize {
        LabelSetId::RESERVED as usize + self.label_sets.numbers_end()
    }

    /// Shows the position and the row of each file that is counted; how many files the filter
    /// could not decide about. Without a filter only the columns are read.
    pub(super) fn each_counted(
        &self,
        counting: &Counting<'_>,
        mut see: impl FnMut(usize, LabelSetId, u32, Level),
    ) -> u64 {
        let mut undecided = 0;
        let rows = self.columns.rows().enumerate();
        let Some(filter) = counting.filter else {
            for (at, (label_set, app, level)) in rows {
                if !level.is_deleted() {
                    see(at, label_set, app, level);
                }
            }
            return undecided;
        };
        let mut rows = rows;
        // Records come in their order, so the rows are passed over once.
        self.sweep_filter(filter, counting.now_ms).each_record(
            0,
            |record, outcome| match outcome {
                Outcome::Match => {
                    if let Some((at, (label_set, app, level))) = rows.find(|(at, _)| *at == record)
                    {
                        see(at, label_set, app, level);
                    }
                }
                _ => undecided += 1,
            },
        );
        undecided
    }
}
