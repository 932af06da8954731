//! What a policy does with the files of each app.

use label_core::AppId;
use serde_json::Value;

use crate::action::OwnerDigest;
use crate::action_kind::ActionKind;
use crate::document::{ADDRESSES_MAX, APPS_MAX, AppActions, PolicyDefinition};
use crate::error::{BuildCause, Place, Problems, quote};
use crate::file_action::{FileAction, LINK_DAYS_MAX, SharedLinkAccess};
use crate::json::{self, Members, type_error};

pub(super) fn governance(
    value: &Value,
    place: &Place<'_>,
    policy: &mut PolicyDefinition,
    problems: &mut Problems,
) {
    let Value::Object(apps) = value else {
        problems.push(place, type_error("an object of apps", value));
        return;
    };
    if apps.len() > APPS_MAX {
        problems.push(
            place,
            BuildCause::TooMany {
                what: "apps",
                count: apps.len(),
                limit: APPS_MAX,
            },
        );
        return;
    }
    for (name, value) in apps {
        let place = place.member(name);
        match name.parse().map(AppId) {
            // `010489` would be a second name of Box.
            Ok(app) if app.0.to_string() == *name => {
                policy
                    .governance
                    .insert(app, actions(value, &place, problems));
            }
            _ => problems.push(
                &place,
                BuildCause::Type {
                    expected: "the number of an app",
                    found: format!("`{}`", quote(name)),
                },
            ),
        }
    }
}

fn actions(value: &Value, place: &Place<'_>, problems: &mut Problems) -> AppActions {
    let allowed: Vec<&str> = ACTION_OPTIONS
        .into_iter()
        .chain(ActionKind::all().map(ActionKind::name))
        .collect();
    let members = Members::new(value, place, &allowed, problems);
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let digest = OwnerDigest {
        cc_manager: members.flag("digestToManager", false, problems),
        cc: members.texts("digestTo", ADDRESSES_MAX, problems),
        message: owned(members.text("digestMessage", problems)),
    };
    let notify_owner = members.flag("notifyOwner", false, problems);
    if digest != OwnerDigest::default() && !notify_owner {
        problems.push(
            place,
            BuildCause::Missing {
                name: "notifyOwner",
            },
        );
    }
    AppActions {
        apply_label: owned(members.read("applyLabel", "one label", problems, Value::as_str)),
        override_user_defined: members.flag("overrideUserDefined", false, problems),
        allow_downgrade: members.flag("allowDowngrade", false, problems),
        remove_label: members.flag("removeLabel", false, problems),
        notify_owner,
        owner_digest: digest,
        notify_users: members.texts("notifyUsers", ADDRESSES_MAX, problems),
        notify_last_editor: members.flag("notifyLastEditor", false, problems),
        file_actions: ActionKind::all()
            .filter_map(|kind| file_action(kind, &members, problems))
            .collect(),
    }
}

/// Members of an app's actions that are no action of their own.
const ACTION_OPTIONS: [&str; 5] = [
    "overrideUserDefined",
    "allowDowngrade",
    "digestToManager",
    "digestTo",
    "digestMessage",
];

fn file_action(
    kind: ActionKind,
    members: &Members<'_, '_>,
    problems: &mut Problems,
) -> Option<FileAction> {
    let name = kind.name();
    let flag = match kind {
        ActionKind::Trash => FileAction::Trash,
        ActionKind::AdminQuarantine => FileAction::AdminQuarantine,
        ActionKind::UserQuarantine => FileAction::UserQuarantine,
        ActionKind::UserQuarantineKeepOwner => FileAction::UserQuarantineKeepOwner,
        ActionKind::MakePrivate => FileAction::MakePrivate,
        ActionKind::InheritParentPermissions => FileAction::InheritParentPermissions,
        ActionKind::RemovePublicAccess => FileAction::RemovePublicAccess,
        ActionKind::RemoveSharedLink => FileAction::RemoveSharedLink,
        ActionKind::RemoveExternalUsers => FileAction::RemoveExternalUsers,
        ActionKind::ReducePublicAccess => FileAction::ReducePublicAccess,
        ActionKind::RemoveEditorSharing => FileAction::RemoveEditorSharing,
        ActionKind::RemoveCollaborators => {
            let people = members.texts(name, ADDRESSES_MAX, problems);
            return (!people.is_empty()).then_some(FileAction::RemoveCollaborators(people));
        }
        ActionKind::ChangeSharedLink => {
            const WORDS: &[&str] = &["collaborators", "company", "public"];
            const VALUES: &[SharedLinkAccess] = &[
                SharedLinkAccess::Collaborators,
                SharedLinkAccess::Company,
                SharedLinkAccess::Public,
            ];
            let access = members.choice(name, WORDS, VALUES, problems)?;
            return Some(FileAction::ChangeSharedLink(access));
        }
        ActionKind::ExpireSharedLink => {
            let days =
                members.read(name, "a number of days from 1 to 3650", problems, |value| {
                    let days = json::whole_number(value)?;
                    (1..=LINK_DAYS_MAX).contains(&days).then_some(days)
                })?;
            return Some(FileAction::ExpireSharedLink(days));
        }
        ActionKind::GrantReadToDomain => {
            let domain = members.text(name, problems)?;
            return Some(FileAction::GrantReadToDomain(domain.to_owned()));
        }
        ActionKind::TransferOwnership => {
            let address = members.text(name, problems)?;
            return Some(FileAction::TransferOwnership(address.to_owned()));
        }
        // Read by name.
        ActionKind::ApplyLabel
        | ActionKind::RemoveLabel
        | ActionKind::NotifyOwner
        | ActionKind::NotifyUsers
        | ActionKind::NotifyLastEditor => return None,
    };
    members.flag(name, false, problems).then_some(flag)
}
