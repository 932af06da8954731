//! Policies as JSON, for whoever uses `serde`.

use std::collections::BTreeMap;

use label_core::{AppId, PolicyId};
use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{
    AlertSettings, AppActions, Category, Combine, ExpressionForm, FORMAT, FolderReference,
    FolderScope, Include, Inspection, OwnerScope, PolicyDefinition, PolicyDocument, Severity,
};
use crate::error::{Place, Problems};
use crate::file_action::FileAction;
use crate::json;
use crate::read;

/// Members that are as by default are left out, but for the older ones.
impl Serialize for AppActions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        if let Some(label) = &self.apply_label {
            members.serialize_entry("applyLabel", label)?;
        }
        for (name, flag) in [
            ("overrideUserDefined", self.override_user_defined),
            ("allowDowngrade", self.allow_downgrade),
            ("removeLabel", self.remove_label),
            ("notifyOwner", self.notify_owner),
        ] {
            members.serialize_entry(name, &flag)?;
        }
        let digest = &self.owner_digest;
        if digest.cc_manager {
            members.serialize_entry("digestToManager", &true)?;
        }
        if !digest.cc.is_empty() {
            members.serialize_entry("digestTo", &digest.cc)?;
        }
        if let Some(message) = &digest.message {
            members.serialize_entry("digestMessage", message)?;
        }
        members.serialize_entry("notifyUsers", &self.notify_users)?;
        members.serialize_entry("notifyLastEditor", &self.notify_last_editor)?;
        for action in &self.file_actions {
            let name = action.kind().name();
            match action {
                FileAction::RemoveCollaborators(people) => {
                    members.serialize_entry(name, people)?;
                }
                FileAction::ChangeSharedLink(access) => members.serialize_entry(name, access)?,
                FileAction::ExpireSharedLink(days) => members.serialize_entry(name, days)?,
                FileAction::GrantReadToDomain(to) | FileAction::TransferOwnership(to) => {
                    members.serialize_entry(name, to)?;
                }
                _ => members.serialize_entry(name, &true)?,
            }
        }
        members.end()
    }
}

/// As a document of [`FORMAT`].
impl Serialize for PolicyDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Document<'d> {
            format: &'static str,
            policies: &'d [PolicyDefinition],
        }
        Document {
            format: FORMAT,
            policies: &self.policies,
        }
        .serialize(serializer)
    }
}

/// From a document of [`FORMAT`]; the error has all that is wrong, one line each.
impl<'de> Deserialize<'de> for PolicyDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let mut problems = Problems::default();
        let document = read::document(&value, &Place::Root, &mut problems);
        problems.into_result().map_err(D::Error::custom)?;
        Ok(document)
    }
}

impl Serialize for PolicyDefinition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Definition<'d> {
            id: &'d PolicyId,
            #[serde(skip_serializing_if = "Option::is_none")]
            template: Option<&'d str>,
            name: &'d str,
            description: &'d str,
            severity: Severity,
            category: Category,
            enabled: bool,
            priority: i32,
            #[serde(skip_serializing_if = "Option::is_none")]
            created: Option<Value>,
            filters: &'d Map<String, Value>,
            folder_scope: &'d FolderScope,
            owner_scope: &'d OwnerScope,
            inspection: InspectionMember<'d>,
            alerts: &'d AlertSettings,
            governance: &'d BTreeMap<AppId, AppActions>,
        }
        Definition {
            id: &self.id,
            template: self.template.as_deref(),
            name: &self.name,
            description: &self.description,
            severity: self.severity,
            category: self.category,
            enabled: self.enabled,
            priority: self.priority,
            created: self.created_ms.map(json::written_instant),
            filters: &self.filters,
            folder_scope: &self.folder_scope,
            owner_scope: &self.owner_scope,
            inspection: InspectionMember(self.inspection.as_ref()),
            alerts: &self.alerts,
            governance: &self.governance,
        }
        .serialize(serializer)
    }
}

impl Serialize for FolderScope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Scope<'d> {
            mode: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            folders: Option<&'d [FolderReference]>,
        }
        let (mode, folders) = match self {
            Self::All => ("all", None),
            Self::Selected(folders) => ("selected", Some(folders.as_slice())),
            Self::Excluding(folders) => ("excluding", Some(folders.as_slice())),
        };
        Scope { mode, folders }.serialize(serializer)
    }
}

impl Serialize for OwnerScope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Scope<'d> {
            mode: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            groups: Option<&'d [String]>,
        }
        let (mode, groups) = match self {
            Self::All => ("all", None),
            Self::Selected(groups) => ("selected", Some(groups.as_slice())),
            Self::Excluding(groups) => ("excluding", Some(groups.as_slice())),
        };
        Scope { mode, groups }.serialize(serializer)
    }
}

/// An inspection with its method in front.
struct InspectionMember<'d>(Option<&'d Inspection>);

impl Serialize for InspectionMember<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct None {
            method: &'static str,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct BuiltIn<'d> {
            method: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            preset: Option<&'d str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            expression: Option<Expression<'d>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            exclude: Option<&'d str>,
            search_in: Vec<&'static str>,
            minimum_matches: u32,
            require_context: bool,
            #[serde(rename = "unmaskLast4")]
            unmask_last_four: bool,
            inspect_protected: bool,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Expression<'d> {
            kind: ExpressionForm,
            text: &'d str,
            case_sensitive: bool,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Classification<'d> {
            method: &'static str,
            types: &'d [String],
            combine: Combine,
            minimum_matches: u32,
            #[serde(rename = "unmaskLast4")]
            unmask_last_four: bool,
            inspect_protected: bool,
        }
        let Some(inspection) = self.0 else {
            return None { method: "none" }.serialize(serializer);
        };
        if let Include::Types { types, combine } = &inspection.include {
            return Classification {
                method: "classification",
                types,
                combine: *combine,
                minimum_matches: inspection.minimum_matches,
                unmask_last_four: inspection.unmask_last_four,
                inspect_protected: inspection.inspect_protected,
            }
            .serialize(serializer);
        }
        let (preset, expression) = match &inspection.include {
            Include::Preset(id) => (Some(id.as_str()), Option::None),
            Include::Types { .. } => (Option::None, Option::None),
            &Include::Expression {
                kind,
                ref text,
                case_sensitive,
            } => (
                Option::None,
                Some(Expression {
                    kind,
                    text,
                    case_sensitive,
                }),
            ),
        };
        let parts = inspection.search_in;
        let search_in = [
            (parts.content, "content"),
            (parts.metadata, "metadata"),
            (parts.file_name, "file_name"),
        ];
        BuiltIn {
            method: "built_in",
            preset,
            expression,
            exclude: inspection.exclude.as_deref(),
            search_in: search_in
                .into_iter()
                .filter_map(|(on, name)| on.then_some(name))
                .collect(),
            minimum_matches: inspection.minimum_matches,
            require_context: inspection.require_context,
            unmask_last_four: inspection.unmask_last_four,
            inspect_protected: inspection.inspect_protected,
        }
        .serialize(serializer)
    }
}
