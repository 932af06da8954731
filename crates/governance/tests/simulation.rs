//! Random lives of a queue: submissions, workers, crashes, policies, limits, a jumping clock.
//!
//! A small world of files is kept beside the store. After every step the promises are checked
//! against it: never more than the limit, nothing lost, nothing twice, nothing before its time.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};

use governance::quota::{DAY_MS, PAUSE_MS_MAX, day_of};
use governance::store::conformance::{MemorySource, StoreSource};
use governance::store::{LogFilter, Store};
use governance::{
    ActionKind, CountedAction, DailyLimit, Error, FileVersion, Governance, Initiator, LogEntry,
    NOT_BEFORE_MS_MAX, NewTask, Reason, Settings, StateKind, Status, Submitted, Task, TaskFilter,
    TaskId, TaskKey, TaskOutcome, TaskState, WriteEffect, WriteGrant, WriteIntent,
};
use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};
use proptest::prelude::*;

const START: i64 = 1_609_837_200_000; // 2021-01-05 09:00 UTC
const HOUR: i64 = 3_600_000;
const TENANT: TenantId = TenantId::from_u128(1);
const POLICIES: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Submit {
        file: usize,
        version: usize,
        /// 0 is an administrator.
        policy: usize,
        /// 0 removes, 3 quarantines.
        label: u128,
    },
    Claim(usize),
    Begin {
        held: usize,
        write: bool,
    },
    Finish {
        held: usize,
        how: usize,
    },
    Crash,
    Disable(usize),
    Enable(usize),
    Delete(usize),
    SetLimit(u32),
    Jump(i64),
    Retry(usize),
    Cancel(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (0..5_usize, 0..3_usize, 0..=POLICIES, 0..4_u128).prop_map(
            |(file, version, policy, label)| Step::Submit { file, version, policy, label }
        ),
        10 => (1..4_usize).prop_map(Step::Claim),
        12 => (any::<usize>(), any::<bool>()).prop_map(|(held, write)| Step::Begin { held, write }),
        12 => (any::<usize>(), 0..5_usize).prop_map(|(held, how)| Step::Finish { held, how }),
        2 => Just(Step::Crash),
        2 => (1..=POLICIES).prop_map(Step::Disable),
        2 => (1..=POLICIES).prop_map(Step::Enable),
        1 => (2..=POLICIES).prop_map(Step::Delete),
        2 => (0..4_u32).prop_map(Step::SetLimit),
        5 => (-3..8_i64).prop_map(|steps| Step::Jump(steps * 4 * HOUR + 60_000)),
        2 => any::<usize>().prop_map(Step::Retry),
        1 => any::<usize>().prop_map(Step::Cancel),
    ];
    proptest::collection::vec(step, 0..120)
}

/// A task in a worker's hands.
struct Held {
    task: Task,
    /// The day of the latest leave to write.
    granted_on: Option<i64>,
    wrote: bool,
}

struct World<'s> {
    source: &'s mut dyn StoreSource,
    governance: Option<Governance<Box<dyn Store>>>,
    now: i64,
    limit: u32,
    held: Vec<Held>,
    stopped: BTreeSet<usize>,
    /// The version that each file really has, where we wrote it.
    files: BTreeMap<FileKey, String>,
    /// Which tasks really wrote, and how often.
    writes: BTreeMap<TaskId, usize>,
    /// Counted tasks that wrote or may write, by action and the day of their grant.
    by_day: BTreeMap<(CountedAction, i64), BTreeSet<TaskId>>,
    /// What was really written, by action and the day of the write, and the largest limit
    /// that stood on a day when leave was given.
    written: BTreeMap<(CountedAction, i64), usize>,
    most: BTreeMap<i64, u32>,
    /// Files that carry a label of ours, with the last task that was submitted by then.
    labelled: BTreeMap<FileKey, TaskId>,
    accepted: BTreeMap<TaskId, TaskKey>,
    states: BTreeMap<TaskId, TaskState>,
}

fn policy(number: usize) -> PolicyId {
    PolicyId::parse(&format!("p{number}")).unwrap()
}

fn by() -> Initiator {
    Initiator::parse("admin").unwrap()
}

fn counted(task: &Task) -> Option<CountedAction> {
    task.key.action.counted().filter(|_| !task.key.is_manual())
}

fn after(task: &Task) -> FileVersion {
    FileVersion::parse(&format!("task {} claim {}", task.id, task.custody.claims)).unwrap()
}

fn reason() -> Reason {
    Reason::new("locked")
}

impl<'s> World<'s> {
    fn new(source: &'s mut dyn StoreSource) -> Self {
        let store = source.fresh().unwrap();
        let mut governance = Governance::open(store, Settings::default()).unwrap();
        let limit = 2;
        for action in CountedAction::ALL {
            governance
                .set_limit(TENANT, AppId::BOX, action, DailyLimit(limit), &by(), START)
                .unwrap();
        }
        Self {
            source,
            governance: Some(governance),
            now: START,
            limit,
            held: Vec::new(),
            stopped: BTreeSet::new(),
            files: BTreeMap::new(),
            writes: BTreeMap::new(),
            by_day: BTreeMap::new(),
            written: BTreeMap::new(),
            most: BTreeMap::new(),
            labelled: BTreeMap::new(),
            accepted: BTreeMap::new(),
            states: BTreeMap::new(),
        }
    }

    fn governance(&mut self) -> &mut Governance<Box<dyn Store>> {
        self.governance.as_mut().unwrap()
    }

    fn all_tasks(&self) -> Vec<Task> {
        let governance = self.governance.as_ref().unwrap();
        governance
            .tasks(&TaskFilter::default(), TaskId(0), 1000)
            .unwrap()
    }

    fn really_write(&mut self, task: &Task) {
        if let Some(action) = counted(task) {
            let today = day_of(self.now);
            let most = self.most.get(&today).map_or(0, |most| *most as usize);
            let written = self.written.entry((action, today)).or_default();
            *written += 1;
            assert!(*written <= most, "more than the limit on one day");
        }
        self.files
            .insert(task.key.file.clone(), after(task).to_string());
        *self.writes.entry(task.id).or_default() += 1;
    }

    fn forget_grant(&mut self, id: TaskId) {
        for tasks in self.by_day.values_mut() {
            tasks.remove(&id);
        }
    }

    fn step(&mut self, step: Step) {
        let now = self.now;
        match step {
            Step::Submit {
                file,
                version,
                policy,
                label,
            } => self.submit(file, version, policy, label),
            Step::Claim(count) => self.claim(count),
            Step::Begin { held, write } => self.begin(held, write),
            Step::Finish { held, how } => self.finish(held, how),
            Step::Crash => self.crash(),
            Step::Disable(number) => {
                let result = self
                    .governance()
                    .disable_policy(TENANT, &policy(number), &by(), now);
                if result.is_ok() {
                    self.stopped.insert(number);
                }
            }
            Step::Enable(number) => {
                let result = self
                    .governance()
                    .enable_policy(TENANT, &policy(number), &by(), now);
                if result.is_ok() {
                    self.stopped.remove(&number);
                }
            }
            Step::Delete(number) => {
                self.governance()
                    .delete_policy(TENANT, &policy(number), &by(), now)
                    .unwrap();
                self.stopped.insert(number);
            }
            Step::SetLimit(limit) => {
                for action in CountedAction::ALL {
                    self.governance()
                        .set_limit(TENANT, AppId::BOX, action, DailyLimit(limit), &by(), now)
                        .unwrap();
                }
                self.limit = limit;
            }
            Step::Jump(by) => self.now += by,
            Step::Retry(number) => {
                if let Some(id) = self.pick(number) {
                    let failed = matches!(self.states[&id], TaskState::Failed { .. });
                    match self.governance().retry(id, &by(), now) {
                        Ok(()) => assert!(failed),
                        Err(Error::PolicyDeleted { .. }) => assert!(failed),
                        Err(Error::NotAllowed { .. }) => assert!(!failed),
                        other => panic!("{other:?}"),
                    }
                }
            }
            Step::Cancel(number) => {
                if let Some(id) = self.pick(number) {
                    let kind = self.states[&id].kind();
                    let waits = kind.status() == Status::Pending && kind != StateKind::Running;
                    let result = self.governance().cancel(id, &by(), now);
                    assert_eq!(result.is_ok(), waits, "{kind}");
                }
            }
        }
        self.check();
    }

    fn pick(&self, number: usize) -> Option<TaskId> {
        let ids: Vec<_> = self.accepted.keys().copied().collect();
        (!ids.is_empty()).then(|| ids[number % ids.len()])
    }

    fn submit(&mut self, file: usize, version: usize, number: usize, label: u128) {
        let key = TaskKey {
            tenant: TENANT,
            file: FileKey::new(
                AppId::BOX,
                0,
                FileId::parse(&format!("file {file}")).unwrap(),
            ),
            file_version: FileVersion::parse(&format!("{version}")).unwrap(),
            policy: (number > 0).then(|| policy(number)),
            action: match label {
                0 => ActionKind::Remove,
                3 => ActionKind::AdminQuarantine,
                _ => ActionKind::Apply(LabelKey::new(TENANT, LabelId::from_u128(label))),
            },
        };
        let new = NewTask::new(key.clone(), label as u32, by());
        let now = self.now;
        match self.governance().submit(&[new], now) {
            Ok(answers) => match answers[..] {
                [Submitted::Accepted(id)] => {
                    let known = self.accepted.values().any(|known| *known == key);
                    assert!(!known || key.is_manual());
                    self.accepted.insert(id, key);
                }
                [Submitted::Joined(id)] => {
                    assert_eq!(self.states[&id].status(), Status::Pending);
                    assert_eq!(self.accepted[&id], key);
                }
                [Submitted::AlreadyKnown(id)] => {
                    assert_ne!(self.states[&id].status(), Status::Pending);
                    assert_eq!(self.accepted[&id], key);
                }
                _ => panic!("one answer"),
            },
            Err(Error::PolicyDeleted { .. }) => assert!(self.stopped.contains(&number)),
            Err(other) => panic!("{other}"),
        }
    }

    fn claim(&mut self, count: usize) {
        let now = self.now;
        for task in self.governance().claim(count, now).unwrap() {
            match &self.states[&task.id] {
                TaskState::Queued => {}
                TaskState::Deferred { until: Some(until) } => {
                    // Later than any pause can end: the clock was ahead when it was deferred.
                    let is_wrong = *until > now.saturating_add(PAUSE_MS_MAX);
                    assert!(
                        *until <= now || is_wrong,
                        "deferred until {until}, claimed at {now}"
                    );
                }
                TaskState::Retrying { at, .. } => {
                    let is_wrong = *at > now.saturating_add(NOT_BEFORE_MS_MAX);
                    assert!(
                        *at <= now || is_wrong,
                        "to be retried at {at}, claimed at {now}"
                    );
                }
                other => panic!("{other:?} was claimed"),
            }
            if task.key.action == ActionKind::AdminQuarantine {
                let labelled = self.labelled.get(&task.key.file);
                assert!(
                    labelled.is_none_or(|up_to| *up_to < task.id),
                    "a file with our label"
                );
            }
            self.held.push(Held {
                task,
                granted_on: None,
                wrote: false,
            });
        }
    }

    fn begin(&mut self, number: usize, write: bool) {
        if self.held.is_empty() {
            return;
        }
        let place = number % self.held.len();
        if self.held[place].wrote {
            return;
        }
        let task = self.held[place].task.clone();
        let now = self.now;
        let intent = WriteIntent::new(after(&task));
        let before = self.held[place].granted_on.is_some();
        let grant = match self.governance().begin_write(task.claim(), intent, now) {
            Err(Error::WriteUnderWay { .. }) => {
                // Granted on an earlier day, and never written: its report is due.
                let granted_on = self.held[place].granted_on;
                assert!(granted_on.is_some_and(|day| day != day_of(now)));
                return;
            }
            other => other.unwrap(),
        };
        if grant != WriteGrant::Granted {
            self.forget_grant(task.id);
            self.held.remove(place);
            return;
        }
        let stopped = self
            .stopped
            .iter()
            .any(|number| task.key.policy == Some(policy(*number)));
        assert!(before || !stopped, "a stopped policy's write was granted");
        if let Some(action) = counted(&task) {
            // The twin of the limit: what was written or may be written by grants of today.
            let known = self.by_day.values().any(|tasks| tasks.contains(&task.id));
            if !known || !before {
                self.forget_grant(task.id);
                let today = self.by_day.entry((action, day_of(now))).or_default();
                today.insert(task.id);
                assert!(today.len() <= self.limit as usize, "more than the limit");
            }
        }
        self.held[place].granted_on = Some(day_of(now));
        let most = self.most.entry(day_of(now)).or_default();
        *most = self.limit.max(*most);
        if write {
            self.really_write(&task);
            self.held[place].wrote = true;
        }
    }

    fn finish(&mut self, number: usize, how: usize) {
        if self.held.is_empty() {
            return;
        }
        let Held {
            task,
            granted_on,
            wrote,
        } = self.held.remove(number % self.held.len());
        let effect = WriteEffect::Nothing;
        let reason = reason();
        let outcome = match how {
            _ if wrote => TaskOutcome::Succeeded {
                version: after(&task),
            },
            // Leave to write holds on its day.
            0 | 1 if granted_on == Some(day_of(self.now)) => {
                self.really_write(&task);
                TaskOutcome::Succeeded {
                    version: after(&task),
                }
            }
            2 => TaskOutcome::Skipped { reason, effect },
            3 => TaskOutcome::Failed { reason, effect },
            _ => TaskOutcome::Retry {
                reason,
                effect,
                not_before: None,
            },
        };
        if !matches!(outcome, TaskOutcome::Succeeded { .. }) {
            self.forget_grant(task.id);
        }
        let now = self.now;
        let succeeded = matches!(outcome, TaskOutcome::Succeeded { .. });
        self.governance()
            .finish(task.claim(), outcome, now)
            .unwrap();
        if succeeded {
            self.remember_label(&task);
        }
    }

    fn remember_label(&mut self, task: &Task) {
        let file = task.key.file.clone();
        match task.key.action {
            ActionKind::Apply(_) => {
                let last = self.accepted.keys().next_back().copied();
                self.labelled.insert(file, last.unwrap_or_default());
            }
            ActionKind::Remove => drop(self.labelled.remove(&file)),
            ActionKind::AdminQuarantine => {}
        }
    }

    fn crash(&mut self) {
        let running = self.held.len();
        self.held.clear();
        let store = self.governance.take().unwrap().into_store();
        let store = self.source.reopen(store).unwrap();
        self.governance = Some(Governance::open(store, Settings::default()).unwrap());
        let interrupted = self.governance().interrupted().unwrap();
        assert_eq!(interrupted.len(), running);
        let now = self.now;
        for task in interrupted {
            let present = self.files.get(&task.key.file).cloned();
            let intended = task.intent.as_ref().map(|i| i.after_version.to_string());
            if intended.is_some() && intended == present {
                let version = after(&task);
                let outcome = TaskOutcome::Succeeded { version };
                self.governance()
                    .finish(task.claim(), outcome, now)
                    .unwrap();
                self.remember_label(&task);
            } else {
                self.forget_grant(task.id);
                self.governance()
                    .requeue(task.claim(), WriteEffect::Nothing, now)
                    .unwrap();
            }
        }
        assert!(self.governance().interrupted().unwrap().is_empty());
    }

    fn check(&mut self) {
        let tasks = self.all_tasks();
        assert_eq!(tasks.len(), self.accepted.len(), "a task was lost");
        let mut running = BTreeSet::new();
        for task in tasks {
            assert_eq!(self.accepted.get(&task.id), Some(&task.key));
            let kind = task.state_kind();
            if kind == StateKind::Running {
                assert!(running.insert(task.key.file.clone()), "two on one file");
            }
            let writes = self.writes.get(&task.id).copied().unwrap_or(0);
            assert!(writes <= 1, "written twice");
            assert!(kind != StateKind::Succeeded || writes == 1, "never written");
            if writes == 1 {
                assert!(matches!(kind, StateKind::Succeeded | StateKind::Running));
            }
            if let Some(before) = self.states.insert(task.id, task.state.clone()) {
                let over = matches!(
                    before.kind(),
                    StateKind::Succeeded | StateKind::Skipped | StateKind::Cancelled
                );
                assert!(!over || before == task.state, "{before:?} came back");
            }
        }
        let now = self.now;
        for action in CountedAction::ALL {
            let allowance = self.governance().allowance(TENANT, AppId::BOX, action, now);
            let today = (action, day_of(now));
            let today = self.by_day.get(&today).map_or(0, BTreeSet::len);
            assert!(allowance.unwrap().used as usize >= today, "a unit was lost");
        }
    }

    /// Lets everything that still can happen happen: nothing may be stuck.
    fn settle(&mut self) {
        self.crash();
        for number in 1..=POLICIES {
            let now = self.now;
            match self
                .governance()
                .enable_policy(TENANT, &policy(number), &by(), now)
            {
                Ok(_) => {
                    self.stopped.remove(&number);
                }
                Err(Error::PolicyDeleted { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
        self.step(Step::SetLimit(1000));
        self.step(Step::Jump(3 * DAY_MS));
        for _ in 0..200 {
            self.step(Step::Claim(10));
            if self.held.is_empty() {
                break;
            }
            while let Some(id) = self.held.first().map(|held| held.task.id) {
                self.step(Step::Begin {
                    held: 0,
                    write: true,
                });
                if self.held.first().is_some_and(|held| held.task.id == id) {
                    self.step(Step::Finish { held: 0, how: 0 });
                }
            }
        }
        for task in self.all_tasks() {
            assert_ne!(task.state.status(), Status::Pending, "{task:?} is stuck");
        }
    }
}

/// Runs the steps and gives all that is left in the store.
fn run(source: &mut dyn StoreSource, steps: &[Step]) -> (Vec<Task>, Vec<LogEntry>) {
    let mut world = World::new(source);
    for step in steps {
        world.step(step.clone());
    }
    world.settle();
    let tasks = world.all_tasks();
    let log = world.governance().log(&LogFilter::default(), 0, 1000);
    (tasks, log.unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn r_155_r_161_never_too_many_never_lost_never_twice(steps in steps()) {
        run(&mut MemorySource, &steps);
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::*;
    use governance::store::SqliteStore;
    use tempfile::TempDir;

    struct SqliteSource(TempDir);

    impl SqliteSource {
        fn open(&self) -> Result<Box<dyn Store>, Error> {
            Ok(Box::new(SqliteStore::open(self.0.path().join("tasks.db"))?))
        }
    }

    impl StoreSource for SqliteSource {
        fn fresh(&mut self) -> Result<Box<dyn Store>, Error> {
            self.open()
        }

        fn reopen(&mut self, store: Box<dyn Store>) -> Result<Box<dyn Store>, Error> {
            drop(store);
            self.open()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn r_160_the_durable_store_does_what_the_one_in_memory_does(steps in steps()) {
            let folder = tempfile::tempdir().unwrap();
            let durable = run(&mut SqliteSource(folder), &steps);
            prop_assert_eq!(durable, run(&mut MemorySource, &steps));
        }
    }
}
