//! From JSON to a [`PolicyDocument`]: what is wrong is written down, and reading goes on.

use label_core::{AppId, PolicyId};
use serde_json::Value;

use crate::action::OwnerDigest;
use crate::action_kind::ActionKind;
use crate::document::{
    ADDRESSES_MAX, APPS_MAX, AlertSettings, AppActions, Category, Combine, ExpressionForm, FORMAT,
    FolderReference, FolderScope, Include, Inspection, OwnerScope, POLICIES_MAX, PolicyDefinition,
    PolicyDocument, SCOPE_ENTRIES_MAX, SearchIn, Severity, TYPES_MAX,
};
use crate::error::{BuildCause, Place, Problems, quote};
use crate::file_action::{FileAction, LINK_DAYS_MAX, SharedLinkAccess};
use crate::json::{self, Members, type_error};

/// Reads a text; an empty document when it is not JSON at all.
pub(crate) fn text(text: &str, problems: &mut Problems) -> PolicyDocument {
    match json::parse(text) {
        Ok(value) => document(&value, &Place::Root, problems),
        Err(cause) => {
            problems.push(&Place::Root, cause);
            PolicyDocument::default()
        }
    }
}

/// Reads a document. There are as many policies as it lists, so that pointers stay right.
pub(crate) fn document(
    value: &Value,
    place: &Place<'_>,
    problems: &mut Problems,
) -> PolicyDocument {
    let members = Members::new(value, place, &["format", "policies"], problems);
    if let Some(format) = members.required("format", problems)
        && format != FORMAT
    {
        problems.push(
            &place.member("format"),
            BuildCause::Choice {
                value: quote(format),
                allowed: &[FORMAT],
            },
        );
    }
    if value.is_object() && members.value("policies").is_none() {
        problems.push(place, BuildCause::Missing { name: "policies" });
    }
    let list = members.list("policies", POLICIES_MAX, problems);
    let place = place.member("policies");
    PolicyDocument {
        policies: list
            .iter()
            .enumerate()
            .filter_map(|(at, value)| policy(value, at, &place.item(at), problems))
            .collect(),
    }
}

/// `None` only if no stand-in for a bad id can be made.
fn policy(
    value: &Value,
    at: usize,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<PolicyDefinition> {
    let members = Members::new(
        value,
        place,
        &[
            "id",
            "template",
            "name",
            "description",
            "severity",
            "category",
            "enabled",
            "priority",
            "created",
            "filters",
            "folderScope",
            "ownerScope",
            "inspection",
            "alerts",
            "governance",
        ],
        problems,
    );
    let id = members.required("id", problems).and_then(|text| {
        PolicyId::parse(text)
            .map_err(|_| {
                problems.push(&place.member("id"), type_error("a policy id", &text.into()))
            })
            .ok()
    });
    // After an error the document is never used; the stand-in lets reading go on.
    let id = id.or_else(|| PolicyId::parse(&format!("policy {at}")).ok())?;
    let name = members.required("name", problems).unwrap_or_default();
    let mut policy = PolicyDefinition::new(id, name);
    policy.template = members.text("template", problems).map(str::to_owned);
    policy.description = members
        .text("description", problems)
        .unwrap_or_default()
        .to_owned();
    policy.severity = members
        .choice(
            "severity",
            &["low", "medium", "high"],
            &[Severity::Low, Severity::Medium, Severity::High],
            problems,
        )
        .unwrap_or_default();
    policy.category = members
        .choice("category", CATEGORY_NAMES, CATEGORIES, problems)
        .unwrap_or_default();
    policy.enabled = members.flag("enabled", true, problems);
    policy.priority = members
        .read("priority", "a whole number", problems, |value| {
            value.as_i64().and_then(|number| i32::try_from(number).ok())
        })
        .unwrap_or(0);
    policy.created_ms = members.read(
        "created",
        "a date and time with its zone, such as `2020-12-27T00:00:00Z`",
        problems,
        |value| {
            let text = value.as_str()?;
            let instant = chrono::DateTime::parse_from_rfc3339(text).ok()?;
            Some(instant.timestamp_millis())
        },
    );
    policy.filters = members
        .read(
            "filters",
            "an object of filters",
            problems,
            Value::as_object,
        )
        .cloned()
        .unwrap_or_default();
    policy.folder_scope = members
        .value("folderScope")
        .map(|value| folder_scope(value, &place.member("folderScope"), problems))
        .unwrap_or_default();
    policy.owner_scope = members
        .value("ownerScope")
        .map(|value| owner_scope(value, &place.member("ownerScope"), problems))
        .unwrap_or_default();
    policy.inspection = members
        .value("inspection")
        .and_then(|value| inspection(value, &place.member("inspection"), problems));
    policy.alerts = members
        .value("alerts")
        .map(|value| alerts(value, &place.member("alerts"), problems))
        .unwrap_or_default();
    if let Some(value) = members.value("governance") {
        governance(value, &place.member("governance"), &mut policy, problems);
    }
    Some(policy)
}

pub(crate) const CATEGORY_NAMES: &[&str] = &[
    "dlp",
    "sharing_control",
    "access_control",
    "compliance",
    "configuration_control",
    "cloud_discovery",
    "privileged_accounts",
    "threat_detection",
];

const CATEGORIES: &[Category] = &[
    Category::Dlp,
    Category::SharingControl,
    Category::AccessControl,
    Category::Compliance,
    Category::ConfigurationControl,
    Category::CloudDiscovery,
    Category::PrivilegedAccounts,
    Category::ThreatDetection,
];

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    All,
    Selected,
    Excluding,
}

/// The mode of a scope; a list beside `all` would have no effect and is an error.
fn mode(members: &Members<'_, '_>, list: &'static str, problems: &mut Problems) -> Mode {
    if members.value("mode").is_none() {
        problems.push(members.place, BuildCause::Missing { name: "mode" });
    }
    let mode = members
        .choice(
            "mode",
            &["all", "selected", "excluding"],
            &[Mode::All, Mode::Selected, Mode::Excluding],
            problems,
        )
        .unwrap_or(Mode::All);
    match (mode, members.value(list).is_some()) {
        (Mode::All, true) if members.value("mode").is_some_and(|mode| mode == "all") => {
            problems.push_with(
                &members.place.member(list),
                BuildCause::Exclusive {
                    one: "mode all",
                    other: list,
                },
                Some("write mode `selected` or `excluding`".to_owned()),
            );
        }
        (Mode::Selected | Mode::Excluding, false) => {
            problems.push(members.place, BuildCause::Missing { name: list });
        }
        _ => {}
    }
    mode
}

fn folder_scope(value: &Value, place: &Place<'_>, problems: &mut Problems) -> FolderScope {
    let members = Members::new(value, place, &["mode", "folders"], problems);
    let mode = mode(&members, "folders", problems);
    let list = members.list("folders", SCOPE_ENTRIES_MAX, problems);
    let place = place.member("folders");
    let folders = list
        .iter()
        .enumerate()
        .map(|(at, value)| folder(value, &place.item(at), problems))
        .collect();
    match mode {
        Mode::All => FolderScope::All,
        Mode::Selected => FolderScope::Selected(folders),
        Mode::Excluding => FolderScope::Excluding(folders),
    }
}

fn folder(value: &Value, place: &Place<'_>, problems: &mut Problems) -> FolderReference {
    let members = Members::new(value, place, &["app", "instance", "id"], problems);
    if value.is_object() && members.value("app").is_none() {
        problems.push(place, BuildCause::Missing { name: "app" });
    }
    let mut number = |name| {
        members
            .read(name, "a whole number", problems, json::whole_number)
            .unwrap_or(0)
    };
    FolderReference {
        app: AppId(number("app")),
        instance: number("instance"),
        id: members
            .required("id", problems)
            .unwrap_or_default()
            .to_owned(),
    }
}

fn owner_scope(value: &Value, place: &Place<'_>, problems: &mut Problems) -> OwnerScope {
    let members = Members::new(value, place, &["mode", "groups"], problems);
    let mode = mode(&members, "groups", problems);
    let groups = members.texts("groups", SCOPE_ENTRIES_MAX, problems);
    match mode {
        Mode::All => OwnerScope::All,
        Mode::Selected => OwnerScope::Selected(groups),
        Mode::Excluding => OwnerScope::Excluding(groups),
    }
}

fn inspection(value: &Value, place: &Place<'_>, problems: &mut Problems) -> Option<Inspection> {
    let method = value.get("method").and_then(Value::as_str);
    let allowed: &[&str] = match method {
        Some("none") => &["method"],
        Some("classification") => &[
            "method",
            "types",
            "combine",
            "minimumMatches",
            "unmaskLast4",
            "inspectProtected",
        ],
        _ => &[
            "method",
            "preset",
            "expression",
            "exclude",
            "searchIn",
            "minimumMatches",
            "requireContext",
            "unmaskLast4",
            "inspectProtected",
        ],
    };
    let members = Members::new(value, place, allowed, problems);
    if value.is_object() && members.value("method").is_none() {
        problems.push(place, BuildCause::Missing { name: "method" });
    }
    let method = members
        .choice(
            "method",
            &["none", "built_in", "classification"],
            &[Method::None, Method::BuiltIn, Method::Classification],
            problems,
        )
        .filter(|method| *method != Method::None)?;
    let include = match method {
        Method::Classification => Some(types(&members, problems)),
        _ => built_in(&members, place, problems),
    };
    let unreadable = include.is_none();
    // The rest is read all the same, so that all errors are found at once.
    let mut inspection = Inspection::new(include.unwrap_or(Include::Preset(String::new())));
    inspection.exclude = members.text("exclude", problems).map(str::to_owned);
    if members.value("searchIn").is_some() {
        inspection.search_in = search_in(&members, place, problems);
    }
    inspection.minimum_matches = members
        .read(
            "minimumMatches",
            "a whole number from 1",
            problems,
            |value| {
                let number = json::whole_number(value);
                number.filter(|number| *number >= 1)
            },
        )
        .unwrap_or(1);
    inspection.require_context = members.flag("requireContext", true, problems);
    inspection.unmask_last_four = members.flag("unmaskLast4", false, problems);
    inspection.inspect_protected = members.flag("inspectProtected", false, problems);
    (!unreadable).then_some(inspection)
}

#[derive(Clone, Copy, PartialEq)]
enum Method {
    None,
    BuiltIn,
    Classification,
}

/// A preset or an expression, exactly one of them.
fn built_in(
    members: &Members<'_, '_>,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<Include> {
    let preset = members.text("preset", problems);
    let custom = members
        .value("expression")
        .map(|value| expression(value, &place.member("expression"), problems));
    match (members.value("preset").is_some(), custom) {
        (true, None) => preset.map(|id| Include::Preset(id.to_owned())),
        (false, Some(custom)) => Some(custom),
        _ => {
            problems.push(
                place,
                BuildCause::OneOf {
                    one: "preset",
                    other: "expression",
                },
            );
            None
        }
    }
}

fn types(members: &Members<'_, '_>, problems: &mut Problems) -> Include {
    if members.value("types").is_none() {
        problems.push(members.place, BuildCause::Missing { name: "types" });
    }
    let types = members.texts("types", TYPES_MAX, problems);
    if types.is_empty() && members.value("types").is_some_and(Value::is_array) {
        let found = Value::Array(Vec::new());
        problems.push(
            &members.place.member("types"),
            type_error("at least one type", &found),
        );
    }
    let combine = members.choice(
        "combine",
        &["any", "all"],
        &[Combine::Any, Combine::All],
        problems,
    );
    Include::Types {
        types,
        combine: combine.unwrap_or_default(),
    }
}

fn search_in(members: &Members<'_, '_>, place: &Place<'_>, problems: &mut Problems) -> SearchIn {
    const PARTS: &[&str] = &["content", "metadata", "file_name"];
    let parts = members.texts("searchIn", PARTS.len(), problems);
    let place = place.member("searchIn");
    if members
        .value("searchIn")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty)
    {
        problems.push(
            &place,
            type_error("at least one part", &Value::Array(Vec::new())),
        );
    }
    for (at, part) in parts.iter().enumerate() {
        if !PARTS.contains(&part.as_str()) {
            problems.push_with(
                &place.item(at),
                BuildCause::Choice {
                    value: quote(part),
                    allowed: PARTS,
                },
                crate::error::did_you_mean(part, PARTS.iter().copied()),
            );
        }
    }
    let has = |name: &str| parts.iter().any(|part| part == name);
    SearchIn {
        content: has("content"),
        metadata: has("metadata"),
        file_name: has("file_name"),
    }
}

fn expression(value: &Value, place: &Place<'_>, problems: &mut Problems) -> Include {
    let members = Members::new(value, place, &["kind", "text", "caseSensitive"], problems);
    if value.is_object() && members.value("kind").is_none() {
        problems.push(place, BuildCause::Missing { name: "kind" });
    }
    let kind = members
        .choice(
            "kind",
            &["substring", "exact", "regex"],
            &[
                ExpressionForm::Substring,
                ExpressionForm::Exact,
                ExpressionForm::Regex,
            ],
            problems,
        )
        .unwrap_or(ExpressionForm::Substring);
    let text = members.required("text", problems);
    if text == Some("") {
        problems.push(
            &place.member("text"),
            type_error("an expression", &"".into()),
        );
    }
    Include::Expression {
        kind,
        text: text.unwrap_or_default().to_owned(),
        case_sensitive: members.flag("caseSensitive", false, problems),
    }
}

fn alerts(value: &Value, place: &Place<'_>, problems: &mut Problems) -> AlertSettings {
    let members = Members::new(
        value,
        place,
        &["eachMatch", "dailyLimit", "email", "textMessage", "flow"],
        problems,
    );
    let usual = AlertSettings::default();
    AlertSettings {
        each_match: members.flag("eachMatch", usual.each_match, problems),
        daily_limit: members
            .read("dailyLimit", "a whole number", problems, json::whole_number)
            .unwrap_or(usual.daily_limit),
        email: members.texts("email", ADDRESSES_MAX, problems),
        text_message: members.texts("textMessage", ADDRESSES_MAX, problems),
        flow: members.text("flow", problems).map(str::to_owned),
    }
}

fn governance(
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
