//! One tenant's labels at one moment: checked, ordered, immutable.

mod build;
mod builder;
mod lookup;

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use crate::id::{LabelId, LabelKey, TenantId};
use crate::label::{Label, LabelState, Publication};

pub use builder::CatalogBuilder;

/// Most labels of one tenant. The product's advice is five with five sublabels each; exports with
/// more than a thousand exist.
pub const LABELS_MAX: usize = 10_000;

/// Deepest nesting that is kept. The product has two levels.
const DEPTH_MAX: usize = 16;

/// Something odd in a label list that did not make it unusable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CatalogDiagnostic {
    /// The label that it is about.
    pub label: LabelId,
    /// What was found and what was done about it.
    pub detail: String,
}

impl fmt::Display for CatalogDiagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "label `{}`: {}", self.label, self.detail)
    }
}

/// Where a label stands among all of its tenant's, deleted ones too: the larger, the more sensitive
/// (L-012).
///
/// Only places of one catalogue compare. Numbers to show are those of [`LabelCatalog::order`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    family: u32,
    within: u32,
}

impl Place {
    /// Whether the label belongs to a less sensitive family than the other: sublabels of one parent
    /// are of one level (L-011).
    pub const fn is_level_below(self, other: Self) -> bool {
        self.family < other.family
    }
}

/// A label with what the catalogue knows of it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) label: Label,
    pub(crate) path: String,
    pub(crate) place: Place,
    /// As in `place`, counting only what is not deleted.
    pub(crate) order: (u32, u32),
    /// The entry of its parent.
    pub(crate) above: Option<usize>,
    has_children: bool,
}

/// The labels of one tenant, as one immutable snapshot (R-058, R-062).
///
/// Share it behind an `Arc`: a reader holds one snapshot for the whole evaluation of a file and
/// never sees half of a refresh.
///
/// # Examples
///
/// ```
/// use label_core::{Label, LabelCatalog, LabelId, TenantId};
///
/// let tenant = TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a")?;
/// let confidential = Label::new(tenant, LabelId::from_u128(1), "Confidential");
/// let mut finance = Label::new(tenant, LabelId::from_u128(2), "Finance");
/// finance.parent = Some(confidential.key.label);
/// let (catalog, diagnostics) = LabelCatalog::build(tenant, vec![confidential, finance])?;
/// assert!(diagnostics.is_empty());
/// let label = catalog.find("confidential/finance")?;
/// assert_eq!(catalog.path(label.key.label), Some("Confidential/Finance"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LabelCatalog {
    tenant: TenantId,
    entries: Vec<Entry>,
    by_id: HashMap<LabelId, usize>,
    /// Folded paths of labels that are not deleted, sorted.
    by_path: Vec<(String, usize)>,
    /// The same by folded name, made when a name is first looked for that is no path.
    by_name: OnceLock<Vec<(String, usize)>>,
}

impl LabelCatalog {
    /// A catalogue without labels: before the first synchronisation.
    pub fn empty(tenant: TenantId) -> Self {
        Self {
            tenant,
            entries: Vec::new(),
            by_id: HashMap::new(),
            by_path: Vec::new(),
            by_name: OnceLock::new(),
        }
    }

    /// Whose labels these are.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// How many labels there are, deleted ones included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no label at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The labels in normalised order: least sensitive family first, a parent before its
    /// sublabels; deleted ones left out (R-189).
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        self.with_deleted()
            .filter(|label| label.state != LabelState::Deleted)
    }

    /// All labels, deleted ones included: for files that still carry one (R-190, A-045).
    pub fn with_deleted(&self) -> impl Iterator<Item = &Label> {
        self.entries.iter().map(|entry| &entry.label)
    }

    /// The label of this key: `None` for another tenant's key, even if the id is the same (L-001).
    pub fn label(&self, key: LabelKey) -> Option<&Label> {
        if key.tenant != self.tenant {
            return None;
        }
        self.by_id(key.label)
    }

    /// The label of this id in this tenant.
    pub fn by_id(&self, id: LabelId) -> Option<&Label> {
        self.entry(id).map(|entry| &entry.label)
    }

    /// `Parent/Child`, display names; a slash inside a name is written `~1`, a tilde `~0`.
    pub fn path(&self, id: LabelId) -> Option<&str> {
        self.entry(id).map(|entry| entry.path.as_str())
    }

    /// `(level, position)`, both without gaps among the labels that are not deleted (L-010): the
    /// numbers to show. A deleted label has those of the next one; to compare labels, take
    /// [`place`](Self::place).
    pub fn order(&self, id: LabelId) -> Option<(u32, u32)> {
        self.entry(id).map(|entry| entry.order)
    }

    /// Where the label stands, to be compared with others.
    pub fn place(&self, id: LabelId) -> Option<Place> {
        self.entry(id).map(|entry| entry.place)
    }

    /// Whether replacing `from` by `to` lowers the classification: removal always does, a move
    /// between sublabels of one parent never (L-011). `false` if either is unknown.
    pub fn is_downgrade(&self, from: LabelId, to: Option<LabelId>) -> bool {
        let Some(from) = self.place(from) else {
            return false;
        };
        match to {
            None => true,
            Some(to) => self.place(to).is_some_and(|to| to.is_level_below(from)),
        }
    }

    /// The most sensitive of these labels: by level, then by position, whatever their order; those
    /// that the catalogue doesn't have are passed over (L-012).
    ///
    /// # Examples
    ///
    /// ```
    /// use label_core::{Label, LabelCatalog, LabelId, TenantId};
    ///
    /// let tenant = TenantId::from_u128(1);
    /// let mut secret = Label::new(tenant, LabelId::from_u128(3), "Secret");
    /// secret.source_order = 1;
    /// let general = Label::new(tenant, LabelId::from_u128(2), "General");
    /// let (catalog, _) = LabelCatalog::build(tenant, vec![secret, general])?;
    /// let ids = [2, 3, 9].map(LabelId::from_u128);
    /// assert_eq!(catalog.max_label(ids), Some(LabelId::from_u128(3)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_label(&self, ids: impl IntoIterator<Item = LabelId>) -> Option<LabelId> {
        ids.into_iter()
            .filter_map(|id| Some((self.place(id)?, id)))
            .max()
            .map(|(_, id)| id)
    }

    /// The label that choosing this one means: itself, or the default sublabel of a heading (L-007).
    /// A default sublabel that is missing, disabled or somebody else's child means nothing.
    pub fn meant_by(&self, id: LabelId) -> LabelId {
        let sublabel = self
            .by_id(id)
            .and_then(|label| label.default_sublabel)
            .filter(|sublabel| self.default_sublabel_problem(id, *sublabel).is_none());
        sublabel.unwrap_or(id)
    }

    /// Why a heading's default sublabel means nothing.
    fn default_sublabel_problem(&self, id: LabelId, sublabel: LabelId) -> Option<&'static str> {
        let Some(label) = self.by_id(sublabel) else {
            return Some("is not in the list");
        };
        if label.parent != Some(id) {
            return Some("is not one of its sublabels");
        }
        (!label.state.is_active()).then_some("is disabled or deleted")
    }

    /// Whether the label has sublabels: then it is only their heading (R-131).
    pub fn has_sublabels(&self, id: LabelId) -> bool {
        self.entry(id).is_some_and(|entry| entry.has_children)
    }

    /// The colour of the label, else of its parent: the one setting that a sublabel inherits
    /// (L-008).
    pub fn color(&self, id: LabelId) -> Option<&str> {
        let mut at = self.entry(id)?;
        for _ in 0..=DEPTH_MAX {
            if let Some(color) = &at.label.color {
                return Some(color);
            }
            at = self.entries.get(at.above?)?;
        }
        None
    }

    /// Whether any label is published; a tenant without is worth a warning (R-033). A source that
    /// says nothing about publication counts as published.
    pub fn any_published(&self) -> bool {
        self.labels()
            .any(|label| label.publication != Publication::NotPublished)
    }

    /// The labels that a person may choose for a document: active, published or of unknown
    /// publication, for files, and not a heading (R-130, R-131).
    pub fn appliable(&self) -> impl Iterator<Item = &Label> {
        self.labels()
            .filter(|label| self.not_appliable(label.key.label).is_none())
    }

    /// Why the label can't be applied, or `None` if it can.
    pub fn not_appliable(&self, id: LabelId) -> Option<NotAppliable> {
        let Some(entry) = self.entry(id) else {
            return Some(NotAppliable::Unknown);
        };
        match entry.label.state {
            LabelState::Deleted => return Some(NotAppliable::Deleted),
            LabelState::Disabled => return Some(NotAppliable::Disabled),
            LabelState::Active | LabelState::Unknown => {}
        }
        let says_no = entry.label.is_appliable == Some(false);
        if entry.label.is_group || entry.has_children || says_no {
            return Some(NotAppliable::Heading);
        }
        if entry.label.publication == Publication::NotPublished {
            return Some(NotAppliable::NotPublished);
        }
        if !entry.label.targets.usable_for_files() {
            return Some(NotAppliable::NotForFiles);
        }
        None
    }

    fn entry(&self, id: LabelId) -> Option<&Entry> {
        self.by_id.get(&id).and_then(|&at| self.entries.get(at))
    }

    /// All labels in order, with what is known of them.
    #[cfg(feature = "sync")]
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Where in [`entries`](Self::entries) a label is.
    #[cfg(feature = "sync")]
    pub(crate) fn index_of(&self, id: LabelId) -> Option<usize> {
        self.by_id.get(&id).copied()
    }
}

/// Why a label can't be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotAppliable {
    /// No such label in the catalogue.
    Unknown,
    /// Another tenant's label (R-082).
    External,
    /// Disabled at the source (R-187).
    Disabled,
    /// Gone from the source.
    Deleted,
    /// In no label policy (R-031).
    NotPublished,
    /// A label group, or a label that has sublabels (R-131).
    Heading,
    /// Not for files.
    NotForFiles,
}

impl fmt::Display for NotAppliable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "no such label in the tenant's list",
            Self::External => "a label of another tenant",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
            Self::NotPublished => "not published",
            Self::Heading => "only the heading of its sublabels",
            Self::NotForFiles => "not for files",
        })
    }
}

#[cfg(test)]
mod tests;
