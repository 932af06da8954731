//! How many files there are of each kind.

use std::collections::{BTreeMap, HashMap};

use label_core::{AppId, LabelKey};

use super::cells::{Cells, DENSE_CELLS_MAX};
use super::columns::LEVELS;
use super::counting::{Counted, Counting};
use super::store::Inventory;
use super::values::{Part, Value};
use crate::fold::fold;
use crate::record::AccessLevel;

/// How many files have one value: a label, an app, an access level, an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FacetCount<T> {
    /// The value.
    pub value: T,
    /// How many files have it.
    pub files: u64,
}

/// How many files have a label, an app and an access level in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrossCount {
    /// The label.
    pub label: LabelKey,
    /// The app.
    pub app: AppId,
    /// The access level; nothing if it is unknown.
    pub access_level: Option<AccessLevel>,
    /// How many files have all three, at least one.
    pub files: u64,
}

/// The owners that a facet does not list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherOwners {
    /// How many owners.
    pub owners: u64,
    /// How many files they have.
    pub files: u64,
}

/// How many files there are by label, app, access level and owner: what [`Inventory::facets`]
/// finds.
///
/// Lists have the value with the most files first, then come by value; values without files are
/// left out. A file with several labels counts once for each of them, and once everywhere else.
/// `files`, `less_sensitive`, `unlabelled` and `never_read` are the four parts of what the filter
/// lets through when there is a floor; without one, `files` is all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facets {
    /// The files that apps, levels and owners are counted of: without a floor all that the filter
    /// lets through, with one those that carry a label from it upwards.
    pub files: u64,
    /// By label.
    pub labels: Vec<FacetCount<LabelKey>>,
    /// By app.
    pub apps: Vec<FacetCount<AppId>>,
    /// By access level.
    pub access_levels: Vec<FacetCount<AccessLevel>>,
    /// Files of unknown access level.
    pub level_unknown: u64,
    /// By owner's address, letter case folded: at most
    /// [`InventoryOptions::facet_owners_max`](super::InventoryOptions::facet_owners_max).
    pub owners: Vec<FacetCount<Box<str>>>,
    /// The owners that are not listed.
    pub other_owners: OtherOwners,
    /// Files of unknown owner.
    pub owner_unknown: u64,
    /// By label, app and access level at once, ordered by them. At most one for each label of each
    /// file.
    pub crossed: Vec<CrossCount>,
    /// Files with labels of which none is from the floor upwards; none without a floor.
    pub less_sensitive: u64,
    /// Files whose labels were read, and that have none.
    pub unlabelled: u64,
    /// Files whose labels were never read.
    pub never_read: u64,
    /// Files that the filter can't decide about before their labels are read; counted nowhere else.
    pub undecided: u64,
}

impl Inventory {
    /// How many files there are by label, app, access level and owner, alone and by the first three
    /// at once.
    ///
    /// One pass over columns of numbers. Where there are many owners, putting them in order takes
    /// most of the time: [`Counting::without_owners`] leaves them out.
    pub fn facets(&self, counting: &Counting<'_>) -> Facets {
        let counted = self.counted(counting);
        let with_all = counting.floor.is_none();
        let is_counted: Vec<bool> = counted
            .iter()
            .map(|it| with_all || matches!(it, Counted::For(_)))
            .collect();
        let mut cells = Cells::new(
            self.label_set_ids(),
            self.apps.numbers_end(),
            DENSE_CELLS_MAX,
        );
        let owners = self.values.numbers(Part::OwnerAddress);
        let mut by_owner = vec![0; self.owner_numbers(counting)];
        let undecided = self.each_counted(counting, |at, label_set, app, level| {
            cells.add(label_set, app, level);
            if !by_owner.is_empty()
                && is_counted.get(label_set.index()) == Some(&true)
                && let Some(owner) = owners.get(at)
                && let Some(files) = by_owner.get_mut(*owner as usize)
            {
                *files += 1;
            }
        });
        let mut facets = Facets {
            undecided,
            ..Facets::default()
        };
        self.count_cells(&cells, &counted, &is_counted, &mut facets);
        self.count_owners(&by_owner, &mut facets);
        facets
    }

    /// How many numbers owners have; none where they are not counted.
    fn owner_numbers(&self, counting: &Counting<'_>) -> usize {
        if counting.without_owners {
            return 0;
        }
        let known = self.values.known(Part::OwnerAddress);
        known.map_or(0, |known| known.numbers_end())
    }

    /// Owners as they are spelt become owners as filters compare them.
    fn count_owners(&self, by_number: &[u64], facets: &mut Facets) {
        let mut owners: HashMap<Box<str>, u64> = HashMap::new();
        let known = self.values.known(Part::OwnerAddress).into_iter();
        for (number, value) in known.flat_map(|known| known.iter()) {
            let files = by_number.get(number).copied().unwrap_or(0);
            match value {
                _ if files == 0 => {}
                Value::OwnerAddress(Some(owner)) => {
                    *owners.entry(fold(owner)).or_default() += files
                }
                _ => facets.owner_unknown += files,
            }
        }
        let mut owners: Vec<(Box<str>, u64)> = owners.into_iter().collect();
        let most_first = |(one, files): &(Box<str>, u64), (other, more): &(Box<str>, u64)| {
            more.cmp(files).then_with(|| one.cmp(other))
        };
        let listed = self.options.facet_owners_max.min(owners.len());
        // Only those that are listed are put in order.
        if listed < owners.len() {
            owners.select_nth_unstable_by(listed, most_first);
            for (_, files) in owners.drain(listed..) {
                facets.other_owners.owners += 1;
                facets.other_owners.files += files;
            }
        }
        owners.sort_unstable_by(most_first);
        let counts = owners.into_iter();
        facets.owners = counts
            .map(|(value, files)| FacetCount { value, files })
            .collect();
    }

    fn count_cells(
        &self,
        cells: &Cells,
        counted: &[Counted],
        is_counted: &[bool],
        facets: &mut Facets,
    ) {
        let mut labels: BTreeMap<LabelKey, u64> = BTreeMap::new();
        let mut apps: BTreeMap<AppId, u64> = BTreeMap::new();
        let mut levels = [0; LEVELS];
        let mut crossed: BTreeMap<(LabelKey, AppId, usize), u64> = BTreeMap::new();
        for cell in cells.iter() {
            let at = cell.label_set.index();
            let (Some(how), Some(app)) = (counted.get(at), self.apps.value(cell.app)) else {
                continue;
            };
            match how {
                Counted::For(keys) => {
                    for key in keys {
                        *labels.entry(*key).or_default() += cell.files;
                        *crossed.entry((*key, *app, cell.level)).or_default() += cell.files;
                    }
                }
                Counted::NoLabel => facets.unlabelled += cell.files,
                Counted::NeverRead => facets.never_read += cell.files,
                Counted::LessSensitive => facets.less_sensitive += cell.files,
            }
            if is_counted.get(at) == Some(&true) {
                facets.files += cell.files;
                *apps.entry(*app).or_default() += cell.files;
                if let Some(level) = levels.get_mut(cell.level) {
                    *level += cell.files;
                }
            }
        }
        facets.labels = most_first(labels);
        facets.apps = most_first(apps);
        let known = AccessLevel::ALL.into_iter().zip(levels);
        facets.access_levels = most_first(known.filter(|(_, files)| *files > 0));
        facets.level_unknown = levels.last().copied().unwrap_or_default();
        facets.crossed = crossed
            .into_iter()
            .map(|((label, app, level), files)| CrossCount {
                label,
                app,
                access_level: AccessLevel::ALL.get(level).copied(),
                files,
            })
            .collect();
    }
}

/// The values come in their own order, and stay in it where files are equally many.
fn most_first<T>(counts: impl IntoIterator<Item = (T, u64)>) -> Vec<FacetCount<T>> {
    let mut list: Vec<FacetCount<T>> = counts
        .into_iter()
        .map(|(value, files)| FacetCount { value, files })
        .collect();
    list.sort_by_key(|count| std::cmp::Reverse(count.files));
    list
}
