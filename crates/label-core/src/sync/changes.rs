//! What is different between two of a tenant's catalogues (L-048).

use std::collections::HashMap;
use std::fmt;

use crate::catalog::LabelCatalog;
use crate::error::quote;
use crate::id::{LabelId, TenantId};
use crate::label::{Label, LabelProtection, Publication};
use crate::sync::error::ApplyError;

/// Level and position of a label ([`LabelCatalog::order`]).
pub type Rank = (u32, u32);

/// What happened to a label.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// A label that was never there before.
    Added,
    /// A deleted label is back (L-054).
    Restored,
    /// No longer listed; it stays as a deleted one (L-054).
    Removed,
    /// What people see has changed: the label's own name, or that of a label above it. A display
    /// name that appears with the text that the other name had is none (T-2).
    Renamed {
        /// The path before.
        from: String,
    },
    /// Only the name at the back end has changed (L-033).
    BackEndRenamed {
        /// The name before.
        from: String,
        /// The name now.
        to: String,
    },
    /// Disabled at the source.
    Disabled,
    /// In use again.
    Enabled,
    /// More or less sensitive than it was, against labels that are in both lists: labels that come
    /// or go reorder no others.
    Reordered {
        /// Where it was.
        from: Rank,
        /// Where it is.
        to: Rank,
    },
    /// Below another label, or no longer below one.
    Reparented {
        /// The parent before.
        from: Option<LabelId>,
        /// The parent now.
        to: Option<LabelId>,
    },
    /// Another protection: its kind, or its settings where the source has them.
    ProtectionChanged {
        /// The kind before.
        from: LabelProtection,
        /// The kind now.
        to: LabelProtection,
    },
    /// For other kinds of things, or no longer to be applied at all.
    TargetsChanged,
    /// Published, no longer published, or by other policies.
    PublicationChanged {
        /// Before.
        from: Publication,
        /// Now.
        to: Publication,
    },
    /// Everything else: texts, colour, languages, markings, settings, unknown members.
    Cosmetic,
}

/// One thing that happened to one label. A label may have several.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelChange {
    /// Which label.
    pub label: LabelId,
    /// Its path now; of a removed one, the path that it had.
    pub path: String,
    /// What happened.
    pub kind: ChangeKind,
}

/// For people: one line.
impl fmt::Display for LabelChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "label `{}`: ", quote(&self.path))?;
        match &self.kind {
            ChangeKind::Added => f.write_str("added"),
            ChangeKind::Restored => f.write_str("back again"),
            ChangeKind::Removed => f.write_str("removed"),
            ChangeKind::Renamed { from } => write!(f, "was `{}`", quote(from)),
            ChangeKind::BackEndRenamed { from, to } => write!(
                f,
                "its name at the back end was `{}` and is `{}`",
                quote(from),
                quote(to)
            ),
            ChangeKind::Disabled => f.write_str("disabled"),
            ChangeKind::Enabled => f.write_str("enabled"),
            ChangeKind::Reordered { from, to } => write!(
                f,
                "was at level {} place {} and is at level {} place {}",
                from.0, from.1, to.0, to.1
            ),
            ChangeKind::Reparented { to: None, .. } => f.write_str("now a top-level label"),
            ChangeKind::Reparented { to: Some(to), .. } => write!(f, "now below `{to}`"),
            ChangeKind::ProtectionChanged { .. } => f.write_str("protection changed"),
            ChangeKind::TargetsChanged => f.write_str("what it can be applied to changed"),
            ChangeKind::PublicationChanged { .. } => f.write_str("publication changed"),
            ChangeKind::Cosmetic => f.write_str("texts or settings changed"),
        }
    }
}

/// All that is different between two catalogues, and what it takes to make one into the other.
///
/// # Examples
///
/// ```
/// use label_core::sync::{ChangeKind, diff};
/// use label_core::{Label, LabelCatalog, LabelId, TenantId};
///
/// let tenant = TenantId::from_u128(1);
/// let label = |name| Label::new(tenant, LabelId::from_u128(2), name);
/// let (old, _) = LabelCatalog::build(tenant, vec![label("Internal")])?;
/// let (new, _) = LabelCatalog::build(tenant, vec![label("General")])?;
/// let changes = diff(&old, &new);
/// assert_eq!(changes.to_string(), "label `General`: was `Internal`\n");
/// assert!(changes.apply(&old)?.find("General").is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSet {
    pub(super) base: TenantId,
    pub(super) tenant: TenantId,
    pub(super) changes: Vec<LabelChange>,
    /// All labels of the new catalogue, deleted ones too, in its order.
    pub(super) order: Vec<LabelId>,
    /// Those of them that the old one has not, or has otherwise.
    pub(super) labels: Vec<Label>,
}

impl ChangeSet {
    /// The changes, by kind in the order of [`ChangeKind`], then by id.
    pub fn changes(&self) -> &[LabelChange] {
        &self.changes
    }

    /// Whether nothing happened that anybody could notice.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What happened to one label.
    pub fn of(&self, label: LabelId) -> impl Iterator<Item = &ChangeKind> {
        self.changes
            .iter()
            .filter(move |change| change.label == label)
            .map(|change| &change.kind)
    }

    /// The new catalogue, made from the old one.
    ///
    /// # Errors
    ///
    /// [`ApplyError`]: it is not the catalogue that the changes start from.
    pub fn apply(&self, base: &LabelCatalog) -> Result<LabelCatalog, ApplyError> {
        if base.tenant() != self.base {
            return Err(ApplyError::OtherTenant {
                tenant: base.tenant(),
            });
        }
        let changed: HashMap<LabelId, &Label> = self
            .labels
            .iter()
            .map(|label| (label.key.label, label))
            .collect();
        let labels = self
            .order
            .iter()
            .map(|id| {
                changed
                    .get(id)
                    .copied()
                    .or_else(|| base.by_id(*id))
                    .cloned()
                    .ok_or(ApplyError::Missing { label: *id })
            })
            .collect::<Result<Vec<Label>, ApplyError>>()?;
        Ok(LabelCatalog::build(self.tenant, labels)?.0)
    }
}

/// For people: a line for each change.
impl fmt::Display for ChangeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.changes
            .iter()
            .try_for_each(|change| writeln!(f, "{change}"))
    }
}
