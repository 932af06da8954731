//! Rows to values and back. A row is taken for nothing until each column has been checked.

use std::cmp::Reverse;
use std::str::FromStr;

use label_core::{AppId, FileId, FileKey, LabelKey, PolicyId, TenantId};
use rusqlite::Row;
use rusqlite::types::{FromSql, ValueRef};
use thiserror::Error;

use super::cache::Indexed;
use crate::custody::Lease;
use crate::ledger::{AppliedLabel, Turns};
use crate::log::{LogEntry, LogEvent, LoggedTask, QuotaPosition};
use crate::quota::{CountedAction, DailyLimit, HalfDay};
use crate::reason::Reason;
use crate::state::{StateKind, Suspension, TaskState};
use crate::store::{PolicyState, Waiting};
use crate::task::{
    ActionKind, NewTask, PolicyOrder, PreviousLabel, QueuePlace, Task, TaskId, TaskKey, WriteIntent,
};
use crate::text::{FileVersion, Initiator, MatchId, Worker};
use crate::work::{DeadLetter, NewWork, WorkId, WorkItem, WorkKey, WorkKind};

/// What went wrong inside the store, before it is told by what the caller can do.
#[derive(Debug, Error)]
pub(super) enum Failure {
    /// SQLite refused.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A column holds what no version of this library writes.
    #[error("table {table}, column {column}: {what}")]
    Content {
        table: &'static str,
        column: usize,
        what: String,
    },
}

/// Reads the columns of a row from left to right.
pub(super) struct Columns<'r> {
    row: &'r Row<'r>,
    table: &'static str,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn new(row: &'r Row<'r>, table: &'static str) -> Self {
        Self {
            row,
            table,
            next: 0,
        }
    }

    fn bad(&self, what: impl ToString) -> Failure {
        Failure::Content {
            table: self.table,
            // `next` already stands behind the column that was read.
            column: self.next,
            what: what.to_string(),
        }
    }

    pub(super) fn value<T: FromSql>(&mut self) -> Result<T, Failure> {
        let column = self.next;
        self.next += 1;
        self.row.get(column).map_err(|error| match error {
            // A wrong type in a column is damage, not a refusal.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..) => self.bad(error),
            _ => Failure::Sqlite(error),
        })
    }

    pub(super) fn number<N: TryFrom<i64>>(&mut self) -> Result<N, Failure> {
        let value: i64 = self.value()?;
        N::try_from(value).map_err(|_| self.bad(format!("{value} is out of range")))
    }

    pub(super) fn number_or_null<N: TryFrom<i64>>(&mut self) -> Result<Option<N>, Failure> {
        let Some(value) = self.value::<Option<i64>>()? else {
            return Ok(None);
        };
        let number = N::try_from(value);
        number
            .map(Some)
            .map_err(|_| self.bad(format!("{value} is out of range")))
    }

    /// The text in a column, where it stands.
    fn text_or_null(&mut self) -> Result<Option<&'r str>, Failure> {
        let column = self.next;
        self.next += 1;
        match self.row.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => std::str::from_utf8(text)
                .map(Some)
                .map_err(|error| self.bad(error)),
            other => Err(self.bad(format!("{} where a text was expected", other.data_type()))),
        }
    }

    fn text(&mut self) -> Result<&'r str, Failure> {
        let text = self.text_or_null()?;
        text.ok_or_else(|| self.bad("nothing where a text was expected"))
    }

    fn parse<T>(&self, text: &str) -> Result<T, Failure>
    where
        T: FromStr,
        T::Err: ToString,
    {
        text.parse()
            .map_err(|error: T::Err| self.bad(error.to_string()))
    }

    fn parsed<T>(&mut self) -> Result<T, Failure>
    where
        T: FromStr,
        T::Err: ToString,
    {
        let text = self.text()?;
        self.parse(text)
    }

    fn parsed_or_null<T>(&mut self) -> Result<Option<T>, Failure>
    where
        T: FromStr,
        T::Err: ToString,
    {
        let text = self.text_or_null()?;
        text.map(|text| self.parse(text)).transpose()
    }

    /// Text where the empty one stands for none.
    fn parsed_or_empty<T>(&mut self) -> Result<Option<T>, Failure>
    where
        T: FromStr,
        T::Err: ToString,
    {
        let text = Some(self.text()?).filter(|text| !text.is_empty());
        text.map(|text| self.parse(text)).transpose()
    }

    pub(super) fn flag(&mut self) -> Result<bool, Failure> {
        match self.value::<i64>()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.bad(format!("{other} is neither 0 nor 1"))),
        }
    }

    fn reason(&mut self) -> Result<Option<Reason>, Failure> {
        let (code, detail) = (self.text_or_null()?, self.text_or_null()?);
        Ok(code.map(|code| Reason::new(code).with_detail(detail.unwrap_or(""))))
    }

    pub(super) fn state_kind(&mut self) -> Result<StateKind, Failure> {
        let code: usize = self.number()?;
        let kind = StateKind::ALL.get(code).copied();
        kind.ok_or_else(|| self.bad(format!("{code} is not a state")))
    }

    /// The six columns of a state, still without what suspends it, which stands further right.
    fn state(&mut self) -> Result<TaskState, Failure> {
        let kind = self.state_kind()?;
        let due: Option<i64> = self.value()?;
        let tries: Option<u32> = self.number_or_null()?;
        let reason = self.reason()?;
        let reverted_by: Option<u64> = self.number_or_null()?;
        let lacks = |what: &str| self.bad(format!("{kind} without {what}"));
        let reason = || reason.clone().ok_or_else(|| lacks("a reason"));
        Ok(match kind {
            StateKind::Queued => TaskState::Queued,
            StateKind::Deferred => TaskState::Deferred { until: due },
            StateKind::Suspended => TaskState::Suspended {
                reasons: Suspension::NONE,
            },
            StateKind::Retrying => TaskState::Retrying {
                at: due.ok_or_else(|| lacks("a time"))?,
                n: tries.ok_or_else(|| lacks("a number"))?,
            },
            StateKind::Running => TaskState::Running,
            StateKind::Succeeded => TaskState::Succeeded,
            StateKind::Skipped => TaskState::Skipped { reason: reason()? },
            StateKind::Failed => TaskState::Failed { reason: reason()? },
            StateKind::Cancelled => TaskState::Cancelled { reason: reason()? },
            StateKind::Reverted => TaskState::Reverted {
                by: TaskId(reverted_by.ok_or_else(|| lacks("a task"))?),
            },
        })
    }

    /// What suspends a task, put into its state. A suspended one has a reason, and only it has.
    fn held(&mut self, state: &mut TaskState) -> Result<(), Failure> {
        let bits: u8 = self.number()?;
        let held = Suspension::from_bits(bits);
        let held = held.ok_or_else(|| self.bad(format!("{bits} suspends nothing")))?;
        match state {
            TaskState::Suspended { reasons } if !held.is_empty() => *reasons = held,
            TaskState::Suspended { .. } => return Err(self.bad("suspended without a reason")),
            _ if held.is_empty() => {}
            _ => return Err(self.bad("a reason to suspend, and not suspended")),
        }
        Ok(())
    }

    /// Null is unknown, the empty text is none.
    fn previous_label(&mut self) -> Result<PreviousLabel, Failure> {
        match self.text_or_null()? {
            None => Ok(PreviousLabel::Unknown),
            Some("") => Ok(PreviousLabel::None),
            Some(text) => self.parse(text).map(PreviousLabel::Label),
        }
    }

    fn lease(&mut self) -> Result<Option<Lease>, Failure> {
        let worker: Option<Worker> = self.parsed_or_null()?;
        match (worker, self.value::<Option<i64>>()?) {
            (None, None) => Ok(None),
            (Some(worker), Some(until_ms)) => Ok(Some(Lease { worker, until_ms })),
            _ => Err(self.bad("half a lease")),
        }
    }

    /// The number of an action and its label, which only an action that applies one has.
    fn action(&mut self) -> Result<ActionKind, Failure> {
        let code: i64 = self.value()?;
        match (code, self.parsed_or_empty::<LabelKey>()?) {
            (0, Some(label)) => Ok(ActionKind::Apply(label)),
            (1, None) => Ok(ActionKind::Remove),
            (2, None) => Ok(ActionKind::AdminQuarantine),
            (0..=2, _) => Err(self.bad("an action that doesn't go with its label")),
            _ => Err(self.bad(format!("{code} is not an action"))),
        }
    }

    /// Whose daily limit an action counts against, without its label.
    fn counted(&mut self) -> Result<Option<CountedAction>, Failure> {
        match self.value::<i64>()? {
            0 => Ok(Some(CountedAction::ApplyLabel)),
            1 => Ok(None),
            2 => Ok(Some(CountedAction::AdminQuarantine)),
            other => Err(self.bad(format!("{other} is not an action"))),
        }
    }

    /// The action of a task in the log; or, of an entry about no task, whose limit it is about.
    fn logged_action(
        &mut self,
        of_task: bool,
    ) -> Result<(Option<ActionKind>, Option<CountedAction>), Failure> {
        if of_task {
            return Ok((Some(self.action()?), None));
        }
        let code: Option<i64> = self.value()?;
        let label = self.text_or_null()?;
        match (code, label) {
            (None, None) => Ok((None, None)),
            (Some(0), None) => Ok((None, Some(CountedAction::ApplyLabel))),
            (Some(2), None) => Ok((None, Some(CountedAction::AdminQuarantine))),
            _ => Err(self.bad("an action without a task")),
        }
    }

    pub(super) fn task(&mut self) -> Result<Task, Failure> {
        let id = TaskId(self.number()?);
        let tenant: TenantId = self.parsed()?;
        let app = AppId(self.number()?);
        let instance = self.number()?;
        let file: FileId = self.parsed()?;
        let key = TaskKey {
            tenant,
            file: FileKey::new(app, instance, file),
            file_version: self.parsed::<FileVersion>()?,
            policy: self.parsed_or_empty::<PolicyId>()?,
            action: self.action()?,
        };
        let mut new = NewTask::new(key, self.number()?, self.parsed::<Initiator>()?);
        new.policy_order = PolicyOrder {
            priority: self.number_or_null()?,
            created_ms: self.value()?,
        };
        new.matched = self.parsed_or_null::<MatchId>()?;
        let mut task = Task::new(id, new, self.value()?);
        task.changed_ms = self.value()?;
        task.state = self.state()?;
        task.custody.attempts = self.number()?;
        task.last_error = self.reason()?;
        task.intent = self.parsed_or_null::<FileVersion>()?.map(WriteIntent::new);
        task.unit = self.value::<Option<i64>>()?.map(HalfDay);
        task.custody.claims = self.number()?;
        task.custody.opening = self.number()?;
        task.looked_at = self.flag()?;
        task.recheck = self.flag()?;
        self.held(&mut task.state)?;
        task.custody.lease = self.lease()?;
        task.previous = self.previous_label()?;
        if let Some(intent) = &mut task.intent {
            intent.previous = task.previous;
        }
        task.reverts = self.number_or_null()?.map(TaskId);
        Ok(task)
    }

    pub(super) fn indexed(&mut self) -> Result<Indexed, Failure> {
        Ok(Indexed {
            state: self.state_kind()?,
            due_ms: self.value()?,
            lease_ms: self.value()?,
        })
    }

    pub(super) fn work(&mut self) -> Result<WorkItem, Failure> {
        let id = WorkId(self.number()?);
        let mut new = NewWork::new(self.parsed::<WorkKind>()?, self.parsed::<WorkKey>()?);
        new.priority = self.number()?;
        new.not_before = self.value()?;
        new.payload = self.value()?;
        let mut item = WorkItem::new(id, new);
        item.custody.attempts = self.number()?;
        item.custody.claims = self.number()?;
        item.custody.opening = self.number()?;
        item.custody.lease = self.lease()?;
        item.again = self.flag()?;
        let reason = self.reason()?;
        let at_ms: Option<i64> = self.value()?;
        item.dead = reason.map(|reason| DeadLetter {
            reason,
            // Written with the reason.
            at_ms: at_ms.unwrap_or_default(),
        });
        Ok(item)
    }

    pub(super) fn waiting(&mut self) -> Result<Waiting, Failure> {
        let place = QueuePlace {
            automatic: self.flag()?,
            label_priority: Reverse(self.number()?),
            id: TaskId(self.number()?),
        };
        let kind = self.state_kind()?;
        let due: Option<i64> = self.value()?;
        Ok(Waiting {
            place,
            counted: self.counted()?,
            writing: self.flag()?,
            retry_at: due.filter(|_| kind == StateKind::Retrying),
            unit: self.value::<Option<i64>>()?.map(HalfDay),
        })
    }

    pub(super) fn policy_state(&mut self) -> Result<PolicyState, Failure> {
        match self.value::<i64>()? {
            0 => Ok(PolicyState::Enabled),
            1 => Ok(PolicyState::Disabled),
            2 => Ok(PolicyState::Deleted),
            other => Err(self.bad(format!("{other} is not a policy's state"))),
        }
    }

    pub(super) fn applied(&mut self) -> Result<AppliedLabel, Failure> {
        Ok(AppliedLabel::new(
            self.parsed::<LabelKey>()?,
            self.parsed::<FileVersion>()?,
            self.parsed_or_empty::<PolicyId>()?,
            self.value()?,
            TaskId(self.number()?),
            TaskId(self.number()?),
        ))
    }

    pub(super) fn turns(&mut self) -> Result<Turns, Failure> {
        Ok(Turns {
            policy: self.parsed()?,
            count: self.number()?,
            since_ms: self.value()?,
        })
    }

    pub(super) fn log_entry(&mut self) -> Result<LogEntry, Failure> {
        let sequence = self.number()?;
        let at_ms = self.value()?;
        let tenant: TenantId = self.parsed()?;
        let app = self.number_or_null()?.map(AppId);
        let initiator: Initiator = self.parsed()?;
        let task: Option<u64> = self.number_or_null()?;
        let instance: Option<u32> = self.number_or_null()?;
        let file: Option<FileId> = self.parsed_or_null()?;
        let action = self.logged_action(task.is_some())?;
        let file = match (app, instance, file) {
            (Some(app), Some(instance), Some(file)) => Some(FileKey::new(app, instance, file)),
            (_, None, None) => None,
            _ => return Err(self.bad("half a file")),
        };
        let (action, limited) = action;
        let logged = match (task, &file, action) {
            (None, ..) => None,
            (Some(id), Some(file), Some(action)) => Some(LoggedTask {
                id: TaskId(id),
                file: file.clone(),
                action,
                previous: PreviousLabel::Unknown,
                quota: None,
            }),
            _ => return Err(self.bad("a task without its file or action")),
        };
        let mut entry = LogEntry::new(at_ms, tenant, initiator, self.log_event(file, limited)?);
        entry.sequence = sequence;
        entry.app = app;
        entry.task = logged;
        let previous = self.previous_label()?;
        let used: Option<u32> = self.number_or_null()?;
        let limit: Option<u32> = self.number_or_null()?;
        if let Some(task) = &mut entry.task {
            task.previous = previous;
            task.quota = used.zip(limit).map(|(used, limit)| QuotaPosition {
                used,
                limit: DailyLimit(limit),
            });
        }
        Ok(entry)
    }

    fn log_event(
        &mut self,
        file: Option<FileKey>,
        limited: Option<CountedAction>,
    ) -> Result<LogEvent, Failure> {
        let code: i64 = self.value()?;
        let state = if code == 0 {
            let mut state = self.state()?;
            self.held(&mut state)?;
            Some(state)
        } else {
            // The columns of a task's state are empty here.
            self.next += 7;
            None
        };
        let policy: Option<PolicyId> = self.parsed_or_null()?;
        let label: Option<LabelKey> = self.parsed_or_null()?;
        let first: Option<i64> = self.value()?;
        let second: Option<i64> = self.value()?;
        if let Some(state) = state {
            return Ok(LogEvent::Task { state });
        }
        let policy = || policy.clone().ok_or_else(|| self.bad("no policy"));
        let label = || label.ok_or_else(|| self.bad("no label"));
        let file = || file.clone().ok_or_else(|| self.bad("no file"));
        let first = || first.ok_or_else(|| self.bad("no number"));
        let second = || second.ok_or_else(|| self.bad("no second number"));
        let action = || limited.ok_or_else(|| self.bad("no action with a limit"));
        let tasks = || u64::try_from(first()?).map_err(|error| self.bad(error));
        let limit = |value: i64| {
            let limit = u32::try_from(value).map_err(|error| self.bad(error));
            limit.map(DailyLimit)
        };
        Ok(match code {
            1 => LogEvent::LimitChanged {
                action: action()?,
                from: limit(first()?)?,
                to: limit(second()?)?,
            },
            2 => LogEvent::LimitReached {
                action: action()?,
                limit: limit(first()?)?,
                until: second()?,
            },
            3 => LogEvent::PolicyDisabled {
                policy: policy()?,
                tasks: tasks()?,
            },
            4 => LogEvent::PolicyEnabled {
                policy: policy()?,
                tasks: tasks()?,
            },
            5 => LogEvent::PolicyDeleted {
                policy: policy()?,
                tasks: tasks()?,
            },
            6 => LogEvent::LabelDisabled {
                label: label()?,
                tasks: tasks()?,
            },
            7 => LogEvent::LabelEnabled {
                label: label()?,
                tasks: tasks()?,
            },
            8 => LogEvent::FileFrozen {
                file: file()?,
                tasks: tasks()?,
            },
            9 => LogEvent::FileUnfrozen {
                file: file()?,
                tasks: tasks()?,
            },
            other => return Err(self.bad(format!("{other} is not an event"))),
        })
    }
}
