//! From JSON to a [`PolicyDocument`]: what is wrong is written down, and reading goes on.

use label_core::AppId;
use serde_json::Value;

use crate::document::{
    Category, FORMAT, FolderReference, FolderScope, OwnerScope, POLICIES_MAX, PolicyDefinition,
    PolicyDocument, SCOPE_ENTRIES_MAX,
};
use crate::error::{BuildCause, Place, Problems};
use crate::json::{self, Members};

mod common;
mod governance;
mod inspection;

pub(crate) use common::{CATEGORY_NAMES, Common, SEVERITY_NAMES, listed};

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
    let list = listed(value, &[FORMAT], "policies", POLICIES_MAX, place, problems);
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
    let common = Common::read(&members, at, Category::default(), problems)?;
    let mut policy = PolicyDefinition::new(common.id, common.name);
    policy.template = common.template;
    policy.description = common.description;
    policy.severity = common.severity;
    policy.category = common.category;
    policy.enabled = common.enabled;
    policy.created_ms = common.created_ms;
    policy.alerts = common.alerts;
    policy.priority = members
        .read("priority", "a whole number", problems, |value| {
            value.as_i64().and_then(|number| i32::try_from(number).ok())
        })
        .unwrap_or(0);
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
        .and_then(|value| inspection::inspection(value, &place.member("inspection"), problems));
    if let Some(value) = members.value("governance") {
        governance::governance(value, &place.member("governance"), &mut policy, problems);
    }
    Some(policy)
}

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
