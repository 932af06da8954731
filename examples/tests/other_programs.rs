//! What we write, opened by other programs on this machine; the ones that are missing are said.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use examples::sample::data;
use label_core::{LabelId, TenantId};
use label_formats::{ApplyRequest, FileSource, WriteOptions, apply};

const TENANT: TenantId = TenantId::from_u128(0x74f7_1239_3dea_461b_910f_15d1_5a71_655a);
const LABEL: LabelId = LabelId::from_u128(0x1111_1111_1111_4111_8111_1111_1111_1111);

/// Opens every file with the library of its kind, if there is one, and checks the archive. Prints
/// what it opened with what.
const SCRIPT: &str = r#"
import importlib, sys, zipfile
from collections import Counter
libraries = {"docx": ("docx", "Document"), "xlsx": ("openpyxl", "load_workbook"),
             "xlsm": ("openpyxl", "load_workbook"), "pptx": ("pptx", "Presentation")}
opened, missing = Counter(), set()
for path in sys.argv[1:]:
    with zipfile.ZipFile(path) as archive:
        if archive.testzip() is not None:
            sys.exit(f"{path}: a wrong checksum")
    opened["zipfile"] += 1
    module, function = libraries.get(path.rsplit(".", 1)[1], (None, None))
    if module is None:
        continue
    try:
        library = importlib.import_module(module)
    except ImportError:
        missing.add(module)
        continue
    getattr(library, function)(path)
    opened[module] += 1
print(*(f"{name} opened {count}" for name, count in sorted(opened.items())), sep="; ")
print(*(f"{name} is not there: skipped" for name in sorted(missing)), sep="; ")
"#;

fn office_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let extension = path.extension().and_then(|it| it.to_str()).unwrap_or("");
        if path.is_dir() {
            office_files(&path, found);
        } else if ["docx", "docm", "xlsx", "xlsm", "pptx"].contains(&extension) {
            found.push(path);
        }
    }
}

#[test]
fn f_109_other_programs_open_what_was_written() {
    let scratch = tempfile::tempdir().unwrap();
    let mut originals = Vec::new();
    office_files(&data().join("documents"), &mut originals);
    let mut written = Vec::new();
    for original in originals {
        let source = FileSource::open(&original).unwrap();
        let mut request = ApplyRequest::new(TENANT, LABEL, 1_609_840_800_000);
        request.name = Some("Öffentlich & <intern>".to_owned());
        let mut bytes = Vec::new();
        if apply(&source, &request, &WriteOptions::default(), &mut bytes).is_err() {
            // Damaged and protected on purpose: part of the samples.
            continue;
        }
        let extension = original.extension().unwrap().to_str().unwrap();
        let path = scratch
            .path()
            .join(format!("{}.{extension}", written.len()));
        fs::write(&path, bytes).unwrap();
        written.push(path);
    }
    assert!(written.len() > 20, "{}", written.len());
    let output = match Command::new("python3")
        .arg("-c")
        .arg(SCRIPT)
        .args(&written)
        .output()
    {
        Ok(output) => output,
        Err(error) => {
            println!("python3 is not there: skipped: {error}");
            return;
        }
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    println!(
        "{} documents; {}",
        written.len(),
        String::from_utf8_lossy(&output.stdout)
    );
}
