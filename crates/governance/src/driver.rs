//! A worker loop over `Governance`: a bounded pool of threads that block.
//!
//! The caller brings three things: an [`Executor`] that looks at files and writes them, a [`Clock`],
//! and a [`Stop`]. The loop claims tasks under leases, asks for leave to write, reports what came of
//! it, and first settles what an earlier process left running. Every change it makes is one of the
//! library's own calls, so that a crash at any point is what the library is made for.
//!
//! # Examples
//!
//! ```
//! use std::sync::Mutex;
//! use governance::driver::{Clock, DriverOptions, Executor, Look, Settled, Stop, run};
//! use governance::store::MemoryStore;
//! use governance::{FileVersion, Governance, Settings, Task, TaskOutcome, WriteIntent};
//!
//! struct Pretend(FileVersion);
//! impl Executor for Pretend {
//!     type Plan = ();
//!     fn look(&self, _: &Task) -> Look<()> {
//!         Look::Write(WriteIntent::new(self.0.clone()), ())
//!     }
//!     fn write(&self, _: &Task, (): ()) -> TaskOutcome {
//!         TaskOutcome::Succeeded { version: self.0.clone() }
//!     }
//!     fn settle(&self, _: &Task) -> Settled {
//!         Settled::Untouched
//!     }
//! }
//! struct Noon;
//! impl Clock for Noon {
//!     fn now_ms(&self) -> i64 {
//!         1_609_848_000_000
//!     }
//! }
//!
//! let governance = Mutex::new(Governance::open(MemoryStore::new(), Settings::default())?);
//! let executor = Pretend(FileVersion::parse("2")?);
//! let options = DriverOptions { until_idle: true, ..DriverOptions::default() };
//! let done = run(&governance, &executor, &Noon, &Stop::new(), &options, &|_| {})?;
//! assert_eq!(done.finished, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # From asynchronous code
//!
//! No loop is needed there: the calls of the library are short and never wait for a file, so that
//! between them the caller's own futures do the work.
//!
//! ```
//! # use std::future::Future;
//! # use std::sync::Mutex;
//! use governance::store::Store;
//! use governance::{Error, Governance, Task, TaskOutcome, Worker, WriteGrant, WriteIntent};
//!
//! async fn work<S: Store, L, W>(
//!     governance: &Mutex<Governance<S>>,
//!     worker: &Worker,
//!     now_ms: impl Fn() -> i64,
//!     look: impl Fn(Task) -> L,
//!     write: impl Fn(Task) -> W,
//! ) -> Result<(), Error>
//! where
//!     L: Future<Output = Result<WriteIntent, TaskOutcome>>,
//!     W: Future<Output = TaskOutcome>,
//! {
//!     # #[allow(clippy::unwrap_used, reason = "brevity")]
//!     let lock = || governance.lock().unwrap();
//!     loop {
//!         let claimed = lock().claim_for(worker, 300_000, 1, now_ms())?.pop();
//!         let Some(task) = claimed else { return Ok(()) };
//!         let outcome = match look(task.clone()).await {
//!             Err(nothing_to_write) => nothing_to_write,
//!             Ok(intent) => match lock().begin_write(task.claim(), intent, now_ms())? {
//!                 WriteGrant::Granted => write(task.clone()).await,
//!                 _ => continue,
//!             },
//!         };
//!         lock().finish(task.claim(), outcome, now_ms())?;
//!     }
//! }
//! ```

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::engine::{Governance, TaskOutcome, WriteEffect, WriteGrant};
use crate::error::Error;
use crate::state::TaskState;
use crate::store::Store;
use crate::task::{Task, WriteIntent};
use crate::text::{FileVersion, Worker};

/// The most threads of a pool.
pub const WORKERS_MAX: usize = 64;

/// What the time is. It is asked while the store is locked, so that times come in the order of the
/// changes; it must not lock it in its turn.
pub trait Clock: Sync {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    fn now_ms(&self) -> i64;
}

/// What a look at a file told.
#[derive(Clone, Debug)]
pub enum Look<P> {
    /// It has to be written: what the file will be, and whatever the write needs.
    Write(WriteIntent, P),
    /// It does not: how the task ends.
    End(TaskOutcome),
}

/// What became of a task that an earlier process, or a worker that fell silent, left running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The file has the version that the task's intent names: it was written.
    Written(FileVersion),
    /// The file is as it was.
    Untouched,
    /// That can't be told; the unit of the allowance stays used.
    Unknown,
}

/// Looks at files and writes them. Called by several threads at a time, for different files.
pub trait Executor: Sync {
    /// What a look prepares for the write.
    type Plan;

    /// Looks at the file of a task, and changes nothing.
    fn look(&self, task: &Task) -> Look<Self::Plan>;

    /// Writes the file, on the condition that it is still as it was looked at.
    fn write(&self, task: &Task, plan: Self::Plan) -> TaskOutcome;

    /// Finds out what became of a task that was left running.
    fn settle(&self, task: &Task) -> Settled;
}

/// Asks a loop to end: what is under way is finished, nothing new is begun.
///
/// # Examples
///
/// ```
/// use governance::driver::Stop;
///
/// let stop = Stop::new();
/// stop.request();
/// assert!(stop.is_requested());
/// ```
#[derive(Debug, Default)]
pub struct Stop {
    requested: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Nothing is asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, bool> {
        // A flag can't be half written.
        self.requested
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks; workers that wait wake up.
    pub fn request(&self) {
        *self.state() = true;
        self.changed.notify_all();
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        *self.state()
    }

    /// Waits so long, or until somebody asks.
    fn wait(&self, time: Duration) {
        let asked = self.state();
        if !*asked {
            drop(self.changed.wait_timeout(asked, time));
        }
    }
}

/// How the loop works.
#[derive(Clone, Debug)]
pub struct DriverOptions {
    /// How many threads work at a time, from 1 to [`WORKERS_MAX`].
    pub workers: usize,
    /// How long a worker may have a task before others take it over, in milliseconds. It is not
    /// renewed: choose it longer than any write takes.
    pub lease_ms: i64,
    /// How long a worker sleeps at most when there is nothing to do, in milliseconds.
    pub idle_ms: u64,
    /// End when nothing can be done now, instead of waiting for it.
    pub until_idle: bool,
    /// What the workers are called, with a number behind it.
    pub name: String,
}

impl Default for DriverOptions {
    fn default() -> Self {
        Self {
            workers: 4,
            lease_ms: 600_000,
            idle_ms: 1_000,
            until_idle: false,
            name: "worker".to_owned(),
        }
    }
}

/// One step of the loop, for whoever shows how it goes on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Progress<'t> {
    /// A worker has taken a task.
    Claimed(&'t Task),
    /// A task was left in this state.
    Moved(&'t Task, &'t TaskState),
    /// A task was not written, because of the limit, its policy or its label.
    Held(&'t Task, WriteGrant),
    /// Somebody else has the task by now; the report was dropped.
    Lost(&'t Task),
}

/// What a loop did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Tasks that it reported an end or a failed try of.
    pub finished: usize,
    /// Tasks that were held.
    pub held: usize,
    /// Tasks that an earlier process or a silent worker had left running.
    pub settled: usize,
}

/// Works until somebody asks to stop or, if so chosen, until nothing can be done.
///
/// # Errors
///
/// The first error of the store; the workers then stop, and what they had is recovered as after a
/// crash.
///
/// # Examples
///
/// See [`driver`](self).
pub fn run<S: Store + Send, E: Executor>(
    governance: &Mutex<Governance<S>>,
    executor: &E,
    clock: &dyn Clock,
    stop: &Stop,
    options: &DriverOptions,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<Summary, Error> {
    let pool = Pool {
        governance,
        executor,
        clock,
        stop,
        options,
        progress,
        busy: AtomicUsize::new(0),
        failed: AtomicBool::new(false),
        summary: Mutex::new(Ok(Summary::default())),
    };
    pool.settle_interrupted();
    std::thread::scope(|scope| {
        for number in 1..=options.workers.clamp(1, WORKERS_MAX) {
            let pool = &pool;
            scope.spawn(move || pool.work(number));
        }
    });
    pool.summary
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
}

struct Pool<'p, S, E> {
    governance: &'p Mutex<Governance<S>>,
    executor: &'p E,
    clock: &'p dyn Clock,
    stop: &'p Stop,
    options: &'p DriverOptions,
    progress: &'p (dyn Fn(Progress<'_>) + Sync),
    /// How many workers have a task.
    busy: AtomicUsize,
    failed: AtomicBool,
    summary: Mutex<Result<Summary, Error>>,
}

/// A worker that has a task in hand, also while a caller's code panics.
struct Busy<'p>(&'p AtomicUsize);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl<S: Store + Send, E: Executor> Pool<'_, S, E> {
    /// Every call leaves the store whole, so a worker that died with the lock leaves nothing half.
    fn lock(&self) -> MutexGuard<'_, Governance<S>> {
        self.governance
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, add: impl FnOnce(&mut Summary)) {
        let mut summary = self.summary.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(summary) = summary.as_mut() {
            add(summary);
        }
    }

    fn fail(&self, error: Error) {
        let mut summary = self.summary.lock().unwrap_or_else(PoisonError::into_inner);
        if summary.is_ok() {
            *summary = Err(error);
        }
        drop(summary);
        self.failed.store(true, Ordering::SeqCst);
        self.stop.changed.notify_all();
    }

    fn is_over(&self) -> bool {
        self.stop.is_requested() || self.failed.load(Ordering::SeqCst)
    }

    /// What an earlier opening left running, before anything new is begun.
    fn settle_interrupted(&self) {
        let mut has_moved = true;
        // Each turn but the last settles at least one task, of which there are finitely many.
        while has_moved && !self.is_over() {
            has_moved = false;
            let interrupted = self.lock().interrupted();
            match interrupted {
                Ok(tasks) => {
                    for task in tasks {
                        // The process that had it is gone.
                        has_moved |= self.settle(&task, WriteEffect::Nothing);
                    }
                }
                Err(error) => self.fail(error),
            }
        }
    }

    /// `untouched` is what may yet come of a file that was found as it was. Says whether the task was
    /// moved by that.
    fn settle(&self, task: &Task, untouched: WriteEffect) -> bool {
        let found = self.executor.settle(task);
        let (claim, mut governance) = (task.claim(), self.lock());
        let now = self.clock.now_ms();
        let moved = match found {
            Settled::Written(version) if task.intent.is_some() => {
                governance.finish(claim, TaskOutcome::Succeeded { version }, now)
            }
            Settled::Written(_) | Settled::Unknown => {
                governance.requeue(claim, WriteEffect::Possible, now)
            }
            Settled::Untouched => governance.requeue(claim, untouched, now),
        };
        drop(governance);
        self.count(|summary| summary.settled += 1);
        let has_moved = moved.is_ok();
        self.reported(task, moved);
        has_moved
    }

    fn reported(&self, task: &Task, moved: Result<TaskState, Error>) {
        match moved {
            Ok(state) => (self.progress)(Progress::Moved(task, &state)),
            // Of a task that was over long ago, nothing may be left.
            Err(Error::StaleClaim { .. } | Error::UnknownTask { .. }) => {
                (self.progress)(Progress::Lost(task));
            }
            Err(error) => self.fail(error),
        }
    }

    /// One worker: a task after the other.
    fn work(&self, number: usize) {
        let name = format!("{} {number}", self.options.name);
        let worker = match Worker::parse(&name) {
            Ok(worker) => worker,
            Err(error) => return self.fail(Error::unavailable("name of the workers", error)),
        };
        while !self.is_over() {
            match self.claim(&worker) {
                Ok(Some((task, is_new))) => {
                    let _busy = Busy(&self.busy);
                    if is_new {
                        self.execute(&task);
                    } else {
                        // Whoever had it may be slow instead of dead, and write after this look:
                        // the unit stays used.
                        self.settle(&task, WriteEffect::Possible);
                    }
                }
                Ok(None) => {
                    // What others have in hand may come back, or set a file free.
                    if self.options.until_idle && self.busy.load(Ordering::SeqCst) == 0 {
                        return;
                    }
                    self.stop.wait(self.nap());
                }
                Err(error) => self.fail(error),
            }
        }
    }

    /// The next task and whether it is new, or was left by a worker that fell silent.
    fn claim(&self, worker: &Worker) -> Result<Option<(Task, bool)>, Error> {
        let mut governance = self.lock();
        let now = self.clock.now_ms();
        let lease_ms = self.options.lease_ms;
        let taken_over = governance.take_over(worker, lease_ms, 1, now)?.pop();
        let found = match taken_over {
            Some(task) => Some((task, false)),
            None => {
                (governance.claim_for(worker, lease_ms, 1, now)?.pop()).map(|task| (task, true))
            }
        };
        if let Some((task, _)) = &found {
            // Before the lock is given up, so that nobody takes the pool for idle in between.
            self.busy.fetch_add(1, Ordering::SeqCst);
            drop(governance);
            (self.progress)(Progress::Claimed(task));
        }
        Ok(found)
    }

    /// How long to sleep: until something falls due, but never longer than chosen.
    fn nap(&self) -> Duration {
        let longest = Duration::from_millis(self.options.idle_ms.max(1));
        if self.options.until_idle {
            return longest.min(Duration::from_millis(1));
        }
        let (due, now) = {
            let governance = self.lock();
            let due = governance.next_due().ok().flatten();
            let lease = governance.next_lease_end().ok().flatten();
            (due.into_iter().chain(lease).min(), self.clock.now_ms())
        };
        match due.map(|due| u64::try_from(due.saturating_sub(now)).unwrap_or(0)) {
            Some(left) => longest.min(Duration::from_millis(left.max(1))),
            None => longest,
        }
    }

    fn execute(&self, task: &Task) {
        #[cfg(feature = "tracing")]
        let span = tracing::info_span!(
            "label_task",
            task = task.id.0,
            app = task.key.app().0,
            action = %task.key.action,
            claim = task.custody.claims,
            state = tracing::field::Empty,
        );
        #[cfg(feature = "tracing")]
        let _entered = span.enter();
        let outcome = match self.executor.look(task) {
            Look::End(outcome) => outcome,
            Look::Write(intent, plan) => {
                let grant = {
                    let mut governance = self.lock();
                    governance.begin_write(task.claim(), intent, self.clock.now_ms())
                };
                match grant {
                    Ok(WriteGrant::Granted) => self.executor.write(task, plan),
                    Ok(held) => {
                        #[cfg(feature = "tracing")]
                        span.record("state", "held");
                        self.count(|summary| summary.held += 1);
                        return (self.progress)(Progress::Held(task, held));
                    }
                    Err(
                        Error::StaleClaim { .. }
                        | Error::LeaseEnded { .. }
                        | Error::UnknownTask { .. },
                    ) => {
                        return (self.progress)(Progress::Lost(task));
                    }
                    Err(error) => return self.fail(error),
                }
            }
        };
        let moved = {
            let mut governance = self.lock();
            governance.finish(task.claim(), outcome, self.clock.now_ms())
        };
        #[cfg(feature = "tracing")]
        if let Ok(state) = &moved {
            span.record("state", tracing::field::display(state.kind()));
        }
        self.count(|summary| summary.finished += 1);
        self.reported(task, moved);
    }
}
