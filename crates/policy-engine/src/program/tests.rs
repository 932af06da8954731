//! In which order conditions are asked, and which of them in few bytes. What they say is compared
//! with the naive twin.

use label_core::{Label, LabelCatalog, LabelId, LabelView, TenantId};
use serde_json::{Value, json};

use super::*;
use crate::check::BuildContext;
use crate::filter::{CONDITIONS_MAX, Filter};
use crate::index::times;

fn conditions(filters: &Value) -> Vec<Condition> {
    let tenant = TenantId::from_u128(1);
    let label = Label::new(tenant, LabelId::from_u128(1), "Secret");
    let (catalog, _) = LabelCatalog::build(tenant, vec![label]).unwrap();
    let labels = LabelView::new(catalog.into());
    let filter = Filter::build(filters, &BuildContext::new(&labels)).unwrap();
    filter.program().root.conditions.to_vec()
}

#[test]
fn numbers_come_before_times_and_texts_before_patterns() {
    let filters = json!({
        "path": {"regex": ["^a+$"]},
        "filename": {"contains": ["plan"]},
        "owner.entity": {"eq": [{"id": "a", "inst": 0, "saas": 10489}]},
        "extension": {"eq": ["docx"]},
        "owner.orgUnit": {"eq": ["Sales"]},
        "fileLabels": {"eq": ["Secret"]},
        "modifiedDate": {"gte_ndays": 3},
        "createdDate": {"range": [{"start": 1, "end": 2}]},
        "snapshotLastModifiedDate": {"gte": 1},
        "policy": {"isset": true},
        "sharing": {"eq": [3]},
    });
    let order: Vec<u8> = conditions(&filters).iter().map(Condition::cost).collect();
    assert_eq!(order, [0, 0, 1, 1, 1, 2, 3, 3, 4, 5, 6]);
    let first = conditions(&filters)[0].field;
    assert!(
        matches!(first, Field::AccessLevel | Field::MatchedPolicy),
        "{first:?}"
    );
}

#[test]
fn conditions_on_one_number_or_one_stretch_of_time_are_steps() {
    for (filters, is_step) in [
        (json!({"sharing": {"eq": [0, 1, 2, 3]}}), true),
        (json!({"sharing": {"neq": [3]}}), true),
        (json!({"service": {"eq": [1, 2, 3, 4]}}), true),
        // More than there is room for.
        (json!({"service": {"eq": [1, 2, 3, 4, 5]}}), false),
        // There may be several warnings.
        (
            json!({"fileScanLabels": {"eq": ["Password encrypted"]}}),
            false,
        ),
        (json!({"modifiedDate": {"gte": 1}}), true),
        (json!({"modifiedDate": {"lte": 1}}), true),
        (
            json!({"modifiedDate": {"range": [{"start": 1, "end": 2}]}}),
            true,
        ),
        (
            json!({"modifiedDate": {"range": [{"start": 1, "end": 2}, {"start": 5, "end": 6}]}}),
            false,
        ),
        (json!({"modifiedDate": {"gte_ndays": 3}}), true),
        (json!({"modifiedDate": {"lte_ndays": 3}}), true),
        (json!({"extension": {"eq": ["docx"]}}), false),
    ] {
        let [condition] = &conditions(&filters)[..] else {
            panic!("{filters}");
        };
        assert_eq!(condition.step.is_some(), is_step, "{filters}");
    }
}

#[test]
fn a_condition_on_a_time_is_known_by_its_ranges() {
    const MIN: i64 = i64::MIN;
    const MAX: i64 = i64::MAX;
    let day = DAY_MS;
    for (filters, expected) in [
        (json!({"gte": 5}), Some(vec![5..=MAX])),
        (json!({"lte": 5}), Some(vec![MIN..=5])),
        (json!({"gt": 5}), Some(vec![6..=MAX])),
        (json!({"lt": 5}), Some(vec![MIN..=4])),
        (
            json!({"range": [{"start": 1, "end": 2}]}),
            Some(vec![1..=2]),
        ),
        (json!({"gte_ndays": 3}), Some(vec![7 * day..=MAX])),
        (json!({"lte_ndays": 3}), Some(vec![MIN..=7 * day])),
    ] {
        let is_relative = filters.to_string().contains("ndays");
        let [condition] = &conditions(&json!({"modifiedDate": filters}))[..] else {
            panic!("{filters}");
        };
        assert_eq!(
            times::ranges(condition, Some(10 * day)),
            expected,
            "{filters}"
        );
        let without = if is_relative { None } else { expected };
        assert_eq!(times::ranges(condition, None), without, "{filters}");
    }
    let [other] = &conditions(&json!({"sharing": {"eq": [3]}}))[..] else {
        panic!("one condition");
    };
    assert_eq!(times::ranges(other, Some(0)), None);
}

#[test]
fn limits_are_what_is_still_allowed() {
    let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
    let build = |filters: &Value| Filter::build(filters, &BuildContext::new(&labels)).is_ok();
    let apps = |count: usize| vec![json!({"neq": [1]}); count];
    for (count, expected) in [(CONDITIONS_MAX, true), (CONDITIONS_MAX + 1, false)] {
        assert_eq!(build(&json!({"service": apps(count)})), expected, "{count}");
    }
    // The group counts, too.
    let group = |count: usize| json!({"any": vec![json!({"service": {"neq": [1]}}); count]});
    for (count, expected) in [(CONDITIONS_MAX - 1, true), (CONDITIONS_MAX, false)] {
        assert_eq!(build(&group(count)), expected, "{count} in a group");
    }
    let error = Filter::build(&group(CONDITIONS_MAX + 1), &BuildContext::new(&labels));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("201 filter objects, at most 200"), "{error}");
    assert!(!build(&json!({"service": []})), "no condition");
}
