//! PDFs that try to keep a reader busy: a typed answer, the label where it can be had, and no more
//! work than the file is worth.
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

use label_formats::{CountingSource, FileKind, ReadOptions, Reading, Status, read};

use support::corpus::{Tally, each, manifest};
use support::pdf::{self, Pdf, deflate, description, info_of, packet, simple};
use support::pdf_forms::variants;
use support::{A, L1, L2, check_reading, codes, effective, pairs, read_default, within};

/// Ten times what one file may be expected to take in a debug build on a slow machine.
const ONE_FILE: Duration = Duration::from_secs(20);

/// Reads under the watchdog; gives the answer and how many bytes were read for it.
fn judge(bytes: Vec<u8>, what: &str) -> (Reading, u64) {
    let name = what.to_owned();
    within(ONE_FILE, what, move || {
        let source = CountingSource::new(bytes.as_slice());
        let reading = read(&source, &ReadOptions::default());
        check_reading(&reading, &name);
        (reading, source.bytes_read())
    })
}

fn at(bytes: &[u8], word: &str) -> usize {
    bytes
        .windows(word.len())
        .position(|window| window == word.as_bytes())
        .unwrap_or_else(|| panic!("{word}"))
}

/// The last place of a word, replaced by as many bytes.
fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let place = bytes
        .windows(from.len())
        .rposition(|window| window == from.as_bytes())
        .unwrap_or_else(|| panic!("{from}"));
    let mut bytes = bytes.to_vec();
    bytes[place..place + from.len()].copy_from_slice(to.as_bytes());
    bytes
}

#[test]
fn f_009_f_121_page_trees_without_end_are_none_of_our_business() {
    for (what, pages, page) in [
        ("its own child", "/Kids[2 0 R]/Count 1", "/Parent 2 0 R"),
        (
            "its own parent",
            "/Kids[3 0 R]/Parent 2 0 R",
            "/Parent 3 0 R",
        ),
        ("a child's child", "/Kids[3 0 R]", "/Kids[2 0 R]/Type/Pages"),
        ("a missing child", "/Kids[99 0 R]/Count -7", ""),
    ] {
        let mut pdf = Pdf::new();
        pdf.object(1, "<</Type/Catalog/Pages 2 0 R/Metadata 5 0 R>>");
        pdf.object(2, &format!("<</Type/Pages{pages}>>"));
        pdf.object(3, &format!("<</Type/Page{page}>>"));
        pdf.object(4, &info_of(L1, A));
        pdf.stream(5, "/Type/Metadata", packet(&description(L1, A)).as_bytes());
        pdf.table("/Info 4 0 R");
        let len = pdf.bytes.len() as u64;
        let (reading, read) = judge(pdf.bytes, what);
        assert_eq!(reading.status, Status::Ok, "{what}");
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{what}");
        assert_eq!(codes(&reading), [""; 0], "{what}");
        assert!(read <= len, "{what}: {read} of {len}");
    }
}

/// Rings of tables and of streams, each section naming the one before and the first the last.
#[test]
fn f_009_f_121_rings_of_sections_are_left() {
    for in_streams in [false, true] {
        for count in [1, 2, 3, 100, 1_000] {
            let what = format!("{count} sections, streams: {in_streams}");
            let mut pdf = Pdf::page("");
            pdf.object(4, &info_of(L1, A));
            let mut last = 0;
            for section in 0..count {
                let back = if section == 0 { "/Prev 1111111111" } else { "" };
                let trailer = format!("/Info 4 0 R{back}");
                last = if in_streams {
                    pdf.xref_stream(9, &trailer, false)
                } else {
                    pdf.table(&trailer)
                };
            }
            let bytes = replaced(&pdf.bytes, "/Prev 1111111111", &format!("/Prev {last:010}"));
            let len = bytes.len() as u64;
            let (reading, read) = judge(bytes, &what);
            assert_eq!(codes(&reading), ["rebuilt"], "{what}");
            assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{what}");
            // Each block once or twice, and the scan; a section in the ring is not read again.
            assert!(read <= 8 * len + 100_000, "{what}: {read} of {len}");
        }
    }
}

#[test]
fn f_009_f_121_sizes_promise_nothing() {
    let mut stream = Pdf::page("");
    stream.object(4, &info_of(L1, A));
    stream.xref_stream(9, "/Info 4 0 R", true);
    let table = simple(Some(&info_of(L1, A)), None);
    for (what, bytes, from) in [
        ("stream", &stream.bytes, "/Size 10"),
        ("table", &table, "/Size 5"),
    ] {
        for size in ["4294967296", "9223372036854775807", "0", "-1"] {
            let place = at(bytes, from);
            let rest = &bytes[place + from.len()..];
            let to = format!("/Size {size}");
            let file = [&bytes[..place], to.as_bytes(), rest].concat();
            let len = file.len() as u64;
            let (reading, read) = judge(file, what);
            assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{what} {size}");
            assert!(read <= 2 * len, "{what} {size}: {read} of {len}");
        }
    }
}

/// A wrong length is found out by what stands behind it, and the stream ends at its end.
#[test]
fn f_009_f_121_lengths_that_lie() {
    let packet = packet(&description(L1, A));
    let info = info_of(L1, A);
    let packed = deflate(format!("4 0 {info}\n").as_bytes());
    for length in [
        "0",
        "1",
        "7",
        "300",
        "99999999",
        "9223372036854775807",
        "-1",
        "8 0 R",
    ] {
        let lying = |entries: &str, content: &[u8]| {
            let mut body = format!("<<{entries}/Length {length}>>stream\n").into_bytes();
            body.extend(content);
            body.extend(b"\nendstream");
            body
        };
        let mut in_packet = Pdf::page("/Metadata 5 0 R");
        in_packet.object_bytes(5, &lying("/Type/Metadata", packet.as_bytes()));
        in_packet.object(8, "8 0 R");
        in_packet.table("");

        let mut in_objects = Pdf::page("");
        in_objects.object_stream(7, &[(4, &info)]);
        let entries = "/Type/ObjStm/N 1/First 4/Filter/FlateDecode";
        in_objects.object_bytes(7, &lying(entries, &packed));
        in_objects.object(8, "(8)");
        in_objects.xref_stream(9, "/Info 4 0 R", false);

        let mut in_section = Pdf::page("");
        in_section.object(4, &info);
        in_section.xref_stream(9, "/Info 4 0 R", false);
        let whole = in_section.bytes;
        let start = at(&whole, "/Length ") + 8;
        let end = start + at(&whole[start..], ">>");
        let in_section = [&whole[..start], length.as_bytes(), &whole[end..]].concat();

        for (what, bytes) in [
            ("packet", in_packet.bytes),
            ("object stream", in_objects.bytes),
            ("section", in_section),
        ] {
            let len = bytes.len() as u64;
            let (reading, read) = judge(bytes, what);
            assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{what} {length}");
            assert!(read <= 2 * len, "{what} {length}: {read} of {len}");
        }
    }
}

/// Object streams may not be inside one another, whatever the cross-reference says.
#[test]
fn f_009_f_121_streams_inside_streams() {
    let info = info_of(L1, A);
    // The information dictionary is in 7, 7 is said to be in 8, and 8 in 7 or nowhere.
    for (what, inner) in [("in a ring", true), ("one in another", false)] {
        let mut pdf = Pdf::page("");
        let nested = format!("<</Type/ObjStm/N 1/First 4/Length {}>>", info.len() + 4);
        if inner {
            pdf.object_stream(7, &[(4, &info), (8, &nested)]);
        } else {
            pdf.object_stream(7, &[(4, &info)]);
        }
        pdf.object_stream(8, &[(7, &nested)]);
        pdf.xref_stream(9, "/Info 4 0 R", false);
        let len = pdf.bytes.len() as u64;
        let (reading, read) = judge(pdf.bytes, what);
        // The stream stands in the file all the same, and a look at all of it finds it.
        assert_eq!(reading.status, Status::Ok, "{what}");
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{what}");
        assert_eq!(codes(&reading), ["rebuilt"], "{what}");
        assert!(read <= 4 * len, "{what}: {read} of {len}");
    }
    // What is in a stream is never itself a stream, and not looked for in there.
    let mut pdf = Pdf::page("/Metadata 5 0 R");
    let packet = packet(&description(L1, A));
    let hidden = format!("<</Length {}>>stream\n{packet}\nendstream", packet.len());
    pdf.object_stream(7, &[(5, &hidden), (4, &info_of(L2, A))]);
    pdf.xref_stream(9, "/Info 4 0 R", false);
    let (reading, _) = judge(pdf.bytes, "a packet in an object stream");
    assert_eq!(effective(&reading), pairs(&[(A, L2)]));
    // A stream that is continued by itself, without end.
    let mut pdf = Pdf::page("");
    pdf.object_stream(7, &[(4, &info)]);
    let content = deflate(format!("4 0 {info}\n").as_bytes());
    let entries = "/Type/ObjStm/N 1/First 4/Extends 7 0 R/Filter/FlateDecode";
    pdf.stream(7, entries, &content);
    pdf.xref_stream(9, "/Info 4 0 R", false);
    let (reading, _) = judge(pdf.bytes, "a stream that continues itself");
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
}

/// Many streams just below the bound on one of them: together they have a bound too.
#[test]
fn f_009_f_042_many_bombs_are_no_more_than_one() {
    let bomb = |text: &str| {
        let mut content = text.as_bytes().to_vec();
        content.resize(12 * 1_048_576, b' ');
        deflate(&content)
    };
    // Signature fields, each in a stream of its own.
    let mut pdf = Pdf::page("/AcroForm<</SigFlags 1/Fields 6 0 R>>");
    pdf.object(4, &info_of(L1, A));
    let fields: String = (0..200)
        .map(|at| format!("{} 0 R ", 100 + 2 * at))
        .collect();
    pdf.object(6, &format!("[{fields}]"));
    let content = bomb("100 0 <</FT/Sig>>");
    for field in 0..200_u32 {
        let (number, container) = (100 + 2 * field, 101 + 2 * field);
        pdf.object_stream(container, &[(number, "null")]);
        let entries = "/Type/ObjStm/N 1/First 6/Filter/FlateDecode";
        pdf.stream(container, entries, &content);
    }
    pdf.xref_stream(9, "/Info 4 0 R", true);
    let (reading, _) = judge(pdf.bytes, "fields");
    assert_eq!(reading.status, Status::Ok);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    let signatures = reading.pdf_signatures.expect("the form says so");
    assert!(signatures.flagged && signatures.incomplete);

    // Hybrid sections, each with a stream of its own: what is kept of them has a bound.
    let mut rows = vec![0_u8; 8];
    rows.resize(12 * 1_048_576, 0);
    let rows = deflate(&rows);
    let mut pdf = Pdf::page("");
    pdf.object(4, &info_of(L1, A));
    for _ in 0..100 {
        let start = pdf.position();
        let entries = "/Type/XRef/Size 9/W[1 4 2]/Root 1 0 R/Filter/FlateDecode";
        pdf.stream(9, entries, &rows);
        pdf.table(&format!("/Info 4 0 R/XRefStm {start}"));
    }
    let (reading, _) = judge(pdf.bytes, "sections");
    assert_eq!(reading.status, Status::TooLarge);
    assert!(reading.labels.is_empty() && reading.effective.is_empty());
}

/// A packet with a document type is not read at all: what entities mean is nobody's to say.
#[test]
fn f_009_f_124_entities_in_a_packet() {
    let label = description(L2, A);
    let expanding: String = ('b'..='j')
        .zip('a'..)
        .map(|(name, inner)| {
            let ten = format!("&{inner};").repeat(10);
            format!("<!ENTITY {name} \"{ten}\">")
        })
        .collect();
    for (what, head, body) in [
        ("an empty type", "<!DOCTYPE x>".to_owned(), label.clone()),
        (
            "an entity",
            format!("<!DOCTYPE x [<!ENTITY a '{A}'>]>"),
            label.replace(A, "&a;"),
        ),
        (
            "from a file",
            "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/hostname'>]>".to_owned(),
            label.replace(A, "&a;"),
        ),
        (
            "from elsewhere",
            "<!DOCTYPE x SYSTEM 'http://192.0.2.1/x.dtd'>".to_owned(),
            label.clone(),
        ),
        (
            "a parameter",
            "<!DOCTYPE x [<!ENTITY % a SYSTEM 'file:///etc/hostname'> %a;]>".to_owned(),
            label.clone(),
        ),
        (
            "ten times, ten times over",
            format!("<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">{expanding}]>"),
            label.replace(A, "&j;"),
        ),
        (
            "of itself",
            "<!DOCTYPE x [<!ENTITY a '&b;'><!ENTITY b '&a;'>]>".to_owned(),
            label.replace(A, "&a;"),
        ),
        ("nobody declared it", String::new(), label.replace(A, "&a;")),
        ("no character", String::new(), label.replace(A, "&#xD800;")),
        (
            "beyond characters",
            String::new(),
            label.replace(A, "&#99999999999;"),
        ),
        ("not closed", String::new(), label.replace(A, "&amp")),
    ] {
        let packet = packet(&body).replacen("<x:xmpmeta", &format!("{head}<x:xmpmeta"), 1);
        let file = simple(Some(&info_of(L1, A)), Some(packet.as_bytes()));
        let (reading, _) = judge(file, what);
        assert_eq!(reading.status, Status::Ok, "{what}");
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{what}");
        assert_eq!(codes(&reading), ["bad_xmp"], "{what}");
        // Nor is any of it in what is told.
        assert_eq!(reading.labels.len(), 1, "{what}");
    }
    // The five that need no declaration, and characters by number, are read.
    let fine = label.replace("true", "&#116;r&#x75;e");
    let file = simple(None, Some(packet(&fine).as_bytes()));
    assert_eq!(effective(&read_default(&file)), pairs(&[(A, L2)]));
}

/// Every form of cross-reference: the same label keys in both places as the PDF library has them.
#[test]
fn f_120_f_121_every_form_reads_as_the_library_reads_it() {
    for (what, bytes) in variants() {
        let reading = read_default(&bytes);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{what}");
        let storages: Vec<_> = reading
            .labels
            .iter()
            .map(|one| one.storage.as_str())
            .collect();
        assert_eq!(storages, ["xmp", "info"], "{what}");
        let document = lopdf::Document::load_mem(&bytes).expect(what);
        let info = pdf::oracle_of(&document).expect(what);
        let keys: Vec<&String> = info.keys().collect();
        assert_eq!(keys, [&pdf::key("Enabled"), &pdf::key("SiteId")], "{what}");
        let metadata = document.catalog().unwrap().get(b"Metadata").unwrap();
        let (_, metadata) = document.dereference(metadata).unwrap();
        let stream = metadata.as_stream().unwrap();
        let packet = stream
            .decompressed_content()
            .unwrap_or_else(|_| stream.content.clone());
        let text: String = String::from_utf8_lossy(&packet).replace('\0', "");
        assert!(
            text.contains(&format!("<pdfx:{}>", pdf::key("SiteId"))),
            "{what}"
        );
    }
}

/// Damaged files of the corpus: our own look at the whole file beside the library's.
#[test]
fn f_009_f_121_damaged_files_beside_the_library() {
    let Some(rows) = manifest() else { return };
    let tally = Tally::default();
    each(&rows, |row, bytes| {
        if row.folder != "malformed" {
            return;
        }
        let (reading, read) = judge(bytes.to_vec(), &row.name);
        if reading.kind != Some(FileKind::Pdf) {
            return;
        }
        let len = bytes.len() as u64;
        assert!(read <= 8 * len + 100_000, "{}: {read} of {len}", row.name);
        let loaded = std::panic::catch_unwind(|| lopdf::Document::load_mem(bytes).ok());
        let theirs = match &loaded {
            Err(_) => "panics",
            Ok(None) => "refuses",
            Ok(Some(document)) if document.catalog().is_err() => "has no catalog",
            Ok(Some(_)) => "opens",
        };
        let ours = match (reading.status, codes(&reading).contains(&"rebuilt")) {
            (Status::Ok, true) => "opened after a look at all of it",
            (Status::Ok, false) => "opened",
            (Status::Protected, _) => "protected",
            _ => "refused",
        };
        tally.add(&format!("{ours}; the library {theirs}"));
        // What the library opens, we open.
        assert!(theirs != "opens" || ours != "refused", "{}", row.name);
        if let Ok(Some(document)) = &loaded
            && !document.is_encrypted()
            && let Some(info) = pdf::oracle_of(document)
        {
            // A label that the library finds is never missed.
            assert!(
                info.is_empty() || !reading.labels.is_empty(),
                "{}",
                row.name
            );
        }
    });
    tally.print("damaged PDFs");
}
