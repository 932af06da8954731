//! PDFs whose structure is unusual or damaged, and where the label is all the same.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use label_formats::{PdfSave, Protection, Status, TenantStorage, WriteOptions};

use support::pdf::{Pdf, deflate, description, info, info_of, packet, simple};
use support::{A, L1, L2, L3, applied, codes, effective, pairs, read_default, request, write_with};

const METADATA: &str = "/Type/Metadata/Subtype/XML";

fn options(save: PdfSave) -> WriteOptions<'static> {
    let mut options = write_with(TenantStorage::Unknown);
    options.pdf_save = save;
    options
}

/// The file with one word for another of the same length, wherever it occurs.
fn with(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from.as_bytes())
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty(), "{from}");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

/// A metadata stream with this as its length.
fn metadata_of(length: &str, content: &[u8], tail: &str) -> Vec<u8> {
    let mut body = format!("<<{METADATA}/Length {length}>>\nstream\n").into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(tail.as_bytes());
    body
}

#[test]
fn f_121_f_123_a_length_in_an_object_stream_counts() {
    // Where the end is looked for instead, the packet breaks off at its comment.
    let xmp = packet(&format!("<!-- endstream -->{}", description(L1, A)));
    let length = xmp.len().to_string();
    for (what, tail) in [("as usual", "\nendstream"), ("far behind", &far_behind())] {
        let mut pdf = Pdf::page("/Metadata 5 0 R");
        pdf.object_bytes(5, &metadata_of("6 0 R", xmp.as_bytes(), tail));
        pdf.object_stream(8, &[(6, length.as_str())]);
        pdf.xref_stream(9, "", false);
        let reading = read_default(&pdf.bytes);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{what}");
        assert!(codes(&reading).is_empty(), "{what}");
        for save in [PdfSave::Appended, PdfSave::Rewritten] {
            let (_, after) = applied(&pdf.bytes, &request(A, L2), &options(save)).unwrap();
            let reading = read_default(&after);
            assert_eq!(effective(&reading), pairs(&[(A, L2)]), "{what}");
            assert_eq!(reading.labels.len(), 2, "{what}");
        }
    }
}

fn far_behind() -> String {
    format!("{}endstream", " ".repeat(50))
}

#[test]
fn f_009_f_121_object_streams_whose_lengths_are_in_each_other_end() {
    let header = "4 0 6 200 ";
    let info = info_of(L1, A);
    let content = format!("{header}{info:<200}{}", 999);
    let mut pdf = Pdf::page("");
    let stream = |number: u32, length: &str, pdf: &mut Pdf| {
        let body = format!(
            "<</Type/ObjStm/N 2/First {}/Length {length}>>\nstream\n{content}\nendstream",
            header.len()
        );
        pdf.object(number, &body);
    };
    // Two numbers that name the stream itself and the other one.
    pdf.object_stream(8, &[(4, "null"), (6, "null")]);
    stream(8, "6 0 R", &mut pdf);
    pdf.xref_stream(9, "/Info 4 0 R", false);
    let reading = read_default(&pdf.bytes);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
}

#[test]
fn f_121_of_a_number_listed_twice_in_a_stream_the_place_counts() {
    let other = info_of(L2, A);
    for (objects, expected) in [
        ([(4, info_of(L1, A)), (4, other.clone())], L2),
        ([(4, other.clone()), (4, info_of(L1, A))], L1),
    ] {
        let objects: Vec<(u32, &str)> = objects
            .iter()
            .map(|(number, text)| (*number, text.as_str()))
            .collect();
        let mut pdf = Pdf::page("");
        // The cross-reference names the last.
        pdf.object_stream(8, &objects);
        pdf.xref_stream(9, "/Info 4 0 R", false);
        let reading = read_default(&pdf.bytes);
        assert_eq!(effective(&reading), pairs(&[(A, expected)]));
        for save in [PdfSave::Appended, PdfSave::Rewritten] {
            let (_, after) = applied(&pdf.bytes, &request(A, L3), &options(save)).unwrap();
            assert_eq!(effective(&read_default(&after)), pairs(&[(A, L3)]));
        }
    }
}

#[test]
fn f_121_a_damaged_place_in_an_object_stream_hides_no_other() {
    for (damaged, is_there) in [
        ("5 0", true),
        ("F 30", true),
        ("5 x", true),
        ("5x 30", true),
        ("-5 +3", true),
        ("(5 0)", true),
        ("99999999999999999999 0", true),
        ("5 99999999999999999999", true),
        // Here the words are others' partners, and none says where the object is.
        ("5", false),
        ("", true),
    ] {
        let info = info_of(L1, A);
        let list = format!("4 0 {damaged} 6 5 ");
        let content = format!("{list}null {info}");
        let mut pdf = Pdf::page("");
        pdf.object_stream(8, &[(4, "null"), (5, "null"), (6, "null")]);
        let (first, length) = (list.len(), content.len());
        pdf.object(
            8,
            &format!(
                "<</Type/ObjStm/N 3/First {first}/Length {length}>>\nstream\n{content}\nendstream"
            ),
        );
        pdf.xref_stream(9, "/Info 6 0 R", false);
        let reading = read_default(&pdf.bytes);
        let expected = if is_there {
            pairs(&[(A, L1)])
        } else {
            pairs(&[])
        };
        assert_eq!(effective(&reading), expected, "{damaged}");
    }
}

#[test]
fn f_009_f_121_object_streams_that_define_one_another_end() {
    for (first, second) in [
        ("/N 6 0 R/First 14", None),
        ("/N 2/First 6 0 R", None),
        ("/N 2/First 14/Filter 6 0 R", None),
        ("/N 7 0 R/First 14", Some("/N 6 0 R/First 14")),
    ] {
        let mut pdf = Pdf::page("");
        pdf.object_stream(8, &[(4, "null"), (6, "null")]);
        pdf.object_stream(10, &[(7, "null")]);
        pdf.object(8, &format!("<</Type/ObjStm{first}/Length 30>>\nstream\n4 0 6 5           <<>> 2    3    \nendstream"));
        if let Some(second) = second {
            pdf.object(
                10,
                &format!(
                    "<</Type/ObjStm{second}/Length 20>>\nstream\n7 0                2 \nendstream"
                ),
            );
        }
        pdf.object(5, "<</Title(x)>>");
        // The objects stay in the streams.
        let bytes = {
            pdf.xref_stream(9, "/Info 4 0 R", false);
            pdf.bytes
        };
        let reading = support::within(std::time::Duration::from_secs(20), first, move || {
            read_default(&bytes)
        });
        assert!(effective(&reading).is_empty());
    }
}

#[test]
fn f_121_of_a_damaged_file_no_object_begins_inside_a_number() {
    // `12 0 obj` where one piece of the look ends between its two digits.
    let piece = 256 * 1024;
    for shift in 0..12 {
        let mut bytes = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n".to_vec();
        bytes.extend(format!("2 0 obj {} endobj\n", info_of(L1, A)).bytes());
        bytes.resize(piece - 1 - shift, b'\n');
        bytes.extend(format!("12 0 obj {} endobj\n", info_of(L2, A)).bytes());
        bytes.extend_from_slice(b"trailer<</Root 1 0 R/Info 2 0 R>>");
        let reading = read_default(&bytes);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{shift}");
    }
}

#[test]
fn f_009_f_121_trailers_with_very_many_keys_are_merged_in_bounded_time() {
    let keys = |start: u32| -> String {
        (start..start + 200_000)
            .map(|at| format!("/k{at}/x"))
            .collect()
    };
    let mut pdf = Pdf::page("");
    pdf.table(&keys(0));
    pdf.object(5, "null");
    pdf.table(&keys(200_000));
    let bytes = with(&pdf.bytes, "/Root", "/Roo_");
    let reading = support::within(std::time::Duration::from_secs(60), "keys", move || {
        read_default(&bytes)
    });
    assert!(reading.effective.is_empty());
}

#[test]
fn f_121_filters_behind_references_are_undone() {
    let xmp = deflate(packet(&description(L1, A)).as_bytes());
    for filter in ["6 0 R", "[6 0 R]", "7 0 R"] {
        let mut pdf = Pdf::page("/Metadata 5 0 R");
        pdf.stream(5, &format!("{METADATA}/Filter {filter}"), &xmp);
        pdf.object(6, "/FlateDecode");
        pdf.object(7, "[6 0 R]");
        pdf.table("");
        let reading = read_default(&pdf.bytes);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{filter}");
    }
}

#[test]
fn f_121_a_damaged_hidden_section_hides_no_label() {
    let mut pdf = Pdf::page("");
    pdf.object_stream(8, &[(4, &info_of(L1, A))]);
    pdf.hybrid(9, "/Info 4 0 R");
    let whole = read_default(&pdf.bytes);
    assert_eq!(effective(&whole), pairs(&[(A, L1)]));
    assert!(codes(&whole).is_empty());
    let hidden = pdf
        .bytes
        .windows(7)
        .position(|seven| seven == b"9 0 obj")
        .unwrap();
    for damaged in [
        with(&pdf.bytes, "/Type/XRef/", "/Type/XReX/"),
        with(
            &pdf.bytes,
            &format!("/XRefStm {hidden}"),
            &format!("/XRefStm {}", hidden + 1),
        ),
        with(&pdf.bytes, "/W[1 4 2]", "/W[1 4 9]"),
    ] {
        let reading = read_default(&damaged);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]));
        assert_eq!(codes(&reading), ["rebuilt"]);
    }
}

#[test]
fn f_121_the_newest_trailer_counts_also_where_it_names_no_catalog() {
    let mut pdf = Pdf::page("");
    pdf.object(4, &info_of(L1, A));
    pdf.table("/Info 4 0 R");
    pdf.object(6, &info_of(L2, A));
    pdf.table("/Info 6 0 R");
    // The newer of the two catalog entries goes.
    let at = pdf.bytes.windows(5).rposition(|five| five == b"/Root");
    pdf.bytes[at.unwrap()..at.unwrap() + 5].copy_from_slice(b"/Ro__");
    let reading = read_default(&pdf.bytes);
    assert_eq!(effective(&reading), pairs(&[(A, L2)]));
    let (_, after) = applied(&pdf.bytes, &request(A, L3), &options(PdfSave::Appended)).unwrap();
    assert_eq!(effective(&read_default(&after)), pairs(&[(A, L3)]));
    assert!(lopdf::Document::load_mem(&after).is_ok());
}

#[test]
fn f_121_a_chain_of_many_updates_and_one_that_ends_in_zero() {
    let mut pdf = Pdf::page("");
    pdf.object(4, &info_of(L1, A));
    pdf.table("/Info 4 0 R/Prev 0");
    let reading = read_default(&pdf.bytes);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert!(codes(&reading).is_empty(), "{:?}", reading.diagnostics);
    for at in 0..700 {
        pdf.object(5, &format!("({at})"));
        pdf.table("/Info 4 0 R");
    }
    let reading = read_default(&pdf.bytes);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert!(codes(&reading).is_empty(), "{:?}", reading.diagnostics);
}

/// The file without what leads to its objects.
fn lost(bytes: &[u8]) -> Vec<u8> {
    with(bytes, "startxref", "startxxxx")
}

#[test]
fn f_121_of_a_damaged_file_the_last_object_counts_wherever_it_stands() {
    // In the file itself, then in a stream, then itself again.
    let mut pdf = Pdf::page("");
    pdf.object(4, &info_of(L1, A));
    pdf.table("/Info 4 0 R");
    for (label, in_stream) in [(L2, true), (L3, false), (L1, true)] {
        if in_stream {
            pdf.object_stream(8, &[(4, &info_of(label, A))]);
            pdf.xref_stream(9, "/Info 4 0 R", true);
        } else {
            pdf.object(4, &info_of(label, A));
            pdf.xref_stream(10, "/Info 4 0 R", true);
        }
        for bytes in [pdf.bytes.clone(), lost(&pdf.bytes)] {
            let reading = read_default(&bytes);
            assert_eq!(effective(&reading), pairs(&[(A, label)]), "{in_stream}");
        }
        // Also where the sections that name objects in streams are damaged.
        let worse = with(&lost(&pdf.bytes), "/W[1 4 2]", "/W[1 4 9]");
        let found = effective(&read_default(&worse));
        assert_eq!(found, pairs(&[(A, label)]), "{in_stream}");
        let (_, after) = applied(
            &lost(&pdf.bytes),
            &request(A, label),
            &options(PdfSave::Rewritten),
        )
        .unwrap();
        let reading = read_default(&after);
        assert_eq!(effective(&reading), pairs(&[(A, label)]));
        assert!(codes(&reading).is_empty(), "{:?}", reading.diagnostics);
    }
}

#[test]
fn f_121_of_a_damaged_file_what_is_inside_streams_does_not_count() {
    let inner = simple(Some(&info_of(L2, A)), None);
    for (what, length) in [
        ("direct", inner.len().to_string()),
        ("behind a reference", "12 0 R".to_owned()),
    ] {
        // A PDF that is attached as it is has the same numbers in it.
        let mut pdf = Pdf::page("");
        pdf.object(4, &info_of(L1, A));
        let mut body = format!("<</Type/EmbeddedFile/Length {length}>>\nstream\n").into_bytes();
        // Only with the length it is known where this one ends.
        let content = if length.ends_with('R') {
            with(&with(&inner, "endobj", "endxxx"), "1 0 obj", "1 1 obj")
        } else {
            inner.clone()
        };
        body.extend_from_slice(&content);
        body.extend_from_slice(b"\nendstream");
        pdf.object_bytes(7, &body);
        pdf.object(12, &inner.len().to_string());
        pdf.table("/Info 4 0 R");
        let reading = read_default(&lost(&pdf.bytes));
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{what}");
        assert_eq!(codes(&reading), ["rebuilt"], "{what}");
    }
}

#[test]
fn f_009_f_121_headers_without_end_are_looked_at_in_bounded_time() {
    // A dictionary that never closes at every line: each is parsed as far as it may be, in vain.
    let mut bytes = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n".to_vec();
    for at in 0..200_000 {
        bytes.extend_from_slice(format!("{} 0 obj<</A[\n", at + 2).as_bytes());
    }
    bytes.extend_from_slice(b"trailer<</Root 1 0 R>>");
    let reading = support::within(std::time::Duration::from_secs(60), "headers", move || {
        read_default(&bytes)
    });
    assert_eq!(reading.status, Status::Ok, "{:?}", reading.error);
}

#[test]
fn f_122_of_a_key_that_occurs_twice_the_last_counts() {
    let twice = format!(
        "<<{}{}>>",
        info(L1, &[("Enabled", "true"), ("SiteId", A), ("Name", "old")]),
        info(L1, &[("Name", "new"), ("Enabled", "true")]),
    );
    let reading = read_default(&simple(Some(&twice), None));
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert_eq!(reading.labels[0].name.as_deref(), Some("new"));
    assert_eq!(
        codes(&reading),
        ["duplicate_property", "duplicate_property"]
    );
}

#[test]
fn f_126_covers_are_known_however_the_payload_is_attached() {
    let payload = "<</Type/Filespec/F(x.pdf)/AFRelationship/EncryptedPayload/EP<</Type/EncryptedPayload/Subtype/MicrosoftIRMServices/Version 2>>/EF<</F 10 0 R>>>>";
    let many = format!("/AF[{}9 0 R]", "11 0 R ".repeat(100));
    for (catalog, is_cover) in [
        ("/AF[9 0 R]", true),
        ("/AF 9 0 R", true),
        (many.as_str(), true),
        (
            "/Collection<</View/H>>/Names<</EmbeddedFiles<</Names[(a)11 0 R(b)9 0 R]>>>>",
            true,
        ),
        ("/Collection<<>>/Names 12 0 R", true),
        // Not a cover: an attachment of a document that shows itself.
        ("/Names<</EmbeddedFiles<</Names[(a)9 0 R]>>>>", false),
        (
            "/Collection<<>>/Names<</EmbeddedFiles<</Names[(a)11 0 R]>>>>",
            false,
        ),
        ("", false),
    ] {
        let mut pdf = Pdf::page(catalog);
        pdf.object(4, &info_of(L1, A));
        pdf.object(9, payload);
        pdf.stream(10, "/Type/EmbeddedFile", b"cipher");
        pdf.object(11, "<</Type/Filespec/F(other)>>");
        // A tree with a loop in it.
        pdf.object(12, "<</EmbeddedFiles 13 0 R>>");
        pdf.object(13, "<</Kids[13 0 R 14 0 R]>>");
        pdf.object(14, "<</Names[(a)9 0 R]/Kids[13 0 R]>>");
        pdf.table("/Info 4 0 R");
        let reading = read_default(&pdf.bytes);
        let expected = is_cover.then_some(Protection::IrmPdf);
        assert_eq!(reading.protection, expected, "{catalog}");
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{catalog}");
    }
}
