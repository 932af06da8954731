//! Reading the label of a PDF from a file: ours, the bare lazy prototype, and lopdf's
//! `load_metadata`, which reads no XMP.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

use benches::package::{LABEL, TENANT};
use benches::pdf::{self, Layout};
use benches::replay::Recorder;
use benches::writing::status;
use benches::{lazy_pdf, must, paired};
use criterion::Criterion;
use label_core::{LabelKey, LabelStorage};
use label_formats::{FileSource, ReadOptions, Reading, read};
use lopdf::Document;

const ROUNDS: usize = 301;
/// Where lopdf reads a large file, a round takes tens of milliseconds.
const ROUNDS_SLOW: usize = 21;

/// How many label keys the generated files have in each place.
const KEYS: usize = 7;

/// Asks this program, started again, to read one file and to say how much memory that took.
const PEAK_VARIABLE: &str = "READ_PDF_PEAK_OF";

fn ours(path: &Path) -> std::io::Result<Reading> {
    Ok(read(&FileSource::open(path)?, &ReadOptions::default()))
}

fn prototype(path: &Path) -> std::io::Result<()> {
    let found = lazy_pdf::label_keys(&FileSource::open(path)?)?;
    assert_eq!(found, (KEYS, KEYS));
    Ok(())
}

fn keys_of(metadata: &lopdf::PdfMetadata) {
    let is_label = |key: &&Vec<u8>| key.starts_with(b"MSIP_Label_");
    assert_eq!(metadata.custom.keys().filter(is_label).count(), KEYS);
}

/// From a path lopdf reads the whole file first.
fn lopdf_path(path: &Path) -> lopdf::Result<()> {
    keys_of(&Document::load_metadata(path)?);
    Ok(())
}

/// How much the peak memory of a process of its own grew by reading the file, in KiB.
fn peak(path: &Path) -> Option<String> {
    let own = std::env::current_exe().ok()?;
    let output = Command::new(own).env(PEAK_VARIABLE, path).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (!text.is_empty()).then(|| text.trim().to_owned())
}

fn check(reading: &Reading) {
    let found = reading.effective_for(TENANT).and_then(|label| label.key());
    assert_eq!(found, Some(LabelKey::new(TENANT, LABEL)), "{reading:?}");
    let in_place = |storage| reading.labels.iter().any(|one| one.storage == storage);
    assert!(in_place(LabelStorage::Info) && in_place(LabelStorage::Xmp));
}

fn generate(folder: &Path) -> std::io::Result<Vec<(&'static str, Layout, PathBuf)>> {
    let mut files = Vec::new();
    for (name, layout, bytes, objects) in [
        ("table, 100 KB", Layout::Table, 100_000, 0),
        ("table, 5 MB", Layout::Table, 5_000_000, 0),
        ("table, 50 MB", Layout::Table, 50_000_000, 0),
        ("table, 300,000 objects", Layout::Table, 0, 300_000),
        ("linearised, 36 MB", Layout::Linearised, 36_000_000, 0),
        ("streams, 100 KB", Layout::Streams, 100_000, 0),
        ("streams, 36 MB", Layout::Streams, 36_000_000, 0),
        ("streams, 300,000 objects", Layout::Streams, 0, 300_000),
    ] {
        let path = folder.join(format!("{}.pdf", files.len()));
        if objects == 0 {
            pdf::of_size(&path, layout, bytes)?;
        } else {
            pdf::of_objects(&path, layout, objects)?;
        }
        files.push((name, layout, path));
    }
    Ok(files)
}

/// How many reads and bytes the real files need, where there are any.
fn corpus(folder: &Path) -> std::io::Result<()> {
    for name in ["pdf-labelled", "pdf-plain"] {
        let mut costs = Vec::new();
        for entry in fs::read_dir(folder.join(name))? {
            let recorder = Recorder::open(&entry?.path())?;
            black_box(read(&recorder, &ReadOptions::default()));
            let reads = recorder.into_reads();
            let bytes: usize = reads.iter().map(|(_, len)| len).sum();
            costs.push((reads.len(), bytes));
        }
        let shown = |mut list: Vec<usize>| {
            list.sort_unstable();
            let at = |share: usize| list.get((list.len() - 1) * share / 100).copied();
            [50, 90, 99, 100]
                .map(|share| at(share).unwrap_or_default().to_string())
                .join(", ")
        };
        let few = costs
            .iter()
            .filter(|(reads, bytes)| *reads <= 8 && *bytes <= 65_536);
        println!(
            "{name}: {} files, {} of them in 8 reads and 64 KiB; median, 90 %, 99 % and most: {} reads, {} bytes",
            costs.len(),
            few.count(),
            shown(costs.iter().map(|(reads, _)| *reads).collect()),
            shown(costs.iter().map(|(_, bytes)| *bytes).collect()),
        );
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(path) = std::env::var_os(PEAK_VARIABLE) {
        let before = status("VmRSS").unwrap_or_default();
        // The highest mark starts again here; where the system has none, nothing is said.
        let marked = fs::write("/proc/self/clear_refs", "5").is_ok();
        drop(black_box(ours(Path::new(&path))?));
        if let (true, Some(peak)) = (marked, status("VmHWM")) {
            println!("{}", peak.saturating_sub(before));
        }
        return Ok(());
    }
    let mut criterion = Criterion::default().configure_from_args();
    let folder = tempfile::tempdir()?;
    let files = generate(folder.path())?;
    println!("warm cache; ratios are medians of interleaved rounds");
    for (name, layout, path) in &files {
        let recorder = Recorder::open(path)?;
        check(&read(&recorder, &ReadOptions::default()));
        let reads = recorder.into_reads();
        let bytes: usize = reads.iter().map(|(_, len)| len).sum();
        let whole = fs::read(path)?;
        // By turns in pairs: what reads megabytes leaves the processor's caches cold for the next.
        let [bare, own] = paired::medians(
            ROUNDS,
            [
                &mut || {
                    if *layout != Layout::Streams {
                        must(prototype(path));
                    }
                },
                &mut || drop(black_box(must(ours(path)))),
            ],
        );
        let [full, from_path, in_memory, _] = paired::medians(
            if whole.len() > 1_000_000 {
                ROUNDS_SLOW
            } else {
                ROUNDS
            },
            [
                &mut || drop(black_box(must(Document::load(path)))),
                &mut || must(lopdf_path(path)),
                &mut || must(Document::load_metadata_mem(&whole).map(|found| keys_of(&found))),
                &mut || drop(black_box(must(ours(path)))),
            ],
        );
        let ratio = if *layout == Layout::Streams {
            "–".to_owned()
        } else {
            format!("{:.2}", 1.0 / bare.1)
        };
        println!(
            "{name}: {} bytes; {} reads, {bytes} bytes read; {:.1} µs; ours : prototype {ratio}, `load_metadata` from path : ours {:.1}, in memory {:.1}, `load` {:.1}; peak memory {} KiB",
            whole.len(),
            reads.len(),
            own.0 * 1e6,
            from_path.1,
            in_memory.1,
            full.1,
            peak(path).unwrap_or_else(|| "–".to_owned()),
        );
        let mut group = criterion.benchmark_group(format!("read_pdf/{name}"));
        group.bench_function("ours", |bencher| bencher.iter(|| must(ours(path))));
        if *layout != Layout::Streams {
            group.bench_function("prototype", |bencher| {
                bencher.iter(|| must(prototype(path)))
            });
        }
        group.finish();
    }
    match std::env::var_os("LABEL_CORPUS") {
        Some(folder) => corpus(Path::new(&folder))?,
        None => println!("LABEL_CORPUS is not set: real files are left out"),
    }
    criterion.final_summary();
    Ok(())
}
