//! A script played over the real engine. Execution takes no time and always succeeds.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use governance::store::{MemoryStore, SqliteStore, Store};
use governance::{
    ActionKind, CountedAction, DailyLimit, DayReading, Error, FileVersion, Governance, Initiator,
    ManualTasks, NewTask, Repeat, Settings, StateKind, Submitted, TaskId, TaskKey, TaskOutcome,
    TaskState, WriteGrant, WriteIntent,
};
use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};
use serde::Serialize;

use super::events::{Event, Op, read};
use super::rfc3339;

/// How a script is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What a day of the limit is.
    pub day: DayReading,
    /// Whether manual tasks count: the profile.
    pub counts_manual: bool,
    /// When it ends, in milliseconds UTC; `None`: with the last event.
    pub until: Option<i64>,
    /// Where tasks are kept.
    pub store: StoreKind,
}

/// Where tasks are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoreKind {
    /// In memory.
    #[default]
    Memory,
    /// In an SQLite file in a folder that is removed afterwards.
    Sqlite,
}

/// What became of a task.
#[derive(Serialize)]
struct TaskLine<'n> {
    task: &'n str,
    state: String,
    at: Option<String>,
    until: Option<String>,
    reason: Option<String>,
    joined: Option<&'n str>,
}

/// What was wrong with an event.
#[derive(Serialize)]
struct ErrorLine {
    line: usize,
    error: String,
}

/// Plays a script: first come the events that were errors, as they happen; then one line for each
/// task, in the order of submission.
///
/// # Errors
///
/// One line: the script is too long, the store fails, or nothing can be written.
pub fn run(script: &str, options: Options, out: &mut dyn Write) -> Result<(), String> {
    let events = read(script)?;
    let mut play = Play::new(&events, options)?;
    for event in &events {
        if options
            .until
            .zip(event.at)
            .is_some_and(|(until, at)| at > until)
        {
            break;
        }
        match play.event(event) {
            Ok(()) => {}
            Err(Fault::Event(error)) => {
                let line = event.line;
                print(out, &ErrorLine { line, error })?;
            }
            Err(Fault::Fatal(error)) => return Err(error),
        }
    }
    if let Some(until) = options.until {
        play.advance(until).map_err(|fault| match fault {
            Fault::Event(error) | Fault::Fatal(error) => error,
        })?;
    }
    play.report(out)
}

fn print(out: &mut dyn Write, line: &impl Serialize) -> Result<(), String> {
    let text = serde_json::to_string(line).map_err(|error| error.to_string())?;
    writeln!(out, "{text}").map_err(|error| error.to_string())
}

/// Why an event was not carried out.
enum Fault {
    /// It is an error of the script: the next event comes.
    Event(String),
    /// The store is at an end, or the engine broke a promise.
    Fatal(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Fatal(error.to_string())
    }
}

/// The numbers that the names of a script stand for, in the order in which they are first met.
#[derive(Default)]
struct Numbers(BTreeMap<String, u32>);

impl Numbers {
    fn of(&mut self, name: &str) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(name.to_owned()).or_insert(next)
    }
}

/// The label that administrators apply; each policy has one of its own.
const BY_HAND: u128 = u128::MAX;

/// A submission that was not an error.
struct Known {
    name: String,
    id: TaskId,
    /// Whether it is a part of the task, which another submission made.
    joined: bool,
}

struct Play {
    options: Options,
    settings: Settings,
    folder: tempfile::TempDir,
    governance: Option<Governance<Box<dyn Store>>>,
    now: Option<i64>,
    tenants: BTreeSet<TenantId>,
    tenant_numbers: Numbers,
    app_numbers: Numbers,
    policy_numbers: Numbers,
    known: Vec<Known>,
    by_name: BTreeMap<String, usize>,
    by_id: BTreeMap<TaskId, usize>,
}

impl Play {
    fn new(events: &[Event], options: Options) -> Result<Self, String> {
        let mut settings = Settings::default();
        settings.day = options.day;
        settings.manual_tasks = if options.counts_manual {
            ManualTasks::Counted
        } else {
            ManualTasks::Exempt
        };
        let mut play = Self {
            options,
            settings,
            folder: tempfile::tempdir().map_err(|error| error.to_string())?,
            governance: None,
            now: None,
            tenants: BTreeSet::new(),
            tenant_numbers: Numbers::default(),
            app_numbers: Numbers::default(),
            policy_numbers: Numbers::default(),
            known: Vec::new(),
            by_name: BTreeMap::new(),
            by_id: BTreeMap::new(),
        };
        // A policy of a script is the same in every tenant, so switching it has to reach those
        // that are met later. One more tenant remembers the policies where there is no other.
        play.tenants.insert(TenantId::from_u128(0));
        for event in events {
            if let Ok(Op::Submit { tenant, .. }) = &event.op {
                let tenant = play.tenant(tenant);
                play.tenants.insert(tenant);
            }
        }
        play.open(Box::new(MemoryStore::new()))
            .map_err(|error| error.to_string())?;
        Ok(play)
    }

    /// Opens the store: the file, or the one in memory that outlived its process.
    fn open(&mut self, memory: Box<dyn Store>) -> Result<(), Error> {
        let store: Box<dyn Store> = match self.options.store {
            StoreKind::Memory => memory,
            StoreKind::Sqlite => {
                drop(memory);
                Box::new(SqliteStore::open(self.folder.path().join("tasks.db"))?)
            }
        };
        self.governance = Some(Governance::open(store, self.settings)?);
        Ok(())
    }

    fn governance(&mut self) -> Result<&mut Governance<Box<dyn Store>>, Fault> {
        let governance = self.governance.as_mut();
        governance.ok_or_else(|| Fault::Fatal("the store is not open".to_owned()))
    }

    fn tenant(&mut self, name: &str) -> TenantId {
        TenantId::from_u128(u128::from(self.tenant_numbers.of(name)) + 1)
    }

    fn app(&mut self, name: &str) -> AppId {
        AppId(self.app_numbers.of(name))
    }

    fn event(&mut self, event: &Event) -> Result<(), Fault> {
        let Some(at) = event.at else {
            let error = event.op.as_ref().err().cloned();
            return Err(Fault::Event(error.unwrap_or_default()));
        };
        if let Some(now) = self.now.filter(|now| at < *now) {
            let (at, now) = (rfc3339(at), rfc3339(now));
            return Err(Fault::Event(format!("`{at}` is before `{now}`")));
        }
        // What falls due at the same instant comes before its events (clarification 13).
        self.advance(at)?;
        let op = event
            .op
            .as_ref()
            .map_err(|error| Fault::Event(error.clone()))?;
        self.carry_out(op, at)?;
        self.drain(at)
    }

    /// Lets the time pass up to and including `until`: everything happens at the instant at which
    /// it falls due.
    fn advance(&mut self, until: i64) -> Result<(), Fault> {
        // Each turn puts the next due time further ahead; the queue is finite and shrinks by at
        // least one task a day.
        while let Some(due) = self.governance()?.next_due()? {
            if due > until {
                break;
            }
            self.drain(due)?;
            if self
                .governance()?
                .next_due()?
                .is_some_and(|next| next <= due)
            {
                return Err(Fault::Fatal("what was due stayed due".to_owned()));
            }
        }
        self.now = Some(self.now.map_or(until, |now| now.max(until)));
        Ok(())
    }

    /// Executes everything that can be executed, as one change of the store.
    fn drain(&mut self, now: i64) -> Result<(), Fault> {
        let governance = self.governance()?;
        Ok(governance.together(|calls| execute(calls, now))?)
    }

    fn carry_out(&mut self, op: &Op, now: i64) -> Result<(), Fault> {
        let by = administrator()?;
        match op {
            Op::Submit { .. } => self.submit(op, now),
            Op::Cancel { task } => self.cancel(task, &by, now),
            Op::DisablePolicy { policy } => self.each_tenant(policy, |governance, tenant, id| {
                governance.disable_policy(tenant, id, &by, now)
            }),
            Op::EnablePolicy { policy } => self.each_tenant(policy, |governance, tenant, id| {
                governance.enable_policy(tenant, id, &by, now)
            }),
            Op::DeletePolicy { policy } => self.each_tenant(policy, |governance, tenant, id| {
                governance.delete_policy(tenant, id, &by, now)
            }),
            Op::SetLimit { tenant, app, limit } => {
                let (tenant, app) = (self.tenant(tenant), self.app(app));
                self.governance()?.set_limit(
                    tenant,
                    app,
                    CountedAction::ApplyLabel,
                    DailyLimit(*limit),
                    &by,
                    now,
                )?;
                Ok(())
            }
            Op::Restart => {
                // The process's state goes with the value; what is left is the store.
                let governance = self.governance.take();
                let store: Box<dyn Store> = match governance {
                    Some(governance) => governance.into_store(),
                    None => Box::new(MemoryStore::new()),
                };
                Ok(self.open(store)?)
            }
        }
    }

    fn each_tenant(
        &mut self,
        policy: &str,
        mut switch: impl FnMut(
            &mut Governance<Box<dyn Store>>,
            TenantId,
            &PolicyId,
        ) -> Result<u64, Error>,
    ) -> Result<(), Fault> {
        let id = PolicyId::parse(policy).map_err(|error| Fault::Event(error.to_string()))?;
        let tenants = self.tenants.clone();
        for tenant in tenants {
            match switch(self.governance()?, tenant, &id) {
                Ok(_) => {}
                Err(Error::PolicyDeleted { .. }) => return Err(deleted(policy)),
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    fn submit(&mut self, op: &Op, now: i64) -> Result<(), Fault> {
        let Op::Submit {
            task: name,
            tenant,
            app,
            file,
            policy,
            label_priority,
        } = op
        else {
            return Ok(());
        };
        if self.by_name.contains_key(name) {
            let error = format!("task `{name}` was submitted before");
            return Err(Fault::Event(error));
        }
        let bad = |error: label_core::IdError| Fault::Event(error.to_string());
        let (tenant, app) = (self.tenant(tenant), self.app(app));
        let label = match policy {
            Some(policy) => u128::from(self.policy_numbers.of(policy)),
            None => BY_HAND,
        };
        let key = TaskKey {
            tenant,
            file: FileKey::new(app, 0, FileId::parse(file).map_err(bad)?),
            // A script knows no versions, so all that it says of a file is about the same one.
            file_version: FileVersion::parse("1").map_err(bad)?,
            policy: match policy {
                Some(policy) => Some(PolicyId::parse(policy).map_err(bad)?),
                None => None,
            },
            action: ActionKind::Apply(LabelKey::new(tenant, LabelId::from_u128(label))),
        };
        let mut new = NewTask::new(key, *label_priority, administrator()?);
        // In a script every submission is meant: one after a cancelled task is a new task.
        new.repeat = Repeat::WhenOver;
        let new = [new];
        // What can be done with it is done in the same change: one sync to disk for each event.
        let submitted = self.governance()?.together(|calls| {
            let answers = calls.submit(&new, now)?;
            execute(calls, now)?;
            Ok(answers)
        });
        let answer = match submitted {
            Ok(answers) => answers.into_iter().next(),
            Err(Error::PolicyDeleted { .. }) => {
                return Err(deleted(policy.as_deref().unwrap_or_default()));
            }
            Err(error @ Error::QueueFull { .. }) => return Err(Fault::Event(error.to_string())),
            Err(other) => return Err(other.into()),
        };
        let answer = answer.ok_or_else(|| Fault::Fatal("no answer".to_owned()))?;
        let place = self.known.len();
        let joined = matches!(answer, Submitted::Joined(_));
        if !joined {
            self.by_id.insert(answer.id(), place);
        }
        self.by_name.insert(name.clone(), place);
        self.known.push(Known {
            name: name.clone(),
            id: answer.id(),
            joined,
        });
        Ok(())
    }

    fn cancel(&mut self, name: &str, by: &Initiator, now: i64) -> Result<(), Fault> {
        let known = self
            .by_name
            .get(name)
            .and_then(|place| self.known.get(*place));
        let Some(known) = known else {
            return Err(Fault::Event(format!("there is no task `{name}`")));
        };
        let id = known.id;
        if known.joined {
            let other = self.name_of(id).unwrap_or_default();
            let error = format!("task `{name}` is a part of task `{other}`");
            return Err(Fault::Event(error));
        }
        match self.governance()?.cancel(id, by, now) {
            Err(Error::NotAllowed { state, .. }) => {
                let error = format!("task `{name}` can't be cancelled, it is {state}");
                Err(Fault::Event(error))
            }
            other => Ok(other?),
        }
    }

    /// The name of the submission that made a task.
    fn name_of(&self, id: TaskId) -> Option<&str> {
        let known = self.by_id.get(&id).and_then(|place| self.known.get(*place));
        known.map(|known| known.name.as_str())
    }

    fn report(&mut self, out: &mut dyn Write) -> Result<(), String> {
        let governance = self.governance.as_ref();
        let governance = governance.ok_or_else(|| "the store is not open".to_owned())?;
        for known in &self.known {
            let task = governance
                .task(known.id)
                .map_err(|error| error.to_string())?;
            let line = if known.joined {
                TaskLine {
                    task: &known.name,
                    state: "joined".to_owned(),
                    at: None,
                    until: None,
                    reason: None,
                    joined: self.name_of(known.id),
                }
            } else {
                let succeeded = task.state_kind() == StateKind::Succeeded;
                TaskLine {
                    task: &known.name,
                    state: task.state_kind().to_string(),
                    at: succeeded.then(|| rfc3339(task.changed_ms)),
                    until: until(&task.state).map(rfc3339),
                    reason: reason(&task.state),
                    joined: None,
                }
            };
            print(out, &line)?;
        }
        Ok(())
    }
}

/// Executes everything that can be executed.
///
/// One task after the other: a file has one running task, so of a whole batch a second task on a
/// file would come after less urgent ones on others, though no time passes in between.
fn execute<S: Store>(governance: &mut Governance<S>, now: i64) -> Result<(), Error> {
    // Every turn but the last moves a task on, of which there are finitely many.
    while let Some(task) = governance.claim(1, now)?.first() {
        let version = task.key.file_version.clone();
        let intent = WriteIntent::new(version.clone());
        if governance.begin_write(task.claim(), intent, now)? == WriteGrant::Granted {
            let outcome = TaskOutcome::Succeeded { version };
            governance.finish(task.claim(), outcome, now)?;
        }
    }
    Ok(())
}

fn administrator() -> Result<Initiator, Fault> {
    Initiator::parse("script").map_err(|error| Fault::Fatal(error.to_string()))
}

fn deleted(policy: &str) -> Fault {
    Fault::Event(format!("policy `{policy}` was deleted"))
}

fn until(state: &TaskState) -> Option<i64> {
    match state {
        TaskState::Deferred { until } => *until,
        _ => None,
    }
}

fn reason(state: &TaskState) -> Option<String> {
    match state {
        TaskState::Deferred { .. } => Some("daily_limit".to_owned()),
        TaskState::Suspended { reasons } => Some(reasons.to_string()),
        other => other.reason().map(|reason| reason.code().to_owned()),
    }
}
