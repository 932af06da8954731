//! Why a task isn't running, with all its reasons in one answer.

use std::fmt;

use label_core::{AppId, LabelKey, PolicyId};

use super::{Governance, Settings};
use crate::error::Error;
use crate::quota::{CountedAction, DailyLimit, Pause, utc_text};
use crate::reason::Reason;
use crate::state::{StateKind, SuspensionReason, TaskState};
use crate::store::{Rows, Store, TaskFilter};
use crate::task::{Task, TaskId};
use crate::text::Worker;

/// One thing that a task waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waits {
    /// The daily limit of its action in its app is reached.
    DailyLimit {
        /// Which limit.
        action: CountedAction,
        /// In which app.
        app: AppId,
        /// The limit.
        limit: DailyLimit,
        /// Until when, in milliseconds UTC; `None` while the limit is 0.
        until: Option<i64>,
    },
    /// Its policy is disabled.
    PolicyDisabled {
        /// Which policy; `None` only in a damaged store.
        policy: Option<PolicyId>,
    },
    /// Its label is disabled.
    LabelDisabled {
        /// Which label, if it applies one.
        label: Option<LabelKey>,
    },
    /// Somebody has to confirm it.
    Unconfirmed,
    /// Policies have changed its file's label back and forth.
    FileFrozen {
        /// Since when, in milliseconds UTC.
        since: Option<i64>,
    },
    /// Its last try failed, and the next one is not due.
    BackOff {
        /// When it is tried again, in milliseconds UTC.
        until: i64,
        /// How many tries have failed.
        tries: u32,
        /// What the last one said.
        reason: Option<Reason>,
    },
    /// Another task has its file.
    BlockedBy {
        /// Which task.
        task: TaskId,
    },
    /// A worker has it.
    Leased {
        /// Who; `None`: whoever has the store open.
        worker: Option<Worker>,
        /// Until when, in milliseconds UTC.
        until: Option<i64>,
        /// Whether leave to write was given.
        writing: bool,
    },
    /// Nothing but its turn.
    Turn,
}

impl Waits {
    /// Until when the daily limit keeps the task, where it does and that is known.
    fn limit_until(&self) -> Option<i64> {
        match self {
            Self::DailyLimit { until, .. } => *until,
            _ => None,
        }
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DailyLimit {
                action,
                app,
                limit,
                until: Some(until),
            } => {
                let (until, what) = (utc_text(*until), what(*action));
                write!(
                    f,
                    "waits until {until}: the daily limit of {limit}{what} in {app} is reached"
                )
            }
            Self::DailyLimit {
                action,
                app,
                until: None,
                ..
            } => {
                let what = what(*action);
                write!(
                    f,
                    "waits until the daily limit{what} in {app} is raised: it is 0"
                )
            }
            Self::PolicyDisabled {
                policy: Some(policy),
            } => write!(f, "waits until policy `{policy}` is enabled"),
            Self::PolicyDisabled { policy: None } => {
                f.write_str("waits until its policy is enabled")
            }
            Self::LabelDisabled { label: Some(label) } => {
                write!(f, "waits until label `{label}` is enabled")
            }
            Self::LabelDisabled { label: None } => f.write_str("waits until its label is enabled"),
            Self::Unconfirmed => f.write_str("waits until it is confirmed"),
            Self::FileFrozen { .. } => {
                f.write_str("waits until an administrator unfreezes the file")
            }
            Self::BackOff {
                until,
                tries,
                reason,
            } => {
                let until = utc_text(*until);
                write!(f, "waits until {until} after failed try {tries}: ")?;
                match reason {
                    Some(reason) => fmt::Display::fmt(reason, f),
                    None => f.write_str("unspecified"),
                }
            }
            Self::BlockedBy { task } => write!(f, "waits for task {task}, which has the same file"),
            Self::Leased {
                worker,
                until,
                writing,
            } => {
                f.write_str(if *writing {
                    "the file is being written"
                } else {
                    "the file is being looked at"
                })?;
                if let (Some(worker), Some(until)) = (worker, until) {
                    write!(f, " by `{worker}`, who has it until {}", utc_text(*until))?;
                }
                Ok(())
            }
            Self::Turn => f.write_str("waits for its turn"),
        }
    }
}

/// What a limit is of, where it isn't labels.
fn what(action: CountedAction) -> &'static str {
    match action {
        CountedAction::ApplyLabel => "",
        CountedAction::AdminQuarantine => " for quarantine",
    }
}

/// What a task waits for, or how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Why {
    /// The kind of state that it is in.
    pub state: StateKind,
    /// When it moves on by itself, in milliseconds UTC, where that is known.
    pub until: Option<i64>,
    /// Everything that it waits for; empty when it is over.
    pub waits: Vec<Waits>,
    /// One sentence for people, without a full stop.
    pub sentence: String,
}

/// The sentence.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl<S: Store> Governance<S> {
    /// Everything that a task waits for at `now` and until when, or how it ended.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTask`].
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{Error, Governance, Settings, TaskId};
    ///
    /// let governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// assert!(matches!(governance.why(TaskId(7), 1_000), Err(Error::UnknownTask { .. })));
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn why(&self, id: TaskId, now: i64) -> Result<Why, Error> {
        self.view(|rows| {
            let task = rows.task(id)?.ok_or(Error::UnknownTask { id })?;
            let waits = waits(rows, &task, &self.settings, now)?;
            let sentence = match waits.as_slice() {
                [] => ended(&task),
                several => {
                    let parts: Vec<_> = several.iter().map(Waits::to_string).collect();
                    parts.join("; it ")
                }
            };
            let until = match &task.state {
                // Its time has come; how long it waits still, if it does, is up to the limit now.
                TaskState::Deferred { until: Some(at) } | TaskState::Retrying { at, .. }
                    if *at <= now =>
                {
                    waits.iter().find_map(Waits::limit_until)
                }
                other => other.due(),
            };
            Ok(Why {
                state: task.state_kind(),
                until,
                waits,
                sentence,
            })
        })
    }
}

/// How a task ended.
fn ended(task: &Task) -> String {
    match &task.state {
        TaskState::Succeeded => format!("done at {}", utc_text(task.changed_ms)),
        TaskState::Skipped { reason } => format!("skipped: {reason}"),
        TaskState::Failed { reason } => format!("failed: {reason}"),
        TaskState::Cancelled { reason } => format!("cancelled: {reason}"),
        TaskState::Reverted { by } => format!("undone by task {by}"),
        other => other.kind().to_string(),
    }
}

fn waits(rows: &dyn Rows, task: &Task, settings: &Settings, now: i64) -> Result<Vec<Waits>, Error> {
    let mut waits = Vec::new();
    match &task.state {
        TaskState::Queued | TaskState::Deferred { .. } => {}
        TaskState::Suspended { reasons } => {
            for reason in reasons.iter() {
                waits.push(suspended(rows, task, reason)?);
            }
        }
        // Once its time has come it waits like a queued one.
        TaskState::Retrying { at, n } if *at > now => waits.push(Waits::BackOff {
            until: *at,
            tries: *n,
            reason: task.last_error.clone(),
        }),
        TaskState::Retrying { .. } => {}
        TaskState::Running => {
            waits.push(Waits::Leased {
                worker: task
                    .custody
                    .lease
                    .as_ref()
                    .map(|lease| lease.worker.clone()),
                until: task.custody.lease.as_ref().map(|lease| lease.until_ms),
                writing: task.intent.is_some(),
            });
            return Ok(waits);
        }
        _ => return Ok(waits),
    }
    if let Some(pause) = pause(rows, task, settings, now)? {
        waits.push(pause);
    }
    let mut filter = TaskFilter::of_tenant(task.key.tenant, &[StateKind::Running]);
    filter.file = Some(task.key.file.clone());
    if let Some(other) = rows.tasks(&filter, TaskId(0), 1)?.first() {
        waits.push(Waits::BlockedBy { task: other.id });
    }
    if waits.is_empty() {
        waits.push(Waits::Turn);
    }
    Ok(waits)
}

fn suspended(rows: &dyn Rows, task: &Task, reason: SuspensionReason) -> Result<Waits, Error> {
    let key = &task.key;
    Ok(match reason {
        SuspensionReason::PolicyDisabled => Waits::PolicyDisabled {
            policy: key.policy.clone(),
        },
        SuspensionReason::LabelDisabled => Waits::LabelDisabled {
            label: key.action.label(),
        },
        SuspensionReason::Unconfirmed => Waits::Unconfirmed,
        SuspensionReason::FileFrozen => Waits::FileFrozen {
            since: rows.frozen_since(key.tenant, &key.file)?,
        },
    })
}

/// The pause of the task's app, if the limit concerns the task.
fn pause(
    rows: &dyn Rows,
    task: &Task,
    settings: &Settings,
    now: i64,
) -> Result<Option<Waits>, Error> {
    let counted = settings.counted(task.key.is_manual(), task.key.action.counted());
    let Some(action) = counted else {
        return Ok(None);
    };
    let (tenant, app) = (task.key.tenant, task.key.app());
    let quota = rows.quota(tenant, app, action)?.read_by(settings.day);
    let holds_unit =
        task.unit.is_some_and(|half| quota.is_of_today(half, now)) && quota.covers(now);
    // A deferred task says itself until when, up to that time; nobody may have claimed since.
    let is_over = |until: &Option<i64>| until.is_some_and(|at| at <= now);
    let pause = match &task.state {
        TaskState::Deferred { until } if !is_over(until) => Some(Pause { until: *until }),
        _ if holds_unit => None,
        _ => quota.pause(now),
    };
    Ok(pause.map(|pause| Waits::DailyLimit {
        action,
        app,
        limit: quota.limit(),
        until: pause.until,
    }))
}
