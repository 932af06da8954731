//! The reader that asks for ranges: the same answers as from a source, whatever it is given.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use std::path::Path;

use label_formats::{RangeReader, ReadOptions, Reading, Status, Step, read};

use support::compound::{LABEL_STREAM, PACKAGE, PRIMARY, compound};
use support::package::{Entry, Package, modern_part};
use support::pdf::{Pdf, description, info_of, packet};
use support::{A, L1, effective, pairs, within};

/// Needs and bytes of one file.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    needs: usize,
    bytes: u64,
}

/// Reads with what `give` makes of each range: where it starts, and how many bytes it has.
fn read_with(
    file: &[u8],
    mut give: impl FnMut(std::ops::Range<u64>) -> std::ops::Range<u64>,
) -> (Reading, Cost) {
    let mut reader = RangeReader::new(file.len() as u64);
    let mut cost = Cost::default();
    loop {
        match reader.step(&ReadOptions::default()) {
            Step::Done(reading) => return (*reading, cost),
            Step::Need(range) => {
                assert!(range.start < range.end && range.end <= file.len() as u64);
                let given = give(range);
                let bytes = &file[given.start as usize..(given.end as usize).min(file.len())];
                cost.needs += 1;
                cost.bytes += bytes.len() as u64;
                reader.supply(given.start, bytes);
            }
        }
    }
}

fn document(pictures: usize) -> Vec<u8> {
    let noise: Vec<u8> = (0..300_000_u32)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let mut package = Package::docx().custom(modern_part());
    for number in 0..pictures {
        let name = format!("word/media/image{number}.png");
        let mut picture = Entry::new(&name, &noise);
        picture.stored = true;
        package = package.entry(picture);
    }
    package.build()
}

#[test]
fn two_ranges_of_a_large_document_are_enough() {
    for pictures in [0, 1, 12] {
        let bytes = document(pictures);
        let (reading, cost) = read_with(&bytes, |range| range);
        assert_eq!(reading, read(&bytes, &ReadOptions::default()));
        assert_eq!(effective(&reading), pairs(&[(A, L1)]));
        assert!(cost.needs <= 2 && cost.bytes <= 33 * 1024, "{cost:?}");
    }
}

/// A PDF with its labels at the start and a picture behind them, as most programs write it.
fn pdf_document(picture_bytes: usize, in_streams: bool) -> Vec<u8> {
    let mut pdf = Pdf::page("/Metadata 5 0 R");
    let packet = packet(&description(L1, A));
    if in_streams {
        pdf.object_stream(8, &[(4, &info_of(L1, A))]);
    } else {
        pdf.object(4, &info_of(L1, A));
    }
    pdf.stream(5, "/Type/Metadata/Subtype/XML", packet.as_bytes());
    pdf.stream(6, "/Subtype/Image", &vec![b'x'; picture_bytes]);
    if in_streams {
        pdf.xref_stream(9, "/Info 4 0 R", true);
    } else {
        pdf.table("/Info 4 0 R");
    }
    pdf.bytes
}

#[test]
fn a_few_ranges_of_a_large_pdf_are_enough() {
    for in_streams in [false, true] {
        for picture_bytes in [0, 100_000, 5_000_000] {
            let bytes = pdf_document(picture_bytes, in_streams);
            let (reading, cost) = read_with(&bytes, |range| range);
            assert_eq!(reading, read(&bytes, &ReadOptions::default()));
            assert_eq!(effective(&reading), pairs(&[(A, L1)]));
            assert!(cost.needs <= 3 && cost.bytes <= 48 * 1024, "{cost:?}");
        }
    }
}

#[test]
fn more_or_less_than_was_asked_for_gives_the_same() {
    let bytes = document(1);
    let expected = read(&bytes, &ReadOptions::default());
    for less in [1, 7, 1_000, 5_000] {
        let (reading, _) = read_with(&bytes, |range| {
            range.start..range.end.min(range.start + 2_000 + less)
        });
        assert_eq!(reading, expected, "{less}");
    }
    for before in [1, 700, 100_000] {
        let (reading, _) = read_with(&bytes, |range| {
            range.start.saturating_sub(before)..range.end + before
        });
        assert_eq!(reading, expected, "{before}");
    }
}

#[test]
fn nothing_or_the_wrong_bytes_come_to_an_end() {
    let bytes = document(1);
    let (reading, cost) = read_with(&bytes, |range| range.start..range.start);
    assert_eq!(reading.status, Status::TooLarge);
    assert_eq!(cost.needs, 64);
    // Always the start of the file, whatever is asked for.
    let (reading, _) = read_with(&bytes, |_| 0..100);
    assert_eq!(reading.status, Status::TooLarge);
    let mut reader = RangeReader::new(10);
    reader.supply(5, &[0; 100]);
    reader.supply(100, &[0; 100]);
    reader.supply(0, &[0; 7]);
    let Step::Done(reading) = reader.step(&ReadOptions::default()) else {
        panic!("everything is there");
    };
    assert_eq!(reading.status, Status::Unsupported);
}

#[test]
fn an_empty_file_needs_nothing() {
    let (reading, cost) = read_with(b"", |range| range);
    assert_eq!(reading, read(b"".as_slice(), &ReadOptions::default()));
    assert_eq!(cost.needs, 0);
}

#[test]
fn f_004_a_protected_document_is_read_by_ranges_too() {
    let package = vec![7; 400_000];
    let bytes = compound(&[
        (PACKAGE, package.as_slice()),
        (PRIMARY, b"x"),
        (
            LABEL_STREAM,
            support::package::label_list(&support::package::element(L1, A, "Privileged"))
                .as_bytes(),
        ),
    ]);
    let (reading, cost) = read_with(&bytes, |range| range);
    assert_eq!(reading, read(&bytes, &ReadOptions::default()));
    assert_eq!(reading.status, Status::Protected);
    assert!(cost.bytes < 150_000, "{cost:?}");
}

proptest::proptest! {
    #[test]
    fn damaged_files_read_the_same(
        changes in proptest::collection::vec((0_usize..30_000, 0_u8..), 0..6),
        len in 0_usize..30_000,
        less in 1_u64..20_000,
    ) {
        let mut bytes = Package::docx()
            .custom(modern_part())
            .entry(Entry::new("word/media/image0.png", &(0..25_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[0]).collect::<Vec<u8>>()))
            .build();
        for (at, byte) in changes {
            if let Some(place) = bytes.get_mut(at) { *place = byte; }
        }
        bytes.truncate(len.max(100));
        let (reading, _) = read_with(&bytes, |range| range.start..range.end.min(range.start + 1_000 + less));
        proptest::prop_assert_eq!(reading, read(&bytes, &ReadOptions::default()));
    }
}

/// Every file of the corpus, the damaged and protected ones included.
#[test]
fn every_file_of_the_corpus_reads_the_same_by_ranges() {
    let Some(corpus) = std::env::var_os("LABEL_CORPUS") else {
        println!("LABEL_CORPUS is not set: skipped");
        return;
    };
    let mut costs = std::collections::BTreeMap::<String, Vec<Cost>>::new();
    for folder in [
        "malformed",
        "ooxml-labelled",
        "ooxml-plain",
        "pdf-labelled",
        "pdf-plain",
        "protected",
    ] {
        for entry in std::fs::read_dir(Path::new(&corpus).join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let name = path.display().to_string();
            let (reading, expected, cost) = within(std::time::Duration::from_secs(60), &name, {
                move || {
                    let (reading, cost) = read_with(&bytes, |range| range);
                    (reading, read(&bytes, &ReadOptions::default()), cost)
                }
            });
            assert_eq!(reading, expected, "{name}");
            costs.entry(folder.to_owned()).or_default().push(cost);
        }
    }
    for (folder, mut costs) in costs {
        costs.sort_by_key(|cost| cost.needs);
        let (median, most) = (costs[costs.len() / 2], costs[costs.len() - 1]);
        let bytes = costs.iter().map(|cost| cost.bytes).max().unwrap();
        println!(
            "{folder}: {} files; {} ranges in the median, {} at most, {bytes} bytes at most",
            costs.len(),
            median.needs,
            most.needs
        );
    }
}
