//! Damaged and hostile files: a typed answer each time, in bounded time, and never a wrong label.
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

use label_formats::{CountingSource, ReadOptions, Reading, Status, TenantStorage, apply, read};

use support::archive::{self, patch};
use support::compound::{LABEL_STREAM, PACKAGE, PRIMARY, compound, summary};
use support::licence::Licence;
use support::package::{
    CUSTOM, Entry, LABEL_INFO, LABEL_NAMESPACE, Package, RELS, TYPES, content_types, element,
    group, label_list, modern, modern_part, properties, property, relationship, relationships,
};
use support::pdf::{Pdf, deflate, description, info_of, packet, simple};
use support::{
    A, L1, L2, STORAGES, applied, check_reading, codes, effective, pairs, read_default, request,
    tenant, within, write_with,
};

/// Ten times what one hostile file may be expected to take in a debug build on a slow machine.
const ONE_FILE: Duration = Duration::from_secs(10);

/// Ten times what a whole series may be expected to take.
const SERIES: Duration = Duration::from_secs(120);

/// Reads under the watchdog, and applies and removes labels too: those must give a typed answer as
/// well.
fn judge(bytes: Vec<u8>, what: &str) -> Reading {
    let name = what.to_owned();
    within(ONE_FILE, what, move || {
        let reading = read_default(&bytes);
        check_reading(&reading, &name);
        write_too(&bytes, &reading, &name);
        reading
    })
}

/// A write is refused, or what it gives reads back as wanted.
fn write_too(bytes: &[u8], reading: &Reading, what: &str) {
    let options = write_with(TenantStorage::Unknown);
    let mut out = Vec::new();
    match apply(&bytes, &request(A, L2), &options, &mut out) {
        Ok(outcome) => {
            assert_eq!(reading.status, Status::Ok, "{what}");
            if outcome.changed {
                let after = read_default(&out);
                let found = after.effective_for(tenant(A)).map(|one| &one.id_text);
                assert_eq!(found.map(String::as_str), Some(L2), "{what}");
            }
        }
        Err(_) => assert!(out.is_empty(), "{what}"),
    }
}

fn docx_with(name: &str, part: &[u8]) -> Vec<u8> {
    let package = Package::docx();
    match name {
        CUSTOM => package.custom(part),
        LABEL_INFO => package.label_info(part),
        RELS => package.custom(modern_part()).relationships_part(part),
        _ => package.custom(modern_part()).types_part(part),
    }
    .build()
}

// Archives.

#[test]
fn f_042_declared_bombs_are_not_inflated() {
    let zeros = vec![b' '; 24 * 1_048_576];
    for name in [CUSTOM, LABEL_INFO, RELS, TYPES] {
        let bytes = docx_with(name, &zeros);
        assert!(bytes.len() < 1_048_576);
        let source = CountingSource::new(bytes.clone());
        let reading = read(&source, &ReadOptions::default());
        assert_eq!(reading.status, Status::TooLarge, "{name}");
        assert!(source.bytes_read() < 100_000, "{}", source.bytes_read());
        assert!(reading.effective.is_empty());
        judge(bytes, name);
    }
}

#[test]
fn f_042_undeclared_bombs_stop_at_what_was_declared() {
    let zeros = vec![b' '; 24 * 1_048_576];
    for name in [CUSTOM, LABEL_INFO, RELS, TYPES] {
        for declared in [0_u32, 100, 1_048_576] {
            let mut bytes = docx_with(name, &zeros);
            let size = declared.to_le_bytes();
            patch(
                &mut bytes,
                name,
                |local| local[22..26].copy_from_slice(&size),
                |record| record[24..28].copy_from_slice(&size),
            );
            let reading = judge(bytes, name);
            assert_eq!(reading.status, Status::Malformed, "{name} {declared}");
            assert!(reading.effective.is_empty());
        }
    }
}

#[test]
fn f_042_a_bomb_beside_the_labels_is_none_of_our_business() {
    let zeros = vec![0; 24 * 1_048_576];
    let bytes = Package::docx()
        .custom(modern_part())
        .file("word/media/image1.bmp", &zeros)
        .build();
    let reading = judge(bytes.clone(), "bomb");
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    // It is copied as it lies there.
    let (_, after) = within(ONE_FILE, "apply", move || {
        applied(&bytes, &request(A, L2), &write_with(TenantStorage::Unknown)).unwrap()
    });
    assert!(after.len() < 200_000);
}

#[test]
fn f_108_thousands_of_entries_over_one_content() {
    let mut package = Package::docx().custom(modern_part());
    for at in 0..2000 {
        package = package.file(&format!("word/{at:05}.xml"), b"");
    }
    let mut bytes = package
        .entry(Entry::new("word/kernel.bin", &vec![0; 1 << 20]))
        .build();
    let kernel = archive::parse(&bytes)
        .find("word/kernel.bin")
        .unwrap()
        .offset;
    let end = archive::end_record(&bytes);
    let mut at = u32::from_le_bytes(bytes[end + 16..end + 20].try_into().unwrap()) as usize;
    while bytes[at..].starts_with(b"PK\x01\x02") {
        let size = |from: usize| usize::from(u16::from_le_bytes([bytes[from], bytes[from + 1]]));
        let len = 46 + size(at + 28) + size(at + 30) + size(at + 32);
        if bytes[at + 46..].starts_with(b"word/0") {
            bytes[at + 42..at + 46].copy_from_slice(&u32::try_from(kernel).unwrap().to_le_bytes());
        }
        at += len;
    }
    let reading = judge(bytes.clone(), "overlap");
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    let refused =
        support::apply_refused(&bytes, &request(A, L2), &write_with(TenantStorage::Unknown));
    assert_eq!(refused, "malformed");
}

#[test]
fn f_042_as_many_entries_as_an_archive_can_hold() {
    let mut package = Package::docx().custom(modern_part());
    package.entries = (0..60_000)
        .map(|at| Entry {
            stored: true,
            ..Entry::new(&format!("{at:05}"), b"")
        })
        .collect();
    let bytes = package.build();
    let reading = judge(bytes.clone(), "entries");
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert!(codes(&reading).is_empty());
    for (entries_max, directory_bytes_max) in [(60_003, 1 << 25), (100_000, 3_000_000)] {
        let mut options = ReadOptions::default();
        options.limits.entries_max = entries_max;
        options.limits.directory_bytes_max = directory_bytes_max;
        assert_eq!(read(&bytes, &options).status, Status::TooLarge);
    }
}

#[test]
fn f_009_absurd_numbers_in_an_archive() {
    let base = Package::docx()
        .custom(modern_part())
        .label_info(label_list(&element(L1, A, "Standard")))
        .build();
    let end = archive::end_record(&base);
    let mut files = Vec::new();
    // End record: disks, counts, size, offset, comment length.
    for (at, width) in [(4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)] {
        for value in [0_u32, 1, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff] {
            let mut bytes = base.clone();
            bytes[end + at..end + at + width].copy_from_slice(&value.to_le_bytes()[..width]);
            files.push(bytes);
        }
    }
    // Every number of a needed entry's record and header.
    for name in [TYPES, RELS, CUSTOM, LABEL_INFO] {
        for (local, record, width) in [
            (6, 8, 2),
            (8, 10, 2),
            (14, 16, 4),
            (18, 20, 4),
            (22, 24, 4),
            (26, 28, 2),
            (28, 30, 2),
            (28, 32, 2),
            (28, 34, 2),
            (0, 42, 4),
        ] {
            for value in [0_u32, 1, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff] {
                let value = &value.to_le_bytes()[..width];
                for (in_local, in_record) in [(true, false), (false, true), (true, true)] {
                    let mut bytes = base.clone();
                    patch(
                        &mut bytes,
                        name,
                        |place| {
                            if in_local {
                                place[local..local + width].copy_from_slice(value);
                            }
                        },
                        |place| {
                            if in_record {
                                place[record..record + width].copy_from_slice(value);
                            }
                        },
                    );
                    files.push(bytes);
                }
            }
        }
    }
    // Wide end records with every extreme.
    for field in [4, 16, 24, 32, 40, 48] {
        for value in [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
            let mut bytes = base[..end].to_vec();
            let mut wide = b"PK\x06\x06".to_vec();
            wide.extend(44_u64.to_le_bytes());
            wide.extend([45, 0, 45, 0]);
            wide.extend([0; 8]);
            wide.extend(5_u64.to_le_bytes());
            wide.extend(5_u64.to_le_bytes());
            wide.extend([&base[end + 12..end + 16], &[0; 4]].concat());
            wide.extend([&base[end + 16..end + 20], &[0; 4]].concat());
            wide[field..field + 8].copy_from_slice(&value.to_le_bytes());
            bytes.extend(wide);
            bytes.extend(b"PK\x06\x07\0\0\0\0");
            bytes.extend((end as u64).to_le_bytes());
            bytes.extend(1_u32.to_le_bytes());
            bytes.extend(b"PK\x05\x06\0\0\0\0");
            bytes.extend([0xff; 12]);
            bytes.extend([0; 2]);
            files.push(bytes);
        }
    }
    within(SERIES, "absurd numbers", move || {
        let mut refused = 0;
        for (at, bytes) in files.iter().enumerate() {
            let what = format!("file {at}");
            let reading = read_default(bytes);
            check_reading(&reading, &what);
            // A wrong label is worse than none.
            for found in effective(&reading) {
                assert_eq!(found, (A.to_owned(), L1.to_owned()), "{what}");
            }
            write_too(bytes, &reading, &what);
            refused += usize::from(reading.status != Status::Ok);
        }
        assert!(refused > 100, "{refused}");
    });
}

#[test]
fn f_042_a_hundred_thousand_relationships() {
    for (count, expected) in [
        (100_000, Status::TooLarge),
        (60_000, Status::Ok),
        (20_000, Status::Ok),
    ] {
        let mut list = relationship(
            "main",
            support::package::MAIN_RELATIONSHIP,
            "word/document.xml",
        );
        for at in 1..=count {
            list.push_str(&format!(
                "<Relationship Id=\"rId{at}\" Type=\"x\" Target=\"y\"/>"
            ));
        }
        let bytes = Package::docx()
            .relationships_part(relationships(&list))
            .build();
        let reading = judge(bytes, "relationships");
        assert_eq!(reading.status, expected, "{count}");
    }
}

#[test]
fn f_042_a_hundred_thousand_overrides() {
    let mut list = String::new();
    for at in 0..60_000 {
        list.push_str(&format!(
            "<Override PartName=\"/a{at}\" ContentType=\"x\"/>"
        ));
    }
    list.push_str(&support::package::content_type_override(
        "word/document.xml",
        support::package::KINDS[1].2,
    ));
    let bytes = Package::docx().types_part(content_types(&list)).build();
    let reading = judge(bytes, "overrides");
    assert_eq!(reading.status, Status::Ok);
}

#[test]
fn f_042_a_million_attributes() {
    let many: String = (0..1_000_000).map(|at| format!(" a{at}=\"\"")).collect();
    let spaces = " a=\"\"".repeat(200_000);
    for attributes in [many, spaces] {
        let list = format!("<clbl:labelList xmlns:clbl=\"{LABEL_NAMESPACE}\"{attributes}/>");
        let part = properties("").replace("<Properties", &format!("<Properties{attributes}"));
        for (name, part) in [(LABEL_INFO, list), (CUSTOM, part)] {
            let bytes = docx_with(name, part.as_bytes());
            let reading = within(ONE_FILE, "attributes", move || {
                let mut options = ReadOptions::default();
                // Past the limit on size, into the one on attributes.
                options.limits.label_part_bytes_max = 1 << 30;
                read(&bytes, &options)
            });
            assert_eq!(reading.status, Status::TooLarge, "{name}");
        }
    }
    // As many as the default size allows.
    let fitting: String = (0..80_000).map(|at| format!(" a{at}=\"\"")).collect();
    let list = format!("<clbl:labelList xmlns:clbl=\"{LABEL_NAMESPACE}\"{fitting}/>");
    let reading = judge(docx_with(LABEL_INFO, list.as_bytes()), "attributes");
    assert_eq!(reading.status, Status::TooLarge);
}

#[test]
fn f_042_deep_nesting() {
    let open = "<a>".repeat(20_000);
    let close = "</a>".repeat(20_000);
    for inner in [format!("{open}{close}"), open] {
        for (name, part) in [
            (CUSTOM, properties(&inner)),
            (
                CUSTOM,
                properties(&support::package::property_of(2, "x", &inner)),
            ),
            (LABEL_INFO, label_list(&inner)),
            (RELS, relationships(&inner)),
            (TYPES, content_types(&inner)),
        ] {
            let reading = judge(docx_with(name, part.as_bytes()), name);
            assert_eq!(reading.status, Status::TooLarge, "{name}");
            assert!(reading.effective.is_empty());
        }
        // In a PDF it costs the packet, not the other place.
        let bytes = simple(Some(&info_of(L1, A)), Some(packet(&inner).as_bytes()));
        let reading = judge(bytes, "packet");
        assert_eq!(codes(&reading), ["bad_xmp"]);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    }
}

#[test]
fn f_042_document_types_and_entities() {
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d SYSTEM \"file:///etc/hostname\">]>";
    for prefix in [
        laughs,
        "<!DOCTYPE x>",
        "<!DOCTYPE x SYSTEM \"http://example.org/x.dtd\">",
    ] {
        for (name, part) in [
            (CUSTOM, modern_part()),
            (LABEL_INFO, label_list(&element(L1, A, "Standard"))),
            (RELS, relationships("")),
            (TYPES, content_types("")),
        ] {
            let (declaration, root) = part.split_at(part.find("?>").unwrap() + 2);
            let part = format!("{declaration}{prefix}{root}");
            let reading = judge(docx_with(name, part.as_bytes()), name);
            assert_eq!(reading.status, Status::Malformed, "{name}");
            assert!(reading.effective.is_empty());
        }
    }
    // References to what was never declared.
    let part = modern_part().replace("R&amp;D", "R&d;D");
    let reading = judge(docx_with(CUSTOM, part.as_bytes()), "entity");
    assert_eq!(reading.status, Status::Malformed);
}

#[test]
fn f_042_thousands_of_labels() {
    let mut body = String::new();
    let mut list = String::new();
    for at in 0..1500 {
        let id = format!("10000000-0000-4000-8000-{at:012}");
        let parent = format!("10000000-0000-4000-8000-{:012}", at + 1);
        body.push_str(&group(
            at * 3 + 2,
            &id,
            &[("Enabled", "true"), ("SiteId", A), ("Parent", &parent)],
        ));
        list.push_str(&element(&id, A, "Standard"));
    }
    let reading = judge(docx_with(CUSTOM, properties(&body).as_bytes()), "groups");
    assert_eq!(reading.status, Status::Ok);
    assert_eq!(reading.labels.len(), 1000, "the bound on labels");
    assert!(codes(&reading).contains(&"bad_part"));
    let reading = judge(
        docx_with(LABEL_INFO, label_list(&list).as_bytes()),
        "elements",
    );
    assert_eq!(reading.status, Status::TooLarge);
    // Diagnostics are bounded too.
    let odd: String = (0..3000)
        .map(|at| property(at + 2, &format!("msip_label_{L1}_x{at}"), "x"))
        .collect();
    let reading = judge(
        docx_with(CUSTOM, properties(&odd).as_bytes()),
        "diagnostics",
    );
    assert_eq!(reading.diagnostics.len(), 200);
}

// PDF.

#[test]
fn f_009_absurd_numbers_in_a_pdf() {
    let whole = simple(Some(&info_of(L1, A)), Some(packet("").as_bytes()));
    let text = String::from_utf8_lossy(&whole).into_owned();
    let at = text.find("xref\n0").unwrap();
    let offset = whole
        .windows(5)
        .position(|window| window == b"xref\n")
        .unwrap();
    assert!(at >= offset);
    let replace = |from: &str, to: &str| -> Vec<u8> {
        let place = whole
            .windows(from.len())
            .rposition(|window| window == from.as_bytes())
            .unwrap_or_else(|| panic!("{from}"));
        [&whole[..place], to.as_bytes(), &whole[place + from.len()..]].concat()
    };
    let start = format!("startxref\n{offset}");
    let mut files = vec![
        ("size", replace("/Size 6", "/Size 99999999999999999999")),
        ("size", replace("/Size 6", "/Size 4294967295")),
        ("size", replace("/Size 6", "/Size -1")),
        ("count", replace("0 1\n", "0 99999999999999\n")),
        ("count", replace("0 1\n", "18446744073709551615 1\n")),
        ("start", replace(&start, "startxref\n18446744073709551615")),
        ("start", replace(&start, "startxref\n-5")),
        ("start", replace(&start, "startxref\n9223372036854775807")),
        ("start", replace(&start, "startxref\n0")),
        ("self", replace("/Root", &format!("/Prev {offset}/Root"))),
        ("prev", replace("/Root", "/Prev 18446744073709551615/Root")),
        ("prev", replace("/Root", "/Prev 9/Root")),
        (
            "hybrid",
            replace("/Root", &format!("/XRefStm {offset}/Root")),
        ),
        (
            "hybrid",
            replace("/Root", "/XRefStm 18446744073709551615/Root"),
        ),
        ("root", replace("/Root 1 0 R", "/Root 4294967295 0 R")),
        ("root", replace("/Root 1 0 R", "/Root 99999999999 0 R")),
        ("info", replace("/Info 4 0 R", "/Info 4 99999 R")),
    ];
    for length in [
        "-1",
        "0",
        "1",
        "99999999999999999999",
        "9223372036854775807",
        "5 0 R",
        "6 0 R",
    ] {
        let from = format!("/Length {}>>", packet("").len());
        files.push(("length", replace(&from, &format!("/Length {length}>>"))));
    }
    for (what, bytes) in files {
        let reading = judge(bytes, what);
        for found in effective(&reading) {
            assert_eq!(found, (A.to_owned(), L1.to_owned()), "{what}");
        }
    }
}

#[test]
fn f_121_circles() {
    // Two sections that name one another as the older one.
    let mut pdf = Pdf::page("");
    pdf.object(4, &info_of(L1, A));
    let first = pdf.table("/Info 4 0 R/Prev 1111111111");
    pdf.object(6, "null");
    let second = pdf.table("/Info 4 0 R");
    let place = pdf
        .bytes
        .windows(16)
        .position(|window| window == b"/Prev 1111111111")
        .unwrap();
    pdf.bytes[place..place + 16].copy_from_slice(format!("/Prev {second:010}").as_bytes());
    assert!(first < second);
    let reading = judge(pdf.bytes, "sections");
    assert_eq!(codes(&reading), ["rebuilt"]);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    // References, object streams, lengths.
    for (what, four, five) in [
        ("to itself", "4 0 R", "null"),
        ("to one another", "5 0 R", "4 0 R"),
        ("array", "[4 0 R]", "null"),
    ] {
        let mut pdf = Pdf::page("/Metadata 4 0 R/AF 4 0 R/AcroForm 4 0 R");
        pdf.object(4, four);
        pdf.object(5, five);
        pdf.table("/Info 4 0 R/Encrypt 4 0 R");
        let reading = judge(pdf.bytes, what);
        assert!(reading.labels.is_empty());
    }
    let mut pdf = Pdf::page("");
    // Object stream 7 claims to hold itself and the information dictionary.
    pdf.object_stream(7, &[(4, info_of(L1, A).as_str())]);
    let mut twisted = pdf.clone();
    twisted.object_stream(8, &[(7, "<</Type/ObjStm>>")]);
    twisted.xref_stream(9, "/Info 4 0 R", false);
    judge(twisted.bytes, "an object stream in another");
    let mut pdf = Pdf::page("/Metadata 5 0 R");
    pdf.object(5, "<</Type/Metadata/Length 5 0 R>>stream\nx\nendstream");
    pdf.table("");
    let reading = judge(pdf.bytes, "length of itself");
    assert_eq!(codes(&reading), ["bad_xmp"]);
    // A long chain of revisions.
    let mut pdf = Pdf::page("");
    pdf.object(4, &info_of(L1, A));
    pdf.table("/Info 4 0 R");
    for _ in 0..2000 {
        pdf.table("/Info 4 0 R");
    }
    judge(pdf.bytes, "revisions");
}

#[test]
fn f_042_filter_bombs() {
    let bomb = deflate(&vec![b' '; 24 * 1_048_576]);
    let twice = deflate(&bomb);
    // In the packet: the other place still counts.
    for (filter, content) in [
        ("/FlateDecode", &bomb),
        ("[/FlateDecode/FlateDecode]", &twice),
        (
            "[/FlateDecode/FlateDecode/FlateDecode/FlateDecode/FlateDecode]",
            &twice,
        ),
        ("/LZWDecode", &bomb),
        ("/Unknown", &bomb),
        ("[9 0 R]", &bomb),
        (" 7", &bomb),
    ] {
        let mut pdf = Pdf::page("/Metadata 5 0 R");
        pdf.object(4, &info_of(L1, A));
        pdf.stream(5, &format!("/Type/Metadata/Filter{filter}"), content);
        pdf.table("/Info 4 0 R");
        let reading = judge(pdf.bytes, filter);
        assert_eq!(reading.status, Status::Ok, "{filter}");
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{filter}");
        assert_eq!(codes(&reading), ["bad_xmp"], "{filter}");
    }
    // In what everything hangs on.
    for entries in [
        "/Type/XRef/Size 9/W[1 4 2]/Root 1 0 R",
        "/Type/XRef/Size 9/W[0 0 0]/Root 1 0 R",
        "/Type/XRef/Size 9/W[8 8 8]/Root 1 0 R",
        "/Type/XRef/Size 9/W[99 99 99]/Root 1 0 R",
        "/Type/XRef/Size 9/W[1 4 2]/Index[0 18446744073709551615]/Root 1 0 R",
        "/Type/XRef/Size 9/W[1 4 2]/Root 1 0 R/DecodeParms<</Predictor 12/Columns 999999999999>>",
        "/Type/XRef/Size 9/W[1 4 2]/Root 1 0 R/DecodeParms<</Predictor 15/Colors 99999999/BitsPerComponent 9999999>>",
        "/Type/XRef/Size 9/W[1 4 2]/Root 1 0 R/DecodeParms<</Predictor 2>>",
        "/Type/XRef/Size 9/W[1 4 2]/Root 1 0 R/DecodeParms<</Predictor 12/Columns 0>>",
    ] {
        for content in [&bomb, &deflate(b"\x01\0\0\0\x0f\0\0")] {
            let mut pdf = Pdf::page("");
            let start = pdf.position();
            pdf.stream(9, &format!("{entries}/Filter/FlateDecode"), content);
            pdf.bytes
                .extend(format!("startxref\n{start}\n%%EOF\n").bytes());
            let reading = judge(pdf.bytes, entries);
            assert!(reading.labels.is_empty(), "{entries}");
        }
    }
    for entries in [
        "/Type/ObjStm/N 1/First 5",
        "/Type/ObjStm/N 99999999999/First 5",
        "/Type/ObjStm/N 100000/First 99999999999999",
        "/Type/ObjStm/N -1/First -1",
        "/Type/ObjStm/Extends 7 0 R/N 1/First 0",
    ] {
        let mut pdf = Pdf::page("");
        pdf.object_stream(7, &[(4, "null")]);
        pdf.stream(7, &format!("{entries}/Filter/FlateDecode"), &bomb);
        pdf.xref_stream(9, "/Info 4 0 R", false);
        let reading = judge(pdf.bytes, entries);
        assert!(reading.labels.is_empty(), "{entries}");
    }
}

#[test]
fn f_042_large_and_deep_pdf_objects() {
    let deep = "[".repeat(100_000);
    let names = "/a 1".repeat(200_000);
    let keys: String = (0..20_000)
        .map(|at| format!("/MSIP_Label_10000000-0000-4000-8000-{at:012}_Enabled(true)"))
        .collect();
    let attributes: String = (0..20_000)
        .map(|at| format!("/MSIP_Label_{L1}_X{at}(x)"))
        .collect();
    for (what, body) in [
        ("deep", deep.clone()),
        ("deep dictionaries", "<</a".repeat(50_000)),
        ("names", format!("<<{names}>>")),
        ("labels", format!("<<{keys}>>")),
        ("attributes", format!("<<{attributes}>>")),
        ("open string", format!("<</a({}", "(".repeat(500_000))),
        ("open hex", format!("<</a<{}", "0".repeat(500_000))),
        ("numbers", format!("[{}]", "1 ".repeat(300_000))),
        ("comment", format!("%{}\n<<>>", "x".repeat(1_000_000))),
    ] {
        let mut pdf = Pdf::page("");
        pdf.object(4, &body);
        pdf.table("/Info 4 0 R");
        let reading = judge(pdf.bytes, what);
        assert!(reading.labels.len() <= 1000, "{what}");
    }
    // A file of nothing but headers of objects, or of sections.
    for (what, unit) in [
        ("objects", "1 0 obj\n"),
        (
            "dictionaries",
            "1 0 obj\n<<                                    \n",
        ),
        ("trailers", "trailer<</Root 1 0 R>>\n"),
        ("streams", "1 0 obj<</Type/XRef>>stream\n"),
        ("digits", "1 "),
        ("ends", "startxref 5 "),
    ] {
        let mut bytes = b"%PDF-1.7\n".to_vec();
        while bytes.len() < 500_000 {
            bytes.extend(unit.bytes());
        }
        let reading = judge(bytes, what);
        assert_eq!(reading.status, Status::Malformed, "{what}");
    }
}

// Every truncation, and flips at both ends.

fn labelled_docx() -> Vec<u8> {
    let mut package = Package::docx()
        .custom(modern_part())
        .label_info(label_list(&element(L1, A, "Standard")))
        .file("word/styles.xml", b"<styles>a few words of style</styles>");
    package.comment = "a comment";
    package.build()
}

fn labelled_compound() -> Vec<u8> {
    let name = |attribute: &str| format!("MSIP_Label_{L1}_{attribute}");
    let set = summary(&[(&name("Enabled"), "true"), (&name("SiteId"), A)]);
    compound(&[
        (PACKAGE, &[7; 6000]),
        (PRIMARY, b"transform"),
        (
            LABEL_STREAM,
            label_list(&element(L1, A, "Privileged")).as_bytes(),
        ),
        ("/\u{5}DocumentSummaryInformation", &set),
    ])
}

fn labelled_pdfs() -> [Vec<u8>; 2] {
    let mut modern = Pdf::page("/Metadata 5 0 R");
    modern.stream(5, "/Type/Metadata", packet(&description(L1, A)).as_bytes());
    modern.object_stream(7, &[(4, info_of(L1, A).as_str())]);
    modern.xref_stream(9, "/Info 4 0 R", true);
    modern.object(10, "(second revision)");
    modern.xref_stream(11, "/Info 4 0 R", false);
    [
        simple(
            Some(&info_of(L1, A)),
            Some(packet(&description(L1, A)).as_bytes()),
        ),
        modern.bytes,
    ]
}

#[test]
fn f_009_a_package_truncated_at_every_byte() {
    let bytes = labelled_docx();
    assert_eq!(effective(&read_default(&bytes)), pairs(&[(A, L1)]));
    within(SERIES, "truncated package", move || {
        for len in 0..bytes.len() {
            let what = format!("{len} bytes");
            let cut = &bytes[..len];
            let reading = read_default(cut);
            check_reading(&reading, &what);
            let expected = if len == 0 || !bytes[..4.min(len)].starts_with(b"PK\x03\x04") {
                Status::Unsupported
            } else {
                Status::Malformed
            };
            // All but the comment is a complete archive whose comment is cut off.
            assert_eq!(reading.status, expected, "{what}");
            assert!(reading.effective.is_empty(), "{what}");
            write_too(cut, &reading, &what);
        }
    });
}

#[test]
fn r_097_a_storage_in_place_of_the_summary_is_passed_over() {
    let bytes = compound(&[
        (PACKAGE, &[7; 6000]),
        (PRIMARY, &Licence::without_label(A).transform()),
        ("/\u{5}DOCUMENTSUMMARYINFORMATION/x", b"x"),
    ]);
    let reading = judge(bytes, "a storage");
    assert_eq!(reading.status, Status::Protected);
    assert_eq!(codes(&reading), ["bad_part"]);
}

#[test]
fn f_120_a_value_that_is_not_there_is_reported() {
    let info = info_of(L1, A).replace("(true)", "77 0 R");
    assert_ne!(info, info_of(L1, A));
    let reading = judge(simple(Some(&info), None), "a value that is missing");
    assert_eq!(reading.status, Status::Ok);
    assert!(reading.effective.is_empty());
    assert!(codes(&reading).contains(&"bad_part"));
}

#[test]
fn f_120_f_122_names_beyond_ascii() {
    let with = |name: &str| {
        let more = format!("/MSIP_Label_{L1}_{name}(x)>>");
        let info = info_of(L1, A);
        let (start, _) = info.rsplit_once(">>").unwrap();
        judge(simple(Some(&format!("{start}{more}")), None), name)
    };
    for (name, kept) in [("Gr\u{f6}#C3#9Fe", true), ("Gr#FFe", false)] {
        let reading = with(name);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{name}");
        let extra = &reading.labels[0].extra;
        assert_eq!(!extra.is_empty(), kept, "{name}");
        assert_eq!(codes(&reading).contains(&"bad_part"), !kept, "{name}");
    }
}

#[test]
fn f_009_a_compound_file_truncated_at_every_byte() {
    let bytes = labelled_compound();
    assert_eq!(effective(&read_default(&bytes)), pairs(&[(A, L1)]));
    within(SERIES, "truncated compound file", move || {
        for len in (0..bytes.len()).step_by(3) {
            let what = format!("{len} bytes");
            let reading = read_default(&bytes[..len]);
            check_reading(&reading, &what);
            assert_ne!(reading.status, Status::Ok, "{what}");
            for found in effective(&reading) {
                assert_eq!(found, (A.to_owned(), L1.to_owned()), "{what}");
            }
            write_too(&bytes[..len], &reading, &what);
        }
    });
}

#[test]
fn f_009_a_pdf_truncated_at_every_byte() {
    for (number, bytes) in labelled_pdfs().into_iter().enumerate() {
        assert_eq!(effective(&read_default(&bytes)), pairs(&[(A, L1)]));
        within(SERIES, "truncated pdf", move || {
            for len in 0..bytes.len() {
                let what = format!("file {number}, {len} bytes");
                let reading = read_default(&bytes[..len]);
                check_reading(&reading, &what);
                for found in effective(&reading) {
                    assert_eq!(found, (A.to_owned(), L1.to_owned()), "{what}");
                }
                write_too(&bytes[..len], &reading, &what);
            }
        });
    }
}

/// Flips bytes in the first and the last KiB.
fn flip(bytes: &[u8], mut check: impl FnMut(&[u8], &str)) {
    let last = bytes.len().saturating_sub(1024);
    for at in (0..bytes.len()).filter(|at| *at < 1024 || *at >= last) {
        for mask in [0x01, 0xff] {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= mask;
            check(&flipped, &format!("byte {at} ^ {mask:#x}"));
        }
    }
}

#[test]
fn f_009_f_052_flips_in_a_package() {
    let bytes = labelled_docx();
    within(SERIES, "flips in a package", move || {
        flip(&bytes, |flipped, what| {
            let reading = read_default(flipped);
            check_reading(&reading, what);
            // Contents have checksums: what is read is what was written.
            for found in effective(&reading) {
                assert_eq!(found, (A.to_owned(), L1.to_owned()), "{what}");
            }
            write_too(flipped, &reading, what);
        });
    });
}

#[test]
fn f_009_flips_in_a_compound_file() {
    let bytes = labelled_compound();
    within(SERIES, "flips in a compound file", move || {
        flip(&bytes, |flipped, what| {
            let reading = read_default(flipped);
            check_reading(&reading, what);
            assert_ne!(reading.status, Status::Ok, "{what}");
        });
    });
}

#[test]
fn f_009_compound_tables_that_go_round() {
    let bytes = labelled_compound();
    // The first allocation table sector, by the header.
    let sector = |number: u32| 512 + number as usize * 512;
    let table = sector(u32::from_le_bytes(bytes[76..80].try_into().unwrap()));
    within(SERIES, "compound tables", move || {
        let mut damaged = 0;
        for entry in 0..128_u32 {
            for value in [0, 1, 2, entry, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff] {
                let mut twisted = bytes.clone();
                let at = table + entry as usize * 4;
                twisted[at..at + 4].copy_from_slice(&value.to_le_bytes());
                let what = format!("entry {entry} is {value:#x}");
                let reading = read_default(&twisted);
                check_reading(&reading, &what);
                assert_ne!(reading.status, Status::Ok, "{what}");
                damaged += usize::from(reading.status == Status::Malformed);
            }
        }
        assert!(damaged > 50, "{damaged}");
    });
}

#[test]
fn f_009_flips_in_a_pdf() {
    for (number, bytes) in labelled_pdfs().into_iter().enumerate() {
        within(SERIES, "flips in a pdf", move || {
            flip(&bytes, |flipped, what| {
                let what = format!("file {number}, {what}");
                let reading = read_default(flipped);
                check_reading(&reading, &what);
                write_too(flipped, &reading, &what);
            });
        });
    }
}

#[test]
fn f_009_files_that_are_only_a_beginning() {
    for head in [
        &b"PK\x03\x04"[..],
        b"PK\x05\x06",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"%PDF-",
        b"%PDF-1.7",
    ] {
        for fill in [0_u8, 0xff, b' ', b'<'] {
            for len in [0, 1, 18, 500, 5000, 100_000] {
                let bytes = [head, &vec![fill; len]].concat();
                let reading = judge(bytes, "beginning");
                assert!(
                    matches!(
                        reading.status,
                        Status::Malformed | Status::Unsupported | Status::TooLarge
                    ),
                    "{head:?} {fill} {len}: {:?}",
                    reading.status
                );
            }
        }
    }
}

#[test]
fn f_009_hostile_files_in_every_tenant_state() {
    // The same damage, whatever the state: refusals never depend on it.
    for part in ["<x", "", "\u{0}", "<Properties/>"] {
        let bytes = Package::docx().custom(part).build();
        for storage in STORAGES {
            let refused = support::apply_refused(&bytes, &request(A, L2), &write_with(storage));
            assert_eq!(refused, "malformed", "{part}");
        }
    }
    let reading = judge(
        docx_with(CUSTOM, properties(&modern(2, L1, A)).as_bytes()),
        "sound",
    );
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
}
