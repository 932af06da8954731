//! Real files: 381 of them, read, labelled, relabelled and cleaned. They are not part of the
//! repository; the environment variable `LABEL_CORPUS` names their folder.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use label_core::{AssignmentMethod, FileLabel, LabelStorage, TenantId};
use label_formats::{
    ApplyRequest, FileKind, Protection, ReadOptions, Reading, Status, TenantStorage, VerifyOptions,
    WriteOptions, apply, plan_apply, plan_remove, read, remove, verify,
};
use serde_json::Value;

use support::archive::{self, compare};
use support::corpus::{Row, Tally, each, manifest};
use support::package::{LABEL_INFO, LABEL_PARTS};
use support::{A, L1, L2, NOW_MS, STORAGES, applied, label, pdf, removed, tenant};

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

/// The expected record as a list of fields and values.
fn expected(label: &Value) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = [
        "id",
        "siteId",
        "name",
        "enabled",
        "method",
        "setDate",
        "contentBits",
        "storage",
        "removed",
    ]
    .iter()
    .map(|field| {
        let value = &label[*field];
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        ((*field).to_owned(), text)
    })
    .collect();
    if let Some(extra) = label["extra"].as_object() {
        for (name, value) in extra {
            fields.push((format!("extra {name}"), text(value).unwrap().to_owned()));
        }
    }
    fields.sort();
    fields
}

/// The record that was read, in the same form.
fn found(record: &FileLabel) -> Vec<(String, String)> {
    let shown = |value: Option<String>| value.unwrap_or_else(|| "null".to_owned());
    let mut fields = vec![
        ("id".to_owned(), record.id_text.clone()),
        ("siteId".to_owned(), shown(record.tenant_text.clone())),
        ("name".to_owned(), shown(record.name.clone())),
        (
            "enabled".to_owned(),
            shown(record.enabled.map(|flag| flag.to_string())),
        ),
        ("method".to_owned(), shown(record.method.clone())),
        ("setDate".to_owned(), shown(record.set_date.clone())),
        (
            "contentBits".to_owned(),
            shown(record.content_bits.map(|bits| bits.to_string())),
        ),
        ("storage".to_owned(), record.storage.as_str().to_owned()),
        (
            "removed".to_owned(),
            shown(record.removed.map(|flag| flag.to_string())),
        ),
    ];
    for (name, value) in &record.extra {
        // Mail addresses of people are in the files and not in the manifest.
        if name != "Owner" {
            fields.push((format!("extra {name}"), value.clone()));
        }
    }
    fields.sort();
    fields
}

#[test]
fn f_009_f_043_r_097_r_173_every_file_of_the_manifest_reads_as_it_says() {
    let Some(rows) = manifest() else { return };
    let compared = AtomicUsize::new(0);
    let counts = Tally::default();
    each(&rows, |row, bytes| {
        let reading = read(bytes, &ReadOptions::default());
        support::check_reading(&reading, &row.name);
        let records: Vec<_> = reading.labels.iter().map(found).collect();
        let fields: usize = records.iter().map(Vec::len).sum();
        let wanted: Option<Vec<_>> = row
            .labels
            .as_array()
            .map(|list| list.iter().map(expected).collect());
        match row.folder.as_str() {
            "ooxml-plain" | "pdf-plain" => {
                assert_eq!(reading.status, Status::Ok, "{}", row.name);
                assert!(records.is_empty(), "{}", row.name);
                assert!(!reading.is_labelled(), "{}", row.name);
            }
            "ooxml-labelled" | "pdf-labelled" => {
                assert_eq!(reading.status, Status::Ok, "{}", row.name);
                assert_eq!(Some(&records), wanted.as_ref(), "{}", row.name);
                counts.several(&format!("{}, fields of labels", row.folder), fields);
                counts.several(&format!("{}, labels", row.folder), records.len());
            }
            "protected" => {
                protected(row, &reading);
                // Null: the label can't be known without the key, and none is claimed.
                assert_eq!(records, wanted.unwrap_or_default(), "{}", row.name);
            }
            _ => {
                // A damaged file may be refused; a wrong label is not acceptable.
                let wanted = wanted.unwrap_or_default();
                for record in &records {
                    assert!(wanted.contains(record), "{}: {record:?}", row.name);
                }
            }
        }
        counts.add(&format!("{}, files", row.folder));
        compared.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(rows.len(), 381);
    counts.print("as the manifest says");
    assert_eq!(counts.get("pdf-labelled, files"), 24);
    assert_eq!(counts.get("pdf-plain, files"), 84);
    println!("corpus: {} files", compared.into_inner());
}

/// Every protected file is told as such, with the scheme that the independent reader saw.
fn protected(row: &Row, reading: &Reading) {
    // One file of the folder is a binary document under a newer name, and not encrypted.
    if row.name.ends_with("hello_world.docm") {
        assert_eq!(reading.status, Status::Unsupported);
        assert_eq!(reading.protection, None);
        return;
    }
    let protection = reading.protection.expect(&row.name);
    // The independent reader knows no passwords; two workbooks have the one that Excel has built
    // in, and no label inside.
    if row.name.ends_with("-standardpassword.xlsm") && cfg!(feature = "built-in-password") {
        assert_eq!(reading.status, Status::Ok, "{}", row.name);
        assert_eq!(protection, Protection::BuiltInPassword, "{}", row.name);
        return;
    }
    assert_ne!(protection, Protection::BuiltInPassword, "{}", row.name);
    match row.reader.as_str() {
        "cfb" => {
            assert_eq!(reading.status, Status::Protected, "{}", row.name);
            let labelled = row.labels.as_array().is_some_and(|list| !list.is_empty());
            if labelled {
                assert_eq!(protection, Protection::RightsManaged, "{}", row.name);
            }
        }
        "needs-password" => {
            assert_eq!(reading.status, Status::Protected, "{}", row.name);
            assert_eq!(protection, Protection::PdfPassword, "{}", row.name);
        }
        "needs-key" => {
            assert_eq!(reading.status, Status::Protected, "{}", row.name);
            assert_eq!(protection, Protection::PdfPublicKey, "{}", row.name);
        }
        _ => assert!(
            matches!(
                (reading.status, protection),
                (Status::Ok, Protection::PdfRestricted)
                    | (
                        Status::Protected,
                        Protection::IrmPdf | Protection::EncryptedPayload
                    )
            ),
            "{}: {:?} {protection:?}",
            row.name,
            reading.status
        ),
    }
}

fn options_for(of: TenantId, storage: TenantStorage) -> WriteOptions<'static> {
    let mut options = WriteOptions::default();
    options.read.storages.insert(of, storage);
    options
}

/// The labels of all other tenants that count, without order.
fn others(reading: &Reading, of: TenantId) -> Vec<String> {
    let mut list: Vec<String> = reading
        .effective
        .iter()
        .filter(|one| one.tenant != Some(of))
        .map(|one| format!("{one:?}"))
        .collect();
    list.sort();
    list
}

/// The comparison finds nothing but the tenant's label, whether it is told the tenant or not.
fn only_labels(before: &[u8], after: &[u8], of: TenantId, storage: TenantStorage, what: &str) {
    let mut options = VerifyOptions::default();
    options.storages.insert(of, storage);
    for tenant in [None, Some(of)] {
        options.tenant = tenant;
        let verification = verify(&before, &after, &options).expect(what);
        assert!(
            verification.only_labels_changed(),
            "{what}: {:#?}",
            verification.differences
        );
        let mut changes = verification.changes.iter();
        assert!(changes.all(|one| one.tenant == Some(of)), "{what}");
    }
}

/// Applies, replaces and removes a tenant's label; gives what came of it.
fn life(bytes: &[u8], of: TenantId, storage: TenantStorage, name: &str) -> Result<Vec<u8>, String> {
    let options = options_for(of, storage);
    let what = format!("{name} {storage:?}");
    let own = |bytes: &[u8]| {
        let reading = read(bytes, &options.read);
        assert_eq!(reading.status, Status::Ok, "{what}");
        let id = reading.effective_for(of).map(|one| one.id_text.clone());
        (id, others(&reading, of))
    };
    let (_, theirs) = own(bytes);
    let mut before = bytes.to_vec();
    for id in [L1, L2] {
        let wanted = ApplyRequest::new(of, label(id), NOW_MS);
        let mut after = Vec::new();
        let outcome = apply(&before, &wanted, &options, &mut after)
            .map_err(|error| error.code().to_owned())?;
        assert!(outcome.changed, "{what}");
        compare(&before, &after, &LABEL_PARTS);
        only_labels(&before, &after, of, storage, &what);
        assert_eq!(own(&after), (Some(id.to_owned()), theirs.clone()), "{what}");
        let second = plan_apply(&after, &wanted, &options).unwrap();
        assert!(!second.outcome().changed, "{what}");
        before = after;
    }
    let mut gone = Vec::new();
    remove(&before, of, &options, &mut gone).unwrap();
    compare(&before, &gone, &LABEL_PARTS);
    only_labels(&before, &gone, of, storage, &what);
    only_labels(bytes, &gone, of, storage, &what);
    assert_eq!(own(&gone), (None, theirs), "{what}");
    let second = plan_remove(&gone, of, &options).unwrap();
    assert!(!second.outcome().changed, "{what}");
    Ok(gone)
}

/// The library that others use still opens the file and sees the same other parts. Where a part was
/// damaged before, it is damaged after.
fn same_parts(before: &[u8], after: &[u8], name: &str) {
    let unlabelled = |bytes: &[u8]| {
        let mut list = archive::try_contents(bytes).ok()?;
        list.retain(|(name, _)| {
            !LABEL_PARTS
                .iter()
                .any(|part| part.eq_ignore_ascii_case(name))
        });
        Some(list)
    };
    assert_eq!(unlabelled(before), unlabelled(after), "{name}");
}

/// Whether the part and the file hold this one label and nothing else of any tenant.
fn only_element(reading: &Reading) -> Option<&FileLabel> {
    let [first, rest @ ..] = reading.labels.as_slice() else {
        return None;
    };
    let single = first.storage == LabelStorage::LabelInfo
        && first.in_effect()
        && rest
            .iter()
            .all(|other| other.storage != LabelStorage::LabelInfo && other.tenant == first.tenant);
    single.then_some(first)
}

/// Removes the label and applies the same values: the part must be as it was.
fn there_and_back(bytes: &[u8], record: &FileLabel, name: &str) {
    let of = record.tenant.unwrap();
    for storage in [TenantStorage::Unknown, TenantStorage::OptedIn] {
        let options = options_for(of, storage);
        let (_, gone) = removed(bytes, &of.to_string(), &options).unwrap();
        let mut wanted = ApplyRequest::new(of, record.id.unwrap(), NOW_MS);
        wanted.method = AssignmentMethod::parse(record.method.as_deref().unwrap()).unwrap();
        wanted.content_bits = record.content_bits;
        let (_, again) = applied(&gone, &wanted, &options).unwrap();
        let part = |bytes: &[u8]| archive::text(bytes, LABEL_INFO);
        assert_eq!(part(&again), part(bytes), "{name} {storage:?}");
        assert_ne!(part(&gone), part(bytes), "{name} {storage:?}");
    }
}

#[test]
fn f_052_f_080_f_100_r_036_to_r_049_r_052_r_094_every_package_is_labelled_and_cleaned() {
    let Some(rows) = manifest() else { return };
    let tally = Tally::default();
    let kinds = Tally::default();
    each(&rows, |row, bytes| {
        let reading = read(bytes, &ReadOptions::default());
        let Some(kind) = reading.kind.filter(|kind| *kind != FileKind::Pdf) else {
            return;
        };
        if reading.status != Status::Ok {
            tally.add(&format!("not read: {}", reading.status.as_str()));
            // What can't be read can't be written.
            for storage in STORAGES {
                let options = options_for(tenant(A), storage);
                let wanted = ApplyRequest::new(tenant(A), label(L1), NOW_MS);
                assert!(applied(bytes, &wanted, &options).is_err(), "{}", row.name);
            }
            return;
        }
        // A tenant that is not in the file, and one that is.
        let mut tenants = vec![tenant(A)];
        tenants.extend(reading.labels.iter().find_map(|record| record.tenant));
        let mut outcome = Ok(Vec::new());
        for of in tenants {
            for storage in STORAGES {
                outcome = outcome.and(life(bytes, of, storage, &row.name));
            }
        }
        match outcome {
            Ok(cleaned) => {
                same_parts(bytes, &cleaned, &row.name);
                tally.add("written");
                kinds.add(kind.extension());
                if let Some(record) = only_element(&reading) {
                    there_and_back(bytes, record, &row.name);
                    tally.add("written, and the one element there and back");
                }
            }
            Err(code) => {
                tally.add(&format!("refused: {code}"));
                if reading.signed {
                    assert_eq!(code, "signed", "{}", row.name);
                }
            }
        }
    });
    tally.print("packages");
    kinds.print("written");
    assert!(tally.get("written") > 150, "{}", tally.get("written"));
    assert!(tally.get("written, and the one element there and back") > 20);
}

#[test]
fn f_127_every_protected_and_damaged_file_is_refused() {
    let Some(rows) = manifest() else { return };
    let tally = Tally::default();
    each(&rows, |row, bytes| {
        let reading = read(bytes, &ReadOptions::default());
        // What can be written is written in other tests, PDF in those of its own.
        let is_readable = reading.status == Status::Ok && reading.protection.is_none();
        if reading.kind.is_some() && is_readable && !reading.signed {
            return;
        }
        if reading.kind.is_some_and(|kind| kind != FileKind::Pdf) && is_readable {
            return;
        }
        for storage in STORAGES {
            let options = options_for(tenant(A), storage);
            let wanted = ApplyRequest::new(tenant(A), label(L1), NOW_MS);
            let code = support::apply_refused(bytes, &wanted, &options);
            let expected = match (reading.status, reading.protection) {
                (Status::Malformed, _) => "malformed",
                (_, Some(_)) => "protected",
                (Status::TooLarge, _) => "too_large",
                _ if reading.signed => "signed",
                _ => "type_unsupported",
            };
            assert_eq!(code, expected, "{}", row.name);
            tally.add(code);
        }
    });
    tally.print("refused, in three states each");
    assert!(tally.get("protected") >= 3 * 30);
}

/// The value of an attribute of a record as the oracle would show it, folded.
fn attribute(record: &FileLabel, name: &str) -> Option<String> {
    match name.to_ascii_lowercase().as_str() {
        "enabled" => record.enabled.map(|flag| flag.to_string()),
        "removed" => record.removed.map(|flag| flag.to_string()),
        "siteid" => record.tenant_text.clone(),
        "method" => record.method.clone(),
        "setdate" => record.set_date.clone(),
        "name" => record.name.clone(),
        "contentbits" => record.content_bits.map(|bits| bits.to_string()),
        _ => record.extra(name).map(str::to_owned),
    }
}

/// How many attributes a record has.
fn attributes(record: &FileLabel) -> usize {
    [
        record.enabled.is_some(),
        record.removed.is_some(),
        record.tenant_text.is_some(),
        record.method.is_some(),
        record.set_date.is_some(),
        record.name.is_some(),
        record.content_bits.is_some(),
    ]
    .iter()
    .filter(|has| **has)
    .count()
        + record.extra.len()
}

#[test]
fn f_120_f_121_f_122_every_pdf_reads_as_the_library_reads_it() {
    let Some(rows) = manifest() else { return };
    let tally = Tally::default();
    each(&rows, |row, bytes| {
        let reading = read(bytes, &ReadOptions::default());
        if reading.kind != Some(FileKind::Pdf) {
            return;
        }
        // The library may panic on damaged files; it is only the second opinion.
        let document = std::panic::catch_unwind(|| lopdf::Document::load_mem(bytes).ok());
        let Ok(Some(document)) = document else {
            tally.add("not opened by the library");
            return;
        };
        if document.is_encrypted() {
            tally.add("not decrypted by the library");
            return;
        }
        let Some(oracle) = pdf::oracle_of(&document) else {
            tally.add("its information dictionary not found by the library");
            return;
        };
        let records: Vec<&FileLabel> = reading
            .labels
            .iter()
            .filter(|record| record.storage == LabelStorage::Info)
            .collect();
        for (key, value) in &oracle {
            let (id, name) = key["MSIP_Label_".len()..].split_at(36);
            let record = records
                .iter()
                .find(|record| record.id_text == id.to_lowercase())
                .unwrap_or_else(|| panic!("{}: {key}", row.name));
            let found = attribute(record, &name[1..]);
            let folded = matches!(name, "_Enabled" | "_Removed");
            let expected = if folded {
                value.to_lowercase()
            } else {
                value.clone()
            };
            assert_eq!(found, Some(expected), "{}: {key}", row.name);
        }
        let count: usize = records.iter().map(|record| attributes(record)).sum();
        assert_eq!(count, oracle.len(), "{}", row.name);
        tally.add(if oracle.is_empty() {
            "agree that there is none"
        } else {
            "agree on every key and value"
        });
    });
    tally.print("PDF");
    assert!(tally.get("agree on every key and value") >= 20);
    assert!(tally.get("agree that there is none") >= 80);
}
