//! The JSON Schema of policy documents, made from the same tables that documents are read by.

use serde_json::{Map, Value, json};

use crate::action_kind::ActionKind;
use crate::document::{
    ADDRESSES_MAX, APPS_MAX, FORMAT, POLICIES_MAX, SCOPE_ENTRIES_MAX, TYPES_MAX,
};
use crate::field::{Field, FilterDialect, Kind, Operator};
use crate::file_action::LINK_DAYS_MAX;
use crate::filter::{CONDITIONS_MAX, DAYS_MAX, PATTERNS_MAX, VALUE_BYTES_MAX, VALUES_MAX};

/// The schema of documents of [`FORMAT`], draft 2020-12.
///
/// What it refuses can't be read. It knows no tenant: whether labels and presets exist, and whether
/// patterns can be compiled, is checked when a [`PolicySet`](crate::PolicySet) is built.
///
/// # Examples
///
/// ```
/// let schema = policy_engine::document_schema();
/// assert_eq!(schema["properties"]["format"]["const"], "file-policies/1");
/// ```
pub fn document_schema() -> Value {
    let mut definitions = definitions();
    if let Some(members) = definitions.as_object_mut() {
        let named = fields().map(|(name, field)| (format!("operators-{name}"), operators(field)));
        members.extend(named);
    }
    document(
        "File policies",
        FORMAT,
        ("policies", POLICIES_MAX),
        ("policy", &policy()),
        definitions,
    )
}

/// The schema of a document that is a list of items of one form.
pub(crate) fn document(
    title: &str,
    format: &str,
    (list, most): (&str, usize),
    (item_name, item): (&str, &Value),
    mut definitions: Value,
) -> Value {
    if let Some(members) = definitions.as_object_mut() {
        members.insert(item_name.to_owned(), item.clone());
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "required": ["format", list],
        "additionalProperties": false,
        "properties": {
            "format": {"const": format},
            list: {
                "type": "array",
                "maxItems": most,
                "items": {"$ref": format!("#/$defs/{item_name}")},
            },
        },
        "$defs": definitions,
    })
}

/// All that others refer to, but for the operators of each filter.
fn definitions() -> Value {
    json!({
            "filters": filters(),
            "folderScope": scope("folders", &json!({"$ref": "#/$defs/folder"})),
            "ownerScope": scope("groups", &json!({"type": "string"})),
            "folder": {
                "type": "object",
                "required": ["app", "id"],
                "additionalProperties": false,
                "properties": {
                    "app": whole_number(),
                    "instance": whole_number(),
                    "id": {"type": "string"},
                },
            },
            "inspection": inspection(),
            "alerts": alerts(),
            "actions": actions(),
            "instant": instant(),
            "entity": {
                "type": "object",
                "required": ["id"],
                "additionalProperties": false,
                "properties": {
                    "id": text(),
                    "saas": whole_number(),
                    "inst": whole_number(),
                },
            },
    })
}

fn policy() -> Value {
    let mut properties = common();
    let own = json!({
        "priority": {"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX},
        "filters": {"$ref": "#/$defs/filters"},
        "folderScope": {"$ref": "#/$defs/folderScope"},
        "ownerScope": {"$ref": "#/$defs/ownerScope"},
        "inspection": {"$ref": "#/$defs/inspection"},
        "governance": {
            "type": "object",
            "maxProperties": APPS_MAX,
            "propertyNames": {"pattern": "^(0|[1-9][0-9]{0,9})$"},
            "additionalProperties": {"$ref": "#/$defs/actions"},
        },
    });
    if let Value::Object(own) = own {
        properties.extend(own);
    }
    json!({
        "type": "object",
        "required": ["id", "name"],
        "additionalProperties": false,
        "properties": properties,
    })
}

/// What policies and event rules both have.
pub(crate) fn common() -> Map<String, Value> {
    [
        ("id", json!({"type": "string", "minLength": 1})),
        ("template", json!({"type": "string"})),
        ("name", json!({"type": "string", "minLength": 1})),
        ("description", json!({"type": "string"})),
        ("severity", json!({"enum": crate::read::SEVERITY_NAMES})),
        ("category", json!({"enum": crate::read::CATEGORY_NAMES})),
        ("enabled", json!({"type": "boolean"})),
        ("created", json!({"$ref": "#/$defs/instant"})),
        ("alerts", json!({"$ref": "#/$defs/alerts"})),
    ]
    .into_iter()
    .map(|(name, form)| (name.to_owned(), form))
    .collect()
}

/// What `instant` stands for.
pub(crate) fn instant() -> Value {
    json!({
        "description": "Milliseconds since 1970 UTC, or a date and time with its zone",
        "anyOf": [{"type": "integer"}, {"type": "string", "format": "date-time"}],
    })
}

/// A filter object: filters by name, and groups.
fn filters() -> Value {
    let mut properties = Map::new();
    for (name, field) in fields() {
        let operators = json!({"$ref": format!("#/$defs/operators-{name}")});
        let list = json!({
            "type": "array",
            "minItems": 1,
            "maxItems": CONDITIONS_MAX,
            "items": operators,
        });
        properties.insert(
            name.to_owned(),
            json!({"description": field.title(), "anyOf": [operators, list]}),
        );
    }
    for (name, _) in crate::filter::GROUPS {
        properties.insert(
            name.to_owned(),
            json!({
                "description": "Filter objects that count together",
                "type": "array",
                "minItems": 1,
                "maxItems": CONDITIONS_MAX,
                "items": {
                    "allOf": [{"$ref": "#/$defs/filters"}, {"minProperties": 1}],
                },
            }),
        );
    }
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

fn fields() -> impl Iterator<Item = (&'static str, Field)> {
    Field::names(FilterDialect::Extended)
        .filter_map(|name| Field::parse(name).map(|field| (name, field)))
}

/// The operators that a filter takes, each with its values.
fn operators(field: Field) -> Value {
    let operators: Map<String, Value> = field
        .operators(FilterDialect::Extended)
        .map(|operator| (operator.name().to_owned(), operand(field, operator)))
        .collect();
    json!({
        "type": "object",
        "minProperties": 1,
        "additionalProperties": false,
        "properties": operators,
    })
}

fn operand(field: Field, operator: Operator) -> Value {
    let item = match (operator, field.kind()) {
        (Operator::IsSet | Operator::IsNotSet, _) => return json!({"type": "boolean"}),
        (Operator::GteNdays | Operator::LteNdays, _) => {
            return json!({"type": "integer", "minimum": 0, "maximum": DAYS_MAX});
        }
        (Operator::Range, _) => range(),
        (_, Kind::Instant) => return json!({"$ref": "#/$defs/instant"}),
        (Operator::Text | Operator::StartsWithSingle, _) => return text(),
        (_, Kind::App | Kind::Number) => whole_number(),
        (_, Kind::AccessLevel) => json!({"type": "integer", "minimum": 0, "maximum": 4}),
        (_, Kind::FileType) => json!({"type": "integer", "minimum": 0, "maximum": 6}),
        (_, Kind::Boolean) => json!({"type": "boolean"}),
        (_, Kind::Entity) => json!({"$ref": "#/$defs/entity"}),
        (_, Kind::Extension) => json!({
            "type": "string",
            "maxLength": VALUE_BYTES_MAX,
            "pattern": "^([^.]|$)",
        }),
        (_, Kind::Warning | Kind::Label | Kind::Text | Kind::Name) => text(),
    };
    let most = match operator {
        Operator::Glob | Operator::Nglob | Operator::Regex | Operator::Nregex => PATTERNS_MAX,
        _ => VALUES_MAX,
    };
    values(&item, most)
}

/// One value, or a list of at most so many.
pub(crate) fn values(item: &Value, most: usize) -> Value {
    json!({"anyOf": [item, {"type": "array", "maxItems": most, "items": item}]})
}

pub(crate) fn range() -> Value {
    json!({
        "type": "object",
        "required": ["start", "end"],
        "additionalProperties": false,
        "properties": {
            "start": {"$ref": "#/$defs/instant"},
            "end": {"$ref": "#/$defs/instant"},
        },
    })
}

pub(crate) fn text() -> Value {
    json!({"type": "string", "maxLength": VALUE_BYTES_MAX})
}

pub(crate) fn whole_number() -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": u32::MAX})
}

fn texts() -> Value {
    json!({"type": "array", "maxItems": ADDRESSES_MAX, "items": {"type": "string"}})
}

fn scope(list: &str, item: &Value) -> Value {
    let listed = json!({
        "type": "object",
        "required": ["mode", list],
        "additionalProperties": false,
        "properties": {
            "mode": {"enum": ["selected", "excluding"]},
            list: {"type": "array", "maxItems": SCOPE_ENTRIES_MAX, "items": item},
        },
    });
    let all = json!({
        "type": "object",
        "required": ["mode"],
        "additionalProperties": false,
        "properties": {"mode": {"const": "all"}},
    });
    json!({"anyOf": [all, listed]})
}

fn inspection() -> Value {
    let none = json!({
        "type": "object",
        "required": ["method"],
        "additionalProperties": false,
        "properties": {"method": {"const": "none"}},
    });
    let built_in = json!({
        "type": "object",
        "required": ["method"],
        "oneOf": [{"required": ["preset"]}, {"required": ["expression"]}],
        "additionalProperties": false,
        "properties": {
            "method": {"const": "built_in"},
            "preset": {"type": "string"},
            "expression": {
                "type": "object",
                "required": ["kind", "text"],
                "additionalProperties": false,
                "properties": {
                    "kind": {"enum": ["substring", "exact", "regex"]},
                    "text": {"type": "string", "minLength": 1},
                    "caseSensitive": {"type": "boolean"},
                },
            },
            "exclude": {"type": "string"},
            "searchIn": {
                "type": "array",
                "minItems": 1,
                "maxItems": 3,
                "items": {"enum": ["content", "metadata", "file_name"]},
            },
            "minimumMatches": {"type": "integer", "minimum": 1, "maximum": u32::MAX},
            "requireContext": {"type": "boolean"},
            "unmaskLast4": {"type": "boolean"},
            "inspectProtected": {"type": "boolean"},
        },
    });
    let classification = json!({
        "type": "object",
        "required": ["method", "types"],
        "additionalProperties": false,
        "properties": {
            "method": {"const": "classification"},
            "types": {
                "type": "array",
                "minItems": 1,
                "maxItems": TYPES_MAX,
                "items": {"type": "string"},
            },
            "combine": {"enum": ["any", "all"]},
            "minimumMatches": {"type": "integer", "minimum": 1, "maximum": u32::MAX},
            "unmaskLast4": {"type": "boolean"},
            "inspectProtected": {"type": "boolean"},
        },
    });
    json!({"anyOf": [none, built_in, classification]})
}

pub(crate) fn alerts() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "eachMatch": {"type": "boolean"},
            "dailyLimit": whole_number(),
            "email": texts(),
            "textMessage": texts(),
            "flow": {"type": "string"},
        },
    })
}

/// The members of one app's actions: each kind of action, and what goes with some.
fn actions() -> Value {
    let mut properties = Map::new();
    for kind in ActionKind::all() {
        let form = match kind {
            ActionKind::ApplyLabel
            | ActionKind::GrantReadToDomain
            | ActionKind::TransferOwnership => json!({"type": "string"}),
            ActionKind::NotifyUsers | ActionKind::RemoveCollaborators => texts(),
            ActionKind::ChangeSharedLink => {
                json!({"enum": ["collaborators", "company", "public"]})
            }
            ActionKind::ExpireSharedLink => {
                json!({"type": "integer", "minimum": 1, "maximum": LINK_DAYS_MAX})
            }
            _ => json!({"type": "boolean"}),
        };
        properties.insert(kind.name().to_owned(), described(form, kind.title()));
    }
    for (name, form, title) in [
        (
            "overrideUserDefined",
            json!({"type": "boolean"}),
            "The label may replace one whose protection a person chose",
        ),
        (
            "allowDowngrade",
            json!({"type": "boolean"}),
            "The label may replace a more sensitive one",
        ),
        (
            "digestToManager",
            json!({"type": "boolean"}),
            "The owner's manager gets a copy of the digest",
        ),
        ("digestTo", texts(), "Who else gets a copy of the digest"),
        (
            "digestMessage",
            json!({"type": "string"}),
            "A text of the policy's own in the digest",
        ),
    ] {
        properties.insert(name.to_owned(), described(form, title));
    }
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

pub(crate) fn described(mut form: Value, title: &str) -> Value {
    if let Some(members) = form.as_object_mut() {
        members.insert("description".to_owned(), title.into());
    }
    form
}
