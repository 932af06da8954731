//! The loop with files in memory: what is queued, read, matched, written and recorded.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::rc::Rc;

use governance::{
    ActionKind, DailyLimit, FileVersion, Initiator, StateKind, TaskFilter, TaskId, TaskState,
};
use label_core::source::{FixedLabels, LabelList};
use label_core::{
    AppId, FileId, FileKey, Label, LabelId, LabelKey, LabelProtection, LabelSource, LabelState,
    PolicyId, Publication, SourceError, TenantId,
};
use label_formats::{
    ApplyRequest, CountingSource, Decrypted, Decryptor, EditedFile, EncryptingIdentity,
    ProtectRequest, Protected, Protector, ReadOptions, WriteOptions, read,
};
use label_service::{
    ActionResult, AppError, CloudApp, FileMetadata, MemoryApp, Mode, OpenFile, ScanState, Service,
    ServiceError, ServiceOptions, TickReport,
};
use tempfile::TempDir;

const HOUR: i64 = 3_600_000;
/// 2021-01-04 08:00 UTC.
const MONDAY: i64 = 1_609_747_200_000;

fn own() -> TenantId {
    TenantId::parse("aaaaaaaa-0000-4000-8000-00000000000a").unwrap()
}

fn other_tenant() -> TenantId {
    TenantId::parse("bbbbbbbb-0000-4000-8000-00000000000b").unwrap()
}

fn label_id(number: u128) -> LabelId {
    LabelId::from_u128(0x1111_1111_1111_4111_8111_0000_0000_0000 + number)
}

const GENERAL: u128 = 1;
const CONFIDENTIAL: u128 = 2;
const SECRET: u128 = 3;

fn key(number: u128) -> LabelKey {
    LabelKey::new(own(), label_id(number))
}

fn labels() -> Vec<Label> {
    let mut secret = Label::new(own(), label_id(SECRET), "Secret");
    secret.protection = LabelProtection::Template;
    let mut labels = vec![
        Label::new(own(), label_id(GENERAL), "General"),
        Label::new(own(), label_id(CONFIDENTIAL), "Confidential"),
        secret,
    ];
    for (order, label) in labels.iter_mut().enumerate() {
        label.source_order = order as i64;
    }
    labels
}

/// A Word document with this text, labelled or not.
fn document(text: &str, label: Option<LabelKey>) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, content) in [
        ("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>".to_owned()),
        ("_rels/.rels", "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/></Relationships>".to_owned()),
        ("word/document.xml", format!("<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>")),
    ] {
        archive.start_file(name, options).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    let plain = archive.finish().unwrap().into_inner();
    match label {
        None => plain,
        Some(label) => relabel(&plain, label),
    }
}

fn relabel(bytes: &[u8], label: LabelKey) -> Vec<u8> {
    let mut request = ApplyRequest::new(label.tenant, label.label, 0);
    request.name = Some("set outside".to_owned());
    let mut out = Vec::new();
    label_formats::apply(
        &bytes.to_vec(),
        &request,
        &WriteOptions::default(),
        &mut out,
    )
    .unwrap();
    out
}

fn metadata(id: &str, version: &str) -> FileMetadata {
    let mut metadata = FileMetadata::new(FileId::parse(id).unwrap(), id, version, 0);
    metadata.access_level = Some(2);
    metadata.modified_ms = Some(MONDAY - HOUR);
    metadata
}

/// An app in memory that counts what is opened and can be told to misbehave.
#[derive(Clone)]
struct TestApp {
    files: Rc<MemoryApp>,
    opens: Rc<Cell<usize>>,
    conflicts_left: Rc<Cell<usize>>,
    writes: Rc<RefCell<Vec<String>>>,
}

impl TestApp {
    fn new(app: AppId) -> Self {
        Self {
            files: Rc::new(MemoryApp::new(app)),
            opens: Rc::default(),
            conflicts_left: Rc::default(),
            writes: Rc::default(),
        }
    }

    fn put(&self, id: &str, version: &str, content: Vec<u8>) {
        self.files.put(metadata(id, version), content);
    }

    fn label_of(&self, id: &str) -> Option<LabelKey> {
        let content = self.files.content(&FileId::parse(id).unwrap()).unwrap();
        read(&content, &ReadOptions::default())
            .effective_for(own())
            .and_then(|label| label.key())
    }
}

impl CloudApp for TestApp {
    fn app(&self) -> AppId {
        self.files.app()
    }

    fn list(&self, after: Option<&FileId>, max: usize) -> Result<Vec<FileMetadata>, AppError> {
        self.files.list(after, max)
    }

    fn metadata(&self, file: &FileId) -> Result<FileMetadata, AppError> {
        self.files.metadata(file)
    }

    fn open(&self, file: &FileId) -> Result<OpenFile, AppError> {
        self.opens.set(self.opens.get() + 1);
        let opened = self.files.open(file)?;
        Ok(OpenFile {
            source: Box::new(CountingSource::new(opened.source)),
            version: opened.version,
        })
    }

    fn replace(
        &self,
        file: &FileId,
        expected: &FileVersion,
        content: &EditedFile<'_>,
    ) -> Result<FileVersion, AppError> {
        if self.conflicts_left.get() > 0 {
            self.conflicts_left.set(self.conflicts_left.get() - 1);
            return Err(AppError::Conflict);
        }
        self.writes.borrow_mut().push(file.to_string());
        self.files.replace(file, expected, content)
    }
}

struct World {
    state: TempDir,
    apps: Vec<TestApp>,
    options: ServiceOptions,
    policies: String,
    labels: Vec<Label>,
}

impl World {
    fn new(policies: &str) -> Self {
        Self {
            state: tempfile::tempdir().unwrap(),
            apps: vec![TestApp::new(AppId::BOX)],
            options: ServiceOptions::default(),
            policies: format!("{{\"format\":\"file-policies/1\",\"policies\":[{policies}]}}"),
            labels: labels(),
        }
    }

    fn boxed(&self) -> Vec<Box<dyn CloudApp>> {
        self.apps
            .iter()
            .map(|app| Box::new(app.clone()) as Box<dyn CloudApp>)
            .collect()
    }

    fn open(&self) -> Service {
        let source = FixedLabels::new(own(), self.labels.clone());
        self.open_with(Box::new(source))
    }

    fn open_with(&self, source: Box<dyn LabelSource>) -> Service {
        let mut service = Service::open(
            self.state.path(),
            own(),
            source,
            self.boxed(),
            self.options.clone(),
            MONDAY,
        )
        .unwrap();
        service.load_policies(&self.policies, MONDAY).unwrap();
        service
    }

    fn app(&self) -> &TestApp {
        &self.apps[0]
    }
}

fn label_external_files() -> &'static str {
    r#"{"id":"p","name":"External","filters":{"sharing":{"eq":[2]}},"alerts":{"eachMatch":false},
        "governance":{"10489":{"applyLabel":"Confidential"}}}"#
}

fn box_file(id: &str) -> FileKey {
    FileKey::new(AppId::BOX, 0, FileId::parse(id).unwrap())
}

fn scan_of(service: &Service, id: &str) -> ScanState {
    let files = service.files().unwrap();
    let file = files.iter().find(|file| file.metadata.name == id).unwrap();
    file.scan.clone()
}

fn states(service: &Service) -> Vec<StateKind> {
    service
        .governance()
        .tasks(&TaskFilter::default(), TaskId(0), 500)
        .unwrap()
        .iter()
        .map(|task| task.state_kind())
        .collect()
}

fn reasons(report: &TickReport) -> Vec<String> {
    report
        .actions
        .iter()
        .filter_map(|action| match &action.result {
            ActionResult::State(state) => state.reason().map(|reason| reason.code().to_owned()),
            _ => None,
        })
        .collect()
}

#[test]
fn r_003_r_142_a_match_is_labelled_without_a_human_step() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    let report = service.tick(MONDAY).unwrap();
    assert_eq!(report.matches.len(), 1);
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
    // A later file too (R-142).
    world.app().put("b.docx", "1", document("text", None));
    service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(world.app().label_of("b.docx"), Some(key(CONFIDENTIAL)));
    assert_eq!(*world.app().writes.borrow(), ["a.docx", "b.docx"]);
}

#[test]
fn r_004_no_match_no_task() {
    let world = World::new(label_external_files());
    let mut inside = metadata("a.docx", "1");
    inside.access_level = Some(1);
    world.app().files.put(inside, document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    assert!(states(&service).is_empty());
}

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
fn r_077_an_own_label_that_the_list_lacks_is_resolved_when_it_appears() {
    let mut world = World::new("");
    let late = world.labels.remove(CONFIDENTIAL as usize - 1);
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    let content = document("text", Some(key(CONFIDENTIAL)));
    world.app().put("a.docx", "1", content);
    service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(
        service.files().unwrap()[0].labels[0].key,
        Some(key(CONFIDENTIAL))
    );
    let name = service.labels().display_name(key(CONFIDENTIAL)).unwrap();
    assert!(name.ends_with(" (unknown)"), "{name}");
    // The label arrives with the next list; a policy for it finds the file without another read.
    drop(service);
    world.labels.push(late);
    world.policies = r#"{"format":"file-policies/1","policies":[
        {"id":"p","name":"Confidential","filters":{"fileLabels":{"eq":["11111111-1111-4111-8111-000000000002"]}}}]}"#
        .to_owned();
    let source = FixedLabels::new(own(), world.labels.clone());
    let mut service = Service::open(
        world.state.path(),
        own(),
        Box::new(source),
        world.boxed(),
        world.options.clone(),
        MONDAY + 2 * HOUR,
    )
    .unwrap();
    let opens = world.app().opens.get();
    service.tick(MONDAY + 2 * HOUR).unwrap();
    service
        .load_policies(&world.policies, MONDAY + 3 * HOUR)
        .unwrap();
    let report = service.tick(MONDAY + 3 * HOUR).unwrap();
    let name = service.labels().display_name(key(CONFIDENTIAL));
    assert_eq!(name.as_deref(), Some("Confidential"));
    assert_eq!(report.matches.len(), 1);
    assert_eq!(world.app().opens.get(), opens);
}

#[test]
fn r_032_r_033_labels_that_are_not_published_have_names_and_a_warning() {
    let mut world = World::new("");
    for label in &mut world.labels {
        label.publication = Publication::NotPublished;
    }
    let mut service = world.open();
    let report = service.tick(MONDAY).unwrap();
    let notes = report.sync.unwrap().notes;
    assert!(
        notes
            .iter()
            .any(|note| note.contains("no label is published")),
        "{notes:?}"
    );
    let content = document("text", Some(key(GENERAL)));
    world.app().put("a.docx", "1", content);
    service.tick(MONDAY + HOUR).unwrap();
    let found = service.files().unwrap()[0].labels[0].key.unwrap();
    let name = service.labels().display_name(found);
    assert_eq!(name.as_deref(), Some("General"));
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
fn r_140_a_policy_removes_labels_too() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
    let removing = r#"{"format":"file-policies/1","policies":[{"id":"r","name":"No longer shared",
        "filters":{"sharing":{"eq":[1]}},"governance":{"10489":{"removeLabel":true}}}]}"#;
    service.load_policies(removing, MONDAY + HOUR).unwrap();
    let id = FileId::parse("a.docx").unwrap();
    let mut inside = world.app().files.metadata(&id).unwrap();
    inside.access_level = Some(1);
    let content = world.app().files.content(&id).unwrap();
    world.app().files.put(inside, content);
    let report = service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), None, "{report:?}");
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
fn r_079_r_084_external_labels_are_recorded_unless_only_this_tenant_counts() {
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

#[test]
fn r_134_a_conflict_is_tried_again_and_never_written_over() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    world.app().conflicts_left.set(1);
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    assert_eq!(world.app().label_of("a.docx"), None);
    assert_eq!(states(&service), [StateKind::Retrying]);
    service.tick(MONDAY + 12 * HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
    assert_eq!(states(&service), [StateKind::Succeeded]);
}

#[test]
fn r_136_a_039_our_own_write_is_known_at_once_and_no_reason_to_relabel() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    let files = service.files().unwrap();
    assert_eq!(files[0].labels[0].key, Some(key(CONFIDENTIAL)));
    let opens = world.app().opens.get();
    let report = service.tick(MONDAY + HOUR).unwrap();
    assert!(report.is_quiet());
    assert_eq!(world.app().opens.get(), opens);
    assert_eq!(states(&service), [StateKind::Succeeded]);
    // After a restart too.
    drop(service);
    let mut service = world.open();
    assert!(service.tick(MONDAY + 2 * HOUR).unwrap().actions.is_empty());
    assert_eq!(world.app().writes.borrow().len(), 1);
}

#[test]
fn r_110_r_126_an_administrators_request_takes_the_same_path() {
    let world = World::new("");
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    let file = box_file("a.docx");
    service
        .request(
            &file,
            ActionKind::Apply(key(GENERAL)),
            "dana@contoso.example",
            MONDAY,
        )
        .unwrap();
    service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), Some(key(GENERAL)));
    let tasks = service
        .governance()
        .tasks(&TaskFilter::default(), TaskId(0), 10)
        .unwrap();
    assert_eq!(tasks[0].initiator.as_str(), "dana@contoso.example");
    assert_eq!(tasks[0].key.policy, None);
    // Removing what we set (R-137).
    service
        .request(
            &file,
            ActionKind::Remove,
            "dana@contoso.example",
            MONDAY + HOUR,
        )
        .unwrap();
    service.tick(MONDAY + 2 * HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), None);
}

#[test]
fn a_039_a_label_that_was_taken_off_is_not_applied_again() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    service
        .request(&box_file("a.docx"), ActionKind::Remove, "dana", MONDAY)
        .unwrap();
    for hour in 1..4 {
        service.tick(MONDAY + hour * HOUR).unwrap();
        assert_eq!(world.app().label_of("a.docx"), None, "{hour}");
    }
    // And after a restart.
    drop(service);
    let mut service = world.open();
    service.tick(MONDAY + 5 * HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), None);
    // Somebody works on it: the policy looks at it afresh.
    world.app().put("a.docx", "new", document("more", None));
    service.tick(MONDAY + 6 * HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
}

#[test]
fn a_034_a_042_policies_that_apply_and_remove_do_not_take_turns() {
    for (priority, left) in [(0, Some(key(CONFIDENTIAL))), (1, None)] {
        let world = World::new(&format!(
            "{},{}",
            label_external_files(),
            r#"{"id":"r","name":"Unlabel","priority":PRIORITY,"filters":{"fileLabels":{"eq":["Confidential"]}},
                "governance":{"10489":{"removeLabel":true}}}"#
                .replace("PRIORITY", &priority.to_string())
        ));
        world.app().put("a.docx", "1", document("text", None));
        let mut service = world.open();
        for hour in 0..6 {
            service.tick(MONDAY + hour * HOUR).unwrap();
        }
        assert_eq!(world.app().label_of("a.docx"), left, "{priority}");
        let writes = world.app().writes.borrow().len();
        assert_eq!(writes, if left.is_some() { 1 } else { 2 });
    }
}

#[test]
fn r_137_r_138_a_label_set_outside_is_not_removed() {
    let world = World::new("");
    let bytes = document("text", Some(key(GENERAL)));
    world.app().put("a.docx", "1", bytes.clone());
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    let file = box_file("a.docx");
    service
        .request(&file, ActionKind::Remove, "dana", MONDAY)
        .unwrap();
    let report = service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(reasons(&report), ["outside_label"]);
    assert_eq!(world.app().files.content(&file.file).unwrap(), bytes);
}

#[test]
fn r_092_relabelled_outside_is_outside_again() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    // Somebody sets General in Office: the policy's label may go over it, as A14 says.
    world
        .app()
        .put("a.docx", "9", document("text", Some(key(GENERAL))));
    service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
}

#[test]
fn a_035_a_042_the_first_policy_labels_and_the_second_is_skipped() {
    let world = World::new(
        r#"{"id":"low","name":"Low","priority":1,"filters":{"sharing":{"eq":[2]}},"governance":{"10489":{"applyLabel":"General"}}},
           {"id":"high","name":"High","priority":5,"filters":{"sharing":{"neq":[0]}},"governance":{"10489":{"applyLabel":"Confidential"}}}"#,
    );
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
    let mut states = states(&service);
    states.sort_by_key(|state| format!("{state:?}"));
    assert_eq!(states, [StateKind::Skipped, StateKind::Succeeded]);
    assert_eq!(world.app().writes.borrow().len(), 1);
}

#[test]
fn r_151_actions_of_another_app_are_not_carried_out() {
    let mut world = World::new(label_external_files());
    world.apps.push(TestApp::new(AppId::ONEDRIVE));
    world.apps[1].put("a.docx", "1", document("text", None));
    let mut service = world.open();
    let report = service.tick(MONDAY).unwrap();
    assert_eq!(report.matches.len(), 1);
    assert!(states(&service).is_empty());
}

#[test]
fn r_155_r_162_r_163_the_limit_pauses_and_noon_resumes() {
    let world = World::new(label_external_files());
    for number in 0..5 {
        world
            .app()
            .put(&format!("{number}.docx"), "1", document("text", None));
    }
    let mut service = world.open();
    let by = Initiator::parse("test").unwrap();
    service
        .governance_mut()
        .set_limit(own(), AppId::BOX, DailyLimit(3), &by, MONDAY)
        .unwrap();
    let report = service.tick(MONDAY).unwrap();
    let noon = 1_609_848_000_000;
    let waiting: Vec<&TaskState> = report
        .actions
        .iter()
        .filter_map(|action| match &action.result {
            ActionResult::State(state) => Some(state),
            _ => None,
        })
        .collect();
    assert_eq!(waiting, [&TaskState::Deferred { until: Some(noon) }; 2]);
    assert_eq!(world.app().writes.borrow().len(), 3);
    // A restart and the time until noon change nothing (R-160).
    drop(service);
    let mut service = world.open();
    assert!(service.tick(noon - 1).unwrap().actions.is_empty());
    service.tick(noon).unwrap();
    assert_eq!(world.app().writes.borrow().len(), 5);
}

#[test]
fn r_168_r_171_a_disabled_policy_suspends_and_resumes_what_still_matches() {
    let policy = |enabled: bool| {
        format!(
            "{{\"format\":\"file-policies/1\",\"policies\":[{}]}}",
            label_external_files().replacen(
                "\"name\"",
                &format!("\"enabled\":{enabled},\"name\""),
                1
            )
        )
    };
    let world = World::new(label_external_files());
    for name in ["a.docx", "b.docx"] {
        world.app().put(name, "1", document("text", None));
    }
    let mut service = world.open();
    let by = Initiator::parse("test").unwrap();
    service
        .governance_mut()
        .set_limit(own(), AppId::BOX, DailyLimit(0), &by, MONDAY)
        .unwrap();
    service.tick(MONDAY).unwrap();
    assert_eq!(states(&service), [StateKind::Deferred; 2]);
    service.load_policies(&policy(false), MONDAY).unwrap();
    assert_eq!(states(&service), [StateKind::Suspended; 2]);
    service
        .governance_mut()
        .set_limit(own(), AppId::BOX, DailyLimit(100), &by, MONDAY)
        .unwrap();
    service.tick(MONDAY + 48 * HOUR).unwrap();
    assert_eq!(states(&service), [StateKind::Suspended; 2]);
    // One file no longer matches when the policy is enabled again.
    let mut inside = metadata("b.docx", "1");
    inside.access_level = Some(1);
    world.app().files.put(inside, document("text", None));
    service
        .load_policies(&policy(true), MONDAY + 49 * HOUR)
        .unwrap();
    service.tick(MONDAY + 49 * HOUR).unwrap();
    assert_eq!(states(&service), [StateKind::Succeeded, StateKind::Skipped]);
    assert_eq!(world.app().label_of("b.docx"), None);
}

#[test]
fn r_172_tasks_of_a_deleted_policy_are_cancelled() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    let by = Initiator::parse("test").unwrap();
    service
        .governance_mut()
        .set_limit(own(), AppId::BOX, DailyLimit(0), &by, MONDAY)
        .unwrap();
    service.tick(MONDAY).unwrap();
    service
        .load_policies("{\"format\":\"file-policies/1\",\"policies\":[]}", MONDAY)
        .unwrap();
    assert_eq!(states(&service), [StateKind::Cancelled]);
    assert!(service.matches().unwrap().is_empty());
}

/// A list that changes and fails as it is told.
struct Script(
    Rc<RefCell<Result<Vec<Label>, SourceError>>>,
    Rc<Cell<usize>>,
);

impl LabelSource for Script {
    fn fetch(&mut self) -> Result<LabelList, SourceError> {
        self.1.set(self.1.get() + 1);
        let labels = self.0.borrow().clone()?;
        Ok(LabelList {
            tenant: own(),
            labels,
            notes: Vec::new(),
        })
    }
}

#[test]
fn r_028_r_063_r_064_labels_come_every_hour_and_a_failure_keeps_them() {
    let world = World::new("");
    let list = Rc::new(RefCell::new(Ok(labels())));
    let fetches = Rc::new(Cell::new(0));
    let mut service = world.open_with(Box::new(Script(list.clone(), fetches.clone())));
    for minute in 0..24 * 60 {
        service.tick(MONDAY + minute * 60_000).unwrap();
    }
    assert_eq!(fetches.get(), 24);
    let failure = SourceError::Document {
        pointer: "/value".to_owned(),
        cause: "null instead of a list".to_owned(),
    };
    *list.borrow_mut() = Err(failure);
    let report = service.tick(MONDAY + 24 * HOUR).unwrap();
    assert!(report.sync.unwrap().error.unwrap().contains("/value"));
    assert_eq!(service.labels().catalog().len(), 3);
    // An empty list over a full one is held back.
    *list.borrow_mut() = Ok(Vec::new());
    service.tick(MONDAY + 25 * HOUR).unwrap();
    assert_eq!(service.labels().catalog().len(), 3);
}

#[test]
fn r_187_r_191_a_policy_whose_label_is_gone_or_disabled_is_disabled_and_says_why() {
    let mut gone = labels();
    gone.remove(1);
    let mut disabled = labels();
    disabled[1].state = LabelState::Disabled;
    for changed in [gone, disabled] {
        let world = World::new(label_external_files());
        world.app().put("a.docx", "1", document("text", None));
        let list = Rc::new(RefCell::new(Ok(labels())));
        let mut service = world.open_with(Box::new(Script(list.clone(), Rc::default())));
        let by = Initiator::parse("test").unwrap();
        service
            .governance_mut()
            .set_limit(own(), AppId::BOX, DailyLimit(0), &by, MONDAY)
            .unwrap();
        service.tick(MONDAY).unwrap();
        *list.borrow_mut() = Ok(changed);
        let report = service.tick(MONDAY + HOUR).unwrap();
        assert_eq!(report.disabled_policies.len(), 1);
        assert_eq!(report.disabled_policies[0].0, PolicyId::parse("p").unwrap());
        assert_eq!(states(&service), [StateKind::Suspended]);
    }
}

#[test]
fn r_006_r_129_refusals_use_nothing_and_say_why() {
    let world = World::new(
        r#"{"id":"p","name":"P","filters":{"sharing":{"eq":[2]}},"governance":{"10489":{"applyLabel":"Secret"}}}"#,
    );
    world.app().put("plain.docx", "1", document("text", None));
    world.app().put("note.txt", "1", b"text".to_vec());
    world.app().put("empty.docx", "1", Vec::new());
    let mut service = world.open();
    let report = service.tick(MONDAY).unwrap();
    let mut codes = reasons(&report);
    codes.sort();
    assert_eq!(
        codes,
        ["empty_file", "protection_required", "type_unsupported"]
    );
    let allowance = service
        .governance()
        .allowance(own(), AppId::BOX, MONDAY)
        .unwrap();
    assert_eq!(allowance.used, 0);
    assert!(world.app().writes.borrow().is_empty());
}

/// Encrypts by hiding a document in a compound file that reads as rights-managed: for tests only.
struct LoopBack;

impl Protector for LoopBack {
    fn protect(&self, document: &[u8], _: ProtectRequest) -> Result<Protected, String> {
        let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).unwrap();
        let place = "/\u{6}DataSpaces/TransformInfo/DRMEncryptedTransform";
        file.create_storage_all(place).unwrap();
        file.create_stream(format!("{place}/\u{6}Primary")).unwrap();
        let hidden: Vec<u8> = document.iter().map(|byte| byte ^ 0x5a).collect();
        file.create_stream("/EncryptedPackage")
            .unwrap()
            .write_all(&hidden)
            .unwrap();
        file.flush().unwrap();
        Ok(Protected {
            bytes: file.into_inner().into_inner(),
            identity: EncryptingIdentity::Service,
        })
    }
}

impl Decryptor for LoopBack {
    fn decrypt(&self, file: &[u8]) -> Result<Option<Decrypted>, String> {
        use std::io::Read;
        let mut file =
            cfb::CompoundFile::open(std::io::Cursor::new(file)).map_err(|e| e.to_string())?;
        let mut hidden = Vec::new();
        file.open_stream("/EncryptedPackage")
            .and_then(|mut stream| stream.read_to_end(&mut hidden))
            .map_err(|error| error.to_string())?;
        Ok(Some(Decrypted {
            bytes: hidden.iter().map(|byte| byte ^ 0x5a).collect(),
            identity: None,
        }))
    }
}

#[test]
fn r_006_r_089_r_090_protection_through_the_callers_pair() {
    let mut world = World::new(
        r#"{"id":"p","name":"P","filters":{"sharing":{"eq":[2]}},"governance":{"10489":{"applyLabel":"Secret"}}}"#,
    );
    world.options.settings.inspect_protected = true;
    world.app().put("plain.docx", "1", document("text", None));
    let outside = LoopBack
        .protect(
            &document("theirs", Some(key(GENERAL))),
            // The request is not looked at.
            request(),
        )
        .unwrap()
        .bytes;
    world.app().put("theirs.docx", "1", outside);
    let mut service = world
        .open()
        .with_protector(Box::new(LoopBack))
        .with_decryptor(Box::new(LoopBack));
    let report = service.tick(MONDAY).unwrap();
    assert_eq!(report.actions.len(), 2, "{report:?}");
    for name in ["plain.docx", "theirs.docx"] {
        let content = world
            .app()
            .files
            .content(&FileId::parse(name).unwrap())
            .unwrap();
        let reading = read(&content, &ReadOptions::default());
        assert_eq!(reading.status, label_formats::Status::Protected, "{name}");
        let inside = LoopBack.decrypt(&content).unwrap().unwrap().bytes;
        let label = read(&inside, &ReadOptions::default());
        assert_eq!(
            label.effective_for(own()).and_then(|label| label.key()),
            Some(key(SECRET))
        );
    }
    // Removing it is refused: the label has protection (R-090).
    service
        .request(&box_file("theirs.docx"), ActionKind::Remove, "dana", MONDAY)
        .unwrap();
    let report = service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(reasons(&report), ["protected"]);
}

fn request() -> ProtectRequest {
    let seen = Rc::new(Cell::new(None));
    struct Catch(Rc<Cell<Option<ProtectRequest>>>);
    impl Protector for Catch {
        fn protect(&self, _: &[u8], request: ProtectRequest) -> Result<Protected, String> {
            self.0.set(Some(request));
            Err("only looking".to_owned())
        }
    }
    let mut options = WriteOptions::default();
    let catch = Catch(seen.clone());
    options.protector = Some(&catch);
    let mut apply = ApplyRequest::new(own(), label_id(SECRET), 0);
    apply.protection = LabelProtection::Template;
    let bytes = document("x", None);
    assert!(label_formats::plan_apply(&bytes, &apply, &options).is_err());
    seen.take().unwrap()
}

#[test]
fn r_154_the_preview_counts_what_is_carried_out() {
    let mut world = World::new(label_external_files());
    for number in 0..4 {
        world
            .app()
            .put(&format!("{number}.docx"), "1", document("text", None));
    }
    world.app().put("note.txt", "1", b"text".to_vec());
    world.options.mode = Mode::DryRun;
    let would = world
        .open()
        .tick(MONDAY)
        .unwrap()
        .actions
        .iter()
        .filter(|action| action.result == ActionResult::WouldWrite)
        .count();
    assert!(world.app().writes.borrow().is_empty());
    world.options.mode = Mode::Apply;
    world.state = tempfile::tempdir().unwrap();
    world.open().tick(MONDAY).unwrap();
    assert_eq!(world.app().writes.borrow().len(), would);
    assert_eq!(would, 4);
}

#[test]
fn damaged_and_foreign_state_is_refused_and_left_alone() {
    let world = World::new("");
    drop(world.open());
    for name in ["tasks.db", "inventory.db"] {
        let folder = tempfile::tempdir().unwrap();
        for file in ["tasks.db", "inventory.db"] {
            std::fs::copy(world.state.path().join(file), folder.path().join(file)).unwrap();
        }
        let path = folder.path().join(name);
        for damage in [
            &b"not a database at all, but long enough to look at"[..],
            &[0; 5000],
        ] {
            std::fs::write(&path, damage).unwrap();
            let source = FixedLabels::new(own(), labels());
            let error = Service::open(
                folder.path(),
                own(),
                Box::new(source),
                Vec::new(),
                ServiceOptions::default(),
                MONDAY,
            )
            .unwrap_err();
            let text = error.to_string();
            assert!(text.contains(name), "{text}");
            assert_eq!(std::fs::read(&path).unwrap(), damage);
        }
    }
}

#[test]
fn policies_are_refused_as_a_whole_and_the_old_ones_stay() {
    let world = World::new(label_external_files());
    let mut service = world.open();
    let bad = world.policies.replace("Confidential", "Confidentail");
    let Err(ServiceError::Policies(errors)) = service.load_policies(&bad, MONDAY) else {
        panic!()
    };
    let text = errors.to_string();
    assert!(
        text.contains("/policies/0/governance/10489/applyLabel"),
        "{text}"
    );
    assert!(text.contains("`Confidential`"), "{text}");
    assert_eq!(service.policies().policies().len(), 1);
}

#[test]
fn a_deleted_policys_id_is_refused_at_loading_and_the_service_goes_on() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    let none = r#"{"format":"file-policies/1","policies":[]}"#;
    service.load_policies(none, MONDAY).unwrap();
    let error = service.load_policies(&world.policies, MONDAY).unwrap_err();
    assert!(
        matches!(error, ServiceError::PolicyDeleted { .. }),
        "{error}"
    );
    world.app().put("b.docx", "1", document("text", None));
    service.tick(MONDAY + HOUR).unwrap();
}

/// R-188: with the label enabled again, the policy works again, also across restarts.
#[test]
fn r_188_a_label_disabled_and_enabled_again_over_restarts() {
    let mut world = World::new(label_external_files());
    let enabled = world.labels.clone();
    world.app().put("a.docx", "1", document("text", None));
    drop(world.open());
    world.labels[1].state = LabelState::Disabled;
    let later = MONDAY + 2 * HOUR;
    let open_at = |world: &World, now: i64| {
        let source = FixedLabels::new(own(), world.labels.clone());
        let mut service = Service::open(
            world.state.path(),
            own(),
            Box::new(source),
            world.boxed(),
            world.options.clone(),
            now,
        )
        .unwrap();
        service.load_policies(&world.policies, now).unwrap();
        service
    };
    let mut service = open_at(&world, later);
    assert!(!service.policies().policies()[0].is_enabled());
    service.tick(later).unwrap();
    assert_eq!(world.app().label_of("a.docx"), None);
    drop(service);
    world.labels = enabled;
    let later = later + 2 * HOUR;
    let mut service = open_at(&world, later);
    assert!(service.policies().policies()[0].is_enabled());
    service.tick(later).unwrap();
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
}

#[test]
fn r_025_a_label_that_we_wrote_makes_other_policies_match() {
    let see = r#"{"id":"see","name":"Labelled and outside","filters":{"fileLabels":{"eq":["Confidential"]},"sharing":{"eq":[2]}}}"#;
    let world = World::new(&format!("{},{see}", label_external_files()));
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    let report = service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(report.matches.len(), 1);
    assert_eq!(report.matches[0].policy, PolicyId::parse("see").unwrap());
    assert!(report.actions.is_empty());
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
