//! A tenant with apps in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::rc::Rc;

use governance::{
    CountedAction, DailyLimit, FileVersion, Initiator, StateKind, TaskFilter, TaskId,
};
use label_core::source::FixedLabels;
use label_core::{
    AppId, FileId, FileKey, Label, LabelId, LabelKey, LabelProtection, LabelSource, TenantId,
};
use label_formats::{ApplyRequest, CountingSource, EditedFile, ReadOptions, WriteOptions, read};
use label_service::{
    ActionResult, AppError, CloudApp, FileMetadata, MemoryApp, OpenFile, ScanState, Service,
    ServiceOptions, TickReport,
};
use tempfile::TempDir;

pub(crate) const HOUR: i64 = 3_600_000;
/// 2021-01-04 08:00 UTC.
pub(crate) const MONDAY: i64 = 1_609_747_200_000;

pub(crate) fn own() -> TenantId {
    TenantId::parse("aaaaaaaa-0000-4000-8000-00000000000a").unwrap()
}

pub(crate) fn other_tenant() -> TenantId {
    TenantId::parse("bbbbbbbb-0000-4000-8000-00000000000b").unwrap()
}

pub(crate) fn label_id(number: u128) -> LabelId {
    LabelId::from_u128(0x1111_1111_1111_4111_8111_0000_0000_0000 + number)
}

pub(crate) const GENERAL: u128 = 1;
pub(crate) const CONFIDENTIAL: u128 = 2;
pub(crate) const SECRET: u128 = 3;

pub(crate) fn key(number: u128) -> LabelKey {
    LabelKey::new(own(), label_id(number))
}

pub(crate) fn labels() -> Vec<Label> {
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
pub(crate) fn document(text: &str, label: Option<LabelKey>) -> Vec<u8> {
    let plain = package(&[
        ("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>".to_owned()),
        ("_rels/.rels", "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/></Relationships>".to_owned()),
        ("word/document.xml", format!("<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>")),
    ]);
    match label {
        None => plain,
        Some(label) => relabel(&plain, label),
    }
}

/// A Word document with these custom properties.
pub(crate) fn with_properties(properties: &[(String, String)]) -> Vec<u8> {
    let list: String = (2..)
        .zip(properties)
        .map(|(pid, (name, value))| {
            format!("<property fmtid=\"{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}\" pid=\"{pid}\" name=\"{name}\"><vt:lpwstr>{value}</vt:lpwstr></property>")
        })
        .collect();
    let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    package(&[
        ("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/><Override PartName=\"/docProps/custom.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.custom-properties+xml\"/></Types>".to_owned()),
        ("_rels/.rels", format!("<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"{relation}/officeDocument\" Target=\"word/document.xml\"/><Relationship Id=\"rId2\" Type=\"{relation}/custom-properties\" Target=\"docProps/custom.xml\"/></Relationships>")),
        ("docProps/custom.xml", format!("<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/custom-properties\" xmlns:vt=\"http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes\">{list}</Properties>")),
        ("word/document.xml", "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body/></w:document>".to_owned()),
    ])
}

/// A package of these parts.
fn package(parts: &[(&str, String)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, content) in parts {
        archive.start_file(*name, options).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A PDF of one empty page.
pub(crate) fn pdf() -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut table = "0000000000 65535 f \n".to_owned();
    for object in [
        "1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n",
        "2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n",
        "3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>\nendobj\n",
    ] {
        table.push_str(&format!("{:010} 00000 n \n", bytes.len()));
        bytes.extend(object.bytes());
    }
    let start = bytes.len();
    let end =
        format!("xref\n0 4\n{table}trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n");
    bytes.extend(end.bytes());
    bytes
}

pub(crate) fn relabel(bytes: &[u8], label: LabelKey) -> Vec<u8> {
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

pub(crate) fn metadata(id: &str, version: &str) -> FileMetadata {
    let mut metadata = FileMetadata::new(FileId::parse(id).unwrap(), id, version, 0);
    metadata.access_level = Some(2);
    metadata.modified_ms = Some(MONDAY - HOUR);
    metadata
}

/// An app in memory that counts what is opened and can be told to misbehave.
#[derive(Clone)]
pub(crate) struct TestApp {
    pub(crate) files: Rc<MemoryApp>,
    pub(crate) opens: Rc<Cell<usize>>,
    pub(crate) conflicts_left: Rc<Cell<usize>>,
    pub(crate) writes: Rc<RefCell<Vec<String>>>,
    /// From a write to the next listing, metadata isn't to be had.
    pub(crate) silent_after_write: Rc<Cell<bool>>,
    /// The process ends right after the write.
    pub(crate) dies_after_write: Rc<Cell<bool>>,
    is_silent: Rc<Cell<bool>>,
    /// Files that can't be opened.
    pub(crate) closed: Rc<RefCell<BTreeSet<FileId>>>,
}

impl TestApp {
    pub(crate) fn new(app: AppId) -> Self {
        Self {
            files: Rc::new(MemoryApp::new(app)),
            opens: Rc::default(),
            conflicts_left: Rc::default(),
            writes: Rc::default(),
            silent_after_write: Rc::default(),
            dies_after_write: Rc::default(),
            is_silent: Rc::default(),
            closed: Rc::default(),
        }
    }

    pub(crate) fn put(&self, id: &str, version: &str, content: Vec<u8>) {
        self.files.put(metadata(id, version), content);
    }

    /// The same content with another version, as after sharing or moving.
    pub(crate) fn touch(&self, id: &str, version: &str) {
        let content = self.files.content(&FileId::parse(id).unwrap()).unwrap();
        self.put(id, version, content);
    }

    pub(crate) fn label_of(&self, id: &str) -> Option<LabelKey> {
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
        self.is_silent.set(false);
        self.files.list(after, max)
    }

    fn metadata(&self, file: &FileId) -> Result<FileMetadata, AppError> {
        if self.is_silent.get() {
            return Err(AppError::Failed("timed out".to_owned()));
        }
        self.files.metadata(file)
    }

    fn open(&self, file: &FileId) -> Result<OpenFile, AppError> {
        self.opens.set(self.opens.get() + 1);
        if self.closed.borrow().contains(file) {
            return Err(AppError::Failed("timed out".to_owned()));
        }
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
        let version = self.files.replace(file, expected, content)?;
        self.is_silent.set(self.silent_after_write.get());
        assert!(!self.dies_after_write.get(), "as planned");
        Ok(version)
    }
}

pub(crate) struct World {
    pub(crate) state: TempDir,
    pub(crate) apps: Vec<TestApp>,
    pub(crate) options: ServiceOptions,
    pub(crate) policies: String,
    pub(crate) labels: Vec<Label>,
}

impl World {
    pub(crate) fn new(policies: &str) -> Self {
        Self {
            state: tempfile::tempdir().unwrap(),
            apps: vec![TestApp::new(AppId::BOX)],
            options: ServiceOptions::default(),
            policies: format!("{{\"format\":\"file-policies/1\",\"policies\":[{policies}]}}"),
            labels: labels(),
        }
    }

    pub(crate) fn boxed(&self) -> Vec<Box<dyn CloudApp>> {
        self.apps
            .iter()
            .map(|app| Box::new(app.clone()) as Box<dyn CloudApp>)
            .collect()
    }

    pub(crate) fn open(&self) -> Service {
        let source = FixedLabels::new(own(), self.labels.clone());
        self.open_with(Box::new(source))
    }

    pub(crate) fn open_with(&self, source: Box<dyn LabelSource>) -> Service {
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

    pub(crate) fn app(&self) -> &TestApp {
        &self.apps[0]
    }
}

pub(crate) fn label_external_files() -> &'static str {
    r#"{"id":"p","name":"External","filters":{"sharing":{"eq":[2]}},"alerts":{"eachMatch":false},
        "governance":{"10489":{"applyLabel":"Confidential"}}}"#
}

pub(crate) fn box_file(id: &str) -> FileKey {
    FileKey::new(AppId::BOX, 0, FileId::parse(id).unwrap())
}

pub(crate) fn scan_of(service: &Service, id: &str) -> ScanState {
    let files = service.files().unwrap();
    let file = files.iter().find(|file| file.metadata.name == id).unwrap();
    file.scan.clone()
}

pub(crate) fn states(service: &Service) -> Vec<StateKind> {
    service
        .governance()
        .tasks(&TaskFilter::default(), TaskId(0), 500)
        .unwrap()
        .iter()
        .map(|task| task.state_kind())
        .collect()
}

pub(crate) fn reasons(report: &TickReport) -> Vec<String> {
    report
        .actions
        .iter()
        .filter_map(|action| match &action.result {
            ActionResult::State(state) => state.reason().map(|reason| reason.code().to_owned()),
            _ => None,
        })
        .collect()
}

/// From Monday on, so many labels a day in Box.
pub(crate) fn limit_labels(service: &mut Service, limit: u32) {
    let by = Initiator::parse("test").unwrap();
    let (action, limit) = (CountedAction::ApplyLabel, DailyLimit(limit));
    service
        .governance_mut()
        .set_limit(own(), AppId::BOX, action, limit, &by, MONDAY)
        .unwrap();
}
