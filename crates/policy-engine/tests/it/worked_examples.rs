//! The worked examples of the product's documentation, on grids of records.

use crate::shared::*;
use label_core::{AppId, FileId, FileKey, LabelKey};
use policy_engine::{
    AccessLevel, ContentAnswer, FileRecord, Inspection, LabelScan, Outcome, Policy,
};
use serde_json::json;

const APPS: [AppId; 4] = [
    AppId::BOX,
    AppId::SHAREPOINT_ONLINE,
    AppId::ONEDRIVE,
    AppId::GOOGLE_WORKSPACE,
];

/// Every combination of label, access level and app.
fn grid(labels: &[Option<LabelKey>]) -> Vec<FileRecord> {
    let mut records = Vec::new();
    for &label in labels {
        for level in AccessLevel::ALL {
            for app in APPS {
                let mut record = file(app);
                record.access_level = Some(level);
                record.labels.extend(label);
                records.push(record);
            }
        }
    }
    records
}

fn matching(
    policy: &Policy,
    records: &[FileRecord],
) -> Vec<(Option<LabelKey>, AccessLevel, AppId)> {
    records
        .iter()
        .filter(|record| matches(policy, record))
        .map(|record| {
            let label = record.labels.first().copied();
            (label, record.access_level.unwrap(), record.key.app)
        })
        .collect()
}

/// E1: label Confidential, access External or Public, app Box; nothing else of 3×5×4 records.
#[test]
fn r_192_r_194_sample_1_matches_exactly() {
    let records = grid(&[Some(own(CONFIDENTIAL)), Some(own(GENERAL)), None]);
    assert_eq!(records.len(), 60);
    for label in [
        "Confidential".to_owned(),
        "confidential".to_owned(),
        own(CONFIDENTIAL).to_string(),
        own(CONFIDENTIAL).label.to_string(),
    ] {
        let policy = build(json!({
            "severity": "high",
            "category": "sharing_control",
            "filters": {
                "sharing": {"eq": [2, 3]},
                "fileLabels": {"eq": [label]},
                "service": {"eq": [10489]},
            }
        }));
        assert_eq!(
            matching(&policy, &records),
            [
                (Some(own(CONFIDENTIAL)), AccessLevel::External, AppId::BOX),
                (Some(own(CONFIDENTIAL)), AccessLevel::Public, AppId::BOX),
            ]
        );
    }
}

/// E1 as the 2025 picture has it: three levels, a sublabel.
#[test]
fn r_192_sample_1_of_2025() {
    let records = grid(&[Some(own(CONFIDENTIAL)), Some(own(ALL_EMPLOYEES)), None]);
    let policy = build(json!({"filters": {
        "sharing": {"eq": [4, 2, 3]},
        "service": {"eq": [10489]},
        "fileLabels": {"eq": ["Confidential/All Employees"]},
    }}));
    let label = Some(own(ALL_EMPLOYEES));
    assert_eq!(
        matching(&policy, &records),
        [
            (label, AccessLevel::External, AppId::BOX),
            (label, AccessLevel::Public, AppId::BOX),
            (label, AccessLevel::PublicInternet, AppId::BOX),
        ]
    );
}

#[test]
fn r_193_category_plays_no_part() {
    let records = grid(&[Some(own(CONFIDENTIAL)), None]);
    let filters = json!({"sharing": {"eq": [2]}, "service": {"eq": [10489]}});
    let mut answers = Vec::new();
    for category in [
        "dlp",
        "sharing_control",
        "access_control",
        "compliance",
        "configuration_control",
        "cloud_discovery",
        "privileged_accounts",
        "threat_detection",
    ] {
        let policy = build(json!({"category": category, "filters": filters}));
        answers.push(matching(&policy, &records));
    }
    assert_eq!(answers[0].len(), 2);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

/// E2: SharePoint Online, changed after an instant, Confidential, outside of the Finance folder.
#[test]
fn r_181_r_196_sample_2_grid() {
    // 2016-09-14T11:12 in a zone three hours east of Greenwich.
    const AFTER_MS: i64 = 1_473_840_720_000;
    let policy = build(json!({
        "filters": {
            "service": {"eq": [20892]},
            "modifiedDate": {"gte": "2016-09-14T11:12:00+03:00"},
            "fileLabels": {"eq": ["Confidential"]},
        },
        "folderScope": {"mode": "excluding", "folders": [{"app": 20892, "id": "Finance"}]},
    }));
    let mut matched = 0;
    for app in APPS {
        for modified_ms in [None, Some(AFTER_MS - 1), Some(AFTER_MS), Some(AFTER_MS + 1)] {
            for label in [None, Some(own(CONFIDENTIAL)), Some(own(FINANCE))] {
                for folders in [
                    &["root"][..],
                    &["root", "Finance"],
                    &["root", "finance", "2016"],
                ] {
                    let mut record = file(app);
                    record.modified_ms = modified_ms;
                    record.labels.extend(label);
                    record.ancestor_folders =
                        Some(folders.iter().map(|&folder| folder.into()).collect());
                    let expected = app == AppId::SHAREPOINT_ONLINE
                        && (modified_ms == Some(AFTER_MS) || modified_ms == Some(AFTER_MS + 1))
                        && label == Some(own(CONFIDENTIAL))
                        && folders.len() == 1;
                    assert_eq!(matches(&policy, &record), expected, "{record:?}");
                    matched += usize::from(expected);
                }
            }
        }
    }
    assert_eq!(matched, 2);
}

#[test]
fn r_198_modified_after_a_date_to_the_millisecond() {
    const AT_MS: i64 = 1_473_851_520_000;
    for instant in [
        json!("2016-09-14T11:12:00Z"),
        json!("2016-09-14T13:12:00+02:00"),
        json!(AT_MS),
    ] {
        let policy = build(json!({"filters": {"modifiedDate": {"gte": instant}}}));
        for (offset_ms, expected) in [(-1, false), (0, true), (1, true)] {
            let mut record = file(AppId::BOX);
            record.modified_ms = Some(AT_MS + offset_ms);
            assert_eq!(matches(&policy, &record), expected);
        }
    }
    // A local time would be another instant for each reader.
    assert_eq!(
        errors(json!({"filters": {"modifiedDate": {"gte": "2016-09-14T11:12:00"}}})),
        "/policies/0/filters/modifiedDate/gte: expected milliseconds since 1970, or a date and \
         time with its zone, found `\"2016-09-14T11:12:00\"`; such as `2020-12-27T00:00:00Z`"
    );
}

/// E3: not internal, Finance's files. "Not internal" includes private files.
#[test]
fn r_146_r_147_r_148_automatic_labels_for_finance() {
    let policy = build(json!({
        "filters": {"sharing": {"neq": [1]}, "owner.orgUnit": {"eq": ["Finance"]}},
        "governance": {"11770": {"applyLabel": "Confidential/Finance"}},
    }));
    for level in AccessLevel::ALL {
        for (unit, in_finance) in [
            (Some("Finance"), true),
            (Some("finance"), true),
            (Some("HR"), false),
            (None, false),
        ] {
            let mut record = file(AppId::GOOGLE_WORKSPACE);
            record.access_level = Some(level);
            record.owner_org_unit = unit.map(Into::into);
            let expected = level != AccessLevel::Internal && in_finance;
            assert_eq!(matches(&policy, &record), expected, "{level} {unit:?}");
        }
    }
}

#[test]
fn r_149_negative_operators_match_missing_values() {
    for (field, value) in [
        ("owner.orgUnit", json!(["Finance"])),
        ("sharing", json!([1])),
        ("extension", json!(["exe"])),
        ("mimeType", json!(["text/plain"])),
        ("fileType", json!([1])),
        ("parentFolder", json!(["f"])),
        ("collaborators.groups", json!(["g"])),
        ("owner.username", json!(["dana@contoso.example"])),
        ("fileLabels", json!(["General"])),
        ("fileScanLabels", json!(["Corrupt file"])),
    ] {
        let mut record = file(AppId::BOX);
        record.name = "README".into();
        let neq = build(json!({"filters": {field: {"neq": value}}}));
        let eq = build(json!({"filters": {field: {"eq": value}}}));
        assert!(matches(&neq, &record), "{field}");
        assert!(!matches(&eq, &record), "{field}");
    }
}

/// E5: externally shared confidential files, in all apps.
#[test]
fn r_025_e5_label_and_sharing_together() {
    let policy = build(json!({"filters": {
        "fileLabels": {"eq": ["Confidential"]},
        "sharing": {"eq": [4, 3, 2]},
    }}));
    let records = grid(&[Some(own(CONFIDENTIAL)), Some(own(FINANCE)), None]);
    let found = matching(&policy, &records);
    assert_eq!(found.len(), 3 * APPS.len());
    assert!(found.iter().all(|(label, level, _)| {
        *label == Some(own(CONFIDENTIAL)) && *level >= AccessLevel::External
    }));
}

/// E9: labelled, and shared with someone of a domain that is not one's own.
#[test]
fn a_002_e9_any_outside_domain() {
    let policy = build(json!({"filters": {
        "fileLabels": {"eq": ["Confidential"]},
        "collaborators.withDomain": {"deq": ["contoso.example", "contoso.onmicrosoft.com"]},
    }}));
    for (domains, expected) in [
        (&[][..], false),
        (&["contoso.example"][..], false),
        (&["CONTOSO.example", "contoso.onmicrosoft.com"][..], false),
        (&["contoso.example", "fabrikam.example"][..], true),
        (&["fabrikam.example"][..], true),
    ] {
        let mut record = file(AppId::ONEDRIVE);
        record.labels.push(own(CONFIDENTIAL));
        record.domains = domains.iter().map(|&domain| domain.into()).collect();
        assert_eq!(matches(&policy, &record), expected, "{domains:?}");
    }
}

/// E12: no filters at all, any preset, no actions, alerts off.
#[test]
fn r_115_r_117_r_118_recipe_for_scanning_everything() {
    for preset in ["credit_card", "iban", "us_ssn", "email"] {
        let policy = build(json!({
            "filters": {},
            "inspection": {"method": "built_in", "preset": preset},
            "alerts": {"eachMatch": false},
        }));
        assert!(policy.needs_content());
        for app in APPS {
            let mut record = file(app);
            record.label_scan = LabelScan::Never;
            assert!(policy.covers(&record, NOW_MS));
            assert!(policy.actions(app).is_empty());
            let mut not_read = |_: &Inspection| ContentAnswer::NotYet;
            assert_eq!(
                policy.evaluate(&record, NOW_MS, &mut not_read),
                Outcome::NeedsContent
            );
        }
    }
}

#[test]
fn r_115_no_filters_match_every_file() {
    let policy = build(json!({}));
    for record in grid(&[Some(own(CONFIDENTIAL)), None]) {
        assert!(matches(&policy, &record));
    }
}

#[test]
fn r_180_labelled_and_recently_changed() {
    let policy = build(json!({"filters": {
        "fileLabels": {"isset": true},
        "modifiedDate": {"gte_ndays": 90},
    }}));
    const NINETY_DAYS_MS: i64 = 90 * 86_400_000;
    for (label, age_ms, expected) in [
        (true, NINETY_DAYS_MS, true),
        (true, NINETY_DAYS_MS + 1, false),
        (true, -1, true),
        (false, 0, false),
    ] {
        let mut record = file(AppId::BOX);
        record.modified_ms = Some(NOW_MS - age_ms);
        if label {
            record.labels.push(foreign(1));
        }
        assert_eq!(matches(&policy, &record), expected, "{label} {age_ms}");
    }
}

#[test]
fn r_199_r_200_r_201_folder_scopes() {
    let folders = json!([
        {"app": 20892, "instance": 0, "id": "Finance"},
        {"app": 10489, "instance": 1, "id": "Finance"},
    ]);
    let excluding = build(json!({"folderScope": {"mode": "excluding", "folders": folders}}));
    let selected = build(json!({"folderScope": {"mode": "selected", "folders": folders}}));
    let table: &[(AppId, u32, Option<&[&str]>, bool)] = &[
        // In the folder, below it, and at any depth.
        (AppId::SHAREPOINT_ONLINE, 0, Some(&["Finance"]), true),
        (
            AppId::SHAREPOINT_ONLINE,
            0,
            Some(&["root", "FINANCE", "2020", "Q4"]),
            true,
        ),
        (
            AppId::SHAREPOINT_ONLINE,
            0,
            Some(&["root", "Finances"]),
            false,
        ),
        (AppId::SHAREPOINT_ONLINE, 0, Some(&[]), false),
        // A folder of the same name elsewhere is another folder.
        (AppId::SHAREPOINT_ONLINE, 1, Some(&["Finance"]), false),
        (AppId::ONEDRIVE, 0, Some(&["Finance"]), false),
        (AppId::BOX, 0, Some(&["Finance"]), false),
        (AppId::BOX, 1, Some(&["Finance"]), true),
        // Unknown ancestry: selecting leaves it out, excluding lets it in.
        (AppId::SHAREPOINT_ONLINE, 0, None, false),
    ];
    for &(app, instance, ancestors, inside) in table {
        let mut record = file(app);
        record.key.instance = instance;
        record.ancestor_folders =
            ancestors.map(|list| list.iter().map(|&folder| folder.into()).collect());
        assert_eq!(matches(&selected, &record), inside, "{record:?}");
        assert_eq!(matches(&excluding, &record), !inside, "{record:?}");
    }
    // A direct parent is known even where the folders above it are not.
    let mut record = file(AppId::SHAREPOINT_ONLINE);
    record.parent_folders.push("Finance".into());
    assert!(matches(&selected, &record));
    assert!(!matches(&excluding, &record));
}

#[test]
fn a_005_parent_folder_is_the_direct_one() {
    let parent = build(json!({"filters": {"parentFolder": {"eq": ["F"]}}}));
    let below = build(json!({"filters": {"parentFolder": {"descendantof": ["F"]}}}));
    let not_below = build(json!({"filters": {"parentFolder": {"ndescendantof": ["F"]}}}));
    let scope = build(json!({
        "folderScope": {"mode": "selected", "folders": [{"app": 10489, "id": "F"}]}
    }));
    for (parents, ancestors, direct, any) in [
        (&["f"][..], &["root", "F"][..], true, true),
        (&["sub"], &["root", "F", "sub"], false, true),
        (&["sub"], &["root", "sub"], false, false),
        (&["other", "F"], &["root"], true, true),
    ] {
        let mut record = file(AppId::BOX);
        record.parent_folders = parents.iter().map(|&folder| folder.into()).collect();
        record.ancestor_folders = Some(ancestors.iter().map(|&folder| folder.into()).collect());
        assert_eq!(matches(&parent, &record), direct, "{parents:?}");
        assert_eq!(matches(&below, &record), any, "{parents:?}");
        assert_eq!(matches(&not_below, &record), !any, "{parents:?}");
        assert_eq!(matches(&scope, &record), any, "{parents:?}");
    }
}

#[test]
fn a_006_owner_scopes() {
    let selected =
        build(json!({"ownerScope": {"mode": "selected", "groups": ["Finance", "Legal"]}}));
    let excluding =
        build(json!({"ownerScope": {"mode": "excluding", "groups": ["Finance", "Legal"]}}));
    for (groups, inside) in [
        (Some(&["finance", "all"][..]), true),
        (Some(&["all"][..]), false),
        (Some(&[][..]), false),
        (None, false),
    ] {
        let mut record = file(AppId::BOX);
        record.owner_groups = groups.map(|list| list.iter().map(|&group| group.into()).collect());
        assert_eq!(matches(&selected, &record), inside, "{groups:?}");
        assert_eq!(matches(&excluding, &record), !inside, "{groups:?}");
    }
}

#[test]
fn r_182_a_specific_set_of_files() {
    let mut record = FileRecord::new(
        FileKey::new(AppId::BOX, 0, FileId::parse("Site|Item").unwrap()),
        "Budget 2021.xlsx",
    );
    record.owner_address = Some("Dana@contoso.example".into());
    record.parent_folders.push("F-1".into());
    record.mime_type = Some("application/vnd.ms-excel".into());
    for (filters, other) in [
        (
            json!({"fileId": {"eq": "site|item"}}),
            json!({"fileId": {"eq": "site|other"}}),
        ),
        (
            json!({"parentFolder": {"eq": ["f-1"]}}),
            json!({"parentFolder": {"eq": ["f-2"]}}),
        ),
        (
            json!({"owner.username": {"eq": ["dana@contoso.example"]}}),
            json!({"owner.username": {"eq": ["sam@contoso.example"]}}),
        ),
        (
            json!({"filename": {"contains": ["budget"]}}),
            json!({"filename": {"contains": ["budge"]}}),
        ),
        (
            json!({"fileType": {"eq": [2]}}),
            json!({"fileType": {"eq": [1]}}),
        ),
    ] {
        assert!(
            matches(&build(json!({"filters": filters})), &record),
            "{filters}"
        );
        assert!(
            !matches(&build(json!({"filters": other})), &record),
            "{other}"
        );
    }
}
