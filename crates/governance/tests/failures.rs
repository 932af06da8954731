//! A store that fails at any of its writes: the operation fails as a whole and can be repeated.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::cell::Cell;
use std::rc::Rc;

use governance::jobs::JobName;
use governance::store::{
    LogFilter, Look, MemoryStore, PolicyState, Rows, RowsMut, Store, TaskFilter, Waiting, Work,
};
use governance::work::{WorkCounts, WorkId, WorkItem, WorkKey, WorkKind};
use governance::{
    ActionKind, AppliedLabel, Counts, DailyLimit, Error, FileVersion, Governance, Initiator,
    LogEntry, NewTask, QueuePlace, Settings, StateKind, Task, TaskId, TaskKey, TaskOutcome,
    WriteEffect, WriteIntent, quota::Quota,
};
use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};

const NOW: i64 = 1_609_837_200_000;
const TENANT: TenantId = TenantId::from_u128(1);

/// Fails when the number of writes left reaches zero; does nothing while there is none.
#[derive(Clone, Default)]
struct Fuse(Rc<Cell<Option<u32>>>);

impl Fuse {
    fn burn(&self) -> Result<(), Error> {
        match self.0.get() {
            None => Ok(()),
            Some(0) => Err(Error::unavailable("disk", "full")),
            Some(left) => {
                self.0.set(Some(left - 1));
                Ok(())
            }
        }
    }
}

#[derive(Clone)]
struct Failing {
    inner: MemoryStore,
    fuse: Fuse,
}

impl Store for Failing {
    fn transact(&mut self, work: &mut Work<'_>) -> Result<(), Error> {
        let fuse = &self.fuse;
        self.inner.transact(&mut |rows| {
            work(&mut FailingRows { rows, fuse })?;
            // The commit itself may fail, too.
            fuse.burn()
        })
    }

    fn view(&self, look: &mut Look<'_>) -> Result<(), Error> {
        self.inner.view(look)
    }
}

struct FailingRows<'r> {
    rows: &'r mut dyn RowsMut,
    fuse: &'r Fuse,
}

impl Rows for FailingRows<'_> {
    fn task(&self, id: TaskId) -> Result<Option<Task>, Error> {
        self.rows.task(id)
    }
    fn task_with_key(&self, key: &TaskKey) -> Result<Option<TaskId>, Error> {
        self.rows.task_with_key(key)
    }
    fn tasks(&self, filter: &TaskFilter, after: TaskId, count: usize) -> Result<Vec<Task>, Error> {
        self.rows.tasks(filter, after, count)
    }
    fn queued(&self, after: Option<QueuePlace>, count: usize) -> Result<Vec<Task>, Error> {
        self.rows.queued(after, count)
    }
    fn due(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.rows.due(now, count)
    }
    fn next_due(&self) -> Result<Option<i64>, Error> {
        self.rows.next_due()
    }
    fn lease_ended(&self, now: i64, count: usize) -> Result<Vec<Task>, Error> {
        self.rows.lease_ended(now, count)
    }
    fn next_lease_end(&self) -> Result<Option<i64>, Error> {
        self.rows.next_lease_end()
    }
    fn is_label_disabled(&self, label: &LabelKey) -> Result<bool, Error> {
        self.rows.is_label_disabled(label)
    }
    fn frozen_since(&self, tenant: TenantId, file: &FileKey) -> Result<Option<i64>, Error> {
        self.rows.frozen_since(tenant, file)
    }
    fn waiting(
        &self,
        tenant: TenantId,
        app: AppId,
        after: Option<QueuePlace>,
        count: usize,
    ) -> Result<Vec<Waiting>, Error> {
        self.rows.waiting(tenant, app, after, count)
    }
    fn pending(&self) -> Result<u64, Error> {
        self.rows.pending()
    }
    fn counts(&self, tenant: TenantId, app: AppId) -> Result<Counts, Error> {
        self.rows.counts(tenant, app)
    }
    fn last_task_id(&self) -> Result<TaskId, Error> {
        self.rows.last_task_id()
    }
    fn quota(&self, tenant: TenantId, app: AppId) -> Result<Quota, Error> {
        self.rows.quota(tenant, app)
    }
    fn policy(&self, tenant: TenantId, policy: &PolicyId) -> Result<PolicyState, Error> {
        self.rows.policy(tenant, policy)
    }
    fn applied(&self, tenant: TenantId, file: &FileKey) -> Result<Option<AppliedLabel>, Error> {
        self.rows.applied(tenant, file)
    }
    fn log(&self, filter: &LogFilter, after: u64, count: usize) -> Result<Vec<LogEntry>, Error> {
        self.rows.log(filter, after, count)
    }
    fn work(&self, id: WorkId) -> Result<Option<WorkItem>, Error> {
        self.rows.work(id)
    }
    fn work_with_key(&self, kind: &WorkKind, key: &WorkKey) -> Result<Option<WorkItem>, Error> {
        self.rows.work_with_key(kind, key)
    }
    fn ready_work(&self, kind: &WorkKind, now: i64, count: usize) -> Result<Vec<WorkItem>, Error> {
        self.rows.ready_work(kind, now, count)
    }
    fn dead_work(
        &self,
        kind: &WorkKind,
        after: WorkId,
        count: usize,
    ) -> Result<Vec<WorkItem>, Error> {
        self.rows.dead_work(kind, after, count)
    }
    fn work_counts(&self, kind: &WorkKind) -> Result<WorkCounts, Error> {
        self.rows.work_counts(kind)
    }
    fn job_ran(&self, name: &JobName) -> Result<Option<i64>, Error> {
        self.rows.job_ran(name)
    }
    fn opening(&self) -> Result<u64, Error> {
        self.rows.opening()
    }
}

impl RowsMut for FailingRows<'_> {
    fn next_task_id(&mut self) -> Result<TaskId, Error> {
        self.fuse.burn()?;
        self.rows.next_task_id()
    }
    fn put_task(&mut self, task: &Task) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_task(task)
    }
    fn put_quota(&mut self, tenant: TenantId, app: AppId, quota: &Quota) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_quota(tenant, app, quota)
    }
    fn put_policy(
        &mut self,
        tenant: TenantId,
        policy: &PolicyId,
        state: PolicyState,
    ) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_policy(tenant, policy, state)
    }
    fn put_label_disabled(&mut self, label: &LabelKey, disabled: bool) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_label_disabled(label, disabled)
    }
    fn put_frozen(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        since_ms: Option<i64>,
    ) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_frozen(tenant, file, since_ms)
    }
    fn put_applied(
        &mut self,
        tenant: TenantId,
        file: &FileKey,
        applied: Option<&AppliedLabel>,
    ) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_applied(tenant, file, applied)
    }
    fn append_log(&mut self, entry: &LogEntry) -> Result<u64, Error> {
        self.fuse.burn()?;
        self.rows.append_log(entry)
    }
    fn trim_log(&mut self, before_ms: i64, count: usize) -> Result<u64, Error> {
        self.fuse.burn()?;
        self.rows.trim_log(before_ms, count)
    }
    fn next_work_id(&mut self) -> Result<WorkId, Error> {
        self.fuse.burn()?;
        self.rows.next_work_id()
    }
    fn put_work(&mut self, item: &WorkItem) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_work(item)
    }
    fn remove_work(&mut self, id: WorkId) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.remove_work(id)
    }
    fn put_job_ran(&mut self, name: &JobName, at_ms: i64) -> Result<(), Error> {
        self.fuse.burn()?;
        self.rows.put_job_ran(name, at_ms)
    }
    fn begin_opening(&mut self) -> Result<u64, Error> {
        self.fuse.burn()?;
        self.rows.begin_opening()
    }
}

fn task(number: usize) -> NewTask {
    let key = TaskKey {
        tenant: TENANT,
        file: FileKey::new(
            AppId::BOX,
            0,
            FileId::parse(&format!("file {}", number / 2)).unwrap(),
        ),
        file_version: FileVersion::parse("1").unwrap(),
        policy: Some(PolicyId::parse(&format!("p{}", number % 2)).unwrap()),
        action: ActionKind::Apply(LabelKey::new(TENANT, LabelId::from_u128(1))),
    };
    NewTask::new(key, 1, by())
}

fn by() -> Initiator {
    Initiator::parse("admin").unwrap()
}

type Deed = fn(&mut Governance<Failing>) -> Result<(), Error>;

/// A day's work in single operations, each of which can be repeated after it has failed.
const DEEDS: [(&str, Deed); 11] = [
    ("limit", |g| {
        let limit = DailyLimit(2);
        g.set_limit(TENANT, AppId::BOX, limit, &by(), NOW).map(drop)
    }),
    ("submit", |g| {
        let tasks: Vec<_> = (0..12).map(task).collect();
        g.submit(&tasks, NOW).map(drop)
    }),
    ("claim", |g| g.claim(3, NOW).map(drop)),
    ("begin 1", |g| begin(g, 1)),
    ("begin 3", |g| begin(g, 3)),
    ("begin 5", |g| begin(g, 5)),
    ("finish 1", |g| {
        let version = FileVersion::parse("2").unwrap();
        finish(g, 1, TaskOutcome::Succeeded { version })
    }),
    ("finish 3", |g| {
        let outcome = TaskOutcome::Failed {
            reason: governance::Reason::new("too_large"),
            effect: WriteEffect::Nothing,
        };
        finish(g, 3, outcome)
    }),
    ("disable", |g| {
        let policy = PolicyId::parse("p1").unwrap();
        g.disable_policy(TENANT, &policy, &by(), NOW).map(drop)
    }),
    ("enable", |g| {
        let policy = PolicyId::parse("p1").unwrap();
        g.enable_policy(TENANT, &policy, &by(), NOW).map(drop)
    }),
    ("delete", |g| {
        let policy = PolicyId::parse("p0").unwrap();
        g.delete_policy(TENANT, &policy, &by(), NOW).map(drop)
    }),
];

fn begin(governance: &mut Governance<Failing>, id: u64) -> Result<(), Error> {
    let claim = governance.task(TaskId(id))?.claim();
    let intent = WriteIntent::new(FileVersion::parse("2").unwrap());
    governance.begin_write(claim, intent, NOW).map(drop)
}

fn finish(
    governance: &mut Governance<Failing>,
    id: u64,
    outcome: TaskOutcome,
) -> Result<(), Error> {
    let claim = governance.task(TaskId(id))?.claim();
    governance.finish(claim, outcome, NOW).map(drop)
}

fn content(governance: &Governance<Failing>) -> String {
    format!(
        "{:?} {:?} {:?}",
        governance.tasks(&TaskFilter::default(), TaskId(0), 1000),
        governance.log(&LogFilter::default(), 0, 1000),
        governance.allowance(TENANT, AppId::BOX, NOW)
    )
}

/// Does all deeds; where a fuse is given, each deed first fails at every one of its writes.
fn day(with_failures: bool) -> String {
    let fuse = Fuse::default();
    let store = Failing {
        inner: MemoryStore::new(),
        fuse: fuse.clone(),
    };
    let mut governance = Governance::open(store, Settings::default()).unwrap();
    for (name, deed) in DEEDS {
        let before = content(&governance);
        let mut failures = 0;
        if with_failures {
            // The deed is done on the first fuse that is long enough.
            loop {
                fuse.0.set(Some(failures));
                let result = deed(&mut governance);
                fuse.0.set(None);
                match result {
                    Ok(()) => break,
                    Err(Error::Unavailable { .. }) => {
                        assert_eq!(content(&governance), before, "{name}, write {failures}");
                    }
                    Err(other) => panic!("{name}: {other}"),
                }
                failures += 1;
                assert!(failures < 500, "{name} never succeeds");
            }
            assert!(failures > 0, "{name} writes nothing");
        } else {
            deed(&mut governance).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
    let counts = governance.counts(TENANT, AppId::BOX).unwrap();
    assert_eq!(counts.of(StateKind::Succeeded), 1);
    content(&governance)
}

#[test]
fn a_failed_write_changes_nothing_and_can_be_repeated() {
    assert_eq!(day(true), day(false));
}

#[test]
fn a_store_that_does_not_run_the_work_is_found_out() {
    struct Lazy;
    impl Store for Lazy {
        fn transact(&mut self, _: &mut Work<'_>) -> Result<(), Error> {
            Ok(())
        }
        fn view(&self, _: &mut Look<'_>) -> Result<(), Error> {
            Ok(())
        }
    }
    let result = Governance::open(Lazy, Settings::default());
    assert!(matches!(result, Err(Error::StoreContract { .. })));
}
