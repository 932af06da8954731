//! Label tasks: decisions in memory, durable batches beside the bare statements, a large backlog.
//!
//! `PENDING` says how many tasks wait in the last part (1,000,000).

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use benches::bare_tasks::Bare;
use benches::must;
use criterion::{Criterion, Throughput};
use governance::quota::{DAY_MS, Quota, Unit};
use governance::store::{MemoryStore, OpenCheck, SqliteStore, Store};
use governance::{
    ActionKind, CountedAction, DailyLimit, FileVersion, Governance, Initiator, NewTask, Settings,
    Task, TaskId, TaskKey, TaskOutcome, TaskState, WriteEffect, WriteGrant, WriteIntent,
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
        governance.set_limit(
            TENANT,
            AppId::BOX,
            CountedAction::ApplyLabel,
            DailyLimit(u32::MAX),
            &by,
            NOW_MS,
        )?;
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
        let intents: Vec<_> = claimed
            .iter()
            .map(|task| (task.claim(), WriteIntent::new(version.clone())))
            .collect();
        let start = Instant::now();
        for grant in self.governance.begin_all(&intents, NOW_MS)? {
            assert_eq!(grant?, WriteGrant::Granted);
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

/// Decisions over an allowance: may one more label be applied now?
fn decisions(criterion: &mut Criterion) {
    let mut quota = Quota::new(DailyLimit(u32::MAX));
    let mut now = NOW_MS;
    let mut one = || {
        now += 1_000;
        let taken = matches!(quota.take(now), Unit::Taken { .. });
        taken && quota.pause(now).is_none()
    };
    let start = Instant::now();
    let granted = (0..1_000_000).filter(|_| one()).count();
    let each = 1_000_000.0 / start.elapsed().as_secs_f64();
    println!("in memory: {each:.0} decisions over the allowance per second, {granted} granted");
    criterion.bench_function("govern/decision", |bencher| bencher.iter(&mut one));
}

/// The library and the bare statements, batch by batch in turn.
fn beside_the_bare_statements(folder: &Path) -> Outcome<()> {
    const ROUNDS: usize = 60;
    let mut queue = Queue::new(SqliteStore::open(folder.join("ours.db"))?, 0)?;
    let mut bare = Bare::create(&folder.join("bare.db"))?;
    let mut ratios = Vec::new();
    let (mut ours, mut theirs) = (Steps::default(), Duration::ZERO);
    for round in 0..ROUNDS {
        let mut steps = Steps::default();
        let mut bare_time = Duration::ZERO;
        // Now the one first, now the other.
        for turn in [round % 2, (round + 1) % 2] {
            if turn == 0 {
                bare_time = bare.batch(i64::try_from(BATCH)?)?;
            } else {
                queue.batch(&mut steps)?;
            }
        }
        // The first rounds warm up.
        if round >= 10 {
            ratios.push(steps.total().as_secs_f64() / bare_time.as_secs_f64());
            theirs += bare_time;
            ours.submit += steps.submit;
            ours.claim += steps.claim;
            ours.begin += steps.begin;
            ours.finish += steps.finish;
        }
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ratios.len() / 2).copied().unwrap_or(0.0);
    let count = (ratios.len() as u64 * BATCH) as f64;
    show(
        "sqlite beside the bare statements",
        0,
        ratios.len() as u64,
        &ours,
    );
    println!(
        "bare statements: {:.0} per second through all steps; ours : bare, median of {} rounds: {median:.2}",
        count / theirs.as_secs_f64(),
        ratios.len()
    );
    Ok(())
}

/// The most memory that the process has had, in bytes, where the system says so.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// A large backlog: opening it, asking why, and the forecast.
fn backlog(folder: &Path) -> Outcome<()> {
    let pending: u64 = match std::env::var("PENDING") {
        Ok(text) => text.parse()?,
        Err(_) => 1_000_000,
    };
    let path = folder.join("backlog.db");
    let mut settings = Settings::default();
    settings.pending_max = u64::MAX;
    let before = peak_memory();
    let mut governance = Governance::open(SqliteStore::open(&path)?, settings)?;
    let mut next = 0;
    while next < pending {
        let count = (pending - next).min(10_000);
        governance.submit(&tasks(next, count)?, NOW_MS)?;
        next += count;
    }
    drop(governance);
    for check in [OpenCheck::Quick, OpenCheck::Header] {
        let start = Instant::now();
        let mut governance = Governance::open(SqliteStore::open_with(&path, check)?, settings)?;
        let opened = start.elapsed();
        let start = Instant::now();
        let claimed = governance.claim(100, NOW_MS)?;
        println!(
            "{pending} pending, {check:?}: opened in {:.3} s, the first 100 claimed in {:.3} s",
            opened.as_secs_f64(),
            start.elapsed().as_secs_f64()
        );
        for task in claimed {
            governance.requeue(task.claim(), WriteEffect::Nothing, NOW_MS)?;
        }
    }
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        let size = std::fs::metadata(&path)?.len();
        println!(
            "peak memory grew by {} MB over a store of {} MB",
            (after - before) / 1_000_000,
            size / 1_000_000
        );
    }
    let governance = Governance::open(SqliteStore::open_with(&path, OpenCheck::Header)?, settings)?;
    let start = Instant::now();
    for id in 1..=1000 {
        governance.why(TaskId(id * 7 % pending + 1), NOW_MS)?;
    }
    println!(
        "why, sqlite, {pending} pending: {:.3} ms each",
        start.elapsed().as_secs_f64()
    );
    raised(&folder.join("raised.db"))?;
    forecasts("sqlite", SqliteStore::open(folder.join("forecast.db"))?)?;
    forecasts("memory", MemoryStore::new())
}

/// A limit raised while tasks of its app are deferred, as they are after a look at each of their files
/// on a day whose limit was reached: all of them are due at once.
fn raised(path: &Path) -> Outcome<()> {
    const DEFERRED: u64 = 100_000;
    let mut store = SqliteStore::open(path)?;
    let new = tasks(1, DEFERRED)?;
    let noon = NOW_MS + DAY_MS;
    store.transact(&mut |rows| {
        for new in &new {
            let mut task = Task::new(rows.next_task_id()?, new.clone(), NOW_MS);
            task.state = TaskState::Deferred { until: Some(noon) };
            task.looked_at = true;
            rows.put_task(&task)?;
        }
        Ok(())
    })?;
    let mut governance = Governance::open(store, Settings::default())?;
    let by = Initiator::parse("admin")?;
    let apply = CountedAction::ApplyLabel;
    let limit = |limit| DailyLimit(limit);
    governance.set_limit(TENANT, AppId::BOX, apply, limit(1), &by, NOW_MS)?;
    governance.submit(&tasks(0, 1)?, NOW_MS)?;
    for task in governance.claim(1, NOW_MS)? {
        let version = FileVersion::parse("2")?;
        governance.begin_write(task.claim(), WriteIntent::new(version.clone()), NOW_MS)?;
        governance.finish(task.claim(), TaskOutcome::Succeeded { version }, NOW_MS)?;
    }
    let start = Instant::now();
    governance.set_limit(TENANT, AppId::BOX, apply, limit(2), &by, NOW_MS)?;
    let took = start.elapsed();
    let next = governance.claim(1, NOW_MS)?;
    assert_eq!(next.len(), 1, "it goes on");
    println!(
        "limit raised, {DEFERRED} deferred: {:.2} s",
        took.as_secs_f64()
    );
    Ok(())
}

/// A forecast over 100,000 tasks.
fn forecasts(name: &str, store: impl Store) -> Outcome<()> {
    let mut queue = Queue::new(store, 100_000)?;
    let by = Initiator::parse("admin")?;
    queue.governance.set_limit(
        TENANT,
        AppId::BOX,
        CountedAction::ApplyLabel,
        DailyLimit(100),
        &by,
        NOW_MS,
    )?;
    let mut times = Vec::new();
    for _ in 0..11 {
        let start = Instant::now();
        let forecast = queue.governance.forecast(
            TENANT,
            AppId::BOX,
            CountedAction::ApplyLabel,
            None,
            NOW_MS,
        )?;
        times.push(start.elapsed());
        assert_eq!(forecast.tasks.len(), 100_000);
    }
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    println!(
        "forecast for 100000 pending, {name}: {:.1} ms",
        median.as_secs_f64() * 1e3
    );
    Ok(())
}

fn main() -> Outcome<()> {
    let mut criterion = Criterion::default().configure_from_args();
    let folder = tempfile::tempdir()?;
    decisions(&mut criterion);
    // Before anything that keeps much in memory, or its peak would tell nothing.
    backlog(folder.path())?;
    for waiting in BACKLOGS {
        run(&mut criterion, "memory", waiting, 100, MemoryStore::new())?;
    }
    println!(
        "syncs of one page per second: {:.0}",
        syncs_per_second(folder.path())?
    );
    for waiting in BACKLOGS {
        let store = SqliteStore::open(folder.path().join(format!("{waiting}.db")))?;
        run(&mut criterion, "sqlite", waiting, 10, store)?;
    }
    beside_the_bare_statements(folder.path())?;
    criterion.final_summary();
    Ok(())
}
