//! Labels of earlier revisions of PDFs: reported, and never in effect.
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

use label_formats::{CountingSource, ReadOptions, Reading, Status, read};

use support::pdf::{Pdf, description, info_of, packet};
use support::{A, B, L1, L2, L3, codes, effective, pairs, read_default, within};

/// What was told of earlier revisions: how far back and which label.
fn stale(reading: &Reading) -> Vec<(String, String)> {
    reading
        .diagnostics
        .iter()
        .filter(|one| one.code.as_str() == "stale_revision")
        .map(|one| {
            assert_eq!(one.place, "earlier revision");
            let (back, rest) = one.detail.split_once(" back: label `").unwrap();
            (back.to_owned(), rest.to_owned())
        })
        .collect()
}

fn told(list: &[(usize, &str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(back, id, tenant)| (back.to_string(), format!("{id}` of tenant `{tenant}`")))
        .collect()
}

/// A revision for each information dictionary, the oldest first.
fn revisions(infos: &[String], streams: bool) -> Vec<u8> {
    let mut pdf = Pdf::page("");
    for (at, info) in infos.iter().enumerate() {
        if streams {
            // The same container again, so that an old one must not be taken for the new one.
            pdf.object_stream(7, &[(4, info)]);
            pdf.xref_stream(10 + u32::try_from(at).unwrap(), "/Info 4 0 R", true);
        } else {
            pdf.object(4, info);
            pdf.table("/Info 4 0 R");
        }
    }
    pdf.bytes
}

#[test]
fn f_121_labels_of_earlier_revisions_are_told() {
    let (one, two, three) = (info_of(L1, A), info_of(L2, A), info_of(L3, A));
    let none = "<</Producer(x)>>".to_owned();
    let disabled = one.replace("(true)", "(false)");
    for streams in [false, true] {
        for (what, infos, shown, expected) in [
            ("only one", vec![&one], pairs(&[(A, L1)]), told(&[])),
            ("the same", vec![&one, &one], pairs(&[(A, L1)]), told(&[])),
            (
                "another",
                vec![&one, &two],
                pairs(&[(A, L2)]),
                told(&[(1, L1, A)]),
            ),
            ("added", vec![&none, &one], pairs(&[(A, L1)]), told(&[])),
            (
                "taken off",
                vec![&one, &none],
                pairs(&[]),
                told(&[(1, L1, A)]),
            ),
            (
                "switched off",
                vec![&one, &disabled],
                pairs(&[]),
                told(&[(1, L1, A)]),
            ),
            (
                "was not in effect",
                vec![&disabled, &none],
                pairs(&[]),
                told(&[]),
            ),
            (
                "several, each told once",
                vec![&one, &two, &one, &none, &three],
                pairs(&[(A, L3)]),
                told(&[(2, L1, A), (3, L2, A)]),
            ),
            (
                "there and back",
                vec![&one, &two, &one],
                pairs(&[(A, L1)]),
                told(&[(1, L2, A)]),
            ),
        ] {
            let infos: Vec<String> = infos.into_iter().cloned().collect();
            let reading = read_default(&revisions(&infos, streams));
            assert_eq!(reading.status, Status::Ok, "{what}");
            assert_eq!(effective(&reading), shown, "{what} {streams}");
            assert_eq!(stale(&reading), expected, "{what} {streams}");
            // Of the odd things in old revisions nothing else is told.
            if what != "switched off" {
                assert_eq!(codes(&reading).len(), expected.len(), "{what}");
            }
        }
    }
    // Of another tenant, with the same id.
    let reading = read_default(&revisions(&[info_of(L1, B), one], false));
    assert_eq!(stale(&reading), told(&[(1, L1, B)]));
}

#[test]
fn f_121_earlier_metadata_counts_too() {
    let stream = |pdf: &mut Pdf, number, label: &str| {
        let content = packet(&description(label, A));
        pdf.stream(number, "/Type/Metadata/Subtype/XML", content.as_bytes());
    };
    // The packet alone changed, then the catalog's reference to it.
    for replaced in [5, 6] {
        let mut pdf = Pdf::page("/Metadata 5 0 R");
        stream(&mut pdf, 5, L1);
        pdf.table("");
        stream(&mut pdf, replaced, L2);
        pdf.object(
            1,
            &format!("<</Type/Catalog/Pages 2 0 R/Metadata {replaced} 0 R>>"),
        );
        pdf.table("");
        let reading = read_default(&pdf.bytes);
        assert_eq!(effective(&reading), pairs(&[(A, L2)]));
        assert_eq!(stale(&reading), told(&[(1, L1, A)]));
    }
    // The packet stayed, and the other place was added: the same label.
    let mut pdf = Pdf::page("/Metadata 5 0 R");
    stream(&mut pdf, 5, L1);
    pdf.table("");
    pdf.object(4, &info_of(L1, A));
    pdf.table("/Info 4 0 R");
    let reading = read_default(&pdf.bytes);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert_eq!(codes(&reading), [""; 0]);
    // An old contradiction had no label in effect.
    let mut pdf = Pdf::page("/Metadata 5 0 R");
    stream(&mut pdf, 5, L1);
    pdf.object(4, &info_of(L2, A));
    pdf.table("/Info 4 0 R");
    pdf.object(4, &info_of(L1, A));
    pdf.table("/Info 4 0 R");
    let reading = read_default(&pdf.bytes);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert_eq!(codes(&reading), [""; 0]);
}

#[test]
fn f_121_two_sections_may_be_one_revision() {
    // As Word writes it: a stream, a table, and a bare table that names the stream. Only here the
    // two tables name different dictionaries, so that one sees which of them are looked at.
    let word = |bare: &str| {
        let mut pdf = Pdf::page("");
        pdf.object(4, &info_of(L1, A));
        pdf.object(5, &info_of(L2, A));
        let mut first = pdf.clone();
        let hidden = first.cross_reference(9, "", false);
        pdf.bytes = first.bytes;
        pdf.table("/Info 5 0 R");
        let end = pdf.bytes.len();
        pdf.table(&format!("/Info 4 0 R/XRefStm {hidden}"));
        let text = String::from_utf8_lossy(&pdf.bytes[end..]).into_owned();
        assert!(text.starts_with("xref\ntrailer"), "{text}");
        pdf.bytes.truncate(end);
        let start = pdf.bytes.len();
        let mut file = pdf.bytes;
        let text = text.replace("xref\n", bare);
        let (head, _) = text.split_once("start").unwrap();
        file.extend(format!("{head}startxref\n{start}\n%%EOF\n").bytes());
        let reading = read_default(&file);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]));
        stale(&reading)
    };
    assert_eq!(word("xref\n0 0\n"), told(&[]));
    // With an entry it counts as a revision, and that is looked at.
    assert_eq!(
        word("xref\n0 1\n0000000000 65535 f \n"),
        told(&[(1, L2, A)])
    );
}

#[test]
fn f_121_one_revision_costs_nothing_and_many_are_bounded() {
    let reads = |infos: &[String]| {
        let bytes = revisions(infos, false);
        let source = CountingSource::new(bytes.as_slice());
        let reading = read(&source, &ReadOptions::default());
        (source.reads(), stale(&reading))
    };
    let same = vec![info_of(L1, A); 400];
    let (sixteen, _) = reads(&same[..17]);
    let (many, _) = reads(&same);
    // A few reads for each section of the chain, and no more for those beyond the bound.
    assert!(many <= sixteen + 383 * 6, "{sixteen} {many}");
    // The label of the revision before the sixteenth is not looked for.
    for (back, expected) in [(16, 1), (17, 0)] {
        let mut infos = vec![info_of(L1, A); back];
        infos.insert(0, info_of(L2, A));
        let (_, found) = reads(&infos);
        assert_eq!(found.len(), expected, "{back}");
    }
    // Large ones use up the bound on all of them, and the current label is there.
    let large = info_of(L2, A).replace("<<", &format!("<</X({})", "x".repeat(1_048_576)));
    let mut infos = vec![large; 16];
    infos.push(info_of(L1, A));
    let bytes = revisions(&infos, false);
    let reading = within(Duration::from_secs(20), "large revisions", move || {
        read_default(&bytes)
    });
    assert_eq!(reading.status, Status::Ok);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert_eq!(stale(&reading), told(&[(1, L2, A)]));
}

#[test]
fn f_009_f_121_damaged_revisions_are_survived() {
    for streams in [false, true] {
        let infos = [info_of(L1, A), info_of(L2, A), info_of(L3, A)];
        let bytes = revisions(&infos, streams);
        within(Duration::from_secs(120), "damaged revisions", move || {
            for at in 0..bytes.len() {
                support::check_reading(&read_default(&bytes[..at]), "cut off");
                let mut flipped = bytes.clone();
                flipped[at] ^= 0x01;
                support::check_reading(&read_default(&flipped), "flipped");
            }
        });
    }
}
