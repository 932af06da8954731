//! The sample tenant: a scratch copy of the documents, multiplied, and its label list over time.

use std::cell::Cell;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use label_core::source::{GraphFile, LabelList};
use label_core::{LabelSource, SourceError, TenantId};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

/// One byte more than the product labels: 50 MiB and a part of that size inside a document.
const OVERSIZE_PART_BYTES: usize = 50 * 1_048_576;

/// The document over the size limit, and the one that it is made from.
const OVERSIZE_PATH: &str = "google/Finance/Scanned Ledgers 2010-2019.docx";

/// The folder of sample data that comes with the project.
pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

/// Makes the scratch copy if it isn't there: the documents, each as often as the sidecar says, and
/// one file over the size limit.
///
/// The copy is made beside its final place and renamed, so that an interrupted run leaves nothing
/// half done.
///
/// # Errors
///
/// What the disk reports, with the path.
pub fn make_scratch(tenant: &Path) -> Result<(), String> {
    if tenant.is_dir() {
        return Ok(());
    }
    let building = tenant.with_extension("building");
    let at = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| format!("`{path}`: {error}")
    };
    if building.exists() {
        fs::remove_dir_all(&building).map_err(at(&building))?;
    }
    fs::create_dir_all(&building).map_err(at(&building))?;
    let sidecar_path = data().join("files.json");
    let text = fs::read_to_string(&sidecar_path).map_err(at(&sidecar_path))?;
    let mut sidecar: Value = serde_json::from_str(&text)
        .map_err(|error| format!("`{}`: {error}", sidecar_path.display()))?;
    let mut expanded = Vec::new();
    let files = sidecar.get("files").and_then(Value::as_array);
    for entry in files.into_iter().flatten() {
        let path = entry
            .get("path")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let copies = entry.get("copies").and_then(Value::as_u64).unwrap_or(1);
        for number in 1..=copies {
            let name = numbered(path, number);
            let from = data().join("documents").join(path);
            let to = building.join(&name);
            copy(&from, &to).map_err(at(&from))?;
            let mut entry = entry.clone();
            if let Some(members) = entry.as_object_mut() {
                members.remove("copies");
                members.insert("path".to_owned(), name.into());
            }
            expanded.push(entry);
        }
    }
    let oversize = building.join(OVERSIZE_PATH);
    write_with_picture(&oversize, OVERSIZE_PART_BYTES).map_err(at(&oversize))?;
    expanded.push(json!({
        "path": OVERSIZE_PATH,
        "ownerAddress": "ana.silva@contoso.example",
        "ownerName": "Ana Silva",
        "ownerOrgUnit": "Finance",
        "createdDate": "2020-02-03T09:00:00Z",
        "modifiedDate": "2020-11-30T16:00:00Z"
    }));
    if let Some(members) = sidecar.as_object_mut() {
        members.insert("files".to_owned(), expanded.into());
    }
    let out = building.join("files.json");
    fs::write(&out, sidecar.to_string()).map_err(at(&out))?;
    fs::rename(&building, tenant).map_err(at(tenant))
}

/// `Budget.xlsx`, `Budget (2).xlsx`, `Budget (3).xlsx` …
fn numbered(path: &str, number: u64) -> String {
    match path.rsplit_once('.') {
        Some((stem, extension)) if number > 1 => format!("{stem} ({number}).{extension}"),
        _ => path.to_owned(),
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::copy(from, to).map(drop)
}

/// A sound Word document with one stored picture of this size.
///
/// # Errors
///
/// What the disk reports.
pub fn write_with_picture(path: &Path, picture_bytes: usize) -> io::Result<()> {
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut archive = zip::ZipWriter::new(io::BufWriter::new(fs::File::create(path)?));
    let parts: [(&str, &str); 3] = [
        (
            "[Content_Types].xml",
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"bmp\" ContentType=\"image/bmp\"/><Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>",
        ),
        (
            "_rels/.rels",
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/></Relationships>",
        ),
        (
            "word/document.xml",
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body><w:p><w:r><w:t>Scanned ledgers, 2010 to 2019. The pages follow as pictures.</w:t></w:r></w:p></w:body></w:document>",
        ),
    ];
    for (name, text) in parts {
        archive.start_file(name, stored)?;
        archive.write_all(text.as_bytes())?;
    }
    archive.start_file("word/media/image1.bmp", stored)?;
    io::copy(&mut io::repeat(0).take(picture_bytes as u64), &mut archive)?;
    archive.finish()?.flush()
}

/// The tenant's label list as it is at the simulated instant: one label is deleted at the source
/// on the first morning.
pub struct SampleLabels {
    earlier: GraphFile,
    later: GraphFile,
    changes_at_ms: i64,
    now_ms: Rc<Cell<i64>>,
}

impl SampleLabels {
    /// A list that changes at `changes_at_ms`, asked at `now_ms`.
    pub fn new(tenant: TenantId, changes_at_ms: i64, now_ms: Rc<Cell<i64>>) -> Self {
        Self {
            earlier: GraphFile::new(tenant, &data().join("labels-earlier.json")),
            later: GraphFile::new(tenant, &data().join("labels.json")),
            changes_at_ms,
            now_ms,
        }
    }
}

impl LabelSource for SampleLabels {
    fn fetch(&mut self) -> Result<LabelList, SourceError> {
        if self.now_ms.get() < self.changes_at_ms {
            self.earlier.fetch()
        } else {
            self.later.fetch()
        }
    }
}
