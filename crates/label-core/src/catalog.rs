//! One tenant's labels at one moment: checked, ordered, immutable.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use crate::error::{CatalogError, LookupError};
use crate::id::{LabelId, LabelKey, TenantId};
use crate::label::{Label, LabelState, NAME_CHARS_MAX, Publication};

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

#[derive(Clone, Debug)]
struct Entry {
    label: Label,
    path: String,
    level: u32,
    position: u32,
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
    by_path: BTreeMap<String, usize>,
}

impl LabelCatalog {
    /// A catalogue without labels: before the first synchronisation.
    pub fn empty(tenant: TenantId) -> Self {
        Self {
            tenant,
            entries: Vec::new(),
            by_id: HashMap::new(),
            by_path: BTreeMap::new(),
        }
    }

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
        let mut unique: Vec<Label> = Vec::with_capacity(labels.len());
        let mut index: HashMap<LabelId, usize> = HashMap::with_capacity(labels.len());
        for mut label in labels {
            if label.key.tenant != tenant {
                return Err(CatalogError::OtherTenant {
                    label: label.key.label,
                    tenant: label.key.tenant,
                });
            }
            fill_name(&mut label);
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
        cut_bad_parents(&mut unique, &index, &mut diagnostics);
        let entries = order(unique, &index);
        let by_id = entries
            .iter()
            .enumerate()
            .map(|(at, entry)| (entry.label.key.label, at))
            .collect();
        // A map of sorted entries is built at once.
        let mut paths: Vec<(String, usize)> = entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.label.state != LabelState::Deleted)
            .map(|(at, entry)| (fold(&entry.path), at))
            .collect();
        paths.sort_unstable();
        let mut same: Vec<usize> = paths
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
        let by_path: BTreeMap<String, usize> = paths.into_iter().collect();
        let catalog = Self {
            tenant,
            entries,
            by_id,
            by_path,
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
    /// longer has (R-190, A-045). A label that comes back is active again.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build): this snapshot stays in force.
    pub fn refresh(
        &self,
        mut labels: Vec<Label>,
    ) -> Result<(Self, Vec<CatalogDiagnostic>), CatalogError> {
        let listed: HashSet<LabelId> = labels.iter().map(|label| label.key.label).collect();
        // Tombstones give way to real labels where the bound is near.
        let room = LABELS_MAX.saturating_sub(labels.len());
        let gone = self
            .with_deleted()
            .filter(|label| !listed.contains(&label.key.label))
            .take(room)
            .cloned()
            .map(|mut label| {
                label.state = LabelState::Deleted;
                label
            });
        labels.extend(gone.collect::<Vec<_>>());
        Self::build(self.tenant, labels)
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

    /// `(level, position)`: compare pairs to pick the most sensitive label, levels alone to see a
    /// downgrade (L-011, L-012).
    pub fn order(&self, id: LabelId) -> Option<(u32, u32)> {
        self.entry(id).map(|entry| (entry.level, entry.position))
    }

    /// Whether replacing `from` by `to` lowers the classification: removal always does, a move
    /// between sublabels of one parent never (L-011). `false` if either is unknown.
    pub fn is_downgrade(&self, from: LabelId, to: Option<LabelId>) -> bool {
        let Some((from_level, _)) = self.order(from) else {
            return false;
        };
        match to {
            None => true,
            Some(to) => self
                .order(to)
                .is_some_and(|(to_level, _)| to_level < from_level),
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
            .filter_map(|id| Some((self.order(id)?, id)))
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
        let mut at = self.by_id(id)?;
        for _ in 0..DEPTH_MAX {
            if let Some(color) = &at.color {
                return Some(color);
            }
            at = self.by_id(at.parent?)?;
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

    /// Finds a label by what a person writes: its id, its path `Parent/Child` (also with `\`), or
    /// its bare name where only one label has it (R-175, L-009). Letter case doesn't matter.
    ///
    /// # Errors
    ///
    /// [`LookupError`]: nothing has that name, with the nearest one as a suggestion, or several
    /// have it, with their paths.
    pub fn find(&self, text: &str) -> Result<&Label, LookupError> {
        let text = text.trim();
        if let Ok(id) = LabelId::parse(text) {
            return self
                .by_id(id)
                .ok_or_else(|| LookupError::unknown(text, None));
        }
        let wanted = fold(text);
        let by_path = |path: &str| {
            let at = *self.by_path.get(path)?;
            self.entries.get(at).map(|entry| &entry.label)
        };
        if let Some(label) = by_path(&wanted).or_else(|| by_path(&wanted.replace('\\', "/"))) {
            return Ok(label);
        }
        let hits: Vec<&Entry> = self
            .entries
            .iter()
            .filter(|entry| {
                entry.label.state != LabelState::Deleted && fold(entry.label.name()) == wanted
            })
            .collect();
        match hits.as_slice() {
            [] => Err(LookupError::unknown(text, self.nearest(&wanted))),
            [only] => Ok(&only.label),
            several => Err(LookupError::Ambiguous {
                text: crate::error::quote(text),
                paths: several.iter().map(|entry| entry.path.clone()).collect(),
            }),
        }
    }

    fn entry(&self, id: LabelId) -> Option<&Entry> {
        self.by_id.get(&id).and_then(|&at| self.entries.get(at))
    }

    /// The path that a typing mistake most likely meant.
    fn nearest(&self, wanted: &str) -> Option<String> {
        self.entries
            .iter()
            .filter(|entry| entry.label.state != LabelState::Deleted)
            .filter_map(|entry| {
                let by_path = edit_distance(wanted, &fold(&entry.path));
                let by_name = edit_distance(wanted, &fold(entry.label.name()));
                let distance = by_path.min(by_name);
                (distance <= 1 + wanted.chars().count() / 4).then_some((distance, &entry.path))
            })
            .min()
            .map(|(_, path)| path.clone())
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

fn diagnostic(label: LabelId, detail: String) -> CatalogDiagnostic {
    CatalogDiagnostic { label, detail }
}

/// Names compare without letter case.
fn fold(text: &str) -> String {
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

/// Parents that don't exist, point at the label itself or go round in a circle are cut (L-014).
fn cut_bad_parents(
    labels: &mut [Label],
    index: &HashMap<LabelId, usize>,
    diagnostics: &mut Vec<CatalogDiagnostic>,
) {
    let parent_of = |labels: &[Label], id: LabelId| {
        index
            .get(&id)
            .and_then(|&at| labels.get(at))
            .and_then(|label| label.parent)
    };
    for at in 0..labels.len() {
        let Some((id, parent)) = labels
            .get(at)
            .and_then(|label| Some((label.key.label, label.parent?)))
        else {
            continue;
        };
        let problem = if !index.contains_key(&parent) {
            Some("its parent is not in the list")
        } else {
            let mut above = Some(parent);
            let mut steps = 0;
            loop {
                match above {
                    None => break None,
                    Some(ancestor) if ancestor == id || steps == DEPTH_MAX => {
                        break Some("its parents go round in a circle or nest too deeply");
                    }
                    Some(ancestor) => above = parent_of(labels, ancestor),
                }
                steps += 1;
            }
        };
        if let (Some(problem), Some(label)) = (problem, labels.get_mut(at)) {
            label.parent = None;
            diagnostics.push(diagnostic(
                id,
                format!("{problem}; taken as a top-level label"),
            ));
        }
    }
}

/// Puts families in order and numbers them densely.
fn order(labels: Vec<Label>, index: &HashMap<LabelId, usize>) -> Vec<Entry> {
    let mut children: HashMap<Option<LabelId>, Vec<usize>> = HashMap::new();
    for (at, label) in labels.iter().enumerate() {
        children.entry(label.parent).or_default().push(at);
    }
    for siblings in children.values_mut() {
        // A stable sort: equal numbers keep the order of the list.
        siblings.sort_by_key(|&at| labels.get(at).map_or(0, |label| label.source_order));
    }
    let mut taken: Vec<Option<Label>> = labels.into_iter().map(Some).collect();
    let mut entries: Vec<Entry> = Vec::with_capacity(taken.len());
    let roots = children.get(&None).cloned().unwrap_or_default();
    for (level, root) in (0_u32..).zip(roots) {
        // Depth first, with the path so far. Parents were checked, so this ends.
        let mut stack = vec![(root, String::new())];
        let mut position = 0;
        while let Some((at, above)) = stack.pop() {
            let Some(label) = taken.get_mut(at).and_then(Option::take) else {
                continue;
            };
            let id = label.key.label;
            let name = label.name().replace('~', "~0").replace('/', "~1");
            let path = if above.is_empty() {
                name
            } else {
                format!("{above}/{name}")
            };
            let below = children.get(&Some(id)).cloned().unwrap_or_default();
            let has_children = below.iter().any(|&child| {
                taken
                    .get(child)
                    .and_then(Option::as_ref)
                    .is_some_and(|label| label.state != LabelState::Deleted)
            });
            stack.extend(below.into_iter().rev().map(|child| (child, path.clone())));
            entries.push(Entry {
                label,
                path,
                level,
                position,
                has_children,
            });
            position += 1;
        }
    }
    debug_assert_eq!(entries.len(), index.len(), "every label has a place");
    entries
}

/// Levenshtein distance, for suggestions. Both texts are names of bounded length.
fn edit_distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(NAME_CHARS_MAX).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, from) in one.chars().take(NAME_CHARS_MAX).enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&other) {
            let above = *cell;
            let cost = (diagonal + usize::from(from != *to))
                .min(above + 1)
                .min(left + 1);
            diagonal = above;
            left = cost;
            *cell = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::Targets;

    fn tenant() -> TenantId {
        TenantId::from_u128(0xa)
    }

    fn label(id: u128, name: &str, order: i64, parent: Option<u128>) -> Label {
        let mut label = Label::new(tenant(), LabelId::from_u128(id), name);
        label.source_order = order;
        label.parent = parent.map(LabelId::from_u128);
        label
    }

    fn catalog(labels: Vec<Label>) -> (LabelCatalog, Vec<CatalogDiagnostic>) {
        LabelCatalog::build(tenant(), labels).unwrap()
    }

    fn taxonomy() -> Vec<Label> {
        vec![
            label(3, "Confidential", 30, None),
            label(1, "Public", 10, None),
            label(2, "General", 20, None),
            label(32, "Finance", 32, Some(3)),
            label(31, "All Employees", 31, Some(3)),
            label(4, "Secret", 40, None),
            label(41, "All Employees", 41, Some(4)),
        ]
    }

    #[test]
    fn l_010_levels_are_dense_and_independent_of_the_numbers() {
        let (one, _) = catalog(taxonomy());
        let mut renumbered = taxonomy();
        for label in &mut renumbered {
            label.source_order = label.source_order * label.source_order + 7;
        }
        let (two, _) = catalog(renumbered);
        let expected = [
            (1, (0, 0)),
            (2, (1, 0)),
            (3, (2, 0)),
            (31, (2, 1)),
            (32, (2, 2)),
            (4, (3, 0)),
            (41, (3, 1)),
        ];
        for (id, order) in expected {
            let id = LabelId::from_u128(id);
            assert_eq!(one.order(id), Some(order));
            assert_eq!(two.order(id), Some(order));
        }
    }

    #[test]
    fn l_011_downgrade_by_level_only() {
        let (catalog, _) = catalog(taxonomy());
        let id = LabelId::from_u128;
        for (from, to, downgrade) in [
            (31, Some(32), false),
            (32, Some(31), false),
            (32, Some(41), false),
            (41, Some(32), true),
            (3, Some(1), true),
            (1, Some(4), false),
            (1, None, true),
            (99, Some(1), false),
        ] {
            assert_eq!(
                catalog.is_downgrade(id(from), to.map(id)),
                downgrade,
                "{from} to {to:?}"
            );
        }
    }

    #[test]
    fn r_175_find_by_id_path_and_unique_name() {
        let (catalog, _) = catalog(taxonomy());
        let id = |text: &str| catalog.find(text).map(|label| label.key.label.as_u128());
        assert_eq!(id("confidential"), Ok(3));
        assert_eq!(id("Confidential/Finance"), Ok(32));
        assert_eq!(id("Confidential\\Finance"), Ok(32));
        assert_eq!(id("Finance"), Ok(32));
        assert_eq!(id("00000000-0000-0000-0000-000000000020"), Ok(32));
        assert_eq!(
            id("All Employees").unwrap_err().to_string(),
            "`All Employees` names several labels: `Confidential/All Employees`, \
             `Secret/All Employees`"
        );
        assert_eq!(
            id("Confidental").unwrap_err().to_string(),
            "no label is called `Confidental`; did you mean `Confidential`?"
        );
        assert_eq!(
            id("Zebra").unwrap_err().to_string(),
            "no label is called `Zebra`"
        );
    }

    #[test]
    fn l_009_siblings_of_one_name_are_reported_not_lost() {
        let mut labels = taxonomy();
        labels.push(label(33, "Finance", 33, Some(3)));
        let (catalog, diagnostics) = catalog(labels);
        assert_eq!(catalog.len(), 8);
        assert_eq!(diagnostics.len(), 1);
        assert!(diagnostics[0].to_string().contains("`Finance`"));
    }

    #[test]
    fn l_014_cycles_and_missing_parents_become_top_level() {
        let (catalog, diagnostics) = catalog(vec![
            label(1, "A", 1, Some(2)),
            label(2, "B", 2, Some(1)),
            label(3, "C", 3, Some(3)),
            label(4, "D", 4, Some(99)),
            label(5, "E", 5, None),
        ]);
        assert_eq!(catalog.len(), 5);
        assert!(diagnostics.len() >= 3, "{diagnostics:?}");
        for id in [3, 4, 5] {
            assert!(
                catalog
                    .by_id(LabelId::from_u128(id))
                    .unwrap()
                    .parent
                    .is_none()
            );
        }
    }

    #[test]
    fn l_055_duplicates_merge_to_the_nested_form() {
        let mut labels = taxonomy();
        labels.push(label(32, "Finance", 32, None));
        let (catalog, diagnostics) = catalog(labels);
        assert_eq!(catalog.len(), 7);
        assert_eq!(
            catalog.path(LabelId::from_u128(32)),
            Some("Confidential/Finance")
        );
        assert_eq!(diagnostics.len(), 1);
    }

    #[test]
    fn r_130_picker_offers_what_can_be_applied() {
        let mut labels = taxonomy();
        labels[1].state = LabelState::Disabled;
        labels[2].publication = Publication::NotPublished;
        let mut site = label(5, "Site", 50, None);
        site.targets = Targets::parse("site");
        labels.push(site);
        let mut group = label(6, "Group", 60, None);
        group.is_group = true;
        labels.push(group);
        let mut gone = label(7, "Gone", 70, None);
        gone.state = LabelState::Deleted;
        labels.push(gone);
        let (catalog, _) = catalog(labels);
        let offered: Vec<u128> = catalog
            .appliable()
            .map(|label| label.key.label.as_u128())
            .collect();
        assert_eq!(offered, [31, 32, 41]);
        let why = |id| catalog.not_appliable(LabelId::from_u128(id));
        assert_eq!(why(1), Some(NotAppliable::Disabled));
        assert_eq!(why(2), Some(NotAppliable::NotPublished));
        assert_eq!(why(3), Some(NotAppliable::Heading));
        assert_eq!(why(5), Some(NotAppliable::NotForFiles));
        assert_eq!(why(6), Some(NotAppliable::Heading));
        assert_eq!(why(7), Some(NotAppliable::Deleted));
        assert_eq!(why(99), Some(NotAppliable::Unknown));
    }

    #[test]
    fn r_189_deleted_labels_are_not_listed_but_resolve() {
        let mut labels = taxonomy();
        labels[5].state = LabelState::Deleted;
        let (catalog, _) = catalog(labels);
        assert!(catalog.labels().all(|label| label.name() != "Secret"));
        assert_eq!(
            catalog.by_id(LabelId::from_u128(4)).unwrap().name(),
            "Secret"
        );
        assert!(catalog.find("Secret").is_err());
    }

    #[test]
    fn r_190_a_removed_label_stays_as_a_tombstone_and_returns() {
        let (first, _) = catalog(taxonomy());
        let secret = LabelId::from_u128(4);
        let without: Vec<Label> = taxonomy()
            .into_iter()
            .filter(|label| label.key.label != secret)
            .collect();
        let (second, _) = first.refresh(without.clone()).unwrap();
        assert_eq!(second.by_id(secret).unwrap().state, LabelState::Deleted);
        let (third, _) = second.refresh(without).unwrap();
        assert_eq!(third.by_id(secret).unwrap().state, LabelState::Deleted);
        let (back, _) = third.refresh(taxonomy()).unwrap();
        assert_eq!(back.by_id(secret).unwrap().state, LabelState::Active);
        assert_eq!(back.order(secret), first.order(secret));
    }

    #[test]
    fn r_065_changes_at_the_source_show_after_a_refresh() {
        let (first, _) = catalog(taxonomy());
        let mut labels = taxonomy();
        labels[0].display_name = Some("Internal only".to_owned());
        labels[1].state = LabelState::Disabled;
        labels.push(label(9, "New", 90, None));
        let (second, _) = first.refresh(labels).unwrap();
        assert!(second.find("Internal only/Finance").is_ok());
        assert!(second.find("Confidential").is_err());
        assert_eq!(second.find("Public").unwrap().state, LabelState::Disabled);
        assert!(second.find("New").is_ok());
    }

    #[test]
    fn l_008_colour_is_the_only_thing_inherited() {
        let mut labels = taxonomy();
        labels[0].color = Some("#FF8C00".to_owned());
        labels[0].tooltip = Some("heading".to_owned());
        let (catalog, _) = catalog(labels);
        let finance = LabelId::from_u128(32);
        assert_eq!(catalog.color(finance), Some("#FF8C00"));
        assert_eq!(catalog.by_id(finance).unwrap().tooltip, None);
        assert_eq!(catalog.color(LabelId::from_u128(1)), None);
    }

    #[test]
    fn l_001_another_tenants_key_does_not_resolve() {
        let (catalog, _) = catalog(taxonomy());
        let id = LabelId::from_u128(1);
        assert!(catalog.label(LabelKey::new(tenant(), id)).is_some());
        let other = LabelKey::new(TenantId::from_u128(0xb), id);
        assert!(catalog.label(other).is_none());
    }

    #[test]
    fn a_name_that_was_cut_stays_as_it_is_when_built_again() {
        let long = format!("{} {}", "x".repeat(NAME_CHARS_MAX - 1), "y");
        let (first, _) = catalog(vec![label(1, &long, 1, None)]);
        let (second, _) = catalog(first.labels().cloned().collect());
        assert!(first.labels().eq(second.labels()));
    }

    #[test]
    fn slashes_in_names_are_escaped_in_paths() {
        let (catalog, _) = catalog(vec![label(1, "R/D ~ draft", 1, None)]);
        assert_eq!(catalog.path(LabelId::from_u128(1)), Some("R~1D ~0 draft"));
        assert!(catalog.find("R~1D ~0 draft").is_ok());
        assert!(catalog.find("R/D ~ draft").is_ok());
    }

    #[test]
    fn a_label_of_another_tenant_is_refused() {
        let stray = Label::new(TenantId::from_u128(0xb), LabelId::from_u128(1), "X");
        assert!(matches!(
            LabelCatalog::build(tenant(), vec![stray]),
            Err(CatalogError::OtherTenant { .. })
        ));
    }

    #[test]
    fn l_005_the_display_name_comes_before_the_name_and_that_before_the_id() {
        for (display, back_end, expected) in [
            (Some("Shown"), Some("name"), "Shown".to_owned()),
            (None, Some("name"), "name".to_owned()),
            (Some(" "), Some(" name "), "name".to_owned()),
            (None, None, LabelId::from_u128(1).to_string()),
            (Some(""), Some(""), LabelId::from_u128(1).to_string()),
        ] {
            let mut one = label(1, "", 0, None);
            one.display_name = display.map(str::to_owned);
            one.back_end_name = back_end.map(str::to_owned);
            let (catalog, _) = catalog(vec![one]);
            let found = catalog.labels().next().unwrap();
            assert_eq!(found.name(), expected, "{display:?} {back_end:?}");
        }
    }

    #[test]
    fn l_009_names_are_those_of_siblings() {
        let (catalog, diagnostics) = catalog(vec![
            label(1, "Confidential", 0, None),
            label(2, "All Employees", 1, Some(1)),
            label(3, "Highly Confidential", 2, None),
            label(4, "All Employees", 3, Some(3)),
        ]);
        assert!(diagnostics.is_empty(), "under two parents: {diagnostics:?}");
        for path in ["Confidential\\All Employees", "confidential/all employees"] {
            assert_eq!(catalog.find(path).unwrap().key.label, LabelId::from_u128(2));
        }
        let error = catalog.find("All Employees").unwrap_err().to_string();
        assert!(error.contains("`Confidential/All Employees`"), "{error}");
        assert!(
            error.contains("`Highly Confidential/All Employees`"),
            "{error}"
        );
        let (_, diagnostics) = LabelCatalog::build(
            tenant(),
            vec![
                label(1, "Confidential", 0, None),
                label(2, "All Employees", 1, Some(1)),
                label(3, "all employees", 2, Some(1)),
            ],
        )
        .unwrap();
        assert!(
            diagnostics[0]
                .detail
                .contains("a sibling has the same name")
        );
    }

    #[test]
    fn l_007_a_heading_means_its_default_sublabel() {
        let heading = |sublabel: u128| {
            let mut label = label(1, "Confidential", 1, None);
            label.default_sublabel = Some(LabelId::from_u128(sublabel));
            label
        };
        let mut off = label(3, "Off", 3, Some(1));
        off.state = LabelState::Disabled;
        let rest = || {
            vec![
                label(2, "All", 2, Some(1)),
                off.clone(),
                label(4, "Other", 4, None),
            ]
        };
        for (sublabel, meant, problem) in [
            (2, 2, None),
            (3, 1, Some("is disabled or deleted")),
            (4, 1, Some("is not one of its sublabels")),
            (9, 1, Some("is not in the list")),
        ] {
            let mut labels = rest();
            labels.push(heading(sublabel));
            let (catalog, diagnostics) = catalog(labels);
            let id = LabelId::from_u128(1);
            assert_eq!(
                catalog.meant_by(id),
                LabelId::from_u128(meant),
                "{sublabel}"
            );
            assert_eq!(catalog.not_appliable(id), Some(NotAppliable::Heading));
            match problem {
                None => assert!(diagnostics.is_empty()),
                Some(problem) => {
                    assert!(diagnostics[0].detail.contains(problem), "{diagnostics:?}");
                }
            }
            let other = LabelId::from_u128(4);
            assert_eq!(catalog.meant_by(other), other);
        }
    }

    #[test]
    fn l_012_the_most_sensitive_by_level_then_position() {
        let (catalog, _) = catalog(vec![
            label(1, "General", 0, None),
            label(2, "Secret", 5, None),
            label(3, "A", 1, Some(2)),
            label(4, "B", 9, Some(2)),
        ]);
        let id = LabelId::from_u128;
        for (ids, expected) in [
            (vec![1, 3], Some(3)),
            (vec![3, 1], Some(3)),
            (vec![4, 3, 2], Some(4)),
            (vec![2, 1], Some(2)),
            (vec![9, 1], Some(1)),
            (vec![9], None),
            (vec![], None),
        ] {
            let found = catalog.max_label(ids.iter().copied().map(id));
            assert_eq!(found, expected.map(id), "{ids:?}");
            let found = catalog.max_label(ids.iter().rev().copied().map(id));
            assert_eq!(found, expected.map(id), "{ids:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_hierarchy_builds_without_losing_a_label(
            parents in proptest::collection::vec((0_u128..40, -5_i64..5, proptest::option::of(0_u128..45)), 0..60)
        ) {
            let labels: Vec<Label> = parents
                .iter()
                .map(|&(id, order, parent)| label(id, &format!("L{id}"), order, parent))
                .collect();
            let mut ids: Vec<u128> = parents.iter().map(|entry| entry.0).collect();
            ids.sort_unstable();
            ids.dedup();
            let (catalog, _) = catalog(labels);
            let mut kept: Vec<u128> = catalog
                .with_deleted()
                .map(|label| label.key.label.as_u128())
                .collect();
            kept.sort_unstable();
            proptest::prop_assert_eq!(ids, kept);
        }
    }
}
