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
use crate::record::{AccessLevel, FileRecord, LabelScan, ScanWarning, ScanWarnings};
use crate::set::PolicySet;

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

/// Filters over three fields at most, so that all files can be gone through.
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

/// The lints of these policies, one line each, without the part that says what they mean.
fn lints(policies: Value) -> Vec<String> {
    let labels = labels();
    let mut context = BuildContext::new(&labels);
    context.detectors = &["iban"];
    let mut policies = policies;
    for (at, policy) in policies.as_array_mut().unwrap().iter_mut().enumerate() {
        let members = policy.as_object_mut().unwrap();
        members.insert("id".to_owned(), json!(format!("p{at}")));
        members.insert("name".to_owned(), json!("P"));
    }
    let text = json!({"format": "file-policies/1", "policies": policies}).to_string();
    let set = PolicySet::from_json(&text, &context).unwrap();
    set.lints(&labels)
        .iter()
        .map(|lint| {
            let other = lint.other.as_ref().map_or("", |other| other.as_str());
            format!("{} {} {other}", lint.pointer, lint.kind.code())
                .trim_end()
                .to_owned()
        })
        .collect()
}

#[test]
fn what_looks_like_a_mistake() {
    assert_eq!(
        lints(json!([{"filters": {"sharing": {"eq": [2, 3]}}}])),
        [""; 0]
    );
    assert_eq!(
        lints(json!([
            {"filters": {"service": {"eq": []}}},
            {"filters": {"sharing": {"neq": [1]}, "owner.orgUnit": {"eq": ["Finance"]}}},
            {"filters": {"sharing": {"neq": [0, 1]}}},
            {"folderScope": {"mode": "selected", "folders": []}},
            {"governance": {"10489": {"trash": true}, "11627": {"notifyOwner": true}}},
            {"filters": {"service": {"eq": [20892]}}, "governance": {"10489": {"notifyOwner": true}}},
            {"alerts": {"dailyLimit": 0}},
        ])),
        [
            "/policies/0/filters never_matches",
            "/policies/1/filters/sharing/neq matches_private",
            "/policies/3/filters never_matches",
            "/policies/4/governance/10489 changes_every_file",
            "/policies/5/governance/10489 actions_never_due",
            "/policies/6/alerts/dailyLimit no_alerts",
        ]
    );
}

#[test]
fn policies_that_get_in_each_others_way() {
    let apply = |label: &str| json!({"10489": {"applyLabel": label}});
    let exposed = json!({"sharing": {"eq": [2, 3, 4]}});
    let public = json!({"sharing": {"eq": [3]}});
    let private = json!({"sharing": {"eq": [0]}});
    for (policies, expected) in [
        (
            json!([
                {"filters": exposed, "governance": apply("Secret")},
                {"filters": public, "governance": apply("Plain")},
            ]),
            vec!["/policies/1/governance/10489 shadowed p0"],
        ),
        // The narrow one has the more sensitive label: both have files of their own.
        (
            json!([
                {"filters": exposed, "governance": apply("Plain")},
                {"filters": public, "governance": apply("Secret")},
            ]),
            vec!["/policies/0/governance/10489 contradiction p1"],
        ),
        // Somebody decided which comes first.
        (
            json!([
                {"filters": exposed, "governance": apply("Plain"), "priority": 1},
                {"filters": public, "governance": apply("Secret"), "priority": 2},
            ]),
            vec![],
        ),
        (
            json!([
                {"filters": exposed, "governance": apply("Plain")},
                {"filters": private, "governance": apply("Secret")},
            ]),
            vec![],
        ),
        (
            json!([
                {"filters": exposed, "governance": {"10489": {"expireSharedLink": 7}}},
                {"filters": public, "governance": {"10489": {"expireSharedLink": 30}}},
            ]),
            vec!["/policies/1/governance/10489 contradiction p0"],
        ),
        // One that is off is in nobody's way.
        (
            json!([
                {"filters": exposed, "governance": apply("Secret"), "enabled": false},
                {"filters": public, "governance": apply("Plain")},
            ]),
            vec![],
        ),
        // Content may tell them apart; the wide one without it shadows all the same.
        (
            json!([
                {"filters": exposed, "governance": apply("Secret")},
                {"filters": public, "governance": apply("Plain"),
                 "inspection": {"method": "built_in", "preset": "iban"}},
            ]),
            vec!["/policies/1/governance/10489 shadowed p0"],
        ),
    ] {
        assert_eq!(lints(policies.clone()), expected, "{policies}");
    }
}
