//! Builders of packages, PDFs and compound files, and an archive reader that shares no code with
//! the crate.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod archive;
pub(crate) mod compound;
pub(crate) mod corpus;
pub(crate) mod licence;
pub(crate) mod package;
#[cfg(feature = "built-in-password")]
pub(crate) mod password;
pub(crate) mod pdf;
pub(crate) mod pdf_forms;
pub(crate) mod relabelled;
pub(crate) mod surgery;

use std::sync::mpsc;
use std::time::Duration;

use label_core::{LabelId, TenantId};
use label_formats::{
    ApplyRequest, ReadOptions, Reading, Status, TenantStorage, WriteError, WriteOptions,
    WriteOutcome, apply, plan_apply, plan_remove, read, remove,
};

pub(crate) const A: &str = "aaaaaaaa-0000-4000-8000-00000000000a";
pub(crate) const B: &str = "bbbbbbbb-0000-4000-8000-00000000000b";
pub(crate) const L1: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const L2: &str = "22222222-2222-4222-8222-222222222222";
pub(crate) const L3: &str = "33333333-3333-4333-8333-333333333333";
pub(crate) const P: &str = "99999999-9999-4999-8999-999999999999";

/// 2024-05-06T07:08:09Z.
pub(crate) const NOW_MS: i64 = 1_714_979_289_000;

pub(crate) const STORAGES: [TenantStorage; 3] = [
    TenantStorage::Unknown,
    TenantStorage::OptedIn,
    TenantStorage::NotOptedIn,
];

pub(crate) fn tenant(text: &str) -> TenantId {
    TenantId::parse(text).unwrap()
}

pub(crate) fn label(text: &str) -> LabelId {
    LabelId::parse(text).unwrap()
}

pub(crate) fn request(of: &str, id: &str) -> ApplyRequest {
    ApplyRequest::new(tenant(of), label(id), NOW_MS)
}

pub(crate) fn read_with(storage: TenantStorage) -> ReadOptions<'static> {
    let mut options = ReadOptions::default();
    options.default_storage = storage;
    options
}

pub(crate) fn write_with(storage: TenantStorage) -> WriteOptions<'static> {
    let mut options = WriteOptions::default();
    options.read = read_with(storage);
    options
}

pub(crate) fn read_default(bytes: &[u8]) -> Reading {
    read(bytes, &ReadOptions::default())
}

/// The labels that count: tenant and label, sorted.
pub(crate) fn effective(reading: &Reading) -> Vec<(String, String)> {
    let mut list: Vec<(String, String)> = reading
        .effective
        .iter()
        .map(|one| {
            let of = one.tenant.map_or("unknown".to_owned(), |of| of.to_string());
            (of, one.id_text.clone())
        })
        .collect();
    list.sort();
    list
}

/// The expected form of [`effective`].
pub(crate) fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(of, id)| ((*of).to_owned(), (*id).to_owned()))
        .collect()
}

pub(crate) fn codes(reading: &Reading) -> Vec<&'static str> {
    reading
        .diagnostics
        .iter()
        .map(|one| one.code.as_str())
        .collect()
}

/// What a write gives: the outcome and the file, which is the input where nothing changed. The
/// plan's file, its reads and the written bytes must agree.
pub(crate) fn applied(
    bytes: &[u8],
    request: &ApplyRequest,
    options: &WriteOptions<'_>,
) -> Result<(WriteOutcome, Vec<u8>), WriteError> {
    let mut out = Vec::new();
    let outcome = apply(&bytes, request, options, &mut out)?;
    let plan = plan_apply(&bytes, request, options)?;
    Ok(finish(bytes, outcome, out, plan))
}

/// [`applied`] for a removal.
pub(crate) fn removed(
    bytes: &[u8],
    of: &str,
    options: &WriteOptions<'_>,
) -> Result<(WriteOutcome, Vec<u8>), WriteError> {
    let mut out = Vec::new();
    let outcome = remove(&bytes, tenant(of), options, &mut out)?;
    let plan = plan_remove(&bytes, tenant(of), options)?;
    Ok(finish(bytes, outcome, out, plan))
}

fn finish(
    bytes: &[u8],
    outcome: WriteOutcome,
    out: Vec<u8>,
    plan: label_formats::WritePlan<'_>,
) -> (WriteOutcome, Vec<u8>) {
    assert_eq!(*plan.outcome(), outcome, "the plan says what is done");
    match plan.file() {
        Some(file) => {
            assert!(outcome.changed);
            let mut planned = Vec::new();
            file.write_to(&mut planned).unwrap();
            assert_eq!(planned, out, "the same input gives the same bytes");
            (outcome, out)
        }
        None => {
            assert!(!outcome.changed);
            assert!(out.is_empty(), "nothing is written where nothing changes");
            (outcome, bytes.to_vec())
        }
    }
}

/// A refusal, and that it left no output.
pub(crate) fn apply_refused(
    bytes: &[u8],
    request: &ApplyRequest,
    options: &WriteOptions<'_>,
) -> &'static str {
    let mut out = Vec::new();
    let error = apply(&bytes, request, options, &mut out).unwrap_err();
    assert!(out.is_empty(), "{error}");
    error.code()
}

/// [`apply_refused`] for a removal.
pub(crate) fn remove_refused(bytes: &[u8], of: &str, options: &WriteOptions<'_>) -> &'static str {
    let mut out = Vec::new();
    let error = remove(&bytes, tenant(of), options, &mut out).unwrap_err();
    assert!(out.is_empty(), "{error}");
    error.code()
}

/// Runs a task and fails if it takes longer; a hang fails too.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    what: &str,
    task: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (sender, receiver) = mpsc::channel();
    let worker = std::thread::Builder::new()
        .name(what.to_owned())
        .spawn(move || {
            // The receiver is gone only after the limit, when nobody waits for the value.
            let _ = sender.send(task());
        })
        .unwrap();
    match receiver.recv_timeout(limit) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{what}: over {limit:?}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let _ = worker.join();
            panic!("{what}: panicked")
        }
    }
}

/// A reading that keeps its promises whatever the file: an error where the status is not `ok`, and
/// effective labels only from records.
pub(crate) fn check_reading(reading: &Reading, what: &str) {
    assert_eq!(
        reading.status == Status::Ok,
        reading.error.is_none(),
        "{what}: {:?} {:?}",
        reading.status,
        reading.error
    );
    for one in &reading.effective {
        assert!(
            reading
                .labels
                .iter()
                .any(|record| record.id_text == one.id_text),
            "{what}: an effective label without record"
        );
    }
}

/// The same, written also where the label is there already.
pub(crate) fn forced(storage: TenantStorage) -> WriteOptions<'static> {
    let mut options = write_with(storage);
    options.force = true;
    options
}
