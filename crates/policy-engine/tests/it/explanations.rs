//! What people read.

use crate::shared::*;
use label_core::AppId;
use policy_engine::{
    AccessLevel, ContentAnswer, FileRecord, FileStatus, Inspection, LabelScan, Policy, Unavailable,
};
use serde_json::json;

fn explain(policy: &Policy, record: &FileRecord, content: ContentAnswer) -> String {
    let mut matcher = |_: &Inspection| content;
    let explanation = policy.explain(record, NOW_MS, &mut matcher);
    let mut matcher = |_: &Inspection| content;
    assert_eq!(
        explanation.outcome,
        policy.evaluate(record, NOW_MS, &mut matcher)
    );
    explanation.to_string()
}

#[test]
fn every_condition_says_what_it_saw() {
    let policy = build(json!({
        "name": "Confidential on Box",
        "filters": {
            "service": {"eq": [10489]},
            "sharing": {"eq": [2, 3]},
            "fileLabels": {"eq": ["Confidential", "^Internal"], "neq": ["Legacy"]},
            "modifiedDate": {"gte_ndays": 90, "lt": "2021-01-01T00:00:00Z"},
            "filename": {"ncontains": ["draft"]},
            "extension": {"eq": ["docx", "xlsx"]},
            "fileScanLabels": {"isnotset": true},
            "trashed": {"eq": false},
        },
        "folderScope": {"mode": "excluding", "folders": [
            {"app": 10489, "id": "Finance"}, {"app": 20892, "instance": 2, "id": "HR"},
        ]},
        "ownerScope": {"mode": "selected", "groups": ["Legal"]},
        "inspection": {"method": "built_in", "preset": "credit_card", "minimumMatches": 10},
    }));
    let mut record = file(AppId::BOX);
    record.access_level = Some(AccessLevel::External);
    record.labels = vec![own(FINANCE), foreign(1), own(GONE)];
    record.modified_ms = Some(NOW_MS - 86_400_000);
    record.ancestor_folders = Some(vec!["root".into(), "contracts".into()]);
    record.owner_groups = Some(vec!["legal".into(), "all".into()]);
    let found = explain(&policy, &record, ContentAnswer::Match { count: 12 });
    let gone = own(GONE).label;
    assert_eq!(
        found,
        format!(
            "\
policy `Confidential on Box`: match
  File does not lie in Box `Finance`, SharePoint Online (2) `HR`: saw root, contracts → yes
  Owner is in group Legal: saw legal, all → yes
  Extension equals docx, xlsx: saw docx → yes
  Classification label equals Confidential, Internal (external): saw Confidential/Finance, Internal (external), {gone} (deleted) → yes
  Classification label does not equal Legacy (disabled): saw Confidential/Finance, Internal (external), {gone} (deleted) → yes
  Scan warning is not set: saw no value → yes
  File name does not contain draft: saw `Report.docx` → yes
  Last modified is later than (days) 90: saw 2020-12-26T12:00:00Z → yes
  Last modified is before 2021-01-01T00:00:00Z: saw 2020-12-26T12:00:00Z → yes
  App equals Box: saw Box → yes
  Access level equals External, Public: saw External → yes
  In trash equals false: saw false → yes
  Content has at least 10 matches of `credit_card`: saw 12 matches → yes"
        )
    );
}

#[test]
fn what_is_unknown_or_not_asked_says_so() {
    let policy = build(json!({
        "name": "P",
        "filters": {"fileLabels": {"eq": ["General"]}, "sharing": {"eq": [4]}},
        "folderScope": {"mode": "excluding", "folders": [{"app": 10489, "id": "F"}]},
        "ownerScope": {"mode": "excluding", "groups": ["G"]},
        "inspection": {
            "method": "built_in",
            "expression": {"kind": "exact", "text": "Project Falcon"},
        },
    }));
    let mut record = file(AppId::BOX);
    record.label_scan = LabelScan::Never;
    assert_eq!(
        explain(&policy, &record, ContentAnswer::NotYet),
        "\
policy `P`: no match
  File does not lie in Box `F`: saw unknown folders → yes
  Owner is not in group G: saw unknown groups → yes
  Classification label equals General: saw labels never read → unknown
  Access level equals Public (Internet): saw no value → no
  Content has at least 1 match of the phrase `Project Falcon`: not asked for"
    );
    record.access_level = Some(AccessLevel::PublicInternet);
    assert!(
        explain(&policy, &record, ContentAnswer::NotYet).starts_with("policy `P`: needs a scan\n")
    );
    record.labels.push(own(GENERAL));
    for (content, outcome, saw) in [
        (
            ContentAnswer::NotYet,
            "needs its content",
            "nothing, not inspected yet → unknown",
        ),
        (
            ContentAnswer::NoMatch,
            "no match",
            "too few, or excluded → no",
        ),
        (
            ContentAnswer::Unavailable(Unavailable::Encrypted),
            "no match",
            "nothing, the file is encrypted → no",
        ),
        (ContentAnswer::Match { count: 1 }, "match", "1 match → yes"),
    ] {
        let text = explain(&policy, &record, content);
        assert!(
            text.starts_with(&format!("policy `P`: {outcome}\n")),
            "{text}"
        );
        assert!(text.ends_with(&format!(": saw {saw}")), "{text}");
    }
}

#[test]
fn files_that_are_gone_and_policies_that_are_off() {
    let policy = build(json!({"name": "P"}));
    let mut record = file(AppId::BOX);
    assert_eq!(
        explain(&policy, &record, ContentAnswer::NotYet),
        "policy `P`: match\n  no condition: every file matches"
    );
    record.status = FileStatus::Deleted;
    assert_eq!(
        explain(&policy.with_enabled(false), &record, ContentAnswer::NotYet),
        "\
policy `P`: no match
  Policy is enabled: saw disabled → no
  File exists: saw a deleted file → no"
    );
}

#[test]
fn long_lists_are_cut() {
    let apps: Vec<u32> = (1..=25).collect();
    let policy = build(json!({"name": "P", "filters": {"service": {"eq": apps}}}));
    assert_eq!(
        explain(&policy, &file(AppId::BOX), ContentAnswer::NotYet),
        "\
policy `P`: no match
  App equals 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 15 more: saw Box → no"
    );
}

#[test]
fn reports_point_into_the_document() {
    let policy = build(json!({
        "filters": {"fileLabels": [{"isset": true}, {"neq": ["General"]}]},
        "inspection": {"method": "built_in", "preset": "iban"},
    }));
    let mut matcher = |_: &Inspection| ContentAnswer::NotYet;
    let explanation = policy.explain(&file(AppId::BOX), NOW_MS, &mut matcher);
    let pointers: Vec<&str> = explanation
        .conditions
        .iter()
        .map(|report| report.pointer.as_str())
        .collect();
    assert_eq!(
        pointers,
        [
            "/policies/0/filters/fileLabels/0/isset",
            "/policies/0/filters/fileLabels/1/neq",
            "/policies/0/inspection",
        ]
    );
    assert_eq!(explanation.conditions[2].outcome, None);
}

#[test]
fn groups_are_shown_with_what_is_in_them() {
    let policy = build(json!({"filters": {
        "any": [
            {"sharing": {"eq": [3]}, "none": [{"filename": {"glob": ["*.txt"]}}]},
            {"trashed": {"eq": true}},
        ],
        "service": {"eq": [10489]},
    }}));
    let mut record = file(AppId::BOX);
    record.access_level = Some(AccessLevel::Public);
    let explanation = policy.explain(&record, NOW_MS, &mut no_content);
    assert_eq!(
        explanation.to_string(),
        "policy `P`: match
  One of these → yes
    All of these → yes
      None of these → yes
        File name looks like *.txt: saw `Report.docx` → no
      Access level equals Public: saw Public → yes
    In trash equals true: saw false → no
  App equals Box: saw Box → yes"
    );
    assert_eq!(explanation.conditions[0].pointer, "/policies/0/filters/any");
    assert_eq!(
        explanation.conditions[3].pointer,
        "/policies/0/filters/any/0/none/0/filename/glob"
    );
}

#[test]
fn folders_and_kinds_are_called_by_what_is_known_of_them() {
    let scoped = |mode: &str| {
        build(json!({
            "filters": {"fileType": {"eq": [1]}},
            "folderScope": {"mode": mode, "folders": [{"app": 10489, "id": "hr"}]},
        }))
    };
    let mut record = file(AppId::BOX);
    record.mime_type = Some("application/msword".into());
    record.parent_folders = vec!["hr".into(), "beside".into()];
    record.ancestor_folders = Some(vec!["root".into(), "hr".into()]);
    let found = explain(&scoped("selected"), &record, ContentAnswer::NotYet);
    assert!(
        found.contains("lies in Box `hr`: saw root, hr, beside → yes"),
        "{found}"
    );
    assert!(
        found.contains("File type equals Document: saw Document → yes"),
        "{found}"
    );

    // What lies above is only guessed at where it could change the answer.
    record.ancestor_folders = None;
    let found = explain(&scoped("selected"), &record, ContentAnswer::NotYet);
    assert!(
        found.contains("lies in Box `hr`: saw hr, beside → yes"),
        "{found}"
    );
    record.parent_folders.remove(0);
    let found = explain(&scoped("selected"), &record, ContentAnswer::NotYet);
    assert!(found.contains("saw unknown folders → no"), "{found}");
    let mut elsewhere = file(AppId::SHAREPOINT_ONLINE);
    elsewhere.mime_type = Some("application/msword".into());
    elsewhere.parent_folders = vec!["beside".into()];
    elsewhere.ancestor_folders = None;
    let found = explain(&scoped("excluding"), &elsewhere, ContentAnswer::NotYet);
    assert!(
        found.contains("does not lie in Box `hr`: saw beside → yes"),
        "{found}"
    );
}
