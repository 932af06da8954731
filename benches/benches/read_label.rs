//! Reading the label of a document from a file: ours, a bare prototype that does the same reads and
//! inflates, the reads and inflates alone, the zip crate.

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;

use benches::package::{self, LABEL, LABEL_PARTS, Office, TENANT};
use benches::replay::{Recorder, Replay};
use benches::{must, paired, prototype};
use criterion::Criterion;
use label_core::LabelKey;
use label_formats::{FileSource, ReadOptions, Reading, read};
use zip::ZipArchive;
use zip::result::ZipResult;

const ROUNDS: usize = 301;

fn read_file(path: &Path) -> std::io::Result<Reading> {
    Ok(read(&FileSource::open(path)?, &ReadOptions::default()))
}

/// Opens with the zip crate and reads the four parts that a label needs.
fn zip_crate(path: &Path) -> ZipResult<usize> {
    let mut archive = ZipArchive::new(File::open(path)?)?;
    let mut bytes = Vec::new();
    for name in LABEL_PARTS {
        archive.by_name(name)?.read_to_end(&mut bytes)?;
    }
    Ok(bytes.len())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let folder = tempfile::tempdir()?;
    let mut files = Vec::new();
    for office in [Office::Word, Office::Excel, Office::PowerPoint] {
        for (size, bytes) in [
            ("100 KB", 100_000),
            ("5 MB", 5_000_000),
            ("50 MB", 50_000_000),
        ] {
            let extension = office.extension();
            let path = folder.path().join(format!("{bytes}.{extension}"));
            package::of_size(&path, office, bytes)?;
            files.push((format!("{extension}, {size}"), path));
        }
    }
    let path = folder.path().join("entries.docx");
    package::of_entries(&path, 20_000)?;
    files.push(("docx, 20,000 entries".to_owned(), path));

    println!("warm cache; ratios are medians of {ROUNDS} interleaved rounds");
    for (name, path) in &files {
        let recorder = Recorder::open(path)?;
        let reading = read(&recorder, &ReadOptions::default());
        let found = reading.effective_for(TENANT).and_then(|label| label.key());
        assert_eq!(found, Some(LabelKey::new(TENANT, LABEL)), "{reading:?}");
        let reads = recorder.into_reads();
        let (count, bytes) = (reads.len(), reads.iter().map(|(_, len)| len).sum::<usize>());
        let floor = Replay::new(path, reads)?;
        let labels = prototype::read(path)?;
        assert_eq!(labels.elements.len(), 1, "{labels:?}");
        assert_eq!(labels.properties.len(), 7, "{labels:?}");
        assert!(labels.content_type.ends_with(".main+xml"), "{labels:?}");
        // Each pair in rounds of its own: what stands before it leaves the caches as it likes.
        let mut ours = || drop(black_box(must(read_file(path))));
        let mut bare = || drop(black_box(must(prototype::read(path))));
        let mut reads = || must(floor.run());
        let mut zip = || must(zip_crate(path).map(|bytes| assert!(bytes > 0)));
        let [to_bare, _] = paired::medians(ROUNDS, [&mut ours, &mut bare]);
        let [to_floor, _] = paired::medians(ROUNDS, [&mut ours, &mut reads]);
        let [of_zip, _] = paired::medians(ROUNDS, [&mut zip, &mut ours]);
        println!(
            "{name}: {} bytes; {count} reads, {bytes} bytes read; ours {:.1} µs; ours : prototype {:.2}, ours : floor {:.2}, zip crate : ours {:.1}",
            path.metadata()?.len(),
            to_bare.0 * 1e6,
            to_bare.1,
            to_floor.1,
            of_zip.1,
        );
        let mut group = criterion.benchmark_group(format!("read_label/{name}"));
        group.bench_function("ours", |bencher| bencher.iter(|| must(read_file(path))));
        group.bench_function("prototype", |bencher| {
            bencher.iter(|| must(prototype::read(path)));
        });
        group.bench_function("floor", |bencher| bencher.iter(|| must(floor.run())));
        group.bench_function("zip crate", |bencher| {
            bencher.iter(|| must(zip_crate(path)))
        });
        group.finish();
    }
    criterion.final_summary();
    Ok(())
}
