//! Two PDFs compared: nothing but labels changed, or what else did.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use label_formats::{PdfSave, TenantStorage, Verification, VerifyOptions, WriteOptions, verify};

use support::pdf::{Pdf, description, info_of, packet, simple};
use support::pdf_forms::variants;
use support::{A, B, L1, L2, L3, applied, removed, request, tenant, write_with};

fn options(save: PdfSave) -> WriteOptions<'static> {
    let mut options = write_with(TenantStorage::Unknown);
    options.pdf_save = save;
    options
}

fn compared(before: &[u8], after: &[u8]) -> Verification {
    verify(&before, &after, &VerifyOptions::default()).unwrap()
}

fn kinds(verification: &Verification) -> Vec<&'static str> {
    let found = verification.differences.iter();
    found.map(|difference| difference.kind.as_str()).collect()
}

#[test]
fn f_052_f_133_what_was_written_differs_in_labels_only() {
    for save in [PdfSave::Appended, PdfSave::Rewritten] {
        for (name, before) in variants() {
            let (_, labelled) = applied(&before, &request(A, L2), &options(save)).unwrap();
            let (_, bare) = removed(&labelled, A, &options(save)).unwrap();
            for (old, new, changes) in [
                (&before, &labelled, 1),
                (&labelled, &bare, 1),
                (&before, &bare, 1),
                (&bare, &before, 1),
                (&before, &before, 0),
            ] {
                let found = compared(old, new);
                assert!(
                    found.only_labels_changed(),
                    "{name}: {:?}",
                    found.differences
                );
                assert_eq!(found.changes.len(), changes, "{name}");
                assert_eq!(found.identical, old == new, "{name}");
            }
            // Seen from another tenant's side, all of it is a difference.
            let mut of_other = VerifyOptions::default();
            of_other.tenant = Some(tenant(B));
            let found = verify(&before, &labelled, &of_other).unwrap();
            assert!(!found.only_labels_changed(), "{name}");
            assert!(kinds(&found).contains(&"info_entry"), "{name}");
            assert!(kinds(&found).contains(&"xmp_element"), "{name}");
        }
    }
}

#[test]
fn f_134_what_pdf_a_wants_to_know_of_a_label_belongs_to_it() {
    let part = |part: u8| {
        packet(&format!(
            "<rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\"><pdfaid:part>{part}</pdfaid:part></rdf:Description>"
        ))
    };
    for number in 1..=4 {
        for save in [PdfSave::Appended, PdfSave::Rewritten] {
            let before = simple(None, Some(part(number).as_bytes()));
            let (_, after) = applied(&before, &request(A, L1), &options(save)).unwrap();
            let found = compared(&before, &after);
            assert!(
                found.only_labels_changed(),
                "{number}: {:?}",
                found.differences
            );
        }
    }
}

/// A document with a bit of everything.
struct Document {
    info: String,
    xmp: String,
    page: String,
    content: &'static [u8],
    trailer: &'static str,
}

impl Document {
    fn new() -> Self {
        Self {
            info: info_of(L1, A).replace("<<", "<</Title(T)/Author 7 0 R"),
            xmp: format!(
                "<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:format>application/pdf</dc:format></rdf:Description>{}{}",
                description(L1, A),
                description(L3, B)
            ),
            page: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 8 0 R>>".to_owned(),
            content: b"BT (text) Tj ET",
            trailer: "/Custom 1/ID[<01><02>]",
        }
    }

    fn build(&self) -> Vec<u8> {
        let mut pdf = Pdf::new();
        // Locks of signed fields refer to the catalog like this.
        pdf.object(
            1,
            "<</Type/Catalog/Pages 2 0 R/Metadata 5 0 R/Lock<</Data 1 0 R>>/Also 5 0 R>>",
        );
        pdf.object(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>");
        pdf.object(3, &self.page);
        pdf.object(4, &self.info);
        pdf.stream(
            5,
            "/Type/Metadata/Subtype/XML",
            packet(&self.xmp).as_bytes(),
        );
        pdf.object(7, "(An author)");
        pdf.stream(8, "", self.content);
        pdf.object(9, "(nothing reaches it)");
        pdf.table(&format!("/Info 4 0 R{}", self.trailer));
        pdf.bytes
    }
}

#[test]
fn every_other_change_is_named() {
    let before = Document::new().build();
    type Change = fn(&mut Document);
    let changes: [(&str, Change, &str); 9] = [
        (
            "page",
            |one| one.page = one.page.replace("9 9", "9 8"),
            "object",
        ),
        (
            "page entry",
            |one| one.page = one.page.replace(">>", "/Rotate 90>>"),
            "object",
        ),
        ("content", |one| one.content = b"BT (texT) Tj ET", "object"),
        (
            "title",
            |one| one.info = one.info.replace("(T)", "(t)"),
            "info_entry",
        ),
        (
            "entry gone",
            |one| one.info = one.info.replace("/Title(T)", ""),
            "info_entry",
        ),
        (
            "format",
            |one| one.xmp = one.xmp.replace("/pdf<", "/PDF<"),
            "xmp_element",
        ),
        (
            "other tenant",
            |one| one.xmp = one.xmp.replace(&description(L3, B), ""),
            "xmp_element",
        ),
        (
            "trailer",
            |one| one.trailer = "/Custom 2/ID[<01><02>]",
            "trailer",
        ),
        (
            "identity",
            |one| one.trailer = "/Custom 1/ID[<03><02>]",
            "trailer",
        ),
    ];
    for (what, change, kind) in changes {
        let mut document = Document::new();
        // With another label at the same time, whose it is can be told.
        document.info = document.info.replace(L1, L2);
        document.xmp = document.xmp.replace(L1, L2);
        let mut of_a = VerifyOptions::default();
        of_a.tenant = Some(tenant(A));
        let labelled = document.build();
        let found = verify(&before, &labelled, &of_a).unwrap();
        assert!(
            found.only_labels_changed(),
            "{what}: {:?}",
            found.differences
        );
        change(&mut document);
        let found = verify(&before, &document.build(), &of_a).unwrap();
        assert_eq!(kinds(&found), [kind], "{what}: {:?}", found.differences);
    }
}

/// Whoever gives objects other numbers and places changes nothing.
#[test]
fn numbers_and_places_do_not_count() {
    let before = Document::new().build();
    let mut other = Pdf::new();
    other.object(
        1,
        "<</Metadata 15 0 R/Type/Catalog/Lock<</Data 1 0 R>>/Also 15 0 R/Pages 12 0 R>>",
    );
    let one = Document::new();
    other.stream(
        15,
        "/Type/Metadata/Subtype/XML",
        packet(&one.xmp).as_bytes(),
    );
    other.object_stream(
        20,
        &[
            (12, "<</Type/Pages/Kids[13 0 R]/Count 1>>"),
            (
                13,
                &one.page
                    .replace("2 0 R", "12 0 R")
                    .replace("8 0 R", "18 0 R"),
            ),
            (14, &one.info.replace("7 0 R", "17 0 R")),
            (17, "(An author)"),
        ],
    );
    other.stream(18, "", one.content);
    other.xref_stream(21, &format!("/Info 14 0 R{}", one.trailer), true);
    let found = compared(&before, &other.bytes);
    assert!(found.only_labels_changed(), "{:?}", found.differences);
    assert!(!found.identical);
}

#[test]
fn a_pdf_and_a_package_are_two_kinds() {
    let pdf = simple(None, None);
    let package = support::package::Package::docx().build();
    let found = compared(&pdf, &package);
    assert_eq!(kinds(&found), ["file_kind"]);
    assert_eq!(kinds(&compared(&package, &pdf)), ["file_kind"]);
}
