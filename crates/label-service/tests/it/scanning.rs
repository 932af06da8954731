//! Which files are read, and what is known of them by that.

use governance::FileVersion;
use label_core::source::FixedLabels;
use label_core::{AppId, FileId, LabelKey};
use label_formats::EditedFile;
use label_service::{AppError, CloudApp, FileMetadata, OpenFile, ScanState, Service};
use policy_engine::ScanWarning;

use crate::world::*;

#[test]
fn r_012_nothing_is_read_with_the_setting_off_and_no_policy_that_needs_it() {
    let mut world = World::new(r#"{"id":"p","name":"Metadata","filters":{"sharing":{"eq":[3]}}}"#);
    world.options.settings.automatic_scan = false;
    world
        .app()
        .put("a.docx", "1", document("text", Some(key(GENERAL))));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    world
        .app()
        .put("a.docx", "2", document("other", Some(key(GENERAL))));
    world
        .app()
        .put("b.docx", "1", document("new", Some(key(GENERAL))));
    service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(world.app().opens.get(), 0);
}

#[test]
fn r_069_r_070_r_073_r_112_automatic_scan_reads_new_and_modified_files_only() {
    let world = World::new("");
    world
        .app()
        .put("old.docx", "1", document("text", Some(key(GENERAL))));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    // There since before: not read (R-073).
    assert_eq!(scan_of(&service, "old.docx"), ScanState::Never);
    assert_eq!(world.app().opens.get(), 0);
    world
        .app()
        .put("new.docx", "1", document("text", Some(key(GENERAL))));
    service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(scan_of(&service, "old.docx"), ScanState::Never);
    assert_eq!(
        scan_of(&service, "new.docx"),
        ScanState::Done {
            at_ms: MONDAY + HOUR
        }
    );
    assert_eq!(world.app().opens.get(), 1);
    // Modified: read (R-112).
    world
        .app()
        .put("old.docx", "2", document("text", Some(key(GENERAL))));
    service.tick(MONDAY + 2 * HOUR).unwrap();
    assert_eq!(
        scan_of(&service, "old.docx"),
        ScanState::Done {
            at_ms: MONDAY + 2 * HOUR
        }
    );
    // Nothing happened: nothing is read.
    service.tick(MONDAY + 3 * HOUR).unwrap();
    assert_eq!(world.app().opens.get(), 2);
}

#[test]
fn r_011_r_102_r_104_labels_are_found_without_any_policy() {
    let world = World::new("");
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    world
        .app()
        .put("a.docx", "1", document("text", Some(key(GENERAL))));
    service.tick(MONDAY + HOUR).unwrap();
    let files = service.files().unwrap();
    assert_eq!(files[0].labels[0].key, Some(key(GENERAL)));
    assert_eq!(files[0].to_record().labels, [key(GENERAL)]);
}

#[test]
fn r_086_r_103_automatic_scan_covers_every_connected_app() {
    let mut world = World::new("");
    world.apps = [
        AppId::SHAREPOINT_ONLINE,
        AppId::ONEDRIVE,
        AppId::BOX,
        AppId::GOOGLE_WORKSPACE,
    ]
    .map(TestApp::new)
    .to_vec();
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    for app in &world.apps {
        app.put("new.docx", "1", document("text", Some(key(GENERAL))));
    }
    let report = service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(report.scanned, 4);
    for file in service.files().unwrap() {
        assert_eq!(file.to_record().labels, [key(GENERAL)], "{:?}", file.app);
    }
}

#[test]
fn r_072_a_file_with_several_reasons_is_read_once() {
    // New, changed again, and wanted by two policies.
    let policy = |id: &str| {
        format!(
            r#"{{"id":"{id}","name":"{id}","filters":{{"fileLabels":{{"eq":["General"]}}}},"inspection":{{"method":"built_in","preset":"iban"}}}}"#
        )
    };
    let world = World::new(&format!("{},{}", policy("p"), policy("q")));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    for version in ["1", "2", "3"] {
        let content = document(version, Some(key(GENERAL)));
        world.app().put("a.docx", version, content);
    }
    let report = service.tick(MONDAY + HOUR).unwrap();
    assert_eq!((report.scanned, world.app().opens.get()), (1, 1));
}

#[test]
fn r_120_a_label_is_read_where_inspection_fails() {
    let world = World::new(
        r#"{"id":"c","name":"Cards","filters":{},"inspection":{"method":"built_in","preset":"credit_card","requireContext":false}},
           {"id":"l","name":"General","filters":{"fileLabels":{"eq":["General"]}}}"#,
    );
    // The text can't be read, the label can.
    let broken = document("4111 1111 1111 1111<w:t>", Some(key(GENERAL)));
    world.app().put("a.docx", "1", broken);
    let mut service = world.open();
    let report = service.tick(MONDAY).unwrap();
    let policies: Vec<&str> = report
        .matches
        .iter()
        .map(|one| one.policy.as_str())
        .collect();
    assert_eq!(policies, ["l"]);
    let file = &service.files().unwrap()[0];
    assert_eq!(file.to_record().labels, [key(GENERAL)]);
}

#[test]
fn r_075_r_076_a_label_policy_queues_what_its_other_filters_cover() {
    let policy = |enabled: bool| {
        format!(
            r#"{{"id":"p","name":"Labelled outside","enabled":{enabled},"filters":{{"sharing":{{"eq":[2]}},"fileLabels":{{"eq":["General"]}}}}}}"#
        )
    };
    let mut world = World::new(&policy(true));
    world.options.settings.automatic_scan = false;
    world
        .app()
        .put("covered.docx", "1", document("text", Some(key(GENERAL))));
    let mut inside = metadata("inside.docx", "1");
    inside.access_level = Some(1);
    world
        .app()
        .files
        .put(inside, document("text", Some(key(GENERAL))));
    let mut service = world.open();
    let report = service.tick(MONDAY).unwrap();
    assert_eq!(report.scanned, 1);
    assert_eq!(report.matches.len(), 1);
    assert_eq!(scan_of(&service, "inside.docx"), ScanState::Never);
    // Disabled, it queues nothing more (R-076).
    drop(service);
    world.policies = format!(
        "{{\"format\":\"file-policies/1\",\"policies\":[{}]}}",
        policy(false)
    );
    world
        .app()
        .put("later.docx", "1", document("text", Some(key(GENERAL))));
    let mut service = world.open();
    let report = service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(report.scanned, 0);
}

#[test]
fn r_079_r_084_r_121_r_122_external_labels_are_recorded_unless_only_this_tenant_counts() {
    for only_this_tenant in [false, true] {
        let mut world = World::new("");
        world.options.settings.only_this_tenant = only_this_tenant;
        let mut service = world.open();
        service.tick(MONDAY).unwrap();
        let both = relabel(
            &document("text", Some(key(GENERAL))),
            LabelKey::new(other_tenant(), label_id(9)),
        );
        world.app().put("a.docx", "1", both);
        service.tick(MONDAY + HOUR).unwrap();
        let files = service.files().unwrap();
        let expected = if only_this_tenant { 1 } else { 2 };
        assert_eq!(files[0].labels.len(), expected);
        assert_eq!(service.labels().external().count(), expected - 1);
        // And after a restart.
        drop(service);
        assert_eq!(world.open().labels().external().count(), expected - 1);
    }
}

/// A compound file of these streams; folders of their names come with them.
fn compound(streams: &[(&str, &str)]) -> Vec<u8> {
    use std::io::Write;

    let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).unwrap();
    for (name, content) in streams {
        let (folder, _) = name.rsplit_once('/').unwrap();
        file.create_storage_all(format!("/{folder}")).unwrap();
        let mut stream = file.create_stream(name).unwrap();
        stream.write_all(content.as_bytes()).unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}

/// A rights-managed document with this label outside, and a licence that can't be read.
fn rights_managed(label: LabelKey) -> Vec<u8> {
    let list = format!(
        "<clbl:labelList xmlns:clbl=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\"><clbl:label id=\"{{{}}}\" enabled=\"1\" method=\"Standard\" siteId=\"{{{}}}\" contentBits=\"8\" removed=\"0\" /></clbl:labelList>",
        label.label, label.tenant
    );
    compound(&[
        ("/EncryptedPackage", "cipher"),
        (
            "/\u{6}DataSpaces/TransformInfo/DRMEncryptedTransform/\u{6}Primary",
            "damaged",
        ),
        ("/\u{6}DataSpaces/TransformInfo/LabelInfo", &list),
    ])
}

#[test]
fn r_123_p_013_warnings_of_other_tenants_are_hidden_where_only_this_tenant_counts() {
    for only_this_tenant in [false, true] {
        let mut world = World::new("");
        world.options.settings.only_this_tenant = only_this_tenant;
        let mut service = world.open();
        service.tick(MONDAY).unwrap();
        let theirs = LabelKey::new(other_tenant(), label_id(9));
        let app = world.app();
        app.put("ours.docx", "1", rights_managed(key(GENERAL)));
        app.put("theirs.docx", "1", rights_managed(theirs));
        service.tick(MONDAY + HOUR).unwrap();
        for file in service.files().unwrap() {
            let is_ours = file.metadata.name == "ours.docx";
            let expected = usize::from(is_ours || !only_this_tenant);
            assert_eq!(file.warnings.len(), expected, "{}", file.metadata.name);
            // What it is stays known.
            assert_eq!(file.protection.as_deref(), Some("rights_managed"));
        }
    }
}

#[test]
fn p_014_a_scan_tells_three_kinds_of_files_it_can_not_look_into() {
    let world = World::new("");
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    let managed = rights_managed(key(GENERAL));
    let mut corrupt = managed.clone();
    corrupt.truncate(700);
    let locked = compound(&[("/EncryptedPackage", "x"), ("/EncryptionInfo", "x")]);
    let app = world.app();
    app.put("managed.docx", "1", managed);
    app.put("locked.docx", "1", locked);
    app.put("corrupt.docx", "1", corrupt);
    app.put("clear.docx", "1", document("text", None));
    service.tick(MONDAY + HOUR).unwrap();
    let mut found: Vec<(String, Vec<String>)> = service
        .files()
        .unwrap()
        .into_iter()
        .map(|file| (file.metadata.name, file.warnings))
        .collect();
    found.sort();
    let expected = [
        ("clear.docx", None),
        ("corrupt.docx", Some(ScanWarning::CorruptFile)),
        ("locked.docx", Some(ScanWarning::PasswordEncrypted)),
        ("managed.docx", Some(ScanWarning::AzureRmsEncrypted)),
    ];
    let expected = expected.map(|(name, warning)| {
        let warnings = warning.map(|warning| warning.to_string());
        (name.to_owned(), Vec::from_iter(warnings))
    });
    assert_eq!(found, expected);
}

#[test]
fn r_105_r_119_one_read_serves_labels_and_content() {
    let mut world = World::new(
        r#"{"id":"p","name":"Cards","filters":{},"inspection":{"method":"built_in","preset":"credit_card","requireContext":false}}"#,
    );
    world.options.settings.automatic_scan = false;
    world.app().put(
        "card.docx",
        "1",
        document("pay 4111 1111 1111 1111", Some(key(GENERAL))),
    );
    world.app().put(
        "none.docx",
        "1",
        document("nothing here", Some(key(CONFIDENTIAL))),
    );
    let mut service = world.open();
    let report = service.tick(MONDAY).unwrap();
    assert_eq!(report.matches.len(), 1);
    assert_eq!(report.matches[0].file, box_file("card.docx"));
    assert!(!format!("{:?}", report.matches).contains("4111"));
    assert_eq!(world.app().opens.get(), 2);
    // Labels are known on both, match or not (R-119).
    for file in service.files().unwrap() {
        assert_eq!(file.labels.len(), 1, "{}", file.metadata.name);
    }
}

/// An app that can't be listed at the moment.
struct Down;

impl CloudApp for Down {
    fn app(&self) -> AppId {
        AppId::ONEDRIVE
    }

    fn list(&self, _: Option<&FileId>, _: usize) -> Result<Vec<FileMetadata>, AppError> {
        Err(AppError::Failed("down".to_owned()))
    }

    fn metadata(&self, _: &FileId) -> Result<FileMetadata, AppError> {
        Err(AppError::NotFound)
    }

    fn open(&self, _: &FileId) -> Result<OpenFile, AppError> {
        Err(AppError::NotFound)
    }

    fn replace(
        &self,
        _: &FileId,
        _: &FileVersion,
        _: &EditedFile<'_>,
    ) -> Result<FileVersion, AppError> {
        Err(AppError::NotFound)
    }
}

#[test]
fn an_app_that_is_down_does_not_stop_the_others() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut apps = world.boxed();
    apps.insert(0, Box::new(Down));
    let source = FixedLabels::new(own(), labels());
    let mut service = Service::open(
        world.state.path(),
        own(),
        Box::new(source),
        apps,
        world.options.clone(),
        MONDAY,
    )
    .unwrap();
    service.load_policies(&world.policies, MONDAY).unwrap();
    let report = service.tick(MONDAY).unwrap();
    assert_eq!(report.unlisted.len(), 1);
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
}

/// A document as Office leaves it, with the eight properties of one label.
fn as_office_writes(label: LabelKey, name: &str) -> Vec<u8> {
    let property = |what: &str, value: &str| {
        let name = format!("MSIP_Label_{}_{what}", label.label);
        (name, value.to_owned())
    };
    with_properties(&[
        property("Enabled", "true"),
        property("SetDate", "2021-01-04T07:08:09Z"),
        property("Method", "Privileged"),
        property("Name", name),
        property("SiteId", &label.tenant.to_string()),
        property("ActionId", "c0ffee00-0000-4000-8000-000000000001"),
        property("ContentBits", "1"),
        property("Tag", "10, 0, 1, 1"),
    ])
}

#[test]
fn r_174_a_filter_on_the_label_that_office_wrote_finds_the_document() {
    // By the label's id, and by its name (R-175).
    for value in [
        format!(r#"{{"eq":["{}"]}}"#, key(CONFIDENTIAL)),
        r#"{"eq":["Confidential"]}"#.to_owned(),
    ] {
        let world = World::new(&format!(
            r#"{{"id":"p","name":"Confidential","filters":{{"fileLabels":{value}}}}}"#
        ));
        let mut service = world.open();
        service.tick(MONDAY).unwrap();
        let put = |id: &str, content| world.app().put(id, "1", content);
        put(
            "this.docx",
            as_office_writes(key(CONFIDENTIAL), "Confidential"),
        );
        put("other.docx", as_office_writes(key(GENERAL), "Confidential"));
        let foreign = LabelKey::new(other_tenant(), key(CONFIDENTIAL).label);
        put("foreign.docx", as_office_writes(foreign, "Confidential"));
        put("none.docx", document("Confidential", None));
        let report = service.tick(MONDAY + HOUR).unwrap();
        let found: Vec<&str> = (report.matches.iter())
            .map(|found| found.file.file.as_str())
            .collect();
        assert_eq!(found, ["this.docx"], "{value}");
        assert_eq!(world.app().opens.get(), 4, "all were read");
    }
}
