//! The worker loop: a pool over one store, stopped, interrupted, and beside workers that hang.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]
#![cfg(feature = "driver")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use governance::driver::{
    Clock, DriverOptions, Executor, Look, Progress, Settled, Stop, Summary, run,
};
use governance::store::{Look as StoreLook, MemoryStore, Store, Work};
use governance::{
    ActionKind, CountedAction, Error, FileVersion, Governance, Initiator, NewTask, Reason,
    Settings, StateKind, Task, TaskFilter, TaskId, TaskKey, TaskOutcome, Worker, WriteEffect,
    WriteIntent,
};
use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};

const NINE: i64 = 1_609_837_200_000;
const NOON: i64 = 1_609_934_400_000;
const TENANT: TenantId = TenantId::from_u128(1);

struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Files in memory; the number of a file says what happens with it.
#[derive(Default)]
struct Files {
    written: Mutex<BTreeMap<String, usize>>,
    working: AtomicUsize,
    most: AtomicUsize,
}

impl Files {
    fn written(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.written.lock().unwrap()
    }
}

fn version(task: &Task) -> FileVersion {
    FileVersion::parse(&format!("after {}", task.id)).unwrap()
}

impl Executor for Files {
    type Plan = FileVersion;

    fn look(&self, task: &Task) -> Look<FileVersion> {
        let working = self.working.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(working, Ordering::SeqCst);
        std::thread::yield_now();
        self.working.fetch_sub(1, Ordering::SeqCst);
        let effect = WriteEffect::Nothing;
        match task.id.0 % 10 {
            7 => Look::End(TaskOutcome::Skipped {
                reason: Reason::new("already_labelled"),
                effect,
            }),
            9 => Look::End(TaskOutcome::Failed {
                reason: Reason::new("too_large"),
                effect,
            }),
            _ => Look::Write(WriteIntent::new(version(task)), version(task)),
        }
    }

    fn write(&self, task: &Task, version: FileVersion) -> TaskOutcome {
        *self
            .written()
            .entry(task.key.file.file.to_string())
            .or_default() += 1;
        TaskOutcome::Succeeded { version }
    }

    fn settle(&self, task: &Task) -> Settled {
        match self.written().get(task.key.file.file.as_str()) {
            Some(_) => Settled::Written(version(task)),
            None => Settled::Untouched,
        }
    }
}

fn governance(count: usize) -> Mutex<Governance<MemoryStore>> {
    let mut governance = Governance::open(MemoryStore::new(), Settings::default()).unwrap();
    let tasks: Vec<_> = (0..count)
        .map(|number| {
            let key = TaskKey {
                tenant: TENANT,
                file: FileKey::new(AppId::BOX, 0, FileId::parse(&format!("{number}")).unwrap()),
                file_version: FileVersion::parse("1").unwrap(),
                policy: Some(PolicyId::parse("p").unwrap()),
                action: ActionKind::Apply(LabelKey::new(TENANT, LabelId::from_u128(1))),
            };
            NewTask::new(key, 1, Initiator::parse("p").unwrap())
        })
        .collect();
    governance.submit(&tasks, NINE).unwrap();
    Mutex::new(governance)
}

fn until_idle() -> DriverOptions {
    DriverOptions {
        workers: 8,
        until_idle: true,
        ..DriverOptions::default()
    }
}

/// Works until nothing is left to do now.
fn work_off<S: Store + Send, E: Executor>(
    governance: &Mutex<Governance<S>>,
    executor: &E,
    clock: &TestClock,
) -> Result<Summary, Error> {
    run(
        governance,
        executor,
        clock,
        &Stop::new(),
        &until_idle(),
        &|_| {},
    )
}

fn count(governance: &Mutex<Governance<MemoryStore>>, kind: StateKind) -> u64 {
    governance
        .lock()
        .unwrap()
        .counts(TENANT, AppId::BOX)
        .unwrap()
        .of(kind)
}

#[test]
fn r_161_a_pool_works_off_what_the_limit_allows_and_each_file_once() {
    let governance = governance(200);
    let (files, clock) = (Files::default(), TestClock(AtomicI64::new(NINE)));
    let claimed = AtomicUsize::new(0);
    let progress = |step: Progress<'_>| {
        if matches!(step, Progress::Claimed(_)) {
            claimed.fetch_add(1, Ordering::SeqCst);
        }
    };
    let done = run(
        &governance,
        &files,
        &clock,
        &Stop::new(),
        &until_idle(),
        &progress,
    )
    .unwrap();
    assert_eq!((done.finished, done.held, done.settled), (140, 60, 0));
    assert_eq!(claimed.load(Ordering::SeqCst), 200);
    assert_eq!(count(&governance, StateKind::Succeeded), 100);
    assert_eq!(count(&governance, StateKind::Deferred), 60);
    // The pool is bounded.
    assert!(files.most.load(Ordering::SeqCst) <= 8);
    clock.0.store(NOON, Ordering::SeqCst);
    let done = work_off(&governance, &files, &clock).unwrap();
    assert_eq!(done.finished, 60);
    assert_eq!(files.written().len(), 160);
    assert!(files.written().values().all(|writes| *writes == 1));
}

#[test]
fn a_stop_finishes_what_is_under_way_and_begins_nothing_new() {
    let governance = governance(50);
    let (files, clock) = (Files::default(), TestClock(AtomicI64::new(NINE)));
    let stop = Stop::new();
    let moved = AtomicUsize::new(0);
    let progress = |step: Progress<'_>| {
        if matches!(step, Progress::Moved(..)) && moved.fetch_add(1, Ordering::SeqCst) == 9 {
            stop.request();
        }
    };
    let options = DriverOptions {
        workers: 3,
        ..DriverOptions::default()
    };
    let done = run(&governance, &files, &clock, &stop, &options, &progress).unwrap();
    assert!((10..=12).contains(&done.finished), "{done:?}");
    assert_eq!(count(&governance, StateKind::Running), 0);
    // Asked before it began, it does nothing at all.
    let done = run(&governance, &files, &clock, &stop, &options, &progress).unwrap();
    assert_eq!(done.finished, 0);
}

#[test]
fn what_was_left_running_is_settled_first() {
    let governance = governance(4);
    let files = Files::default();
    // Two were written before the process ended, one had only leave to write, one not even that.
    {
        let mut governance = governance.lock().unwrap();
        for (number, task) in governance.claim(4, NINE).unwrap().iter().enumerate() {
            if number < 3 {
                let intent = WriteIntent::new(version(task));
                governance.begin_write(task.claim(), intent, NINE).unwrap();
            }
            if number < 2 {
                files.write(task, version(task));
            }
        }
    }
    let store = governance.into_inner().unwrap().into_store();
    let governance = Mutex::new(Governance::open(store, Settings::default()).unwrap());
    let clock = TestClock(AtomicI64::new(NINE));
    // What was not written is tried again at once.
    let done = work_off(&governance, &files, &clock).unwrap();
    assert_eq!((done.settled, done.finished), (4, 2));
    assert_eq!(count(&governance, StateKind::Succeeded), 4);
    assert!(files.written().values().all(|writes| *writes == 1));
    let used = governance
        .lock()
        .unwrap()
        .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)
        .unwrap()
        .used;
    assert_eq!(used, 4);
}

#[test]
fn a_worker_that_hangs_is_replaced_when_its_lease_ends() {
    let governance = governance(3);
    let files = Files::default();
    let hung = {
        let mut governance = governance.lock().unwrap();
        let worker = Worker::parse("hangs").unwrap();
        let task = governance
            .claim_for(&worker, 60_000, 1, NINE)
            .unwrap()
            .remove(0);
        let intent = WriteIntent::new(version(&task));
        governance.begin_write(task.claim(), intent, NINE).unwrap();
        task
    };
    let clock = TestClock(AtomicI64::new(NINE));
    work_off(&governance, &files, &clock).unwrap();
    assert_eq!(count(&governance, StateKind::Running), 1);
    // Taken over, its try counts as one that came to nothing, and has its pause.
    for later in [60_000, 61_000] {
        clock.0.store(NINE + later, Ordering::SeqCst);
        work_off(&governance, &files, &clock).unwrap();
    }
    assert_eq!(count(&governance, StateKind::Succeeded), 3);
    // The one that hung wakes up: it is told to drop its work.
    let late = governance.lock().unwrap().finish(
        hung.claim(),
        TaskOutcome::Succeeded {
            version: version(&hung),
        },
        NINE + 60_001,
    );
    assert!(late.is_err());
    let tasks = governance
        .lock()
        .unwrap()
        .tasks(&TaskFilter::default(), TaskId(0), 10);
    assert!(
        tasks
            .unwrap()
            .iter()
            .all(|task| task.custody.lease.is_none())
    );
    assert!(files.written().values().all(|writes| *writes == 1));
    // The look at the file can't tell a slow worker from a dead one: its unit stays used.
    let governance = governance.lock().unwrap();
    let tenant = hung.key.tenant;
    let used = governance
        .allowance(tenant, AppId::BOX, CountedAction::ApplyLabel, NINE + 60_001)
        .unwrap()
        .used;
    assert_eq!(used, 4);
}

/// Panics when it looks at the first task.
struct Panics(Files);

impl Executor for Panics {
    type Plan = FileVersion;

    fn look(&self, task: &Task) -> Look<FileVersion> {
        assert!(task.id.0 != 1, "as planned");
        self.0.look(task)
    }

    fn write(&self, task: &Task, version: FileVersion) -> TaskOutcome {
        self.0.write(task, version)
    }

    fn settle(&self, task: &Task) -> Settled {
        self.0.settle(task)
    }
}

#[test]
fn a_panic_of_the_caller_is_passed_on_and_leaves_nobody_waiting() {
    let governance = governance(3);
    let clock = TestClock(AtomicI64::new(NINE));
    let panics = Panics(Files::default());
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        work_off(&governance, &panics, &clock)
    }));
    assert!(ended.is_err());
    assert_eq!(panics.0.written().len(), 2);
}

/// Takes no change after the one that opens it: no task is known.
struct Forgetful {
    inner: MemoryStore,
    has_begun: bool,
}

impl Store for Forgetful {
    fn transact(&mut self, work: &mut Work<'_>) -> Result<(), Error> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Err(Error::UnknownTask { id: TaskId(1) });
        }
        self.inner.transact(work)
    }

    fn view(&self, look: &mut StoreLook<'_>) -> Result<(), Error> {
        self.inner.view(look)
    }
}

/// Counts how often it is asked what became of a task.
#[derive(Default)]
struct Settles(Files, AtomicUsize);

impl Executor for Settles {
    type Plan = FileVersion;

    fn look(&self, task: &Task) -> Look<FileVersion> {
        self.0.look(task)
    }

    fn write(&self, task: &Task, version: FileVersion) -> TaskOutcome {
        self.0.write(task, version)
    }

    fn settle(&self, task: &Task) -> Settled {
        let asked = self.1.fetch_add(1, Ordering::SeqCst);
        assert!(asked < 10, "it goes round in circles");
        self.0.settle(task)
    }
}

#[test]
fn what_can_not_be_settled_is_not_settled_for_ever() {
    let governance = governance(1);
    governance.lock().unwrap().claim(1, NINE).unwrap();
    let store = Forgetful {
        inner: governance.into_inner().unwrap().into_store(),
        has_begun: false,
    };
    let governance = Mutex::new(Governance::open(store, Settings::default()).unwrap());
    let (settles, clock) = (Settles::default(), TestClock(AtomicI64::new(NINE)));
    let ended = work_off(&governance, &settles, &clock);
    assert!(matches!(ended, Err(Error::UnknownTask { .. })), "{ended:?}");
    assert_eq!(settles.1.load(Ordering::SeqCst), 1);
}

/// A clock that is asked only while the store is locked.
struct LockedClock<'g>(&'g Mutex<Governance<MemoryStore>>);

impl Clock for LockedClock<'_> {
    fn now_ms(&self) -> i64 {
        assert!(
            self.0.try_lock().is_err(),
            "another thread could go in between"
        );
        NINE
    }
}

#[test]
fn times_come_in_the_order_of_the_changes() {
    let governance = governance(3);
    governance.lock().unwrap().claim(1, NINE).unwrap();
    let store = governance.into_inner().unwrap().into_store();
    let governance = Mutex::new(Governance::open(store, Settings::default()).unwrap());
    let (files, clock) = (Files::default(), LockedClock(&governance));
    let stop = Stop::new();
    // One worker, so that nobody else has the lock.
    let options = DriverOptions {
        workers: 1,
        idle_ms: 1,
        ..DriverOptions::default()
    };
    let moved = AtomicUsize::new(0);
    let progress = |step: Progress<'_>| {
        if matches!(step, Progress::Moved(..)) && moved.fetch_add(1, Ordering::SeqCst) == 2 {
            stop.request();
        }
    };
    let done = run(&governance, &files, &clock, &stop, &options, &progress).unwrap();
    assert_eq!((done.settled, done.finished), (1, 2));
}
