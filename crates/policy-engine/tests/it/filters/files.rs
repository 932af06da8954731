//! What files are: names, types, states, people, places.

use crate::shared::*;
use label_core::AppId;
use policy_engine::{
    Answer, EntityKey, ExtensionCase, FileRecord, FileStatus, FileType, Filter, WordSeparators,
};
use serde_json::json;

use super::holds;

#[test]
fn a_001_file_names() {
    for (app, name, filter, expected) in [
        (
            AppId::BOX,
            "malware-virus.exe",
            json!({"contains": ["malware virus"]}),
            true,
        ),
        (
            AppId::BOX,
            "malware.exe",
            json!({"contains": ["\"malware\" \"virus\""]}),
            false,
        ),
        (
            AppId::BOX,
            "SupremeTacos.txt",
            json!({"contains": ["Tacos"]}),
            false,
        ),
        (
            AppId::BOX,
            "SupremeTacos.txt",
            json!({"ncontains": ["Tacos"]}),
            true,
        ),
        (AppId::BOX, "Tacos.txt", json!({"text": "tacos"}), true),
        (
            AppId::BOX,
            "malware.exe.txt",
            json!({"eq": ["malware.exe"]}),
            false,
        ),
        (
            AppId::BOX,
            "MALWARE.EXE",
            json!({"eq": ["malware.exe"]}),
            true,
        ),
        (
            AppId::BOX,
            "MALWARE.EXE",
            json!({"neq": ["malware.exe"]}),
            false,
        ),
        // Without its extension a name counts on SharePoint only.
        (AppId::BOX, "Budget.xlsx", json!({"eq": ["budget"]}), false),
        (
            AppId::ONEDRIVE,
            "Budget.xlsx",
            json!({"eq": ["budget"]}),
            false,
        ),
        (
            AppId::SHAREPOINT_ONLINE,
            "Budget.xlsx",
            json!({"eq": ["budget"]}),
            true,
        ),
        (
            AppId::SHAREPOINT_ONLINE,
            "Budget.xlsx",
            json!({"neq": ["budget"]}),
            false,
        ),
        (
            AppId::BOX,
            "Straße.txt",
            json!({"startswith": ["x", "STRASSE"]}),
            true,
        ),
        (
            AppId::BOX,
            "Straße.txt",
            json!({"startswithsingle": "strass"}),
            true,
        ),
        (
            AppId::BOX,
            "Straße.txt",
            json!({"doesnotstartwith": ["s"]}),
            false,
        ),
        (
            AppId::BOX,
            "Straße.txt",
            json!({"endswith": [".TXT"]}),
            true,
        ),
        (
            AppId::BOX,
            "Straße.txt",
            json!({"endswith": ["straße"]}),
            false,
        ),
        (AppId::BOX, "a.txt", json!({"contains": []}), false),
        (AppId::BOX, "a.txt", json!({"ncontains": []}), true),
    ] {
        let mut record = file(app);
        record.name = name.into();
        assert_eq!(
            holds(json!({"filename": filter}), &record),
            expected,
            "{name} {filter}"
        );
    }
    let labels = labels();
    let mut context = context(&labels);
    context.words = WordSeparators::Current;
    let filter = Filter::build(&json!({"filename": {"contains": ["tacos"]}}), &context).unwrap();
    let mut record = file(AppId::BOX);
    record.name = "Tacos_recipe.txt".into();
    assert_eq!(filter.answer(&record, NOW_MS), Answer::No);
}

#[test]
fn a_003_extension_with_and_without_letter_case() {
    let mut record = file(AppId::BOX);
    record.name = "cert.PFX".into();
    let query = json!({"extension": {"eq": ["pfx", "crt"]}});
    assert!(holds(query.clone(), &record));
    let labels = labels();
    let mut context = context(&labels);
    context.extension_case = ExtensionCase::Respected;
    let strict = Filter::build(&query, &context).unwrap();
    assert_eq!(strict.answer(&record, NOW_MS), Answer::No);
    record.name = "cert.crt".into();
    assert_eq!(strict.answer(&record, NOW_MS), Answer::Yes);
}

#[test]
fn a_004_file_types() {
    let mut record = file(AppId::BOX);
    let is = |record: &FileRecord, code: u32| holds(json!({"fileType": {"eq": [code]}}), record);
    assert!(!is(&record, 0) && !is(&record, 1));
    record.mime_type = Some("application/pdf".into());
    assert!(is(&record, 1));
    record.file_type = Some(FileType::Image);
    assert!(is(&record, 5) && !is(&record, 1));
    let mut folder = file(AppId::BOX);
    folder.is_folder = true;
    assert!(is(&folder, 6));
    assert!(holds(json!({"folder": {"eq": true}}), &folder));
    assert!(!holds(json!({"folder": {"eq": [false]}}), &folder));
}

#[test]
fn a_008_trash_deleted_and_quarantine() {
    let with = |status: FileStatus| {
        let mut record = file(AppId::BOX);
        record.status = status;
        record
    };
    let (exists, trashed, deleted, other) = (
        with(FileStatus::Exists),
        with(FileStatus::Trashed),
        with(FileStatus::Deleted),
        with(FileStatus::Other(9)),
    );
    for (filters, expected) in [
        (json!({}), [true, true, false, true]),
        (
            json!({"trashed": {"eq": false}}),
            [true, false, false, true],
        ),
        (
            json!({"trashed": {"eq": true}}),
            [false, true, false, false],
        ),
        (
            json!({"trashed": {"eq": [true, false]}}),
            [true, true, false, true],
        ),
        (
            json!({"allowDeleted": {"eq": true}}),
            [true, true, true, true],
        ),
        (
            json!({"allowDeleted": {"eq": false}}),
            [true, true, false, true],
        ),
        // The trash filter makes the other one ineffective.
        (
            json!({"allowDeleted": {"eq": true}, "trashed": {"eq": [true, false]}}),
            [true, true, false, true],
        ),
    ] {
        let found =
            [&exists, &trashed, &deleted, &other].map(|record| holds(filters.clone(), record));
        assert_eq!(found, expected, "{filters}");
    }
    let mut quarantined = file(AppId::BOX);
    quarantined.quarantined = true;
    assert!(holds(json!({"quarantined": {"eq": true}}), &quarantined));
    assert!(!holds(json!({"quarantined": {"eq": true}}), &exists));
}

#[test]
fn people_and_places() {
    let mut record = file(AppId::BOX);
    record.collaborators = vec!["dana@contoso.example".into(), "lee@fabrikam.example".into()];
    record.domains = vec!["contoso.example".into(), "fabrikam.example".into()];
    record.groups = vec!["G-1".into()];
    record.mime_type = Some("Text/Plain".into());
    record.key.instance = 3;
    record.owner_entities = vec![EntityKey {
        id: "3FA9F28B".into(),
        app: Some(AppId(11161)),
        instance: Some(0),
    }];
    record.matched_policies = vec![label_core::PolicyId::parse("ABC").unwrap()];
    for (filters, expected) in [
        (
            json!({"collaborators.users": {"eq": ["LEE@fabrikam.example"]}}),
            true,
        ),
        (
            json!({"collaborators.users": {"neq": ["lee@fabrikam.example"]}}),
            false,
        ),
        (
            json!({"collaborators.domains": {"eq": ["fabrikam.example"]}}),
            true,
        ),
        (
            json!({"collaborators.domains": {"neq": ["fabrikam.example"]}}),
            false,
        ),
        (
            json!({"collaborators.withDomain": {"deq": ["fabrikam.example"]}}),
            true,
        ),
        (
            json!({"collaborators.withDomain": {"eq": ["northwind.example"]}}),
            false,
        ),
        (json!({"collaborators.withDomain": {"deq": []}}), true),
        (json!({"collaborators.groups": {"eq": ["g-1"]}}), true),
        (json!({"mimeType": {"eq": "text/plain"}}), true),
        (json!({"mimeType": {"eq": "text"}}), false),
        (json!({"instance": {"eq": [3]}}), true),
        (json!({"instance": {"neq": [3]}}), false),
        (
            json!({"owner.entity": {"eq": [{"id": "3fa9f28b", "saas": 11161, "inst": 0}]}}),
            true,
        ),
        (json!({"owner.entity": {"eq": [{"id": "3fa9f28b"}]}}), true),
        (
            json!({"owner.entity": {"eq": [{"id": "3fa9f28b", "saas": 1}]}}),
            false,
        ),
        (
            json!({"owner.entity": {"neq": [{"id": "3fa9f28b", "inst": 1}]}}),
            true,
        ),
        (
            json!({"collaborators.entity": {"eq": [{"id": "3fa9f28b"}]}}),
            false,
        ),
        (
            json!({"policy": {"cabinetmatchedrulesequals": ["abc"]}}),
            true,
        ),
        (json!({"policy": {"neq": ["abc"]}}), false),
        (json!({"policy": {"isset": true}}), true),
    ] {
        assert_eq!(holds(filters.clone(), &record), expected, "{filters}");
    }
}

#[test]
fn texts_by_their_parts() {
    let mut record = file(AppId::BOX);
    record.name = "Supreme_Tacos 2021.txt".into();
    record.path = Some("/Recipes/Mexico/Supreme_Tacos 2021.txt".into());
    record.owner_address = Some("Dana@contoso.example".into());
    for (filters, expected) in [
        (json!({"filename": {"contains": ["acos"]}}), false),
        (json!({"filename": {"substring": ["ACOS"]}}), true),
        (json!({"filename": {"nsubstring": ["x", "acos"]}}), false),
        (json!({"filename": {"glob": ["*tacos*.txt"]}}), true),
        (json!({"filename": {"nglob": "*.docx"}}), true),
        (json!({"filename": {"regex": ["_t[a-c]cos \\d+"]}}), true),
        (json!({"filename": {"nregex": ["^tacos"]}}), true),
        (json!({"filename": {"endswith": [".TXT"]}}), true),
        (json!({"filename": {"doesnotendwith": [".TXT"]}}), false),
        (json!({"path": {"glob": ["/recipes/**"]}}), true),
        (json!({"path": {"glob": ["/recipes/*"]}}), false),
        (json!({"path": {"startswith": ["/RECIPES/"]}}), true),
        (json!({"path": {"isset": true}}), true),
        (
            json!({"owner.username": {"endswith": ["@CONTOSO.example"]}}),
            true,
        ),
        (json!({"owner.username": {"glob": []}}), false),
        (json!({"owner.orgUnit": {"nglob": ["*"]}}), true),
        (json!({"collaborators.organization": {"eq": false}}), true),
    ] {
        assert_eq!(holds(filters.clone(), &record), expected, "{filters}");
    }
    let labels = labels();
    let error = Filter::build(
        &json!({"filename": {"regex": ["("], "glob": ["[a"]}}),
        &context(&labels),
    );
    let error = error.unwrap_err().to_string();
    assert_eq!(
        error,
        "/filters/filename/glob/0: `[a`: `[` is not closed, or empty\n/filters/filename/regex/0: \
         `(`: unclosed group"
    );
}
