use std::sync::Arc;

use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::file_type::FileType;
use crate::record::{AccessLevel, EntityKey, FileStatus, ScanWarning, ScanWarnings};
use crate::scan_status::ScanStatus;

/// All members that are known of the product's records, with invented people.
fn product_file() -> Value {
    serde_json::from_str(
        r#"{
        "_id": "5f077e6fc3b664209dae1f6b",
        "_tid": 12345678,
        "appId": 15600,
        "saasId": 15600,
        "instId": 0,
        "appName": "Microsoft OneDrive for Business",
        "id": "cac4b654|56aa5551",
        "originalId": "5f077e6fc3b664209dae1f6b",
        "driveId": "cac4b654|ac8c3025",
        "name": "20200325_104025.jpg.txt",
        "name_l": "20200325_104025.jpg.txt",
        "fileExtension": "txt",
        "mimeType": "text/plain",
        "fileType": [4, "TEXT"],
        "ftype": 4,
        "fileTypeDisplay": "File",
        "isFolder": false,
        "fileSize": 4294967296,
        "createdDate": 1594326579000,
        "modifiedDate": 1594326594000,
        "snapshotLastModifiedDate": "2020-07-09T22:15:39.820Z",
        "lastNrtTimestamp": 1594326781863,
        "scanVersion": 4,
        "dlpScanResults": [],
        "fTags": [
            "74f71239-3dea-461b-910f-15d15a71655a_2096f6a2-d2f7-48be-b329-b73aaa526e5d",
            "corrupt FILE",
            "some other tag"
        ],
        "fileAccessLevel": [0, "PRIVATE"],
        "facl": 0,
        "fileStatus": [0, "EXISTS"],
        "fstat": 0,
        "ownerName": null,
        "ownerAddress": "dana@contoso.example",
        "emails": ["dana@contoso.example"],
        "domains": ["contoso.example"],
        "groups": [],
        "groupIds": ["g1"],
        "collaborators": [{"anything": 1}],
        "parentId": "cac4b654|8f83a489",
        "effectiveParents": ["cac4b654|8f83a489", "cac4b654|ac8c3025"],
        "alternateLink": "https://contoso.example/1",
        "filePath": "/personal/dana/Documents/20200325_104025.jpg.txt",
        "sharepointItem": {"UniqueId": "56aa5551", "Created": 1, "created": 2},
        "actions": [{"task_name": "QuarantineTask"}]
    }"#,
    )
    .unwrap()
}

fn read(value: Value) -> FileJson {
    FileJson::from_value(value).unwrap()
}

#[test]
fn every_member_of_the_product_is_read_or_kept() {
    let file = read(product_file());
    assert_eq!(file.id, "5f077e6fc3b664209dae1f6b");
    let record = &file.record;
    assert_eq!(record.key.to_string(), "15600:0:cac4b654|56aa5551");
    assert_eq!(&*record.name, "20200325_104025.jpg.txt");
    assert_eq!(record.extension(), Some("txt"));
    assert_eq!(record.mime_type.as_deref(), Some("text/plain"));
    assert_eq!(record.file_type, Some(FileType::Text));
    assert_eq!(record.size_bytes, Some(1 << 32));
    assert_eq!(record.created_ms, Some(1_594_326_579_000));
    assert_eq!(record.modified_ms, Some(1_594_326_594_000));
    assert_eq!(record.snapshot_ms, Some(1_594_332_939_820));
    assert_eq!(record.labels.len(), 1);
    assert!(record.warnings.contains(ScanWarning::CorruptFile));
    assert_eq!(record.label_scan, LabelScan::Done);
    assert_eq!(record.access_level, Some(AccessLevel::Private));
    assert_eq!(record.owner_name, None);
    assert_eq!(
        record.owner_address.as_deref(),
        Some("dana@contoso.example")
    );
    assert_eq!(record.groups.len(), 1);
    assert_eq!(&*record.parent_folders[0], "cac4b654|8f83a489");
    assert_eq!(record.ancestor_folders.as_ref().map(Vec::len), Some(2));
    // What did not change is given back as it came, byte for byte.
    assert_eq!(file.to_value(), product_file());

    let mut file = file;
    file.record.labels.clear();
    file.record.status = FileStatus::Trashed;
    let written = file.to_value();
    assert_eq!(written["fTags"], json!(["some other tag", "Corrupt file"]));
    assert_eq!(written["fileStatus"], json!([1, "TRASHED"]));
    assert_eq!(written["fstat"], 1);
    for kept in ["_tid", "sharepointItem", "collaborators", "actions"] {
        assert_eq!(written[kept], product_file()[kept], "{kept}");
    }
    assert_eq!(read(written).record, file.record);
}

#[test]
fn codes_are_read_in_every_form() {
    let of = |members: Value| {
        let mut value = json!({"_id": "1"});
        value
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        read(value).record
    };
    for form in [
        json!({"fileType": [2, "SPREADSHEET"]}),
        json!({"fileType": 2}),
        json!({"fileType": "SPREADSHEET"}),
        json!({"fileType": "Spreadsheet", "ftype": 1}),
        json!({"fileType": null, "ftype": 2}),
        json!({"ftype": 2}),
    ] {
        assert_eq!(
            of(form.clone()).file_type,
            Some(FileType::Spreadsheet),
            "{form}"
        );
    }
    for form in [
        json!({"fileAccessLevel": [4, "PUBLIC_INTERNET"]}),
        json!({"facl": 4}),
    ] {
        let level = of(form.clone()).access_level;
        assert_eq!(level, Some(AccessLevel::PublicInternet), "{form}");
    }
    for (form, status) in [
        (json!({}), FileStatus::Exists),
        (json!({"fstat": 1}), FileStatus::Trashed),
        (json!({"fileStatus": "DELETED"}), FileStatus::Deleted),
        (json!({"fileStatus": [7, "ARCHIVED"]}), FileStatus::Other(7)),
    ] {
        assert_eq!(of(form.clone()).status, status, "{form}");
    }
    let both = of(json!({"parentIds": ["a", "b"], "parentId": "c"}));
    assert_eq!(both.parent_folders.len(), 2);
    assert_eq!(of(json!({"parentIds": []})).parent_folders.len(), 0);
    // What is missing has no value.
    let bare = of(json!({}));
    assert_eq!(bare.access_level, None);
    assert_eq!(bare.file_type, None);
    assert_eq!(bare.ancestor_folders, None);
    assert!(!bare.quarantined && bare.owner_org_unit.is_none());
    // A derived extension, and one that the app knows better.
    assert_eq!(of(json!({"name": "a.docx"})).extension(), Some("docx"));
    let known = of(json!({"name": "a.docx", "fileExtension": "pdf"}));
    assert_eq!((known.extension(), known.stem()), (Some("pdf"), "a"));
}

#[test]
fn a_change_leaves_all_other_members_as_they_came() {
    let before = json!({
        "_id": "1", "appId": 4711, "saasId": 4711, "appName": "Some app", "name": "A.txt",
        "name_l": "a.txt", "groupIds": ["g1"], "groups": ["Everyone", "g1"],
        "fileStatus": [300, "ARCHIVED"], "parentIds": ["a", "b"], "parentId": "c",
        "fileType": "SPREADSHEET", "fileAccessLevel": "Private", "fTags": ["x", "corrupt file"],
        "createdDate": "2020-12-27T00:00:00+01:00", "mimeType": "", "quarantined": false,
        "ownerName": null, "modifiedDate": 5,
    });
    type Change = fn(&mut FileJson);
    let table: [(Change, &[(&str, Value)]); 8] = [
        (
            |it| it.record.modified_ms = Some(7),
            &[("modifiedDate", json!(7))],
        ),
        (
            |it| it.record.name = "B.txt".into(),
            &[("name", json!("B.txt")), ("name_l", json!("b.txt"))],
        ),
        (
            |it| it.record.groups = vec!["g2".into(), "Everyone".into()],
            &[("groupIds", json!(["g2"])), ("groups", json!(["Everyone"]))],
        ),
        (
            |it| it.record.status = FileStatus::Trashed,
            &[("fileStatus", json!([1, "TRASHED"])), ("fstat", json!(1))],
        ),
        (
            |it| it.record.parent_folders = vec!["d".into()],
            &[("parentIds", json!(["d"])), ("parentId", json!("d"))],
        ),
        (
            |it| it.record.file_type = Some(FileType::Image),
            &[("fileType", json!([5, "IMAGE"])), ("ftype", json!(5))],
        ),
        (
            |it| it.record.mime_type = Some("a/b".into()),
            &[("mimeType", json!("a/b"))],
        ),
        (
            |it| it.id = "2".to_owned(),
            &[("_id", json!("2")), ("id", json!("1"))],
        ),
    ];
    for (change, members) in table {
        let mut file = read(before.clone());
        change(&mut file);
        let mut expected = before.clone();
        for (name, value) in members {
            expected[*name] = value.clone();
        }
        let written = file.to_value();
        assert_eq!(written, expected);
        let again = read(written);
        assert_eq!((again.record, again.id), (file.record, file.id));
    }
}

#[test]
fn a_status_without_a_number_counts_as_existing() {
    for status in [json!("ARCHIVED"), json!(["ARCHIVED"])] {
        let mut file = read(json!({"_id": "1", "fileStatus": status}));
        assert_eq!(file.record.status, FileStatus::Other(u8::MAX));
        file.record.size_bytes = Some(1);
        assert_eq!(file.to_value()["fileStatus"], status);
    }
    // A number that has a name already would make a file another one when it is read again.
    for code in 0..3 {
        let file = read(json!({"_id": "1", "fileStatus": 7}));
        let mut file = file;
        file.record.status = FileStatus::Other(code);
        let again = read(file.to_value()).record.status;
        assert_eq!(again, FileStatus::Other(u8::MAX), "{code}");
    }
}

#[test]
fn empty_texts_are_no_values() {
    let members = [
        "fileExtension",
        "mimeType",
        "ownerName",
        "ownerAddress",
        "ownerOrgUnit",
        "filePath",
        "alternateLink",
        "parentId",
    ];
    for member in members {
        let mut value = json!({"_id": "1", "name": "a.txt"});
        let bare = read(value.clone()).record;
        value[member] = json!("");
        assert_eq!(read(value).record, bare, "{member}");
    }
}

#[test]
fn what_cannot_be_read_is_said_with_its_place() {
    for (value, pointers) in [
        (json!([]), &[""][..]),
        (json!({"name": "a"}), &[""]),
        (json!({"_id": 7}), &["/_id"]),
        (json!({"_id": "a\u{1}b"}), &["/_id"]),
        (json!({"_id": "1", "fileSize": -1}), &["/fileSize"]),
        (
            json!({"_id": "1", "modifiedDate": "yesterday", "domains": ["a", 1]}),
            &["/modifiedDate", "/domains/1"],
        ),
        (json!({"_id": "1", "fileType": [9]}), &["/fileType"]),
        (
            json!({"_id": "1", "fileAccessLevel": {}}),
            &["/fileAccessLevel"],
        ),
        (json!({"_id": "1", "facl": "SECRET"}), &["/facl"]),
        (
            json!({"_id": "1", "ftype": 9, "facl": [5]}),
            &["/ftype", "/facl"],
        ),
        (json!({"_id": "1", "labelScan": "dome"}), &["/labelScan"]),
        (
            json!({"_id": "1", "contentScans": ["completed", 7, "fileEncrypt", "Pending"]}),
            &["/contentScans/1", "/contentScans/2", "/contentScans/3"],
        ),
        (
            json!({"_id": "1", "ownerEntities": [{"saas": 1}, {"id": "a", "saas": "b"}]}),
            &["/ownerEntities/0", "/ownerEntities/1"],
        ),
    ] {
        let errors = FileJson::from_value(value.clone()).unwrap_err();
        let found: Vec<&str> = errors
            .as_slice()
            .iter()
            .map(|error| error.pointer.as_str())
            .collect();
        assert_eq!(found, pointers, "{value}");
    }
    assert!(FileJson::from_json("{").is_err());
}

#[test]
fn files_come_alone_in_lists_and_in_answers() {
    for (text, count) in [
        (r#"{"_id": "1"}"#, 1),
        (r#"[{"_id": "1"}, {"_id": "2"}]"#, 2),
        (
            r#"{"total": 2, "hasNext": false, "data": [{"_id": "1"}]}"#,
            1,
        ),
        (r#"{"data": []}"#, 0),
    ] {
        assert_eq!(FileJson::values(text).unwrap().len(), count, "{text}");
    }
    assert!(FileJson::values("7").is_err());
    assert!(FileJson::values("{").is_err());
}

fn text() -> impl Strategy<Value = Arc<str>> {
    "[a-zA-Zäß0-9@. ]{1,8}".prop_map(Arc::from)
}

fn texts() -> impl Strategy<Value = Vec<Arc<str>>> {
    vec(text(), 0..3)
}

fn entity() -> impl Strategy<Value = EntityKey> {
    (text(), option::of(any::<u32>()), option::of(any::<u32>())).prop_map(|(id, app, instance)| {
        EntityKey {
            id,
            app: app.map(AppId),
            instance,
        }
    })
}

prop_compose! {
    fn facts()(
        app in any::<u32>(),
        instance in any::<u32>(),
        file in text(),
        name in text(),
        extension in option::of(text()),
        times in [option::of(any::<i64>()), option::of(any::<i64>()), option::of(any::<i64>())],
        size in option::of(any::<u64>()),
        codes in (option::of(0_u32..7), option::of(0_u32..5), 0_u8..9, 0_usize..4),
        flags in any::<[bool; 5]>(),
    ) -> FileRecord {
        let key = FileKey::new(AppId(app), instance, FileId::parse(&file).unwrap());
        let mut record = FileRecord::new(key, &*name);
        record.reported_extension = extension;
        [record.created_ms, record.modified_ms, record.snapshot_ms] = times;
        record.size_bytes = size;
        record.file_type = codes.0.and_then(FileType::from_code);
        record.access_level = codes.1.and_then(AccessLevel::from_code);
        record.status = match codes.2 {
            0 => FileStatus::Exists,
            1 => FileStatus::Trashed,
            2 => FileStatus::Deleted,
            other => FileStatus::Other(other),
        };
        record.label_scan = LABEL_SCANS[codes.3].1;
        [record.is_folder, record.quarantined, record.shared_with_organization, record.is_foreign, record.no_governance] = flags;
        record
    }
}

prop_compose! {
    fn records()(
        facts in facts(),
        owner in [option::of(text()), option::of(text()), option::of(text())],
        more in [option::of(text()), option::of(text()), option::of(text())],
        entities in [vec(entity(), 0..3), vec(entity(), 0..3)],
        lists in [texts(), texts(), texts(), texts()],
        groups in option::of(texts()),
        ancestors in option::of(texts()),
        labels in proptest::collection::btree_set(any::<[u8; 2]>(), 0..3),
        warnings in proptest::sample::subsequence(ScanWarning::ALL.to_vec(), 0..=3),
        policies in texts(),
        scans in vec(proptest::sample::select(ScanStatus::all().collect::<Vec<_>>()), 0..4),
    ) -> FileRecord {
        let mut record = facts;
        record.content_scans = scans;
        [record.owner_name, record.owner_address, record.owner_org_unit] = owner;
        let [mime_type, path, url] = more;
        record.mime_type = mime_type;
        record.path = path.map(|path| Box::from(&*path));
        record.url = url.map(|url| Box::from(&*url));
        [record.owner_entities, record.collaborator_entities] = entities;
        [record.collaborators, record.domains, record.groups, record.parent_folders] = lists;
        record.owner_groups = groups;
        record.ancestor_folders = ancestors;
        record.labels = labels.into_iter().map(|[tenant, label]| {
            LabelKey::new(TenantId::from_u128(tenant.into()), LabelId::from_u128(label.into()))
        }).collect();
        record.warnings = warnings.into_iter().collect::<ScanWarnings>();
        record.matched_policies = policies.iter().map(|id| PolicyId::parse(id).unwrap()).collect();
        record
    }
}

proptest! {
    #[test]
    fn every_record_survives_the_way_there_and_back(one in records(), other in records()) {
        let file = FileJson::new(one.clone());
        let value = file.to_value();
        prop_assert_eq!(&read(value.clone()).record, &one);
        let text = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(&FileJson::from_json(&text).unwrap().record, &one);
        // Over what stood there before.
        let mut over = read(value);
        over.record = other.clone();
        prop_assert_eq!(read(over.to_value()).record, other);
    }

    #[test]
    fn any_value_is_read_or_refused(name in "[a-zA-Z]{1,12}", text in ".{0,12}", number: i64) {
        for value in [json!(text), json!(number), json!([text, number]), json!({"id": text})] {
            for member in [name.as_str(), "fTags", "parentIds", "fileType", "id", "modifiedDate"] {
                let mut file = json!({"_id": "1"});
                file[member] = value.clone();
                if let Ok(read) = FileJson::from_value(file.clone()) {
                    prop_assert_eq!(read.to_value(), file);
                }
            }
        }
    }
}
