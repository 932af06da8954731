//! Signatures, certification and usage rights of PDFs.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use std::time::Duration;

use label_formats::{
    CountingSource, PdfCertification, PdfSave, PdfSignatures, ReadOptions, Status, TenantStorage,
    apply, read,
};

use support::pdf::{Pdf, info_of};
use support::{
    A, L1, L2, applied, apply_refused, effective, pairs, read_default, remove_refused, removed,
    request, within, write_with,
};

/// A labelled PDF with these catalog entries and objects.
fn document(catalog: &str, objects: &[(u32, &str)]) -> Vec<u8> {
    let mut pdf = Pdf::page(catalog);
    pdf.object(4, &info_of(L1, A));
    for (number, body) in objects {
        pdf.object(*number, body);
    }
    pdf.table("/Info 4 0 R");
    pdf.bytes
}

fn signatures(catalog: &str, objects: &[(u32, &str)]) -> Option<PdfSignatures> {
    let reading = read_default(&document(catalog, objects));
    assert_eq!(reading.status, Status::Ok, "{:?}", reading.error);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert_eq!(reading.signed, reading.pdf_signatures.is_some());
    reading.pdf_signatures.map(|found| *found)
}

/// Approvals, time stamps, level, usage rights, locks, flag, incomplete.
type Facts = (usize, usize, u8, bool, bool, bool, bool);

/// What it is, the catalog's entries, further objects, and what is found.
type Case = (
    &'static str,
    &'static str,
    &'static [(u32, &'static str)],
    Option<Facts>,
);

fn facts(found: Option<PdfSignatures>) -> Option<Facts> {
    found.map(|one| {
        (
            one.approvals,
            one.timestamps,
            one.certification.map_or(0, PdfCertification::level),
            one.usage_rights,
            one.field_locks,
            one.flagged,
            one.incomplete,
        )
    })
}

const FIELD: &str = "<</FT/Sig/T(a)/V 21 0 R>>";
const SIGNATURE: &str = "<</Type/Sig/Filter/Adobe.PPKLite/ByteRange[0 1 2 3]/Contents<00ff>>>";
const LOCKING: &str =
    "<</Type/Sig/Reference[<</TransformMethod/FieldMDP/TransformParams<</Action/All>>>>]>>";
const STAMP: &str = "<</Type/DocTimeStamp/Contents<00>>>";
const FORM: &str = "/AcroForm<</SigFlags 3/Fields[20 0 R]>>";
const UNFLAGGED: &str = "/AcroForm<</Fields[20 0 R]>>";

fn certifying(parameters: &str) -> String {
    format!("<</Type/Sig/Reference[<</TransformMethod/DocMDP{parameters}>>]>>")
}

#[test]
fn f_127_signatures_are_told_from_objects() {
    let table: &[Case] = &[
        ("no form", "", &[], None),
        ("a form without fields", "/AcroForm<</Fields[]>>", &[], None),
        (
            "a form without signature",
            UNFLAGGED,
            &[(20, "<</FT/Tx/T(a)/V(words)>>")],
            None,
        ),
        (
            "a field that waits for one",
            UNFLAGGED,
            &[(20, "<</FT/Sig/T(a)>>")],
            None,
        ),
        (
            "a field whose signature is nowhere",
            UNFLAGGED,
            &[(20, FIELD)],
            None,
        ),
        (
            "the flag alone",
            "/AcroForm<</SigFlags 1>>",
            &[],
            Some((0, 0, 0, false, false, true, false)),
        ),
        (
            "flags behind references",
            "/AcroForm 20 0 R",
            &[(20, "<</SigFlags 21 0 R>>"), (21, "3")],
            Some((0, 0, 0, false, false, true, false)),
        ),
        (
            "append only, and no signature",
            "/AcroForm<</SigFlags 2>>",
            &[],
            None,
        ),
        (
            "an approval",
            FORM,
            &[(20, FIELD), (21, SIGNATURE)],
            Some((1, 0, 0, false, false, true, false)),
        ),
        (
            "an approval without the flag",
            UNFLAGGED,
            &[(20, FIELD), (21, SIGNATURE)],
            Some((1, 0, 0, false, false, false, false)),
        ),
        (
            "below a field, its type inherited",
            UNFLAGGED,
            &[
                (20, "<</FT/Sig/Kids[22 0 R 23 0 R]>>"),
                (21, SIGNATURE),
                (22, "<</T(b)/V 21 0 R>>"),
                (23, "<</T(c)>>"),
            ],
            Some((1, 0, 0, false, false, false, false)),
        ),
        (
            "below a field of another type, with a type of its own",
            UNFLAGGED,
            &[
                (20, "<</FT/Btn/Kids[22 0 R]>>"),
                (21, SIGNATURE),
                (22, "<</FT/Sig/V 21 0 R>>"),
            ],
            Some((1, 0, 0, false, false, false, false)),
        ),
        (
            "below a field of another type, without",
            UNFLAGGED,
            &[
                (20, "<</FT/Tx/Kids[22 0 R]>>"),
                (21, SIGNATURE),
                (22, "<</V 21 0 R>>"),
            ],
            None,
        ),
        (
            "one signature in two fields",
            "/AcroForm<</SigFlags 3/Fields[20 0 R 22 0 R]>>",
            &[(20, FIELD), (21, SIGNATURE), (22, FIELD)],
            Some((1, 0, 0, false, false, true, false)),
        ),
        (
            "locks fields",
            FORM,
            &[(20, FIELD), (21, LOCKING)],
            Some((1, 0, 0, false, true, true, false)),
        ),
        (
            "a time stamp",
            FORM,
            &[(20, FIELD), (21, STAMP)],
            Some((0, 1, 0, false, false, true, false)),
        ),
        (
            "usage rights",
            "/Perms<</UR3 21 0 R>>",
            &[(21, SIGNATURE)],
            Some((0, 0, 0, true, false, false, false)),
        ),
        (
            "usage rights of older files",
            "/Perms 20 0 R",
            &[(20, "<</UR 21 0 R>>"), (21, SIGNATURE)],
            Some((0, 0, 0, true, false, false, false)),
        ),
        (
            "rights that are nowhere",
            "/Perms<</UR3 21 0 R>>",
            &[],
            None,
        ),
        ("no permission", "/Perms<<>>", &[], None),
        (
            "permissions that can't be read",
            "/Perms 20 0 R",
            &[(20, "20 0 R")],
            Some((0, 0, 0, false, false, true, true)),
        ),
        (
            "a signature that can't be read",
            FORM,
            &[(20, FIELD), (21, "21 0 R")],
            Some((1, 0, 0, false, false, true, true)),
        ),
    ];
    for (what, catalog, objects, expected) in table {
        assert_eq!(facts(signatures(catalog, objects)), *expected, "{what}");
    }
}

#[test]
fn f_127_the_level_of_certification() {
    for (what, signature, level) in [
        ("1", certifying("/TransformParams<</P 1/V/1.2>>"), 1),
        ("2", certifying("/TransformParams<</P 2>>"), 2),
        ("3", certifying("/TransformParams<</P 3>>"), 3),
        ("none said", certifying("/TransformParams<<>>"), 2),
        ("no parameters", certifying(""), 2),
        ("no level", certifying("/TransformParams<</P 0>>"), 1),
        ("no number", certifying("/TransformParams<</P/All>>"), 1),
        ("nothing about changes", SIGNATURE.to_owned(), 1),
        (
            "the strictest of two",
            "<</Reference[<</TransformMethod/DocMDP/TransformParams<</P 3>>>><</TransformMethod/DocMDP/TransformParams<</P 1>>>>]>>".to_owned(),
            1,
        ),
    ] {
        let objects = [(20, FIELD), (21, signature.as_str())];
        let expected = Some((0, 0, level, false, false, false, false));
        let found = signatures("/Perms<</DocMDP 21 0 R>>", &objects);
        assert_eq!(facts(found), expected, "{what}");
        // In the form too it is one signature, and approves nothing.
        let catalog = format!("/Perms<</DocMDP 21 0 R>>{FORM}");
        let expected = Some((0, 0, level, false, false, true, false));
        assert_eq!(facts(signatures(&catalog, &objects)), expected, "{what}");
    }
    // Beside another one that approves.
    let catalog = "/Perms<</DocMDP 21 0 R>>/AcroForm<</SigFlags 3/Fields[20 0 R 22 0 R]>>";
    let certified = certifying("/TransformParams<</P 2>>");
    let objects = [
        (20, FIELD),
        (21, certified.as_str()),
        (22, "<</FT/Sig/V 23 0 R>>"),
        (23, SIGNATURE),
    ];
    let found = signatures(catalog, &objects).unwrap();
    assert_eq!(found.certification, Some(PdfCertification::FormFilling));
    assert_eq!(found.approvals, 1);
}

#[test]
fn f_127_fields_without_end_are_bounded() {
    // A field that is its own child, and its parent's parent.
    let circle = [
        (20, "<</FT/Sig/Kids[20 0 R 22 0 R]>>"),
        (22, "<</Kids[20 0 R]>>"),
    ];
    assert_eq!(signatures(UNFLAGGED, &circle), None);
    // Without the flag a few are looked at, and with it many.
    let many: String = (0..1_500).map(|at| format!("{} 0 R ", 30 + at)).collect();
    for (flags, at, expected) in [
        ("", 63, Some((1, true))),
        ("", 64, None),
        ("/SigFlags 0", 64, None),
        ("/SigFlags 3", 64, Some((1, true))),
        ("/SigFlags 3", 999, Some((1, true))),
        ("/SigFlags 3", 1_000, Some((0, true))),
    ] {
        let mut pdf = Pdf::page(&format!("/AcroForm<</Fields[{many}]{flags}>>"));
        pdf.object(4, &info_of(L1, A));
        pdf.object(21, SIGNATURE);
        for field in 0..1_500 {
            let body = if field == at { FIELD } else { "<</FT/Tx>>" };
            pdf.object(30 + field, body);
        }
        pdf.table("/Info 4 0 R");
        let reading = read_default(&pdf.bytes);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]));
        let found = reading.pdf_signatures;
        let found = found.map(|one| (one.approvals, one.incomplete));
        assert_eq!(found, expected, "{flags} {at}");
    }
    // Each array holds all the others: no more work than fields.
    let each: String = (0..300).map(|at| format!("{} 0 R ", 30 + at)).collect();
    let mut pdf = Pdf::page(&format!("/AcroForm<</Fields[{each}]/SigFlags 1>>"));
    pdf.object(4, &info_of(L1, A));
    for field in 0..300 {
        pdf.object(30 + field, &format!("<</FT/Sig/Kids[{each}{each}]>>"));
    }
    pdf.table("/Info 4 0 R");
    let reading = within(Duration::from_secs(20), "fields in fields", move || {
        read_default(&pdf.bytes)
    });
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert!(reading.pdf_signatures.unwrap().incomplete);
    // Huge signatures use up their own bound, and leave the labels alone.
    let huge = format!("<</Type/Sig/Contents<{}>>>", "0".repeat(3 * 1_048_576));
    let mut pdf = Pdf::page("/AcroForm<</Fields[20 0 R 22 0 R 24 0 R 26 0 R]/SigFlags 1>>");
    pdf.object(4, &info_of(L1, A));
    for at in [20, 22, 24, 26] {
        pdf.object(at, &format!("<</FT/Sig/V {} 0 R>>", at + 1));
        pdf.object(at + 1, &huge);
    }
    pdf.table("/Info 4 0 R");
    let reading = read_default(&pdf.bytes);
    assert_eq!(reading.status, Status::Ok);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert!(reading.pdf_signatures.unwrap().incomplete);
}

#[test]
fn f_127_f_135_who_writes_looks_at_every_field() {
    // More than reading looks at, and the form doesn't say that there are signatures.
    for (last, is_signed) in [("<</FT/Tx>>", false), (FIELD, true)] {
        let many: String = (0..1_500).map(|at| format!("{} 0 R ", 30 + at)).collect();
        let mut pdf = Pdf::page(&format!("/AcroForm<</Fields[{many}]>>"));
        pdf.object(4, &info_of(L1, A));
        pdf.object(21, SIGNATURE);
        for field in 0..1_500 {
            let body = if field == 1_499 { last } else { "<</FT/Tx>>" };
            pdf.object(30 + field, body);
        }
        pdf.table("/Info 4 0 R");
        assert!(!read_default(&pdf.bytes).signed);
        let options = write_with(TenantStorage::Unknown);
        if is_signed {
            assert_eq!(
                apply_refused(&pdf.bytes, &request(A, L2), &options),
                "signed"
            );
        } else {
            let (_, after) = applied(&pdf.bytes, &request(A, L2), &options).unwrap();
            assert_eq!(effective(&read_default(&after)), pairs(&[(A, L2)]));
        }
    }
}

#[test]
fn f_127_what_is_added_does_not_become_a_signature_that_is_nowhere() {
    // The number behind the last, and one far behind, which others would have to keep rows for.
    for value in ["21 0 R", "4294967295 0 R"] {
        let field = format!("<</FT/Sig/V {value}>>");
        let bytes = document(UNFLAGGED, &[(20, &field)]);
        for save in [PdfSave::Appended, PdfSave::Rewritten] {
            let mut options = write_with(TenantStorage::Unknown);
            options.pdf_save = save;
            let (_, labelled) = applied(&bytes, &request(A, L2), &options).unwrap();
            let document = lopdf::Document::load_mem(&labelled).unwrap();
            assert!(document.max_id < 100, "{}", document.max_id);
            assert!(!read_default(&labelled).signed, "{value}");
            let (_, after) = removed(&labelled, A, &options).unwrap();
            assert_eq!(effective(&read_default(&after)), []);
        }
    }
}

#[test]
fn f_127_f_136_what_asks_to_be_appended_to_is_not_written_anew() {
    let bytes = document("/AcroForm<</SigFlags 2/Fields[]>>", &[]);
    let mut options = write_with(TenantStorage::Unknown);
    let (_, after) = applied(&bytes, &request(A, L2), &options).unwrap();
    assert!(after.starts_with(&bytes));
    options.pdf_save = PdfSave::Rewritten;
    assert_eq!(apply_refused(&bytes, &request(A, L2), &options), "signed");
}

#[test]
fn f_127_a_file_without_signatures_costs_nothing_more() {
    let read_counted = |bytes: &[u8]| {
        let source = CountingSource::new(bytes);
        let reading = read(&source, &ReadOptions::default());
        assert_eq!(effective(&reading), pairs(&[(A, L1)]));
        source.reads()
    };
    let plain = read_counted(&document("", &[]));
    let form = read_counted(&document("/AcroForm 20 0 R", &[(20, "<</Fields[]>>")]));
    assert!(form <= plain + 3, "{plain} {form}");
}

#[test]
fn f_127_r_050_signed_files_are_refused_as_signed() {
    let certified = certifying("/TransformParams<</P 1>>");
    for (catalog, signature) in [
        (FORM, SIGNATURE),
        (UNFLAGGED, SIGNATURE),
        ("/Perms<</DocMDP 21 0 R>>", certified.as_str()),
        ("/Perms<</UR3 21 0 R>>", SIGNATURE),
    ] {
        let bytes = document(catalog, &[(20, FIELD), (21, signature)]);
        let mut options = write_with(TenantStorage::Unknown);
        assert_eq!(apply_refused(&bytes, &request(A, L2), &options), "signed");
        assert_eq!(remove_refused(&bytes, A, &options), "signed");
        // Where that is allowed, it depends on what the signatures say (F-135).
        options.allow_signed = true;
        let is_approval = !catalog.contains("Perms");
        let mut out = Vec::new();
        let result = apply(&bytes, &request(A, L2), &options, &mut out);
        assert_eq!(result.is_ok(), is_approval, "{catalog}");
    }
}

#[test]
fn f_009_f_127_damaged_signatures_are_survived() {
    let certified = certifying("/TransformParams<</P 1>>");
    let bytes = document(
        &format!("/Perms<</DocMDP 21 0 R>>{FORM}"),
        &[(20, FIELD), (21, &certified)],
    );
    within(Duration::from_secs(60), "damaged signatures", move || {
        for at in 0..bytes.len() {
            support::check_reading(&read_default(&bytes[..at]), "cut off");
            for mask in [0x01, 0xff] {
                let mut flipped = bytes.clone();
                flipped[at] ^= mask;
                let reading = read_default(&flipped);
                support::check_reading(&reading, "flipped");
                assert_eq!(reading.signed, reading.pdf_signatures.is_some());
            }
        }
    });
}

/// Signed files of other programs.
#[test]
fn f_127_genuine_signed_files() {
    let Some(folder) = std::env::var_os("LABEL_CORPUS") else {
        println!("corpus: LABEL_CORPUS is not set");
        return;
    };
    let mut found = std::collections::BTreeMap::new();
    for folder in ["pdf-plain", "pdf-labelled", "malformed", "protected"]
        .map(|one| std::path::Path::new(&folder).join(one))
    {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "pdf") {
                continue;
            }
            let reading = read_default(&std::fs::read(&path).unwrap());
            if let Some(one) = reading.pdf_signatures {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                found.insert(name, *one);
            }
        }
    }
    for (name, one) in &found {
        println!("{name}: {one:?}");
    }
    let approvals: usize = found.values().map(|one| one.approvals).sum();
    let certified = found.values().filter(|one| one.certification.is_some());
    let usage_rights = found.values().filter(|one| one.usage_rights);
    let counts = (
        found.len(),
        approvals,
        certified.count(),
        usage_rights.count(),
    );
    assert_eq!(counts, (12, 7, 3, 2));
    println!("signatures: {} files, {approvals} approvals", found.len());
}
