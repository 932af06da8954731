//! Deterministic lives of a store: from one seed come submissions, switches, workers that hang,
//! crashes between any two operations of the store, failed writes, lost answers and clock jumps.
//!
//! Beside the store stands a small world of files that are only written on the condition that they
//! are as they were looked at. Workers that are slow write after their lease has ended, and even after
//! somebody else has taken over; but none writes on another day than leave was given on. After each life
//! the history is checked: nothing acknowledged is lost, nothing takes effect twice, no more is really
//! written on a day than its limit, and every task ends or says why not, also where the clock was years
//! ahead for a while.
//!
//! `SEEDS` says how many lives (500), `SEED` with which they begin (1).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use governance::store::MemoryStore;
use governance::{
    ActionKind, CountedAction, DailyLimit, DayReading, Error, FileVersion, Governance, Initiator,
    LEASE_MS_MAX, ManualTasks, NewTask, Reason, Repeat, Settings, StateKind, Status, Submitted,
    Task, TaskFilter, TaskId, TaskKey, TaskOutcome, TaskState, Worker, WriteEffect, WriteGrant,
    WriteIntent,
};
use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};
use support::failing::{Failing, Fuse};

const START: i64 = 1_609_837_200_000; // 2021-01-05 09:00 UTC
const HOUR: i64 = 3_600_000;
const LEASE: i64 = 600_000;
const TENANT: TenantId = TenantId::from_u128(1);
const APPS: [AppId; 2] = [AppId::BOX, AppId::ONEDRIVE];
const FILES: u64 = 6;
const STEPS: u64 = 150;
/// How far the clock is ahead when it is wrong.
const YEARS: i64 = 3_000 * 24 * HOUR;

/// A stream of numbers that a seed determines.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        // The constants of a usual 64-bit generator; the high bits are mixed down.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mixed = self.0 ^ (self.0 >> 33);
        mixed.wrapping_mul(0xff51_afd7_ed55_8ccd) >> 11
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap()
    }
}

/// A task in a worker's hands.
struct Held {
    task: Task,
    /// The day of the latest leave to write.
    granted_on: Option<i64>,
    wrote: bool,
    /// The worker has fallen silent; it may wake up.
    hangs: bool,
}

struct World {
    numbers: Numbers,
    governance: Option<Governance<Failing>>,
    fuse: Fuse,
    settings: Settings,
    now: i64,
    limits: BTreeMap<AppId, u32>,
    held: Vec<Held>,
    /// The version that each file has, and the task that wrote it last.
    files: BTreeMap<FileKey, u64>,
    edits: u64,
    writes: BTreeMap<TaskId, usize>,
    /// Tasks with a unit as far as we were told, by app, action and day.
    units: BTreeMap<(AppId, CountedAction, i64), BTreeSet<TaskId>>,
    /// What was really written, by app, action and the day of the write.
    written: BTreeMap<(AppId, CountedAction, i64), usize>,
    /// The largest limit that stood on a day when leave was given.
    most: BTreeMap<(AppId, i64), u32>,
    is_ahead: bool,
    accepted: BTreeMap<TaskId, TaskKey>,
    /// Tasks that were over, and forgotten, and the keys of those that policies asked for.
    forgotten: BTreeSet<TaskId>,
    forgotten_keys: BTreeSet<TaskKey>,
    ended: BTreeMap<TaskId, TaskState>,
}

fn by() -> Initiator {
    Initiator::parse("admin").unwrap()
}

fn policy(number: u64) -> PolicyId {
    PolicyId::parse(&format!("p{number}")).unwrap()
}

fn label(number: u64) -> LabelKey {
    LabelKey::new(TENANT, LabelId::from_u128(number.into()))
}

fn version(number: u64) -> FileVersion {
    FileVersion::parse(&number.to_string()).unwrap()
}

fn after(task: &Task) -> u64 {
    1_000_000 + task.id.0
}

fn worker() -> Worker {
    Worker::parse("w").unwrap()
}

impl World {
    fn new(seed: u64) -> Self {
        let mut numbers = Numbers(seed);
        let mut settings = Settings::default();
        if numbers.below(2) == 0 {
            settings.day = DayReading::Window;
        }
        if numbers.below(2) == 0 {
            settings.manual_tasks = ManualTasks::Counted;
        }
        settings.freeze.turns_max = 2;
        let fuse = Fuse::default();
        let store = Failing {
            inner: MemoryStore::new(),
            fuse: fuse.clone(),
        };
        let mut world = Self {
            numbers,
            governance: Some(Governance::open(store, settings).unwrap()),
            fuse,
            settings,
            now: START,
            limits: BTreeMap::new(),
            held: Vec::new(),
            files: BTreeMap::new(),
            edits: 0,
            writes: BTreeMap::new(),
            units: BTreeMap::new(),
            written: BTreeMap::new(),
            most: BTreeMap::new(),
            is_ahead: false,
            accepted: BTreeMap::new(),
            forgotten: BTreeSet::new(),
            forgotten_keys: BTreeSet::new(),
            ended: BTreeMap::new(),
        };
        for app in APPS {
            world.set_limit(app, 2);
        }
        world
    }

    fn governance(&mut self) -> &mut Governance<Failing> {
        self.governance.as_mut().unwrap()
    }

    /// Asks for something. Where the store fails, it is asked once more, or the process ends.
    fn ask<T>(
        &mut self,
        deed: impl Fn(&mut Governance<Failing>) -> Result<T, Error>,
    ) -> Option<Result<T, Error>> {
        match self.numbers.below(12) {
            0 => {
                let left = u32::try_from(self.numbers.below(40)).unwrap();
                self.fuse.0.set(Some(left));
            }
            1 => self.fuse.1.set(true),
            _ => {}
        }
        let answer = deed(self.governance());
        self.fuse.0.set(None);
        self.fuse.1.set(false);
        match answer {
            Err(Error::Unavailable { .. }) => {
                if self.numbers.below(2) == 0 {
                    self.crash();
                    return None;
                }
                // Perhaps it was done all the same: everything can be asked twice.
                Some(deed(self.governance()))
            }
            other => Some(other),
        }
    }

    fn set_limit(&mut self, app: AppId, limit: u32) {
        let now = self.now;
        let limited = |g: &mut Governance<Failing>| {
            CountedAction::ALL.into_iter().try_for_each(|action| {
                let limit = DailyLimit(limit);
                g.set_limit(TENANT, app, action, limit, &by(), now)
                    .map(drop)
            })
        };
        // Until it is known which one stands.
        while self.ask(limited).is_none_or(|answer| answer.is_err()) {}
        self.limits.insert(app, limit);
    }

    fn file(&mut self) -> FileKey {
        let number = self.numbers.below(FILES);
        let app = APPS[self.numbers.pick(2)];
        FileKey::new(app, 0, FileId::parse(&format!("f{number}")).unwrap())
    }

    fn present(&self, file: &FileKey) -> u64 {
        self.files.get(file).copied().unwrap_or(0)
    }

    fn step(&mut self) {
        let now = self.now;
        match self.numbers.below(40) {
            0..10 => self.submit(),
            10..15 => {
                let count = self.numbers.pick(3) + 1;
                let claimed = self.ask(move |g| g.claim_for(&worker(), LEASE, count, now));
                self.hold(claimed);
            }
            15..25 => self.work(),
            25 | 37 => {
                let taken = self.ask(move |g| g.take_over(&worker(), LEASE, 5, now));
                let Some(Ok(tasks)) = taken else { return };
                for task in tasks {
                    // Whoever had it may be slow instead of dead.
                    self.settle(&task, WriteEffect::Possible);
                    // Called off, it needs its unit no more; but the slow one may still write.
                    let cancelled = match self.numbers.below(2) {
                        0 => self.ask(|g| g.cancel(task.id, &by(), now)).is_some(),
                        _ => true,
                    };
                    if !cancelled {
                        // The process ended, and the next one has settled the others.
                        return;
                    }
                }
            }
            26 => self.crash(),
            27 => {
                // Somebody edits a file.
                let file = self.file();
                self.edits += 1;
                self.files.insert(file, self.edits);
            }
            28 | 29 => {
                let (number, on) = (self.numbers.below(3) + 1, self.numbers.below(2) == 0);
                self.ask(move |g| {
                    let policy = policy(number);
                    if on {
                        g.enable_policy(TENANT, &policy, &by(), now)
                    } else {
                        g.disable_policy(TENANT, &policy, &by(), now)
                    }
                });
            }
            30 if self.numbers.below(4) == 0 => {
                self.ask(move |g| g.delete_policy(TENANT, &policy(3), &by(), now));
            }
            31 => {
                let (number, on) = (self.numbers.below(3) + 1, self.numbers.below(2) == 0);
                self.ask(move |g| {
                    if on {
                        g.enable_label(label(number), &by(), now)
                    } else {
                        g.disable_label(label(number), &by(), now)
                    }
                });
            }
            32 => {
                let app = APPS[self.numbers.pick(2)];
                let limit = u32::try_from(self.numbers.below(4)).unwrap();
                self.set_limit(app, limit);
            }
            33..36 => {
                // Mostly hours, sometimes just as long as it takes a lease to end.
                let hours = i64::try_from(self.numbers.below(30)).unwrap() - 6;
                self.now += match self.numbers.below(2) {
                    0 => LEASE,
                    _ => hours * HOUR + 60_000,
                };
                if self.is_ahead || self.numbers.below(10) == 0 {
                    self.turn_clock();
                }
            }
            36 if self.numbers.below(3) == 0 => self.trim(),
            _ => self.administer(),
        }
    }

    /// The clock is years ahead from now on, or right again.
    fn turn_clock(&mut self) {
        self.now += if self.is_ahead { -YEARS } else { YEARS };
        self.is_ahead = !self.is_ahead;
    }

    fn trim(&mut self) {
        let (before, now) = (self.tasks(), self.now);
        self.ask(move |g| g.trim_tasks(TaskId(0), now));
        let left: BTreeSet<_> = self.tasks().iter().map(|task| task.id).collect();
        for task in before.iter().filter(|task| !left.contains(&task.id)) {
            assert_ne!(task.state.status(), Status::Pending, "{task:?} was open");
            self.accepted.remove(&task.id);
            self.forgotten.insert(task.id);
            if !task.key.is_manual() {
                self.forgotten_keys.insert(task.key.clone());
            }
        }
    }

    fn administer(&mut self) {
        let now = self.now;
        let ids: Vec<_> = self.accepted.keys().copied().collect();
        if ids.is_empty() {
            return;
        }
        let id = ids[self.numbers.pick(ids.len())];
        match self.numbers.below(5) {
            0 => drop(self.ask(move |g| g.cancel(id, &by(), now))),
            1 => drop(self.ask(move |g| g.retry(id, &by(), now))),
            2 => drop(self.ask(move |g| g.confirm(&[id], &by(), now))),
            3 => {
                if let Some(Ok(undoing)) = self.ask(move |g| g.revert(id, &by(), now)) {
                    let key = self.governance().task(undoing).unwrap().key;
                    self.accepted.insert(undoing, key);
                }
            }
            _ => {
                let file = self.file();
                self.ask(move |g| g.unfreeze_file(TENANT, &file, &by(), now));
            }
        }
    }

    fn submit(&mut self) {
        let now = self.now;
        let file = self.file();
        let number = self.numbers.below(4);
        let action = match self.numbers.below(5) {
            0 => ActionKind::Remove,
            4 => ActionKind::AdminQuarantine,
            other => ActionKind::Apply(label(other)),
        };
        let key = TaskKey {
            tenant: TENANT,
            file_version: version(self.present(&file)),
            file,
            policy: (number > 0).then(|| policy(number)),
            action,
        };
        let priority = u32::try_from(self.numbers.below(3)).unwrap();
        let mut new = NewTask::new(key.clone(), priority, by());
        if self.numbers.below(3) == 0 {
            new.repeat = Repeat::WhenOver;
        }
        let request = self.numbers.below(6) == 0;
        // No file comes back to a version, so the file has been as it is since that was asked for.
        let was_done = new.repeat == Repeat::Never && self.forgotten_keys.contains(&key);
        let answer = self.ask(move |g| {
            let tasks = [new.clone()];
            if request {
                g.request(&tasks, now)
            } else {
                g.submit(&tasks, now)
            }
        });
        match answer {
            Some(Ok(answers)) => {
                let id = answers[0].id();
                if matches!(answers[0], Submitted::Accepted(_)) {
                    let is_known = self.accepted.contains_key(&id) || self.forgotten.contains(&id);
                    assert!(!is_known, "a number was given twice");
                    assert!(!was_done, "{key:?} is done with (R-143)");
                }
                self.accepted.insert(id, key);
            }
            Some(Err(Error::PolicyDeleted { .. })) | None => {}
            Some(Err(other)) => panic!("{other}"),
        }
    }

    fn hold(&mut self, claimed: Option<Result<Vec<Task>, Error>>) {
        for task in claimed.and_then(Result::ok).unwrap_or_default() {
            let hangs = self.numbers.below(4) == 0;
            self.held.push(Held {
                task,
                granted_on: None,
                wrote: false,
                hangs,
            });
        }
    }

    /// One of the workers goes on: asks for leave, writes, or reports. Any of them may hang next.
    fn work(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let place = self.numbers.pick(self.held.len());
        if self.held[place].hangs {
            // Once in a while one wakes up.
            if self.numbers.below(4) == 0 {
                self.held[place].hangs = false;
            }
            return;
        }
        if self.numbers.below(10) == 0 {
            self.held[place].hangs = true;
            return;
        }
        let Some(granted_on) = self.held[place].granted_on else {
            return self.begin(place);
        };
        let task = self.held[place].task.clone();
        let is_of_today = granted_on == self.settings.day.day_of(self.now);
        // Leave to write holds on its day: on the next, it asks again or gives up.
        if !is_of_today && !self.held[place].wrote && self.numbers.below(2) == 0 {
            return self.begin(place);
        }
        // A slow one does not see that its lease has ended; its write is on condition all the same.
        let ended = (task.custody.lease.as_ref()).is_some_and(|lease| lease.has_ended(self.now));
        let writes = !ended || self.numbers.below(2) == 0;
        let is_fresh = version(self.present(&task.key.file)) == task.key.file_version;
        let may_write = !self.held[place].wrote && is_of_today && is_fresh && writes;
        if may_write && self.numbers.below(4) > 0 {
            self.write(&task);
            self.held[place].wrote = true;
            return;
        }
        let held = self.held.remove(place);
        let effect = WriteEffect::Nothing;
        let outcome = match self.numbers.below(4) {
            _ if held.wrote => TaskOutcome::Succeeded {
                version: version(after(&task)),
            },
            0 => TaskOutcome::Failed {
                reason: Reason::new("too_large"),
                effect,
            },
            1 => TaskOutcome::Skipped {
                reason: Reason::new("changed"),
                effect,
            },
            _ => TaskOutcome::Retry {
                reason: Reason::new("locked"),
                effect,
                not_before: None,
            },
        };
        let (claim, now, wrote) = (task.claim(), self.now, held.wrote);
        let answer = self.ask(move |g| g.finish(claim, outcome.clone(), now));
        self.check_unknown(&answer, task.id);
        match answer {
            // Refused the second time, the first report may have counted and its answer been lost.
            Some(Ok(_) | Err(Error::StaleClaim { .. } | Error::UnknownTask { .. })) | None
                if !wrote =>
            {
                self.forget_unit(task.id);
            }
            Some(Err(Error::UnknownTask { .. })) => {}
            Some(Ok(_) | Err(Error::StaleClaim { .. } | Error::NoGrant { .. })) | None => {}
            Some(Err(other)) => panic!("{other}"),
        }
    }

    /// Nothing is unknown but what was asked for and was forgotten.
    fn check_unknown<T>(&self, answer: &Option<Result<T, Error>>, asked: TaskId) {
        if let Some(Err(Error::UnknownTask { id })) = answer {
            assert_eq!(*id, asked, "another task is missed");
            assert!(self.forgotten.contains(id), "task {id} was lost");
        }
    }

    /// Really writes a file.
    fn write(&mut self, task: &Task) {
        self.files.insert(task.key.file.clone(), after(task));
        *self.writes.entry(task.id).or_default() += 1;
        if let Some(action) = self.counted(task) {
            let (app, day) = (task.key.app(), self.settings.day.day_of(self.now));
            let written = self.written.entry((app, action, day)).or_default();
            *written += 1;
            let most = self.most.get(&(app, day)).map_or(0, |most| *most as usize);
            assert!(
                *written <= most,
                "{written} written on one day, the limit was {most}"
            );
        }
    }

    fn counted(&self, task: &Task) -> Option<CountedAction> {
        let exempt = task.key.is_manual() && self.settings.manual_tasks == ManualTasks::Exempt;
        task.key.action.counted().filter(|_| !exempt)
    }

    fn begin(&mut self, place: usize) {
        let task = self.held[place].task.clone();
        let (claim, now) = (task.claim(), self.now);
        let intent = WriteIntent::new(version(after(&task))).replacing(Some(label(9)));
        let answer = self.ask(move |g| g.begin_write(claim, intent.clone(), now));
        self.check_unknown(&answer, task.id);
        match answer {
            Some(Ok(WriteGrant::Granted)) => {
                self.held[place].granted_on = Some(self.settings.day.day_of(now));
                self.take_unit(&task);
            }
            // Leave of an earlier day was not used: it is reported, or asked for again later.
            Some(Err(Error::WriteUnderWay { .. })) => {
                assert!(self.held[place].granted_on.is_some(), "nothing was granted");
            }
            // Or it was over, and forgotten.
            Some(
                Ok(_)
                | Err(
                    Error::StaleClaim { .. } | Error::LeaseEnded { .. } | Error::UnknownTask { .. },
                ),
            ) => {
                self.held.remove(place);
            }
            Some(Err(other)) => panic!("{other}"),
            None => {}
        }
    }

    fn take_unit(&mut self, task: &Task) {
        let Some(action) = self.counted(task) else {
            return;
        };
        if !self.writes.contains_key(&task.id) {
            self.forget_unit(task.id);
        }
        let app = task.key.app();
        let day = self.settings.day.day_of(self.now);
        let limit = self.limits[&app];
        let most = self.most.entry((app, day)).or_default();
        *most = limit.max(*most);
        let units = self.units.entry((app, action, day)).or_default();
        units.insert(task.id);
        assert!(
            units.len() <= self.limits[&app] as usize,
            "the allowance was passed"
        );
    }

    fn forget_unit(&mut self, id: TaskId) {
        for units in self.units.values_mut() {
            units.remove(&id);
        }
    }

    /// The process ends; another one finds the store as it is.
    fn crash(&mut self) {
        let mut store = self.governance.take().unwrap().into_store();
        store.fuse = self.fuse.clone();
        self.held.clear();
        self.governance = Some(Governance::open(store, self.settings).unwrap());
        for task in self.governance().interrupted().unwrap() {
            self.settle(&task, WriteEffect::Nothing);
        }
    }

    /// What became of a task that somebody left running: the file tells. `untouched` is what is said
    /// where it is as it was.
    fn settle(&mut self, task: &Task, untouched: WriteEffect) {
        let now = self.now;
        let present = self.present(&task.key.file);
        let intended = task
            .intent
            .as_ref()
            .map(|intent| intent.after_version.clone());
        let governance = self.governance.as_mut().unwrap();
        let moved = if intended == Some(version(present)) {
            let outcome = TaskOutcome::Succeeded {
                version: version(present),
            };
            governance.finish(task.claim(), outcome, now)
        } else if version(present) == task.key.file_version {
            let moved = governance.requeue(task.claim(), untouched, now);
            if untouched == WriteEffect::Nothing {
                self.forget_unit(task.id);
            }
            moved
        } else {
            governance.requeue(task.claim(), WriteEffect::Possible, now)
        };
        moved.unwrap();
    }

    fn tasks(&mut self) -> Vec<Task> {
        let all = TaskFilter::default();
        self.governance().tasks(&all, TaskId(0), 1000).unwrap()
    }

    fn check(&mut self) {
        let tasks = self.tasks();
        let known: BTreeMap<_, _> = tasks.iter().map(|task| (task.id, task)).collect();
        for (id, key) in &self.accepted {
            let task = known
                .get(id)
                .unwrap_or_else(|| panic!("task {id} was lost"));
            assert_eq!(task.key, *key);
        }
        let mut running = BTreeSet::new();
        for task in &tasks {
            let kind = task.state_kind();
            let writes = self.writes.get(&task.id).copied().unwrap_or(0);
            assert!(writes <= 1, "task {} took effect twice", task.id);
            assert!(
                kind != StateKind::Succeeded || writes == 1,
                "task {} did nothing",
                task.id
            );
            if kind == StateKind::Running {
                assert!(running.insert(&task.key.file), "two on one file");
            }
            assert_eq!(
                task.custody.lease.is_some(),
                kind == StateKind::Running && task.custody.lease.is_some()
            );
            let over = matches!(
                kind,
                StateKind::Succeeded | StateKind::Skipped | StateKind::Cancelled
            );
            if let Some(before) = self.ended.get(&task.id) {
                let undone = kind == StateKind::Reverted;
                assert!(
                    *before == task.state || undone,
                    "{before:?} came back as {kind}"
                );
            } else if over {
                self.ended.insert(task.id, task.state.clone());
            }
        }
        let now = self.now;
        let id = tasks.last().map(|task| task.id);
        if let Some(id) = id {
            let why = self.governance().why(id, now).unwrap();
            let pending = why.state.status() == Status::Pending;
            assert_eq!(pending, !why.waits.is_empty(), "{why:?}");
        }
        for app in APPS {
            for action in CountedAction::ALL {
                let allowance = self.governance().allowance(TENANT, app, action, now);
                let used = allowance.unwrap().used;
                let day = self.settings.day.day_of(now);
                let units = self.units.get(&(app, action, day));
                let units = units.map_or(0, BTreeSet::len);
                assert!(used as usize >= units, "a unit was lost");
            }
        }
    }

    /// Lets everything happen that still can: nothing may be stuck.
    fn end(&mut self) {
        if self.is_ahead {
            self.turn_clock();
        }
        if self.numbers.below(2) == 0 {
            self.crash();
        } else {
            // Every worker falls silent: in the time of the longest lease, whatever clock gave it, all
            // that they had can be taken over.
            self.held.clear();
            self.now += LEASE_MS_MAX;
            let now = self.now;
            // Each turn settles some, or is the last.
            loop {
                let taken = self.governance().take_over(&worker(), LEASE, 3, now);
                let taken = taken.unwrap();
                if taken.is_empty() {
                    break;
                }
                for task in taken {
                    self.settle(&task, WriteEffect::Possible);
                }
            }
            let running = |task: &Task| task.state_kind() == StateKind::Running;
            assert!(!self.tasks().iter().any(running), "a lease never ends");
        }
        for number in 1..=3 {
            let now = self.now;
            match self
                .governance()
                .enable_policy(TENANT, &policy(number), &by(), now)
            {
                Ok(_) | Err(Error::PolicyDeleted { .. }) => {}
                Err(other) => panic!("{other}"),
            }
            self.governance()
                .enable_label(label(number), &by(), now)
                .unwrap();
        }
        self.governance()
            .enable_label(label(9), &by(), START)
            .unwrap();
        for app in APPS {
            self.set_limit(app, 1000);
        }
        for task in self.tasks() {
            let now = self.now;
            self.governance().confirm(&[task.id], &by(), now).unwrap();
            self.governance()
                .unfreeze_file(TENANT, &task.key.file, &by(), now)
                .unwrap();
        }
        self.now += 40 * 24 * HOUR;
        for _ in 0..400 {
            let now = self.now;
            let Some(task) = self.governance().claim(1, now).unwrap().pop() else {
                break;
            };
            let is_fresh = version(self.present(&task.key.file)) == task.key.file_version;
            let (claim, effect) = (task.claim(), WriteEffect::Nothing);
            let outcome = if is_fresh {
                let intent = WriteIntent::new(version(after(&task))).replacing(None);
                match self.governance().begin_write(claim, intent, now).unwrap() {
                    WriteGrant::Granted => {}
                    // The file was frozen again.
                    WriteGrant::Suspended => {
                        let file = &task.key.file;
                        self.governance()
                            .unfreeze_file(TENANT, file, &by(), now)
                            .unwrap();
                        continue;
                    }
                    other => panic!("{other:?}"),
                }
                self.files.insert(task.key.file.clone(), after(&task));
                *self.writes.entry(task.id).or_default() += 1;
                TaskOutcome::Succeeded {
                    version: version(after(&task)),
                }
            } else {
                TaskOutcome::Skipped {
                    reason: Reason::new("changed"),
                    effect,
                }
            };
            self.governance().finish(claim, outcome, now).unwrap();
            let file = &task.key.file;
            self.governance()
                .unfreeze_file(TENANT, file, &by(), now)
                .unwrap();
        }
        self.check();
        for task in self.tasks() {
            assert_ne!(task.state.status(), Status::Pending, "{task:?} is stuck");
        }
    }
}

fn live(seed: u64) {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.step();
        world.check();
    }
    world.end();
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn r_155_r_160_r_161_nothing_is_lost_or_done_twice_whatever_happens() {
    let (first, count) = (number("SEED", 1), number("SEEDS", 500));
    for seed in first..first + count {
        if let Err(panic) = std::panic::catch_unwind(|| live(seed)) {
            println!("SEED={seed} SEEDS=1 finds this again");
            std::panic::resume_unwind(panic);
        }
    }
    println!("{count} seeds from {first}");
}
