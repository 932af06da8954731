//! Labelling a Word document of 50 MB, verification and sync to disk included, beside a copy.

use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use benches::package::{self, OTHER_LABEL, Office, TENANT};
use benches::{must, paired};
use criterion::Criterion;
use label_formats::{ApplyRequest, FileSource, WriteError, WriteOptions, plan_apply, plan_remove};

const BYTES: usize = 50_000_000;
const ROUNDS: usize = 15;
const COPY_BYTES: usize = 256 * 1024;

fn apply(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let source = FileSource::open(from)?;
    let mut request = ApplyRequest::new(TENANT, OTHER_LABEL, 1_609_840_800_000);
    request.name = Some("General".to_owned());
    let plan = plan_apply(&source, &request, &WriteOptions::default())?;
    write(&plan, to)
}

fn remove(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let source = FileSource::open(from)?;
    let plan = plan_remove(&source, TENANT, &WriteOptions::default())?;
    write(&plan, to)
}

fn write(plan: &label_formats::WritePlan<'_>, to: &Path) -> Result<(), Box<dyn Error>> {
    let file = plan
        .file()
        .ok_or_else(|| WriteError::Unsupported("nothing changes".to_owned()))?;
    let mut out = BufWriter::new(File::create(to)?);
    file.write_to(&mut out)?;
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    Ok(())
}

/// Through a buffer, as any program copies.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let (mut from, mut to) = (File::open(from)?, File::create(to)?);
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        let count = from.read(&mut buffer)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else {
            return to.sync_all();
        };
        to.write_all(read)?;
    }
}

/// Inside the kernel, where it can.
fn kernel_copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

/// A line of the process's status, in KiB.
fn status(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim_start_matches(':')
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let folder = tempfile::tempdir()?;
    let from = folder.path().join("from.docx");
    let to = folder.path().join("to.docx");
    package::of_size(&from, Office::Word, BYTES)?;
    println!("input: {} bytes", from.metadata()?.len());

    // The highest mark starts again here; where the system has none, nothing is said.
    let marked = fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = status("VmRSS");
    apply(&from, &to)?;
    if let (true, Some(before), Some(peak)) = (marked, before, status("VmHWM")) {
        println!("peak memory of apply: {} KiB", peak.saturating_sub(before));
    }
    println!("output: {} bytes", to.metadata()?.len());

    let [applied, removed, kernel, _] = paired::medians(
        ROUNDS,
        [
            &mut || must(apply(&from, &to)),
            &mut || must(remove(&from, &to)),
            &mut || must(kernel_copy(&from, &to)),
            &mut || must(copy(&from, &to)),
        ],
    );
    println!(
        "median of {ROUNDS} interleaved rounds, to a copy and sync: apply {:.2}, remove {:.2}, the kernel's own copy {:.2}",
        applied.1, removed.1, kernel.1
    );
    let source = FileSource::open(&from)?;
    let request = ApplyRequest::new(TENANT, OTHER_LABEL, 1_609_840_800_000);
    let mut group = criterion.benchmark_group("apply_label/50 MB");
    group.sample_size(10);
    group.bench_function("apply", |bencher| bencher.iter(|| must(apply(&from, &to))));
    group.bench_function("remove", |bencher| {
        bencher.iter(|| must(remove(&from, &to)))
    });
    group.bench_function("copy", |bencher| bencher.iter(|| must(copy(&from, &to))));
    group.bench_function("plan only", |bencher| {
        bencher.iter(|| {
            drop(black_box(must(plan_apply(
                &source,
                &request,
                &WriteOptions::default(),
            ))));
        });
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}
