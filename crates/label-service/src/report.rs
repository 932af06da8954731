//! What a tick did, and the view of the whole: files by label, app and access level.

use std::collections::BTreeMap;

use governance::{TaskId, TaskState};
use label_core::sync::{ChangeKind, ChangeSet, Held};
use label_core::{AppId, FileKey, PolicyId};
use policy_engine::AccessLevel;

use crate::error::{AppError, ServiceError};
use crate::service::Service;

/// How far a tick is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// So many files were listed.
    Listed {
        /// The app at the moment.
        app: AppId,
        /// Files so far.
        files: usize,
    },
    /// So many files were scanned.
    Scanned {
        /// Done.
        done: usize,
        /// In the queue at the start.
        total: usize,
    },
    /// So many tasks were carried out.
    Acted {
        /// Done.
        done: usize,
    },
}

/// What a synchronisation of the labels came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncReport {
    /// How many labels there are now.
    pub labels: usize,
    /// The version of the list in force; `None` before the first.
    pub version: Option<u64>,
    /// Names of labels that are new.
    pub added: Vec<String>,
    /// Names of labels that are gone from the source.
    pub removed: Vec<String>,
    /// Names of labels that are disabled since.
    pub disabled: Vec<String>,
    /// Names of labels that are enabled again.
    pub enabled: Vec<String>,
    /// Old and new names.
    pub renamed: Vec<(String, String)>,
    /// What was odd about the list.
    pub notes: Vec<String>,
    /// Why the list in force was kept.
    pub error: Option<String>,
    /// A list that was read and is not in force yet, because too many labels would go
    /// ([`Service::confirm_labels`]).
    pub held: Option<Held>,
}

impl SyncReport {
    pub(crate) fn of(changes: &ChangeSet) -> Self {
        let mut report = Self::default();
        for change in changes.changes() {
            let path = change.path.clone();
            match &change.kind {
                ChangeKind::Added | ChangeKind::Restored => report.added.push(path),
                ChangeKind::Removed => report.removed.push(path),
                ChangeKind::Disabled => report.disabled.push(path),
                ChangeKind::Enabled => report.enabled.push(path),
                ChangeKind::Renamed { from } => report.renamed.push((from.clone(), path)),
                _ => {}
            }
        }
        report
    }
}

/// A file that began to match a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MatchReport {
    /// Which policy.
    pub policy: PolicyId,
    /// Which file.
    pub file: FileKey,
    /// What each condition saw.
    pub reasons: Vec<String>,
    /// What follows.
    pub actions: Vec<String>,
}

/// A task that was carried out, refused, put off, or, in a dry run, decided.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActionReport {
    /// The task; `None` in a dry run.
    pub task: Option<TaskId>,
    /// Which file.
    pub file: FileKey,
    /// Which policy asked for it; `None` for an administrator.
    pub policy: Option<PolicyId>,
    /// What was to be done, as people read it.
    pub action: String,
    /// What came of it.
    pub result: ActionResult,
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActionResult {
    /// The label was written.
    Done {
        /// The label before, as people read it.
        previous: Option<String>,
        /// The label now.
        new: Option<String>,
    },
    /// The scheduler's state: skipped, failed, deferred, retrying, suspended.
    State(TaskState),
    /// A dry run would write it.
    WouldWrite,
    /// A dry run would not, and this is why: code, then detail.
    WouldNot(String),
}

/// What one tick did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TickReport {
    /// The tick's instant, milliseconds UTC.
    pub now_ms: i64,
    /// The label synchronisation, if one was due.
    pub sync: Option<SyncReport>,
    /// Policies that were disabled because a label they name vanished, and why.
    pub disabled_policies: Vec<(PolicyId, String)>,
    /// Files listed.
    pub listed: usize,
    /// Files seen for the first time.
    pub new_files: usize,
    /// Files changed since they were seen last.
    pub changed_files: usize,
    /// Files that are gone.
    pub gone_files: usize,
    /// Files that were read.
    pub scanned: usize,
    /// Files that could not be read at the moment, and why; they stay queued.
    pub unread: Vec<(FileKey, AppError)>,
    /// Apps that could not be listed, and why; what is known of their files stands.
    pub unlisted: Vec<(AppId, AppError)>,
    /// New matches.
    pub matches: Vec<MatchReport>,
    /// Files that match no longer, by policy.
    pub ended_matches: Vec<(PolicyId, FileKey)>,
    /// Tasks that moved.
    pub actions: Vec<ActionReport>,
}

impl TickReport {
    pub(crate) fn new(now_ms: i64) -> Self {
        Self {
            now_ms,
            sync: None,
            disabled_policies: Vec::new(),
            listed: 0,
            new_files: 0,
            changed_files: 0,
            gone_files: 0,
            scanned: 0,
            unread: Vec::new(),
            unlisted: Vec::new(),
            matches: Vec::new(),
            ended_matches: Vec::new(),
            actions: Vec::new(),
        }
    }

    /// Whether the tick changed nothing at all.
    pub fn is_quiet(&self) -> bool {
        let synced = self.sync.as_ref().is_some_and(|sync| {
            !(sync.added.is_empty()
                && sync.removed.is_empty()
                && sync.disabled.is_empty()
                && sync.enabled.is_empty()
                && sync.renamed.is_empty()
                && sync.held.is_none())
        });
        !synced
            && self.disabled_policies.is_empty()
            && self.unread.is_empty()
            && self.unlisted.is_empty()
            && self.new_files + self.changed_files + self.gone_files == 0
            && self.matches.is_empty()
            && self.ended_matches.is_empty()
            && self.actions.is_empty()
    }
}

/// A cell of the exposure table: label, app, access level.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExposureCell {
    /// The label as people see it; `None` for files without one, or not scanned.
    pub label: Option<String>,
    /// The app.
    pub app: AppId,
    /// The access level; `None` where the app doesn't say.
    pub access_level: Option<AccessLevel>,
}

impl Service {
    /// How many files there are for each label, app and access level.
    ///
    /// A file with several labels counts for each; deleted and hidden labels count as none.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Inventory`].
    pub fn exposure(&self) -> Result<BTreeMap<ExposureCell, usize>, ServiceError> {
        let mut table = BTreeMap::new();
        for file in self.files()? {
            let access_level = file.metadata.access_level.and_then(AccessLevel::from_code);
            let mut names: Vec<Option<String>> = file
                .labels
                .iter()
                .filter_map(|label| self.labels.display_name(label.key?))
                .map(Some)
                .collect();
            if names.is_empty() {
                names.push(None);
            }
            for label in names {
                let cell = ExposureCell {
                    label,
                    app: file.app,
                    access_level,
                };
                *table.entry(cell).or_insert(0) += 1;
            }
        }
        Ok(table)
    }
}
