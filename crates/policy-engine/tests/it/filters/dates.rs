//! Dates.

use crate::shared::*;
use label_core::AppId;
use policy_engine::VALUES_MAX;
use serde_json::{Value, json};

use super::holds;

#[test]
fn ranges_beyond_the_limit_are_refused() {
    let ranges = |count: usize| {
        let all: Vec<Value> = (0..count)
            .map(|at| json!({"start": at, "end": at}))
            .collect();
        json!({"filters": {"modifiedDate": {"range": all}}})
    };
    build(ranges(VALUES_MAX));
    assert_eq!(
        errors(ranges(VALUES_MAX + 1)),
        "/policies/0/filters/modifiedDate/range: 5001 values, at most 5000 are allowed"
    );
}

#[test]
fn dates_and_ranges() {
    const DAY_MS: i64 = 86_400_000;
    let changed = |modified_ms: Option<i64>| {
        let mut record = file(AppId::BOX);
        record.modified_ms = modified_ms;
        record.created_ms = modified_ms;
        record.snapshot_ms = modified_ms;
        record
    };
    let cutoff_ms = NOW_MS - 180 * DAY_MS;
    for (filter, at_ms, expected) in [
        (json!({"lte_ndays": 180}), Some(cutoff_ms), true),
        (json!({"lte_ndays": 180}), Some(cutoff_ms + 1), false),
        (json!({"lte_ndays": 180}), None, false),
        (json!({"gte_ndays": 180}), Some(cutoff_ms), true),
        (json!({"gte_ndays": 180}), Some(cutoff_ms - 1), false),
        (json!({"gt": cutoff_ms}), Some(cutoff_ms), false),
        (json!({"gt": cutoff_ms}), Some(cutoff_ms + 1), true),
        (json!({"lt": cutoff_ms}), Some(cutoff_ms), false),
        (json!({"lte": cutoff_ms}), Some(cutoff_ms), true),
        (json!({"lte": cutoff_ms}), None, false),
        (json!({"range": [{"start": 5, "end": 9}]}), Some(5), true),
        (json!({"range": [{"start": 5, "end": 9}]}), Some(9), true),
        (json!({"range": [{"start": 5, "end": 9}]}), Some(10), false),
        (
            json!({"range": [{"start": 5, "end": 9}, {"start": 20, "end": 20}]}),
            Some(20),
            true,
        ),
        (json!({"range": {"start": 5, "end": 9}}), Some(4), false),
        (json!({"range": []}), Some(4), false),
        (json!({"gte": 5, "lt": 9}), Some(8), true),
        (json!({"gte": 5, "lt": 9}), Some(9), false),
    ] {
        let found = holds(json!({"modifiedDate": filter}), &changed(at_ms));
        assert_eq!(found, expected, "{filter} {at_ms:?}");
    }
    let created = json!({"createdDate": {"gte": "1970-01-01T00:00:00.005Z"}});
    assert!(holds(created.clone(), &changed(Some(5))));
    assert!(!holds(created, &changed(Some(4))));
    let snapshot = json!({"snapshotLastModifiedDate": {"lte": 4}});
    assert!(holds(snapshot, &changed(Some(4))));
    // Extreme values neither overflow nor match by accident.
    assert!(!holds(
        json!({"modifiedDate": {"lte_ndays": 36500}}),
        &changed(Some(i64::MAX))
    ));
    assert!(holds(
        json!({"modifiedDate": {"lte_ndays": 36500}}),
        &changed(Some(i64::MIN))
    ));
}
