//! How two catalogues are compared (L-048).

use std::collections::HashMap;

use crate::catalog::LabelCatalog;
use crate::id::LabelId;
use crate::label::{Label, LabelState};
use crate::sync::changes::{ChangeKind, ChangeSet, LabelChange, Rank};

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
pub(super) fn ranks(catalog: &LabelCatalog) -> HashMap<LabelId, Rank> {
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
