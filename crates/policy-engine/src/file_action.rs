//! Actions that change who has access to a file, or where it is (4.1), and which of them make
//! others needless (4.3).

use std::collections::BTreeSet;
use std::fmt;

use crate::action_kind::ActionKind;
use crate::address::lower;

/// Longest life of a shared link that can be set, in days.
pub const LINK_DAYS_MAX: u32 = 3_650;

/// Who a shared link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedLinkAccess {
    /// People with access to the file.
    Collaborators,
    /// People of the company.
    Company,
    /// Anyone who has the link.
    Public,
}

/// One change of access or place.
///
/// # Examples
///
/// ```
/// use policy_engine::FileAction;
///
/// assert!(FileAction::MakePrivate.makes_needless(&FileAction::RemoveExternalUsers));
/// assert!(!FileAction::RemoveExternalUsers.makes_needless(&FileAction::MakePrivate));
/// assert_eq!(FileAction::Trash.kind().name(), "trash");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileAction {
    /// Move to the trash of the app.
    Trash,
    /// Copy to the administrator's quarantine folder and leave a tombstone.
    AdminQuarantine,
    /// Move to the owner's quarantine folder, all permissions off.
    UserQuarantine,
    /// The same, and the owner keeps access; SharePoint only.
    UserQuarantineKeepOwner,
    /// Every share removed; the owner and site administrators keep access.
    MakePrivate,
    /// Drop permissions of the file's own and fall back to the folder's.
    InheritParentPermissions,
    /// Only named people keep access.
    RemovePublicAccess,
    /// Remove the public link.
    RemoveSharedLink,
    /// Remove everyone outside of the managed domains.
    RemoveExternalUsers,
    /// Remove these people, by address.
    RemoveCollaborators(Vec<String>),
    /// From public on the Internet to anyone with the link.
    ReducePublicAccess,
    /// Give the shared link another audience.
    ChangeSharedLink(SharedLinkAccess),
    /// Let the shared link end after so many days, 1 to [`LINK_DAYS_MAX`].
    ExpireSharedLink(u32),
    /// Editors can't share any more.
    RemoveEditorSharing,
    /// Everyone of this domain may read.
    GrantReadToDomain(String),
    /// Give the file to this person; the owner before stays as editor.
    TransferOwnership(String),
}

impl FileAction {
    /// What kind of action it is.
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Trash => ActionKind::Trash,
            Self::AdminQuarantine => ActionKind::AdminQuarantine,
            Self::UserQuarantine => ActionKind::UserQuarantine,
            Self::UserQuarantineKeepOwner => ActionKind::UserQuarantineKeepOwner,
            Self::MakePrivate => ActionKind::MakePrivate,
            Self::InheritParentPermissions => ActionKind::InheritParentPermissions,
            Self::RemovePublicAccess => ActionKind::RemovePublicAccess,
            Self::RemoveSharedLink => ActionKind::RemoveSharedLink,
            Self::RemoveExternalUsers => ActionKind::RemoveExternalUsers,
            Self::RemoveCollaborators(_) => ActionKind::RemoveCollaborators,
            Self::ReducePublicAccess => ActionKind::ReducePublicAccess,
            Self::ChangeSharedLink(_) => ActionKind::ChangeSharedLink,
            Self::ExpireSharedLink(_) => ActionKind::ExpireSharedLink,
            Self::RemoveEditorSharing => ActionKind::RemoveEditorSharing,
            Self::GrantReadToDomain(_) => ActionKind::GrantReadToDomain,
            Self::TransferOwnership(_) => ActionKind::TransferOwnership,
        }
    }

    /// Whether it takes the file out of its place.
    pub const fn is_quarantine(&self) -> bool {
        matches!(
            self,
            Self::AdminQuarantine | Self::UserQuarantine | Self::UserQuarantineKeepOwner
        )
    }

    /// Whether nothing is left for the other one to do (A-033).
    ///
    /// The documentation names one pair and the rule; the order of strength is ours. What takes the
    /// file away, or every share, makes all weaker changes of access needless. What falls back to the
    /// folder's permissions does not: the folder may be shared.
    ///
    /// Of two lists of people the one that has all of the other's does. Letter case doesn't matter in
    /// addresses and domains.
    pub fn makes_needless(&self, other: &Self) -> bool {
        if self.is_same(other) {
            return true;
        }
        match self {
            Self::Trash => true,
            Self::AdminQuarantine => !matches!(other, Self::Trash),
            Self::UserQuarantine | Self::UserQuarantineKeepOwner => {
                !matches!(other, Self::Trash | Self::AdminQuarantine)
                    // Without the owner's permissions is the stronger of the two.
                    && !matches!(
                        (self, other),
                        (Self::UserQuarantineKeepOwner, Self::UserQuarantine)
                    )
            }
            Self::MakePrivate => matches!(
                other,
                Self::InheritParentPermissions
                    | Self::RemovePublicAccess
                    | Self::RemoveSharedLink
                    | Self::RemoveExternalUsers
                    | Self::RemoveCollaborators(_)
                    | Self::ReducePublicAccess
                    | Self::ChangeSharedLink(_)
                    | Self::ExpireSharedLink(_)
                    | Self::GrantReadToDomain(_)
            ),
            Self::RemovePublicAccess | Self::RemoveSharedLink => matches!(
                other,
                Self::ReducePublicAccess
                    | Self::ChangeSharedLink(_)
                    | Self::ExpireSharedLink(_)
                    | Self::RemoveSharedLink
            ),
            Self::RemoveCollaborators(people) => match other {
                Self::RemoveCollaborators(fewer) => distinct(fewer).is_subset(&distinct(people)),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether both do the same.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::RemoveCollaborators(one), Self::RemoveCollaborators(other)) => {
                distinct(one) == distinct(other)
            }
            (Self::TransferOwnership(one), Self::TransferOwnership(other))
            | (Self::GrantReadToDomain(one), Self::GrantReadToDomain(other)) => {
                lower(one) == lower(other)
            }
            _ => self == other,
        }
    }

    /// How many people it names. Of two actions of one kind only the one that names more can contain
    /// the other.
    pub(crate) fn people(&self) -> usize {
        match self {
            Self::RemoveCollaborators(people) => distinct(people).len(),
            _ => 0,
        }
    }

    /// Whether there are actions that contradict it.
    pub(crate) const fn can_be_contradicted(&self) -> bool {
        matches!(
            self,
            Self::TransferOwnership(_) | Self::ChangeSharedLink(_) | Self::ExpireSharedLink(_)
        )
    }

    /// Whether both can't be carried out: the file ends up with one of them (4.3).
    pub fn contradicts(&self, other: &Self) -> bool {
        !self.is_same(other)
            && matches!(
                (self, other),
                (Self::TransferOwnership(_), Self::TransferOwnership(_))
                    | (Self::ChangeSharedLink(_), Self::ChangeSharedLink(_))
                    | (Self::ExpireSharedLink(_), Self::ExpireSharedLink(_))
            )
    }
}

/// The people of a list, each once.
fn distinct(people: &[String]) -> BTreeSet<String> {
    people.iter().map(|one| lower(one)).collect()
}

/// What it does, for people to read.
impl fmt::Display for FileAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().title())?;
        match self {
            Self::RemoveCollaborators(people) => write!(f, " {}", people.join(", ")),
            Self::ChangeSharedLink(SharedLinkAccess::Collaborators) => {
                f.write_str(" collaborators")
            }
            Self::ChangeSharedLink(SharedLinkAccess::Company) => f.write_str(" the company"),
            Self::ChangeSharedLink(SharedLinkAccess::Public) => f.write_str(" anyone"),
            Self::ExpireSharedLink(1) => f.write_str(" 1 day"),
            Self::ExpireSharedLink(days) => write!(f, " {days} days"),
            Self::GrantReadToDomain(to) | Self::TransferOwnership(to) => write!(f, " {to}"),
            _ => Ok(()),
        }
    }
}
