//! Many files at once: the same results as one by one, in order, whatever is among them.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![cfg(feature = "rayon")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use label_core::LabelProtection;
use label_formats::{
    FileSource, LabelEdit, ReadOptions, Reading, Status, VerifyOptions, WriteError, WriteOptions,
    change_many, plan_apply, read, read_many, replace_file, verify,
};
use tempfile::TempDir;

use support::compound::{Loop, rights_managed};
use support::package::{KINDS, Package, modern, properties};
use support::{A, B, L1, L2, label, read_default, request, tenant};

/// A folder with packages of every kind, labelled and not, and between them what can't be read.
fn folder() -> (TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for at in 0..70 {
        let (kind, _, _) = KINDS[at % KINDS.len()];
        let mut package = Package::new(kind).file("media/x.bin", &vec![7; at * 100]);
        if at % 3 == 0 {
            package = package.custom(properties(&modern(2, L1, if at % 2 == 0 { A } else { B })));
        }
        // Some have another type's extension: the name is a part of the reading.
        let extension = if at % 10 == 9 {
            "pdf"
        } else {
            kind.extension()
        };
        let path = folder.path().join(format!("{at:02}.{extension}"));
        let mut bytes = package.build();
        match at {
            20 => bytes.truncate(bytes.len() / 2),
            21 => bytes = b"text".to_vec(),
            22 => bytes = rights_managed(&package.build(), None),
            _ => {}
        }
        fs::write(&path, bytes).unwrap();
        paths.push(path);
    }
    paths[40] = folder.path().join("missing.docx");
    paths[41] = folder.path().to_owned();
    (folder, paths)
}

/// The readings one by one.
fn one_by_one(paths: &[PathBuf]) -> Vec<Reading> {
    let one = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let mut options = ReadOptions::default();
        options.name = Some(name);
        match FileSource::open(path) {
            Ok(file) => read(&file, &options),
            Err(error) => Reading::unreadable(&error),
        }
    };
    paths.iter().map(one).collect()
}

#[test]
fn many_files_read_as_one_by_one_and_in_order() {
    let (_folder, paths) = folder();
    let expected = one_by_one(&paths);
    let progress = Mutex::new(Vec::new());
    let readings = read_many(&paths, |_| ReadOptions::default(), &|done, total| {
        progress.lock().unwrap().push((done, total));
    });
    assert_eq!(readings, expected);
    let statuses: BTreeSet<&str> = readings.iter().map(|one| one.status.as_str()).collect();
    assert_eq!(statuses.len(), 5, "{statuses:?}");
    // Each number once, up to the total.
    let mut told = progress.into_inner().unwrap();
    told.sort_unstable();
    let total = paths.len();
    assert_eq!(
        told,
        (1..=total).map(|done| (done, total)).collect::<Vec<_>>()
    );
    let none: [&Path; 0] = [];
    assert!(read_many(&none, |_| ReadOptions::default(), &|_, _| panic!()).is_empty());
}

#[test]
fn each_thread_can_have_a_decryptor_of_its_own() {
    thread_local! {
        static KEY: &'static Loop = Box::leak(Box::default());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("protected.docx");
    let inside = Package::docx()
        .custom(properties(&modern(2, L1, A)))
        .build();
    fs::write(&path, rights_managed(&inside, None)).unwrap();
    let paths = vec![path; 20];
    let readings = read_many(
        &paths,
        |_| {
            let mut options = ReadOptions::default();
            options.decryptor = Some(KEY.with(|key| *key));
            options
        },
        &|_, _| (),
    );
    assert!(
        readings
            .iter()
            .all(|one| one.status == Status::Ok && one.is_labelled())
    );
}

fn files(paths: &[PathBuf]) -> Vec<Option<Vec<u8>>> {
    paths.iter().map(|path| fs::read(path).ok()).collect()
}

#[test]
fn many_files_are_changed_as_one_by_one() {
    let (_one, one) = folder();
    let (_many, many) = folder();
    // Compound files hold the time when they were made.
    fs::copy(&one[22], &many[22]).unwrap();
    let before = files(&one);
    let wanted = request(A, L2);
    let options = WriteOptions::default();
    let expected: Vec<Result<_, String>> = one
        .iter()
        .map(|path| {
            let source = FileSource::open(path).map_err(|_| "io_error".to_owned())?;
            let plan = plan_apply(&source, &wanted, &options).map_err(|e| e.code().to_owned())?;
            if let Some(file) = plan.file() {
                replace_file(path, file).unwrap();
            }
            Ok(plan.outcome().clone())
        })
        .collect();
    let progress = Mutex::new(Vec::new());
    let found: Vec<Result<_, String>> = change_many(
        &many,
        |_| LabelEdit::Apply(request(A, L2)),
        |_| WriteOptions::default(),
        &|done, total| progress.lock().unwrap().push((done, total)),
    )
    .into_iter()
    .map(|result| result.map_err(|error| error.code().to_owned()))
    .collect();
    assert_eq!(found, expected);
    for (path, (many, one)) in one.iter().zip(files(&many).iter().zip(files(&one))) {
        assert!(*many == one, "{}", path.display());
    }
    assert_eq!(progress.into_inner().unwrap().len(), many.len());
    let codes: BTreeSet<&String> = found.iter().filter_map(|one| one.as_ref().err()).collect();
    assert_eq!(codes.len(), 4, "{codes:?}");
    let names = fs::read_dir(many[0].parent().unwrap()).unwrap().count();
    assert_eq!(names, many.len(), "no temporary file is left");
    // And without the label; compared with what was there at first, only labels changed.
    let results = change_many(
        &many,
        |_| LabelEdit::Remove(tenant(A)),
        |_| WriteOptions::default(),
        &|_, _| (),
    );
    for ((result, path), old) in results.iter().zip(&many).zip(before) {
        if let Ok(outcome) = result {
            assert!(outcome.new.is_none());
            let now = fs::read(path).unwrap();
            assert!(read_default(&now).effective_for(tenant(A)).is_none());
            let old = old.unwrap();
            let verification = verify(&old, &now, &VerifyOptions::default()).unwrap();
            assert!(
                verification.only_labels_changed(),
                "{:?}",
                verification.differences
            );
        }
    }
    assert_eq!(
        results.iter().filter(|one| one.is_ok()).count(),
        many.len() - 5
    );
}

#[test]
fn a_path_that_is_there_twice_is_done_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.docx");
    fs::write(&path, Package::docx().build()).unwrap();
    let mut paths = vec![path.clone(); 30];
    paths.push(folder.path().join("./a.docx"));
    let results = change_many(
        &paths,
        |_| LabelEdit::Apply(request(A, L1)),
        |_| WriteOptions::default(),
        &|_, _| (),
    );
    assert!(results[0].as_ref().unwrap().changed);
    for result in &results[1..] {
        assert!(
            matches!(result, Err(WriteError::Repeated { first: 0 })),
            "{result:?}"
        );
    }
    let found = read_default(&fs::read(&path).unwrap());
    assert_eq!(found.effective_for(tenant(A)).unwrap().id, Some(label(L1)));
}

#[test]
fn r_134_a_file_that_somebody_changes_meanwhile_is_left_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.docx");
    fs::write(&path, Package::docx().build()).unwrap();
    let mut wanted = request(A, L1);
    wanted.protection = LabelProtection::Template;
    /// Edits the file while the write is being planned.
    struct Meddler<'a>(&'a Path);
    impl label_formats::Protector for Meddler<'_> {
        fn protect(
            &self,
            document: &[u8],
            _: label_formats::ProtectRequest,
        ) -> Result<label_formats::Protected, String> {
            fs::write(self.0, b"edited by somebody").unwrap();
            Ok(label_formats::Protected {
                bytes: rights_managed(document, None),
                identity: label_formats::EncryptingIdentity::User,
            })
        }
    }
    let meddler = Meddler(&path);
    let results = change_many(
        std::slice::from_ref(&path),
        |_| LabelEdit::Apply(wanted.clone()),
        |_| {
            let mut options = WriteOptions::default();
            options.protector = Some(&meddler);
            options
        },
        &|_, _| (),
    );
    assert!(
        matches!(results[0], Err(WriteError::ChangedMeanwhile)),
        "{results:?}"
    );
    assert_eq!(fs::read(&path).unwrap(), b"edited by somebody");
}
