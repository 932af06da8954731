//! What is different between two of a tenant's catalogues (L-048).

use std::collections::HashMap;
use std::fmt;

use crate::catalog::LabelCatalog;
use crate::error::quote;
use crate::id::{LabelId, TenantId};
use crate::label::{Label, LabelProtection, LabelState, Publication};
use crate::sync::error::ApplyError;

/// Level and position of a label among those that are not deleted
/// ([`LabelCatalog::order`] counts the deleted ones too).
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
    base: TenantId,
    tenant: TenantId,
    changes: Vec<LabelChange>,
    /// All labels of the new catalogue, deleted ones too, in its order.
    order: Vec<LabelId>,
    /// Those of them that the old one has not, or has otherwise.
    labels: Vec<Label>,
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

/// Compares two catalogues by the ids of their labels.
///
/// The set is the same whatever numbers the sources use for the order and in whatever order they
/// list (L-047), and always makes the new catalogue from the old one ([`ChangeSet::apply`]).
pub fn diff(old: &LabelCatalog, new: &LabelCatalog) -> ChangeSet {
    let (before, after) = (Side::of(old), Side::of(new));
    let (old_places, new_places) = (
        before.places_among_common(&after),
        after.places_among_common(&before),
    );
    let mut changes = Vec::new();
    for label in new.labels() {
        let id = label.key.label;
        let mut kinds = Vec::new();
        match before.live.get(&id) {
            None if old.by_id(id).is_some() => kinds.push(ChangeKind::Restored),
            None => kinds.push(ChangeKind::Added),
            Some(&was) => {
                let from = old.path(id).unwrap_or_default();
                if Some(from) != new.path(id) {
                    kinds.push(ChangeKind::Renamed {
                        from: from.to_owned(),
                    });
                }
                if was != label {
                    compare(was, label, &mut kinds);
                }
                let ranks = (before.rank(id), after.rank(id));
                if was.parent != label.parent {
                    if ranks.0.0 != ranks.1.0 {
                        kinds.push(ChangeKind::Reordered {
                            from: ranks.0,
                            to: ranks.1,
                        });
                    }
                } else if moved(label, &before, &after, &old_places, &new_places) {
                    kinds.push(ChangeKind::Reordered {
                        from: ranks.0,
                        to: ranks.1,
                    });
                }
            }
        }
        let path = new.path(id).unwrap_or_default();
        changes.extend(kinds.into_iter().map(|kind| LabelChange {
            label: id,
            path: path.to_owned(),
            kind,
        }));
    }
    for label in old.labels() {
        let id = label.key.label;
        if !after.live.contains_key(&id) {
            changes.push(LabelChange {
                label: id,
                path: old.path(id).unwrap_or_default().to_owned(),
                kind: ChangeKind::Removed,
            });
        }
    }
    // One label has a kind once, so that kind and id make a total order.
    changes.sort_by(|one, other| {
        (place_of(&one.kind), one.label).cmp(&(place_of(&other.kind), other.label))
    });
    ChangeSet {
        base: old.tenant(),
        tenant: new.tenant(),
        changes,
        order: new.with_deleted().map(|label| label.key.label).collect(),
        labels: new
            .with_deleted()
            .filter(|label| old.by_id(label.key.label) != Some(label))
            .cloned()
            .collect(),
    }
}

/// The place of a kind in a set.
const fn place_of(kind: &ChangeKind) -> u8 {
    match kind {
        ChangeKind::Added => 0,
        ChangeKind::Restored => 1,
        ChangeKind::Removed => 2,
        ChangeKind::Renamed { .. } => 3,
        ChangeKind::BackEndRenamed { .. } => 4,
        ChangeKind::Disabled => 5,
        ChangeKind::Enabled => 6,
        ChangeKind::Reordered { .. } => 7,
        ChangeKind::Reparented { .. } => 8,
        ChangeKind::ProtectionChanged { .. } => 9,
        ChangeKind::TargetsChanged => 10,
        ChangeKind::PublicationChanged { .. } => 11,
        ChangeKind::Cosmetic => 12,
    }
}

/// A catalogue's labels that are not deleted, with their ranks.
struct Side<'a> {
    live: HashMap<LabelId, &'a Label>,
    order: Vec<&'a Label>,
    ranks: HashMap<LabelId, Rank>,
}

impl<'a> Side<'a> {
    fn of(catalog: &'a LabelCatalog) -> Self {
        Self {
            live: catalog
                .labels()
                .map(|label| (label.key.label, label))
                .collect(),
            order: catalog.labels().collect(),
            ranks: ranks(catalog),
        }
    }

    fn rank(&self, id: LabelId) -> Rank {
        self.ranks.get(&id).copied().unwrap_or_default()
    }

    /// The place of each label among its siblings, counting only those that both sides have below
    /// the same parent.
    fn places_among_common(&self, other: &Self) -> HashMap<LabelId, usize> {
        let mut counts: HashMap<Option<LabelId>, usize> = HashMap::new();
        let mut places = HashMap::with_capacity(self.order.len());
        for label in &self.order {
            let id = label.key.label;
            if other.live.get(&id).map(|same| same.parent) == Some(label.parent) {
                let count = counts.entry(label.parent).or_default();
                places.insert(id, *count);
                *count += 1;
            }
        }
        places
    }
}

/// Level and position of the labels that are not deleted, both without gaps.
pub(crate) fn ranks(catalog: &LabelCatalog) -> HashMap<LabelId, Rank> {
    let mut ranks = HashMap::with_capacity(catalog.len());
    let mut last: Option<(u32, Rank)> = None;
    for label in catalog.labels() {
        let id = label.key.label;
        let counted = catalog.order(id).unwrap_or_default().0;
        let rank = match last {
            None => (0, 0),
            Some((level, rank)) if level == counted => (rank.0, rank.1.saturating_add(1)),
            Some((_, rank)) => (rank.0.saturating_add(1), 0),
        };
        ranks.insert(id, rank);
        last = Some((counted, rank));
    }
    ranks
}

/// Whether the label, or one above it that stayed above it, has another place among its siblings.
fn moved(
    label: &Label,
    before: &Side<'_>,
    after: &Side<'_>,
    old_places: &HashMap<LabelId, usize>,
    new_places: &HashMap<LabelId, usize>,
) -> bool {
    let mut at = label;
    // Parents of a catalogue form no circle, so this ends.
    loop {
        let id = at.key.label;
        if old_places.get(&id) != new_places.get(&id) {
            return true;
        }
        match at.parent.and_then(|parent| after.live.get(&parent)) {
            None => return false,
            Some(above) => at = above,
        }
        let stayed = before
            .live
            .get(&at.key.label)
            .is_some_and(|was| was.parent == at.parent);
        if !stayed {
            return before.rank(label.key.label).0 != after.rank(label.key.label).0;
        }
    }
}

/// The changes in a label's own members.
fn compare(was: &Label, now: &Label, kinds: &mut Vec<ChangeKind>) {
    let (mut rest_was, mut rest_now) = (was.clone(), now.clone());
    if was.name() != now.name() {
        for rest in [&mut rest_was, &mut rest_now] {
            rest.display_name = None;
            rest.back_end_name = None;
        }
    } else if let (Some(_), Some(_), Some(from), Some(to)) = (
        &was.display_name,
        &now.display_name,
        &was.back_end_name,
        &now.back_end_name,
    ) && from != to
    {
        kinds.push(ChangeKind::BackEndRenamed {
            from: from.clone(),
            to: to.clone(),
        });
        rest_was.back_end_name = None;
        rest_now.back_end_name = None;
    }
    match (was.state, now.state) {
        (before, LabelState::Disabled) if before != LabelState::Disabled => {
            kinds.push(ChangeKind::Disabled);
            rest_was.state = now.state;
        }
        (LabelState::Disabled, after) if after != LabelState::Disabled => {
            kinds.push(ChangeKind::Enabled);
            rest_was.state = now.state;
        }
        _ => {}
    }
    if was.parent != now.parent {
        kinds.push(ChangeKind::Reparented {
            from: was.parent,
            to: now.parent,
        });
    }
    if (was.protection, &was.encryption) != (now.protection, &now.encryption) {
        kinds.push(ChangeKind::ProtectionChanged {
            from: was.protection,
            to: now.protection,
        });
    }
    let targets = |label: &Label| (label.targets.clone(), label.is_appliable, label.is_group);
    if targets(was) != targets(now) {
        kinds.push(ChangeKind::TargetsChanged);
    }
    if (was.publication, &was.published_in) != (now.publication, &now.published_in) {
        kinds.push(ChangeKind::PublicationChanged {
            from: was.publication,
            to: now.publication,
        });
    }
    for (rest, other) in [(&mut rest_was, now), (&mut rest_now, now)] {
        rest.parent = other.parent;
        rest.source_order = other.source_order;
        rest.protection = other.protection;
        rest.encryption.clone_from(&other.encryption);
        rest.targets = other.targets.clone();
        rest.is_appliable = other.is_appliable;
        rest.is_group = other.is_group;
        rest.publication = other.publication;
        rest.published_in.clone_from(&other.published_in);
        rest.key = other.key;
    }
    if rest_was != rest_now {
        kinds.push(ChangeKind::Cosmetic);
    }
}
