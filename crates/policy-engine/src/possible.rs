//! Which actions are possible for a file, and why others are not (R-125, R-127).

use std::fmt;

use label_core::{LabelCapableApps, Profile};

use crate::action_kind::ActionKind;
use crate::record::{FileRecord, FileStatus, ScanWarning};

/// Extensions of the files that labels can be written into, in lower case.
pub const LABEL_EXTENSIONS: [&str; 15] = [
    "docm", "docx", "dotm", "dotx", "pdf", "potm", "potx", "ppsm", "ppsx", "pptm", "pptx", "xlam",
    "xlsm", "xlsx", "xltx",
];

/// What is set up in a tenant.
///
/// # Examples
///
/// ```
/// use policy_engine::TenantSetup;
///
/// let mut setup = TenantSetup::default();
/// setup.labels_are_integrated = false;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TenantSetup {
    /// Whether labels are integrated. Default: yes.
    pub labels_are_integrated: bool,
    /// Whether there is a folder for the administrator's quarantine. Default: no.
    pub has_quarantine_folder: bool,
    /// The apps whose files can be labelled (R-056). Default: the product's four.
    pub label_capable_apps: LabelCapableApps,
    /// Which year's rules apply. Default: May 2021.
    pub profile: Profile,
}

impl Default for TenantSetup {
    fn default() -> Self {
        Self {
            labels_are_integrated: true,
            has_quarantine_folder: false,
            label_capable_apps: LabelCapableApps::default(),
            profile: Profile::default(),
        }
    }
}

/// One kind of action and whether it is possible for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PossibleAction {
    /// The kind.
    pub kind: ActionKind,
    /// Why it is not possible; nothing when it is.
    pub obstacle: Option<Obstacle>,
}

/// Why an action is not possible for a file. The first that applies, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Obstacle {
    /// The app has no such action.
    NotOffered,
    /// The file is gone.
    Deleted,
    /// The file belongs to somebody outside, or the app lets nothing be done with it.
    NoGovernance,
    /// Labels are not integrated.
    LabelsNotIntegrated,
    /// No folder was set for the administrator's quarantine.
    NoQuarantineFolder,
    /// It is for files only.
    Folder,
    /// The file is in quarantine.
    Quarantined,
    /// The file is in the trash.
    Trashed,
    /// Files of this kind can't be labelled.
    FileType,
    /// The file is empty: there is nothing to write a label into (A-040).
    Empty,
    /// The file is larger than what can be labelled.
    TooLarge,
    /// A user's password, or damage, keeps labels out.
    Unreadable,
    /// There is no label to take off.
    NoLabel,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOffered => "the app has no such action",
            Self::Deleted => "the file is gone",
            Self::NoGovernance => "the file is not the organisation's to govern",
            Self::LabelsNotIntegrated => "labels are not integrated",
            Self::NoQuarantineFolder => "no folder was set for the administrator's quarantine",
            Self::Folder => "it is for files only",
            Self::Quarantined => "the file is in quarantine",
            Self::Trashed => "the file is in the trash",
            Self::FileType => "files of this kind can't be labelled",
            Self::Empty => "the file is empty",
            Self::TooLarge => "the file is too large to be labelled",
            Self::Unreadable => "the file has a password or is damaged",
            Self::NoLabel => "the file has no label",
        })
    }
}

/// All kinds of actions, each with the reason if it is not possible for the file.
///
/// This is what a record says. Whether a certain label may be applied is for
/// `label_core::decide`, and what the app answers is known when it is asked.
///
/// # Examples
///
/// ```
/// use label_core::{AppId, FileId, FileKey};
/// use policy_engine::{ActionKind, FileRecord, Obstacle, TenantSetup, possible_actions};
///
/// let file = FileRecord::new(FileKey::new(AppId::BOX, 0, FileId::parse("1")?), "Plan.txt");
/// let possible = possible_actions(&file, &TenantSetup::default());
/// let of = |kind| possible.iter().find(|action| action.kind == kind).and_then(|it| it.obstacle);
/// assert_eq!(of(ActionKind::RemoveExternalUsers), None);
/// assert_eq!(of(ActionKind::ApplyLabel), Some(Obstacle::FileType));
/// # Ok::<(), label_core::IdError>(())
/// ```
pub fn possible_actions(record: &FileRecord, setup: &TenantSetup) -> Vec<PossibleAction> {
    ActionKind::all()
        .map(|kind| PossibleAction {
            kind,
            obstacle: obstacle(kind, record, setup),
        })
        .collect()
}

/// Why an action of this kind is not possible for a file; nothing when it is.
pub(crate) fn obstacle(
    kind: ActionKind,
    record: &FileRecord,
    setup: &TenantSetup,
) -> Option<Obstacle> {
    let is_about_labels = matches!(kind, ActionKind::ApplyLabel | ActionKind::RemoveLabel);
    let is_offered = if is_about_labels {
        setup.label_capable_apps.contains(record.key.app)
    } else {
        kind.is_offered_by(record.key.app)
    };
    let is_notice = matches!(
        kind,
        ActionKind::NotifyOwner | ActionKind::NotifyUsers | ActionKind::NotifyLastEditor
    );
    if !is_offered {
        return Some(Obstacle::NotOffered);
    }
    // People can be told of whatever there was.
    if is_notice {
        return None;
    }
    if record.status == FileStatus::Deleted {
        return Some(Obstacle::Deleted);
    }
    if record.no_governance || record.is_foreign {
        return Some(Obstacle::NoGovernance);
    }
    if is_about_labels {
        return label_obstacle(kind, record, setup);
    }
    match kind {
        ActionKind::AdminQuarantine if !setup.has_quarantine_folder => {
            Some(Obstacle::NoQuarantineFolder)
        }
        ActionKind::AdminQuarantine
        | ActionKind::UserQuarantine
        | ActionKind::UserQuarantineKeepOwner
            if record.quarantined =>
        {
            Some(Obstacle::Quarantined)
        }
        ActionKind::Trash if record.is_trashed() => Some(Obstacle::Trashed),
        _ => None,
    }
}

fn label_obstacle(kind: ActionKind, record: &FileRecord, setup: &TenantSetup) -> Option<Obstacle> {
    if !setup.labels_are_integrated {
        return Some(Obstacle::LabelsNotIntegrated);
    }
    if record.is_folder {
        return Some(Obstacle::Folder);
    }
    if record.quarantined {
        return Some(Obstacle::Quarantined);
    }
    if record.is_trashed() {
        return Some(Obstacle::Trashed);
    }
    let can_carry = record.extension().is_some_and(|extension| {
        LABEL_EXTENSIONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(extension))
    });
    if !can_carry {
        return Some(Obstacle::FileType);
    }
    if record.size_bytes == Some(0) {
        return Some(Obstacle::Empty);
    }
    if record
        .size_bytes
        .is_some_and(|size| size > setup.profile.label_bytes_max())
    {
        return Some(Obstacle::TooLarge);
    }
    let unreadable = [ScanWarning::PasswordEncrypted, ScanWarning::CorruptFile];
    if unreadable.iter().any(|one| record.warnings.contains(*one)) {
        return Some(Obstacle::Unreadable);
    }
    let has_none = record.labels.is_empty() && !record.labels_unknown();
    (kind == ActionKind::RemoveLabel && has_none).then_some(Obstacle::NoLabel)
}
