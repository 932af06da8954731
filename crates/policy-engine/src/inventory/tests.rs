use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use label_core::{
    AppId, FileId, FileKey, Label, LabelCatalog, LabelId, LabelKey, LabelState, LabelView, TenantId,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::cells::Cells;
use super::columns::{LEVELS, LabelSetId, Level};
use super::interner::Interner;
use super::*;
use crate::check::BuildContext;
use crate::evaluate::Answer;
use crate::file_json::FileJson;
use crate::filter::Filter;
use crate::query::{Query, QueryOptions, SortDirection, SortField};
use crate::record::{AccessLevel, FileRecord, FileStatus, LabelScan};

const NOW_MS: i64 = 1_609_070_400_000;

fn own(id: u128) -> LabelKey {
    LabelKey::new(TenantId::from_u128(1), LabelId::from_u128(id))
}

fn foreign(id: u128) -> LabelKey {
    LabelKey::new(TenantId::from_u128(2), LabelId::from_u128(id))
}

/// From the least sensitive: General (3), Confidential (2) with Finance (5), Gone (4), which is
/// deleted, Secret (1). The ids are not in that order.
fn labels() -> LabelView {
    let mut order = 0;
    let mut label = |id: u128, name: &str| {
        let mut label = Label::new(TenantId::from_u128(1), LabelId::from_u128(id), name);
        label.source_order = order;
        order += 1;
        label
    };
    let mut all = vec![
        label(3, "General"),
        label(2, "Confidential"),
        label(5, "Finance"),
        label(4, "Gone"),
        label(1, "Secret"),
    ];
    all[2].parent = Some(LabelId::from_u128(2));
    all[3].state = LabelState::Deleted;
    LabelView::new(
        LabelCatalog::build(TenantId::from_u128(1), all)
            .unwrap()
            .0
            .into(),
    )
}

fn key(app: AppId, id: &str) -> FileKey {
    FileKey::new(app, 0, FileId::parse(id).unwrap())
}

fn file(app: AppId, id: &str, labels: &[LabelKey]) -> FileRecord {
    let mut file = FileRecord::new(key(app, id), format!("{id}.docx"));
    file.labels = labels.to_vec();
    file.label_scan = LabelScan::Done;
    file
}

fn inventory(records: impl IntoIterator<Item = FileRecord>) -> Inventory {
    let mut inventory = Inventory::new(InventoryOptions::default());
    for record in records {
        inventory.insert(record).unwrap();
    }
    inventory
}

fn query(value: &Value) -> Query {
    let labels = labels();
    Query::from_value(value, &BuildContext::new(&labels), &QueryOptions::default()).unwrap()
}

fn filter(value: &Value) -> Filter {
    Filter::build(value, &BuildContext::new(&labels())).unwrap()
}

fn ids(page: &Page<'_>) -> Vec<String> {
    let id = |record: &&FileRecord| record.key.file.to_string();
    page.records.iter().map(id).collect()
}

/// Labels that the tests know: own ones, a foreign one, one that nobody knows.
fn all_labels() -> Vec<LabelKey> {
    vec![own(1), own(2), own(3), own(4), own(5), own(99), foreign(1)]
}

prop_compose! {
    /// Few values of everything, so that they meet.
    fn any_file()(
        app in select(vec![AppId::BOX, AppId::ONEDRIVE, AppId::SHAREPOINT_ONLINE, AppId::DROPBOX]),
        id in 0..12_u32,
        labels in subsequence(all_labels(), 0..4),
        twice in any::<bool>(),
        scan in select(vec![LabelScan::Never, LabelScan::Pending, LabelScan::Done, LabelScan::Failed]),
        level in proptest::option::of(select(AccessLevel::ALL.to_vec())),
        owner in proptest::option::of(select(vec!["dana@a.example", "Dana@A.example", "kim@a.example", "lee@b.example"])),
        status in select(vec![FileStatus::Exists, FileStatus::Exists, FileStatus::Trashed, FileStatus::Deleted]),
        numbers in (proptest::option::of(-2..3_i64), proptest::option::of(0..3_u64)),
        name in select(vec!["", "a", "A", "Ää", "äb", "b"]),
    ) -> FileRecord {
        let mut file = FileRecord::new(key(app, &id.to_string()), name);
        file.labels = labels;
        if twice {
            file.labels.extend(file.labels.clone());
        }
        file.label_scan = scan;
        file.access_level = level;
        file.owner_address = owner.map(Into::into);
        file.status = status;
        (file.modified_ms, file.size_bytes) = numbers;
        file.created_ms = file.modified_ms;
        file
    }
}

fn any_filter() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({"allowDeleted": {"eq": true}}),
        json!({"trashed": {"eq": true}}),
        json!({"service": {"eq": [10489, 15600]}}),
        json!({"fileLabels": {"isset": true}}),
        json!({"fileLabels": {"neq": ["Secret"]}, "sharing": {"neq": [0]}}),
        json!({"modifiedDate": {"gte": 0}}),
    ])
}

/// The last record of each file.
fn last_of_each(records: &[FileRecord]) -> Vec<FileRecord> {
    let last: BTreeMap<FileKey, FileRecord> = records
        .iter()
        .map(|record| (record.key.clone(), record.clone()))
        .collect();
    last.into_values().collect()
}

/// Sorts everything, values and missing values apart, and cuts.
fn naive_listing(records: &[FileRecord], query: &Query) -> Vec<FileKey> {
    fn sorted<V: Ord>(
        records: Vec<&FileRecord>,
        descending: bool,
        value: impl Fn(&FileRecord) -> Option<V>,
    ) -> Vec<&FileRecord> {
        let (mut present, mut missing): (Vec<_>, Vec<_>) = records
            .into_iter()
            .partition(|record| value(record).is_some());
        present.sort_by(|one, other| one.key.cmp(&other.key));
        missing.sort_by(|one, other| one.key.cmp(&other.key));
        if descending {
            present.sort_by_key(|it| std::cmp::Reverse(value(it)));
        } else {
            present.sort_by_key(|it| value(it));
        }
        present.into_iter().chain(missing).collect()
    }
    let found: Vec<&FileRecord> = records
        .iter()
        .filter(|record| query.filter().answer(record, NOW_MS) == Answer::Yes)
        .collect();
    let down = query.sort_direction() == SortDirection::Descending;
    let all = match query.sort_field() {
        None => sorted(found, down, |it| Some(it.key.clone())),
        Some(SortField::Modified) => sorted(found, down, |it| it.modified_ms),
        Some(SortField::Created) => sorted(found, down, |it| it.created_ms),
        Some(SortField::Size) => sorted(found, down, |it| it.size_bytes),
        Some(SortField::AccessLevel) => sorted(found, down, |it| it.access_level),
        Some(SortField::App) => sorted(found, down, |it| Some(it.key.app)),
        Some(SortField::Name) => sorted(found, down, |it| {
            Some(it.name.to_lowercase()).filter(|name| !name.is_empty())
        }),
    };
    all.into_iter().map(|record| record.key.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn r_021_a_page_is_what_sorting_everything_and_cutting_gives(
        records in proptest::collection::vec(any_file(), 0..60),
        filters in any_filter(),
        field in proptest::option::of(select(SortField::ALL.to_vec())),
        direction in select(SortDirection::ALL.to_vec()),
        skip in 0..50_usize,
        limit in 1..20_usize,
    ) {
        let mut asked = json!({
            "filters": filters, "sortDirection": direction.name(), "skip": skip, "limit": limit
        });
        if let Some(field) = field {
            asked["sortField"] = field.name().into();
        }
        let query = query(&asked);
        let inventory = inventory(records.clone());
        let records = last_of_each(&records);
        let all = naive_listing(&records, &query);
        let page = inventory.answer(&query, NOW_MS);
        let expected: Vec<&FileKey> = all.iter().skip(skip).take(limit).collect();
        let found: Vec<&FileKey> = page.records.iter().map(|record| &record.key).collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(page.total, all.len());
        prop_assert_eq!(page.has_next, skip + limit < all.len());
        let unknown = records
            .iter()
            .filter(|record| query.filter().answer(record, NOW_MS) == Answer::Unknown);
        prop_assert_eq!(page.undecided, unknown.count());
    }

    #[test]
    fn r_021_pages_never_overlap_or_skip(
        records in proptest::collection::vec(any_file(), 0..60),
        field in select(SortField::ALL.to_vec()),
        direction in select(SortDirection::ALL.to_vec()),
        limit in 1..9_usize,
    ) {
        let inventory = inventory(records);
        let mut query = query(&json!({
            "sortField": field.name(), "sortDirection": direction.name(), "limit": limit
        }));
        let mut seen = Vec::new();
        loop {
            let page = inventory.answer(&query, NOW_MS);
            seen.extend(page.records.iter().map(|record| record.key.clone()));
            if !page.has_next {
                prop_assert_eq!(seen.len(), page.total);
                break;
            }
            prop_assert_eq!(page.records.len(), limit);
            let skip = query.skip() + limit;
            query = query.with_skip(skip);
        }
        let different: BTreeSet<&FileKey> = seen.iter().collect();
        prop_assert_eq!(different.len(), seen.len());
        let there = inventory.records().filter(|record| record.status != FileStatus::Deleted);
        prop_assert_eq!(seen.len(), there.count());
    }
}

#[test]
fn r_020_labelled_files_of_all_apps_in_one_listing() {
    let apps = [
        AppId::BOX,
        AppId::GOOGLE_WORKSPACE,
        AppId::ONEDRIVE,
        AppId::SHAREPOINT_ONLINE,
    ];
    let mut records: Vec<FileRecord> = apps
        .into_iter()
        .flat_map(|app| [file(app, "labelled", &[own(2)]), file(app, "bare", &[])])
        .collect();
    records.push(FileRecord::new(key(AppId::BOX, "unread"), "unread.docx"));
    let inventory = inventory(records);
    let query = query(&json!({"filters": {"fileLabels": {"isset": true}}}));
    let page = inventory.answer(&query, NOW_MS);
    let found: Vec<AppId> = page.records.iter().map(|record| record.key.app).collect();
    assert_eq!(found, apps);
    assert!(
        page.records
            .iter()
            .all(|record| record.key.file.as_str() == "labelled")
    );
    assert_eq!((page.total, page.has_next, page.undecided), (4, false, 1));
}

#[test]
fn r_021_a_page_in_the_products_form() {
    let inventory = inventory([file(AppId::BOX, "1", &[]), file(AppId::BOX, "2", &[own(2)])]);
    let query = query(&json!({"limit": 1, "sortDirection": "desc"}));
    let page = inventory.answer(&query, NOW_MS).to_value();
    assert_eq!(page["total"], 2);
    assert_eq!(page["hasNext"], true);
    let data = FileJson::values(&page.to_string()).unwrap();
    let read = FileJson::from_value(data[0].clone()).unwrap();
    assert_eq!(read.record, file(AppId::BOX, "2", &[own(2)]));
    assert_eq!(data.len(), 1);
}

#[test]
fn r_021_a_page_beyond_the_end_is_empty() {
    let inventory = inventory([file(AppId::BOX, "1", &[])]);
    for skip in [1, 2, 1_000] {
        let page = query(&json!({"skip": skip}));
        let page = inventory.answer(&page, NOW_MS);
        assert_eq!(
            (page.total, page.has_next, page.records.len()),
            (1, false, 0)
        );
    }
}

#[test]
fn r_008_r_022_labels_with_and_without_their_sublabels() {
    let inventory = inventory([
        file(AppId::BOX, "parent", &[own(2)]),
        file(AppId::BOX, "child", &[own(5)]),
        file(AppId::BOX, "other", &[own(3)]),
        file(AppId::BOX, "none", &[]),
    ]);
    for (operator, expected) in [
        ("eq", &["parent"][..]),
        ("descendantof", &["child", "parent"]),
    ] {
        let query = query(&json!({"filters": {"fileLabels": {operator: ["Confidential"]}}}));
        assert_eq!(
            ids(&inventory.answer(&query, NOW_MS)),
            expected,
            "{operator}"
        );
    }
}

#[test]
fn r_179_files_shared_where_they_should_not_be() {
    let mut outside = file(AppId::BOX, "outside", &[own(2)]);
    outside.access_level = Some(AccessLevel::External);
    outside.domains = vec!["contoso.example".into(), "elsewhere.example".into()];
    outside.collaborators = vec!["kim@elsewhere.example".into()];
    let mut inside = file(AppId::BOX, "inside", &[own(2)]);
    inside.access_level = Some(AccessLevel::Internal);
    inside.domains = vec!["contoso.example".into()];
    inside.collaborators = vec!["dana@contoso.example".into()];
    let inventory = inventory([outside, inside]);
    for filters in [
        json!({"sharing": {"eq": [2, 3, 4]}}),
        json!({"collaborators.withDomain": {"deq": ["contoso.example"]}}),
        json!({"collaborators.withDomain": {"eq": ["elsewhere.example"]}}),
        json!({"collaborators.users": {"eq": ["kim@elsewhere.example"]}}),
    ] {
        let query = query(&json!({"filters": filters}));
        assert_eq!(
            ids(&inventory.answer(&query, NOW_MS)),
            ["outside"],
            "{filters}"
        );
    }
}

/// Counts with maps, record by record.
#[derive(Debug, Default)]
struct NaiveCounts {
    files: u64,
    labels: HashMap<LabelKey, u64>,
    apps: HashMap<AppId, u64>,
    levels: HashMap<Option<AccessLevel>, u64>,
    owners: HashMap<Option<String>, u64>,
    crossed: HashMap<(LabelKey, AppId, Option<AccessLevel>), u64>,
    less_sensitive: u64,
    unlabelled: u64,
    never_read: u64,
    undecided: u64,
}

/// The sensitivity of the labels by hand.
fn naive_rank(label: LabelKey) -> Option<usize> {
    [own(3), own(2), own(5), own(4), own(1)]
        .iter()
        .position(|it| *it == label)
}

fn naive_counts(
    records: &[FileRecord],
    filter: Option<&Filter>,
    floor: Option<LabelKey>,
) -> NaiveCounts {
    let mut counts = NaiveCounts::default();
    for record in records {
        let answer = match filter {
            Some(filter) => filter.answer(record, NOW_MS),
            None => Answer::from(record.status != FileStatus::Deleted),
        };
        counts.undecided += u64::from(answer == Answer::Unknown);
        if answer != Answer::Yes {
            continue;
        }
        let carried: BTreeSet<LabelKey> = record.labels.iter().copied().collect();
        let counted: BTreeSet<LabelKey> = carried
            .iter()
            .copied()
            .filter(|label| match floor {
                Some(floor) => {
                    naive_rank(*label).is_some_and(|it| it >= naive_rank(floor).unwrap())
                }
                None => true,
            })
            .collect();
        if record.labels_unknown() {
            counts.never_read += 1;
        } else if carried.is_empty() {
            counts.unlabelled += 1;
        } else if counted.is_empty() {
            counts.less_sensitive += 1;
        }
        let (app, level) = (record.key.app, record.access_level);
        for label in &counted {
            *counts.labels.entry(*label).or_default() += 1;
            *counts.crossed.entry((*label, app, level)).or_default() += 1;
        }
        if floor.is_none() || !counted.is_empty() {
            counts.files += 1;
            *counts.apps.entry(app).or_default() += 1;
            *counts.levels.entry(level).or_default() += 1;
            let owner = record
                .owner_address
                .as_ref()
                .map(|owner| owner.to_lowercase());
            *counts.owners.entry(owner).or_default() += 1;
        }
    }
    counts
}

fn as_map<T: Clone + Eq + Hash>(list: &[FacetCount<T>]) -> HashMap<T, u64> {
    assert!(list.is_sorted_by_key(|it| std::cmp::Reverse(it.files)));
    let map: HashMap<T, u64> = list.iter().map(|it| (it.value.clone(), it.files)).collect();
    assert_eq!(map.len(), list.len());
    map
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn r_023_r_024_counts_are_those_of_counting_one_by_one(
        records in proptest::collection::vec(any_file(), 0..60),
        filters in proptest::option::of(any_filter()),
        floor in proptest::option::of(select(vec![own(1), own(2), own(3), own(4), own(5)])),
    ) {
        let inventory = inventory(records.clone());
        let filter = filters.as_ref().map(filter);
        let counting = Counting {
            filter: filter.as_ref(),
            now_ms: NOW_MS,
            floor: floor.map(|floor| SensitivityFloor::new(&labels(), floor).unwrap()),
            without_owners: false,
        };
        let naive = naive_counts(&last_of_each(&records), filter.as_ref(), floor);

        let facets = inventory.facets(&counting);
        prop_assert_eq!(facets.files, naive.files);
        prop_assert_eq!(as_map(&facets.labels), naive.labels.clone());
        prop_assert_eq!(as_map(&facets.apps), naive.apps);
        let mut levels: HashMap<Option<AccessLevel>, u64> = as_map(&facets.access_levels)
            .into_iter()
            .map(|(level, files)| (Some(level), files))
            .collect();
        if facets.level_unknown > 0 {
            levels.insert(None, facets.level_unknown);
        }
        prop_assert_eq!(levels, naive.levels);
        let mut owners: HashMap<Option<String>, u64> = as_map(&facets.owners)
            .into_iter()
            .map(|(owner, files)| (Some(owner.into()), files))
            .collect();
        if facets.owner_unknown > 0 {
            owners.insert(None, facets.owner_unknown);
        }
        prop_assert_eq!(owners, naive.owners);
        let without = inventory.facets(&Counting { without_owners: true, ..counting.clone() });
        prop_assert!(without.owners.is_empty() && without.owner_unknown == 0);
        prop_assert_eq!(&without.crossed, &facets.crossed);
        prop_assert_eq!(without.files, facets.files);
        let crossed: HashMap<_, u64> = facets
            .crossed
            .iter()
            .map(|it| ((it.label, it.app, it.access_level), it.files))
            .collect();
        prop_assert_eq!(crossed.len(), facets.crossed.len());
        prop_assert_eq!(crossed, naive.crossed.clone());
        let rest = |less, none, never, undecided| [less, none, never, undecided];
        let expected =
            rest(naive.less_sensitive, naive.unlabelled, naive.never_read, naive.undecided);
        prop_assert_eq!(
            rest(facets.less_sensitive, facets.unlabelled, facets.never_read, facets.undecided),
            expected
        );

        let exposure = inventory.exposure(&counting);
        let files = |count: ExposureCount| count.files;
        prop_assert_eq!(
            rest(
                files(exposure.less_sensitive),
                files(exposure.unlabelled),
                files(exposure.never_read),
                exposure.undecided
            ),
            expected
        );
        let parts = [
            exposure.labelled, exposure.less_sensitive, exposure.unlabelled, exposure.never_read
        ];
        prop_assert_eq!(parts.map(files).iter().sum::<u64>(), files(exposure.total));
        prop_assert_eq!(
            parts.map(|it| it.exposed()).iter().sum::<u64>(),
            exposure.total.exposed()
        );
        prop_assert_eq!(exposure.labels.len(), naive.labels.len());
        for LabelExposure { label, count } in exposure.labels {
            prop_assert_eq!(count.files, naive.labels[&label]);
            for (level, found) in [
                (Some(AccessLevel::External), count.external),
                (Some(AccessLevel::Public), count.public),
                (Some(AccessLevel::PublicInternet), count.public_internet),
                (None, count.level_unknown),
            ] {
                let of_level = naive.crossed.iter().filter(|((it, _, at), _)| {
                    *it == label && *at == level
                });
                prop_assert_eq!(found, of_level.map(|(_, files)| files).sum::<u64>());
            }
        }
    }

    #[test]
    fn r_023_counters_side_by_side_or_as_needed_count_the_same(
        rows in proptest::collection::vec((0..5_usize, 0..3_u32, any_file()), 0..40),
    ) {
        let count = |dense_max| {
            let mut cells = Cells::new(5, 3, dense_max);
            for (label_set, app, file) in &rows {
                cells.add(LabelSetId::from_index(*label_set), *app, Level::of(file));
            }
            let mut cells: Vec<_> = cells
                .iter()
                .map(|it| (it.label_set.index(), it.app, it.level, it.files))
                .collect();
            cells.sort_unstable();
            cells
        };
        let mut naive: BTreeMap<(usize, u32, usize), u64> = BTreeMap::new();
        for (label_set, app, file) in &rows {
            let level = file.access_level.map_or(LEVELS - 1, |level| level as usize);
            *naive.entry((*label_set, *app, level)).or_default() += 1;
        }
        let naive: Vec<_> = naive
            .into_iter()
            .map(|((set, app, level), files)| (set, app, level, files))
            .collect();
        prop_assert_eq!(&count(usize::MAX), &naive);
        prop_assert_eq!(&count(0), &naive);
    }

    /// Records come, change and go; what is left counts as if nothing else had ever been there.
    #[test]
    fn r_023_counts_follow_every_change(
        changes in proptest::collection::vec((any::<bool>(), any_file()), 0..80),
    ) {
        let mut changing = Inventory::new(InventoryOptions::default());
        let mut model: BTreeMap<FileKey, FileRecord> = BTreeMap::new();
        for (stays, record) in changes {
            let key = record.key.clone();
            if stays {
                let before = changing.insert(record.clone()).unwrap();
                prop_assert_eq!(before, model.insert(key, record));
            } else {
                prop_assert_eq!(changing.remove(&key), model.remove(&key));
            }
        }
        prop_assert_eq!(changing.len(), model.len());
        for (key, record) in &model {
            prop_assert_eq!(changing.record(key), Some(record));
        }
        let fresh = inventory(model.into_values());
        let counting = Counting::default();
        prop_assert_eq!(changing.facets(&counting), fresh.facets(&counting));
        prop_assert_eq!(changing.exposure(&counting), fresh.exposure(&counting));
        let everything = query(&json!({"filters": {"allowDeleted": {"eq": true}}}));
        prop_assert_eq!(
            ids(&changing.answer(&everything, NOW_MS)),
            ids(&fresh.answer(&everything, NOW_MS))
        );
        let all: Vec<FileKey> = changing.records().map(|record| record.key.clone()).collect();
        for key in &all {
            changing.remove(key);
        }
        prop_assert!(changing.is_empty());
        prop_assert_eq!(changing.facets(&counting), Facets::default());
    }
}

#[test]
fn r_023_a_table_of_exposure() {
    let shared = |id: &str, app: AppId, level: AccessLevel, labels: &[LabelKey]| {
        let mut file = file(app, id, labels);
        file.access_level = Some(level);
        file
    };
    let mut deleted = shared("5", AppId::BOX, AccessLevel::Public, &[own(2)]);
    deleted.status = FileStatus::Deleted;
    let inventory = inventory([
        shared("1", AppId::BOX, AccessLevel::Private, &[own(2)]),
        shared(
            "2",
            AppId::BOX,
            AccessLevel::External,
            &[own(2), foreign(1)],
        ),
        shared("3", AppId::ONEDRIVE, AccessLevel::PublicInternet, &[own(2)]),
        shared("4", AppId::ONEDRIVE, AccessLevel::Public, &[]),
        deleted,
        FileRecord::new(key(AppId::BOX, "6"), "never read.docx"),
    ]);
    let facets = inventory.facets(&Counting::default());
    let crossed: Vec<_> = facets
        .crossed
        .iter()
        .map(|it| (it.label, it.app, it.access_level, it.files))
        .collect();
    assert_eq!(
        crossed,
        [
            (own(2), AppId::BOX, Some(AccessLevel::Private), 1),
            (own(2), AppId::BOX, Some(AccessLevel::External), 1),
            (
                own(2),
                AppId::ONEDRIVE,
                Some(AccessLevel::PublicInternet),
                1
            ),
            (foreign(1), AppId::BOX, Some(AccessLevel::External), 1),
        ]
    );
    assert_eq!(
        (facets.files, facets.unlabelled, facets.never_read),
        (5, 1, 1)
    );

    let exposure = inventory.exposure(&Counting::default());
    assert_eq!(exposure.total.exposed(), 3);
    assert_eq!(exposure.labelled.exposed(), 2);
    assert_eq!(exposure.unlabelled.exposed(), 1);
    assert_eq!(exposure.never_read.level_unknown, 1);
    let by_label: Vec<_> = exposure
        .labels
        .iter()
        .map(|it| (it.label, it.count.files, it.count.exposed()))
        .collect();
    assert_eq!(by_label, [(own(2), 3, 2), (foreign(1), 1, 1)]);

    let box_only = filter(&json!({"service": {"eq": [AppId::BOX.0]}}));
    let counting = Counting {
        filter: Some(&box_only),
        ..Counting::default()
    };
    assert_eq!(inventory.exposure(&counting).total.exposed(), 1);
    let with_deleted = filter(&json!({"allowDeleted": {"eq": true}}));
    let counting = Counting {
        filter: Some(&with_deleted),
        ..Counting::default()
    };
    assert_eq!(inventory.exposure(&counting).total.exposed(), 4);
}

#[test]
fn r_024_only_labels_from_a_chosen_one_upwards() {
    let every = [own(3), own(2), own(5), own(4), own(1)];
    for (at, lowest) in every.into_iter().enumerate() {
        let floor = SensitivityFloor::new(&labels(), lowest).unwrap();
        for (rank, label) in every.into_iter().enumerate() {
            assert_eq!(floor.includes(label), rank >= at, "{label} from {lowest}");
        }
        assert!(!floor.includes(own(99)));
        // Another tenant's label with the id of a sensitive one.
        assert!(!floor.includes(foreign(1)));
    }
    for label in [own(99), foreign(1)] {
        let error = SensitivityFloor::new(&labels(), label).unwrap_err();
        assert_eq!(error, InventoryError::NotInCatalogue { label });
    }

    let inventory = inventory([
        file(AppId::BOX, "1", &[own(3), own(1)]),
        file(AppId::BOX, "2", &[own(3)]),
        file(AppId::ONEDRIVE, "3", &[foreign(1)]),
    ]);
    let floor = SensitivityFloor::new(&labels(), own(2)).unwrap();
    let facets = inventory.facets(&Counting {
        floor: Some(floor),
        ..Counting::default()
    });
    assert_eq!(as_map(&facets.labels), HashMap::from([(own(1), 1)]));
    assert_eq!(as_map(&facets.apps), HashMap::from([(AppId::BOX, 1)]));
    assert_eq!((facets.files, facets.less_sensitive), (1, 2));
}

#[test]
fn r_023_owners_beyond_the_bound_are_summed_up() {
    let mut inventory = Inventory::new(InventoryOptions {
        facet_owners_max: 2,
        ..InventoryOptions::default()
    });
    for (at, owner) in ["a@x", "B@x", "b@X", "b@x", "c@x", "c@x", "d@x"]
        .into_iter()
        .enumerate()
    {
        let mut file = file(AppId::BOX, &at.to_string(), &[]);
        file.owner_address = Some(owner.into());
        inventory.insert(file).unwrap();
    }
    inventory.insert(file(AppId::BOX, "nobody's", &[])).unwrap();
    let facets = inventory.facets(&Counting::default());
    let listed: Vec<_> = facets
        .owners
        .iter()
        .map(|it| (&*it.value, it.files))
        .collect();
    assert_eq!(listed, [("b@x", 3), ("c@x", 2)]);
    assert_eq!(
        (facets.other_owners.owners, facets.other_owners.files),
        (2, 2)
    );
    assert_eq!(facets.owner_unknown, 1);
}

#[test]
fn r_023_what_is_kept_is_bounded() {
    let mut inventory = Inventory::new(InventoryOptions {
        records_max: 3,
        label_sets_max: 1,
        apps_max: 1,
        ..InventoryOptions::default()
    });
    inventory
        .insert(file(AppId::BOX, "1", &[own(1), own(2)]))
        .unwrap();
    // The same labels in another order are the same set; no label and never read are none.
    inventory
        .insert(file(AppId::BOX, "2", &[own(2), own(1)]))
        .unwrap();
    inventory.insert(file(AppId::BOX, "3", &[])).unwrap();
    let full = inventory.clone();
    let mut refused = |record: FileRecord| {
        let error = inventory.insert(record).unwrap_err();
        let counting = Counting::default();
        assert_eq!(inventory.facets(&counting), full.facets(&counting));
        error
    };
    let other_set = file(AppId::BOX, "3", &[own(3)]);
    assert_eq!(
        refused(other_set),
        InventoryError::TooManyLabelSets { limit: 1 }
    );
    assert_eq!(
        refused(file(AppId::BOX, "4", &[])),
        InventoryError::Full { limit: 3 }
    );
    let many: Vec<LabelKey> = (0..=FILE_LABELS_MAX as u128).map(own).collect();
    let error = refused(file(AppId::BOX, "3", &many));
    assert!(
        matches!(error, InventoryError::TooManyLabels { count: 101, .. }),
        "{error}"
    );

    inventory.remove(&key(AppId::BOX, "3")).unwrap();
    let other_app = inventory.insert(file(AppId::ONEDRIVE, "3", &[own(1), own(2)]));
    assert_eq!(other_app, Err(InventoryError::TooManyApps { limit: 1 }));
    // The refused record left no use of its label set behind: when the last file with the set
    // takes another one, there is room.
    inventory.remove(&key(AppId::BOX, "1")).unwrap();
    inventory.insert(file(AppId::BOX, "2", &[own(3)])).unwrap();
    inventory.remove(&key(AppId::BOX, "2")).unwrap();
    inventory
        .insert(file(AppId::ONEDRIVE, "3", &[own(1)]))
        .unwrap();
    assert_eq!(inventory.len(), 1);
}

#[test]
fn r_023_numbers_of_values_are_used_again() {
    let mut interner = Interner::default();
    assert_eq!(interner.acquire("a", 2), Some(0));
    assert_eq!(interner.acquire("b", 2), Some(1));
    assert_eq!(interner.acquire("c", 2), None);
    assert_eq!(interner.acquire("a", 0), Some(0));
    interner.release(0);
    assert_eq!(interner.value(0), Some(&"a"));
    interner.release(0);
    assert_eq!(interner.value(0), None);
    assert_eq!(interner.acquire("c", 2), Some(0));
    assert_eq!((interner.numbers_end(), interner.uses(0)), (2, 1));
}
