//! A label task: what is to be done to which file, and what it is remembered by.

use std::cmp::Reverse;
use std::fmt;

use label_core::{AppId, FileKey, LabelKey, PolicyId, TenantId};

use crate::custody::Custody;
use crate::quota::{CountedAction, HalfDay};
use crate::reason::Reason;
use crate::state::{StateKind, TaskState};
use crate::text::{FileVersion, Initiator, MatchId};

/// A task's number in its store, counted from 1 in the order of submission. At most `i64::MAX`.
///
/// # Examples
///
/// ```
/// use governance::TaskId;
///
/// assert!(TaskId(1) < TaskId(2));
/// assert_eq!(TaskId(7).to_string(), "7");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What a task does to its file.
///
/// # Examples
///
/// ```
/// use governance::ActionKind;
///
/// assert_eq!(ActionKind::Remove.to_string(), "remove label");
/// assert_eq!(ActionKind::Remove.label(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ActionKind {
    /// Puts this label on the file. Counts against the daily limit of labels (R-155).
    Apply(LabelKey),
    /// Takes the tenant's own label off the file. Never counted (R-159).
    Remove,
    /// Puts the file in the quarantine of the administrators. Counts against a daily limit of its
    /// own (A-036); a file that carries a label of ours is left where it is (A-037).
    AdminQuarantine,
}

impl ActionKind {
    /// The label that is put on, if one is.
    pub fn label(&self) -> Option<LabelKey> {
        match self {
            Self::Apply(label) => Some(*label),
            Self::Remove | Self::AdminQuarantine => None,
        }
    }

    /// Whose daily limit it counts against, if any.
    pub fn counted(&self) -> Option<CountedAction> {
        match self {
            Self::Apply(_) => Some(CountedAction::ApplyLabel),
            Self::AdminQuarantine => Some(CountedAction::AdminQuarantine),
            Self::Remove => None,
        }
    }
}

/// `apply label`, `remove label` or `put in admin quarantine`.
impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Apply(_) => "apply label",
            Self::Remove => "remove label",
            Self::AdminQuarantine => "put in admin quarantine",
        })
    }
}

/// What makes two submissions the same task (R-143).
///
/// The same policy asking twice for the same label on the same content of the same file is one
/// task; a new version of the file is a new one. Administrators know what they want: each of their
/// submissions is a task of its own (clarification 15).
///
/// # Examples
///
/// ```
/// use governance::{ActionKind, FileVersion, TaskKey};
/// use label_core::{AppId, FileId, FileKey, TenantId};
///
/// let key = TaskKey {
///     tenant: TenantId::from_u128(1),
///     file: FileKey::new(AppId::BOX, 0, FileId::parse("contract.docx")?),
///     file_version: FileVersion::parse("3")?,
///     policy: None,
///     action: ActionKind::Remove,
/// };
/// assert!(key.is_manual());
/// # Ok::<(), label_core::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskKey {
    /// Whose file it is.
    pub tenant: TenantId,
    /// Which file.
    pub file: FileKey,
    /// Which content of the file was looked at when the task was made.
    pub file_version: FileVersion,
    /// The policy that asks for it; `None`: an administrator.
    pub policy: Option<PolicyId>,
    /// What to do.
    pub action: ActionKind,
}

impl TaskKey {
    /// The app that the file is in.
    pub fn app(&self) -> AppId {
        self.file.app
    }

    /// Whether an administrator asked for it, not a policy.
    pub fn is_manual(&self) -> bool {
        self.policy.is_none()
    }
}

/// Where a policy stands among others that want another label for the same file (A-034).
///
/// The documentation leaves the choice open. Ours, in this order: the policy with the smaller
/// explicit priority, the higher label, the older policy, the earlier task.
///
/// # Examples
///
/// ```
/// use governance::PolicyOrder;
///
/// let first = PolicyOrder { priority: Some(1), created_ms: 1_600_000_000_000 };
/// assert_ne!(first, PolicyOrder::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PolicyOrder {
    /// Explicit priority, 1 first; `None` comes after all others.
    pub priority: Option<u32>,
    /// When the policy was created, in milliseconds UTC.
    pub created_ms: i64,
}

/// What a policy's submission means where a task with its key is over.
///
/// One that is open is joined in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// The key is done with, whatever became of it: an evaluation that is repeated after a crash
    /// changes nothing (R-143).
    #[default]
    Never,
    /// It is a new task: somebody who knows of the earlier one wants it again.
    WhenOver,
}

/// A task as it is submitted.
///
/// # Examples
///
/// ```
/// use governance::{ActionKind, FileVersion, Initiator, NewTask, TaskKey};
/// use label_core::{AppId, FileId, FileKey, TenantId};
///
/// let key = TaskKey {
///     tenant: TenantId::from_u128(1),
///     file: FileKey::new(AppId::BOX, 0, FileId::parse("contract.docx")?),
///     file_version: FileVersion::parse("3")?,
///     policy: None,
///     action: ActionKind::Remove,
/// };
/// let task = NewTask::new(key, 0, Initiator::parse("admin@contoso.com")?);
/// assert!(task.matched.is_none());
/// # Ok::<(), label_core::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewTask {
    /// What makes it the task that it is.
    pub key: TaskKey,
    /// How sensitive the label is, larger is more; such tasks run first.
    pub label_priority: u32,
    /// The administrator or the policy's name, for the log.
    pub initiator: Initiator,
    /// The policy's rank among conflicting policies.
    pub policy_order: PolicyOrder,
    /// Which match of the policy caused it (R-019).
    pub matched: Option<MatchId>,
    /// What to do where the policy's last task with this key is over.
    pub repeat: Repeat,
}

impl NewTask {
    /// A task without a rank among policies and without a match, done once.
    pub fn new(key: TaskKey, label_priority: u32, initiator: Initiator) -> Self {
        Self {
            key,
            label_priority,
            initiator,
            policy_order: PolicyOrder::default(),
            matched: None,
            repeat: Repeat::Never,
        }
    }
}

/// The right to work on a task, given by `claim` and over as soon as the task is claimed anew.
///
/// The number is the fencing token: a worker that was slow, or a process that was thought dead,
/// holds an older one and is refused: it can no longer change the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Which task.
    pub task: TaskId,
    /// The how manieth claim of that task it is, from 1.
    pub number: u32,
}

/// What is about to be written, stored before the file is touched.
///
/// After a crash, the file's present version tells whether the write happened.
///
/// # Examples
///
/// ```
/// use governance::{FileVersion, WriteIntent};
///
/// let intent = WriteIntent::new(FileVersion::parse("sha256:77ab")?);
/// assert_eq!(intent.after_version.as_str(), "sha256:77ab");
/// # Ok::<(), label_core::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteIntent {
    /// The version that the file will have when the write has happened.
    pub after_version: FileVersion,
    /// The label of the tenant that the file has until then.
    pub previous: PreviousLabel,
}

impl WriteIntent {
    /// The intent to make the file have this version; the label until then is unknown.
    pub fn new(after_version: FileVersion) -> Self {
        Self {
            after_version,
            previous: PreviousLabel::Unknown,
        }
    }

    /// The same intent with the label that the file has until then: what a revert puts back.
    #[must_use]
    pub fn replacing(mut self, previous: Option<LabelKey>) -> Self {
        self.previous = previous.map_or(PreviousLabel::None, PreviousLabel::Label);
        self
    }
}

/// The label of the tenant that a file had before a task wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PreviousLabel {
    /// Nobody said; such a task can't be reverted.
    #[default]
    Unknown,
    /// It had none.
    None,
    /// It had this one.
    Label(LabelKey),
}

/// A task as it is kept.
///
/// Everything that the rules need after a restart is in here; a store keeps every field.
/// [`Task::new`] and the public fields are enough to read one back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// What makes it the task that it is.
    pub key: TaskKey,
    /// How sensitive the label is, larger is more.
    pub label_priority: u32,
    /// The administrator or the policy's name.
    pub initiator: Initiator,
    /// The policy's rank among conflicting policies.
    pub policy_order: PolicyOrder,
    /// Which match of the policy caused it.
    pub matched: Option<MatchId>,
    /// When it was submitted, in milliseconds UTC.
    pub submitted_ms: i64,
    /// When its state last changed, in milliseconds UTC.
    pub changed_ms: i64,
    /// Where it stands.
    pub state: TaskState,
    /// How often it was handed out, how often it failed since it was submitted or retried by hand, and
    /// who has it while it runs.
    pub custody: Custody,
    /// What the last failed try said.
    pub last_error: Option<Reason>,
    /// What is being written; `Some` only while it runs with a grant to write.
    pub intent: Option<WriteIntent>,
    /// The half-day whose allowance it holds a unit of. Given back if nothing gets written.
    pub unit: Option<HalfDay>,
    /// Whether a caller has looked at the file and would have written, had the limit allowed.
    /// Such a task is not handed out again before the app resumes.
    pub looked_at: bool,
    /// Whether it was suspended, so that the caller must see whether the file still matches the
    /// policy before writing (R-171).
    pub recheck: bool,
    /// The label that the file had before it was written: what a revert puts back.
    pub previous: PreviousLabel,
    /// The task that it undoes, if it is a revert.
    pub reverts: Option<TaskId>,
}

impl Task {
    /// The task `new` as number `id`, queued at `now`.
    pub fn new(id: TaskId, new: NewTask, now: i64) -> Self {
        Self {
            id,
            key: new.key,
            label_priority: new.label_priority,
            initiator: new.initiator,
            policy_order: new.policy_order,
            matched: new.matched,
            submitted_ms: now,
            changed_ms: now,
            state: TaskState::Queued,
            custody: Custody::default(),
            last_error: None,
            intent: None,
            unit: None,
            looked_at: false,
            recheck: false,
            previous: PreviousLabel::Unknown,
            reverts: None,
        }
    }

    /// The right to work on it, for whoever got it from `claim` or `interrupted`.
    pub fn claim(&self) -> Claim {
        Claim {
            task: self.id,
            number: self.custody.claims,
        }
    }

    /// Its place in the queue.
    pub fn place(&self) -> QueuePlace {
        QueuePlace {
            automatic: !self.key.is_manual(),
            label_priority: Reverse(self.label_priority),
            id: self.id,
        }
    }

    /// Its order among the tasks that several policies have for one file, smallest first (A-034).
    pub(crate) fn conflict_order(&self) -> impl Ord + use<> {
        (
            self.policy_order.priority.is_none(),
            self.policy_order.priority,
            Reverse(self.label_priority),
            self.policy_order.created_ms,
            self.id,
        )
    }

    /// Whether a policy wants a label on the file: the tasks that a label by us makes idle.
    pub(crate) fn is_automatic_apply(&self) -> bool {
        !self.key.is_manual() && matches!(self.key.action, ActionKind::Apply(_))
    }

    /// Which kind of state it is in.
    pub fn state_kind(&self) -> StateKind {
        self.state.kind()
    }
}

/// A place in the queue: manual before automatic, then the most sensitive label, then first in,
/// first out. Smaller comes first.
///
/// # Examples
///
/// ```
/// use std::cmp::Reverse;
/// use governance::{QueuePlace, TaskId};
///
/// let by_hand = QueuePlace { automatic: false, label_priority: Reverse(0), id: TaskId(9) };
/// let secret = QueuePlace { automatic: true, label_priority: Reverse(5), id: TaskId(8) };
/// let public = QueuePlace { automatic: true, label_priority: Reverse(1), id: TaskId(1) };
/// assert!(by_hand < secret && secret < public);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueuePlace {
    /// Whether a policy asked for it.
    pub automatic: bool,
    /// How sensitive the label is.
    pub label_priority: Reverse<u32>,
    /// The order of submission.
    pub id: TaskId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use label_core::{FileId, LabelId};

    fn task(id: u64, priority: Option<u32>, label_priority: u32, created_ms: i64) -> Task {
        let tenant = TenantId::from_u128(1);
        let key = TaskKey {
            tenant,
            file: FileKey::new(AppId::BOX, 0, FileId::parse("f").unwrap()),
            file_version: FileVersion::parse("1").unwrap(),
            policy: Some(PolicyId::parse("p").unwrap()),
            action: ActionKind::Apply(LabelKey::new(tenant, LabelId::from_u128(1))),
        };
        let mut new = NewTask::new(key, label_priority, Initiator::parse("p").unwrap());
        new.policy_order = PolicyOrder {
            priority,
            created_ms,
        };
        Task::new(TaskId(id), new, 0)
    }

    #[test]
    fn a_034_policy_priority_then_label_then_age_then_submission() {
        let in_order = [
            task(9, Some(1), 0, 9),
            task(8, Some(2), 5, 9),
            task(7, Some(2), 4, 9),
            task(6, None, 9, 1),
            task(5, None, 9, 2),
            task(3, None, 1, 1),
            task(4, None, 1, 1),
        ];
        for pair in in_order.windows(2) {
            assert!(pair[0].conflict_order() < pair[1].conflict_order());
        }
    }
}
