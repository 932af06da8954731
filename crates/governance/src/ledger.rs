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
    /// How often in a row a policy has taken the file over from another policy.
    pub turns: u32,
    /// When the first of those turns was, in milliseconds UTC.
    pub turns_since_ms: i64,
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
            turns: 0,
            turns_since_ms: at_ms,
        }
    }

    /// The same entry, counting how policies take turns at the file (see
    /// [`FreezePolicy`](crate::FreezePolicy)): `earlier` is the label before, and turns that began
    /// more than `window_ms` ago are forgotten.
    pub(crate) fn after(mut self, earlier: Option<&Self>, window_ms: i64) -> Self {
        let Some(earlier) = earlier.filter(|_| self.policy.is_some()) else {
            return self;
        };
        let began = earlier.turns_since_ms.saturating_add(window_ms) > self.at_ms;
        let kept = if began { earlier.turns } else { 0 };
        if kept > 0 {
            self.turns_since_ms = earlier.turns_since_ms;
        }
        let is_turn = earlier.policy.is_some() && earlier.policy != self.policy;
        self.turns = kept.saturating_add(u32::from(is_turn));
        self
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
