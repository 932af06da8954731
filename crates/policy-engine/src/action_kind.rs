//! The kinds of actions, and which app has which (4.1, 4.2).

use std::fmt;

use label_core::AppId;

/// A kind of action of a policy.
///
/// # Examples
///
/// ```
/// use label_core::AppId;
/// use policy_engine::ActionKind;
///
/// assert!(ActionKind::RemoveSharedLink.is_offered_by(AppId::BOX));
/// assert!(!ActionKind::RemoveSharedLink.is_offered_by(AppId::SHAREPOINT_ONLINE));
/// assert_eq!(ActionKind::Trash.task_name(), Some("TrashFileTask"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ActionKind {
    /// Put a label on the file.
    ApplyLabel,
    /// Take the label off.
    RemoveLabel,
    /// Tell the owner, in a digest.
    NotifyOwner,
    /// Tell these addresses.
    NotifyUsers,
    /// Tell whoever changed the file last.
    NotifyLastEditor,
    /// [`FileAction::Trash`](crate::FileAction::Trash).
    Trash,
    /// [`FileAction::AdminQuarantine`](crate::FileAction::AdminQuarantine).
    AdminQuarantine,
    /// [`FileAction::UserQuarantine`](crate::FileAction::UserQuarantine).
    UserQuarantine,
    /// [`FileAction::UserQuarantineKeepOwner`](crate::FileAction::UserQuarantineKeepOwner).
    UserQuarantineKeepOwner,
    /// [`FileAction::MakePrivate`](crate::FileAction::MakePrivate).
    MakePrivate,
    /// [`FileAction::InheritParentPermissions`](crate::FileAction::InheritParentPermissions).
    InheritParentPermissions,
    /// [`FileAction::RemovePublicAccess`](crate::FileAction::RemovePublicAccess).
    RemovePublicAccess,
    /// [`FileAction::RemoveSharedLink`](crate::FileAction::RemoveSharedLink).
    RemoveSharedLink,
    /// [`FileAction::RemoveExternalUsers`](crate::FileAction::RemoveExternalUsers).
    RemoveExternalUsers,
    /// [`FileAction::RemoveCollaborators`](crate::FileAction::RemoveCollaborators).
    RemoveCollaborators,
    /// [`FileAction::ReducePublicAccess`](crate::FileAction::ReducePublicAccess).
    ReducePublicAccess,
    /// [`FileAction::ChangeSharedLink`](crate::FileAction::ChangeSharedLink).
    ChangeSharedLink,
    /// [`FileAction::ExpireSharedLink`](crate::FileAction::ExpireSharedLink).
    ExpireSharedLink,
    /// [`FileAction::RemoveEditorSharing`](crate::FileAction::RemoveEditorSharing).
    RemoveEditorSharing,
    /// [`FileAction::GrantReadToDomain`](crate::FileAction::GrantReadToDomain).
    GrantReadToDomain,
    /// [`FileAction::TransferOwnership`](crate::FileAction::TransferOwnership).
    TransferOwnership,
}

struct ActionEntry {
    kind: ActionKind,
    name: &'static str,
    title: &'static str,
    task_name: Option<&'static str>,
    apps: Apps,
}

/// Which apps have an action.
enum Apps {
    /// All.
    All,
    /// Those whose files can be labelled, which is the caller's list.
    LabelCapable,
    /// These.
    Some(&'static [AppId]),
}

const AMAZON_WEB_SERVICES: AppId = AppId(11599);
const BOX: AppId = AppId::BOX;
const DROPBOX: AppId = AppId::DROPBOX;
const GOOGLE: AppId = AppId::GOOGLE_WORKSPACE;
const ONEDRIVE: AppId = AppId::ONEDRIVE;
const SHAREPOINT: AppId = AppId::SHAREPOINT_ONLINE;

const QUARANTINES: Apps = Apps::Some(&[BOX, ONEDRIVE, SHAREPOINT]);

/// The task names are those of the product's undocumented governance interface; where none is known
/// there is none.
const ENTRIES: &[ActionEntry] = &[
    entry(
        ActionKind::ApplyLabel,
        "applyLabel",
        "Apply label",
        Some("EncryptFileTask"),
        Apps::LabelCapable,
    ),
    entry(
        ActionKind::RemoveLabel,
        "removeLabel",
        "Remove label",
        None,
        Apps::LabelCapable,
    ),
    entry(
        ActionKind::NotifyOwner,
        "notifyOwner",
        "Send a digest to the owner",
        Some("OwnershipNotificationTask"),
        Apps::All,
    ),
    entry(
        ActionKind::NotifyUsers,
        "notifyUsers",
        "Notify",
        None,
        Apps::All,
    ),
    entry(
        ActionKind::NotifyLastEditor,
        "notifyLastEditor",
        "Notify the last editor",
        None,
        Apps::Some(&[BOX, GOOGLE]),
    ),
    entry(
        ActionKind::Trash,
        "trash",
        "Trash",
        Some("TrashFileTask"),
        Apps::Some(&[BOX, DROPBOX, GOOGLE, ONEDRIVE, SHAREPOINT]),
    ),
    entry(
        ActionKind::AdminQuarantine,
        "adminQuarantine",
        "Put in admin quarantine",
        Some("AdminQuarantineTask"),
        QUARANTINES,
    ),
    entry(
        ActionKind::UserQuarantine,
        "userQuarantine",
        "Put in user quarantine",
        Some("QuarantineTask"),
        QUARANTINES,
    ),
    entry(
        ActionKind::UserQuarantineKeepOwner,
        "userQuarantineKeepOwner",
        "Put in user quarantine and add owner permissions",
        None,
        Apps::Some(&[SHAREPOINT]),
    ),
    entry(
        ActionKind::MakePrivate,
        "makePrivate",
        "Make private",
        Some("RemoveEveryoneFileTask"),
        Apps::Some(&[AMAZON_WEB_SERVICES, GOOGLE, ONEDRIVE, SHAREPOINT]),
    ),
    entry(
        ActionKind::InheritParentPermissions,
        "inheritParentPermissions",
        "Inherit parent permissions",
        None,
        Apps::Some(&[ONEDRIVE, SHAREPOINT]),
    ),
    entry(
        ActionKind::RemovePublicAccess,
        "removePublicAccess",
        "Remove public access",
        Some("RemovePublicFileTask"),
        Apps::Some(&[GOOGLE]),
    ),
    entry(
        ActionKind::RemoveSharedLink,
        "removeSharedLink",
        "Remove direct shared link",
        Some("RemoveSharedLinkFileTask"),
        Apps::Some(&[BOX, DROPBOX]),
    ),
    entry(
        ActionKind::RemoveExternalUsers,
        "removeExternalUsers",
        "Remove external users",
        Some("RemoveExternalFileTask"),
        Apps::Some(&[BOX, GOOGLE, ONEDRIVE, SHAREPOINT]),
    ),
    entry(
        ActionKind::RemoveCollaborators,
        "removeCollaborators",
        "Remove collaborators",
        Some("RemoveCollaboratorPermissionFileTask"),
        Apps::Some(&[AMAZON_WEB_SERVICES, BOX, GOOGLE, ONEDRIVE, SHAREPOINT]),
    ),
    entry(
        ActionKind::ReducePublicAccess,
        "reducePublicAccess",
        "Reduce public access",
        None,
        Apps::Some(&[GOOGLE]),
    ),
    entry(
        ActionKind::ChangeSharedLink,
        "changeSharedLink",
        "Change shared link access to",
        None,
        Apps::Some(&[BOX]),
    ),
    entry(
        ActionKind::ExpireSharedLink,
        "expireSharedLink",
        "Let the shared link end after",
        None,
        Apps::Some(&[BOX]),
    ),
    entry(
        ActionKind::RemoveEditorSharing,
        "removeEditorSharing",
        "Remove editors' ability to share",
        Some("OnlyOwnersShare"),
        Apps::Some(&[GOOGLE]),
    ),
    entry(
        ActionKind::GrantReadToDomain,
        "grantReadToDomain",
        "Grant read permission to",
        Some("GrantReadForDomainPermissionFileTask"),
        Apps::Some(&[GOOGLE]),
    ),
    entry(
        ActionKind::TransferOwnership,
        "transferOwnership",
        "Transfer ownership to",
        Some("TransferOwnershipFileTask"),
        Apps::Some(&[GOOGLE]),
    ),
];

const fn entry(
    kind: ActionKind,
    name: &'static str,
    title: &'static str,
    task_name: Option<&'static str>,
    apps: Apps,
) -> ActionEntry {
    ActionEntry {
        kind,
        name,
        title,
        task_name,
        apps,
    }
}

impl ActionKind {
    /// All kinds, in the order in which they stand in documents.
    pub fn all() -> impl Iterator<Item = Self> {
        ENTRIES.iter().map(|entry| entry.kind)
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        ENTRIES
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| entry.kind)
    }

    /// The name in documents.
    pub fn name(self) -> &'static str {
        self.entry().map_or("", |entry| entry.name)
    }

    /// The name for people to read.
    pub fn title(self) -> &'static str {
        self.entry().map_or("", |entry| entry.title)
    }

    /// The name of the task in the product's interface, if one is known.
    pub fn task_name(self) -> Option<&'static str> {
        self.entry().and_then(|entry| entry.task_name)
    }

    /// Whether the app has it (R-204). The label actions count as offered by the product's four apps;
    /// a caller may have a list of its own, see
    /// [`BuildContext::label_capable_apps`](crate::BuildContext::label_capable_apps).
    pub fn is_offered_by(self, app: AppId) -> bool {
        match self.entry().map(|entry| &entry.apps) {
            Some(Apps::All) => true,
            Some(Apps::LabelCapable) => [BOX, GOOGLE, ONEDRIVE, SHAREPOINT].contains(&app),
            Some(Apps::Some(apps)) => apps.contains(&app),
            None => false,
        }
    }

    /// Whether it is for folders as well as for files: labels are for files only (4.2).
    pub const fn is_for_folders(self) -> bool {
        !matches!(self, Self::ApplyLabel | Self::RemoveLabel)
    }

    fn entry(self) -> Option<&'static ActionEntry> {
        ENTRIES.iter().find(|entry| entry.kind == self)
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of 4.2, app by app.
    #[test]
    fn r_204_each_app_has_its_own_actions() {
        let sharepoint = "adminQuarantine applyLabel inheritParentPermissions makePrivate notifyOwner \
             notifyUsers removeCollaborators removeExternalUsers removeLabel trash userQuarantine \
             userQuarantineKeepOwner";
        for (app, expected) in [
            (SHAREPOINT, sharepoint.to_owned()),
            (ONEDRIVE, sharepoint.replace(" userQuarantineKeepOwner", "")),
            (
                GOOGLE,
                "applyLabel grantReadToDomain makePrivate notifyLastEditor notifyOwner notifyUsers \
                 reducePublicAccess removeCollaborators removeEditorSharing removeExternalUsers \
                 removeLabel removePublicAccess transferOwnership trash"
                    .to_owned(),
            ),
            (
                BOX,
                "adminQuarantine applyLabel changeSharedLink expireSharedLink notifyLastEditor \
                 notifyOwner notifyUsers removeCollaborators removeExternalUsers removeLabel \
                 removeSharedLink trash userQuarantine"
                    .to_owned(),
            ),
            (
                DROPBOX,
                "notifyOwner notifyUsers removeSharedLink trash".to_owned(),
            ),
            (AppId(11114), "notifyOwner notifyUsers".to_owned()),
            (
                AMAZON_WEB_SERVICES,
                "makePrivate notifyOwner notifyUsers removeCollaborators".to_owned(),
            ),
        ] {
            let mut offered: Vec<&str> = ActionKind::all()
                .filter(|kind| kind.is_offered_by(app))
                .map(ActionKind::name)
                .collect();
            offered.sort_unstable();
            assert_eq!(offered.join(" "), expected, "{app}");
        }
        for kind in ActionKind::all() {
            assert_eq!(ActionKind::parse(kind.name()), Some(kind));
        }
    }
}
