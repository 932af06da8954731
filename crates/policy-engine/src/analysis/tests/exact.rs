//! What is decided, not only right: an answer of "unknown" would never be wrong.

use super::*;
use Proof::{No, Unknown, Yes};

#[test]
fn what_one_filter_asks_implies_what_another_asks() {
    let day = |at: i64| at * DAY;
    for (one, other, within) in [
        // Times from one point, by every operator.
        (
            json!({"createdDate": {"gte": 6}}),
            json!({"createdDate": {"gt": 5}}),
            Yes,
        ),
        (
            json!({"createdDate": {"gt": 5}}),
            json!({"createdDate": {"gte": 6}}),
            Yes,
        ),
        (
            json!({"createdDate": {"gte": 5}}),
            json!({"createdDate": {"gt": 5}}),
            No,
        ),
        (
            json!({"createdDate": {"lte": 4}}),
            json!({"createdDate": {"lt": 5}}),
            Yes,
        ),
        (
            json!({"createdDate": {"lt": 5}}),
            json!({"createdDate": {"lte": 4}}),
            Yes,
        ),
        (
            json!({"createdDate": {"lte": 5}}),
            json!({"createdDate": {"lt": 5}}),
            No,
        ),
        (
            json!({"createdDate": {"range": [{"start": 1, "end": 3}, {"start": 4, "end": 6}]}}),
            json!({"createdDate": {"gte": 1, "lte": 6}}),
            Yes,
        ),
        (
            json!({"createdDate": {"gte": 1, "lte": 6}}),
            json!({"createdDate": {"range": [{"start": 1, "end": 3}, {"start": 4, "end": 6}]}}),
            Yes,
        ),
        (
            json!({"createdDate": {"gte": 1, "lte": 7}}),
            json!({"createdDate": {"range": [{"start": 1, "end": 3}, {"start": 5, "end": 7}]}}),
            No,
        ),
        (
            json!({"modifiedDate": {"lte_ndays": 90}}),
            json!({"modifiedDate": {"lte_ndays": 30}}),
            Yes,
        ),
        (
            json!({"modifiedDate": {"lte_ndays": 30}}),
            json!({"modifiedDate": {"lte_ndays": 90}}),
            No,
        ),
        // Which of two points is the later depends on the day.
        (
            json!({"modifiedDate": {"gte": day(3), "gte_ndays": 30}}),
            json!({"modifiedDate": {"gte_ndays": 30}}),
            Unknown,
        ),
        // Values and their absence.
        (
            json!({"fileScanLabels": {"isnotset": true}}),
            json!({"fileScanLabels": {"isnotset": true}}),
            Yes,
        ),
        (json!({}), json!({"fileScanLabels": {"isnotset": true}}), No),
        (json!({}), json!({"fileScanLabels": {"isset": true}}), No),
        (
            json!({"fileLabels": {"isnotset": true}}),
            json!({"fileLabels": {"neq": ["Secret"]}}),
            Yes,
        ),
        (
            json!({"fileLabels": {"isnotset": true}}),
            json!({"fileLabels": {"eq": ["Secret"]}}),
            No,
        ),
        (
            json!({"fileLabels": {"neq": ["Secret"]}}),
            json!({"fileLabels": {"isnotset": true}}),
            No,
        ),
        (
            json!({"fileLabels": {"descendantof": ["Secret"]}}),
            json!({"fileLabels": {"eq": ["Secret", "Plain"]}}),
            Yes,
        ),
        (
            json!({"fileLabels": {"ndescendantof": ["Secret", "Plain"]}}),
            json!({"fileLabels": {"neq": ["Secret"]}}),
            Yes,
        ),
        (
            json!({"path": {"isset": true}}),
            json!({"path": {"isnotset": true}}),
            No,
        ),
        // All levels but one, and none.
        (
            json!({"sharing": {"neq": [0, 1, 2, 3, 4]}}),
            json!({"sharing": {"neq": [2]}}),
            Yes,
        ),
        (
            json!({"sharing": {"neq": [0, 1, 2, 3, 4]}}),
            json!({"sharing": {"eq": [2]}}),
            No,
        ),
        (
            json!({"sharing": {"eq": [0, 1], "neq": [0]}}),
            json!({"sharing": {"eq": [1]}}),
            Yes,
        ),
        (
            json!({"trashed": {"eq": true}}),
            json!({"trashed": {"eq": true}}),
            Yes,
        ),
        (
            json!({"trashed": {"eq": true}}),
            json!({"trashed": {"eq": false}}),
            No,
        ),
        // A file has one owner, and any number of collaborators.
        (
            json!({"owner.orgUnit": {"eq": ["A"]}}),
            json!({"owner.orgUnit": {"neq": ["B"]}}),
            Yes,
        ),
        (
            json!({"extension": {"eq": ["a"]}}),
            json!({"extension": {"neq": ["b"]}}),
            Yes,
        ),
        (
            json!({"collaborators.groups": {"eq": ["a"]}}),
            json!({"collaborators.groups": {"neq": ["b"]}}),
            No,
        ),
        (
            json!({"collaborators.groups": {"eq": ["a"], "neq": ["b"]}}),
            json!({"collaborators.groups": {"neq": ["b"]}}),
            Yes,
        ),
        (
            json!({"collaborators.groups": {"eq": ["a", "b"], "neq": ["b"]}}),
            json!({"collaborators.groups": {"eq": ["a"]}}),
            Yes,
        ),
        // Some value that is none of these.
        (
            json!({"collaborators.withDomain": {"deq": ["a", "b"]}}),
            json!({"collaborators.withDomain": {"deq": ["a"]}}),
            Yes,
        ),
        (
            json!({"collaborators.withDomain": {"deq": ["a"]}}),
            json!({"collaborators.withDomain": {"deq": ["a", "b"]}}),
            No,
        ),
        (
            json!({"collaborators.withDomain": {"deq": ["a"], "neq": ["b"]}}),
            json!({"collaborators.withDomain": {"deq": ["a", "b"]}}),
            Yes,
        ),
        (
            json!({"collaborators.withDomain": {"eq": ["c"]}}),
            json!({"collaborators.withDomain": {"deq": ["a", "b"]}}),
            Yes,
        ),
        (
            json!({"collaborators.withDomain": {"eq": ["a", "c"]}}),
            json!({"collaborators.withDomain": {"deq": ["a"]}}),
            No,
        ),
        // What is compared by its beginning is not looked into.
        (
            json!({"filename": {"eq": ["a"]}}),
            json!({"filename": {"eq": ["a", "b"]}}),
            Unknown,
        ),
    ] {
        let proof = filter(&one).is_within(&filter(&other));
        assert_eq!(proof, within, "{one} within {other}");
    }
}

#[test]
fn what_two_filters_ask_together_can_be_impossible() {
    for (one, other, apart) in [
        (
            json!({"createdDate": {"lt": 5}}),
            json!({"createdDate": {"gte": 5}}),
            Yes,
        ),
        (
            json!({"createdDate": {"lte": 5}}),
            json!({"createdDate": {"gte": 5}}),
            No,
        ),
        (
            json!({"path": {"isset": true}}),
            json!({"path": {"isnotset": true}}),
            Yes,
        ),
        (
            json!({"path": {"isnotset": true}}),
            json!({"path": {"isset": true}}),
            Yes,
        ),
        (
            json!({"fileLabels": {"eq": ["Secret"]}}),
            json!({"fileLabels": {"isnotset": true}}),
            Yes,
        ),
        (
            json!({"fileLabels": {"eq": ["Secret"]}}),
            json!({"fileLabels": {"eq": ["Plain"]}}),
            No,
        ),
        (
            json!({"owner.orgUnit": {"eq": ["A"]}}),
            json!({"owner.orgUnit": {"eq": ["B"]}}),
            Yes,
        ),
        (
            json!({"collaborators.groups": {"eq": ["a"]}}),
            json!({"collaborators.groups": {"neq": ["a"]}}),
            Yes,
        ),
        (
            json!({"collaborators.withDomain": {"deq": ["a"]}}),
            json!({"collaborators.withDomain": {"eq": ["a"]}}),
            No,
        ),
        (
            json!({"sharing": {"neq": [0, 1]}}),
            json!({"sharing": {"neq": [2, 3, 4]}}),
            No,
        ),
        (
            json!({"trashed": {"eq": true}}),
            json!({"trashed": {"eq": false}}),
            Yes,
        ),
    ] {
        let proof = filter(&one).is_apart_from(&filter(&other));
        assert_eq!(proof, apart, "{one} apart from {other}");
    }
}

#[test]
fn a_filter_alone_can_be_impossible() {
    for (filters, never) in [
        (json!({"createdDate": {"gt": i64::MAX}}), Yes),
        (json!({"createdDate": {"lt": i64::MIN}}), Yes),
        (json!({"createdDate": {"gte": 5, "lte": 4}}), Yes),
        (json!({"createdDate": {"gte": 5, "lte": 5}}), No),
        (
            json!({"fileScanLabels": {"isset": true, "isnotset": true}}),
            Yes,
        ),
        (json!({"policy": {"isset": true, "isnotset": true}}), Yes),
        (
            json!({"fileLabels": {"eq": ["Secret"], "neq": ["Secret"]}}),
            Yes,
        ),
        (json!({"sharing": {"eq": [0], "neq": [0]}}), Yes),
        (json!({"sharing": {"neq": [0, 1, 2, 3, 4]}}), No),
        (json!({"trashed": {"eq": false}}), No),
    ] {
        assert_eq!(filter(&filters).never_matches(), never, "{filters}");
    }
}
