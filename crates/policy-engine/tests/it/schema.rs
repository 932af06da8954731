//! The schema, by another program's validator.

use std::sync::LazyLock;

use jsonschema::Validator;
use policy_engine::{PolicyDocument, document_schema};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::documents::two_policies;
use crate::naive::generate::policies;
use crate::shared::document;

static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&document_schema()).unwrap());

#[test]
fn what_is_published_is_what_is_read() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/file-policies-1.schema.json"
    );
    let published: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(
        published == document_schema(),
        "print it anew: cargo run --example policies -- schema"
    );
}

#[test]
fn a_026_documents_that_are_written_are_valid() {
    assert!(VALIDATOR.is_valid(&two_policies()));
    let again = PolicyDocument::from_json(&two_policies().to_string()).unwrap();
    assert!(VALIDATOR.is_valid(&serde_json::to_value(again).unwrap()));
}

/// What can't be read for its form is not valid, and the other way round.
#[test]
fn a_026_what_cannot_be_read_is_not_valid() {
    let group = json!({"any": [{"service": {"eq": [1]}}]});
    for (members, is_valid) in [
        (json!({}), true),
        (json!({"filters": group}), true),
        (json!({"filters": {"any": []}}), false),
        (json!({"filters": {"any": [{}]}}), false),
        (
            json!({"filters": {"any": [{"servce": {"eq": [1]}}]}}),
            false,
        ),
        (json!({"filters": {"service": {}}}), false),
        (json!({"filters": {"service": {"eq": 10489}}}), true),
        (json!({"filters": {"service": {"eq": ["10489"]}}}), false),
        (
            json!({"filters": {"service": {"contains": [10489]}}}),
            false,
        ),
        (
            json!({"filters": {"service": [{"eq": []}, {"neq": [1]}]}}),
            true,
        ),
        (json!({"filters": {"sharing": {"eq": [5]}}}), false),
        (json!({"filters": {"extension": {"eq": [".docx"]}}}), false),
        (json!({"filters": {"extension": {"eq": "docx"}}}), true),
        (
            json!({"filters": {"modifiedDate": {"gte_ndays": -1}}}),
            false,
        ),
        (json!({"filters": {"modifiedDate": {"gte": 1.5}}}), false),
        (
            json!({"filters": {"modifiedDate": {"range": {"start": 1, "end": 2}}}}),
            true,
        ),
        (
            json!({"filters": {"modifiedDate": {"range": [{"start": 1}]}}}),
            false,
        ),
        (json!({"filters": {"filename": {"text": ["a"]}}}), false),
        (
            json!({"filters": {"owner.entity": {"eq": [{"id": "a", "saas": 1}]}}}),
            true,
        ),
        (json!({"filters": {"owner.entity": {"eq": ["a"]}}}), false),
        (json!({"severity": "urgent"}), false),
        (json!({"folderScope": {"mode": "selected"}}), false),
        (
            json!({"folderScope": {"mode": "all", "folders": []}}),
            false,
        ),
        (
            json!({"ownerScope": {"mode": "excluding", "groups": ["a"]}}),
            true,
        ),
        (json!({"inspection": {"method": "built_in"}}), false),
        (
            json!({"inspection": {"method": "built_in", "preset": "iban", "minimumMatches": 0}}),
            false,
        ),
        (
            json!({"inspection": {"method": "none", "preset": "iban"}}),
            false,
        ),
        (json!({"governance": {"010489": {}}}), false),
        (
            json!({"governance": {"10489": {"trash": true, "expireSharedLink": 1}}}),
            true,
        ),
        (
            json!({"governance": {"10489": {"expireSharedLink": 0}}}),
            false,
        ),
        (
            json!({"governance": {"10489": {"changeSharedLink": "all"}}}),
            false,
        ),
        (json!({"alerts": {"dailyLimit": -1}}), false),
        (json!({"unknown": 1}), false),
    ] {
        let document = document(members.clone());
        assert_eq!(VALIDATOR.is_valid(&document), is_valid, "{members}");
        let labels = crate::shared::labels();
        let read = policy_engine::PolicySet::from_json(
            &document.to_string(),
            &crate::shared::context(&labels),
        );
        assert_eq!(read.is_ok(), is_valid, "{members}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_026_whatever_can_be_read_is_valid(policy in policies()) {
        let document = json!({"format": "file-policies/1", "policies": [policy]});
        if let Err(error) = VALIDATOR.validate(&document) {
            return Err(TestCaseError::fail(error.to_string()));
        }
    }
}
