use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, TenantId};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::json;

use super::*;
use crate::record::{AccessLevel, FileStatus};

fn labels() -> LabelView {
    LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into())
}

fn read(value: &Value) -> Result<Query, BuildErrors> {
    Query::from_value(
        value,
        &BuildContext::new(&labels()),
        &QueryOptions::default(),
    )
}

fn errors(value: &Value) -> Vec<String> {
    let errors = read(value).unwrap_err();
    errors.as_slice().iter().map(ToString::to_string).collect()
}

fn file(name: &str, id: &str) -> FileRecord {
    FileRecord::new(
        FileKey::new(AppId::BOX, 0, FileId::parse(id).unwrap()),
        name,
    )
}

#[test]
fn r_021_a_query_is_written_as_it_was_read() {
    for value in [
        json!({}),
        json!({"filters": {}}),
        json!({
            "filters": {
                "service": {"eq": [10489]},
                "modifiedDate": {"gte_ndays": 90},
                "trashed": {"eq": false},
                "collaborators.entity": {"neq": [{"id": "3fa9f28b", "saas": 11161, "inst": 0}]}
            },
            "sortField": "modifiedDate", "sortDirection": "desc", "skip": 0, "limit": 100
        }),
        json!({"sortDirection": "asc", "skip": SKIP_MAX, "limit": 1}),
    ] {
        let query = read(&value).unwrap();
        assert_eq!(query.to_value(), value);
        let text = query.to_value().to_string();
        let again = Query::from_json(
            &text,
            &BuildContext::new(&labels()),
            &QueryOptions::default(),
        );
        assert_eq!(again.unwrap().to_value(), value);
    }
}

#[test]
fn r_021_what_a_query_leaves_out() {
    let query = read(&json!({})).unwrap();
    assert_eq!(query.sort_field(), None);
    assert_eq!(query.sort_direction(), SortDirection::Ascending);
    assert_eq!((query.skip(), query.limit()), (0, PAGE_RECORDS_MAX));
    for field in SortField::ALL {
        let query = read(&json!({"sortField": field.name()})).unwrap();
        assert_eq!(query.sort_field(), Some(field));
        assert_eq!(SortField::parse(field.name()), Some(field));
    }
    for direction in SortDirection::ALL {
        let query = read(&json!({"sortDirection": direction.name()})).unwrap();
        assert_eq!(query.sort_direction(), direction);
    }
}

#[test]
fn r_021_all_that_is_wrong_is_said_at_once() {
    let found = errors(&json!({
        "filters": {"service": {"eq": ["Box"]}, "sharin": {"eq": [2]}},
        "sortField": "modifedDate",
        "sortDirection": "down",
        "skip": -1,
        "limit": 101,
        "sortBy": "name"
    }));
    let expected = [
        "/sortBy: unknown member `sortBy`",
        "/sortField: `modifedDate` is none of",
        "/sortDirection: `down` is none of `asc`, `desc`",
        "/skip: expected a whole number from 0, found `-1`",
        "/limit: 101 records of a page, at most 100 are allowed",
        "/filters/service/eq/0: expected a whole number, found `\"Box\"`",
        "/filters/sharin: no filter `sharin`",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for expected in expected {
        assert!(
            found.iter().any(|it| it.starts_with(expected)),
            "{expected}: {found:#?}"
        );
    }
    let suggested = |pointer: &str, suggestion: &str| {
        found
            .iter()
            .any(|it| it.starts_with(pointer) && it.ends_with(suggestion))
    };
    assert!(suggested("/sortField", "did you mean `modifiedDate`?"));
    assert!(suggested("/filters/sharin", "did you mean `sharing`?"));
}

#[test]
fn r_021_values_out_of_range() {
    for (value, expected) in [
        (json!([]), ": expected an object"),
        (
            json!({"filters": []}),
            "/filters: expected an object of filters, found an empty list",
        ),
        (
            json!({"filters": null}),
            "/filters: expected an object of filters, found `null`",
        ),
        (
            json!({"limit": 0}),
            "/limit: expected a whole number from 1, found `0`",
        ),
        (
            json!({"limit": "10"}),
            "/limit: expected a whole number from 1",
        ),
        (
            json!({"skip": 0.5}),
            "/skip: expected a whole number from 0",
        ),
        (
            json!({"skip": SKIP_MAX + 1}),
            "/skip: 2147483648 records to skip, at most 2147483647",
        ),
        (
            json!({"limit": u64::MAX}),
            "/limit: 18446744073709551615 records of a page",
        ),
        (
            json!({"sortField": null}),
            "/sortField: expected a text, found `null`",
        ),
    ] {
        let found = errors(&value);
        assert_eq!(found.len(), 1, "{found:?}");
        let expected = expected.trim_start_matches(": ");
        assert!(found[0].starts_with(expected), "{value}: {found:?}");
    }
    let context_labels = labels();
    let context = BuildContext::new(&context_labels);
    let none = QueryOptions::default();
    let twice = Query::from_json(r#"{"skip": 1, "skip": 2}"#, &context, &none).unwrap_err();
    assert!(twice.to_string().contains("stands there twice"), "{twice}");
}

#[test]
fn r_021_the_most_records_of_a_page_are_an_option() {
    let labels = labels();
    let context = BuildContext::new(&labels);
    let read = |limit_max: usize, value: &Value| {
        Query::from_value(value, &context, &QueryOptions { limit_max }).map(|query| query.limit())
    };
    assert_eq!(read(5_000, &json!({"limit": 5_000})), Ok(5_000));
    assert_eq!(read(5_000, &json!({})), Ok(100));
    assert_eq!(read(20, &json!({})), Ok(20));
    assert!(read(20, &json!({"limit": 21})).is_err());
    assert_eq!(read(0, &json!({})), Ok(1));
}

#[test]
fn r_021_missing_values_come_last_in_both_directions() {
    let mut small = file("b", "2");
    small.modified_ms = Some(-5);
    small.created_ms = Some(1);
    small.size_bytes = Some(1);
    small.access_level = Some(AccessLevel::Private);
    let mut large = file("ÄA", "1");
    large.modified_ms = Some(7);
    large.created_ms = Some(2);
    large.size_bytes = Some(u64::MAX);
    large.access_level = Some(AccessLevel::PublicInternet);
    let missing = file("", "0");
    for field in SortField::ALL
        .into_iter()
        .filter(|field| *field != SortField::App)
    {
        for direction in SortDirection::ALL {
            let query = json!({"sortField": field.name(), "sortDirection": direction.name()});
            let query = read(&query).unwrap();
            let forward = direction == SortDirection::Ascending;
            let (first, second) = if forward {
                (&small, &large)
            } else {
                (&large, &small)
            };
            assert_eq!(query.compare(first, second), Ordering::Less, "{field:?}");
            assert_eq!(query.compare(second, &missing), Ordering::Less, "{field:?}");
            assert_eq!(
                query.compare(&missing, first),
                Ordering::Greater,
                "{field:?}"
            );
        }
    }
}

#[test]
fn r_021_equal_values_come_by_file_key() {
    let (one, two) = (file("Plan", "1"), file("PLAN", "2"));
    for field in SortField::ALL {
        for direction in SortDirection::ALL {
            let query = json!({"sortField": field.name(), "sortDirection": direction.name()});
            let query = read(&query).unwrap();
            assert_eq!(
                query.compare(&one, &two),
                Ordering::Less,
                "{field:?} {direction:?}"
            );
        }
    }
    let by_key = read(&json!({"sortDirection": "desc"})).unwrap();
    assert_eq!(by_key.compare(&one, &two), Ordering::Greater);
}

#[test]
fn r_021_another_page_is_the_same_query() {
    let query = read(&json!({"sortField": "name", "limit": 10}))
        .unwrap()
        .with_skip(10);
    assert_eq!(query.skip(), 10);
    let written = json!({"sortField": "name", "limit": 10, "skip": 10});
    assert_eq!(query.to_value(), written);
    assert_eq!(query.with_skip(usize::MAX).skip(), SKIP_MAX);
}

#[test]
fn r_178_a_filter_added_to_a_query() {
    let narrowed = |filters: Value, by: Value| {
        let query = read(&json!({"filters": filters, "sortField": "name", "skip": 7})).unwrap();
        let labels = labels();
        let context = BuildContext::new(&labels);
        let narrowed = query.narrowed(&by, &context, &QueryOptions::default());
        narrowed.map(|query| query.to_value())
    };
    let any = |app: u32| json!([{"service": {"eq": [app]}}, {"trashed": {"eq": true}}]);
    for (filters, by, expected) in [
        (
            json!({}),
            json!({"sharing": {"eq": [2]}}),
            json!({"sharing": {"eq": [2]}}),
        ),
        (
            json!({"sharing": {"eq": [2, 3]}}),
            json!({"sharing": {"eq": [2]}, "allowDeleted": {"eq": true}}),
            json!({"sharing": [{"eq": [2, 3]}, {"eq": [2]}]}),
        ),
        (
            json!({"sharing": {"eq": [2]}, "folder": {"eq": false}}),
            json!({"sharing": {"eq": [2]}}),
            json!({"sharing": {"eq": [2]}, "folder": {"eq": false}}),
        ),
        (
            json!({"none": [{"sharing": {"eq": [0]}}]}),
            json!({"none": [{"sharing": {"eq": [1]}}]}),
            json!({"none": [{"sharing": {"eq": [0]}}, {"sharing": {"eq": [1]}}]}),
        ),
        (
            json!({"any": any(1)}),
            json!({"any": any(2)}),
            json!({"any": any(1), "all": [{"any": any(2)}]}),
        ),
    ] {
        let found = narrowed(filters, by).unwrap();
        assert_eq!(found, json!({"filters": expected, "sortField": "name"}));
    }
    let wrong = narrowed(json!({"sharing": {"eq": [2]}}), json!([]));
    assert_eq!(wrong.unwrap_err().as_slice()[0].pointer, "/filters");
}

fn any_filters() -> impl Strategy<Value = Value> {
    let flag = |name: &str| {
        (
            Just(name.to_owned()),
            any::<bool>().prop_map(|it| json!({"eq": it})),
        )
    };
    let level = (
        Just("sharing".to_owned()),
        (select(vec!["eq", "neq"]), subsequence(vec![0, 2, 3], 0..3))
            .prop_map(|(operator, levels)| json!({operator: levels})),
    );
    let condition = prop_oneof![
        level.clone(),
        flag("quarantined"),
        flag("folder"),
        flag("trashed"),
        flag("allowDeleted"),
    ];
    let grouped = prop_oneof![level, flag("quarantined"), flag("folder")]
        .prop_map(|(name, value)| json!({name: value}));
    let group = (
        select(vec!["all", "any", "none"]).prop_map(str::to_owned),
        proptest::collection::vec(grouped, 1..3).prop_map(Value::from),
    );
    proptest::collection::vec(prop_oneof![condition, group], 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn r_178_a_query_with_a_filter_added_finds_what_both_find(
        filters in any_filters(),
        by in any_filters(),
        level in proptest::option::of(select(vec![
            AccessLevel::Private, AccessLevel::External, AccessLevel::Public
        ])),
        (quarantined, is_folder) in any::<(bool, bool)>(),
        status in select(vec![FileStatus::Exists, FileStatus::Trashed, FileStatus::Deleted]),
    ) {
        let mut record = file("a", "1");
        record.access_level = level;
        record.quarantined = quarantined;
        record.is_folder = is_folder;
        record.status = status;
        let labels = labels();
        let context = BuildContext::new(&labels);
        let query = read(&json!({"filters": filters})).unwrap();
        let narrowed = query.narrowed(&by, &context, &QueryOptions::default()).unwrap();
        // Deleted files are the query's to let in, unless the filter asks for the trash.
        let mut by = by;
        if by.get("trashed").is_none() {
            by["allowDeleted"] = json!({"eq": true});
        }
        let by = Filter::build(&by, &context).unwrap();
        prop_assert_eq!(
            narrowed.filter().answer(&record, 0),
            query.filter().answer(&record, 0).and(by.answer(&record, 0))
        );
    }
}
