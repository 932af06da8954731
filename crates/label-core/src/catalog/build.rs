//! Checking a list of labels and putting it in order.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::catalog::{CatalogDiagnostic, DEPTH_MAX, Entry, LABELS_MAX, LabelCatalog, Place};
use crate::error::CatalogError;
use crate::id::{LabelId, TenantId};
use crate::label::{Label, LabelState, NAME_CHARS_MAX};

impl LabelCatalog {
    /// Checks the labels and puts them in order.
    ///
    /// The order is normalised: `level` is the rank of the top-level ancestor, 0 the least
    /// sensitive, `position` the rank inside that family, the parent first. Whatever numbers the
    /// source uses, the same taxonomy gives the same order (L-010).
    ///
    /// Survivable oddities come back as diagnostics: a missing parent or a cycle makes the label a
    /// top-level one (L-014), an identical or conflicting duplicate is merged with the nested form
    /// winning (L-055), siblings of one name stay both (L-009).
    ///
    /// # Errors
    ///
    /// [`CatalogError`] if a label belongs to another tenant or there are more than
    /// [`LABELS_MAX`]; nothing is built, and the caller keeps what it had.
    pub fn build(
        tenant: TenantId,
        labels: Vec<Label>,
    ) -> Result<(Self, Vec<CatalogDiagnostic>), CatalogError> {
        if labels.len() > LABELS_MAX {
            return Err(CatalogError::TooManyLabels {
                count: labels.len(),
            });
        }
        let mut diagnostics = Vec::new();
        let mut labels = labels;
        let mut index: HashMap<LabelId, usize> = HashMap::with_capacity(labels.len());
        for (at, label) in labels.iter_mut().enumerate() {
            if label.key.tenant != tenant {
                return Err(CatalogError::OtherTenant {
                    label: label.key.label,
                    tenant: label.key.tenant,
                });
            }
            fill_name(label);
            index.insert(label.key.label, at);
        }
        // Labels are large, and stay where they are in a list that names each once.
        let mut unique = match index.len() == labels.len() {
            true => labels,
            false => merge(labels, &mut index, &mut diagnostics),
        };
        cut_bad_parents(&mut unique, &index, &mut diagnostics);
        let (entries, places) = order(unique);
        // The ids stay; each is somewhere else now.
        let mut by_id = index;
        for at in by_id.values_mut() {
            *at = places.get(*at).copied().unwrap_or(usize::MAX);
        }
        let mut by_path: Vec<(String, usize)> = entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.label.state != LabelState::Deleted)
            .map(|(at, entry)| (fold(&entry.path), at))
            .collect();
        by_path.sort_unstable();
        let mut same: Vec<usize> = by_path
            .windows(2)
            .filter_map(|pair| match pair {
                [(one, _), (other, at)] if one == other => Some(*at),
                _ => None,
            })
            .collect();
        same.sort_unstable();
        for entry in same.into_iter().filter_map(|at| entries.get(at)) {
            diagnostics.push(diagnostic(
                entry.label.key.label,
                format!("a sibling has the same name `{}`", entry.label.name()),
            ));
        }
        let catalog = Self {
            tenant,
            entries,
            by_id,
            by_path,
            by_name: OnceLock::new(),
        };
        for label in catalog.labels() {
            let id = label.key.label;
            let problem = label.default_sublabel.and_then(|sublabel| {
                Some((sublabel, catalog.default_sublabel_problem(id, sublabel)?))
            });
            if let Some((sublabel, problem)) = problem {
                let detail = format!("its default sublabel `{sublabel}` {problem}; ignored");
                diagnostics.push(diagnostic(id, detail));
            }
        }
        Ok((catalog, diagnostics))
    }

    /// The next snapshot: the labels of a fresh list, and as deleted ones those that the list no
    /// longer has. A label that comes back is active again.
    ///
    /// A deleted label stays behind the sibling that it stood behind, whatever numbers the fresh
    /// list has: a file that carries it is still compared by it.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build): this snapshot stays in force.
    pub fn refresh(
        &self,
        mut labels: Vec<Label>,
    ) -> Result<(Self, Vec<CatalogDiagnostic>), CatalogError> {
        let listed: HashMap<LabelId, (Option<LabelId>, i64)> = labels
            .iter()
            .map(|label| (label.key.label, (label.parent, label.source_order)))
            .collect();
        // Tombstones give way to real labels where the bound is near.
        let room = LABELS_MAX.saturating_sub(labels.len());
        // The number of the last sibling so far that is still there, by parent.
        let mut behind: HashMap<Option<LabelId>, i64> = HashMap::new();
        let mut gone = Vec::new();
        for label in self.with_deleted() {
            match listed.get(&label.key.label) {
                Some(&(parent, order)) if parent == label.parent => {
                    behind.insert(parent, order);
                }
                Some(_) => {}
                None if gone.len() < room => {
                    let mut label = label.clone();
                    label.state = LabelState::Deleted;
                    label.source_order = behind.get(&label.parent).copied().unwrap_or(i64::MIN);
                    gone.push(label);
                }
                None => {}
            }
        }
        // At the end of the list: of equal numbers, the later is the higher.
        labels.extend(gone);
        Self::build(self.tenant, labels)
    }
}

/// Each label once: the last of an id counts, at the place of the first, and with the first parent
/// that one of them has (L-055).
fn merge(
    labels: Vec<Label>,
    index: &mut HashMap<LabelId, usize>,
    diagnostics: &mut Vec<CatalogDiagnostic>,
) -> Vec<Label> {
    index.clear();
    let mut unique: Vec<Label> = Vec::with_capacity(labels.len());
    for label in labels {
        let id = label.key.label;
        match index.get(&id).and_then(|&at| unique.get_mut(at)) {
            None => {
                index.insert(id, unique.len());
                unique.push(label);
            }
            Some(first) => {
                if *first != label {
                    diagnostics.push(diagnostic(id, "listed twice; merged".to_owned()));
                }
                let parent = first.parent.or(label.parent);
                *first = label;
                first.parent = parent;
            }
        }
    }
    unique
}

fn diagnostic(label: LabelId, detail: String) -> CatalogDiagnostic {
    CatalogDiagnostic { label, detail }
}

/// Names compare without letter case.
pub(super) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// Empty and overlong names become usable ones (L-005).
fn fill_name(label: &mut Label) {
    for name in [&mut label.display_name, &mut label.back_end_name] {
        let is_usable = |text: &String| {
            !text.is_empty() && text.len() <= NAME_CHARS_MAX && text.trim().len() == text.len()
        };
        if name.as_ref().is_none_or(is_usable) {
            continue;
        }
        let usable = name
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(|text| text.chars().take(NAME_CHARS_MAX).collect::<String>())
            // The cut may end at a space, and a name must be the same when it is checked again.
            .map(|text| text.trim_end().to_owned());
        *name = usable;
    }
    if label.display_name.is_none() && label.back_end_name.is_none() {
        label.back_end_name = Some(label.key.label.to_string());
    }
}

/// How far the look at a label's parents is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    NotYet,
    UnderWay,
    /// Done: so many labels are above it.
    Depth(usize),
}

/// Parents that don't exist, go round in a circle or nest too deeply are cut (L-014): all of a
/// circle, so that the outcome does not hang on the order of the list (L-047).
fn cut_bad_parents(
    labels: &mut [Label],
    index: &HashMap<LabelId, usize>,
    diagnostics: &mut Vec<CatalogDiagnostic>,
) {
    let parents: Vec<Option<LabelId>> = labels.iter().map(|label| label.parent).collect();
    let parent_of = |at: usize| parents.get(at).copied().flatten();
    let mut looks = vec![Look::NotYet; labels.len()];
    let mut cuts: Vec<(usize, &str)> = Vec::new();
    let mut path = Vec::new();
    for start in 0..labels.len() {
        // Upwards, until something is known.
        let mut at = Some(start);
        let mut circle_from = None;
        while let Some(here) = at {
            match looks.get_mut(here) {
                Some(look @ Look::NotYet) => *look = Look::UnderWay,
                Some(Look::UnderWay) => {
                    circle_from = path.iter().position(|&known| known == here);
                    break;
                }
                _ => break,
            }
            path.push(here);
            at = parent_of(here).and_then(|parent| index.get(&parent).copied());
        }
        // And down again.
        while let Some(here) = path.pop() {
            let is_in_circle = circle_from.is_some_and(|from| path.len() >= from);
            let parent = parent_of(here);
            let above = parent.and_then(|parent| index.get(&parent));
            let depth = match above.and_then(|&above| looks.get(above)) {
                Some(Look::Depth(depth)) => depth + 1,
                _ => 0,
            };
            let problem = match (parent, above) {
                (Some(_), None) => Some("its parent is not in the list"),
                _ if is_in_circle => Some("its parents go round in a circle"),
                _ if depth > DEPTH_MAX => Some("it is nested too deeply"),
                _ => None,
            };
            if let Some(look) = looks.get_mut(here) {
                *look = Look::Depth(if problem.is_some() { 0 } else { depth });
            }
            cuts.extend(problem.map(|problem| (here, problem)));
        }
    }
    cuts.sort_unstable_by_key(|cut| cut.0);
    for (at, problem) in cuts {
        if let Some(label) = labels.get_mut(at) {
            label.parent = None;
            let detail = format!("{problem}; taken as a top-level label");
            diagnostics.push(diagnostic(label.key.label, detail));
        }
    }
}

/// Puts families in order and numbers them densely; and where each label came to be.
fn order(labels: Vec<Label>) -> (Vec<Entry>, Vec<usize>) {
    let mut children: HashMap<Option<LabelId>, Vec<usize>> = HashMap::new();
    for (at, label) in labels.iter().enumerate() {
        children.entry(label.parent).or_default().push(at);
    }
    for siblings in children.values_mut() {
        // A stable sort: equal numbers keep the order of the list.
        siblings.sort_by_key(|&at| labels.get(at).map_or(0, |label| label.source_order));
    }
    let mut places = vec![usize::MAX; labels.len()];
    let mut taken: Vec<Option<Label>> = labels.into_iter().map(Some).collect();
    let mut entries: Vec<Entry> = Vec::with_capacity(taken.len());
    let roots = children.remove(&None).unwrap_or_default();
    let mut level = 0;
    for (family, root) in (0_u32..).zip(roots) {
        // Depth first, with the path so far. Parents were checked, so this ends.
        let mut stack = vec![(root, None)];
        let mut within = 0;
        let mut position = 0;
        while let Some((at, above)) = stack.pop() {
            let Some(label) = taken.get_mut(at).and_then(Option::take) else {
                continue;
            };
            let name = label.name().replace('~', "~0").replace('/', "~1");
            let path = match above.and_then(|above: usize| entries.get(above)) {
                None => name,
                Some(above) => format!("{}/{name}", above.path),
            };
            let below = children.remove(&Some(label.key.label)).unwrap_or_default();
            let has_children = below.iter().any(|&child| {
                taken
                    .get(child)
                    .and_then(Option::as_ref)
                    .is_some_and(|label| label.state != LabelState::Deleted)
            });
            let here = Some(entries.len());
            if let Some(place) = places.get_mut(at) {
                *place = entries.len();
            }
            stack.extend(below.into_iter().rev().map(|child| (child, here)));
            let is_live = label.state != LabelState::Deleted;
            entries.push(Entry {
                label,
                path,
                place: Place { family, within },
                order: (level, position),
                above,
                has_children,
            });
            within += 1;
            position += u32::from(is_live);
        }
        level += u32::from(position > 0);
    }
    debug_assert_eq!(entries.len(), places.len(), "every label has a place");
    (entries, places)
}
