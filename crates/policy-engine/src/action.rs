//! What a match leads to.

use std::fmt;

use label_core::LabelKey;

use crate::action_kind::ActionKind;
use crate::document::Severity;
use crate::file_action::FileAction;

/// One thing that is due for a matching file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Put a label on the file.
    ApplyLabel {
        /// Which one.
        label: LabelKey,
        /// Whether it may replace a label whose protection a person chose.
        override_user_defined: bool,
        /// Whether it may replace a more sensitive label.
        allow_downgrade: bool,
    },
    /// Take the label off.
    RemoveLabel,
    /// Change who has access to the file, or where it is.
    File(FileAction),
    /// Tell people about the match.
    Notify(Notify),
    /// Raise an alert with the policy's severity.
    Alert {
        /// How serious the policy is.
        severity: Severity,
        /// At most so many alerts of this policy a day. Limits alerts, never actions.
        daily_limit: u32,
        /// Who gets it by e-mail.
        email: Vec<String>,
        /// Who gets it as a text message, by telephone number.
        text_message: Vec<String>,
        /// Which flow of Power Automate gets it, by id.
        flow: Option<String>,
    },
}

impl Action {
    /// Whether it changes the file's label.
    pub fn is_label_action(&self) -> bool {
        matches!(self, Self::ApplyLabel { .. } | Self::RemoveLabel)
    }

    /// What kind it is; nothing for an alert, which every app can have.
    pub const fn kind(&self) -> Option<ActionKind> {
        Some(match self {
            Self::ApplyLabel { .. } => ActionKind::ApplyLabel,
            Self::RemoveLabel => ActionKind::RemoveLabel,
            Self::File(action) => action.kind(),
            Self::Notify(Notify::Owner(_)) => ActionKind::NotifyOwner,
            Self::Notify(Notify::Users(_)) => ActionKind::NotifyUsers,
            Self::Notify(Notify::LastEditor) => ActionKind::NotifyLastEditor,
            Self::Alert { .. } => return None,
        })
    }
}

/// What it does, for people to read.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApplyLabel { label, .. } => write!(f, "Apply label {label}"),
            Self::RemoveLabel => f.write_str(ActionKind::RemoveLabel.title()),
            Self::File(action) => action.fmt(f),
            Self::Notify(Notify::Owner(_)) => f.write_str(ActionKind::NotifyOwner.title()),
            Self::Notify(Notify::Users(users)) => write!(f, "Notify {}", users.join(", ")),
            Self::Notify(Notify::LastEditor) => f.write_str(ActionKind::NotifyLastEditor.title()),
            Self::Alert { severity, .. } => write!(f, "Alert of {severity} severity"),
        }
    }
}

/// Whom to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notify {
    /// The owner, in a digest of matches.
    Owner(OwnerDigest),
    /// These addresses.
    Users(Vec<String>),
    /// Whoever changed the file last; Box and Google Workspace only.
    LastEditor,
}

/// What a digest for an owner says, and who else gets it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OwnerDigest {
    /// Whether the owner's manager gets a copy. Default: no.
    pub cc_manager: bool,
    /// Who else gets a copy, by address.
    pub cc: Vec<String>,
    /// A text of the policy's own. Default: none.
    pub message: Option<String>,
}
