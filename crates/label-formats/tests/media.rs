//! Sources and outputs that fail: the old file stays.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use std::cell::Cell;
use std::io;

use label_formats::{
    ByteSource, FileKind, FileSource, TEMPORARY_PREFIX, TenantStorage, apply, plan_apply, read,
    remove, replace_file,
};

use support::package::{Package, modern_part, rich};
use support::{A, L1, L2, applied, effective, pairs, read_default, request, tenant, write_with};

// Failing media.

/// Fails from a certain read on.
struct Failing {
    bytes: Vec<u8>,
    reads_left: Cell<u32>,
}

impl ByteSource for Failing {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self.reads_left.get().checked_sub(1) {
            Some(left) => self.reads_left.set(left),
            None => return Err(io::Error::other("the disk is gone")),
        }
        self.bytes.read_at(offset, buffer)
    }
}

/// Takes a number of bytes and then fails.
struct Full(usize);

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self
            .0
            .checked_sub(bytes.len())
            .ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn f_054_r_135_every_failing_read_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.docx");
    let bytes = rich(false).custom(modern_part()).build();
    std::fs::write(&path, &bytes).unwrap();
    let mut reads = 0;
    loop {
        let source = Failing {
            bytes: bytes.clone(),
            reads_left: Cell::new(reads),
        };
        let result = plan_apply(
            &source,
            &request(A, L2),
            &write_with(TenantStorage::Unknown),
        )
        .and_then(|plan| replace_file(&path, plan.file().unwrap()));
        let names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["a.docx"], "no temporary file is left");
        let now = std::fs::read(&path).unwrap();
        match result {
            Ok(()) => {
                assert_eq!(effective(&read_default(&now)), pairs(&[(A, L2)]));
                break;
            }
            Err(error) => {
                assert_eq!(error.code(), "io_error", "after {reads} reads: {error}");
                assert_eq!(now, bytes, "after {reads} reads");
            }
        }
        reads += 1;
    }
    assert!(reads > 5, "{reads}");
    assert!(TEMPORARY_PREFIX.starts_with('.'));
}

#[test]
fn f_054_a_full_output_is_an_error() {
    let bytes = Package::docx().build();
    let options = write_with(TenantStorage::Unknown);
    let (_, after) = applied(&bytes, &request(A, L1), &options).unwrap();
    for room in [0, 1, after.len() / 2, after.len() - 1] {
        let result = apply(&bytes, &request(A, L1), &options, &mut Full(room));
        assert_eq!(result.unwrap_err().code(), "io_error");
    }
    assert!(apply(&bytes, &request(A, L1), &options, &mut Full(after.len())).is_ok());
}

#[test]
fn r_133_the_file_is_replaced_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Budget 2021.xlsx");
    let bytes = Package::new(FileKind::Xlsx).build();
    std::fs::write(&path, &bytes).unwrap();
    let options = write_with(TenantStorage::OptedIn);
    let source = FileSource::open(&path).unwrap();
    let plan = plan_apply(&source, &request(A, L1), &options).unwrap();
    // A plan changes nothing.
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    replace_file(&path, plan.file().unwrap()).unwrap();
    let source = FileSource::open(&path).unwrap();
    assert_eq!(effective(&read(&source, &options.read)), pairs(&[(A, L1)]));
    let mut out = Vec::new();
    let outcome = remove(&source, tenant(A), &options, &mut out).unwrap();
    assert!(outcome.changed && !out.is_empty());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
