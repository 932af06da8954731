//! Which actions an app has, which exclude one another, and what is done when policies disagree.

use crate::shared::*;
use label_core::AppId;
use policy_engine::{
    ActionKind, FileAction, PolicySet, Resolution, SharedLinkAccess, resolve_actions,
};
use serde_json::{Map, Value, json};

/// A form of each member that a document may have.
fn form(kind: ActionKind) -> Value {
    match kind {
        ActionKind::ApplyLabel => json!("General"),
        ActionKind::NotifyUsers | ActionKind::RemoveCollaborators => json!(["a@contoso.example"]),
        ActionKind::ChangeSharedLink => json!("company"),
        ActionKind::ExpireSharedLink => json!(7),
        ActionKind::GrantReadToDomain => json!("contoso.example"),
        ActionKind::TransferOwnership => json!("a@contoso.example"),
        _ => json!(true),
    }
}

#[test]
fn r_204_an_action_that_the_app_lacks_is_refused() {
    for app in [
        AppId::BOX,
        AppId::GOOGLE_WORKSPACE,
        AppId::ONEDRIVE,
        AppId::SHAREPOINT_ONLINE,
        AppId::DROPBOX,
        AppId(4711),
    ] {
        for kind in ActionKind::all() {
            let members = json!({"governance": {app.0.to_string(): {kind.name(): form(kind)}}});
            if kind.is_offered_by(app) {
                let policy = build(members);
                let found = policy.actions(app).iter().find_map(|action| action.kind());
                assert_eq!(found, Some(kind), "{app}");
                continue;
            }
            let said = errors(members);
            let pointer = format!("/policies/0/governance/{}/{}: ", app.0, kind.name());
            assert!(said.starts_with(&pointer), "{said}");
        }
    }
}

#[test]
fn r_153_labels_and_quarantines_exclude_one_another() {
    let exclusive = [
        ActionKind::ApplyLabel,
        ActionKind::RemoveLabel,
        ActionKind::UserQuarantine,
        ActionKind::AdminQuarantine,
    ];
    for one in ActionKind::all() {
        for other in ActionKind::all().filter(|other| *other != one) {
            let mut members = Map::new();
            for kind in [one, other] {
                members.insert(kind.name().to_owned(), form(kind));
            }
            let app = AppId::BOX;
            if !one.is_offered_by(app) || !other.is_offered_by(app) {
                continue;
            }
            let members = json!({"governance": {"10489": members}});
            if exclusive.contains(&one) && exclusive.contains(&other) {
                assert!(errors(members).ends_with("exclude one another"));
            } else {
                assert_eq!(build(members).actions(app).len(), 3);
            }
        }
    }
}

#[test]
fn values_of_actions_are_checked() {
    for (member, value, cause) in [
        (
            "expireSharedLink",
            json!(0),
            "expected a number of days from 1 to 3650, found `0`",
        ),
        (
            "changeSharedLink",
            json!("all"),
            "`all` is none of `collaborators`, `company`, `public`",
        ),
        (
            "transferOwnership",
            json!(true),
            "expected a text, found `true`",
        ),
        (
            "trash",
            json!("yes"),
            "expected `true` or `false`, found `\"yes\"`",
        ),
    ] {
        let said = errors(json!({"governance": {"10489": {member: value}}}));
        assert_eq!(
            said.lines().next().unwrap(),
            format!("/policies/0/governance/10489/{member}: {cause}")
        );
    }
    assert_eq!(
        errors(json!({"governance": {"10489": {"digestToManager": true}}})),
        "/policies/0/governance/10489: `notifyOwner` is missing"
    );
    // What is off is not there.
    let off = json!({"governance": {"10489": {"trash": false, "removeCollaborators": []}}});
    assert_eq!(build(off).actions(AppId::BOX).len(), 1);
}

/// Policies with these actions on OneDrive, in order, and what is done of all that they want.
fn resolved(policies: &[(&str, Value)], look: impl FnOnce(Resolution<'_>)) {
    let policies: Vec<Value> = policies
        .iter()
        .enumerate()
        .map(|(at, (id, actions))| {
            json!({
                "id": id,
                "name": id,
                "created": format!("2020-12-{:02}T00:00:00Z", 1 + at),
                "alerts": {"eachMatch": false},
                "governance": {"15600": actions, "11770": {}},
            })
        })
        .collect();
    let labels = labels();
    let text = json!({"format": "file-policies/1", "policies": policies}).to_string();
    let set = PolicySet::from_json(&text, &context(&labels)).unwrap();
    look(resolve_actions(set.policies(), AppId::ONEDRIVE, &labels));
}

/// `policy action`, and for what is not done `policy action < policy action`.
fn shown(resolution: &Resolution<'_>) -> (Vec<String>, Vec<String>) {
    let one = |(policy, action): policy_engine::PolicyAction<'_>| {
        format!("{}: {}", policy.id(), action.kind().unwrap().name())
    };
    let due = resolution.due.iter().map(|action| one(*action)).collect();
    let superseded = resolution
        .superseded
        .iter()
        .map(|it| format!("{} < {}", one(it.action), one(it.by)))
        .collect();
    (due, superseded)
}

#[test]
fn a_033_the_stronger_of_two_runs_and_unrelated_ones_both() {
    let policies = [
        (
            "a",
            json!({"removeExternalUsers": true, "notifyOwner": true}),
        ),
        (
            "b",
            json!({"makePrivate": true, "removeExternalUsers": true}),
        ),
        (
            "c",
            json!({"notifyUsers": ["x@contoso.example"], "makePrivate": true}),
        ),
    ];
    resolved(&policies, |resolution| {
        let (due, superseded) = shown(&resolution);
        assert_eq!(due, ["b: makePrivate", "a: notifyOwner", "c: notifyUsers"]);
        assert_eq!(
            superseded,
            [
                "c: makePrivate < b: makePrivate",
                "a: removeExternalUsers < b: makePrivate",
                "b: removeExternalUsers < b: makePrivate",
            ]
        );
    });
    let unrelated = [
        ("a", json!({"inheritParentPermissions": true})),
        ("b", json!({"removeCollaborators": ["x@contoso.example"]})),
    ];
    resolved(&unrelated, |resolution| {
        let (due, superseded) = shown(&resolution);
        assert_eq!(
            due,
            ["a: inheritParentPermissions", "b: removeCollaborators"]
        );
        assert!(superseded.is_empty());
    });
}

#[test]
fn a_033_of_people_to_remove_the_longer_list_runs_whichever_policy_is_older() {
    let few = json!({"removeCollaborators": ["x@contoso.example"]});
    let many = json!({"removeCollaborators": ["Y@contoso.example", "X@Contoso.example"]});
    for (policies, expected) in [
        ([("a", few.clone()), ("b", many.clone())], ("b", "a")),
        ([("a", many), ("b", few)], ("a", "b")),
    ] {
        resolved(&policies, |resolution| {
            let (due, superseded) = shown(&resolution);
            let (stronger, weaker) = expected;
            assert_eq!(due, [format!("{stronger}: removeCollaborators")]);
            let by = format!("{weaker}: removeCollaborators < {stronger}: removeCollaborators");
            assert_eq!(superseded, [by]);
        });
    }
}

#[test]
fn addresses_and_domains_of_actions_are_compared_without_letter_case() {
    let people = |names: &[&str]| {
        FileAction::RemoveCollaborators(names.iter().map(|it| (*it).to_owned()).collect())
    };
    for (one, other) in [
        (people(&["A@x", "b@x"]), people(&["B@x", "a@x"])),
        (
            FileAction::TransferOwnership("Dana@x".to_owned()),
            FileAction::TransferOwnership("dana@X".to_owned()),
        ),
        (
            FileAction::GrantReadToDomain("Contoso.example".to_owned()),
            FileAction::GrantReadToDomain("contoso.example".to_owned()),
        ),
    ] {
        assert!(
            one.makes_needless(&other) && other.makes_needless(&one),
            "{one}"
        );
        assert!(!one.contradicts(&other), "{one}");
    }
    // Case folding would take them for one person.
    assert!(!people(&["weiss@x"]).makes_needless(&people(&["weiß@x"])));
}

#[test]
fn a_034_a_quarantine_stands_before_labels() {
    let policies = [
        ("a", json!({"applyLabel": "General"})),
        ("b", json!({"applyLabel": "Plain"})),
        ("c", json!({"userQuarantine": true})),
    ];
    resolved(&policies[..2], |resolution| {
        let (due, superseded) = shown(&resolution);
        // The more sensitive of the two.
        assert_eq!(due, ["b: applyLabel"]);
        assert_eq!(superseded, ["a: applyLabel < b: applyLabel"]);
    });
    resolved(&policies, |resolution| {
        let (due, superseded) = shown(&resolution);
        assert_eq!(due, ["c: userQuarantine"]);
        assert_eq!(
            superseded,
            [
                "b: applyLabel < c: userQuarantine",
                "a: applyLabel < c: userQuarantine"
            ]
        );
    });
}

/// The order of 4.3: nothing makes a stronger action needless, and the strongest all others.
#[test]
fn a_033_strength_is_an_order() {
    let people = |names: &[&str]| {
        FileAction::RemoveCollaborators(names.iter().map(|it| (*it).to_owned()).collect())
    };
    let by_strength = [
        FileAction::Trash,
        FileAction::AdminQuarantine,
        FileAction::UserQuarantine,
        FileAction::UserQuarantineKeepOwner,
        FileAction::MakePrivate,
        FileAction::InheritParentPermissions,
        FileAction::RemovePublicAccess,
        FileAction::RemoveSharedLink,
        FileAction::RemoveExternalUsers,
        people(&["a", "b"]),
        people(&["a"]),
        FileAction::ReducePublicAccess,
        FileAction::ChangeSharedLink(SharedLinkAccess::Company),
        FileAction::ExpireSharedLink(7),
        FileAction::RemoveEditorSharing,
        FileAction::GrantReadToDomain("contoso.example".to_owned()),
        FileAction::TransferOwnership("a".to_owned()),
    ];
    for (at, one) in by_strength.iter().enumerate() {
        assert!(one.makes_needless(one));
        assert!(FileAction::Trash.makes_needless(one));
        for stronger in &by_strength[..at] {
            assert!(!one.makes_needless(stronger), "{one} {stronger}");
        }
        for other in &by_strength {
            for third in &by_strength {
                if one.makes_needless(other) && other.makes_needless(third) {
                    assert!(one.makes_needless(third), "{one} {other} {third}");
                }
            }
        }
    }
    let (one, other) = (
        FileAction::ExpireSharedLink(7),
        FileAction::ExpireSharedLink(9),
    );
    assert!(one.contradicts(&other) && !one.contradicts(&one));
}
