//! What most checks start from: a store with governance on it, and short ways to work with it.

use label_core::{AppId, FileId, FileKey, LabelId, LabelKey, PolicyId, TenantId};

use super::StoreSource;
use crate::engine::{Governance, Settings, TaskOutcome, WriteEffect, WriteGrant};
use crate::error::Cause;
use crate::quota::{CountedAction, DAY_MS, DailyLimit};
use crate::reason::Reason;
use crate::state::{Suspension, SuspensionReason, TaskState};
use crate::store::Store;
use crate::task::{ActionKind, NewTask, Task, TaskId, TaskKey, WriteIntent};
use crate::text::{FileVersion, Initiator};

/// 2021-01-05 00:00 UTC, the day of the documentation's table.
pub(super) const MIDNIGHT: i64 = 1_609_804_800_000;

pub(super) const HOUR: i64 = 3_600_000;

pub(super) const DAY: i64 = DAY_MS;

/// Noon of the day after.
pub(super) const RESUME: i64 = MIDNIGHT + DAY_MS + 12 * HOUR;

pub(super) const TENANT: TenantId = TenantId::from_u128(0x74);

/// More rounds of claiming than any check needs: a store that never runs dry is found out.
const ROUNDS_MAX: usize = 1000;

pub(super) fn label(number: u128) -> LabelKey {
    LabelKey::new(TENANT, LabelId::from_u128(number))
}

pub(super) fn policy(name: &str) -> Result<PolicyId, Cause> {
    Ok(PolicyId::parse(name)?)
}

pub(super) fn version(text: &str) -> Result<FileVersion, Cause> {
    Ok(FileVersion::parse(text)?)
}

pub(super) fn admin() -> Result<Initiator, Cause> {
    Ok(Initiator::parse("admin@contoso.com")?)
}

/// The wish of policy `p` to put label 1 on file `number` in Box.
pub(super) fn wish(number: usize) -> Result<NewTask, Cause> {
    let key = TaskKey {
        tenant: TENANT,
        file: FileKey::new(AppId::BOX, 0, FileId::parse(&format!("file {number}"))?),
        file_version: version("1")?,
        policy: Some(policy("p")?),
        action: ActionKind::Apply(label(1)),
    };
    Ok(NewTask::new(key, 1, Initiator::parse("Policy p")?))
}

/// The same wish by an administrator.
pub(super) fn manual_wish(number: usize) -> Result<NewTask, Cause> {
    let mut wish = wish(number)?;
    wish.key.policy = None;
    wish.initiator = admin()?;
    Ok(wish)
}

pub(super) fn wishes(numbers: impl IntoIterator<Item = usize>) -> Result<Vec<NewTask>, Cause> {
    numbers.into_iter().map(wish).collect()
}

pub(super) fn intent(task: &Task) -> Result<WriteIntent, Cause> {
    Ok(WriteIntent::new(version(&format!("after {}", task.id))?))
}

pub(super) fn success(task: &Task) -> Result<TaskOutcome, Cause> {
    Ok(TaskOutcome::Succeeded {
        version: version(&format!("after {}", task.id))?,
    })
}

/// The state of a task whose policy is disabled, and nothing else keeps it.
pub(super) fn suspended() -> TaskState {
    TaskState::Suspended {
        reasons: Suspension::of(SuspensionReason::PolicyDisabled),
    }
}

pub(super) fn locked() -> TaskOutcome {
    TaskOutcome::Retry {
        reason: Reason::new("locked"),
        effect: WriteEffect::Nothing,
        not_before: None,
    }
}

/// Governance on a store under test.
pub(super) struct Scene<'s> {
    source: &'s mut dyn StoreSource,
    pub(super) governance: Governance<Box<dyn Store>>,
}

impl<'s> Scene<'s> {
    pub(super) fn new(source: &'s mut dyn StoreSource) -> Result<Self, Cause> {
        Self::with(source, Settings::default())
    }

    pub(super) fn with(source: &'s mut dyn StoreSource, settings: Settings) -> Result<Self, Cause> {
        let governance = Governance::open(source.fresh()?, settings)?;
        Ok(Self { source, governance })
    }

    /// The same after the end of the process.
    pub(super) fn restarted(self) -> Result<Self, Cause> {
        let settings = *self.governance.settings();
        let store = self.source.reopen(self.governance.into_store())?;
        let governance = Governance::open(store, settings)?;
        Ok(Self {
            source: self.source,
            governance,
        })
    }

    pub(super) fn limit(&mut self, limit: u32, now: i64) -> Result<(), Cause> {
        let by = admin()?;
        self.governance.set_limit(
            TENANT,
            AppId::BOX,
            CountedAction::ApplyLabel,
            DailyLimit(limit),
            &by,
            now,
        )?;
        Ok(())
    }

    pub(super) fn submit(&mut self, tasks: &[NewTask], now: i64) -> Result<Vec<TaskId>, Cause> {
        let answers = self.governance.submit(tasks, now)?;
        Ok(answers.into_iter().map(|answer| answer.id()).collect())
    }

    /// Claims one task, which must be there.
    pub(super) fn claim_one(&mut self, now: i64) -> Result<Task, Cause> {
        let task = self.governance.claim(1, now)?.into_iter().next();
        task.ok_or_else(|| "nothing to claim".into())
    }

    pub(super) fn begin(&mut self, task: &Task, now: i64) -> Result<WriteGrant, Cause> {
        Ok(self
            .governance
            .begin_write(task.claim(), intent(task)?, now)?)
    }

    /// Works until nothing can be claimed: every write succeeds. Gives the tasks that were
    /// written, in that order.
    pub(super) fn work_off(&mut self, now: i64) -> Result<Vec<TaskId>, Cause> {
        let mut written = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let tasks = self.governance.claim(50, now)?;
            if tasks.is_empty() {
                return Ok(written);
            }
            let mut reports = Vec::new();
            for task in &tasks {
                if self.begin(task, now)? == WriteGrant::Granted {
                    written.push(task.id);
                    reports.push((task.claim(), success(task)?));
                }
            }
            for answer in self.governance.finish_all(&reports, now)? {
                answer?;
            }
        }
        Err("the queue never runs dry".into())
    }

    pub(super) fn state(&self, id: TaskId) -> Result<TaskState, Cause> {
        Ok(self.governance.task(id)?.state)
    }

    pub(super) fn states(&self, ids: &[TaskId]) -> Result<Vec<TaskState>, Cause> {
        ids.iter().map(|id| self.state(*id)).collect()
    }
}
