use std::collections::BTreeSet;
use std::sync::Arc;

use label_core::{
    AppId, ExternalLabels, FileId, Label, LabelCatalog, LabelId, LabelKey, LabelOrigin, LabelState,
    LabelView, PolicyId, TenantId,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::*;
use crate::evaluate::Answer;
use crate::field::{Field, FilterDialect};
use crate::file_type::{FileType, FileTypeTable};
use crate::filter::{Filter, VALUE_BYTES_MAX};
use crate::record::{AccessLevel, EntityKey, FileStatus, LabelScan, ScanWarning};
use crate::scan_status::{ScanFailure, ScanStatus};

fn own(id: u128) -> LabelKey {
    LabelKey::new(TenantId::from_u128(1), LabelId::from_u128(id))
}

fn foreign(id: u128) -> LabelKey {
    LabelKey::new(TenantId::from_u128(2), LabelId::from_u128(id))
}

/// Secret (1) with Finance (2); Old (3), disabled; Gone (4), deleted; 5 of the list that doesn't
/// count; another tenant's Internal (1).
fn labels() -> LabelView {
    let label =
        |id: u128, name: &str| Label::new(TenantId::from_u128(1), LabelId::from_u128(id), name);
    let mut all = vec![
        label(1, "Secret"),
        label(2, "Finance"),
        label(3, "Old"),
        label(4, "Gone"),
    ];
    all[1].parent = Some(LabelId::from_u128(1));
    all[2].state = LabelState::Disabled;
    all[3].state = LabelState::Deleted;
    let mut external = ExternalLabels::default();
    external.record(foreign(1), Some("Internal"), 0);
    LabelView::new(
        LabelCatalog::build(TenantId::from_u128(1), all)
            .unwrap()
            .0
            .into(),
    )
    .with_external(external.into())
    .with_shadowed(Arc::new([LabelId::from_u128(5)].into()))
}

fn file() -> FileRecord {
    FileRecord::new(
        FileKey::new(AppId::BOX, 0, FileId::parse("7").unwrap()),
        "Plan.docx",
    )
}

fn details(record: &FileRecord) -> FileDetails {
    FileDetails::new(record, &BuildContext::new(&labels()))
}

#[test]
fn r_176_labels_with_origin_state_and_name() {
    let mut file = file();
    let carried = [
        own(2),
        own(3),
        own(4),
        own(5),
        own(9),
        foreign(1),
        foreign(8),
    ];
    file.labels = carried.iter().chain(&carried).copied().collect();
    file.warnings = [ScanWarning::CorruptFile].into_iter().collect();
    let details = details(&file);
    let unknown = format!("{} (unknown)", LabelId::from_u128(9));
    let unused = format!("{} (not in use)", LabelId::from_u128(5));
    let nameless = format!("{} (external)", LabelId::from_u128(8));
    let expected = [
        (LabelOrigin::Own(own(2)), "own", Some("Secret/Finance")),
        (
            LabelOrigin::OwnDisabled(own(3)),
            "disabled",
            Some("Old (disabled)"),
        ),
        (LabelOrigin::OwnDeleted(own(4)), "deleted", None),
        (
            LabelOrigin::OwnShadowed(own(5)),
            "unused",
            Some(unused.as_str()),
        ),
        (
            LabelOrigin::OwnUnknown(own(9)),
            "unknown",
            Some(unknown.as_str()),
        ),
        (
            LabelOrigin::External(foreign(1)),
            "external",
            Some("Internal (external)"),
        ),
        (
            LabelOrigin::External(foreign(8)),
            "external",
            Some(nameless.as_str()),
        ),
    ];
    let found: Vec<_> = details
        .labels
        .iter()
        .map(|label| (label.origin, label.state(), label.name.as_deref()))
        .collect();
    assert_eq!(found, expected);
    let external: Vec<bool> = details
        .labels
        .iter()
        .map(DetailLabel::is_external)
        .collect();
    assert_eq!(external, [false, false, false, false, false, true, true]);
    // Six labels that are shown, and a warning.
    assert_eq!(details.tag_count(), 7);
}

#[test]
fn r_189_deleted_and_hidden_labels_are_not_shown() {
    let mut file = file();
    file.labels = vec![own(1), own(4), foreign(1)];
    let hidden = labels().only_this_tenant(true);
    let details = FileDetails::new(&file, &BuildContext::new(&hidden));
    let shown: Vec<LabelKey> = details.shown_labels().map(|label| label.key).collect();
    assert_eq!(shown, [own(1)]);
    assert_eq!((details.labels.len(), details.tag_count()), (3, 1));
    let name = |at: usize| details.labels[at].name.as_deref();
    assert_eq!((name(0), name(1), name(2)), (Some("Secret"), None, None));
}

fn full() -> FileRecord {
    let mut file = file();
    file.reported_extension = Some("docx".into());
    file.mime_type = Some("application/msword".into());
    file.size_bytes = Some(149);
    file.created_ms = Some(0);
    file.modified_ms = Some(1_609_070_400_000);
    file.snapshot_ms = Some(1_609_070_400_001);
    file.access_level = Some(AccessLevel::PublicInternet);
    file.owner_name = Some("Dana Example".into());
    file.owner_address = Some("dana@contoso.example".into());
    file.owner_org_unit = Some("/Sales".into());
    file.owner_entities = vec![EntityKey {
        id: "3fa9f28b".into(),
        app: Some(AppId(11161)),
        instance: Some(0),
    }];
    file.owner_groups = Some(vec!["sales".into()]);
    file.parent_folders = vec!["f1".into()];
    file.ancestor_folders = Some(vec!["f1".into(), "drive".into()]);
    file.path = Some("/Sales/Plan.docx".into());
    file.url = Some("https://box.example/7".into());
    file.collaborators = vec!["dana@contoso.example".into(), "kim@fabrikam.example".into()];
    file.collaborator_entities = vec![EntityKey {
        id: "77".into(),
        app: None,
        instance: None,
    }];
    file.domains = vec!["fabrikam.example".into()];
    file.groups = vec!["g1".into()];
    file.label_scan = LabelScan::Done;
    file.warnings = [ScanWarning::PasswordEncrypted].into_iter().collect();
    file.matched_policies = vec![PolicyId::parse("exposed").unwrap()];
    file
}

#[test]
fn r_177_r_178_every_field_of_a_record_and_its_filter() {
    let details = details(&full());
    let found: Vec<(&str, &str, Value)> = details
        .values
        .iter()
        .map(|it| {
            (
                it.name,
                it.text.as_str(),
                it.filter.clone().unwrap_or_default(),
            )
        })
        .collect();
    let at = |start: i64| json!([{"start": start, "end": start}]);
    let none = Value::Null;
    let expected = [
        (
            "File name",
            "Plan.docx",
            json!({"filename": {"eq": ["Plan.docx"]}}),
        ),
        (
            "Path",
            "/Sales/Plan.docx",
            json!({"path": {"eq": ["/Sales/Plan.docx"]}}),
        ),
        ("URL", "https://box.example/7", none.clone()),
        (
            "Parent folder",
            "f1",
            json!({"parentFolder": {"eq": ["f1"]}}),
        ),
        (
            "Folder above",
            "f1",
            json!({"parentFolder": {"descendantof": ["f1"]}}),
        ),
        (
            "Folder above",
            "drive",
            json!({"parentFolder": {"descendantof": ["drive"]}}),
        ),
        ("App", "Box", json!({"service": {"eq": [10489]}})),
        ("Instance", "0", json!({"instance": {"eq": [0]}})),
        ("File ID", "7", json!({"fileId": {"eq": ["7"]}})),
        ("File type", "Document", json!({"fileType": {"eq": [1]}})),
        (
            "MIME type",
            "application/msword",
            json!({"mimeType": {"eq": ["application/msword"]}}),
        ),
        ("Extension", "docx", json!({"extension": {"eq": ["docx"]}})),
        ("Folder", "false", json!({"folder": {"eq": false}})),
        ("File size", "149 bytes", none.clone()),
        ("Owner name", "Dana Example", none.clone()),
        (
            "Owner address",
            "dana@contoso.example",
            json!({"owner.username": {"eq": ["dana@contoso.example"]}}),
        ),
        (
            "Owner",
            "3fa9f28b",
            json!({"owner.entity": {"eq": [{"id": "3fa9f28b", "saas": 11161, "inst": 0}]}}),
        ),
        (
            "Owner OU",
            "/Sales",
            json!({"owner.orgUnit": {"eq": ["/Sales"]}}),
        ),
        ("Owner group", "sales", none.clone()),
        (
            "Access level",
            "Public (Internet)",
            json!({"sharing": {"eq": [4]}}),
        ),
        (
            "Collaborating users",
            "dana@contoso.example",
            json!({"collaborators.users": {"eq": ["dana@contoso.example"]}}),
        ),
        (
            "Collaborating users",
            "kim@fabrikam.example",
            json!({"collaborators.users": {"eq": ["kim@fabrikam.example"]}}),
        ),
        (
            "Collaborators",
            "77",
            json!({"collaborators.entity": {"eq": [{"id": "77"}]}}),
        ),
        (
            "Collaborators from domain",
            "fabrikam.example",
            json!({"collaborators.withDomain": {"eq": ["fabrikam.example"]}}),
        ),
        (
            "Collaborating groups",
            "g1",
            json!({"collaborators.groups": {"eq": ["g1"]}}),
        ),
        (
            "Entire organization",
            "false",
            json!({"collaborators.organization": {"eq": false}}),
        ),
        (
            "Created",
            "1970-01-01T00:00:00Z",
            json!({"createdDate": {"range": at(0)}}),
        ),
        (
            "Last modified",
            "2020-12-27T12:00:00Z",
            json!({"modifiedDate": {"range": at(1_609_070_400_000)}}),
        ),
        (
            "Record refreshed",
            "2020-12-27T12:00:00.001Z",
            json!({"snapshotLastModifiedDate": {"range": at(1_609_070_400_001)}}),
        ),
        (
            "Matched policy",
            "exposed",
            json!({"policy": {"cabinetmatchedrulesequals": ["exposed"]}}),
        ),
        ("Scan status", "Completed", none.clone()),
        (
            "Scan warning",
            "Password encrypted",
            json!({"fileScanLabels": {"eq": ["Password encrypted"]}}),
        ),
        ("Status", "Exists", none),
        ("In trash", "false", json!({"trashed": {"eq": false}})),
        (
            "Quarantined",
            "false",
            json!({"quarantined": {"eq": false}}),
        ),
    ];
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.into_iter().zip(expected) {
        assert_eq!(found, expected);
    }
}

#[test]
fn r_177_what_has_no_value_is_not_there() {
    let names: Vec<&str> = details(&file()).values.iter().map(|it| it.name).collect();
    let expected = [
        "File name",
        "App",
        "Instance",
        "File ID",
        "Extension",
        "Folder",
        "Entire organization",
        "Scan status",
        "Status",
        "In trash",
        "Quarantined",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_021_r_177_the_scan_status_counts_engines_and_tells_why_they_failed() {
    let status = |scans: &[ScanStatus]| -> Vec<String> {
        let mut record = file();
        record.content_scans = scans.to_vec();
        let values = details(&record).values;
        let found = values.into_iter().filter(|it| it.name == "Scan status");
        found.map(|it| it.text).collect()
    };
    let failed = ScanStatus::Failed(ScanFailure::FileTooLong);
    assert_eq!(status(&[]), ["Not queued"]);
    assert_eq!(status(&[ScanStatus::Completed]), ["1 completed"]);
    assert_eq!(
        status(&[failed, ScanStatus::Pending]),
        [
            "1 pending, 1 failed",
            "Failed: file too long, partially scanned"
        ]
    );
}

#[test]
fn r_178_values_that_no_filter_can_find() {
    let without = |record: &FileRecord, context: &BuildContext<'_>| -> Vec<&'static str> {
        let details = FileDetails::new(record, context);
        let without = details
            .values
            .iter()
            .filter(|it| it.filter.is_none() && it.field.is_some());
        without.map(|it| it.name).collect()
    };
    let labels = labels();
    let mut context = BuildContext::new(&labels);
    let mut file = full();
    file.reported_extension = Some(".docx".into());
    let long = "x".repeat(VALUE_BYTES_MAX + 1);
    file.path = Some(long.clone().into());
    file.owner_entities[0].id = long.into();
    assert_eq!(without(&file, &context), ["Path", "Extension", "Owner"]);
    file.status = FileStatus::Deleted;
    assert_eq!(
        without(&file, &context),
        ["Path", "Extension", "Owner", "In trash"]
    );
    context.dialect = FilterDialect::Product;
    assert_eq!(without(&full(), &context), ["Path", "Entire organization"]);
}

#[test]
fn r_176_r_177_details_are_bounded() {
    let mut file = file();
    file.labels = (0..DETAIL_VALUES_MAX as u128 + 2).map(own).collect();
    file.domains = (0..DETAIL_VALUES_MAX + 3)
        .map(|at| at.to_string().into())
        .collect();
    let details = details(&file);
    assert_eq!(details.labels.len(), DETAIL_VALUES_MAX);
    let domains = details
        .values
        .iter()
        .filter(|it| it.name == "Collaborators from domain");
    assert_eq!(domains.count(), DETAIL_VALUES_MAX);
    assert_eq!(details.left_out, 5);
}

fn texts(of: &'static [&'static str]) -> impl Strategy<Value = Vec<Arc<str>>> {
    subsequence(of, 0..=of.len().min(2))
        .prop_map(|chosen| chosen.into_iter().map(Arc::from).collect())
}

fn text() -> impl Strategy<Value = Option<Arc<str>>> {
    let long = Arc::from("y".repeat(VALUE_BYTES_MAX + 1));
    let some = vec![
        Arc::from("One"),
        Arc::from("ONE"),
        Arc::from("\"*?\\ Straße/é"),
        long,
    ];
    proptest::option::of(select(some))
}

fn entities() -> impl Strategy<Value = Vec<EntityKey>> {
    let entity = |id: &str, app| EntityKey {
        id: id.into(),
        app,
        instance: app.map(|_| 1),
    };
    let all = vec![
        entity("a", None),
        entity("B", Some(AppId(11161))),
        entity("É", Some(AppId::BOX)),
    ];
    subsequence(all, 0..3)
}

prop_compose! {
    fn any_file()(
        (app, instance) in (select(vec![AppId::BOX, AppId(4)]), 0..2_u32),
        name in select(vec!["", "a.PDF", "A.pdf", "b", ".x", "Ünï.docx"]),
        (extension, mime, unit, owner) in (
            proptest::option::of(select(vec!["pdf", ".pdf", ""])),
            proptest::option::of(select(vec!["application/pdf", "text/plain; charset=utf-8"])),
            text(),
            text(),
        ),
        kind in proptest::option::of(select(FileType::ALL.to_vec())),
        (folder, organization, quarantined) in any::<(bool, bool, bool)>(),
        times in (
            proptest::option::of(select(vec![0, i64::MAX, i64::MIN])),
            proptest::option::of(0..2_i64),
            proptest::option::of(0..2_i64),
        ),
        level in proptest::option::of(select(AccessLevel::ALL.to_vec())),
        (parents, above) in (texts(&["f1", "F2"]), proptest::option::of(texts(&["f1", "f3"]))),
        (users, domains, groups) in (
            texts(&["x@a", "X@A", "y@b"]), texts(&["a", "b"]), texts(&["g", "h"])
        ),
        (owners, collaborators) in (entities(), entities()),
        (labels, scan) in (
            subsequence(vec![own(1), own(3), own(4), own(9), foreign(1)], 0..4),
            select(vec![LabelScan::Never, LabelScan::Done]),
        ),
        warnings in subsequence(ScanWarning::ALL.to_vec(), 0..3),
        status in select(vec![
            FileStatus::Exists, FileStatus::Trashed, FileStatus::Deleted, FileStatus::Other(9)
        ]),
        policies in subsequence(vec!["p", "q"], 0..=2),
        path in text(),
    ) -> FileRecord {
        let key = FileKey::new(app, instance, FileId::parse("7").unwrap());
        let mut file = FileRecord::new(key, name);
        file.reported_extension = extension.map(Into::into);
        file.mime_type = mime.map(Into::into);
        (file.owner_org_unit, file.owner_address) = (unit, owner);
        file.file_type = kind;
        (file.is_folder, file.shared_with_organization, file.quarantined) =
            (folder, organization, quarantined);
        (file.created_ms, file.modified_ms, file.snapshot_ms) = times;
        file.access_level = level;
        (file.parent_folders, file.ancestor_folders) = (parents, above);
        (file.collaborators, file.domains, file.groups) = (users, domains, groups);
        (file.owner_entities, file.collaborator_entities) = (owners, collaborators);
        (file.labels, file.label_scan) = (labels, scan);
        file.warnings = warnings.into_iter().collect();
        file.status = status;
        file.matched_policies = policies.iter().map(|id| PolicyId::parse(id).unwrap()).collect();
        file.path = path.map(|path| (*path).into());
        file
    }
}

/// The values of a record by name, without letter case.
fn by_name(details: &FileDetails) -> BTreeSet<(&'static str, String)> {
    let mut pairs: BTreeSet<_> = details
        .values
        .iter()
        .map(|it| (it.name, it.text.to_lowercase()))
        .collect();
    // What lies in a folder lies below it.
    let parents: Vec<String> = pairs
        .iter()
        .filter(|(name, _)| *name == "Parent folder")
        .map(|(_, text)| text.clone())
        .collect();
    pairs.extend(parents.into_iter().map(|text| ("Folder above", text)));
    pairs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The filter of a value finds its file, and of other files those that have the value.
    #[test]
    fn r_178_filters_find_the_files_with_the_value(
        record in any_file(),
        others in proptest::collection::vec(any_file(), 4),
        dialect in select(vec![FilterDialect::Extended, FilterDialect::Product]),
        table in select(vec![FileTypeTable::Documented, FileTypeTable::Extended]),
    ) {
        let labels = labels();
        let mut context = BuildContext::new(&labels);
        context.dialect = dialect;
        context.file_types = table;
        let details = FileDetails::new(&record, &context);
        let others: Vec<_> = others
            .iter()
            .map(|other| (other, by_name(&FileDetails::new(other, &context))))
            .collect();
        for value in &details.values {
            let Some(filter) = &value.filter else {
                let is_ours = matches!(
                    value.field, Some(Field::Path | Field::CollaboratorsOrganization)
                );
                prop_assert!(
                    value.field.is_none()
                        || is_ours && dialect == FilterDialect::Product
                        || value.text.len() > VALUE_BYTES_MAX
                        || value.text.starts_with('.') && value.field == Some(Field::Extension)
                        || record.status == FileStatus::Deleted && value.field == Some(Field::Trashed),
                    "{:?}", value
                );
                continue;
            };
            let built = Filter::build(filter, &context);
            prop_assert!(built.is_ok(), "{} {:?}", filter, built.err());
            let built = built.unwrap();
            prop_assert_eq!(built.answer(&record, 0), Answer::Yes, "{}", filter);
            for (other, pairs) in &others {
                let has_value = pairs.contains(&(value.name, value.text.to_lowercase()));
                let may_match =
                    other.status != FileStatus::Deleted || record.status == FileStatus::Deleted;
                let expected = Answer::from(has_value && may_match);
                prop_assert_eq!(built.answer(other, 0), expected, "{} {:?}", filter, other);
            }
        }
        for label in &details.labels {
            let built = Filter::build(&label.filter, &context).unwrap();
            prop_assert_eq!(built.answer(&record, 0), Answer::Yes, "{}", &label.filter);
            for (other, _) in &others {
                let may_match =
                    other.status != FileStatus::Deleted || record.status == FileStatus::Deleted;
                let answer = built.answer(other, 0);
                let carries = other.labels.contains(&label.key) && may_match;
                prop_assert_eq!(answer == Answer::Yes, carries);
            }
        }
    }
}
