//! The labels that we applied: what tells our own labels from those set outside.

use label_core::{LabelKey, PolicyId};

use crate::reason::Reason;
use crate::task::{ActionKind, Task, TaskId};
use crate::text::FileVersion;

/// The last label that this product put on a file.
///
/// It holds as long as the file's content is `version`: a file with another content was changed by
/// someone else since, and what label it has then must be looked up in the file itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppliedLabel {
    /// Which label.
    pub label: LabelKey,
    /// The file's version with that label.
    pub version: FileVersion,
    /// The policy that wanted it; `None`: an administrator.
    pub policy: Option<PolicyId>,
    /// When it was applied, in milliseconds UTC.
    pub at_ms: i64,
    /// The task that applied it.
    pub task: TaskId,
    /// The last task that had been submitted by then: older tasks did not know of this label.
    pub known_up_to: TaskId,
}

impl AppliedLabel {
    /// The ledger's entry for a task that has just written `version`.
    pub fn new(
        label: LabelKey,
        version: FileVersion,
        policy: Option<PolicyId>,
        at_ms: i64,
        task: TaskId,
        known_up_to: TaskId,
    ) -> Self {
        Self {
            label,
            version,
            policy,
            at_ms,
            task,
            known_up_to,
        }
    }

    /// Why a task need not run, if this label makes it idle.
    ///
    /// Rows A12 and A13 of the table for applying, in that order: the same label is there already;
    /// or another label by us is, which only an administrator may replace (A-035, clarification
    /// 15). And a file that carries our label is not quarantined, whoever asks. A task on a content that we did not write, submitted after the label, is not ours to
    /// judge: the caller looks into the file.
    pub(crate) fn makes_idle(&self, task: &Task) -> Option<Reason> {
        let concerns_it = task.id <= self.known_up_to || task.key.file_version == self.version;
        if task.id == self.task || !concerns_it {
            return None;
        }
        let code = match task.key.action {
            ActionKind::AdminQuarantine => Reason::LABELLED_FILE,
            ActionKind::Apply(_) if task.key.is_manual() => return None,
            ActionKind::Apply(wanted) if wanted == self.label => Reason::ALREADY_LABELLED,
            ActionKind::Apply(_) => Reason::LABELLED_BY_US,
            ActionKind::Remove => return None,
        };
        let by = match &self.policy {
            Some(policy) => format!("by task {} of policy `{policy}`", self.task),
            None => format!("by task {} of an administrator", self.task),
        };
        Some(Reason::new(code).with_detail(&by))
    }
}

/// How policies take turns at the label of a file (see [`FreezePolicy`](crate::FreezePolicy)).
///
/// Kept apart from the label, because a policy's turn may be to take it off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turns {
    /// The policy that changed the label last.
    pub policy: PolicyId,
    /// How often in a row a policy has taken the file over from another policy.
    pub count: u32,
    /// When the first of those turns was, in milliseconds UTC.
    pub since_ms: i64,
}

impl Turns {
    /// What is known after `policy` has changed the label at `now`; turns that began more than
    /// `window_ms` ago are forgotten.
    pub(crate) fn then(self, policy: PolicyId, now: i64, window_ms: i64) -> Self {
        let goes_on = self.count > 0 && self.since_ms.saturating_add(window_ms) > now;
        let (kept, since_ms) = if goes_on {
            (self.count, self.since_ms)
        } else {
            (0, now)
        };
        let is_turn = u32::from(self.policy != policy);
        Self {
            policy,
            count: kept.saturating_add(is_turn),
            since_ms,
        }
    }
}
