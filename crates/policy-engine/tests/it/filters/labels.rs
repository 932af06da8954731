//! Labels and warnings of scans.

use crate::shared::*;
use label_core::AppId;
use policy_engine::{Answer, FileRecord, LabelScan, ScanWarning};
use serde_json::json;

use super::{answer, holds};

#[test]
fn r_008_query_by_label() {
    let mut a = file(AppId::BOX);
    a.labels.push(own(GENERAL));
    let mut b = file(AppId::BOX);
    b.labels.push(own(CONFIDENTIAL));
    let none = file(AppId::BOX);
    let found =
        [&a, &b, &none].map(|record| holds(json!({"fileLabels": {"eq": ["General"]}}), record));
    assert_eq!(found, [true, false, false]);
}

#[test]
fn r_009_r_083_four_operators_of_the_label_filter() {
    let labelled = |keys: &[label_core::LabelKey]| {
        let mut record = file(AppId::BOX);
        record.labels = keys.to_vec();
        record
    };
    let records = [
        labelled(&[own(GENERAL)]),
        labelled(&[own(GENERAL), foreign(1)]),
        labelled(&[foreign(1)]),
        labelled(&[]),
    ];
    for (filter, expected) in [
        (json!({"eq": ["General"]}), [true, true, false, false]),
        (json!({"eq": "General"}), [true, true, false, false]),
        (
            json!({"eq": ["General", "Plain"]}),
            [true, true, false, false],
        ),
        (json!({"eq": ["^Internal"]}), [false, true, true, false]),
        (json!({"eq": []}), [false; 4]),
        (json!({"neq": ["General"]}), [false, false, true, true]),
        (
            json!({"neq": ["General", "^internal"]}),
            [false, false, false, true],
        ),
        (json!({"neq": []}), [true; 4]),
        (json!({"isset": true}), [true, true, true, false]),
        (json!({"isset": false}), [false, false, false, true]),
        (json!({"isnotset": true}), [false, false, false, true]),
        (json!({"isnotset": false}), [true, true, true, false]),
        (
            json!({"neq": ["General"], "isset": true}),
            [false, false, true, false],
        ),
        (
            json!([{"eq": ["General"]}, {"eq": ["^Internal"]}]),
            [false, true, false, false],
        ),
    ] {
        let found = records
            .each_ref()
            .map(|record| holds(json!({"fileLabels": filter}), record));
        assert_eq!(found, expected, "{filter}");
    }
}

#[test]
fn r_022_a_label_with_and_without_its_sublabels() {
    for (label, exact, with_sublabels) in [
        (CONFIDENTIAL, true, true),
        (FINANCE, false, true),
        (ALL_EMPLOYEES, false, true),
        (SECRET_ALL_EMPLOYEES, false, false),
    ] {
        let mut record = file(AppId::BOX);
        record.labels.push(own(label));
        let by =
            |operator: &str| holds(json!({"fileLabels": {operator: ["Confidential"]}}), &record);
        assert_eq!(by("eq"), exact, "{label}");
        assert_eq!(by("descendantof"), with_sublabels, "{label}");
        assert_eq!(by("ndescendantof"), !with_sublabels, "{label}");
    }
}

#[test]
fn r_108_every_label_of_the_catalogue_can_be_filtered_by() {
    let labels = labels();
    let none = file(AppId::BOX);
    let by = |text: &str, record: &FileRecord| holds(json!({"fileLabels": {"eq": [text]}}), record);
    let mut seen = 0;
    for label in labels.catalog().labels() {
        seen += 1;
        let mut record = file(AppId::BOX);
        record.labels.push(label.key);
        let id = label.key.label.to_string();
        let path = labels.catalog().path(label.key.label).unwrap();
        for text in [id.as_str(), path] {
            assert!(by(text, &record), "{text}");
            assert!(!by(text, &none), "{text}");
        }
        for (other, expected) in [(&record, false), (&none, true)] {
            let no_value = json!({"fileLabels": {"isnotset": true}});
            assert_eq!(holds(no_value, other), expected);
        }
    }
    assert!(seen > 2, "{seen}");
}

#[test]
fn r_075_r_109_labels_never_read() {
    let mut never = file(AppId::BOX);
    never.label_scan = LabelScan::Never;
    for filter in [
        json!({"eq": ["General"]}),
        json!({"neq": ["General"]}),
        json!({"isset": true}),
        json!({"isnotset": true}),
        json!({"descendantof": ["General"]}),
    ] {
        let only = json!({"fileLabels": filter});
        assert_eq!(answer(only, &never), Answer::Unknown, "{filter}");
        let decided = json!({"fileLabels": filter, "service": {"eq": [20892]}});
        assert_eq!(answer(decided, &never), Answer::No, "{filter}");
        let open = json!({"fileLabels": filter, "service": {"eq": [10489]}});
        assert_eq!(answer(open, &never), Answer::Unknown, "{filter}");
    }
    // Whatever the labels are, these are decided.
    assert_eq!(
        answer(json!({"fileLabels": {"eq": []}}), &never),
        Answer::No
    );
    assert_eq!(
        answer(json!({"fileLabels": {"neq": []}}), &never),
        Answer::Yes
    );
    // A read that failed counts as "no label".
    never.label_scan = LabelScan::Failed;
    assert!(holds(json!({"fileLabels": {"isnotset": true}}), &never));
}

#[test]
fn a_022_scan_warnings() {
    let mut record = file(AppId::BOX);
    record.warnings.insert(ScanWarning::AzureRmsEncrypted);
    for (filter, expected) in [
        (json!({"eq": ["azure rms encrypted"]}), true),
        (json!({"eq": ["Corrupt file", "Password encrypted"]}), false),
        (json!({"neq": ["Corrupt file"]}), true),
        (json!({"isset": true}), true),
        (json!({"isnotset": true}), false),
    ] {
        assert_eq!(
            holds(json!({"fileScanLabels": filter}), &record),
            expected,
            "{filter}"
        );
    }
}

/// Saved queries go on finding what carries a label that was deleted (5.2); that policies don't is
/// checked under R-191.
#[test]
fn queries_for_deleted_labels_go_on() {
    let mut record = file(AppId::BOX);
    record.labels.push(own(GONE));
    let by_id = json!({"fileLabels": {"eq": [own(GONE).to_string()]}});
    assert!(holds(by_id, &record));
}
