//! How two catalogues are compared (L-048).

use crate::catalog::{Entry, LabelCatalog};
use crate::label::{Label, LabelState};
use crate::sync::changes::{ChangeKind, ChangeSet, LabelChange, Rank};
use crate::sync::document::is_volatile;

/// Compares two catalogues by the ids of their labels.
///
/// The set is the same whatever numbers the sources use for the order and in whatever order they
/// list (L-047), and always makes the new catalogue from the old one ([`ChangeSet::apply`]).
pub fn diff(old: &LabelCatalog, new: &LabelCatalog) -> ChangeSet {
    // Everything below goes by the places in the two lists: ids are looked up once a label.
    let was_at: Vec<Option<usize>> = new
        .entries()
        .iter()
        .map(|entry| old.index_of(entry.label.key.label))
        .collect();
    let mut now_at: Vec<Option<usize>> = vec![None; old.len()];
    for (at, was) in was_at.iter().enumerate() {
        if let Some(now) = was.and_then(|was| now_at.get_mut(was)) {
            *now = Some(at);
        }
    }
    let before = Side::new(old.entries(), new.entries(), &now_at);
    let after = Side::new(new.entries(), old.entries(), &was_at);
    let mut changes = Vec::new();
    let mut altered = Vec::new();
    for ((at, entry), was_at) in new.entries().iter().enumerate().zip(&was_at) {
        let (label, id) = (&entry.label, entry.label.key.label);
        let was = was_at.and_then(|was| old.entries().get(was));
        let is_same = was.is_some_and(|was| was.label == *label);
        if !is_same {
            altered.push(label.clone());
        }
        if !is_live(entry) {
            continue;
        }
        let mut kinds = Vec::new();
        match was {
            None => kinds.push(ChangeKind::Added),
            Some(was) if !is_live(was) => kinds.push(ChangeKind::Restored),
            Some(was) => {
                if was.path != entry.path {
                    kinds.push(ChangeKind::Renamed {
                        from: was.path.clone(),
                    });
                }
                if !is_same {
                    compare(&was.label, label, &mut kinds);
                }
                let (from, to): (Rank, Rank) = (was.order, entry.order);
                let is_reordered = match was.label.parent == label.parent {
                    true => moved(at, &before, &after),
                    false => from.0 != to.0,
                };
                if is_reordered {
                    kinds.push(ChangeKind::Reordered { from, to });
                }
            }
        }
        changes.extend(kinds.into_iter().map(|kind| LabelChange {
            label: id,
            path: entry.path.clone(),
            kind,
        }));
    }
    for (entry, now_at) in old.entries().iter().zip(&now_at) {
        let now = now_at.and_then(|now| new.entries().get(now));
        if is_live(entry) && !now.is_some_and(is_live) {
            changes.push(LabelChange {
                label: entry.label.key.label,
                path: entry.path.clone(),
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
        labels: altered,
    }
}

fn is_live(entry: &Entry) -> bool {
    entry.label.state != LabelState::Deleted
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

/// One of the two catalogues, beside the other.
struct Side<'a> {
    entries: &'a [Entry],
    /// Where each label is in the other one.
    elsewhere: &'a [Option<usize>],
    /// The place of each label among its siblings, counting only those that both sides have below
    /// the same parent.
    places: Vec<Option<usize>>,
}

impl<'a> Side<'a> {
    fn new(entries: &'a [Entry], other: &'a [Entry], elsewhere: &'a [Option<usize>]) -> Self {
        // By the parent's place, the first for those without a parent.
        let mut counts = vec![0; entries.len() + 1];
        let places = entries
            .iter()
            .zip(elsewhere)
            .map(|(entry, at)| {
                let same = at.and_then(|at| other.get(at))?;
                let is_common =
                    is_live(entry) && is_live(same) && same.label.parent == entry.label.parent;
                let count = counts.get_mut(entry.above.map_or(0, |above| above + 1))?;
                is_common.then(|| {
                    let place = *count;
                    *count += 1;
                    place
                })
            })
            .collect();
        Self {
            entries,
            elsewhere,
            places,
        }
    }

    fn entry(&self, at: usize) -> Option<&'a Entry> {
        self.entries.get(at)
    }

    fn place(&self, at: usize) -> Option<usize> {
        self.places.get(at).copied().flatten()
    }

    fn elsewhere(&self, at: usize) -> Option<usize> {
        self.elsewhere.get(at).copied().flatten()
    }
}

/// Whether the label, or one above it that stayed above it, has another place among its siblings.
fn moved(label: usize, before: &Side<'_>, after: &Side<'_>) -> bool {
    let mut at = label;
    // Parents of a catalogue form no circle, so this ends.
    loop {
        let was = after.elsewhere(at);
        if was.and_then(|was| before.place(was)) != after.place(at) {
            return true;
        }
        let above = after.entry(at).and_then(|entry| entry.above);
        let Some((above, entry)) = above.and_then(|above| Some((above, after.entry(above)?)))
        else {
            return false;
        };
        if !is_live(entry) {
            return false;
        }
        at = above;
        let was = after.elsewhere(at).and_then(|was| before.entry(was));
        let stayed = was.is_some_and(|was| is_live(was) && was.label.parent == entry.label.parent);
        if !stayed {
            let level = |side: &Side<'_>, at: Option<usize>| {
                let entry = at.and_then(|at| side.entry(at));
                entry.map(|entry| entry.order.0)
            };
            return level(before, after.elsewhere(label)) != level(after, Some(label));
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
    for rest in [&mut rest_was, &mut rest_now] {
        rest.extras.retain(|name, _| !is_volatile(name));
    }
    if rest_was != rest_now {
        kinds.push(ChangeKind::Cosmetic);
    }
}
