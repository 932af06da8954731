//! The JSON Schema of event rules.

use serde_json::{Map, Value, json};

use super::document::{FORMAT, RULES_MAX};
use super::filter_json::{ANY_ACTORS, EVENT_NAMES, Property, filters, operators};
use super::rule::{COUNT_MAX, TIME_FRAME_MINUTES_MAX};
use crate::field::{FilterDialect, Operator};
use crate::schema::{self, instant, range, text, values, whole_number};

/// The schema of documents of event rules, draft 2020-12.
///
/// What it refuses can't be read. It knows no tenant: whether labels exist is checked when a document
/// is read, and so is whether dates leave anything between them.
///
/// # Examples
///
/// ```
/// let schema = policy_engine::events::event_rule_schema();
/// assert_eq!(schema["properties"]["format"]["const"], "event-rules/1");
/// ```
pub fn event_rule_schema() -> Value {
    schema::document(
        "Event rules",
        FORMAT,
        ("rules", RULES_MAX),
        ("rule", &rule()),
        json!({
            "filters": filter_object(),
            "matchParameters": match_parameters(),
            "alerts": schema::alerts(),
            "instant": instant(),
            "actor": actor(),
        }),
    )
}

fn rule() -> Value {
    let mut properties = schema::common();
    properties.extend([
        ("filters".to_owned(), json!({"$ref": "#/$defs/filters"})),
        (
            "matchParameters".to_owned(),
            json!({"$ref": "#/$defs/matchParameters"}),
        ),
    ]);
    json!({
        "type": "object",
        "required": ["id", "name", "created"],
        "additionalProperties": false,
        "properties": properties,
    })
}

fn filter_object() -> Value {
    let properties: Map<String, Value> = filters(FilterDialect::Extended)
        .map(|(name, property)| {
            let operators: Map<String, Value> = operators(property, FilterDialect::Extended)
                .map(|operator| (operator.name().to_owned(), operand(property, operator)))
                .collect();
            let form = json!({
                "type": "object",
                "minProperties": 1,
                "additionalProperties": false,
                "properties": operators,
            });
            (name.to_owned(), schema::described(form, title(property)))
        })
        .collect();
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

fn title(property: Property) -> &'static str {
    match property {
        Property::Kind => "What happened",
        Property::App => "App",
        Property::Instance => "Connected instance of the app",
        Property::Label => "Classification label before or after",
        Property::File => "File id",
        Property::Actor => "Who caused it",
        Property::Date => "When",
    }
}

fn operand(property: Property, operator: Operator) -> Value {
    let item = match property {
        Property::Kind => json!({"enum": EVENT_NAMES}),
        Property::App | Property::Instance => whole_number(),
        Property::Label => text(),
        Property::File => {
            json!({"type": "string", "minLength": 1, "maxLength": crate::VALUE_BYTES_MAX})
        }
        Property::Actor => json!({"$ref": "#/$defs/actor"}),
        Property::Date if operator == Operator::Range => {
            let range = range();
            let one = json!({"type": "array", "minItems": 1, "maxItems": 1, "items": range});
            return json!({"anyOf": [range, one]});
        }
        Property::Date => return json!({"$ref": "#/$defs/instant"}),
    };
    values(&item, crate::VALUES_MAX)
}

fn actor() -> Value {
    let names: Vec<&str> = ANY_ACTORS.iter().map(|(name, _)| *name).collect();
    let named: Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), text()))
        .collect();
    json!({
        "anyOf": [
            {"enum": names},
            {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": false,
                "properties": named,
            },
        ],
    })
}

fn match_parameters() -> Value {
    let single = json!({
        "type": "object",
        "required": ["mode"],
        "additionalProperties": false,
        "properties": {"mode": {"const": "single"}},
    });
    let repeated = json!({
        "type": "object",
        "required": ["mode", "minimumCount", "timeFrameMinutes"],
        "additionalProperties": false,
        "properties": {
            "mode": {"const": "repeated"},
            "minimumCount": {"type": "integer", "minimum": 1, "maximum": COUNT_MAX},
            "timeFrameMinutes": {
                "type": "integer",
                "minimum": 1,
                "maximum": TIME_FRAME_MINUTES_MAX,
            },
            "singleApp": {"type": "boolean"},
            "uniqueFiles": {"type": "boolean"},
        },
    });
    json!({"anyOf": [single, repeated]})
}
