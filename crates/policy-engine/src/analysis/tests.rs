use std::sync::Arc;

use label_core::{
    AppId, FileId, FileKey, Label, LabelCatalog, LabelId, LabelKey, LabelState, LabelView, TenantId,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::*;
use crate::check::BuildContext;
use crate::evaluate::Answer;
use crate::file_type::FileTypeTable;
use crate::record::{AccessLevel, FileRecord, LabelScan, ScanWarning, ScanWarnings};
use crate::set::PolicySet;

mod exact;
mod lints;
mod scopes;

const TENANT: TenantId = TenantId::from_u128(1);
const DAY: i64 = 86_400_000;

fn key(id: u128) -> LabelKey {
    LabelKey::new(TENANT, LabelId::from_u128(id))
}

/// Plain, Secret and Old, the last one disabled.
fn labels() -> LabelView {
    let mut order = 0;
    let mut label = |id: u128, name: &str| {
        let mut label = Label::new(TENANT, LabelId::from_u128(id), name);
        label.source_order = order;
        order += 1;
        label
    };
    let mut all = vec![label(1, "Plain"), label(2, "Secret"), label(3, "Old")];
    all[2].state = LabelState::Disabled;
    LabelView::new(LabelCatalog::build(TENANT, all).unwrap().0.into())
}

fn filter(filters: &Value) -> Filter {
    let labels = labels();
    Filter::build(filters, &BuildContext::new(&labels)).unwrap()
}

/// All values that the fields of a filter can have here: those that conditions name, and some that
/// none does.
fn universe(fields: &[String]) -> Vec<FileRecord> {
    let key_of = |app: u32| FileKey::new(AppId(app), 0, FileId::parse("1").unwrap());
    let mut first = FileRecord::new(key_of(1), "a");
    first.label_scan = LabelScan::Done;
    let mut records = vec![first];
    let mut vary = |change: &dyn Fn(&FileRecord) -> Vec<FileRecord>| {
        records = records.iter().flat_map(change).collect();
    };
    let with = |record: &FileRecord, set: &dyn Fn(&mut FileRecord)| {
        let mut record = record.clone();
        set(&mut record);
        record
    };
    let subsets = |all: &[&str]| -> Vec<Vec<Arc<str>>> {
        (0..1_u32 << all.len())
            .map(|bits| {
                let chosen = all.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
                chosen.map(|(_, text)| Arc::from(*text)).collect()
            })
            .collect()
    };
    for field in fields {
        match field.as_str() {
            "service" => vary(&|record| {
                (1..=4)
                    .map(|app| with(record, &|it| it.key = key_of(app)))
                    .collect()
            }),
            "sharing" => vary(&|record| {
                let levels = AccessLevel::ALL.map(Some).into_iter().chain([None]);
                levels
                    .map(|level| with(record, &|it| it.access_level = level))
                    .collect()
            }),
            "quarantined" => vary(&|record| {
                [false, true]
                    .map(|flag| with(record, &|it| it.quarantined = flag))
                    .into()
            }),
            "fileLabels" => vary(&|record| {
                (0..8_u128)
                    .map(|bits| {
                        with(record, &|it| {
                            let chosen = (0..3).filter(|at| bits >> at & 1 == 1);
                            it.labels = chosen.map(|at| key(at + 1)).collect();
                        })
                    })
                    .collect()
            }),
            "fileScanLabels" => vary(&|record| {
                (0..8_u32)
                    .map(|bits| {
                        with(record, &|it| {
                            let chosen = ScanWarning::ALL.into_iter().enumerate();
                            let chosen = chosen.filter(|(at, _)| bits >> at & 1 == 1);
                            it.warnings = chosen.map(|(_, one)| one).collect::<ScanWarnings>();
                        })
                    })
                    .collect()
            }),
            "collaborators.withDomain" => vary(&|record| {
                let all = subsets(&["a", "b", "c", "d"]);
                all.into_iter()
                    .map(|domains| with(record, &|it| it.domains = domains.clone()))
                    .collect()
            }),
            "extension" => vary(&|record| {
                let all = [None, Some("a"), Some("b"), Some("c"), Some("d")];
                all.map(|one| with(record, &|it| it.reported_extension = one.map(Arc::from)))
                    .into()
            }),
            "modifiedDate" => vary(&|record| {
                let near = [-1, 0, 1];
                let days = [-2, -1, 0, 1, 2].into_iter();
                let times = days.flat_map(|day| near.map(|by| Some(day * DAY + by)));
                times
                    .chain([None])
                    .map(|time| with(record, &|it| it.modified_ms = time))
                    .collect()
            }),
            other => panic!("{other}"),
        }
    }
    records
}

fn operands(field: &'static str, operator: &'static str) -> BoxedStrategy<Value> {
    let lists = |all: Vec<Value>| {
        let most = all.len();
        subsequence(all, 0..=most).prop_map(Value::Array).boxed()
    };
    match (field, operator) {
        (_, "isset" | "isnotset" ) | ("quarantined", _) => any::<bool>().prop_map(|it| json!(it)).boxed(),
        (_, "lte_ndays" | "gte_ndays") => (0..=1_i64).prop_map(|days| json!(days)).boxed(),
        (_, "range") => proptest::collection::vec((-1..=1_i64, 0..=1_i64), 0..3)
            .prop_map(|pairs| {
                let range = |(start, days): (i64, i64)| {
                    json!({"start": start * DAY, "end": (start + days) * DAY})
                };
                pairs.into_iter().map(range).collect()
            })
            .boxed(),
        ("modifiedDate", _) => (-1..=1_i64).prop_map(|day| json!(day * DAY)).boxed(),
        ("service", _) => lists(vec![json!(1), json!(2), json!(3)]),
        ("sharing", _) => lists((0..5).map(|level| json!(level)).collect()),
        ("fileLabels", _) => lists(vec![json!("Plain"), json!("Secret")]),
        ("fileScanLabels", _) => {
            lists(ScanWarning::ALL.iter().map(|one| json!(one.to_string())).collect())
        }
        _ => lists(vec![json!("a"), json!("b"), json!("c")]),
    }
}

fn conditions() -> impl Strategy<Value = (&'static str, &'static str, Value)> {
    const OPERATORS: [(&str, &[&str]); 8] = [
        ("service", &["eq", "neq"]),
        ("sharing", &["eq", "neq"]),
        ("quarantined", &["eq"]),
        ("fileLabels", &["eq", "neq", "isset", "isnotset"]),
        ("fileScanLabels", &["eq", "neq", "isset", "isnotset"]),
        ("collaborators.withDomain", &["eq", "neq", "deq"]),
        ("extension", &["eq", "neq"]),
        (
            "modifiedDate",
            &["lte", "gte", "lt", "gt", "range", "lte_ndays", "gte_ndays"],
        ),
    ];
    select(OPERATORS.to_vec())
        .prop_flat_map(|(field, operators)| (Just(field), select(operators.to_vec())))
        .prop_flat_map(|(field, operator)| (Just(field), Just(operator), operands(field, operator)))
}

/// Filters over two fields at most, so that all files can be gone through.
fn filters() -> impl Strategy<Value = Value> {
    proptest::collection::vec(conditions(), 0..5).prop_filter_map("few fields", |conditions| {
        let mut filters = Map::new();
        for (field, operator, operand) in conditions {
            let entry = filters.entry(field.to_owned()).or_insert(json!([]));
            entry.as_array_mut()?.push(json!({operator: operand}));
        }
        (filters.len() <= 2).then_some(Value::Object(filters))
    })
}

fn fields(filters: &[&Value]) -> Vec<String> {
    let mut names: Vec<String> = filters
        .iter()
        .flat_map(|one| one.as_object().unwrap().keys().cloned())
        .collect();
    names.sort();
    names.dedup();
    names
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// What is proved holds for every file that there can be, and what is disproved does not.
    #[test]
    fn proofs_hold_for_every_file(one in filters(), other in filters()) {
        let files = universe(&fields(&[&one, &other]));
        let (first, second) = (filter(&one), filter(&other));
        let holds = |filter: &Filter, file: &FileRecord| filter.answer(file, 0) == Answer::Yes;
        let check = |proof: Proof, is_so: bool| match proof {
            Proof::Yes => is_so,
            Proof::No => !is_so,
            Proof::Unknown => true,
        };
        let never = files.iter().all(|file| !holds(&first, file));
        prop_assert!(check(first.never_matches(), never), "{:?}", first.never_matches());
        let within = files.iter().all(|file| !holds(&first, file) || holds(&second, file));
        prop_assert!(check(first.is_within(&second), within), "{:?}", first.is_within(&second));
        let apart = files.iter().all(|file| !(holds(&first, file) && holds(&second, file)));
        prop_assert!(check(first.is_apart_from(&second), apart), "{:?}", first.is_apart_from(&second));
    }
}

#[test]
fn what_is_exact_is_decided() {
    for (one, other, within, apart) in [
        (
            json!({"sharing": {"eq": [2]}}),
            json!({"sharing": {"eq": [2, 3]}}),
            Proof::Yes,
            Proof::No,
        ),
        (
            json!({"sharing": {"eq": [2, 3]}}),
            json!({"sharing": {"eq": [2]}}),
            Proof::No,
            Proof::No,
        ),
        (
            json!({"sharing": {"eq": [0]}}),
            json!({"sharing": {"eq": [2]}}),
            Proof::No,
            Proof::Yes,
        ),
        (
            json!({}),
            json!({"sharing": {"neq": [9_u32 % 5]}}),
            Proof::No,
            Proof::No,
        ),
        (
            json!({"modifiedDate": {"gte_ndays": 30}}),
            json!({"modifiedDate": {"gte_ndays": 90}}),
            Proof::Yes,
            Proof::No,
        ),
        (
            json!({"modifiedDate": {"gte_ndays": 30}}),
            json!({"modifiedDate": {"gte": 0}}),
            Proof::Unknown,
            Proof::Unknown,
        ),
        (
            json!({"fileLabels": {"eq": ["Secret"]}}),
            json!({"fileLabels": {"isset": true}}),
            Proof::Yes,
            Proof::No,
        ),
        (
            json!({"filename": {"contains": ["plan"]}}),
            json!({"service": {"neq": [1]}}),
            Proof::Unknown,
            Proof::Unknown,
        ),
        (
            json!({"service": {"eq": [1]}, "filename": {"glob": ["*"]}}),
            json!({"service": {"neq": [2]}}),
            Proof::Yes,
            Proof::Unknown,
        ),
        (
            json!({"allowDeleted": {"eq": true}}),
            json!({}),
            Proof::No,
            Proof::No,
        ),
        (
            json!({"service": {"eq": [1]}}),
            json!({"any": [{"service": {"eq": [1]}}, {"service": {"eq": [2]}}]}),
            Proof::Unknown,
            Proof::Unknown,
        ),
    ] {
        let (first, second) = (filter(&one), filter(&other));
        assert_eq!(first.is_within(&second), within, "{one} within {other}");
        assert_eq!(
            first.is_apart_from(&second),
            apart,
            "{one} apart from {other}"
        );
    }
}

#[test]
fn what_no_file_can_have_never_matches() {
    for (filters, expected) in [
        (json!({"fileId": {"eq": [""]}}), Proof::Yes),
        (json!({"fileId": {"eq": ["", "a"]}}), Proof::No),
        (json!({"fileId": {"neq": [""]}}), Proof::No),
        // Longer than any id once it is folded, and not before.
        (json!({"fileId": {"eq": ["ΐ".repeat(512)]}}), Proof::Unknown),
    ] {
        assert_eq!(filter(&filters).never_matches(), expected, "{filters:.40}");
    }
    let all = json!({"fileId": {"neq": [""]}});
    assert_eq!(filter(&json!({})).is_within(&filter(&all)), Proof::Yes);
}

#[test]
fn types_of_files_by_other_tables_are_not_compared() {
    let labels = labels();
    let of = |table, filters: Value| {
        let mut context = BuildContext::new(&labels);
        context.file_types = table;
        Filter::build(&filters, &context).unwrap()
    };
    let documents = json!({"fileType": {"eq": [1]}});
    let others = json!({"fileType": {"eq": [0]}});
    let small = of(FileTypeTable::Documented, documents.clone());
    let large = of(FileTypeTable::Extended, documents.clone());
    assert_eq!(small.is_within(&large), Proof::Unknown);
    assert_eq!(large.is_within(&small), Proof::Unknown);
    // A template is a document in one and something else in the other.
    let rest = of(FileTypeTable::Documented, others);
    assert_eq!(large.is_apart_from(&rest), Proof::Unknown);
    assert_eq!(small.is_apart_from(&rest), Proof::Yes);
    // Other fields are what they are.
    let shared = of(FileTypeTable::Documented, json!({"sharing": {"eq": [2]}}));
    let exposed = of(FileTypeTable::Extended, json!({"sharing": {"eq": [2, 3]}}));
    assert_eq!(shared.is_within(&exposed), Proof::Yes);
}

#[test]
fn scopes_count_where_policies_are_looked_at() {
    let labels = labels();
    let folder = |app: u32, instance: u32| json!({"app": app, "instance": instance, "id": "f"});
    let selected = |folders: Value| json!({"mode": "selected", "folders": folders});
    for (filters, scope, expected) in [
        (
            json!({"service": {"eq": [20892]}}),
            selected(json!([folder(10489, 0)])),
            Proof::Yes,
        ),
        (
            json!({"instance": {"eq": [3]}}),
            selected(json!([folder(10489, 0)])),
            Proof::Yes,
        ),
        (
            json!({"service": {"eq": [10489]}}),
            selected(json!([folder(10489, 0)])),
            Proof::No,
        ),
        // Which instance is whose is not looked at.
        (
            json!({"service": {"eq": [10489]}, "instance": {"eq": [3]}}),
            selected(json!([folder(10489, 0), folder(20892, 3)])),
            Proof::Unknown,
        ),
        (
            json!({}),
            json!({"mode": "excluding", "folders": [folder(10489, 0)]}),
            Proof::No,
        ),
        (
            json!({"parentFolder": {"eq": ["f"]}}),
            json!({"mode": "excluding", "folders": [folder(10489, 0)]}),
            Proof::Unknown,
        ),
    ] {
        let text = json!({"format": "file-policies/1", "policies": [
            {"id": "1", "name": "P", "filters": filters, "folderScope": scope},
        ]});
        let set = PolicySet::from_json(&text.to_string(), &BuildContext::new(&labels)).unwrap();
        let proof = set.policies()[0].never_matches();
        assert_eq!(proof, expected, "{text}");
    }
}
