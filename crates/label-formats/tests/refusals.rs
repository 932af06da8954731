//! Files that must not be written: each is refused by type, and nothing is written.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use label_formats::{
    Protection, Status, TenantStorage, WriteError, apply, plan_apply, plan_remove, read,
};

use support::archive::{self, patch, rename};
use support::compound::{compound, rights_managed};
use support::package::{
    CUSTOM, Package, RELS, SIGNATURE_RELATIONSHIP, TYPES, element, label_list, modern, modern_part,
    properties, relationship, relationships,
};
use support::{
    A, L1, L2, STORAGES, applied, apply_refused, codes, effective, forced, pairs, read_default,
    remove_refused, removed, request, tenant, write_with,
};

// Refusals.

fn refused_everywhere(bytes: &[u8], expected: &str, what: &str) {
    for storage in STORAGES {
        for options in [write_with(storage), forced(storage)] {
            let refused = apply_refused(bytes, &request(A, L2), &options);
            assert_eq!(refused, expected, "{what} {storage:?}");
            let refused = remove_refused(bytes, A, &options);
            assert_eq!(refused, expected, "{what} {storage:?}");
            assert!(plan_apply(&bytes, &request(A, L2), &options).is_err());
            assert!(plan_remove(&bytes, tenant(A), &options).is_err());
        }
    }
}

#[test]
fn f_051_f_108_duplicate_names() {
    let base = Package::docx()
        .custom(modern_part())
        .file("word/documenX.xml", b"<second/>")
        .file("docProps/cusXom.xml", modern_part().as_bytes())
        .file("_rels/.rXls", b"")
        .file("[Content_TypXs].xml", b"")
        .build();
    for (from, to, needed) in [
        ("docProps/cusXom.xml", CUSTOM, true),
        ("docProps/cusXom.xml", "DocProps/Custom.xml", true),
        ("_rels/.rXls", RELS, true),
        ("[Content_TypXs].xml", "[content_types].XML", true),
        ("word/documenX.xml", "word/document.xml", false),
        ("word/documenX.xml", "Word/Document.xml", false),
    ] {
        let mut bytes = base.clone();
        rename(&mut bytes, from, to);
        let reading = read_default(&bytes);
        if needed {
            assert_eq!(reading.status, Status::Malformed, "{to}");
            assert!(reading.effective.is_empty(), "{to}");
        } else {
            assert_eq!(reading.status, Status::Ok, "{to}");
            assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{to}");
            assert_eq!(codes(&reading), ["duplicate_entry"], "{to}");
        }
        refused_everywhere(&bytes, "malformed", to);
    }
}

#[test]
fn f_051_bytes_around_the_archive() {
    let plain = Package::docx().custom(modern_part()).build();
    for bytes in [
        [b"#!/bin/sh\n".as_slice(), &plain].concat(),
        [plain.as_slice(), b"appended"].concat(),
        [plain.as_slice(), &[0; 4]].concat(),
    ] {
        let reading = read_default(&bytes);
        assert_eq!(reading.status, Status::Ok);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]));
        assert_eq!(codes(&reading), ["stray_bytes"]);
        refused_everywhere(&bytes, "malformed", "stray bytes");
    }
}

#[test]
fn f_051_a_046_encrypted_entries_and_other_methods() {
    let base = Package::docx()
        .custom(modern_part())
        .file("word/media/x.bin", b"content content content")
        .build();
    let flag = |bytes: &mut [u8], at: usize| bytes[at] |= 1;
    let method = |bytes: &mut [u8], at: usize| bytes[at] = 12;
    for name in ["word/media/x.bin", CUSTOM, TYPES] {
        for encrypted in [true, false] {
            let mut bytes = base.clone();
            if encrypted {
                patch(&mut bytes, name, |b| flag(b, 6), |b| flag(b, 8));
            } else {
                patch(&mut bytes, name, |b| method(b, 8), |b| method(b, 10));
            }
            let reading = read_default(&bytes);
            assert!(codes(&reading).contains(&"unsupported_entry"), "{name}");
            if name == "word/media/x.bin" {
                assert_eq!(reading.status, Status::Ok);
                assert_eq!(effective(&reading), pairs(&[(A, L1)]));
                refused_everywhere(&bytes, "malformed", name);
            } else {
                assert_eq!(reading.status, Status::Unsupported, "{name}");
                refused_everywhere(&bytes, "type_unsupported", name);
            }
        }
    }
}

#[test]
fn f_051_several_disks_interleaved_parts_and_overlaps() {
    let base = Package::docx()
        .custom(modern_part())
        .file("word/a.bin", &[7; 100])
        .file("word/b.bin", &[7; 100])
        .build();
    let mut disks = base.clone();
    let end = archive::end_record(&disks);
    disks[end + 4] = 1;
    refused_everywhere(&disks, "malformed", "several disks");
    let pieces = Package::docx()
        .custom(modern_part())
        .file("word/a.xml/[0].piece", b"x")
        .build();
    assert_eq!(effective(&read_default(&pieces)), pairs(&[(A, L1)]));
    refused_everywhere(&pieces, "malformed", "interleaved");
    let first = archive::parse(&base).find("word/a.bin").unwrap().offset;
    let last = base.len() - 8;
    for offset in [first, last, u32::MAX as usize - 1] {
        let mut overlap = base.clone();
        patch(
            &mut overlap,
            "word/b.bin",
            |_| {},
            |record| record[42..46].copy_from_slice(&u32::try_from(offset).unwrap().to_le_bytes()),
        );
        refused_everywhere(&overlap, "malformed", "overlap");
    }
    let backslash = Package::docx()
        .custom(modern_part())
        .file("word\\media\\x.bin", b"x")
        .build();
    let reading = read_default(&backslash);
    assert_eq!(codes(&reading), ["backslash_entry"]);
}

#[test]
fn f_051_signed_packages_are_refused() {
    let origin = relationship("rId9", SIGNATURE_RELATIONSHIP, "_xmlsignatures/origin.sigs");
    let bytes = Package::docx()
        .custom(modern_part())
        .relationship(&origin)
        .file("_xmlsignatures/origin.sigs", b"")
        .file("_xmlsignatures/sig1.xml", b"<Signature/>")
        .build();
    let reading = read_default(&bytes);
    assert!(reading.signed);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    refused_everywhere(&bytes, "signed", "signed");
    // The label that is there already is no change, and so no refusal.
    let (outcome, _) =
        applied(&bytes, &request(A, L1), &write_with(TenantStorage::Unknown)).unwrap();
    assert!(!outcome.changed);
}

/// Only custom properties change, and only where no signature names them (6.6).
#[test]
fn f_051_f_102_a_signed_package_is_written_where_the_caller_asks_for_it() {
    let origin = relationship("rId9", SIGNATURE_RELATIONSHIP, "_xmlsignatures/origin.sigs");
    let package = |signature: Option<&str>, part: bool| {
        let mut package = Package::docx()
            .custom(modern_part())
            .relationship(&origin)
            .file("_xmlsignatures/origin.sigs", b"");
        if let Some(signature) = signature {
            package = package.file("_xmlsignatures/sig1.xml", signature.as_bytes());
        }
        if part {
            package = package.label_info(label_list(&element(L1, A, "Standard")));
        }
        package.build()
    };
    let office = "<Signature><Reference URI=\"/word/document.xml?ContentType=x\"/></Signature>";
    let other = "<Signature><Reference URI=\"/DocProps/custom.xml?ContentType=x\"/></Signature>";
    let allowed = |storage| {
        let mut options = write_with(storage);
        options.allow_signed = true;
        options
    };
    let bytes = package(Some(office), false);
    let options = allowed(TenantStorage::Unknown);
    let (outcome, after) = applied(&bytes, &request(A, L2), &options).unwrap();
    assert!(outcome.changed && outcome.signed);
    assert_eq!(effective(&read_default(&after)), pairs(&[(A, L2)]));
    let signature = |bytes: &[u8]| {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes.to_vec())).unwrap();
        let mut text = String::new();
        let mut entry = archive.by_name("_xmlsignatures/sig1.xml").unwrap();
        std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
        text
    };
    assert_eq!(signature(&after), office);
    let (removed, after) = removed(&bytes, A, &options).unwrap();
    assert!(removed.changed && effective(&read_default(&after)).is_empty());

    for (signature, part, storage) in [
        (Some(other), false, TenantStorage::Unknown),
        (Some(office), true, TenantStorage::Unknown),
        (Some(office), false, TenantStorage::OptedIn),
        (Some("\u{feff}<\u{0}"), true, TenantStorage::OptedIn),
        (None, false, TenantStorage::Unknown),
    ] {
        let bytes = package(signature, part);
        let refused = applied(&bytes, &request(A, L2), &allowed(storage)).unwrap_err();
        assert_eq!(refused.code(), "signed", "{signature:?} {part} {storage:?}");
    }
}

#[test]
fn f_007_f_051_p_001_p_014_compound_files_are_refused() {
    let inside = Package::docx().custom(modern_part()).build();
    let list = label_list(&element(L1, A, "Privileged"));
    let password = compound(&[("/EncryptedPackage", &inside), ("/EncryptionInfo", b"x")]);
    let unknown = compound(&[("/EncryptedPackage", &inside)]);
    for (bytes, protection) in [
        (
            rights_managed(&inside, Some(&list)),
            Protection::RightsManaged,
        ),
        (rights_managed(&inside, None), Protection::RightsManaged),
        (password, Protection::Password),
        (unknown, Protection::EncryptedUnknown),
    ] {
        let reading = read_default(&bytes);
        assert_eq!(reading.status, Status::Protected);
        assert_eq!(reading.protection, Some(protection));
        refused_everywhere(&bytes, "protected", protection.as_str());
    }
}

#[test]
fn f_002_r_051_other_types_are_refused() {
    for stream in ["/WordDocument", "/Workbook", "/PowerPoint Document"] {
        refused_everywhere(&compound(&[(stream, b"x")]), "type_unsupported", stream);
    }
    refused_everywhere(
        &compound(&[("/__properties_version1.0", b"x")]),
        "type_unsupported",
        "msg",
    );
    for (extension, content_type) in [
        (
            "xlsb",
            "application/vnd.ms-excel.sheet.binary.macroEnabled.main",
        ),
        (
            "xltm",
            "application/vnd.ms-excel.template.macroEnabled.main+xml",
        ),
        (
            "ppam",
            "application/vnd.ms-powerpoint.addin.macroEnabled.main+xml",
        ),
        ("vsdx", "application/vnd.ms-visio.drawing.main+xml"),
    ] {
        let bytes = Package::docx().main_type(content_type).build();
        refused_everywhere(&bytes, "type_unsupported", extension);
    }
    let other_archive = Package::docx()
        .relationships_part(relationships(""))
        .build();
    refused_everywhere(&other_archive, "type_unsupported", "no main document");
    for text in [&b"plain text"[..], b"", b"{\\rtf1 text}", b"<?xml?><x/>"] {
        refused_everywhere(text, "type_unsupported", "text");
    }
}

#[test]
fn r_128_the_size_limit_is_inclusive() {
    let bytes = Package::docx().custom(modern_part()).build();
    for storage in STORAGES {
        let mut options = write_with(storage);
        options.read.limits.write_bytes_max = bytes.len() as u64;
        assert!(applied(&bytes, &request(A, L2), &options).is_ok());
        assert!(removed(&bytes, A, &options).is_ok());
        options.read.limits.write_bytes_max -= 1;
        let mut out = Vec::new();
        let error = apply(&bytes, &request(A, L2), &options, &mut out).unwrap_err();
        let WriteError::TooLarge {
            size_bytes,
            limit_bytes,
        } = error
        else {
            panic!("{error}")
        };
        assert_eq!((size_bytes, limit_bytes + 1), (size_bytes, size_bytes));
        assert_eq!(remove_refused(&bytes, A, &options), "too_large");
        // Also where nothing would change, and for anything else of that size.
        assert_eq!(
            apply_refused(&bytes, &request(A, L1), &options),
            "too_large"
        );
        // Reading has no such limit.
        assert_eq!(read(&bytes, &options.read).status, Status::Ok);
    }
    assert_eq!(label_formats::Limits::default().write_bytes_max, 52_428_800);
}

#[test]
fn f_042_f_051_label_parts_beyond_the_limit() {
    let body = modern(2, L1, A) + &format!("<!--{}-->", "x".repeat(1_048_576));
    let bytes = Package::docx().custom(properties(&body)).build();
    assert_eq!(read_default(&bytes).status, Status::TooLarge);
    refused_everywhere(&bytes, "too_large", "custom properties");
    // Exactly the limit is read.
    let part = modern_part();
    let padding = 1_048_576 - part.len() - "<!---->".len();
    let padded = part.replace(
        "</Properties>",
        &format!("<!--{}--></Properties>", "x".repeat(padding)),
    );
    assert_eq!(padded.len(), 1_048_576);
    let bytes = Package::docx().custom(padded).build();
    assert_eq!(effective(&read_default(&bytes)), pairs(&[(A, L1)]));
}
