//! Label tasks from submission to success: in memory, and in SQLite with a sync at every commit.

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use benches::must;
use criterion::{Criterion, Throughput};
use governance::store::{MemoryStore, SqliteStore, Store};
use governance::{
    ActionKind, DailyLimit, FileVersion, Governance, Initiator, NewTask, Settings, TaskKey,
    TaskOutcome, WriteGrant, WriteIntent,
};
use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};

const TENANT: TenantId = TenantId::from_u128(1);
const NOW_MS: i64 = 1_609_840_800_000;
const BATCH: u64 = 100;
/// Tasks that wait behind the ones that are worked on.
const BACKLOGS: [u64; 2] = [0, 10_000];

type Outcome<T> = Result<T, Box<dyn Error>>;

fn tasks(from: u64, count: u64) -> Outcome<Vec<NewTask>> {
    (from..from + count)
        .map(|number| {
            let key = TaskKey {
                tenant: TENANT,
                file: FileKey::new(AppId::BOX, 0, FileId::parse(&format!("file {number}"))?),
                file_version: FileVersion::parse("1")?,
                policy: Some(PolicyId::parse("finance")?),
                action: ActionKind::Apply(LabelKey::new(TENANT, LabelId::from_u128(7))),
            };
            Ok(NewTask::new(key, 5, Initiator::parse("Finance documents")?))
        })
        .collect()
}

/// Time per step for a number of tasks.
#[derive(Default)]
struct Steps {
    submit: Duration,
    claim: Duration,
    begin: Duration,
    finish: Duration,
}

impl Steps {
    fn total(&self) -> Duration {
        self.submit + self.claim + self.begin + self.finish
    }
}

/// One queue, and the number of the next file.
struct Queue<S> {
    governance: Governance<S>,
    next: u64,
}

impl<S: Store> Queue<S> {
    fn new(store: S, backlog: u64) -> Outcome<Self> {
        let mut governance = Governance::open(store, Settings::default())?;
        let by = Initiator::parse("admin")?;
        governance.set_limit(TENANT, AppId::BOX, DailyLimit(u32::MAX), &by, NOW_MS)?;
        let mut next = 0;
        while next < backlog {
            let count = (backlog - next).min(1_000);
            governance.submit(&tasks(next, count)?, NOW_MS)?;
            next += count;
        }
        Ok(Self { governance, next })
    }

    /// A batch through all steps, with a clock on each. As many as before wait afterwards.
    fn batch(&mut self, steps: &mut Steps) -> Outcome<()> {
        let new = tasks(self.next, BATCH)?;
        self.next += BATCH;
        let start = Instant::now();
        self.governance.submit(&new, NOW_MS)?;
        steps.submit += start.elapsed();
        let start = Instant::now();
        let claimed = self.governance.claim(usize::try_from(BATCH)?, NOW_MS)?;
        steps.claim += start.elapsed();
        assert_eq!(claimed.len() as u64, BATCH);
        let version = FileVersion::parse("2")?;
        let start = Instant::now();
        for task in &claimed {
            let intent = WriteIntent::new(version.clone());
            let grant = self.governance.begin_write(task.claim(), intent, NOW_MS)?;
            assert_eq!(grant, WriteGrant::Granted);
        }
        steps.begin += start.elapsed();
        let reports: Vec<_> = claimed
            .iter()
            .map(|task| {
                let version = version.clone();
                (task.claim(), TaskOutcome::Succeeded { version })
            })
            .collect();
        let start = Instant::now();
        let answers = self.governance.finish_all(&reports, NOW_MS)?;
        steps.finish += start.elapsed();
        assert!(answers.iter().all(Result::is_ok));
        Ok(())
    }
}

fn show(name: &str, backlog: u64, batches: u64, steps: &Steps) {
    let count = (batches * BATCH) as f64;
    let each = |step: Duration| count / step.as_secs_f64();
    println!(
        "{name}, batches of {BATCH}, {backlog} waiting, {batches} batches: per second {:.0} submitted, {:.0} claimed, {:.0} granted, {:.0} finished; {:.0} through all steps",
        each(steps.submit),
        each(steps.claim),
        each(steps.begin),
        each(steps.finish),
        each(steps.total()),
    );
}

fn run<S: Store>(
    criterion: &mut Criterion,
    name: &str,
    backlog: u64,
    batches: u64,
    store: S,
) -> Outcome<()> {
    let mut queue = Queue::new(store, backlog)?;
    let mut steps = Steps::default();
    for _ in 0..batches {
        queue.batch(&mut steps)?;
    }
    show(name, backlog, batches, &steps);
    let mut group = criterion.benchmark_group(format!("govern/{name}/{backlog} waiting"));
    group
        .sample_size(10)
        .throughput(Throughput::Elements(BATCH));
    group.bench_function("batch through all steps", |bencher| {
        bencher.iter_custom(|count| {
            let mut steps = Steps::default();
            for _ in 0..count {
                must(queue.batch(&mut steps));
            }
            steps.total()
        });
    });
    group.finish();
    Ok(())
}

/// What the disk allows: appends of a page, each with a sync.
fn syncs_per_second(folder: &Path) -> Outcome<f64> {
    const COUNT: u32 = 200;
    let mut file = File::create(folder.join("syncs"))?;
    let start = Instant::now();
    for _ in 0..COUNT {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
    }
    Ok(f64::from(COUNT) / start.elapsed().as_secs_f64())
}

fn main() -> Outcome<()> {
    let mut criterion = Criterion::default().configure_from_args();
    let folder = tempfile::tempdir()?;
    for backlog in BACKLOGS {
        run(&mut criterion, "memory", backlog, 100, MemoryStore::new())?;
    }
    println!(
        "syncs of one page per second: {:.0}",
        syncs_per_second(folder.path())?
    );
    for backlog in BACKLOGS {
        let store = SqliteStore::open(folder.path().join(format!("{backlog}.db")))?;
        run(&mut criterion, "sqlite", backlog, 10, store)?;
    }
    criterion.final_summary();
    Ok(())
}
