//! Filters of ours, written as the product takes them.

use policy_engine::{
    BuildErrors, Field, FileRecord, Filter, FilterDialect, VALUES_MAX, product_filters,
};
use proptest::strategy::{Just, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::naive::generate::{PRESENTS, conditions, filters, object, records};
use crate::shared::*;

fn exported(filters: &Value) -> Result<Value, BuildErrors> {
    product_filters(filters, &context(&labels()))
}

fn built(filters: &Value, dialect: FilterDialect) -> Filter {
    let labels = labels();
    let mut context = context(&labels);
    context.dialect = dialect;
    match Filter::build(filters, &context) {
        Ok(filter) => filter,
        Err(errors) => panic!("{filters}: {errors}"),
    }
}

#[test]
fn a_026_filters_come_out_in_the_form_of_the_products_interface() {
    for (ours, theirs) in [
        (json!({}), json!({})),
        (
            json!({"service": {"eq": 10489}}),
            json!({"service": {"eq": [10489]}}),
        ),
        (
            json!({"service": {"eq": []}}),
            json!({"service": {"eq": []}}),
        ),
        (
            json!({"trashed": {"eq": [false]}}),
            json!({"trashed": {"eq": false}}),
        ),
        (
            json!({"fileLabels": {"isset": false}}),
            json!({"fileLabels": {"isnotset": true}}),
        ),
        (
            json!({"fileLabels": {"eq": ["Confidential", own(GENERAL).label.to_string(), "^Internal"]}}),
            json!({"fileLabels": {"eq": [
                own(CONFIDENTIAL).to_string(), own(GENERAL).to_string(), foreign(1).to_string(),
            ]}}),
        ),
        (
            json!({"modifiedDate": {
                "gte": "1970-01-01T00:00:01Z", "range": {"start": 1, "end": "1970-01-01T00:00:02Z"},
            }}),
            json!({"modifiedDate": {"gte": 1_000, "range": [{"start": 1, "end": 2_000}]}}),
        ),
        (
            json!({"modifiedDate": [{"gt": 4}, {"gte": 3}, {"lt": 10}, {"lte": 12}]}),
            json!({"modifiedDate": {"gte": 5, "lte": 9}}),
        ),
        (
            json!({"modifiedDate": [
                {"gte_ndays": 9}, {"gte_ndays": 7}, {"lte_ndays": 2}, {"lte_ndays": 3},
            ]}),
            json!({"modifiedDate": {"gte_ndays": 7, "lte_ndays": 3}}),
        ),
        (
            json!({"service": [{"neq": [1]}, {"neq": 2}], "all": [
                {"service": {"eq": 3}, "any": [{"instance": {"eq": 0}}]},
                {"all": [{"service": {"neq": [4]}, "instance": {"eq": [0]}}]},
            ]}),
            json!({"service": {"eq": [3], "neq": [4, 1, 2]}, "instance": {"eq": [0]}}),
        ),
        (
            json!({"fileLabels": {"descendantof": "Confidential", "ndescendantof": ["General"]}}),
            json!({"fileLabels": {
                "eq": ([CONFIDENTIAL, FINANCE, ALL_EMPLOYEES].map(|id| own(id).to_string())),
                "neq": [own(GENERAL).to_string()],
            }}),
        ),
        (
            json!({"mimeType": {"eq": ["text/plain"]}}),
            json!({"mimeType": {"eq": "text/plain"}}),
        ),
        (
            json!({"owner.entity": {"eq": {"id": "a", "saas": 1}}}),
            json!({"owner.entity": {"eq": [{"id": "a", "saas": 1}]}}),
        ),
    ] {
        let theirs_again = exported(&ours).unwrap();
        assert_eq!(sorted(&theirs_again), sorted(&theirs), "{ours}");
    }
}

/// The same whatever the order of lists, which says nothing.
fn sorted(filters: &Value) -> Value {
    match filters {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(sorted).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), sorted(value)))
            .collect(),
        other => other.clone(),
    }
}

/// Also where an extension has a dot more, which is read over once.
#[test]
fn filters_of_the_product_stay_as_they_are() {
    let labels = labels();
    let mut context = context(&labels);
    context.dialect = FilterDialect::Product;
    for theirs in [
        json!({"extension": {"eq": [".docx", "..docx", "docx"]}}),
        json!({"trashed": {"eq": true}, "allowDeleted": {"eq": true}}),
    ] {
        assert_eq!(product_filters(&theirs, &context).as_ref(), Ok(&theirs));
    }
}

#[test]
fn a_026_what_the_product_cannot_say_is_told_with_its_place() {
    for (ours, expected) in [
        (
            json!({"path": {"eq": ["/a"]}}),
            "/filters/path: the product has no filter `path`",
        ),
        (
            json!({"parentFolder": {"descendantof": ["a"]}}),
            "/filters/parentFolder/descendantof: the product has no operator `descendantof`",
        ),
        (
            json!({"mimeType": {"neq": ["a/b", "c/d"]}}),
            "/filters/mimeType/neq: expected one value, which is all that the product takes, found a list",
        ),
        (
            json!({"mimeType": [{"neq": "a/b"}, {"neq": "c/d"}]}),
            "/filters/mimeType/1/neq: the product can ask for `neq` once only",
        ),
        (
            json!({"filename": [{"eq": ["a"]}, {"glob": ["*"]}]}),
            "/filters/filename/1/glob: the product has no operator `glob`",
        ),
        (
            json!({"any": [{"service": {"eq": [1]}}, {"path": {"eq": ["/a"]}}]}),
            "/filters/any: the product has no group `any`",
        ),
        (
            json!({"all": [{"none": [{"service": {"eq": [1]}}]}, {"path": {"isset": true}}]}),
            "/filters/all/0/none: the product has no group `none`\n\
             /filters/all/1/path: the product has no filter `path`",
        ),
        (
            json!({"sharing": {"eq": [1]}, "all": [{"sharing": {"eq": [2]}}]}),
            "/filters/sharing/eq: the product can ask for `eq` once only",
        ),
        (
            json!({"trashed": {"eq": [true, false]}}),
            "/filters/trashed/eq: expected one value, which is all that the product takes, found a list",
        ),
        (
            json!({"modifiedDate": {"gt": i64::MAX}, "createdDate": {"lt": i64::MIN}}),
            "/filters/createdDate/lt: the product has no operator `lt`\n\
             /filters/modifiedDate/gt: the product has no operator `gt`",
        ),
        // What is no filter at all is said before.
        (
            json!({"servce": {"eq": [1]}, "path": {"eq": ["/a"]}}),
            "/filters/servce: no filter `servce`, the filters are ",
        ),
        (
            json!([]),
            "/filters: expected an object of filters, found an empty list",
        ),
    ] {
        let errors = exported(&ours).unwrap_err().to_string();
        let mut lines: Vec<&str> = errors.lines().collect();
        lines.sort_unstable();
        assert!(lines.join("\n").starts_with(expected), "{ours}: {errors}");
    }
    let many: Vec<usize> = (0..VALUES_MAX).collect();
    let twice = json!({"service": [{"neq": many}, {"neq": [VALUES_MAX]}]});
    assert_eq!(
        exported(&twice).unwrap_err().to_string(),
        "/filters/service/1/neq: 5001 values, at most 5000 are allowed"
    );
}

/// Run with `--nocapture` it prints the numbers.
#[test]
fn a_026_an_exported_filter_says_the_same_of_every_file() {
    let mut runner = TestRunner::deterministic();
    let records: Vec<FileRecord> = (0..40)
        .map(|_| records().new_tree(&mut runner).unwrap().current())
        .collect();
    let of_product = conditions().prop_filter("of the product", |(name, operator, _)| {
        let field = Field::parse(name).unwrap();
        let mut known = field.operators(FilterDialect::Product);
        known.any(|known| known.name() == *operator)
    });
    let simple = proptest::collection::vec(of_product, 0..5)
        .prop_map(object)
        .boxed();
    let grouped = (simple.clone(), simple.clone()).prop_map(|(mut filters, mut inner)| {
        inner.as_object_mut().unwrap().remove("allowDeleted");
        if inner != json!({}) {
            filters["all"] = json!([inner]);
        }
        filters
    });
    let any = proptest::prop_oneof![filters(), simple, grouped, Just(json!({}))];
    let (mut written, mut refused, mut matches) = (0, 0, 0);
    for _ in 0..1_500 {
        let ours = any.new_tree(&mut runner).unwrap().current();
        let theirs = match exported(&ours) {
            Ok(theirs) => theirs,
            Err(errors) => {
                assert!(
                    errors
                        .as_slice()
                        .iter()
                        .all(|it| it.pointer.starts_with("/filters/"))
                );
                refused += 1;
                continue;
            }
        };
        written += 1;
        assert_eq!(exported(&theirs).unwrap(), theirs, "{ours}");
        let filters = [
            built(&ours, FilterDialect::Extended),
            built(&theirs, FilterDialect::Product),
        ];
        for record in &records {
            for now_ms in PRESENTS {
                let [one, other] = filters.each_ref().map(|it| it.answer(record, now_ms));
                assert_eq!(one, other, "{ours}, as {theirs}");
                matches += usize::from(one == policy_engine::Answer::Yes);
            }
        }
    }
    println!("{written} exported, {refused} refused, {matches} matches");
    assert!(written > 400 && refused > 200 && matches > 1_000);
}
