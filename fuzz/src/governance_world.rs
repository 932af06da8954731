//! A small world beside a store of label tasks: what the promises are checked against.

use std::collections::{BTreeMap, BTreeSet};

use governance::quota::{PAUSE_MS_MAX, day_of};
use governance::store::{LogFilter, MemoryStore, TaskFilter};
use governance::{
    ActionKind, CountedAction, DailyLimit, Error, FileVersion, Governance, Initiator, ManualTasks,
    NOT_BEFORE_MS_MAX, NewTask, PolicyOrder, Reason, Settings, StateKind, Status, Submitted, Task,
    TaskId, TaskKey, TaskOutcome, TaskState, WriteEffect, WriteGrant, WriteIntent,
};
use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};

const START_MS: i64 = 1_609_837_200_000; // 2021-01-05 09:00 UTC
const HOUR_MS: i64 = 3_600_000;
const TENANT: TenantId = TenantId::from_u128(1);
const APPS: [AppId; 2] = [AppId::BOX, AppId::ONEDRIVE];
const POLICIES: u8 = 3;
const OPERATIONS_MAX: usize = 400;

/// A task in a worker's hands.
struct Held {
    task: Task,
    granted: bool,
    wrote: bool,
}

/// Where the unit of a task counts.
struct Spent {
    app: AppId,
    action: CountedAction,
    day: i64,
    task: TaskId,
    /// The file was written or may have been: it stays, whatever comes.
    for_good: bool,
}

pub struct World {
    governance: Option<Governance<MemoryStore>>,
    settings: Settings,
    now: i64,
    limits: BTreeMap<AppId, u32>,
    held: Vec<Held>,
    stopped: BTreeSet<u8>,
    files: BTreeMap<FileKey, String>,
    writes: BTreeMap<TaskId, usize>,
    spent: Vec<Spent>,
    accepted: BTreeMap<TaskId, TaskKey>,
    states: BTreeMap<TaskId, TaskState>,
}

/// The operations of an input, byte by byte; zeros when they run out.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> i64 {
        i64::from_le_bytes([(); 8].map(|()| self.next()))
    }
}

fn policy(number: u8) -> PolicyId {
    PolicyId::parse(&format!("p{number}")).expect("a short id")
}

fn by() -> Initiator {
    Initiator::parse("admin").expect("a short name")
}

fn after(task: &Task) -> FileVersion {
    FileVersion::parse(&format!("task {} claim {}", task.id, task.custody.claims)).expect("short")
}

/// Plays an input.
pub fn play(input: &[u8]) {
    let mut bytes = Bytes(input);
    let head = bytes.next();
    let mut settings = Settings::default();
    if head & 1 != 0 {
        settings.manual_tasks = ManualTasks::Counted;
    }
    if head & 2 != 0 {
        settings.retry.locked.tries_max = 2;
        settings.retry.interrupted.tries_max = 2;
    }
    if head & 4 != 0 {
        settings.pending_max = 5;
    }
    if head & 8 != 0 {
        settings.retry.locked.first_ms = i64::MAX;
    }
    let governance = Governance::open(MemoryStore::new(), settings).expect("memory doesn't fail");
    let mut world = World {
        governance: Some(governance),
        settings,
        now: START_MS,
        limits: APPS.map(|app| (app, 100)).into(),
        held: Vec::new(),
        stopped: BTreeSet::new(),
        files: BTreeMap::new(),
        writes: BTreeMap::new(),
        spent: Vec::new(),
        accepted: BTreeMap::new(),
        states: BTreeMap::new(),
    };
    for app in APPS {
        world.set_limit(app, u32::from(head >> 4));
    }
    for _ in 0..OPERATIONS_MAX {
        if bytes.0.is_empty() {
            break;
        }
        world.step(&mut bytes);
        world.check();
    }
    world.settle();
}

impl World {
    fn governance(&mut self) -> &mut Governance<MemoryStore> {
        self.governance.as_mut().expect("open")
    }

    fn set_limit(&mut self, app: AppId, limit: u32) {
        let now = self.now;
        for action in CountedAction::ALL {
            self.governance()
                .set_limit(TENANT, app, action, DailyLimit(limit), &by(), now)
                .expect("a limit");
        }
        self.limits.insert(app, limit);
    }

    fn step(&mut self, bytes: &mut Bytes<'_>) {
        let now = self.now;
        match bytes.next() % 16 {
            0 | 1 => self.submit(bytes),
            2 => {
                let count = usize::from(bytes.next() % 8);
                self.claim(count);
            }
            3 | 4 => {
                let (at, write) = (bytes.next(), bytes.next() & 1 != 0);
                self.begin(usize::from(at), write);
            }
            5 | 6 => {
                let (at, how) = (bytes.next(), bytes.next());
                self.finish(usize::from(at), how);
            }
            7 => self.crash(bytes.next()),
            8 => {
                let number = 1 + bytes.next() % POLICIES;
                match self
                    .governance()
                    .disable_policy(TENANT, &policy(number), &by(), now)
                {
                    Ok(_) => {
                        self.stopped.insert(number);
                    }
                    Err(Error::PolicyDeleted { .. }) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            9 => {
                let number = 1 + bytes.next() % POLICIES;
                self.enable(number);
            }
            10 => {
                let number = 1 + bytes.next() % POLICIES;
                self.governance()
                    .delete_policy(TENANT, &policy(number), &by(), now)
                    .expect("deleting");
                self.stopped.insert(number);
            }
            11 => {
                let app = APPS[usize::from(bytes.next() & 1)];
                let limit = u32::from(bytes.next() % 5);
                self.set_limit(app, limit);
            }
            12 => {
                let hours = i64::from(bytes.next() as i8);
                self.now = self.now.saturating_add(hours * HOUR_MS + 60_000);
            }
            13 => match bytes.next() % 8 {
                0 => self.now = bytes.number(),
                1 => self.now = i64::MAX,
                2 => self.now = i64::MIN,
                3 => self.now = START_MS,
                _ => {
                    // The last instant of the day, or the first ones around noon.
                    let day = day_of(self.now).saturating_mul(governance::quota::DAY_MS);
                    let at = [86_399_999, 43_199_999, 43_200_000, 0];
                    let at = at[usize::from(bytes.next() % 4)];
                    self.now = day.saturating_add(at);
                }
            },
            14 => {
                if let Some(id) = self.pick(bytes.next()) {
                    let failed = self.states[&id].kind() == StateKind::Failed;
                    match self.governance().retry(id, &by(), now) {
                        Ok(()) | Err(Error::PolicyDeleted { .. }) => assert!(failed),
                        Err(Error::NotAllowed { .. }) => assert!(!failed),
                        other => panic!("{other:?}"),
                    }
                }
            }
            _ => {
                if let Some(id) = self.pick(bytes.next()) {
                    let kind = self.states[&id].kind();
                    let waits = kind.status() == Status::Pending && kind != StateKind::Running;
                    let result = self.governance().cancel(id, &by(), now);
                    assert_eq!(result.is_ok(), waits, "{kind}");
                }
            }
        }
    }

    fn enable(&mut self, number: u8) {
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

    fn pick(&self, number: u8) -> Option<TaskId> {
        let ids: Vec<_> = self.accepted.keys().copied().collect();
        (!ids.is_empty()).then(|| ids[usize::from(number) % ids.len()])
    }

    fn submit(&mut self, bytes: &mut Bytes<'_>) {
        let shape = bytes.next();
        let (file, app) = (shape & 7, APPS[usize::from(shape >> 3 & 1)]);
        let version = shape >> 4 & 1;
        let shape = bytes.next();
        let number = shape & 3;
        let label = u128::from(shape >> 2 & 3);
        let key = TaskKey {
            tenant: TENANT,
            file: FileKey::new(
                app,
                0,
                FileId::parse(&format!("file {file}")).expect("short"),
            ),
            file_version: FileVersion::parse(&format!("{version}")).expect("short"),
            policy: (number > 0).then(|| policy(number)),
            action: match label {
                0 => ActionKind::Remove,
                3 => ActionKind::AdminQuarantine,
                _ => ActionKind::Apply(LabelKey::new(TENANT, LabelId::from_u128(label))),
            },
        };
        let mut new = NewTask::new(key.clone(), label as u32, by());
        new.policy_order = PolicyOrder {
            priority: (shape & 16 != 0).then_some(u32::from(shape >> 5)),
            created_ms: i64::from(shape),
        };
        let now = self.now;
        match self.governance().submit(&[new], now) {
            Ok(answers) => match answers[..] {
                [Submitted::Accepted(id)] => {
                    let known = self.accepted.values().any(|known| *known == key);
                    assert!(!known || key.is_manual(), "twice");
                    self.accepted.insert(id, key);
                }
                [Submitted::Joined(id) | Submitted::AlreadyKnown(id)] => {
                    assert_eq!(self.accepted[&id], key);
                }
                _ => panic!("one answer"),
            },
            Err(Error::PolicyDeleted { .. }) => assert!(self.stopped.contains(&number)),
            Err(Error::QueueFull { .. }) => {
                let pending = self.states.values().map(TaskState::status);
                let pending = pending.filter(|status| *status == Status::Pending).count();
                assert!(pending as u64 >= self.settings.pending_max, "not full");
            }
            Err(other) => panic!("{other}"),
        }
    }

    fn claim(&mut self, count: usize) {
        let now = self.now;
        let tasks = self.governance().claim(count, now).expect("claiming");
        assert!(tasks.len() <= count);
        for task in tasks {
            match &self.states[&task.id] {
                TaskState::Queued => {}
                TaskState::Deferred { until: Some(until) } => {
                    // Later than any pause can end: the clock was ahead when it was deferred.
                    let is_wrong = *until > now.saturating_add(PAUSE_MS_MAX);
                    assert!(*until <= now || is_wrong, "too early");
                }
                TaskState::Retrying { at, .. } => {
                    let is_wrong = *at > now.saturating_add(NOT_BEFORE_MS_MAX);
                    assert!(*at <= now || is_wrong, "too early");
                }
                other => panic!("{other:?} was claimed"),
            }
            self.held.push(Held {
                task,
                granted: false,
                wrote: false,
            });
        }
    }

    fn counted(&self, task: &Task) -> Option<CountedAction> {
        let counts = self.settings.manual_tasks == ManualTasks::Counted || !task.key.is_manual();
        task.key.action.counted().filter(|_| counts)
    }

    /// The unit of a task that was not used goes back.
    fn give_back(&mut self, id: TaskId) {
        self.spent
            .retain(|spent| spent.task != id || spent.for_good);
    }

    fn keep(&mut self, id: TaskId) {
        for spent in &mut self.spent {
            spent.for_good |= spent.task == id;
        }
    }

    fn begin(&mut self, number: usize, write: bool) {
        if self.held.is_empty() {
            return;
        }
        let place = number % self.held.len();
        let (task, before) = (self.held[place].task.clone(), self.held[place].granted);
        if self.held[place].wrote {
            return;
        }
        let now = self.now;
        let intent = WriteIntent::new(after(&task));
        let grant = match self.governance().begin_write(task.claim(), intent, now) {
            Err(Error::WriteUnderWay { .. }) => {
                // Granted on an earlier day, and today has nothing left: its report is due.
                assert!(before, "nothing was granted");
                return;
            }
            other => other.expect("the claim holds"),
        };
        if grant != WriteGrant::Granted {
            self.give_back(task.id);
            self.held.remove(place);
            return;
        }
        let stopped = self
            .stopped
            .iter()
            .any(|number| task.key.policy == Some(policy(*number)));
        assert!(before || !stopped, "a stopped policy's write was granted");
        if let Some(action) = self.counted(&task) {
            let (app, day) = (task.key.file.app, day_of(now));
            if before {
                // Asked again: the label counts on the day of the last grant.
                for spent in &mut self.spent {
                    if spent.task == task.id && !spent.for_good {
                        spent.day = day;
                    }
                }
            } else {
                self.give_back(task.id);
                self.spent.push(Spent {
                    app,
                    action,
                    day,
                    task: task.id,
                    for_good: false,
                });
            }
            let used = self
                .spent
                .iter()
                .filter(|spent| (spent.app, spent.action, spent.day) == (app, action, day))
                .count();
            assert!(
                before || used <= self.limits[&app] as usize,
                "{used} labels, but the limit is {}",
                self.limits[&app]
            );
        }
        self.held[place].granted = true;
        if write {
            self.write(&task);
            self.held[place].wrote = true;
        }
    }

    fn write(&mut self, task: &Task) {
        self.files
            .insert(task.key.file.clone(), after(task).to_string());
        *self.writes.entry(task.id).or_default() += 1;
        self.keep(task.id);
    }

    fn finish(&mut self, number: usize, how: u8) {
        if self.held.is_empty() {
            return;
        }
        let held = self.held.remove(number % self.held.len());
        let (task, now) = (held.task, self.now);
        let effect = if how & 8 != 0 {
            WriteEffect::Possible
        } else {
            WriteEffect::Nothing
        };
        let reason = Reason::new("locked");
        let version = after(&task);
        let outcome = match how % 8 {
            _ if held.wrote => TaskOutcome::Succeeded { version },
            0..=2 if held.granted => {
                self.write(&task);
                TaskOutcome::Succeeded { version }
            }
            3 => {
                // A success without a grant is refused and changes nothing.
                if !held.granted {
                    let outcome = TaskOutcome::Succeeded { version };
                    let refused = self.governance().finish(task.claim(), outcome, now);
                    assert!(matches!(refused, Err(Error::NoGrant { .. })), "{refused:?}");
                }
                TaskOutcome::Skipped { reason, effect }
            }
            4 => TaskOutcome::Failed { reason, effect },
            5 => TaskOutcome::Retry {
                reason,
                effect,
                not_before: Some(now.saturating_add(i64::from(how) << 24)),
            },
            _ => TaskOutcome::Retry {
                reason,
                effect,
                not_before: None,
            },
        };
        if !matches!(outcome, TaskOutcome::Succeeded { .. }) {
            match effect {
                WriteEffect::Nothing => self.give_back(task.id),
                WriteEffect::Possible => self.keep(task.id),
            }
        }
        let reports = [(task.claim(), outcome.clone())];
        if how & 16 != 0 {
            let answers = self
                .governance()
                .finish_all(&reports, now)
                .expect("reports");
            assert!(matches!(answers[..], [Ok(_)]), "{answers:?}");
        } else {
            self.governance()
                .finish(task.claim(), outcome.clone(), now)
                .expect("the claim holds");
        }
        let late = self.governance().finish(task.claim(), outcome, now);
        assert!(matches!(late, Err(Error::StaleClaim { .. })), "{late:?}");
    }

    fn crash(&mut self, how: u8) {
        let running = self.held.len();
        self.held.clear();
        let store = self.governance.take().expect("open").into_store();
        self.governance = Some(Governance::open(store, self.settings).expect("opens"));
        let interrupted = self.governance().interrupted().expect("a list");
        assert_eq!(interrupted.len(), running, "running tasks");
        let now = self.now;
        for task in interrupted {
            let present = self.files.get(&task.key.file);
            let intended = task.intent.as_ref().map(|i| i.after_version.to_string());
            if intended.is_some() && intended.as_ref() == present {
                let version = after(&task);
                self.governance()
                    .finish(task.claim(), TaskOutcome::Succeeded { version }, now)
                    .expect("the claim holds");
                continue;
            }
            let effect = if how & 1 != 0 {
                self.keep(task.id);
                WriteEffect::Possible
            } else {
                self.give_back(task.id);
                WriteEffect::Nothing
            };
            self.governance()
                .requeue(task.claim(), effect, now)
                .expect("the claim holds");
        }
        assert!(self.governance().interrupted().expect("a list").is_empty());
    }

    fn tasks(&mut self) -> Vec<Task> {
        self.governance()
            .tasks(&TaskFilter::default(), TaskId(0), 1000)
            .expect("a page")
    }

    fn check(&mut self) {
        let tasks = self.tasks();
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
                assert!(
                    matches!(kind, StateKind::Succeeded | StateKind::Running),
                    "written, but {kind}"
                );
            }
            if let Some(before) = self.states.insert(task.id, task.state.clone()) {
                let over = matches!(
                    before.kind(),
                    StateKind::Succeeded | StateKind::Skipped | StateKind::Cancelled
                );
                assert!(!over || before == task.state, "{before:?} came back");
            }
            let now = self.now;
            let why = self.governance().why(task.id, now).expect("a reason");
            assert_eq!(why.state, kind);
            assert!(!why.sentence.is_empty());
        }
        let now = self.now;
        for app in APPS {
            for action in CountedAction::ALL {
                let allowance = self.governance().allowance(TENANT, app, action, now);
                let allowance = allowance.expect("an allowance");
                assert_eq!(allowance.limit, DailyLimit(self.limits[&app]));
            }
            let counts = self.governance().counts(TENANT, app).expect("counts");
            let counted: u64 = StateKind::ALL.iter().map(|kind| counts.of(*kind)).sum();
            let known = self.accepted.values().filter(|key| key.file.app == app);
            assert_eq!(counted, known.count() as u64, "counts");
        }
        self.governance()
            .log(&LogFilter::default(), 0, 1000)
            .expect("a log");
        self.governance().next_due().expect("a time");
    }

    /// Lets everything happen that still can: nothing may be stuck.
    fn settle(&mut self) {
        self.now = self.now.clamp(START_MS, START_MS * 2);
        self.crash(0);
        for number in 1..=POLICIES {
            self.enable(number);
        }
        for app in APPS {
            self.set_limit(app, 1000);
        }
        for _ in 0..100 {
            self.check();
            let due = self.governance().next_due().expect("a time");
            self.now = self.now.max(due.unwrap_or(self.now));
            if due.is_some_and(|due| due > START_MS * 4) {
                // Waits for a time that a broken clock named.
                return;
            }
            self.claim(100);
            if self.held.is_empty() && due.is_none() {
                break;
            }
            while let Some(id) = self.held.first().map(|held| held.task.id) {
                self.begin(0, true);
                self.check();
                if self.held.first().is_some_and(|held| held.task.id == id) {
                    self.finish(0, 0);
                    self.check();
                }
            }
        }
        self.check();
        for task in self.tasks() {
            assert_ne!(task.state.status(), Status::Pending, "{task:?} is stuck");
        }
    }
}
