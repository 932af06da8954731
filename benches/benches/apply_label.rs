//! Labelling a Word document of 50 MB, verification and sync to disk included, beside a copy.

use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io;
use std::path::Path;

use benches::package::{self, OTHER_LABEL, Office, TENANT};
use benches::writing::{copy, status, write};
use benches::{must, paired};
use criterion::Criterion;
use label_formats::{ApplyRequest, FileSource, WriteOptions, plan_apply, plan_remove};

const BYTES: usize = 50_000_000;
const ROUNDS: usize = 15;

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

/// Inside the kernel, where it can.
fn kernel_copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let folder = tempfile::tempdir()?;
    let from = folder.path().join("from.docx");
    let to = folder.path().join("to.docx");
    package::of_size(&from, Office::Word, BYTES)?;
    println!("input: {} bytes", from.metadata()?.len());

    // What both grow from: the second may use again what the first gave back.
    let before = status("VmRSS");
    type Work = fn(&Path, &Path) -> Result<(), Box<dyn Error>>;
    for (name, work) in [("apply", apply as Work), ("remove", remove)] {
        // The highest mark starts again here; where the system has none, nothing is said.
        let marked = fs::write("/proc/self/clear_refs", "5").is_ok();
        work(&from, &to)?;
        if let (true, Some(before), Some(peak)) = (marked, before, status("VmHWM")) {
            let grown = peak.saturating_sub(before);
            println!("peak memory of {name}: {grown} KiB, from {before} KiB");
        }
        println!("output of {name}: {} bytes", to.metadata()?.len());
    }

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
